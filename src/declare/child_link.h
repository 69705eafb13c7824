/*
 * child_link.h
 *		What a table's links say of its children's rows.
 */
#ifndef PVEXT_CHILD_LINK_H
#define PVEXT_CHILD_LINK_H

#include "postgres_ext.h"

extern void pvext_take_parents_links(Oid relid, int32 id);

#endif							/* PVEXT_CHILD_LINK_H */

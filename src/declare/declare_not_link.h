/*
 * declare_not_link.h
 *		References that are declared to be no ownership.
 */
#ifndef PVEXT_DECLARE_NOT_LINK_H
#define PVEXT_DECLARE_NOT_LINK_H

#include "nodes/pg_list.h"

extern void pvext_forget_not_link(Oid relid, List *columns);

#endif							/* PVEXT_DECLARE_NOT_LINK_H */

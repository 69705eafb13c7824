/*
 * link.h
 *		Links: which table's rows belong to which other table's rows.
 */
#ifndef PVEXT_LINK_H
#define PVEXT_LINK_H

#include "nodes/pg_list.h"

extern void pvext_declare_link_internal(Oid relid, List *columns, Oid parent,
										List *parent_columns, const char *name,
										const char *condition, const char *bound,
										const char *on_erase, bool inherit);

#endif							/* PVEXT_LINK_H */

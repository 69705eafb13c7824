/*
 * lineage.h
 *		Whose a personal column is: the links from its row up to a person.
 */
#ifndef PVEXT_LINEAGE_H
#define PVEXT_LINEAGE_H

#include "nodes/pg_list.h"

extern List *pvext_resolve_paths(Oid relid, int32 id, List *links, bool *any);
extern void pvext_check_deleted_with(int32 id);

#endif							/* PVEXT_LINEAGE_H */

/*
 * lineage.h
 *		Whose a personal column is: the links from its row up to a person.
 */
#ifndef PVEXT_LINEAGE_H
#define PVEXT_LINEAGE_H

#include "nodes/pg_list.h"

extern List *pvext_resolve_path(Oid relid, int32 id, const char *link, bool *any);

#endif							/* PVEXT_LINEAGE_H */

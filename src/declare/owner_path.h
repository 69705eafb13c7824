/*
 * owner_path.h
 *		Whose a personal column is: the links from its row up to a person.
 */
#ifndef PVEXT_OWNER_PATH_H
#define PVEXT_OWNER_PATH_H

#include "nodes/pg_list.h"

extern List *pvext_resolve_paths(Oid relid, int32 id, List *links, bool *any);
extern List *pvext_paths_on(int32 id, List *path);
extern void pvext_check_deleted_with(int32 id);

#endif							/* PVEXT_OWNER_PATH_H */

/*
 * orphan.h
 *		Declarations of tables that have been dropped.
 */
#ifndef PVEXT_ORPHAN_H
#define PVEXT_ORPHAN_H

#include "nodes/pg_list.h"

extern List *pvext_take_up_orphans(bool confirmed);
extern void pvext_refresh_owners(bool tell);
extern uint64 pvext_delete_declarations(int32 relation_id);

#endif							/* PVEXT_ORPHAN_H */

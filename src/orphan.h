/*
 * orphan.h
 *		Declarations of tables that have been dropped.
 */
#ifndef PVEXT_ORPHAN_H
#define PVEXT_ORPHAN_H

#include "check.h"

extern List *pvext_take_up_orphans(bool confirmed);
extern List *pvext_strange_namesakes(void);
extern char *pvext_stand_in_hint(const char *schema, const char *name, const char *table);
extern List *pvext_stand_ins(bool dropped);
extern void pvext_check_stand_ins(PvextCheck *check);
extern void pvext_refuse_stand_ins(int32 subject_id);
extern void pvext_refresh_owners(bool tell);
extern uint64 pvext_delete_declarations(int32 relation_id);

#endif							/* PVEXT_ORPHAN_H */

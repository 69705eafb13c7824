/*
 * hold.h
 *		Holds: who is not to be erased or purged.
 */
#ifndef PVEXT_HOLD_H
#define PVEXT_HOLD_H

#include "nodes/pg_list.h"

extern bool pvext_any_held(List *subject_digests);
extern bool pvext_any_hold(int32 relation_id);
extern bool *pvext_which_held(List *subject_digests);
extern List *pvext_held_keys(int32 relation_id, bool *all);
extern List *pvext_held_by(const bytea *subject_digest, bool *any);
extern void pvext_forget_held_key(const bytea *former, const bytea *digest);
extern void pvext_begin_hold(void);
extern void pvext_keep_holds(void);

#endif							/* PVEXT_HOLD_H */

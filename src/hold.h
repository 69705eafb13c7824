/*
 * hold.h
 *		What keeps a subject from being erased: blockers and holds.
 */
#ifndef PVEXT_HOLD_H
#define PVEXT_HOLD_H

#include "fmgr.h"
#include "map.h"

extern bool pvext_any_held(List *subject_digests);
extern bool pvext_any_hold(int32 relation_id);
extern bool *pvext_which_held(List *subject_digests);
extern List *pvext_held_by(const bytea *subject_digest, bool *any);
extern void pvext_forget_held_key(const bytea *former, const bytea *digest);

/* Rows on which a declaration tries what it is given. */
#define PVEXT_TRIAL_ROWS 1000

extern void pvext_try_expression(PvextTable *table, const char *sql, int rows,
								 const char *what);

#endif							/* PVEXT_HOLD_H */

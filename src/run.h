/*
 * run.h
 *		Carrying out a plan for some subjects.
 */
#ifndef PVEXT_RUN_H
#define PVEXT_RUN_H

#include "plan.h"

/* Above this many subjects, statements are planned for their very keys. */
#define PVEXT_FEW_SUBJECTS 20

/* A subject's own row, as it was locked. */
typedef struct PvextRow
{
	int			n;				/* which of the keys asked for, from 0 */
	char	   *key;			/* in the row's own spelling */
	Datum	   *slots;			/* values of plan->self's slots */
	bool	   *nulls;
	bool		gone;			/* there is none of the key; see gone.c */
} PvextRow;

/* What came of it. */
typedef struct PvextOutcome
{
	int64		anonymised;
	int64		deleted;
	int64		held;			/* rows still personal: kept or blocked */
	TimestampTz until;			/* the latest of those retained; DT_NOBEGIN: none */
} PvextOutcome;

extern List *pvext_lock_rows(PvextPlan *plan, List *keys, bool lock);
extern PvextRow *pvext_row_of_key(PvextPlan *plan, List *parts);
extern bool pvext_is_key_replaced(PvextPlan *plan, PvextTarget *target, const char *key);
extern void pvext_set_rows(PvextPlan *plan, List *rows);
extern int64 pvext_fill_slots(PvextSet *set, PvextStep *step, bool append, bool many);
extern void pvext_forget_slots(PvextPlan *plan);
extern void pvext_prepare_redaction(PvextPlan *plan, const bytea *digest, bool whole);
extern void pvext_unlink_objects(PvextPlan *plan, bool many);
extern void pvext_gather_values(PvextPlan *plan, bool many);
extern void pvext_collect(PvextPlan *plan, bool lock, bool append, bool many);
extern bool pvext_run_plan(PvextPlan *plan, List *rows, const bytea *digest,
						   bool whole, void (*found) (void *arg), void *arg,
						   PvextOutcome *outcome);
extern void pvext_check_plan(PvextPlan *plan, bool many, int64 *dirty,
							 PvextOutcome *outcome);

#endif							/* PVEXT_RUN_H */

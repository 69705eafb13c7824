/*
 * execute.h
 *		Carrying out a plan for some subjects.
 */
#ifndef PVEXT_EXECUTE_H
#define PVEXT_EXECUTE_H

#include "plan/plan.h"

/* What came of it. */
typedef struct PvextOutcome
{
	int64		anonymised;
	int64		deleted;
	int64		held;			/* rows still personal: kept or blocked */
	TimestampTz until;			/* the latest of those retained; DT_NOBEGIN: none */
} PvextOutcome;

extern void pvext_unlink_objects(PvextPlan *plan, bool many);
extern bool pvext_run_plan(PvextPlan *plan, List *rows, const bytea *digest,
						   bool whole, void (*found) (void *arg), void *arg,
						   PvextOutcome *outcome);

#endif							/* PVEXT_EXECUTE_H */

/*
 * subject_step.h
 *		A plan's statements on the subjects' own rows: finding and locking them, and their blockers.
 */
#ifndef PVEXT_SUBJECT_STEP_H
#define PVEXT_SUBJECT_STEP_H

#include "plan/plan.h"

extern void pvext_build_locks(PvextPlan *plan);
extern void pvext_number_subjects(PvextPlan *plan, PvextSql *sql);
extern void pvext_append_numbered(PvextPlan *plan, PvextSql *sql, const char *row);
extern PvextStep *pvext_build_blocker(PvextPlan *plan, PvextBlocker *blocker,
									  PvextSet *set, bool lock);
extern char *pvext_blocks_sql(PvextPlan *plan, PvextBlocker *blocker, PvextSet *set);
extern PvextStep *pvext_build_blocker_ask(PvextPlan *plan, PvextBlocker *blocker, PvextSet *set);
extern PvextStep *pvext_build_blocker_rows(PvextPlan *plan, PvextSet *set);

#endif							/* PVEXT_SUBJECT_STEP_H */

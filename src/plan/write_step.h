/*
 * write_step.h
 *		A plan's statements that write, and those that verify what was written.
 */
#ifndef PVEXT_WRITE_STEP_H
#define PVEXT_WRITE_STEP_H

#include "plan/plan.h"

extern PvextStep *pvext_build_update(PvextPlan *plan, PvextTable *table, List *targets);
extern PvextStep *pvext_build_delete(PvextPlan *plan, PvextRemoval *removal);
extern PvextStep *pvext_build_kept(PvextPlan *plan, PvextReference *reference, List *targets,
								   PvextRemoval *removal);
extern void pvext_add_check(PvextPlan *plan, PvextTable *table, List *targets,
							PvextRemoval *removal);
extern void pvext_append_needs(PvextPlan *plan, PvextSql *sql, List *targets, bool same, bool held);
extern void pvext_append_rows(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal);
extern void pvext_finish_checks(PvextPlan *plan);

#endif							/* PVEXT_WRITE_STEP_H */

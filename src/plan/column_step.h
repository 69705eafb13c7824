/*
 * column_step.h
 *		A plan's queries of single columns: what is previewed, and what values are made from.
 */
#ifndef PVEXT_COLUMN_STEP_H
#define PVEXT_COLUMN_STEP_H

#include "plan/plan.h"

extern PvextStep *pvext_build_column(PvextTarget *target, const char *what,
									 bool need, const char *also);
extern PvextStep *pvext_build_unlink(PvextTarget *target);
extern PvextStep *pvext_build_held(PvextPlan *plan, PvextTarget *target,
								   PvextRemoval *removal);
extern void pvext_build_columns(PvextPlan *plan);

#endif							/* PVEXT_COLUMN_STEP_H */

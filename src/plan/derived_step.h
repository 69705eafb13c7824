/*
 * derived_step.h
 *		A plan's queries of columns that triggers compute from what goes.
 */
#ifndef PVEXT_DERIVED_STEP_H
#define PVEXT_DERIVED_STEP_H

#include "plan/plan.h"

extern void pvext_add_derived(PvextPlan *plan, PvextTable *table, List *columns);
extern void pvext_build_derived(PvextPlan *plan);

#endif							/* PVEXT_DERIVED_STEP_H */

/*
 * plan_target.h
 *		What a plan may take: columns of rows, and rows.
 */
#ifndef PVEXT_PLAN_TARGET_H
#define PVEXT_PLAN_TARGET_H

#include "plan/plan.h"

extern void pvext_add_targets(PvextPlan *plan, PvextTable *table);
extern void pvext_add_removal(PvextPlan *plan, PvextTable *table);
extern void pvext_prune_plan(PvextPlan *plan);

#endif							/* PVEXT_PLAN_TARGET_H */

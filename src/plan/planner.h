/*
 * planner.h
 *		Making plans: what a verdict lets go of a subject, as statements.
 */
#ifndef PVEXT_PLANNER_H
#define PVEXT_PLANNER_H

#include "plan/plan.h"

extern PvextPlan *pvext_plan(PvextMap *map, PvextTable *subject, const char *blocked);
extern PvextPlan *pvext_plan_of_many(PvextMap *map, PvextTable *subject);
extern PvextPlan *pvext_judging_plan(PvextMap *map, PvextTable *subject);
extern PvextPlan *pvext_partial_plan(PvextMap *map, PvextTable *subject, PvextTable *table,
									 List *columns, const char *until, bool redacts,
									 const char *blocked);

#endif							/* PVEXT_PLANNER_H */

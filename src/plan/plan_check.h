/*
 * plan_check.h
 *		What cannot be carried out by the tables and owners as they are now.
 */
#ifndef PVEXT_PLAN_CHECK_H
#define PVEXT_PLAN_CHECK_H

#include "plan/plan.h"

extern void pvext_check_cascades(PvextPlan *plan, PvextTable *table, bool update);
extern void pvext_check_unsaid(PvextTable *table, PvextTable *unsaid);
extern void pvext_check_plan_column(PvextTable *table, PvextColumn *column);
extern void pvext_check_clock(PvextPlan *plan, PvextTable *of, const char *column);
extern void pvext_refuse_attached(PvextMap *map, PvextPlan *plan);

#endif							/* PVEXT_PLAN_CHECK_H */

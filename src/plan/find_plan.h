/*
 * find_plan.h
 *		Plans that only find rows.
 */
#ifndef PVEXT_FIND_PLAN_H
#define PVEXT_FIND_PLAN_H

#include "plan/plan.h"

extern PvextPlan *pvext_trail_plan(PvextMap *map, PvextTable *subject);
extern PvextPlan *pvext_address_plan(PvextMap *map, PvextTable *subject, bool going);
extern PvextPlan *pvext_copies_plan(PvextMap *map, PvextTable *subject);

#endif							/* PVEXT_FIND_PLAN_H */

/*
 * told_apart.h
 *		Which of many subjects rules retain something of, and which lose something.
 */
#ifndef PVEXT_TOLD_APART_H
#define PVEXT_TOLD_APART_H

#include "plan/plan.h"

extern List *pvext_ways_of(PvextPlan *plan, PvextSet *set);
extern bool pvext_are_joined(PvextPlan *plan, List *ways);
extern bool pvext_is_entangled(PvextPlan *plan);
extern bool pvext_is_any_retained(PvextPlan *plan);
extern bool pvext_can_tell_apart(PvextPlan *plan);

#endif							/* PVEXT_TOLD_APART_H */

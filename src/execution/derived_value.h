/*
 * derived_value.h
 *		Whether triggers compute anew what they have derived from what goes.
 */
#ifndef PVEXT_DERIVED_VALUE_H
#define PVEXT_DERIVED_VALUE_H

#include "plan/plan.h"

extern void pvext_forget_derived(PvextPlan *plan);
extern void pvext_note_derived(PvextPlan *plan, bool many);
extern void pvext_check_derived(PvextPlan *plan, bool many);

#endif							/* PVEXT_DERIVED_VALUE_H */

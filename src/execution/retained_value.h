/*
 * retained_value.h
 *		What is retained, or blocked, stays what it was, whatever triggers do.
 */
#ifndef PVEXT_RETAINED_VALUE_H
#define PVEXT_RETAINED_VALUE_H

#include "plan/plan.h"
#include "utils/snapshot.h"

extern void pvext_check_retained(PvextPlan *plan, List *tables, Snapshot before, bool many);

#endif							/* PVEXT_RETAINED_VALUE_H */

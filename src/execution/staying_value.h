/*
 * staying_value.h
 *		Rows of the person's own in which a value stays.
 */
#ifndef PVEXT_STAYING_VALUE_H
#define PVEXT_STAYING_VALUE_H

#include "access/htup.h"
#include "plan/plan.h"

extern List *pvext_staying_targets(PvextPlan *plan, List *relids, const char *column);
extern bool pvext_stays(List *targets, HeapTuple row, bool many);

#endif							/* PVEXT_STAYING_VALUE_H */

/*
 * slot.h
 *		Filling in whom a plan is about: the subjects' own rows, and those found from them.
 */
#ifndef PVEXT_SLOT_H
#define PVEXT_SLOT_H

#include "plan/plan.h"

extern List *pvext_lock_rows(PvextPlan *plan, List *keys, bool lock);
extern PvextRow *pvext_row_of_key(PvextPlan *plan, List *parts);
extern void pvext_set_rows(PvextPlan *plan, List *rows);
extern int64 pvext_fill_slots(PvextSet *set, PvextStep *step, bool append, bool many);
extern void pvext_forget_slots(PvextPlan *plan);
extern void pvext_collect(PvextPlan *plan, bool lock, bool append, bool many);

#endif							/* PVEXT_SLOT_H */

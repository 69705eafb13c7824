/*
 * held_others.h
 *		Reading who is held, and whose hold it is that keeps something of a subject.
 */
#ifndef PVEXT_HELD_OTHERS_H
#define PVEXT_HELD_OTHERS_H

#include "plan/plan.h"

/* What is said where it is not known which it is. */
#define PVEXT_SOME_HOLD "hold on somebody else"

extern void pvext_read_others(PvextPlan *plan);
extern void pvext_find_references(PvextPlan *plan, bool many);
extern List *pvext_find_others(PvextPlan *plan, const bytea *digest);

#endif							/* PVEXT_HELD_OTHERS_H */

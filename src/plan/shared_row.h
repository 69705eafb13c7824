/*
 * shared_row.h
 *		Rows of a plan that may be about somebody else, whose hold then keeps them.
 */
#ifndef PVEXT_SHARED_ROW_H
#define PVEXT_SHARED_ROW_H

#include "plan/plan.h"

extern void pvext_add_others(PvextMap *map, PvextPlan *plan, bool texts);
extern void pvext_build_sharers(PvextPlan *plan);

#endif							/* PVEXT_SHARED_ROW_H */

/*
 * new_value.h
 *		Making the new values of columns whose strategy works in C.
 */
#ifndef PVEXT_NEW_VALUE_H
#define PVEXT_NEW_VALUE_H

#include "plan/plan.h"

extern int64 *pvext_draw_serials(int n);
extern void pvext_gather_values(PvextPlan *plan, bool many);

#endif							/* PVEXT_NEW_VALUE_H */

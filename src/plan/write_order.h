/*
 * write_order.h
 *		The order in which a plan writes.
 */
#ifndef PVEXT_WRITE_ORDER_H
#define PVEXT_WRITE_ORDER_H

#include "plan/plan.h"

extern void pvext_build_writes(PvextMap *map, PvextPlan *plan);

#endif							/* PVEXT_WRITE_ORDER_H */

/*
 * erasure_case.h
 *		One subject of an erasure: from the verdict to the ledger.
 */
#ifndef PVEXT_ERASURE_CASE_H
#define PVEXT_ERASURE_CASE_H

#include "plan/plan.h"

extern List *pvext_erase_rows(PvextMap *map, PvextPlan *plan, List *rows, List *keys, char *reason,
							  bool going_on);

#endif							/* PVEXT_ERASURE_CASE_H */

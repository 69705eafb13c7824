/*
 * clock_kept.h
 *		What clocks read stays as long as what they time.
 */
#ifndef PVEXT_CLOCK_KEPT_H
#define PVEXT_CLOCK_KEPT_H

#include "plan/plan.h"

extern char *pvext_timed_until(PvextMap *map, PvextTable *table, const char *column, char **basis);
extern void pvext_share_clocks(PvextPlan *plan);

#endif							/* PVEXT_CLOCK_KEPT_H */

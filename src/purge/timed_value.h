/*
 * timed_value.h
 *		What clocks read goes after what they time.
 */
#ifndef PVEXT_TIMED_VALUE_H
#define PVEXT_TIMED_VALUE_H

#include "map/map.h"

extern List *pvext_rules_that_take(List *rules, bool removes, PvextRule *as_if);
extern char *pvext_both_sql(char *a, char *b);
extern bool pvext_goes_with_rows(PvextTable *table, PvextColumn *column, PvextRule *as_if);
extern bool pvext_is_read_by_clock(PvextMap *map, PvextTable *table, PvextColumn *column);
extern char *pvext_timed_is_gone(PvextTable *table, List *columns);
extern char *pvext_timed_elsewhere_is_gone(PvextMap *map, PvextTable *of, List *columns);
extern char *pvext_stays_without_row(PvextTable *table, List *columns);

#endif							/* PVEXT_TIMED_VALUE_H */

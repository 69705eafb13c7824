/*
 * clock_row.h
 *		The rows that a rule's clock reads, and those that it times.
 */
#ifndef PVEXT_CLOCK_ROW_H
#define PVEXT_CLOCK_ROW_H

#include "map/map.h"

extern PvextTable *pvext_clock_top(PvextTable *table, PvextRule *rule);
extern void pvext_check_way(PvextTable *table, PvextRule *rule);
extern List *pvext_clock_tables(PvextTable *table, PvextRule *rule);
extern PvextLink *pvext_clock_circle(PvextTable *table, PvextRule *rule);
extern char *pvext_clock_rows(PvextTable *table, PvextRule *rule);
extern bool pvext_clock_goes_by(PvextTable *table, PvextRule *rule, PvextTable *of);
extern char *pvext_timed_rows(PvextTable *table, PvextRule *rule, PvextTable *of);
extern List *pvext_clock_joins(PvextTable *rows, PvextTable *table, PvextRule *rule);
extern bool pvext_has_one_clock(PvextTable *table, PvextRule *rule);
extern char *pvext_at_clock(PvextTable *table, PvextRule *rule, const char *condition);
extern char *pvext_clock_of_top(PvextTable *table, PvextRule *rule);

#endif							/* PVEXT_CLOCK_ROW_H */

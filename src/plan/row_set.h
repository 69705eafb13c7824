/*
 * row_set.h
 *		Which rows belong to a subject, as SQL.
 */
#ifndef PVEXT_ROW_SET_H
#define PVEXT_ROW_SET_H

#include "plan/set_arm.h"

extern PvextSet *pvext_set_of_column(PvextPlan *plan, PvextTable *table,
									 PvextColumn *column, bool loose);
extern PvextSet *pvext_set_of_removal(PvextPlan *plan, PvextTable *table);
extern PvextSet *pvext_set_of_link(PvextPlan *plan, PvextLink *link, PvextSet *parent);
extern PvextSet *pvext_set_any(PvextPlan *plan, PvextTable *table, bool loose);
extern PvextSet *pvext_set_of_kept(PvextPlan *plan, PvextMap *map, PvextTable *table);
extern void pvext_prune_sets(PvextPlan *plan);
extern void pvext_add_traced_slots(PvextMap *map, PvextPlan *plan);
extern PvextStep *pvext_build_collect(PvextPlan *plan, PvextSet *set, bool lock);
extern void pvext_build_collects(PvextPlan *plan);
extern void pvext_append_match(PvextPlan *plan, PvextSql *sql, PvextSet *set);

#endif							/* PVEXT_ROW_SET_H */

/*
 * sets.h
 *		Which rows belong to a subject, as SQL.
 */
#ifndef PVEXT_SETS_H
#define PVEXT_SETS_H

#include "lib/stringinfo.h"
#include "plan.h"

/* A statement being built: its text, and the values it takes. */
typedef struct PvextSql
{
	StringInfoData text;
	List	   *params;			/* PvextParam */
} PvextSql;

extern void pvext_sql_init(PvextSql *sql);
extern int	pvext_sql_param(PvextSql *sql, PvextParam *param);
extern PvextStep *pvext_sql_step(PvextSql *sql, PvextTable *table);

extern PvextSet *pvext_set_of_column(PvextPlan *plan, PvextTable *table,
									 PvextColumn *column);
extern PvextSet *pvext_set_of_removal(PvextPlan *plan, PvextTable *table);
extern PvextSet *pvext_set_of_link(PvextPlan *plan, PvextLink *link, PvextSet *parent);
extern PvextSet *pvext_set_any(PvextPlan *plan, PvextTable *table);
extern PvextSet *pvext_set_of_kept(PvextPlan *plan, PvextMap *map, PvextTable *table);
extern PvextSlot *pvext_set_slot(PvextSet *set, const char *column, bool as_text);
extern void pvext_prune_sets(PvextPlan *plan);
extern void pvext_add_traced_slots(PvextMap *map, PvextPlan *plan);
extern PvextStep *pvext_build_collect(PvextPlan *plan, PvextSet *set, bool lock);
extern void pvext_build_collects(PvextPlan *plan);
extern void pvext_append_match(PvextPlan *plan, PvextSql *sql, PvextSet *set);

#endif							/* PVEXT_SETS_H */

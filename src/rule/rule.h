/*
 * rule.h
 *		What retention rules and blockers say of columns and rows.
 */
#ifndef PVEXT_RULE_H
#define PVEXT_RULE_H

#include "map/map.h"

extern char *pvext_rule_until(PvextTable *table, PvextRule *rule);
extern char *pvext_rule_ended(PvextTable *table, PvextRule *rule);
extern char *pvext_rule_never_ends(PvextTable *table, PvextRule *rule);
extern char *pvext_rule_holds(PvextTable *table, PvextRule *rule);
extern bool pvext_clock_reads(PvextTable *table, PvextRule *rule, PvextTable *of,
							  const char *column);
extern bool pvext_is_clock(PvextTable *table, PvextRule *rule, PvextTable *of,
						   const char *column);
extern bool pvext_blocks_column(PvextBlocker *blocker, PvextColumn *column);
extern List *pvext_links_that_delete(PvextTable *table, PvextTable *subject);
extern bool pvext_blocks_rows(PvextBlocker *blocker, PvextTable *table, List *links);
extern List *pvext_rules_about(PvextTable *table, const char *column);
extern char *pvext_last_end(PvextTable *table, List *rules);
extern char *pvext_retained_until(PvextTable *table, const char *column, char **basis);
extern char *pvext_consent_due(PvextColumn *column, List *ended, List *in_force);
extern char *pvext_rows_consent_due(PvextTable *table, List *links, List *ended, List *in_force);

#endif							/* PVEXT_RULE_H */

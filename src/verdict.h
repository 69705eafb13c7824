/*
 * verdict.h
 *		The one decision: what may go, what is retained, what is blocked.
 */
#ifndef PVEXT_VERDICT_H
#define PVEXT_VERDICT_H

#include "plan.h"

typedef struct PvextVerdict
{
	List	   *reasons;		/* C strings: holds and blockers in force */
	List	   *blockers;		/* PvextBlocker: those in force */
	List	   *others;			/* C strings: holds on others who share rows with the subject */
	char	   *blocked;		/* as PvextPlan.blocked; NULL where nothing is */
	bool		all_blocked;
	bool		any_hold;		/* there is one, in force or not */
} PvextVerdict;

extern bool pvext_clock_reads(PvextTable *table, PvextRule *rule, PvextTable *of,
							  const char *column);
extern bool pvext_is_clock(PvextTable *table, PvextRule *rule, PvextTable *of,
						   const char *column);
extern bool pvext_blocks_column(PvextBlocker *blocker, PvextColumn *column);
extern bool pvext_blocks_rows(PvextBlocker *blocker, PvextTable *table);
extern List *pvext_rules_about(PvextTable *table, const char *column);
extern char *pvext_last_end(PvextTable *table, List *rules);
extern char *pvext_retained_until(PvextTable *table, const char *column, char **basis);
extern char *pvext_consent_due(PvextColumn *column, List *ended, List *in_force);
extern List *pvext_reasons(PvextVerdict *verdict);
extern void pvext_verdict(PvextPlan *plan, const bytea *digest, bool held, bool lock,
						  PvextVerdict *verdict);

#endif							/* PVEXT_VERDICT_H */

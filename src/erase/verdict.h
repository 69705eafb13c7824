/*
 * verdict.h
 *		The one decision: what may go, what is retained, what is blocked.
 */
#ifndef PVEXT_VERDICT_H
#define PVEXT_VERDICT_H

#include "plan/plan.h"

typedef struct PvextVerdict
{
	List	   *reasons;		/* C strings: holds and blockers in force */
	List	   *blockers;		/* PvextBlocker: those in force */
	List	   *others;			/* C strings: holds on others who share rows with the subject */
	char	   *blocked;		/* as PvextPlan.blocked; NULL where nothing is */
	bool		held;			/* by a hold in force */
	bool		all_blocked;
	bool		any_hold;		/* there is one, in force or not */
} PvextVerdict;

extern List *pvext_reasons(PvextVerdict *verdict);
extern void pvext_verdict(PvextPlan *plan, const bytea *digest, bool held, bool lock,
						  const char *answers, PvextVerdict *verdict);

#endif							/* PVEXT_VERDICT_H */

/*
 * trial.h
 *		Trying a strategy on a table's own rows, without changing any.
 */
#ifndef PVEXT_TRIAL_H
#define PVEXT_TRIAL_H

#include "strategy/fit.h"

/* Why a trial failed. */
typedef struct PvextFailure
{
	int			sqlstate;
	char	   *detail;			/* a full sentence without anybody's data */
	bool		literal;		/* only the user's literal was evaluated */
	bool		no_room;		/* it was the room for tokens */
	uint64		room;			/* how many there would be */
} PvextFailure;

/* For the parts of a trial: a query as the owner; why it failed; rows made anew. */
extern bool pvext_try_query(const PvextFit *fit, const char *sql, PvextFailure *failure);
extern bool pvext_fail(PvextFailure *failure, int sqlstate, char *detail);
extern char *pvext_replaced_rows(const PvextFit *fit, const char *from, List *replaced,
								 const char *value);

extern bool pvext_trial(const PvextFit *fit, const PvextStrategy *strategy,
						PvextFailure *failure);
extern int64 pvext_count_replaced(const PvextFit *fit,
								  const PvextStrategy *strategy, int limit);

#endif							/* PVEXT_TRIAL_H */

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

extern bool pvext_trial(const PvextFit *fit, const PvextStrategy *strategy,
						PvextFailure *failure);
extern int64 pvext_count_replaced(const PvextFit *fit,
								  const PvextStrategy *strategy, int limit);

#endif							/* PVEXT_TRIAL_H */

/*
 * trial.h
 *		Trying a strategy on a table's own rows, without changing any.
 */
#ifndef PVEXT_TRIAL_H
#define PVEXT_TRIAL_H

#include "strategy/fit.h"
#include "strategy/trial_query.h"

extern bool pvext_trial(const PvextFit *fit, const PvextStrategy *strategy,
						PvextFailure *failure);
extern int64 pvext_count_replaced(const PvextFit *fit,
								  const PvextStrategy *strategy, int limit);

#endif							/* PVEXT_TRIAL_H */

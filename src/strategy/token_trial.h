/*
 * token_trial.h
 *		Trying whether tokens differ where what is computed from them is unique.
 */
#ifndef PVEXT_TOKEN_TRIAL_H
#define PVEXT_TOKEN_TRIAL_H

#include "strategy/trial_query.h"

extern bool pvext_try_tokens(const PvextFit *fit, const PvextStrategy *strategy,
							 PvextFailure *failure);

#endif							/* PVEXT_TOKEN_TRIAL_H */

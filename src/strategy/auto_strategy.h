/*
 * auto_strategy.h
 *		Finding by trial what a column takes.
 */
#ifndef PVEXT_AUTO_STRATEGY_H
#define PVEXT_AUTO_STRATEGY_H

#include "strategy/trial.h"

extern bool pvext_find_format(const PvextFit *fit, PvextStrategyKind kind,
							  char **argument, PvextFailure *failure);
extern PvextStrategyKind pvext_auto(const PvextFit *fit, char **argument);

#endif							/* PVEXT_AUTO_STRATEGY_H */

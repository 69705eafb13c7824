/*
 * auto.h
 *		Finding by trial what a column takes.
 */
#ifndef PVEXT_AUTO_H
#define PVEXT_AUTO_H

#include "trial.h"

extern bool pvext_find_format(const PvextFit *fit, PvextStrategyKind kind,
							  char **argument, PvextFailure *failure);
extern PvextStrategyKind pvext_auto(const PvextFit *fit, char **argument);

#endif							/* PVEXT_AUTO_H */

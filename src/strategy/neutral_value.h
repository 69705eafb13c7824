/*
 * neutral_value.h
 *		Values that say nothing of anybody.
 */
#ifndef PVEXT_NEUTRAL_VALUE_H
#define PVEXT_NEUTRAL_VALUE_H

#include "strategy/fit.h"

extern List *pvext_neutral_values(const PvextFit *fit);
extern const char *pvext_nothing(Oid range);

#endif							/* PVEXT_NEUTRAL_VALUE_H */

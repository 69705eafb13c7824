/*
 * neutral_value.h
 *		Values that say nothing of anybody.
 */
#ifndef PVEXT_NEUTRAL_VALUE_H
#define PVEXT_NEUTRAL_VALUE_H

#include "strategy/fit.h"

extern const char *const *pvext_neutral_values(const PvextFit *fit);
extern bool pvext_is_choice(const PvextFit *fit, const char *value);
extern List *pvext_choices(const PvextFit *fit);

#endif							/* PVEXT_NEUTRAL_VALUE_H */

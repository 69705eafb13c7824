/*
 * choice.h
 *		Columns that are a choice among a few.
 */
#ifndef PVEXT_CHOICE_H
#define PVEXT_CHOICE_H

#include "strategy/fit.h"

extern bool pvext_is_choice(const PvextFit *fit, const char *value);
extern List *pvext_choices(const PvextFit *fit);

#endif							/* PVEXT_CHOICE_H */

/*
 * derived_column.h
 *		Columns that a trigger of the application derives from personal ones.
 */
#ifndef PVEXT_DERIVED_COLUMN_H
#define PVEXT_DERIVED_COLUMN_H

#include "strategy/fit.h"

extern char *pvext_resolve_derived(const PvextFit *fit, const char *parameter);

#endif							/* PVEXT_DERIVED_COLUMN_H */

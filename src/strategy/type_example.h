/*
 * type_example.h
 *		What to write for a column of a type, for hints.
 */
#ifndef PVEXT_TYPE_EXAMPLE_H
#define PVEXT_TYPE_EXAMPLE_H

#include "strategy/fit.h"

extern char *pvext_example(const PvextFit *fit);
extern char *pvext_distinct_example(const PvextFit *fit);
extern const char *pvext_such_as(const char *example);
extern const char *pvext_written(const char *example);

#endif							/* PVEXT_TYPE_EXAMPLE_H */

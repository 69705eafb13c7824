/*
 * replacement.h
 *		The SQL of each strategy: the value that replaces, and the test "is already replaced".
 */
#ifndef PVEXT_REPLACEMENT_H
#define PVEXT_REPLACEMENT_H

#include "strategy/strategy.h"

/* The SQL of the new value, its parameters numbered from first_param. */
extern char *pvext_strategy_value(const PvextStrategy *strategy, int first_param);

/* The SQL of the test, never NULL; for made_in_c without parameters. */
extern char *pvext_strategy_test(const PvextStrategy *strategy, int first_param);

/* The text of the new value for an old one; serial is from pv.token_seq. */
extern char *pvext_make_value(const PvextStrategy *strategy, const char *old,
							  int64 serial);


/* SQL of a new value that needs neither row nor parameters, NULL if none does. */
extern char *pvext_strategy_sample(const PvextStrategy *strategy);

/* SQL, never NULL: are two values of a type the same, also in case? */
extern char *pvext_same_sql(Oid type, const char *a, const char *b);

#endif							/* PVEXT_REPLACEMENT_H */

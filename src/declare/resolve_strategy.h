/*
 * resolve_strategy.h
 *		Which strategy a column gets, and whether it can work there.
 */
#ifndef PVEXT_RESOLVE_STRATEGY_H
#define PVEXT_RESOLVE_STRATEGY_H

#include "strategy/strategy.h"

/*
 * Find the strategy for a column and check that it can work: against type,
 * domain, length, NOT NULL, UNIQUE, CHECK, EXCLUDE, foreign keys and generated
 * columns by the catalog, and by a trial on up to 1,000 rows.  erase_with and
 * parameter are the user's; bound is the bound expression where erase_with is
 * "expression" (else NULL).  leads says that links or foreign keys refer to
 * the column.  Between pvext_enter() and pvext_leave(); trials run as the
 * table's owner.  Raises with a hint that names what fits.
 */
extern PvextStrategyKind pvext_resolve_strategy(Oid relid, const char *column,
												const char *erase_with,
												const char *parameter,
												const char *bound, bool leads,
												char **argument);

/* Raise where an expression, bound, fails on any row; reads the whole table. */
extern void pvext_try_on_all_rows(Oid relid, const char *column, const char *bound);

/* Warn of rows that look like tokens though nothing has replaced them. */
extern void pvext_warn_of_tokens(const PvextStrategy *strategy);

#endif							/* PVEXT_RESOLVE_STRATEGY_H */

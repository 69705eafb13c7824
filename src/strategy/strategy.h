/*
 * strategy.h
 *		How a value loses its person.
 *
 * A strategy is two SQL fragments over the row r: the value that replaces,
 * and the test "is already replaced".
 */
#ifndef PVEXT_STRATEGY_H
#define PVEXT_STRATEGY_H

#include "access/attnum.h"
#include "nodes/pg_list.h"

typedef enum PvextStrategyKind
{
	PVEXT_NULL,
	PVEXT_DEFAULT,
	PVEXT_CONSTANT,
	PVEXT_TOKEN,
	PVEXT_PSEUDONYM,
	PVEXT_GENERALISE,
	PVEXT_REDACT,
	PVEXT_REMOVE_PATHS,
	PVEXT_EXPRESSION,
	PVEXT_DERIVED				/* a trigger of the application computes it from the row */
} PvextStrategyKind;

typedef struct PvextStrategy
{
	PvextStrategyKind kind;
	Oid			relid;
	char	   *column;			/* name */
	Oid			type;
	int32		typmod;
	char	   *argument;		/* as pvext_resolve_strategy() gave it */

	/*
	 * New values are made in C from the old ones, by pvext_make_value(), and
	 * passed as one jsonb object {old text: new text}.
	 */
	bool		made_in_c;
} PvextStrategy;

extern const char *pvext_strategy_name(PvextStrategyKind kind);
extern bool pvext_strategy_kind(const char *name, PvextStrategyKind *kind);

/* Fill in a strategy from what pv.declared_personal keeps of it. */
extern void pvext_init_strategy(PvextStrategy *strategy, Oid relid,
								const char *column, const char *name,
								const char *argument);

/*
 * How many statement parameters value and test need: 1 where values are made
 * in C ($n jsonb {old: new}); 3 for redact (free_text.c); else 0.
 */
extern int	pvext_strategy_params(const PvextStrategy *strategy);

/* Which columns a derived one is made of, as names; NIL: of any. */
extern List *pvext_derived_from(const PvextStrategy *strategy);

extern List *pvext_parse_paths(const char *parameter);
extern bool pvext_parse_networks(const char *argument, int *v4, int *v6);

#endif							/* PVEXT_STRATEGY_H */

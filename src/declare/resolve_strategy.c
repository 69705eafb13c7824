/*
 * resolve_strategy.c
 *		From the user's erase_with and parameter to a strategy that can work.
 *
 * fit.c knows what the catalogs say, trial.c what the rows say, auto_strategy.c finds
 * what the user leaves open.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/expression.h"
#include "base/relation.h"
#include "base/spi.h"
#include "declare/derived_column.h"
#include "declare/resolve_strategy.h"
#include "map/key_column.h"
#include "rewrite/rewriteHandler.h"
#include "strategy/auto_strategy.h"
#include "strategy/neutral_value.h"
#include "utils/rel.h"

/* Raise: not enough tokens fit for all rows that there may be. */
static void
raise_no_room(const PvextFit *fit, uint64 room)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("only " UINT64_FORMAT " tokens fit into column \"%s\" of table %s",
					room, fit->column, fit->table),
			 errhint("Make the column longer, give a shorter format, or use another strategy.")));
}

/* Raise what a trial found. */
static void
raise_failure(const PvextFit *fit, PvextStrategyKind kind,
			  const PvextFailure *failure)
{
	const char *hint = pvext_fitting_hint(fit);
	int			sqlstate = failure->sqlstate;

	if (failure->no_room)
		raise_no_room(fit, failure->room);
	/* a token that violates a check needs another format, and so on */
	if (kind == PVEXT_TOKEN || kind == PVEXT_PSEUDONYM)
		hint = "Give a format that the column takes as parameter, such as 'x%s', or use 'expression'.";
	else if (kind == PVEXT_NULL)
		hint = fit->unique ? "Use erase_with => 'token', which gives each row its own value." :
			"Use erase_with => 'auto', or 'constant' with a parameter that fits.";
	else if (kind == PVEXT_EXPRESSION)
		hint = "Its result must be a value that the column takes, and that the expression leaves as it is.";
	else if (kind == PVEXT_CONSTANT && !fit->refers)
		hint = "Give a literal that the column takes.";
	else if (kind == PVEXT_GENERALISE || kind == PVEXT_REDACT || kind == PVEXT_REMOVE_PATHS)
		hint = "Give another parameter, or use 'expression'.";
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("strategy \"%s\" cannot work on column \"%s\" of table %s",
					pvext_strategy_name(kind), fit->column, fit->table),
			 failure->detail ? errdetail("%s", failure->detail) : 0,
			 errhint("%s", hint)));
}

/* The default must be there where NULL may not, and be the same for ever. */
static void
check_default(const PvextFit *fit)
{
	Relation	rel = table_open(fit->relid, AccessShareLock);
	Node	   *expr = build_column_default(rel, fit->attnum);
	PvextUser	back;
	bool		is_mutable;

	if (expr == NULL && fit->not_null)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("column \"%s\" of table %s has no default and is NOT NULL",
						fit->column, fit->table),
				 errhint("%s", pvext_fitting_hint(fit))));
	pvext_switch_user(fit->owner, &back);
	is_mutable = expr && pvext_is_mutable(expr);
	pvext_restore_user(&back);
	if (is_mutable)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the default of column \"%s\" of table %s is not immutable",
						fit->column, fit->table),
				 errdetail("It would never be certain that a value has been replaced."),
				 errhint("%s", pvext_fitting_hint(fit))));
	table_close(rel, AccessShareLock);
}

/* Raise where the column is too short for as many values as it needs to have. */
static void
check_room(const PvextFit *fit, PvextStrategyKind kind, const char *argument)
{
	PvextStrategy strategy;
	uint64		room;

	pvext_init_strategy(&strategy, fit->relid, fit->column,
						pvext_strategy_name(kind), argument);
	if (!pvext_has_room(fit, &strategy, &room))
		raise_no_room(fit, room);
}

/* The format of tokens: the user's, or one that the column takes. */
static char *
choose_format(const PvextFit *fit, PvextStrategyKind kind, char *parameter)
{
	PvextFailure failure = {0};
	char	   *argument;

	if (parameter)
	{
		check_room(fit, kind, parameter);
		return parameter;
	}
	if (!pvext_find_format(fit, kind, &argument, &failure))
		raise_failure(fit, kind, &failure);
	return argument;
}

/*
 * A column that follows another gets that one's new value: the user may name
 * no other strategy for it.
 */
static bool
resolve_follower(Oid relid, const char *column, const char *erase_with,
				 PvextStrategyKind *kind, char **argument)
{
	const char *strategy;

	if (!pvext_column_follows(pvext_relation_id(relid), column, &strategy, argument))
		return false;
	if (strcmp(erase_with, "auto") != 0 && strcmp(erase_with, strategy) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" follows a column that is erased with \"%s\"",
						column, strategy),
				 errhint("Leave erase_with out: the column gets its parent's new value.")));
	return pvext_strategy_kind(strategy, kind);
}

/*
 * Find the strategy for a column and check that it can work; see resolve_strategy.h.
 */
PvextStrategyKind
pvext_resolve_strategy(Oid relid, const char *column, const char *erase_with,
					   const char *parameter, const char *bound, bool leads,
					   char **argument)
{
	PvextFit   *fit;
	PvextFailure failure = {0};
	PvextStrategy strategy;
	PvextStrategyKind kind;

	if (resolve_follower(relid, column, erase_with, &kind, argument))
		return kind;
	fit = pvext_fit(relid, column, leads);
	if (strcmp(erase_with, "auto") == 0)
	{
		if (parameter)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("erase_with \"auto\" takes no parameter"),
					 errhint("Name the strategy that the parameter is for.")));
		return pvext_auto(fit, argument);
	}
	if (!pvext_strategy_kind(erase_with, &kind))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized erase_with \"%s\"", erase_with),
				 errhint("The strategies are auto, null, default, constant, token, pseudonym,"
						 " generalise, redact, remove_paths, expression and derived.")));
	if (kind == PVEXT_DERIVED)
	{
		*argument = pvext_resolve_derived(fit, parameter);
		return kind;
	}
	pvext_refuse_misfit(fit, kind);
	if (kind == PVEXT_CONSTANT && fit->only_empty && parameter && strcmp(parameter, pvext_nothing(fit->type)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_EXCLUSION_VIOLATION),
				 errmsg("equal ranges would collide in exclusion constraint \"%s\"", fit->exclusion),
				 errhint("Use the constant '%s', which overlaps nothing.", pvext_nothing(fit->type))));
	*argument = pvext_check_parameter(fit, kind, parameter);
	if (kind == PVEXT_DEFAULT)
		check_default(fit);
	else if (kind == PVEXT_EXPRESSION)
		*argument = pstrdup(bound);
	else if (kind == PVEXT_TOKEN || kind == PVEXT_PSEUDONYM)
		*argument = choose_format(fit, kind, *argument);
	pvext_init_strategy(&strategy, relid, column, pvext_strategy_name(kind), *argument);
	if (!pvext_trial(fit, &strategy, &failure))
		raise_failure(fit, kind, &failure);
	return kind;
}

/*
 * Raise where an expression, bound, fails on any row that there is, of which a declaration
 * tries but some.  Reads the whole table, as its owner.
 */
void
pvext_try_on_all_rows(Oid relid, const char *column, const char *bound)
{
	PvextFit   *fit = pvext_fit(relid, column, false);
	PvextFailure failure = {0};
	PvextStrategy strategy;

	fit->all_rows = true;
	pvext_init_strategy(&strategy, relid, column, "expression", pstrdup(bound));
	if (!pvext_trial(fit, &strategy, &failure))
		raise_failure(fit, PVEXT_EXPRESSION, &failure);
}

/*
 * Warn of rows whose values look like tokens though nothing has made them so:
 * they would be taken as erased.
 */
void
pvext_warn_of_tokens(const PvextStrategy *strategy)
{
	PvextFit   *fit;
	int64		n;

	if (strategy->kind != PVEXT_TOKEN && strategy->kind != PVEXT_PSEUDONYM)
		return;
	fit = pvext_fit(strategy->relid, strategy->column, false);
	n = pvext_count_replaced(fit, strategy, 0);
	if (n > 0)
		ereport(WARNING,
				(errmsg_plural("%lld row of table %s has a value in column \"%s\" that looks like a token",
							   "%lld rows of table %s have a value in column \"%s\" that looks like a token",
							   (unsigned long) n, (long long) n, fit->table, fit->column),
				 errdetail("Such values count as erased already."),
				 errhint("Change them, or declare another format.")));
}

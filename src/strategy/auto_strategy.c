/*
 * auto_strategy.c
 *		Finding by trial what a column takes: strategy "auto", and the format of
 *		tokens where the user gives none.
 *
 * The order is: NULL; where values must differ, a token; the default; an
 * empty constant of the type (neutral_value.c); a token.  What is found is kept with the
 * declaration, so that an erasure doesn't search again.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/expression.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "strategy/auto_strategy.h"
#include "strategy/choice.h"
#include "strategy/neutral_value.h"
#include "strategy/token.h"
#include "strategy/token_format.h"
#include "strategy/type_example.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* A hint lists so many values. */
#define MAX_LABELS 30

/* Does the strategy work with the argument: has it room, does its trial succeed? */
static bool
works(const PvextFit *fit, PvextStrategyKind kind, const char *argument,
	  PvextFailure *failure)
{
	PvextStrategy strategy;
	uint64		room;

	pvext_init_strategy(&strategy, fit->relid, fit->column,
						pvext_strategy_name(kind), argument);
	if ((kind == PVEXT_TOKEN || kind == PVEXT_PSEUDONYM) &&
		!pvext_has_room(fit, &strategy, &room))
	{
		failure->no_room = true;
		failure->room = room;
		return false;
	}
	return pvext_trial(fit, &strategy, failure);
}

/*
 * The prefix that says what it is would take the room that digits need: a
 * shorter one is better then.
 */
static bool
is_cramped(const PvextFit *fit, PvextStrategyKind kind, const char *format)
{
	PvextToken	token;

	return (strcmp(format, "erased-%s") == 0 || strcmp(format, "pseudonym-%s") == 0) &&
		pvext_init_token(&token, fit->type, fit->typmod, format,
						 kind == PVEXT_PSEUDONYM) && token.room > 0;
}

/* Does an existing value look like a token of the format? */
static bool
looks_taken(const PvextFit *fit, PvextStrategyKind kind, const char *format)
{
	PvextStrategy strategy;

	if (strncmp(format, "erased", 6) == 0 || strncmp(format, "pseudonym", 9) == 0)
		return false;
	pvext_init_strategy(&strategy, fit->relid, fit->column,
						pvext_strategy_name(kind), format);
	return pvext_count_replaced(fit, &strategy, 1) > 0;
}

/*
 * Find a format of tokens that the column takes.  Where there is none, the failure is
 * that of the first format that had room, or how little there was.  Between pvext_enter()
 * and pvext_leave().
 */
bool
pvext_find_format(const PvextFit *fit, PvextStrategyKind kind, char **argument,
				  PvextFailure *failure)
{
	const char *const *formats = pvext_token_formats(fit->type, kind == PVEXT_PSEUDONYM);

	*argument = NULL;
	if (formats == NULL)
		return works(fit, kind, NULL, failure);
	failure->no_room = true;
	for (; *formats; formats++)
	{
		PvextFailure why = {0};

		if (is_cramped(fit, kind, *formats))
			continue;
		if (works(fit, kind, *formats, &why) && !looks_taken(fit, kind, *formats))
		{
			*argument = pstrdup(*formats);
			return true;
		}
		if (why.no_room)
			failure->room = Max(failure->room, why.room);
		else if (failure->no_room && why.detail)
			*failure = why;
	}
	return false;
}

/*
 * Does the number column take more than a scale or a few codes?  Then no number of
 * it says nothing.
 */
static bool
is_wide(const PvextFit *fit)
{
	PvextFailure failure = {0};

	return TypeCategory(getBaseType(fit->type)) != TYPCATEGORY_NUMERIC ||
		works(fit, PVEXT_CONSTANT, "100", &failure) ||
		works(fit, PVEXT_CONSTANT, "-100", &failure);
}

/* Find an empty constant that the column takes; else the failure is the emptiest one's. */
static char *
find_constant(const PvextFit *fit, PvextFailure *failure)
{
	List	   *values = pvext_neutral_values(fit);
	ListCell   *lc;

	if (!is_wide(fit))
	{
		failure->detail = "It takes but a few numbers, any of which may be a person's.";
		return NULL;
	}
	foreach(lc, values)
	{
		PvextFailure why = {0};

		if (works(fit, PVEXT_CONSTANT, lfirst(lc), &why) && !pvext_is_choice(fit, lfirst(lc)))
			return pstrdup(lfirst(lc));
		if (lc == list_head(values))
			*failure = why;
	}
	return NULL;
}

/* Raise: the column's owner has to say what it becomes. */
static void
refuse(const PvextFit *fit, const PvextFailure *failure)
{
	List	   *choices = pvext_choices(fit);
	StringInfoData labels;
	ListCell   *lc;

	initStringInfo(&labels);
	foreach(lc, choices)
	{
		if (foreach_current_index(lc) > MAX_LABELS)
			break;
		appendStringInfo(&labels, "%s%s", labels.len > 0 ? ", " : "",
						 foreach_current_index(lc) == MAX_LABELS ? "..." :
						 quote_literal_cstr(lfirst(lc)));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("no strategy fits column \"%s\" of table %s by itself",
					fit->column, fit->table),
			 choices != NIL ? errdetail("Any value that it takes is one that persons have.") :
			 failure->detail ? errdetail("%s", failure->detail) : 0,
			 choices != NIL ?
			 errhint("Use erase_with => 'constant' with the one of %s that says nothing of anybody, or let the column be NULL.",
					 labels.data) :
			 errhint("Use erase_with => 'constant' or 'expression' with a parameter that its checks accept%s, or let the column be NULL.",
					 pvext_written(pvext_example(fit)))));
}

/* Has the column a default that is the same for ever? */
static bool
has_steady_default(const PvextFit *fit)
{
	Relation	rel = table_open(fit->relid, AccessShareLock);
	Node	   *expr = build_column_default(rel, fit->attnum);
	PvextUser	back;
	bool		result;

	pvext_switch_user(fit->owner, &back);
	result = expr != NULL && !pvext_is_mutable(expr);
	pvext_restore_user(&back);
	table_close(rel, AccessShareLock);
	return result;
}

/* Find a token, or say why there is none. */
static PvextStrategyKind
must_be_token(const PvextFit *fit, char **argument)
{
	PvextFailure failure = {0};

	if (!pvext_token_type(fit->type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no strategy fits column \"%s\" of table %s by itself",
						fit->column, fit->table),
				 errdetail("Its values must differ, and type %s has no tokens.",
						   format_type_be(fit->type)),
				 errhint("Use erase_with => 'expression' with an expression that gives each row its own value%s.",
						 pvext_such_as(pvext_distinct_example(fit)))));
	if (!pvext_find_format(fit, PVEXT_TOKEN, argument, &failure))
	{
		if (failure.no_room)
			failure.detail = psprintf("Only " UINT64_FORMAT " tokens fit into it.", failure.room);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no strategy fits column \"%s\" of table %s by itself",
						fit->column, fit->table),
				 failure.detail ? errdetail("%s", failure.detail) : 0,
				 errhint("Use erase_with => 'token' with a format as parameter, or 'expression'.")));
	}
	return PVEXT_TOKEN;
}

/* What strategy "auto" comes to.  Between pvext_enter() and pvext_leave(). */
PvextStrategyKind
pvext_auto(const PvextFit *fit, char **argument)
{
	PvextFailure failure = {0};

	*argument = NULL;
	if (fit->leads)
		return must_be_token(fit, argument);
	if (!fit->not_null && !fit->nulls_collide && !fit->match_full &&
		works(fit, PVEXT_NULL, NULL, &failure))
		return PVEXT_NULL;
	if (fit->refers)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no strategy fits column \"%s\" of table %s by itself",
						fit->column, fit->table),
				 errdetail("A foreign key of the table allows only what is in the table it refers to."),
				 errhint("%s", pvext_fitting_hint(fit))));
	if (fit->unique || (fit->exclusion && !fit->only_empty))
		return must_be_token(fit, argument);
	if (has_steady_default(fit) && works(fit, PVEXT_DEFAULT, NULL, &failure))
		return PVEXT_DEFAULT;
	*argument = find_constant(fit, &failure);
	if (*argument)
		return PVEXT_CONSTANT;
	if (pvext_token_type(fit->type) &&
		pvext_find_format(fit, PVEXT_TOKEN, argument, &failure))
		return PVEXT_TOKEN;
	refuse(fit, &failure);
	return PVEXT_NULL;
}

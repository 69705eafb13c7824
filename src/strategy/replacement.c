/*
 * replacement.c
 *		The SQL of each strategy: the value that replaces, and the test "is already replaced".
 *
 * Both are fragments over the row r, written for pvext's pinned search_path.
 * The test is never NULL, and it holds for every value that the strategy has
 * made: that is what makes an erasure idempotent and its verification a proof.
 * Nothing here evaluates anything; the fragments become part of statements
 * that pvext_run() executes as the table's owner.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "base/catalog.h"
#include "base/expression.h"
#include "base/type.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "strategy/free_text.h"
#include "strategy/replacement.h"
#include "strategy/token.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Does the type compare by an equality of pg_catalog's that ignores spelling? */
static bool
compares_by_value(Oid type)
{
	Oid			base = getBaseType(type);
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(base));
	Form_pg_type form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_type) GETSTRUCT(tuple);
	result = form->typnamespace == PG_CATALOG_NAMESPACE &&
		(form->typcategory == TYPCATEGORY_NUMERIC ||
		 form->typcategory == TYPCATEGORY_BOOLEAN ||
		 form->typcategory == TYPCATEGORY_DATETIME);
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Are two values the same?  Numbers and times by equality, all else as text
 * by its bytes: citext and nondeterministic collations would call a person's
 * value the same as its replacement.
 */
char *
pvext_same_sql(Oid type, const char *a, const char *b)
{
	if (compares_by_value(type))
		return psprintf("((%s) IS NOT DISTINCT FROM (%s))", a, b);
	return psprintf("(CAST((%s) AS text) COLLATE \"C\" IS NOT DISTINCT FROM"
					" CAST((%s) AS text) COLLATE \"C\")", a, b);
}

/* The column as the fragments call it. */
static char *
column_sql(const PvextStrategy *s)
{
	return psprintf("%s.%s", PVEXT_ROW, quote_identifier(s->column));
}

/* An expression cast to the column's type. */
static char *
cast_sql(const PvextStrategy *s, const char *expr)
{
	return psprintf("CAST(%s AS %s)", expr, pvext_type_name(s->type, s->typmod));
}

/* The token of a token or pseudonym strategy; raises if the type changed. */
static void
token_of(const PvextStrategy *s, PvextToken *token)
{
	if (!pvext_init_token(token, s->type, s->typmod, s->argument,
						  s->kind == PVEXT_PSEUDONYM))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no token fits column \"%s\" of table %s any more",
						s->column, pvext_relation_name(s->relid)),
				 errhint("Declare the column again.")));
}

/* A number rounded down to a step; integers don't leave their type's range. */
static char *
step_sql(const PvextStrategy *s, Oid base, const char *column)
{
	char	   *step = psprintf("CAST(%s AS numeric)", quote_literal_cstr(s->argument));
	char	   *value = psprintf("floor(CAST(%s AS numeric) / %s) * %s", column, step, step);

	if (base == INT2OID)
		return psprintf("GREATEST(%s, %d)", value, PG_INT16_MIN);
	if (base == INT4OID)
		return psprintf("GREATEST(%s, %d)", value, PG_INT32_MIN);
	if (base == INT8OID)
		return psprintf("GREATEST(%s, " INT64_FORMAT ")", value, PG_INT64_MIN);
	return value;
}

/* A value made less exact. */
static char *
generalise_sql(const PvextStrategy *s)
{
	Oid			base = getBaseType(s->type);
	char	   *c = column_sql(s);
	char	   *unit = quote_literal_cstr(s->argument);
	int			v4 = 0;
	int			v6 = 0;

	switch (base)
	{
		case DATEOID:
		case TIMESTAMPOID:
			c = psprintf("date_trunc(%s, CAST(%s AS timestamp))", unit, c);
			break;
		case TIMESTAMPTZOID:
			c = psprintf("(date_trunc(%s, %s AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')", unit, c);
			break;
		case INETOID:
		case CIDROID:
			(void) pvext_parse_networks(s->argument, &v4, &v6);
			c = psprintf("CAST(%s AS inet)", c);
			c = psprintf("network(set_masklen(%s, LEAST(masklen(%s),"
						 " CASE family(%s) WHEN 4 THEN %d ELSE %d END)))", c, c, c, v4, v6);
			break;
		default:
			if (pvext_is_text(s->type))
				c = psprintf("left(CAST(%s AS text), %s)", c, s->argument);
			else
				c = step_sql(s, base, c);
	}
	return cast_sql(s, c);
}

/* The document without the paths, as jsonb. */
static char *
remove_paths_sql(const PvextStrategy *s)
{
	char	   *sql = psprintf("CAST(%s AS jsonb)", column_sql(s));
	ListCell   *lc;

	foreach(lc, pvext_parse_paths(s->argument))
		sql = psprintf("pv.remove_path(%s, CAST(%s AS text[]))", sql,
					   quote_literal_cstr(lfirst(lc)));
	return sql;
}

/* A value that isn't a token yet becomes one; a token stays. */
static char *
token_value_sql(const PvextStrategy *s, int first_param)
{
	PvextToken	token;
	char	   *fresh;

	token_of(s, &token);
	if (s->made_in_c)

		/* A value that somebody has written since stays for the next pass. */
		fresh = psprintf("coalesce(CAST($%d AS jsonb) ->> CAST(%s AS text), CAST(%s AS text))",
						 first_param, column_sql(s), column_sql(s));
	else
		fresh = pvext_token_sql(&token);
	return psprintf("CASE WHEN %s THEN %s ELSE %s END",
					pvext_strategy_test(s, first_param), column_sql(s),
					cast_sql(s, fresh));
}

/* The SQL of the new value, its parameters numbered from first_param. */
char *
pvext_strategy_value(const PvextStrategy *s, int first_param)
{
	switch (s->kind)
	{
		case PVEXT_NULL:
			return cast_sql(s, "NULL");
		case PVEXT_DEFAULT:
			return cast_sql(s, s->argument ? psprintf("(%s)", s->argument) : "NULL");
		case PVEXT_CONSTANT:
			return cast_sql(s, quote_literal_cstr(s->argument));
		case PVEXT_TOKEN:
		case PVEXT_PSEUDONYM:
			return token_value_sql(s, first_param);
		case PVEXT_GENERALISE:
			return generalise_sql(s);
		case PVEXT_REDACT:
			return pvext_redact_value(s, first_param);
		case PVEXT_REMOVE_PATHS:
			return cast_sql(s, remove_paths_sql(s));
		case PVEXT_EXPRESSION:
			return cast_sql(s, psprintf("(%s)", s->argument));
		case PVEXT_DERIVED:
			return column_sql(s);
	}
	return NULL;
}

/* The SQL of the test "is already replaced", never NULL. */
char *
pvext_strategy_test(const PvextStrategy *s, int first_param)
{
	char	   *c = column_sql(s);
	PvextToken	token;

	switch (s->kind)
	{
		case PVEXT_NULL:
			return psprintf("(%s IS NULL)", c);
		case PVEXT_DEFAULT:
		case PVEXT_CONSTANT:
		case PVEXT_EXPRESSION:
			return pvext_same_sql(s->type, c, pvext_strategy_value(s, first_param));
		case PVEXT_TOKEN:
		case PVEXT_PSEUDONYM:
			token_of(s, &token);
			return psprintf("(%s IS NULL OR %s)", c, pvext_token_test_sql(&token, c));
		case PVEXT_GENERALISE:
			return psprintf("(%s IS NULL OR %s)", c,
							pvext_same_sql(s->type, c, generalise_sql(s)));
		case PVEXT_REDACT:
			return pvext_redact_test(s, first_param);
		case PVEXT_REMOVE_PATHS:
			return psprintf("(%s IS NULL OR %s = CAST(%s AS jsonb))", c,
							remove_paths_sql(s), c);
		case PVEXT_DERIVED:

			/* never written: that it has changed is seen by derived_value.c */
			return pstrdup("true");
	}
	return NULL;
}

/*
 * The SQL of a value as the strategy makes it, where that depends neither on the row nor
 * on the subject; else NULL.  Between pvext_enter() and pvext_leave().
 */
char *
pvext_strategy_sample(const PvextStrategy *s)
{
	PvextToken	token;

	switch (s->kind)
	{
		case PVEXT_NULL:
		case PVEXT_CONSTANT:
		case PVEXT_DEFAULT:
			return pvext_strategy_value(s, 1);
		case PVEXT_TOKEN:
		case PVEXT_PSEUDONYM:
			if (s->made_in_c)
				return cast_sql(s, quote_literal_cstr(pvext_make_value(s, "sample", 1)));
			token_of(s, &token);
			return cast_sql(s, pvext_token_sql(&token));
		default:
			return NULL;
	}
}

/*
 * The text of the new value for an old one; serial is from pv.token_seq.  Between
 * pvext_enter() and pvext_leave().
 */
char *
pvext_make_value(const PvextStrategy *s, const char *old, int64 serial)
{
	PvextToken	token;

	token_of(s, &token);
	return s->kind == PVEXT_PSEUDONYM ? pvext_make_pseudonym(&token, old) :
		pvext_make_token(&token, serial);
}

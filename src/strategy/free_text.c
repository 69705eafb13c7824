/*
 * free_text.c
 *		The strategy "redact" as SQL: free text without a subject's identifying values.
 *
 * The values are a parameter of the statements, since they are read before they go
 * (redacted_text.c); redactor.c looks for them.  When they have gone before, or cannot be looked for,
 * whole texts go.  A text that has been looked at is known by its digest from then on, for
 * afterwards nobody can tell what to look for.
 *
 * Three parameters, from $n: text[], the values; bytea[], digests of texts that are known;
 * boolean, whole texts go.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/expression.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "strategy/free_text.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Is the type json or jsonb, or a domain over one? */
bool
pvext_is_json(Oid type)
{
	Oid			base = getBaseType(type);

	return base == JSONOID || base == JSONBOID;
}

/* SQL: the column of row r. */
static char *
column_sql(const PvextStrategy *s)
{
	return psprintf("%s.%s", PVEXT_ROW, quote_identifier(s->column));
}

/* A call of pv.redact_...() or pv.holds_...(). */
static char *
call_sql(const PvextStrategy *s, const char *what, const char *values, const char *whole)
{
	bool		json = pvext_is_json(s->type);

	return psprintf("pv.%s_%s(CAST(%s AS %s), %s, %s, %s%s)", what, json ? "json" : "text",
					column_sql(s), json ? "json" : "text", values,
					quote_literal_cstr(s->argument), whole,
					json ? "" : psprintf(", %d", pvext_text_room(s->type, s->typmod)));
}

/* SQL: the parameter with the values that are looked for. */
static char *
values_param(int first_param)
{
	return psprintf("CAST($%d AS text[])", first_param);
}

/* SQL: the parameter that says that whole texts go. */
static char *
whole_param(int first_param)
{
	return psprintf("CAST($%d AS boolean)", first_param + 2);
}

/* SQL: the SHA-256 by which a text is known. */
char *
pvext_redact_digest(const char *column)
{
	return psprintf("sha256(convert_to(CAST(%s AS text), getdatabaseencoding()))", column);
}

/* SQL: there is no text, or it has been looked at before. */
static char *
known_sql(const PvextStrategy *s, int first_param)
{
	return psprintf("%s IS NULL OR coalesce(%s = ANY (CAST($%d AS bytea[])), false)",
					column_sql(s), pvext_redact_digest(column_sql(s)), first_param + 1);
}

/* SQL: cast to the column's type; a text has been cut to its length before. */
static char *
cast_sql(const PvextStrategy *s, const char *sql)
{
	return psprintf("CAST(%s AS %s)", sql, pvext_type_name(s->type, s->typmod));
}

/* The text without the values. */
char *
pvext_redact_value(const PvextStrategy *s, int first_param)
{
	return psprintf("CASE WHEN %s THEN %s ELSE %s END", known_sql(s, first_param), column_sql(s),
					cast_sql(s, call_sql(s, "redact", values_param(first_param),
										 whole_param(first_param))));
}

/* It holds none of them; never NULL. */
char *
pvext_redact_test(const PvextStrategy *s, int first_param)
{
	return psprintf("(%s OR NOT %s)", known_sql(s, first_param),
					call_sql(s, "holds", values_param(first_param), whole_param(first_param)));
}

/* A call of pv.redact_of() or pv.holds_of(): texts of many are parameter param, keys is SQL. */
static char *
call_of_sql(const PvextStrategy *s, const char *what, int param, const char *keys)
{
	return psprintf("pv.%s_of(CAST(%s AS text), $%d, %s)", what, column_sql(s), param, keys);
}

/* The text without the values of those subjects, of many, whose keys these are. */
char *
pvext_redact_value_of(const PvextStrategy *s, int param, const char *keys)
{
	return psprintf("CASE WHEN %s IS NULL THEN %s ELSE %s END", column_sql(s), column_sql(s),
					cast_sql(s, call_of_sql(s, "redact", param, keys)));
}

/* It holds none of theirs; never NULL. */
char *
pvext_redact_test_of(const PvextStrategy *s, int param, const char *keys)
{
	return psprintf("(%s IS NULL OR NOT %s)", column_sql(s), call_of_sql(s, "holds", param, keys));
}

/* What is left of a text that goes as a whole. */
char *
pvext_redact_whole(const PvextStrategy *s)
{
	return psprintf("CASE WHEN %s IS NULL THEN %s ELSE %s END", column_sql(s), column_sql(s),
					cast_sql(s, call_sql(s, "redact", "NULL", "true")));
}

/* There is no text, or it has gone as a whole. */
char *
pvext_redact_gone(const PvextStrategy *s)
{
	return psprintf("%s IS NULL OR NOT %s", column_sql(s), call_sql(s, "holds", "NULL", "true"));
}

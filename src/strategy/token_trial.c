/*
 * token_trial.c
 *		Trying whether tokens differ where what is computed from them is unique.
 *
 * A unique index over lower(email) takes any token; one over left(email, 8) would see the
 * prefix that they have in common.  So each digit of a token is put through all its values,
 * and what the index is over must come out as often: of all digits where they are a serial
 * number's, else of as many as chance needs.  What has no digits of its own, such as a number,
 * is tried with a thousand tokens.  And tokens must be known again.  Called by trial.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/expression.h"
#include "base/result.h"
#include "base/type.h"
#include "lib/stringinfo.h"
#include "strategy/replacement.h"
#include "strategy/token.h"
#include "strategy/token_trial.h"
#include "utils/builtins.h"

#define TOKENS 1000
#define ROWS 3
#define FEW UINT64CONST(10000000)
#define SAMPLE INT64CONST(6364136223846793005)
#define RANDOM_BITS 60			/* with less, chance could repeat itself */

/*
 * The serial of the i-th token to try.  One after the other they would spread so evenly over
 * their first digits that few of these seemed enough; of few tokens all the digits count.
 */
static int64
serial(const PvextToken *token, int i)
{
	if (token->room < FEW)
		return i;
	return (int64) (((uint64) SAMPLE * i) >> 16);
}

/* SQL: tokens as rows of one list each: those that differ in one digit, for each digit. */
static char *
changed_digits(const PvextToken *token)
{
	int			base = strlen(token->alphabet);
	char	   *digits = palloc0(token->digits + 1);
	StringInfoData buf;

	for (int i = 0; i < token->digits; i++)
		digits[i] = token->alphabet[((uint64) SAMPLE >> i) % base];
	initStringInfo(&buf);
	for (int i = 0; i < token->digits; i++)
	{
		char		as_it_was = digits[i];

		appendStringInfo(&buf, "%s(CAST(ARRAY[", i == 0 ? "VALUES " : ", ");
		for (int k = 0; k < base; k++)
		{
			digits[i] = token->alphabet[k];
			appendStringInfo(&buf, "%s%s", k == 0 ? "" : ", ",
							 quote_literal_cstr(psprintf("%s%s%s", token->prefix, digits, token->suffix)));
		}
		appendStringInfoString(&buf, "] AS text[]))");
		digits[i] = as_it_was;
	}
	return buf.data;
}

/* SQL: tokens that are no digits between a prefix and a suffix, as one row with their list. */
static char *
some_tokens(const PvextStrategy *s, const PvextToken *token)
{
	int			n = token->room > 0 ? Min(token->room, TOKENS) : TOKENS;
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 1; i <= n; i++)
		appendStringInfo(&buf, "%s%s", i == 1 ? "" : ", ",
						 quote_literal_cstr(pvext_make_value(s, psprintf("sample %d", i), serial(token, i))));
	return psprintf("VALUES (CAST(ARRAY[%s] AS text[]))", buf.data);
}

/* A FROM item: lists of tokens of the strategy, t; those of one list must not collide. */
static char *
token_lists(const PvextStrategy *s, const PvextToken *token)
{
	char	   *rows;

	if (token->form == PVEXT_TOKEN_TEXT)
		rows = changed_digits(token);
	else if (s->made_in_c)
		rows = some_tokens(s, token);
	else
		rows = psprintf("SELECT array_agg(CAST(%s AS text)) FROM generate_series(1, %d)",
						pvext_token_sql(token), TOKENS);
	return psprintf("(%s) AS pvext_lists (t)", rows);
}

/* SQL: does what is lost, of n values of a list that became d, make tokens collide? */
static const char *
lost_too_much(const PvextToken *token)
{
	if (token->form != PVEXT_TOKEN_TEXT || token->room > 0)
		return "coalesce(bool_or(d < n), false)";
	return psprintf("coalesce(sum(log(2, CAST(n AS numeric) / d)) > %d, false)",
					token->digits * 4 - RANDOM_BITS);
}

/* SQL: the parts of a list, between them what joins them. */
static char *
joined(List *parts, const char *separator)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, parts)
		appendStringInfo(&buf, "%s%s", lc == list_head(parts) ? "" : separator,
						 (char *) lfirst(lc));
	return buf.data;
}

/* The query: do tokens in one row of the table, or in one that is NULL otherwise, collide? */
static char *
collision_sql(const PvextFit *fit, const PvextStrategy *s, PvextDistinct *distinct,
			  const PvextToken *token, int row)
{
	List	   *conditions = list_copy(distinct->conditions);
	char	   *from;

	from = psprintf("(SELECT) AS pvext_one LEFT JOIN (SELECT * FROM %s OFFSET %d LIMIT 1) AS %s ON true,"
					" unnest(pvext_lists.t) AS pvext_tokens (t)",
					fit->table, row, PVEXT_ROW);
	from = pvext_replaced_rows(fit, from, list_make1(fit->column),
							   psprintf("CAST(pvext_tokens.t AS %s)",
										pvext_type_name(s->type, s->typmod)));
	if (fit->generated != NIL)
		from = pvext_replaced_rows(fit, psprintf("(SELECT %s.* FROM %s) AS %s", PVEXT_ROW, from, PVEXT_ROW),
								   fit->generated, NULL);
	if (!distinct->nulls_collide)
		conditions = lappend(conditions, psprintf("num_nulls(%s) = 0", joined(distinct->computed, ", ")));
	return psprintf("SELECT %s FROM %s, LATERAL (SELECT count(*) AS n, count(DISTINCT ROW(%s)) AS d"
					" FROM %s%s%s) AS pvext_found WHERE n > 0",
					lost_too_much(token), token_lists(s, token), joined(distinct->keys, ", "), from,
					conditions == NIL ? "" : " WHERE ", joined(conditions, " AND "));
}

/*
 * Is a token, as the type writes it, known as one?  Of a type that is no string it could be
 * written in another way than its format.
 */
static bool
is_recognised(const PvextFit *fit, const PvextStrategy *s, const PvextToken *token,
			  PvextFailure *failure)
{
	char	   *sql = psprintf("SELECT bool_and(%s) FROM (SELECT CAST(pvext_tokens.t AS %s) AS %s"
							   " FROM %s, unnest(pvext_lists.t) AS pvext_tokens (t)) AS %s",
							   pvext_strategy_test(s, 1), pvext_type_name(s->type, s->typmod),
							   quote_identifier(s->column), token_lists(s, token), PVEXT_ROW);

	if (!pvext_try_query(fit, sql, failure))
		return false;
	return pvext_bool(0, 1) ||
		pvext_fail(failure, ERRCODE_INVALID_PARAMETER_VALUE,
				   "The type writes tokens in another way than the format.");
}

/*
 * Do tokens differ in all unique indexes over what is computed from the column?  False
 * with the reason where they don't.  Between pvext_enter() and pvext_leave().
 */
bool
pvext_try_tokens(const PvextFit *fit, const PvextStrategy *s, PvextFailure *failure)
{
	bool		written = s->argument && !pvext_is_text(fit->type);
	PvextToken	token;
	ListCell   *lc;

	if (fit->distinct == NIL && !written)
		return true;
	(void) pvext_init_token(&token, fit->type, fit->typmod, s->argument, s->kind == PVEXT_PSEUDONYM);
	if (written && !is_recognised(fit, s, &token, failure))
		return false;
	foreach(lc, fit->distinct)
	{
		PvextDistinct *distinct = lfirst(lc);

		for (int row = 0; row < ROWS; row++)
		{
			if (!pvext_try_query(fit, collision_sql(fit, s, distinct, &token, row), failure))
				return false;
			if (pvext_bool(0, 1))
				return pvext_fail(failure, ERRCODE_UNIQUE_VIOLATION,
								  psprintf("Tokens would collide in unique index \"%s\", which is over a part of them.",
										   distinct->index));
		}
	}
	return true;
}

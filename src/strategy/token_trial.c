/*
 * token_trial.c
 *		Trying whether tokens differ where what is computed from them is unique.
 *
 * A unique index over lower(email) takes any token; one over left(email, 8) would see the
 * prefix that they have in common.  So a thousand of them are put into a row, and what the
 * index is over must come out as often.  And tokens must be known again.  Called by trial.c.
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
#define PSEUDONYMS 100			/* which are drawn by chance */
#define ROWS 3
#define FEW UINT64CONST(10000000)

/*
 * The serial of the i-th token to try.  One after the other they would spread so evenly over
 * their first digits that few of these seemed enough; of few tokens all the digits count.
 */
static int64
serial(const PvextToken *token, int i)
{
	if (token->room < FEW)
		return i;
	return (int64) ((UINT64CONST(6364136223846793005) * i) >> 16);
}

/* A FROM item: tokens of the strategy, one a row. */
static char *
token_rows(const PvextFit *fit, const PvextStrategy *s)
{
	int			n = s->kind == PVEXT_TOKEN ? TOKENS : PSEUDONYMS;
	PvextToken	token;
	StringInfoData buf;

	(void) pvext_init_token(&token, fit->type, fit->typmod, s->argument,
							s->kind == PVEXT_PSEUDONYM);
	if (!s->made_in_c)
		return psprintf("(SELECT %s AS t FROM generate_series(1, %d)) AS pvext_tokens",
						pvext_token_sql(&token), n);
	if (token.room > 0 && token.room < n)
		n = token.room;
	initStringInfo(&buf);
	for (int i = 1; i <= n; i++)
		appendStringInfo(&buf, "%s%s", i == 1 ? "" : ", ",
						 quote_literal_cstr(pvext_make_value(s, psprintf("sample %d", i), serial(&token, i))));
	return psprintf("unnest(CAST(ARRAY[%s] AS text[])) AS pvext_tokens (t)", buf.data);
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
			  const char *tokens, int row)
{
	List	   *conditions = list_copy(distinct->conditions);
	char	   *from;

	from = psprintf("(SELECT) AS pvext_one LEFT JOIN (SELECT * FROM %s OFFSET %d LIMIT 1) AS %s ON true, %s",
					fit->table, row, PVEXT_ROW, tokens);
	from = pvext_replaced_rows(fit, from, list_make1(fit->column),
							   psprintf("CAST(pvext_tokens.t AS %s)",
										pvext_type_name(s->type, s->typmod)));
	if (fit->generated != NIL)
		from = pvext_replaced_rows(fit, psprintf("(SELECT %s.* FROM %s) AS %s", PVEXT_ROW, from, PVEXT_ROW),
								   fit->generated, NULL);
	if (!distinct->nulls_collide)
		conditions = lappend(conditions, psprintf("num_nulls(%s) = 0", joined(distinct->computed, ", ")));
	return psprintf("SELECT count(*) > count(DISTINCT ROW(%s)) FROM %s%s%s",
					joined(distinct->keys, ", "), from, conditions == NIL ? "" : " WHERE ",
					joined(conditions, " AND "));
}

/*
 * Is a token, as the type writes it, known as one?  Of a type that is no string it could be
 * written in another way than its format.
 */
static bool
is_recognised(const PvextFit *fit, const PvextStrategy *s, const char *tokens,
			  PvextFailure *failure)
{
	char	   *sql = psprintf("SELECT bool_and(%s) FROM (SELECT CAST(t AS %s) AS %s FROM %s) AS %s",
							   pvext_strategy_test(s, 1), pvext_type_name(s->type, s->typmod),
							   quote_identifier(s->column), tokens, PVEXT_ROW);

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
	char	   *tokens = fit->distinct == NIL && !written ? NULL : token_rows(fit, s);
	ListCell   *lc;

	if (written && !is_recognised(fit, s, tokens, failure))
		return false;
	foreach(lc, fit->distinct)
	{
		PvextDistinct *distinct = lfirst(lc);

		for (int row = 0; row < ROWS; row++)
		{
			if (!pvext_try_query(fit, collision_sql(fit, s, distinct, tokens, row), failure))
				return false;
			if (pvext_bool(0, 1))
				return pvext_fail(failure, ERRCODE_UNIQUE_VIOLATION,
								  psprintf("Tokens would collide in unique index \"%s\", which is over a part of them.",
										   distinct->index));
		}
	}
	return true;
}

/*
 * condition.c
 *		When a row's value is to go, as SQL.
 *
 * A plan's statements decide row by row: a column's value goes where the row belongs to the
 * subject (row_set.c), the value is not replaced yet, no mandatory retention rule keeps it,
 * and nobody who is held shares it.  In each of them the row is called r.
 */
#include "postgres.h"
#include "base/message.h"

#include "plan/condition.h"
#include "plan/row_set.h"
#include "strategy/free_text.h"
#include "strategy/replacement.h"

/*
 * Add the parameters that the column's strategy takes, and return the number
 * of the first.  Those of redact stand one after the other.
 */
static int
target_params(PvextTarget *target, PvextSql *sql, bool value)
{
	PvextPlan  *plan = target->plan;
	int			n = pvext_strategy_params(&target->column->strategy);

	if (n == 3)
	{
		for (int i = 0; i + 2 < list_length(sql->params); i++)
			if (list_nth(sql->params, i + 1) == &target->known)
				return i + 1;
		sql->params = lappend(sql->params, target->all_goes.isnull ? &plan->values : &target->no_values);
		sql->params = lappend(sql->params, &target->known);
		sql->params = lappend(sql->params, target->all_goes.isnull ? &plan->whole : &target->all_goes);
		return list_length(sql->params) - 2;
	}
	if (n == 1 && value)
		return pvext_sql_param(sql, &target->made);
	return 0;
}

/* Is it a text that each of many subjects is taken out of? */
static bool
is_of_many(PvextTarget *target)
{
	return target->plan->together && target->column->strategy.kind == PVEXT_REDACT;
}

/* SQL: the column's test, its parameters added to the statement's. */
static char *
target_test(PvextTarget *target, PvextSql *sql)
{
	if (is_of_many(target))
		return pvext_redact_test_of(&target->column->strategy, pvext_sql_param(sql, &target->texts),
									target->whose);
	return pvext_strategy_test(&target->column->strategy,
							   target_params(target, sql, false));
}

/* SQL: what the column's value becomes, its parameters added to the statement's. */
char *
pvext_target_value(PvextTarget *target, PvextSql *sql)
{
	if (is_of_many(target))
		return pvext_redact_value_of(&target->column->strategy, pvext_sql_param(sql, &target->texts),
									 target->whose);
	return pvext_strategy_value(&target->column->strategy, target_params(target, sql, true));
}

/* SQL: row r is about somebody who is held; never NULL. */
void
pvext_append_others(PvextSql *sql, List *others)
{
	ListCell   *lc;

	appendStringInfoString(&sql->text, "((");
	foreach(lc, others)
	{
		PvextOther *other = lfirst(lc);

		appendStringInfoString(&sql->text, lc == list_head(others) ? "" : " OR ");
		pvext_append_match(other->held, sql, other->set);
	}
	appendStringInfoString(&sql->text, ") IS TRUE)");
}

/* SQL: the column's value has not been replaced. */
void
pvext_append_test(PvextSql *sql, PvextTarget *target)
{
	appendStringInfo(&sql->text, "NOT (%s)", target_test(target, sql));
}

/* Does the row say whether the column's value is kept? */
bool
pvext_is_kept_by_row(PvextTarget *target)
{
	return target->until != NULL || target->others != NIL;
}

/*
 * SQL, after what the row is: it may go, as its retention has ended and nobody else whom
 * it is about is held; with held, that one of them keeps it.  Nothing where that is said
 * for all rows.
 */
void
pvext_append_kept(PvextSql *sql, const char *until, List *others, bool held)
{
	if (until == NULL && others == NIL)
		return;
	appendStringInfoString(&sql->text, held ? " AND (" : " AND ");
	if (until)
		appendStringInfo(&sql->text, "%s %s now()", until, held ? ">" : "<=");
	if (until && others)
		appendStringInfoString(&sql->text, held ? " OR " : " AND ");
	if (others)
	{
		appendStringInfoString(&sql->text, held ? "" : "NOT ");
		pvext_append_others(sql, others);
	}
	appendStringInfoString(&sql->text, held ? ")" : "");
}

/*
 * SQL: the column's value is to go, given that the row belongs.  With held,
 * that it is still there but kept or blocked.
 */
void
pvext_append_need(PvextSql *sql, PvextTarget *target, bool held)
{
	pvext_append_test(sql, target);
	if (!target->blocked)
		pvext_append_kept(sql, target->until, target->others, held);
}

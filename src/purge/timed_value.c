/*
 * timed_value.c
 *		What clocks read goes after what they time.
 *
 * A purge takes the values of a table by the rules about them.  Of these some are read by the
 * clocks of rules, of the same table or of others: without them what is timed would never
 * be due, and be kept for ever.  They wait until it has gone, and take nothing else of
 * their row with them into that.  What a rule's condition reads waits even where that is
 * false: without it nobody would know any more that the rule does not hold.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/expression.h"
#include "catalog/pg_type.h"
#include "purge/timed_value.h"
#include "rule/clock_row.h"
#include "rule/rule.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* Does the first rule keep longer than the second? */
static bool
keeps_longer(PvextRule *a, PvextRule *b)
{
	Datum		spans[2];
	PvextRule  *rules[2] = {a, b};

	for (int i = 0; i < 2; i++)
		spans[i] = DirectFunctionCall3(interval_in, CStringGetDatum(rules[i]->keep),
									   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return DatumGetBool(DirectFunctionCall2(interval_gt, spans[0], spans[1]));
}

/* For list_sort(): what keeps longer first, and of two that keep as long the first declared. */
static int
longer_first(const ListCell *a, const ListCell *b)
{
	if (keeps_longer(lfirst(a), lfirst(b)))
		return -1;
	if (keeps_longer(lfirst(b), lfirst(a)))
		return 1;
	return strcmp(((PvextRule *) lfirst(a))->name, ((PvextRule *) lfirst(b))->name);
}

/*
 * The rules in whose name something goes: those that are active, and do it, the one that
 * keeps longest first, up to one that holds for every row.  as_if, or NULL, counts as active.
 */
List *
pvext_rules_that_take(List *rules, bool removes, PvextRule *as_if)
{
	List	   *takers = NIL;
	ListCell   *lc;

	foreach(lc, rules)
	{
		PvextRule  *rule = lfirst(lc);

		if ((rule->active || rule == as_if) && rule->removes == removes)
			takers = lappend(takers, rule);
	}
	list_sort(takers, longer_first);
	foreach(lc, takers)
		if (((PvextRule *) lfirst(lc))->condition == NULL)
			return list_truncate(takers, foreach_current_index(lc) + 1);
	return takers;
}

/* SQL: both conditions, either of which may be NULL. */
char *
pvext_both_sql(char *a, char *b)
{
	return a && b ? psprintf("(%s) AND (%s)", a, b) : a ? a : b;
}

/* Is the column read by the clock of a rule that takes the rows?  It goes with them. */
bool
pvext_goes_with_rows(PvextTable *table, PvextColumn *column, PvextRule *as_if)
{
	ListCell   *lc;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (rule->removes && (rule->active || rule == as_if) && rule->condition == NULL &&
			pvext_clock_reads(table, rule, table, column->name))
			return true;
	}
	return false;
}

/* Is the column one that the rule is about, and of which SQL can say that it has gone? */
static bool
is_timed(PvextTable *table, PvextColumn *column, PvextRule *rule)
{
	return !column->missing && !column->follows && column->strategy.kind != PVEXT_REDACT &&
		list_member_ptr(pvext_rules_about(table, column->name), rule);
}

/* Does one of these read one of the columns? */
static bool
reads_any(PvextTable *table, PvextRule *rule, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
		if (pvext_clock_reads(table, rule, table, ((PvextColumn *) lfirst(lc))->name))
			return true;
	return false;
}

/* The same of the condition alone. */
static bool
condition_reads_any(PvextRule *rule, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
		if (pvext_mentions(rule->condition, ((PvextColumn *) lfirst(lc))->name))
			return true;
	return false;
}

/* Does it make a difference to a column that the rule does not hold: is there a request that it stops, or a purge? */
static bool
is_decided(PvextTable *table, PvextColumn *column, PvextRule *rule)
{
	return rule->mandatory || pvext_rules_that_take(pvext_rules_about(table, column->name), false, NULL) != NIL;
}

/*
 * SQL over r: what the rule times but these columns has gone; with decided, as far as it
 * makes a difference.  NULL where there is nothing.
 */
static char *
rest_is_gone(PvextTable *table, PvextRule *rule, List *columns, bool decided)
{
	char	   *gone = NULL;
	ListCell   *lc;

	foreach(lc, table->columns)
		if (!list_member_ptr(columns, lfirst(lc)) && is_timed(table, lfirst(lc), rule) &&
			(!decided || is_decided(table, lfirst(lc), rule)))
			gone = pvext_both_sql(gone, pvext_strategy_test(&((PvextColumn *) lfirst(lc))->strategy, 0));
	return gone;
}

/*
 * SQL over r: what else the clocks of rules that read the columns keep has gone, for
 * without the clock it would never be due.  Of texts that cannot be said.  NULL where
 * there is nothing to wait for.
 */
char *
pvext_timed_is_gone(PvextTable *table, List *columns)
{
	char	   *sql = NULL;
	ListCell   *lc;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);
		char	   *gone = reads_any(table, rule, columns) ? rest_is_gone(table, rule, columns, false) : NULL;
		char	   *free = rule->condition ? psprintf("(%s) IS FALSE", rule->condition) : NULL;

		if (gone && free && condition_reads_any(rule, columns))
			free = pvext_both_sql(free, rest_is_gone(table, rule, columns, true));
		if (gone)
			sql = pvext_both_sql(sql, free ? psprintf("(%s) OR (%s)", free, gone) : gone);
	}
	return sql;
}

/* Does a rule's clock read the column, of this table or, for what it purges, of another? */
bool
pvext_is_read_by_clock(PvextMap *map, PvextTable *table, PvextColumn *column)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->rules)
			if ((lfirst(lc) == table || ((PvextRule *) lfirst(cell))->active) &&
				pvext_clock_reads(lfirst(lc), lfirst(cell), table, column->name))
				return true;
	return false;
}

/* SQL over r: something of the row that a rule is about, of a table of its own, is still there. */
static char *
any_left_sql(PvextTable *table, PvextRule *rule)
{
	StringInfoData buf;
	ListCell   *lc;

	if (rule->removes)
		return "true";			/* the row is */
	initStringInfo(&buf);
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (is_timed(table, column, rule) &&
			pvext_rules_that_take(pvext_rules_about(table, column->name), false, NULL) != NIL)
			appendStringInfo(&buf, "%sNOT (%s)", buf.len > 0 ? " OR " : "",
							 pvext_strategy_test(&column->strategy, 0));
	}
	return buf.len > 0 ? buf.data : NULL;
}

/*
 * SQL over r: something that a rule of the table times is still there, of a row that it holds
 * for; NULL: it takes nothing.
 */
static char *
any_timed_sql(PvextTable *table, PvextRule *rule)
{
	char	   *left = any_left_sql(table, rule);

	return left ? pvext_both_sql(left, pvext_rule_holds(table, rule)) : NULL;
}

/* Does the rule's clock read what is to go: one of the columns or, where rows go, a row on its way? */
static bool
is_read_by(PvextTable *of, List *columns, PvextTable *table, PvextRule *rule)
{
	ListCell   *lc;

	if (columns == NIL)
		return pvext_clock_goes_by(table, rule, of);
	foreach(lc, columns)
		if (rule->over == of &&
			pvext_clock_reads(table, rule, of, ((PvextColumn *) lfirst(lc))->name))
			return true;
	return false;
}

/*
 * SQL over r: no row that this one is the clock of, or holds the clock of, has anything
 * left that it times: it would be kept for ever.  NULL where that cannot be.
 */
char *
pvext_timed_elsewhere_is_gone(PvextMap *map, PvextTable *of, List *columns)
{
	char	   *sql = NULL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);

		foreach(cell, ((PvextTable *) lfirst(lc))->rules)
		{
			PvextRule  *rule = lfirst(cell);
			char	   *left;

			if (!rule->active || table == of || !is_read_by(of, columns, table, rule))
				continue;
			left = any_timed_sql(table, rule);
			if (left)
				sql = pvext_both_sql(sql, psprintf("NOT EXISTS (SELECT FROM %s AND (%s))",
											 pvext_timed_rows(table, rule, of), left));
		}
	}
	return sql;
}

/*
 * SQL over r: no rule that takes rows and reads the columns for it may take this one: they
 * would go with it.  NULL where there is none.
 */
char *
pvext_stays_without_row(PvextTable *table, List *columns)
{
	char	   *sql = NULL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);
		bool		is_read = false;

		foreach(cell, columns)
			is_read = is_read || pvext_clock_reads(table, rule, table, ((PvextColumn *) lfirst(cell))->name);
		if (rule->removes && rule->active && rule->condition && is_read)
			sql = pvext_both_sql(sql, psprintf("(%s) IS FALSE", rule->condition));
	}
	return sql;
}

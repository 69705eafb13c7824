/*
 * rule.c
 *		What retention rules and blockers say of columns and rows.
 *
 * Until when a rule keeps something is SQL over the row: each statement decides anew.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/expression.h"
#include "rule/clock_row.h"
#include "rule/rule.h"
#include "utils/builtins.h"

/* SQL: the end of a period that begins at a local time, NULL if that is. */
static char *
end_sql(PvextRule *rule, const char *clock)
{
	return psprintf("timezone(%s, %s + CAST(%s AS interval))",
					quote_literal_cstr(rule->time_zone), clock,
					quote_literal_cstr(rule->keep));
}

/*
 * SQL over row r of the table: when the rule's time is over, a timestamptz that is
 * NULL where neither clock has a moment.  Raises where the rule may no longer run
 * as the owner.
 */
static char *
rule_end(PvextTable *table, PvextRule *rule)
{
	char	   *after = rule->after;

	pvext_check_bound_owner(table, rule->owner,
							psprintf("retention rule \"%s\"", rule->name));
	if (rule->over)
	{
		pvext_check_way(table, rule);
		after = psprintf("(SELECT %s FROM %s)", after, pvext_clock_rows(table, rule));
	}
	if (rule->otherwise == NULL)
		return end_sql(rule, after);
	return psprintf("coalesce(%s, %s)", end_sql(rule, after), end_sql(rule, rule->otherwise));
}

/*
 * The same, but never NULL: for ever where there is no moment, and for no time where the
 * rule does not hold for the row.  What is not known keeps.
 */
char *
pvext_rule_until(PvextTable *table, PvextRule *rule)
{
	char	   *until = psprintf("coalesce(%s, CAST('infinity' AS timestamptz))",
								 rule_end(table, rule));

	if (rule->condition == NULL)
		return until;
	return psprintf("CASE WHEN (%s) IS FALSE THEN CAST('-infinity' AS timestamptz) ELSE %s END",
					rule->condition, until);
}

/*
 * Does the clock go up to one row at most, and say nothing where there is none?  What it
 * says can then be asked of the rows up there, for all of them at once.
 */
static bool
is_asked_up_there(PvextTable *table, PvextRule *rule)
{
	if (rule->through == NULL || !pvext_has_one_clock(table, rule))
		return false;
	pvext_check_bound_owner(table, rule->owner, psprintf("retention rule \"%s\"", rule->name));
	pvext_check_way(table, rule);
	return pvext_run(table->owner, psprintf("SELECT FROM (SELECT %s AS c FROM %s AS r WHERE false) AS x"
											" WHERE x.c IS NOT NULL", rule->after, rule->over->sql_name),
					 NULL) == 0;
}

/* SQL over row r: the clock, which is asked up there, has no moment. */
static char *
no_moment_sql(PvextTable *table, PvextRule *rule)
{
	return psprintf("NOT %s", pvext_at_clock(table, rule, psprintf("%s IS NOT NULL", pvext_clock_of_top(table, rule))));
}

/* SQL over row r, true exactly where the rule's time is over or the rule does not hold. */
char *
pvext_rule_ended(PvextTable *table, PvextRule *rule)
{
	char	   *ended;

	if (!is_asked_up_there(table, rule))
		return psprintf("%s <= now()", pvext_rule_until(table, rule));
	ended = pvext_at_clock(table, rule, psprintf("%s <= now()", end_sql(rule, pvext_clock_of_top(table, rule))));
	if (rule->otherwise)
		ended = psprintf("(%s OR (%s AND %s <= now()))", ended, no_moment_sql(table, rule),
						 end_sql(rule, rule->otherwise));
	return rule->condition ? psprintf("((%s) IS FALSE OR %s)", rule->condition, ended) : ended;
}

/* SQL over row r, true exactly where neither of the rule's clocks has a moment. */
char *
pvext_rule_never_ends(PvextTable *table, PvextRule *rule)
{
	if (!is_asked_up_there(table, rule))
		return psprintf("%s IS NULL", rule_end(table, rule));
	if (rule->otherwise == NULL)
		return no_moment_sql(table, rule);
	return psprintf("%s AND %s IS NULL", no_moment_sql(table, rule), end_sql(rule, rule->otherwise));
}

/* SQL over row r: the rule is known to hold; NULL: it does for every row. */
char *
pvext_rule_holds(PvextTable *table, PvextRule *rule)
{
	if (rule->condition == NULL)
		return NULL;
	pvext_check_bound_owner(table, rule->owner, psprintf("retention rule \"%s\"", rule->name));
	return psprintf("(%s) IS TRUE", rule->condition);
}

/* Does the rule's clock, or what says for whom it holds, read the column of a table? */
bool
pvext_clock_reads(PvextTable *table, PvextRule *rule, PvextTable *of, const char *column)
{
	if (of == table && (pvext_mentions(rule->otherwise, column) ||
						pvext_mentions(rule->condition, column)))
		return true;
	return of == (rule->over ? rule->over : table) && pvext_mentions(rule->after, column);
}

/*
 * Does the clock of a mandatory rule read the column of a table?  It is then to
 * stay as long as what the rule keeps.
 */
bool
pvext_is_clock(PvextTable *table, PvextRule *rule, PvextTable *of, const char *column)
{
	return rule->mandatory && pvext_clock_reads(table, rule, of, column);
}

/*
 * Has the rule a say in how long a column of its table stays, or where that is
 * NULL, a row?  One that only says when rows are to be deleted has none in what
 * becomes of their columns before.
 */
static bool
is_about(PvextTable *table, PvextRule *rule, const char *column)
{
	if (column == NULL || pvext_clock_reads(table, rule, table, column))
		return true;
	if (rule->columns == NIL)
		return rule->mandatory || !rule->removes;
	return pvext_has_name(rule->columns, column);
}

/* Does a mandatory rule keep the column, or where that is NULL, the row? */
static bool
covers(PvextTable *table, PvextRule *rule, const char *column)
{
	return rule->mandatory && is_about(table, rule, column);
}

/*
 * Is the column the clock by which another is kept that the rule, too, keeps?  It stays as
 * long as that one, which would have no end without it.
 */
static bool
covers_timed(PvextTable *table, PvextRule *rule, const char *column)
{
	ListCell   *lc;
	ListCell   *cell;

	if (column == NULL || !rule->mandatory)
		return false;
	foreach(lc, table->rules)
	{
		PvextRule  *other = lfirst(lc);

		if (other == rule || !pvext_is_clock(table, other, table, column))
			continue;
		foreach(cell, table->columns)
			if (covers(table, other, ((PvextColumn *) lfirst(cell))->name) &&
				covers(table, rule, ((PvextColumn *) lfirst(cell))->name))
				return true;
	}
	return false;
}

/*
 * All rules that have a say in how long a column of the table stays or, where it is
 * NULL, its rows: the worker takes it when the last of them has ended.
 */
List *
pvext_rules_about(PvextTable *table, const char *column)
{
	List	   *rules = NIL;
	ListCell   *lc;

	foreach(lc, table->rules)
		if (is_about(table, lfirst(lc), column))
			rules = lappend(rules, lfirst(lc));
	return rules;
}

/* SQL over row r: when the last of some rules of the table ends. */
char *
pvext_last_end(PvextTable *table, List *rules)
{
	StringInfoData ends;
	ListCell   *lc;

	initStringInfo(&ends);
	foreach(lc, rules)
		appendStringInfo(&ends, "%s%s", ends.len > 0 ? ", " : "",
						 pvext_rule_until(table, lfirst(lc)));
	return list_length(rules) == 1 ? ends.data : psprintf("GREATEST(%s)", ends.data);
}

/*
 * SQL over row r: until when mandatory rules keep the column (any column,
 * where it is NULL) against a request; the latest end wins.  NULL where none
 * does.  *basis says why.
 */
char *
pvext_retained_until(PvextTable *table, const char *column, char **basis)
{
	StringInfoData why;
	List	   *rules = NIL;
	ListCell   *lc;

	*basis = NULL;
	initStringInfo(&why);
	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (!covers(table, rule, column) && !covers_timed(table, rule, column))
			continue;
		rules = lappend(rules, rule);
		appendStringInfo(&why, "%s%s: %s", why.len > 0 ? "; " : "", rule->name, rule->basis);
	}
	if (rules == NIL)
	{
		pfree(why.data);
		return NULL;
	}
	*basis = why.data;
	return pvext_last_end(table, rules);
}

/* Have two lists of purposes one in common?  None stands for all. */
static bool
overlap(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (a == NIL || b == NIL)
		return true;
	foreach(x, a)
		foreach(y, b)
			if (strcmp(lfirst(x), lfirst(y)) == 0)
				return true;
	return false;
}

/* Does a blocker keep the column?  What rests on consent alone is a hold's only. */
bool
pvext_blocks_column(PvextBlocker *blocker, PvextColumn *column)
{
	return !column->consent_only && overlap(blocker->purposes, column->purposes);
}

/* Does a way up from the table end at the subject table? */
static bool
leads_to(PvextTable *table, PvextTable *subject, List *seen)
{
	ListCell   *lc;

	if (table == subject)
		return true;
	if (table->is_subject || list_member_ptr(seen, table))
		return false;
	seen = lappend(list_copy(seen), table);
	foreach(lc, table->links)
		if (leads_to(((PvextLink *) lfirst(lc))->parent, subject, seen))
			return true;
	return false;
}

/* The links, PvextLinks, by which rows of a table go with subjects of another. */
List *
pvext_links_that_delete(PvextTable *table, PvextTable *subject)
{
	List	   *links = NIL;
	ListCell   *lc;

	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (link->delete_rows && leads_to(link->parent, subject, NIL))
			links = lappend(links, link);
	}
	return links;
}

/*
 * Does a blocker keep whole rows of a table, which go with its subjects by the links?  It
 * does where it keeps any of their columns, or what one of the links says that they are
 * processed for; of that, too, what rests on consent alone is a hold's only.  Rows of which
 * nothing is said, and that have no column that is personal, belong to every purpose.
 */
bool
pvext_blocks_rows(PvextBlocker *blocker, PvextTable *table, List *links)
{
	bool		unsaid = links == NIL;
	bool		any = false;
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (column->missing)
			continue;
		if (pvext_blocks_column(blocker, column))
			return true;
		any = true;
	}
	foreach(lc, links)
	{
		PvextLink  *link = lfirst(lc);

		unsaid = unsaid || link->purposes == NIL;
		if (link->purposes != NIL && !link->consent_only && overlap(blocker->purposes, link->purposes))
			return true;
	}
	return unsaid && (blocker->purposes == NIL || !any);
}

/*
 * Why what serves these purposes, all of which rest on consent, is due for erasure without
 * a request: the last consent has ended.  NULL where that is not so.
 */
static char *
purposes_due(List *purposes, List *ended, List *in_force)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, purposes)
	{
		if (pvext_has_name(in_force, lfirst(lc)))
			return NULL;
		if (pvext_has_name(ended, lfirst(lc)))
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", (char *) lfirst(lc));
	}
	return names.len > 0 ? psprintf("consent has ended: %s", names.data) : NULL;
}

/*
 * The same of a column, where all its purposes rest on consent.  "ended" and "in_force" are
 * the purposes that the subject consented to once and does now.
 */
char *
pvext_consent_due(PvextColumn *column, List *ended, List *in_force)
{
	return column->consent_only ? purposes_due(column->purposes, ended, in_force) : NULL;
}

/* The same of rows of a table that go by the links. */
char *
pvext_rows_consent_due(PvextTable *table, List *links, List *ended, List *in_force)
{
	List	   *purposes = NIL;
	ListCell   *lc;

	foreach(lc, table->columns)
		if (!((PvextColumn *) lfirst(lc))->missing)
		{
			if (!((PvextColumn *) lfirst(lc))->consent_only)
				return NULL;
			purposes = list_concat(purposes, ((PvextColumn *) lfirst(lc))->purposes);
		}
	foreach(lc, links)
	{
		if (!((PvextLink *) lfirst(lc))->consent_only)
			return NULL;
		purposes = list_concat(purposes, ((PvextLink *) lfirst(lc))->purposes);
	}
	return purposes_due(purposes, ended, in_force);
}

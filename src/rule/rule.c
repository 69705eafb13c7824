/*
 * rule.c
 *		What retention rules and blockers say of columns and rows.
 *
 * Until when a rule keeps something is SQL over the row: each statement decides anew.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/expression.h"
#include "map/link_match.h"
#include "rule/rule.h"
#include "utils/builtins.h"

/*
 * Raise unless a rule's table and the one that its clock is over have the same owner: one
 * statement reads both, and runs as one role.
 */
static void
check_over(PvextTable *table, PvextTable *over)
{
	if (!pvext_same_owner(over, table))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s and what links it to %s have different owners",
						over->sql_name, table->sql_name),
				 errhint("A rule can only be over tables of one owner: give them one, or keep the moment in a column of %s.",
						 table->sql_name)));
}

/* SQL: the end of a period that begins at a local time, NULL if that is. */
static char *
end_sql(PvextRule *rule, const char *clock)
{
	return psprintf("timezone(%s, %s + CAST(%s AS interval))",
					quote_literal_cstr(rule->time_zone), clock,
					quote_literal_cstr(rule->keep));
}

/*
 * SQL over row r of the table: until when the rule keeps it, a timestamptz
 * that is never NULL.  Raises where the rule may no longer run as the owner.
 */
char *
pvext_rule_until(PvextTable *table, PvextRule *rule)
{
	StringInfoData buf;
	char	   *after = rule->after;

	pvext_check_bound_owner(table, rule->owner,
							psprintf("retention rule \"%s\"", rule->name));
	if (rule->over)
	{
		check_over(table, rule->over);

		/* The first r is the statement's row: FROM doesn't see what follows. */
		after = psprintf("(SELECT %s FROM (SELECT r.*) AS o, %s AS r WHERE %s)",
						 after, rule->over->sql_name,
						 pvext_belongs_sql(rule->over, table));
	}
	initStringInfo(&buf);
	appendStringInfo(&buf, "coalesce(%s, ", end_sql(rule, after));
	if (rule->otherwise)
		appendStringInfo(&buf, "%s, ", end_sql(rule, rule->otherwise));
	appendStringInfoString(&buf, "CAST('infinity' AS timestamptz))");
	return buf.data;
}

/* Does the rule's clock read the column of a table? */
bool
pvext_clock_reads(PvextTable *table, PvextRule *rule, PvextTable *of, const char *column)
{
	if (of == table && pvext_mentions(rule->otherwise, column))
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

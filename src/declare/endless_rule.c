/*
 * endless_rule.c
 *		What retention rules keep for ever, or not at all.
 *
 * A clock that has no moment has not begun: what it times stays until it gets one.  Of a
 * customer who is still there that is meant; of one who never bought, of a contact
 * of nobody, of a row whose parent was deleted it is not, and nothing else tells.  Who means
 * it says so, by another clock: "otherwise" may be infinity.
 *
 * And where all rules about something hold under conditions, rows that meet none of
 * them are promised nothing.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/guc.h"
#include "base/result.h"
#include "base/time_limit.h"
#include "code/failed_code.h"
#include "declare/endless_rule.h"
#include "miscadmin.h"
#include "purge/due.h"
#include "rule/rule.h"
#include "strategy/replacement.h"

/* The rows of a table that are counted, as pvext_catch_in_time()'s argument. */
typedef struct Endless
{
	PvextTable *table;
	List	   *rules;			/* PvextRule: by each of which rows are kept for ever */
	int64	   *kept;			/* as rules: how many */
	int64		left_out;		/* rows for which no rule holds */
} Endless;

/* SQL over r: there is something personal left in the column. */
static char *
value_sql(PvextColumn *column)
{
	return psprintf("NOT (%s)", column->strategy.kind == PVEXT_REDACT ? pvext_text_is_gone(column) :
					pvext_strategy_test(&column->strategy, 0));
}

/* SQL over r: something personal is left of what the rule is about; what it deletes need not be. */
static char *
timed_sql(PvextTable *table, PvextRule *rule)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (!column->missing && !column->follows &&
			(rule->removes || list_member_ptr(pvext_rules_about(table, column->name), rule)))
			appendStringInfo(&sql, "%s%s", sql.len > 0 ? " OR " : "", value_sql(column));
	}
	return sql.len > 0 ? psprintf("(%s)", sql.data) : rule->removes ? "true" : "false";
}

/* SQL over r: none of the rules is known to hold; NULL where one holds for all rows, or there is none. */
static char *
none_holds_sql(PvextTable *table, List *rules)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, rules)
	{
		char	   *holds = pvext_rule_holds(table, lfirst(lc));

		if (holds == NULL)
			return NULL;
		appendStringInfo(&sql, "%sNOT (%s)", sql.len > 0 ? " AND " : "", holds);
	}
	return sql.len > 0 ? sql.data : NULL;
}

/* The rules by which a column goes, or would: those that are about it, and those that take the row. */
static List *
rules_that_end(PvextTable *table, PvextColumn *column)
{
	List	   *rules = column ? pvext_rules_about(table, column->name) : NIL;
	ListCell   *lc;

	foreach(lc, table->rules)
		if (((PvextRule *) lfirst(lc))->removes)
			rules = list_append_unique_ptr(rules, lfirst(lc));
	return rules;
}

/* SQL over r: there is something that rules are about, while none of them holds; NULL: never. */
static char *
left_out_sql(PvextTable *table)
{
	StringInfoData sql;
	ListCell   *lc;

	if (table->columns == NIL)
		return none_holds_sql(table, rules_that_end(table, NULL));
	initStringInfo(&sql);
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);
		char	   *none = column->missing || column->follows ? NULL :
			none_holds_sql(table, rules_that_end(table, column));

		if (none)
			appendStringInfo(&sql, "%s(%s AND %s)", sql.len > 0 ? " OR " : "", value_sql(column), none);
	}
	return sql.len > 0 ? sql.data : NULL;
}

/* For pvext_catch_in_time(): one reading of the table. */
static void
count_rows(void *arg)
{
	Endless    *endless = arg;
	PvextTable *table = endless->table;
	char	   *left_out = left_out_sql(table);
	StringInfoData sql;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&sql);
	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		endless->rules = lappend(endless->rules, rule);
		appendStringInfo(&sql, "count(*) FILTER (WHERE %s%s%s AND %s), ", timed_sql(table, rule),
						 rule->condition ? " AND " : "",
						 rule->condition ? psprintf("(%s) IS NOT FALSE", rule->condition) : "",
						 pvext_rule_never_ends(table, rule));
	}
	(void) pvext_run(table->owner, psprintf("SELECT %scount(*) FILTER (WHERE %s) FROM %s AS r", sql.data,
											left_out ? left_out : "false", table->sql_name), NULL);
	endless->kept = palloc0(sizeof(int64) * list_length(endless->rules));
	foreach(lc, endless->rules)
	{
		endless->kept[n] = pvext_int(0, n + 1);
		n++;
	}
	endless->left_out = pvext_int(0, n + 1);
}

/* Are its rules its owner's own, and its rows here?  Where they are not, other checks say so. */
static bool
is_counted(PvextCheck *check, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, table->rules)
		if (strcmp(((PvextRule *) lfirst(lc))->owner, GetUserNameFromId(table->owner, false)) != 0)
			return false;
	return table->rules != NIL && (check->only == 0 || check->only == table->id) &&
		!OidIsValid(pvext_foreign_child(table->relid));
}

/* Has it been found already what is wrong with the table? */
static bool
is_known(PvextCheck *check, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, check->findings)
		if (((PvextFinding *) lfirst(lc))->error && strcmp(((PvextFinding *) lfirst(lc))->relation, table->sql_name) == 0)
			return true;
	return false;
}

/* Report what was counted. */
static void
report(PvextCheck *check, Endless *endless)
{
	const char *name = endless->table->sql_name;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, endless->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (endless->kept[n] > 0)
			pvext_add_finding(check, name, NULL, false,
							  psprintf("retention rule \"%s\" keeps rows for ever, as its clock gives no moment for them: " INT64_FORMAT,
									   rule->name, endless->kept[n]),
							  "Declare it with another clock for them, in otherwise; where they are to be kept until it gives one, that is 'infinity'.");
		n++;
	}
	if (endless->left_out > 0)
		pvext_add_finding(check, name, NULL, false,
						  psprintf("rows for which none of the retention rules holds, and which are kept for ever: " INT64_FORMAT,
								   endless->left_out),
						  "Declare a rule whose condition they meet, or one without a condition.");
}

/* For list_sort(). */
static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(((PvextTable *) lfirst(a))->sql_name, ((PvextTable *) lfirst(b))->sql_name);
}

/* Rows that no rule will ever take.  Reads tables whole, each for as long as a step of a duty may take. */
void
pvext_check_endless(PvextCheck *check)
{
	List	   *tables = list_copy(pvext_map()->tables);
	ListCell   *lc;

	list_sort(tables, by_name);
	foreach(lc, tables)
	{
		Endless		endless = {lfirst(lc)};
		ErrorData  *error;

		if (!is_counted(check, lfirst(lc)))
			continue;
		error = pvext_catch_in_time(count_rows, &endless, pvext_step_timeout, false);
		if (error)
			pvext_forget_values(error);
		if (error && is_known(check, endless.table))
			continue;
		if (error)
			pvext_add_finding(check, endless.table->sql_name, NULL, true,
							  "rows that retention rules keep for ever cannot be counted", error->message);
		else
			report(check, &endless);
	}
}

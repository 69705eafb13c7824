/*
 * write_step.c
 *		A plan's statements that write, and those that verify what was written.
 */
#include "postgres.h"
#include "base/message.h"

#include "map/link_match.h"
#include "plan/condition.h"
#include "plan/row_set.h"
#include "plan/write_step.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* A verifying query is not joined to one that takes this many values. */
#define MAX_CHECK_PARAMS 64

/* Do all the targets' values go from the same rows? */
static bool
same_set(List *targets)
{
	ListCell   *lc;

	foreach(lc, targets)
		if (((PvextTarget *) lfirst(lc))->set != ((PvextTarget *) linitial(targets))->set)
			return false;
	return true;
}

/* May the value be given to a row that already has it, without a change? */
static bool
is_idempotent(PvextTarget *target)
{
	switch (target->column->strategy.kind)
	{
		case PVEXT_TOKEN:
		case PVEXT_PSEUDONYM:
		case PVEXT_REDACT:
			return false;
		default:
			return !pvext_is_kept_by_row(target);
	}
}

/*
 * SQL: one of the targets' values is to go, in parentheses; unless all of them go from
 * the same rows, and the row is one of those, by whom it belongs to.
 */
void
pvext_append_needs(PvextPlan *plan, PvextSql *sql, List *targets, bool same, bool held)
{
	ListCell   *lc;

	appendStringInfoChar(&sql->text, '(');
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		appendStringInfoString(&sql->text, lc == list_head(targets) ? "" : " OR ");
		if (!same)
		{
			pvext_append_match(plan, sql, target->set);
			appendStringInfoString(&sql->text, " AND ");
		}
		pvext_append_need(sql, target, held);
	}
	appendStringInfoChar(&sql->text, ')');
}

/* SQL: one of the targets' rows, and one of their values to go. */
static void
append_any(PvextPlan *plan, PvextSql *sql, List *targets)
{
	bool		same = same_set(targets);

	if (same)
	{
		pvext_append_match(plan, sql, ((PvextTarget *) linitial(targets))->set);
		appendStringInfoString(&sql->text, " AND ");
	}
	pvext_append_needs(plan, sql, targets, same, false);
}

/*
 * One UPDATE that replaces all the targets' values in a table: a row is written once, and
 * its triggers fire once, whatever it loses.
 */
PvextStep *
pvext_build_update(PvextPlan *plan, PvextTable *table, List *targets)
{
	PvextSql	sql;
	bool		same = same_set(targets);
	bool		single = list_length(targets) == 1;
	ListCell   *lc;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "UPDATE %s AS r SET ", table->sql_name);
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);
		const char *column = quote_identifier(target->column->name);
		char	   *value = pvext_target_value(target, &sql);

		appendStringInfo(&sql.text, "%s%s = ", lc == list_head(targets) ? "" : ", ", column);
		if (single || (same && is_idempotent(target)))
		{
			appendStringInfoString(&sql.text, value);
			continue;
		}
		appendStringInfoString(&sql.text, "CASE WHEN ");
		if (!same)
		{
			pvext_append_match(plan, &sql, target->set);
			appendStringInfoString(&sql.text, " AND ");
		}
		pvext_append_need(&sql, target, false);
		appendStringInfo(&sql.text, " THEN %s ELSE r.%s END", value, column);
	}
	appendStringInfoString(&sql.text, " WHERE ");
	append_any(plan, &sql, targets);
	return pvext_sql_step(&sql, table);
}

/* The DELETE of the rows that go with the subject. */
PvextStep *
pvext_build_delete(PvextPlan *plan, PvextRemoval *removal)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "DELETE FROM %s AS r WHERE ", removal->table->sql_name);
	pvext_append_match(plan, &sql, removal->set);
	pvext_append_kept(&sql, removal->until, removal->others, false);
	return pvext_sql_step(&sql, removal->table);
}

/* SQL: "until" of the values that rules retain, else NULL. */
static void
append_until(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal)
{
	ListCell   *lc;

	appendStringInfoString(&sql->text, "CAST(GREATEST(NULL");
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->until == NULL || target->blocked)
			continue;
		appendStringInfoString(&sql->text, ", CASE WHEN ");
		pvext_append_match(plan, sql, target->set);
		appendStringInfoString(&sql->text, " AND ");
		pvext_append_test(sql, target);
		appendStringInfo(&sql->text, " AND %s > now() THEN %s END", target->until, target->until);
	}
	if (removal && removal->until && !removal->blocked)
	{
		appendStringInfoString(&sql->text, ", CASE WHEN ");
		pvext_append_match(plan, sql, removal->set);
		appendStringInfo(&sql->text, " AND %s > now() THEN %s END", removal->until,
						 removal->until);
	}
	appendStringInfoString(&sql->text, ") AS timestamptz)");
}

/* Do the targets and the removal go from the same rows? */
static bool
same_rows(List *targets, PvextRemoval *removal)
{
	return same_set(targets) &&
		(removal == NULL || targets == NIL ||
		 ((PvextTarget *) linitial(targets))->set == removal->set);
}

/*
 * SQL: the row, one of those that the targets and the removal are about, is dirty (a
 * value that should have gone is there), or held (a value is there that is kept or
 * blocked).
 */
static void
append_state(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal,
			 bool held)
{
	ListCell   *lc;
	List	   *some = NIL;
	bool		same = same_rows(targets, removal);
	bool		first = true;

	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		if (held ? (target->blocked || pvext_is_kept_by_row(target)) : !target->blocked)
			some = lappend(some, target);
	}
	appendStringInfoString(&sql->text, "coalesce(");
	if (some != NIL)
	{
		pvext_append_needs(plan, sql, some, same, held);
		first = false;
	}
	if (removal && (held ? (removal->blocked || removal->until || removal->others) : !removal->blocked))
	{
		appendStringInfoString(&sql->text, first ? "" : " OR ");
		pvext_append_match(plan, sql, removal->set);
		if (!removal->blocked)
			pvext_append_kept(sql, removal->until, removal->others, held);
		first = false;
	}
	appendStringInfoString(&sql->text, first ? "false, false)" : ", false)");
}

/* SQL: any of the rows that the targets and the removal are about. */
void
pvext_append_rows(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal)
{
	List	   *seen = NIL;
	ListCell   *lc;

	appendStringInfoChar(&sql->text, '(');
	foreach(lc, targets)
	{
		PvextSet   *set = ((PvextTarget *) lfirst(lc))->set;

		if (list_member_ptr(seen, set))
			continue;
		appendStringInfoString(&sql->text, seen == NIL ? "" : " OR ");
		pvext_append_match(plan, sql, set);
		seen = lappend(seen, set);
	}
	if (removal)
	{
		appendStringInfoString(&sql->text, seen == NIL ? "" : " OR ");
		pvext_append_match(plan, sql, removal->set);
	}
	appendStringInfoChar(&sql->text, ')');
}

/*
 * The query that fills a reference's slots: what the links go by in those rows of which
 * something is kept, and how many there are.
 */
PvextStep *
pvext_build_kept(PvextPlan *plan, PvextReference *reference, List *targets, PvextRemoval *removal)
{
	PvextTable *table = reference->link->table;
	PvextSql	sql;
	StringInfoData inner;
	ListCell   *lc;
	int			i = 0;

	pvext_sql_init(&sql);
	initStringInfo(&inner);
	appendStringInfoString(&sql.text, "SELECT ");
	foreach(lc, reference->rows->slots)
	{
		PvextSlot  *slot = lfirst(lc);

		appendStringInfo(&sql.text, "array_agg(x.c%d), ", i);
		appendStringInfo(&inner, "%s%s AS c%d", i > 0 ? ", " : "", pvext_slot_sql(slot), i);
		i++;
	}
	appendStringInfo(&sql.text, "count(*) FROM (SELECT %s FROM %s AS r WHERE ", inner.data, table->sql_name);
	pvext_append_rows(plan, &sql, targets, removal);
	appendStringInfoString(&sql.text, " AND ");
	append_state(plan, &sql, targets, removal, true);
	appendStringInfo(&sql.text, "%s) AS x", pvext_link_condition(reference->link));
	return pvext_sql_step(&sql, table);
}

/*
 * The query, of those that verify, that another of the owner's tables is added to: each
 * has a cost of its own, however few rows it finds.
 */
static PvextStep *
check_of_owner(PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, plan->checks)
	{
		PvextStep  *step = lfirst(lc);

		if (step->table->owner == table->owner && list_length(step->params) < MAX_CHECK_PARAMS)
			return step;
	}
	return NULL;
}

/*
 * Add to the queries that verify, one for each owner's tables: pvext_finish_checks()
 * makes statements of them.
 *
 * Rows that this run didn't write are locked, for somebody may be filling a row
 * that was found clean: he is waited for, and his version is the one that is
 * tested.  Those that it did write nobody else can change; they are known by the xid of the
 * (sub)transaction that it runs in.  What a trigger wrote in one of its own is locked once
 * more, which changes nothing.
 */
void
pvext_add_check(PvextPlan *plan, PvextTable *table, List *targets, PvextRemoval *removal)
{
	PvextStep  *step = check_of_owner(plan, table);
	PvextSql	sql;

	pvext_sql_init(&sql);
	if (step)
	{
		sql.params = step->params;
		appendStringInfo(&sql.text, "%s UNION ALL ", step->few.sql);
		pfree((char *) step->few.sql);	/* it grows with the tables, which may be hundreds */
	}
	appendStringInfoString(&sql.text, "SELECT * FROM (SELECT ");
	append_state(plan, &sql, targets, removal, false);
	appendStringInfoString(&sql.text, " AS dirty, ");
	append_state(plan, &sql, targets, removal, true);
	appendStringInfoString(&sql.text, " AS held, ");
	append_until(plan, &sql, targets, removal);
	appendStringInfo(&sql.text, " AS until FROM %s AS r WHERE ", table->sql_name);
	pvext_append_rows(plan, &sql, targets, removal);
	appendStringInfo(&sql.text, " AND (r.xmin <> $%d OR ", pvext_sql_param(&sql, &plan->own_xid));
	append_state(plan, &sql, targets, removal, false);
	appendStringInfoString(&sql.text, " OR ");
	append_state(plan, &sql, targets, removal, true);
	appendStringInfoString(&sql.text, ") FOR UPDATE) AS r");
	if (step == NULL)
		plan->checks = lappend(plan->checks, pvext_sql_step(&sql, table));
	else
	{
		step->params = sql.params;
		step->few = pvext_statement(sql.text.data);
	}
}

/* Let each query that verifies give one row: rows dirty, rows held, held until. */
void
pvext_finish_checks(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->checks)
	{
		PvextStep  *step = lfirst(lc);

		step->few = step->many =
			pvext_statement(psprintf("SELECT count(*) FILTER (WHERE dirty), count(*) FILTER (WHERE held), max(until)"
									 " FROM (%s) AS r", step->few.sql));
	}
}

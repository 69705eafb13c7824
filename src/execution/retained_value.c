/*
 * retained_value.c
 *		What is retained, or blocked, stays what it was, whatever triggers do.
 *
 * An erasure leaves alone what the law, a blocker, or a hold on somebody else whom it is
 * about, too, keeps of the person.  A trigger of the application's that its statements
 * fire may empty it all the same, and the data is lost.  So where rows of such a table have
 * been changed or deleted by others than pvext's own statements, as the server's counts
 * tell, the values that were kept are compared with those of before, as of one moment: what
 * other sessions do is not taken for a trigger's.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "execution/retained_value.h"
#include "execution/step.h"
#include "map/unclassified.h"
#include "plan/condition.h"
#include "plan/row_set.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* Values, or rows, that are kept. */
typedef struct Kept
{
	PvextTarget *target;		/* or NULL */
	PvextRemoval *removal;		/* or NULL */
	PvextTable *table;
	PvextStep  *before;			/* how many, and a digest of them */
	PvextStep  *now;
} Kept;

/* The look at one of them. */
typedef struct Look
{
	Kept	   *kept;
	bool		many;
	int64		n;
	char	   *digest;
} Look;

/* Is the column declared personal? */
static bool
is_personal(PvextTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->columns)
		if (strcmp(((PvextColumn *) lfirst(lc))->name, name) == 0)
			return true;
	return false;
}

/*
 * SQL: what stays of a row: the target's value, or of a row that is not deleted which one
 * it is, and what nobody has classified; its personal columns are targets of their own.
 */
static char *
digested_sql(PvextTarget *target, PvextTable *table)
{
	List	   *columns;
	StringInfoData sql;
	ListCell   *lc;

	if (target)
		return psprintf("r.%s", quote_identifier(target->column->name));
	columns = pvext_unclassified_columns(table->relid);
	initStringInfo(&sql);
	foreach(lc, pvext_primary_key(table->relid))
		if (!is_personal(table, lfirst(lc)))
			columns = lappend(columns, lfirst(lc));
	foreach(lc, columns)
		appendStringInfo(&sql, "%sr.%s", sql.len ? ", " : "", quote_identifier(lfirst(lc)));
	return psprintf("ROW(%s)", sql.data);
}

/*
 * The query of how many values or rows are kept, and a digest of them: a sum of hashes,
 * which needs no order.  It tells a trigger's change, not an attacker's.  The one of
 * before is read only, by the snapshot that is active then.
 */
static PvextStep *
build_step(PvextPlan *plan, PvextTarget *target, PvextRemoval *removal, bool before)
{
	PvextTable *table = target ? target->table : removal->table;
	PvextStep  *step;
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT count(*), CAST(sum(hashtextextended(CAST(%s AS text) COLLATE \"C\", 0)) AS text)"
					 " FROM %s AS r WHERE ", digested_sql(target, table), table->sql_name);
	pvext_append_match(plan, &sql, target ? target->set : removal->set);
	if (target)
	{
		appendStringInfoString(&sql.text, " AND ");
		pvext_append_need(&sql, target, true);
	}
	else if (!removal->blocked)
		pvext_append_kept(&sql, removal->until, removal->others, true);
	step = pvext_sql_step(&sql, table);
	step->few.read_only = step->many.read_only = before;
	return step;
}

/* What a target, or a removal, may keep. */
static void
add_kept(PvextPlan *plan, PvextTarget *target, PvextRemoval *removal)
{
	Kept	   *kept = palloc(sizeof(Kept));

	kept->target = target;
	kept->removal = removal;
	kept->table = target ? target->table : removal->table;
	kept->before = build_step(plan, target, removal, true);
	kept->now = build_step(plan, target, removal, false);
	plan->retained = lappend(plan->retained, kept);
}

/*
 * The queries, once for a plan and in its context; of all that may ever be kept, since
 * who is held is another one in each run.
 */
static void
build(PvextPlan *plan)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if ((target->until || target->blocked || target->others) && !target->column->missing)
			add_kept(plan, target, NULL);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (removal->until || removal->blocked || removal->others)
			add_kept(plan, NULL, removal);
	}
	MemoryContextSwitchTo(old);
}

/* May the target, or else the removal, keep something, as those stand who are held? */
static bool
keeps(PvextPlan *plan, PvextTarget *target, PvextRemoval *removal)
{
	if (target)
		return target->until || target->blocked || (target->others && plan->any_held);
	return removal->until || removal->blocked || (removal->others && plan->any_held);
}

/* Does the plan's verdict keep something of the table? */
static bool
keeps_any(PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->table == table && keeps(plan, lfirst(lc), NULL))
			return true;
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->table == table && keeps(plan, NULL, lfirst(lc)))
			return true;
	return false;
}

/* For pvext_at_moment(). */
static void
look(void *arg)
{
	Look	   *look = arg;

	(void) pvext_run_step(look->kept->now, look->many);
	look->n = pvext_int(0, 1);
	look->digest = pvext_value(0, 2);
}

/* Are values that were kept no longer what they were? */
static bool
is_changed(Kept *kept, Snapshot before, bool many)
{
	Look		now = {kept, many};
	int64		n;
	char	   *digest;

	PushActiveSnapshot(before);
	(void) pvext_run_step(kept->before, many);
	PopActiveSnapshot();
	n = pvext_int(0, 1);
	digest = pvext_value(0, 2);

	/* By the same snapshot, but with what this transaction has done since: that alone differs. */
	pvext_at_moment(before, look, &now);

	/* A clock that loses what it reads makes more of them kept. */
	return now.n < n || (now.n == n && n > 0 && strcmp(digest, now.digest) != 0);
}

/*
 * Raise where triggers have changed what the plan, which has just been carried out, was to
 * leave alone in the tables, a list of PvextTable, that others than its statements have
 * written to since before was taken.
 */
void
pvext_check_retained(PvextPlan *plan, List *tables, Snapshot before, bool many)
{
	List	   *names = NIL;
	bool		any = false;
	ListCell   *lc;

	foreach(lc, tables)
		any = any || keeps_any(plan, lfirst(lc));
	if (!any)
		return;
	if (plan->retained == NIL)
		build(plan);
	foreach(lc, plan->retained)
	{
		Kept	   *kept = lfirst(lc);

		if (list_member_ptr(tables, kept->table) && keeps(plan, kept->target, kept->removal) &&
			is_changed(kept, before, many))
			names = lappend(names, kept->target ?
							psprintf("%s (%s)", kept->table->sql_name, kept->target->column->name) :
							kept->table->sql_name);
	}
	if (names != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("triggers or rules have changed what is to stay of the person: %s",
						pvext_join_names(names, ", ", false)),
				 errdetail("A retention rule, a blocker, or a hold on somebody else keeps it."),
				 errhint("Let the triggers that an erasure fires leave it alone.")));
}

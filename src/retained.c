/*
 * retained.c
 *		What is retained, or blocked, stays what it was, whatever triggers do.
 *
 * An erasure leaves alone what the law, or a blocker, keeps of the person.  A trigger of
 * the application's that its statements fire may empty it all the same, and the data is
 * lost.  So where rows of such a table have been changed or deleted by others than pvext's
 * own statements, as the server's counts tell, the values that were kept are compared with
 * those of before, as of one moment: what other sessions do is not taken for a trigger's.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "moment.h"
#include "result.h"
#include "retained.h"
#include "sets.h"
#include "statement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* Values, or rows, that are kept. */
typedef struct Kept
{
	PvextTarget *target;		/* or NULL */
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

static PvextStep *
build_step(PvextPlan *plan, PvextTarget *target, PvextRemoval *removal, bool before)
{
	PvextTable *table = target ? target->table : removal->table;
	PvextStep  *step;
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT count(*), CAST(sum(%s) AS text) FROM %s AS r WHERE ",
					 target ? psprintf("hashtextextended(CAST(r.%s AS text) COLLATE \"C\", 0)",
									   quote_identifier(target->column->name)) : "0",
					 table->sql_name);
	pvext_append_match(plan, &sql, target ? target->set : removal->set);
	if (target)
	{
		appendStringInfoString(&sql.text, " AND ");
		pvext_append_need(&sql, target, true);
	}
	else if (!removal->blocked)
		appendStringInfo(&sql.text, " AND %s > now()", removal->until);
	step = pvext_sql_step(&sql, table);
	step->few.read_only = step->many.read_only = before;
	plan->tellings = lappend(plan->tellings, step);	/* freed with the plan */
	return step;
}

static void
add_kept(PvextPlan *plan, PvextTarget *target, PvextRemoval *removal)
{
	Kept	   *kept = palloc(sizeof(Kept));

	kept->target = target;
	kept->table = target ? target->table : removal->table;
	kept->before = build_step(plan, target, removal, true);
	kept->now = build_step(plan, target, removal, false);
	plan->retained = lappend(plan->retained, kept);
}

static void
build(PvextPlan *plan)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if ((target->until || target->blocked) && !target->column->missing)
			add_kept(plan, target, NULL);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (removal->until || removal->blocked)
			add_kept(plan, NULL, removal);
	}
	MemoryContextSwitchTo(old);
}

/* Does the plan's verdict keep something of the table? */
static bool
keeps_any(PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table == table && (target->until || target->blocked))
			return true;
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (removal->table == table && (removal->until || removal->blocked))
			return true;
	}
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

		if (list_member_ptr(tables, kept->table) && is_changed(kept, before, many))
			names = lappend(names, kept->target ?
							psprintf("%s (%s)", kept->table->sql_name, kept->target->column->name) :
							kept->table->sql_name);
	}
	if (names != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("triggers or rules have changed what is to stay of the person: %s",
						pvext_join_names(names, ", ", false)),
				 errdetail("A retention rule or a blocker keeps it."),
				 errhint("Let the triggers that an erasure fires leave it alone.")));
}

/*
 * write_order.c
 *		The order in which a plan writes.
 *
 * Leaves first, so that a row is deleted before those it refers to.  Before all of them,
 * values whose time a clock over another table's rows tells: once that has lost what it
 * reads they would never be due.  After all of them, what a clock reads by which rows are
 * deleted; and then rows to which others of the plan refer, those nearest to the subject
 * first.  Keys that others hold come last, for rows are found by them (rekey.c); they are no
 * part of plan->writes.
 */
#include "postgres.h"
#include "base/message.h"

#include "map/link_match.h"
#include "plan/referred_row.h"
#include "plan/rekey.h"
#include "plan/write_order.h"
#include "plan/write_step.h"


/* How far a table is from its subjects, at most; cycles are cut. */
static int
table_depth(PvextTable *table)
{
	int			depth = 1;
	ListCell   *lc;

	if (table->depth != 0)
		return Max(table->depth, 0);
	table->depth = -1;			/* being found: on a way in a circle it counts as 0 */
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (!link->parent->is_subject)
			depth = Max(depth, 1 + table_depth(link->parent));
	}
	table->depth = depth;
	return depth;
}

typedef struct TableWork
{
	PvextTable *table;
	int			depth;
	List	   *targets;
	PvextRemoval *removal;
} TableWork;

/*
 * Leaves first; of tables that are as deep, in an order that does not depend on the
 * map's.
 */
static int
deeper_first(const ListCell *a, const ListCell *b)
{
	TableWork  *x = lfirst(a);
	TableWork  *y = lfirst(b);

	if (x->depth != y->depth)
		return x->depth > y->depth ? -1 : 1;
	return x->table->id < y->table->id ? -1 : x->table->id > y->table->id;
}

/* The items, each after those that must come before it; where that goes in a circle, as they are. */
static List *
in_order(List *items, bool (*comes_before) (void *a, void *b))
{
	List	   *ordered = NIL;
	ListCell   *lc;
	ListCell   *cell;

	while (items != NIL)
	{
		void	   *next = NULL;

		foreach(lc, items)
		{
			bool		waits = false;

			foreach(cell, items)
				waits = waits || (lfirst(cell) != lfirst(lc) && comes_before(lfirst(cell), lfirst(lc)));
			if (!waits)
			{
				next = lfirst(lc);
				break;
			}
		}
		next = next ? next : linitial(items);
		items = list_delete_ptr(items, next);
		ordered = lappend(ordered, next);
	}
	return ordered;
}

/* For in_order(): does a clock of the one step's table read what the other writes? */
static bool
step_comes_before(void *a, void *b)
{
	PvextTable *table = ((PvextStep *) a)->table;
	ListCell   *lc;

	foreach(lc, table->rules)
		if (((PvextRule *) lfirst(lc))->over == ((PvextStep *) b)->table &&
			table != ((PvextStep *) b)->table)
			return true;
	return false;
}

/*
 * For in_order(): are rows to be deleted whose clock, up and down again, reads rows that are to
 * be deleted, too, and that do not hang on them?
 */
static bool
work_comes_before(void *a, void *b)
{
	TableWork  *timed = a;
	TableWork  *clock = b;
	ListCell   *lc;

	if (timed->removal == NULL || clock->removal == NULL || timed->table == clock->table)
		return false;
	foreach(lc, timed->table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (rule->through && rule->over == clock->table &&
			pvext_paths(clock->table, timed->table) == NIL)
			return true;
	}
	return false;
}

/*
 * The plan's targets and removals by table, leaves first, but for rows that go before what
 * their clocks read.
 */
static List *
work_by_table(PvextMap *map, PvextPlan *plan)
{
	List	   *works = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
	{
		TableWork  *work = palloc0(sizeof(TableWork));

		work->table = lfirst(lc);
		work->depth = work->table == plan->subject ? 0 : table_depth(work->table);
		foreach(cell, plan->targets)
			if (((PvextTarget *) lfirst(cell))->table == work->table)
				work->targets = lappend(work->targets, lfirst(cell));
		foreach(cell, plan->removals)
			if (((PvextRemoval *) lfirst(cell))->table == work->table)
				work->removal = lfirst(cell);
		if (work->targets || work->removal)
			works = lappend(works, work);
	}
	list_sort(works, deeper_first);
	return in_order(works, work_comes_before);
}

/* Is a rule of the table over another one's rows? */
static bool
has_clock_elsewhere(PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, table->rules)
		if (((PvextRule *) lfirst(lc))->over)
			return true;
	return false;
}

/* Does a rule of the table read its clock in another's rows, which are deeper or up another way? */
static bool
is_timed_by(PvextTable *table, PvextTable *clock)
{
	ListCell   *lc;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (rule->over == clock && table != clock &&
			(rule->through || table_depth(table) < table_depth(clock)))
			return true;
	}
	return false;
}

/*
 * Do the table's values go after the DELETEs: does a rule of rows that are deleted read its
 * clock in them, or one of a table whose values go so late?
 */
static bool
goes_late(PvextPlan *plan, PvextTable *table, List *seen)
{
	ListCell   *lc;

	if (list_member_ptr(seen, table))
		return false;
	seen = lappend(list_copy(seen), table);
	foreach(lc, plan->removals)
		if (is_timed_by(((PvextRemoval *) lfirst(lc))->table, table))
			return true;
	foreach(lc, plan->targets)
	{
		PvextTable *timed = ((PvextTarget *) lfirst(lc))->table;

		if (is_timed_by(timed, table) && goes_late(plan, timed, seen))
			return true;
	}
	return false;
}

/*
 * The UPDATEs, DELETEs and verifying queries, leaves first, but for values whose time a
 * clock over another table's rows tells: once it has lost what it reads, they would never
 * be due.  Nor would rows that are deleted by such a clock: what it reads goes after them.
 * Last are rows deleted that others refer to: when these have gone, or lost the reference.
 */
void
pvext_build_writes(PvextMap *map, PvextPlan *plan)
{
	List	   *timed = NIL;
	List	   *late = NIL;
	List	   *last = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, work_by_table(map, plan))
	{
		TableWork  *work = lfirst(lc);
		List	   *now = NIL;

		foreach(cell, work->targets)
		{
			PvextTarget *target = lfirst(cell);

			if (target->blocked)
				continue;
			if (target->column->leads)
				pvext_build_rekey(map, target);
			else
				now = lappend(now, target);
		}
		if (work->removal && !work->removal->blocked && pvext_is_referred_to(work->removal->set))
			last = lcons(pvext_build_delete(plan, work->removal), last);
		else if (work->removal && !work->removal->blocked)
			plan->writes = lappend(plan->writes, pvext_build_delete(plan, work->removal));

		/*
		 * A clock reads rows that mostly belong to those that it times, and so are deeper:
		 * of several such tables the one nearest to the subject goes first.
		 */
		if (now != NIL && goes_late(plan, work->table, NIL))
			late = lcons(pvext_build_update(plan, work->table, now), late);
		else if (now != NIL && work->removal == NULL && has_clock_elsewhere(work->table))
			timed = lcons(pvext_build_update(plan, work->table, now), timed);
		else if (now != NIL)
			plan->writes = lappend(plan->writes, pvext_build_update(plan, work->table, now));
		pvext_add_check(plan, work->table, work->targets, work->removal);
	}
	timed = in_order(timed, step_comes_before);
	late = in_order(late, step_comes_before);
	plan->writes = list_concat(list_concat(list_concat(timed, plan->writes), late), last);
	pvext_finish_checks(plan);
}

/*
 * planner.c
 *		The statements that carry a verdict out, in their order.
 *
 * A plan is all that can be said of an erasure without knowing the person: for a subject
 * table and a set of blocked columns, whose rows of which tables belong (row_set.c),
 * which of their columns lose their values (targets), which rows go (removals), and the
 * statements that do it (steps).  Whom it is about are values of these statements, filled
 * in by each run (execution/execute.c).  So it is made once and kept with its subject
 * table as long as the map is, and the server plans its statements once, too: erasing one
 * subject after the other was measured to cost 0.4 of what the same statements do that a
 * function builds anew each time.
 *
 * What holds of a plan:
 *
 * - A step reads and writes one owner's tables.  It is parsed, planned and run as that
 *   owner, security-restricted (spi.c): a join of two owners' tables would have to be run
 *   by somebody who may read both, and one owner's operators, casts and expressions would
 *   run with the rights to the other's rows.  So keys travel from one step to the next as
 *   arrays ("x = ANY ($1)").  That is the fast way, too: measured for 10,000 subjects,
 *   it took 0.17 where a loop took 0.24 to 0.56 and a temporary table 0.22.
 *
 * - A step has its text planned twice.  For few subjects one plan serves all runs; the
 *   server takes an array that it does not know for one of ten elements, so for many the
 *   statement is planned for the very keys of the run, every time (step.h).
 *
 * - What is blocked is decided once, before (verdict.c), and is in no statement that
 *   writes: a plan is known by it.  What a row itself decides (retained until, shared
 *   with somebody held) is in the WHERE of every step, so that the server asks again of a
 *   row that it has waited for, as that is by then.
 *
 * - What cannot be carried out by the tables and owners as they are now is refused while
 *   the plan is made (plan_check.c), not half-way through an erasure.  pv.check_map()
 *   makes the plans of all subjects for that alone.
 *
 * The order of the writes: leaves first, so that a row is deleted before those it refers
 * to.  Before all of them, values whose time a clock over another table's rows tells:
 * once that has lost what it reads they would never be due.  After all of them, what a
 * clock reads by which rows are deleted; and then rows to which others of the plan refer, those
 * nearest to the subject first.  Keys that others hold come last, for rows are found by them (rekey.c); they are no part of plan->writes.
 *
 * Six kinds are made: of an erasure, by what is blocked (pvext_plan(); preview and
 * verification read by the one of which nothing is); of what a rule has made due of one
 * subject (pvext_partial_plan(), which lives no longer than a part of a purge); one that
 * only judges, and does not mind tables that no longer fit, for a purge takes from others
 * all the same (pvext_judging_plan()); one that only finds rows (pvext_trail_plan()); one
 * that only finds texts that may be addresses (pvext_address_plan()); and one that only says
 * whose rows and columns are (pvext_copies_plan()).
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/catalog.h"
#include "map/link_match.h"
#include "map/stand_in.h"
#include "plan/clock_kept.h"
#include "plan/column_step.h"
#include "plan/derived_step.h"
#include "plan/kept_link.h"
#include "plan/kept_reference.h"
#include "plan/plan_check.h"
#include "plan/planner.h"
#include "plan/referred_row.h"
#include "plan/rekey.h"
#include "plan/row_set.h"
#include "plan/shared_row.h"
#include "plan/subject_step.h"
#include "plan/write_step.h"
#include "rule/cascade.h"
#include "rule/clock_row.h"
#include "rule/rule.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

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
static void
build_writes(PvextMap *map, PvextPlan *plan)
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

/* A target for each of the table's columns that may be about the subject. */
static void
add_targets(PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);
		PvextSet   *set = pvext_set_of_column(plan, table, column, false);
		PvextTarget *target;

		/* A link's column follows its parent's when that is re-keyed. */
		if (set == NULL || column->follows || column->strategy.kind == PVEXT_DERIVED)
			continue;
		target = pvext_add_target(plan, table, column, set);

		/* Texts of rows that go with the last name those, too, who went before. */
		if (table->referred && !set->loose)
		{
			target->all_goes.value = BoolGetDatum(true);
			target->all_goes.isnull = false;
		}
		if (table->referred && strcmp(column->category, "identifying") == 0)
			target->mentioned = pvext_set_of_column(plan, table, column, true);
	}
}

/* The table's rows go where they go with the subject. */
static void
add_removal(PvextPlan *plan, PvextTable *table)
{
	PvextSet   *set = pvext_set_of_removal(plan, table);
	PvextRemoval *removal;

	if (set == NULL)
		return;
	removal = palloc0(sizeof(PvextRemoval));
	removal->table = table;
	removal->set = set;
	plan->removals = lappend(plan->removals, removal);
}

/* Forget the targets and removals that don't lead to the subject. */
static void
prune(PvextPlan *plan)
{
	ListCell   *lc;

	pvext_prune_sets(plan);
	foreach(lc, plan->targets)
		if (!((PvextTarget *) lfirst(lc))->set->productive)
			plan->targets = foreach_delete_current(plan->targets, lc);
	foreach(lc, plan->removals)
		if (!((PvextRemoval *) lfirst(lc))->set->productive)
			plan->removals = foreach_delete_current(plan->removals, lc);
}

/* SQL: the later of two moments, either of which may be NULL. */
static char *
later_sql(char *a, char *b)
{
	return a && b ? psprintf("GREATEST(%s, %s)", a, b) : a ? a : b;
}

/*
 * Values are retained by rules of their table and, if by any, as long as what a clock times
 * that reads them.
 */
static void
retain_values(PvextMap *map, PvextPlan *plan, PvextTarget *target)
{
	target->until = pvext_retained_until(target->table, target->column->name, &target->basis);
	if (target->until == NULL)
		pvext_check_clock(plan, target->table, target->column->name);
	else
		target->until = later_sql(target->until, pvext_timed_until(map, target->table, target->column->name,
																   &target->basis));
}

/*
 * Rows are retained by rules of their own and, if by any, as what they are the clock of; and
 * as long as what would go with them is.
 */
static void
retain_rows(PvextMap *map, PvextPlan *plan, PvextRemoval *removal)
{
	char	   *until = pvext_retained_until(removal->table, NULL, &removal->basis);
	char	   *below = pvext_children_until(map, removal->table, &removal->basis);

	if (until == NULL)
		pvext_check_clock(plan, removal->table, NULL);
	else
		until = later_sql(until, pvext_timed_until(map, removal->table, NULL, &removal->basis));
	removal->until = later_sql(until, below);
}

/* What verdict says of each column and table, and whether it can be done. */
static void
apply_verdict(PvextMap *map, PvextPlan *plan, const char *blocked)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		pvext_check_plan_column(target->table, target->column);
		pvext_check_unsaid(target->table, target->column->unsaid);
		pvext_check_children(target->table->relid);
		if (target->column->leads)
			pvext_check_cascades(plan, target->table, true);
		retain_values(map, plan, target);
		target->blocked = blocked && *blocked && *blocked++ == '1';
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		foreach(cell, removal->set->arms)
			pvext_check_unsaid(removal->table, ((PvextArm *) lfirst(cell))->link->unsaid);
		pvext_check_children(removal->table->relid);
		pvext_check_cascades(plan, removal->table, false);
		retain_rows(map, plan, removal);
		removal->blocked = blocked && *blocked && *blocked++ == '1';
	}
}

/*
 * The rows that each blocker looks at.  Before pvext_prune_sets(), which keeps the sets
 * on the way to them; the statements are built when all slots are known.
 */
static void
build_blockers(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->subject->blockers)
	{
		PvextBlocker *blocker = lfirst(lc);
		PvextSet   *set = blocker->over && blocker->over != plan->subject ?
			pvext_set_any(plan, blocker->over, true) : plan->self;

		plan->blocker_sets = lappend(plan->blocker_sets, set);
	}
}

/*
 * Those statements, twice: as they stand for whoever only looks, and with the rows locked
 * that they look at.  The subject's own row is locked before anybody asks.
 */
static void
build_blocker_steps(PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *set_lc;

	forboth(lc, plan->subject->blockers, set_lc, plan->blocker_sets)
	{
		PvextSet   *set = lfirst(set_lc);

		plan->blocker_steps = lappend(plan->blocker_steps,
									  pvext_build_blocker(plan, lfirst(lc), set, false));
		plan->blocker_locks = lappend(plan->blocker_locks, set == plan->self ?
									  llast(plan->blocker_steps) :
									  pvext_build_blocker(plan, lfirst(lc), set, true));
		plan->blocker_asks = lappend(plan->blocker_asks, pvext_build_blocker_ask(plan, lfirst(lc), set));
		plan->blocker_rows = lappend(plan->blocker_rows, pvext_build_blocker_rows(plan, set));
	}
}

/* The statements that tell in which rows something is kept, for the log's sake. */
static void
build_held(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if ((target->until || target->others) && !target->blocked && pvext_is_audited(list_make1(target->table)))
			target->held = pvext_build_held(plan, target, NULL);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if ((removal->until || removal->others) && !removal->blocked && pvext_is_audited(list_make1(removal->table)))
			removal->held = pvext_build_held(plan, NULL, removal);
	}
}

/*
 * The tables whose rows the plan's statements read or write: these are locked before any of
 * them is run, which keeps them their owners'.
 */
static void
note_tables(PvextMap *map, PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *cell;

	plan->tables = list_make1(plan->subject);
	foreach(lc, plan->sets)
		if (((PvextSet *) lfirst(lc))->productive)
			plan->tables = list_append_unique_ptr(plan->tables,
												  ((PvextSet *) lfirst(lc))->table);
	foreach(lc, plan->blocker_steps)
		plan->tables = list_append_unique_ptr(plan->tables,
											  ((PvextStep *) lfirst(lc))->table);
	for (int i = 0; i < list_length(plan->tables); i++)
	{
		PvextTable *table = list_nth(plan->tables, i);

		foreach(cell, table->rules)
			plan->tables = list_concat_unique_ptr(plan->tables,
												  pvext_clock_tables(table, lfirst(cell)));

		/* Columns that follow a key are not always about the subject. */
		foreach(cell, map->tables)
		{
			PvextTable *child = lfirst(cell);
			ListCell   *link;

			foreach(link, child->links)
				if (((PvextLink *) lfirst(link))->parent == table)
					plan->tables = list_append_unique_ptr(plan->tables, child);
		}
	}
}

/* The statements of a plan whose targets and removals are there, with the verdict. */
static void
build_statements(PvextMap *map, PvextPlan *plan)
{
	pvext_add_traced_slots(map, plan);
	pvext_build_locks(plan);
	pvext_build_references(plan);
	pvext_build_columns(plan);
	build_writes(map, plan);
	pvext_build_derived(plan);
	build_blocker_steps(plan);
	build_held(plan);
	pvext_build_sharers(plan);
	pvext_build_collects(plan);
	note_tables(map, plan);
}

/*
 * The plan of an erasure.  In the plan's context.  What is pruned and refused must be so
 * before statements are built: these take what they need of sets that they find complete.
 */
static PvextPlan *
make_plan(PvextMap *map, PvextTable *subject, const char *blocked)
{
	PvextPlan  *plan = pvext_begin_plan(subject, blocked);
	ListCell   *lc;

	pvext_refuse_stand_ins(subject->id);
	foreach(lc, map->tables)
		add_targets(plan, lfirst(lc));
	foreach(lc, map->tables)
		add_removal(plan, lfirst(lc));
	build_blockers(plan);
	prune(plan);
	apply_verdict(map, plan, blocked);
	pvext_add_others(map, plan, false);
	pvext_keep_links(plan);
	pvext_add_references(plan);
	build_statements(map, plan);
	pvext_refuse_attached(map, plan);
	return plan;
}

/*
 * What goes of a column where only some columns of one table have expired: with
 * redacts, texts lose what identifies the subject, unless they are retained or blocked.
 */
static void
apply_expiry(PvextTarget *target, PvextTable *table, List *columns, const char *until,
			 bool redacts, bool blocked)
{
	pvext_check_plan_column(target->table, target->column);
	pvext_check_children(target->table->relid);
	if (target->table == table && list_member_ptr(columns, target->column))
	{
		target->until = pstrdup(until);
		target->decides = target->plan->decided = target->set->locked = true;
	}
	else if (redacts && !blocked && target->column->strategy.kind == PVEXT_REDACT)
		target->until = pvext_retained_until(target->table, target->column->name, &target->basis);
	else
		target->blocked = true;
	if (!target->blocked)
		pvext_check_unsaid(target->table, target->column->unsaid);
	if (!target->blocked && target->column->leads)
		pvext_check_cascades(target->plan, target->table, true);
}

/*
 * A plan that takes some columns of one table from a subject, in rows for which the
 * SQL until has passed; see apply_expiry().  Of a subject of whom it has not passed for
 * any it takes nothing.  blocked, or NULL, holds a character per
 * target of pvext_judging_plan().  Columns of others that have been dropped are
 * passed over: there is nothing in them.  In the current context.  Between pvext_enter()
 * and pvext_leave().
 */
PvextPlan *
pvext_partial_plan(PvextMap *map, PvextTable *subject, PvextTable *table, List *columns,
				   const char *until, bool redacts, const char *blocked)
{
	PvextPlan  *plan = pvext_begin_plan(subject, blocked);
	ListCell   *lc;
	int			n = 0;

	plan->loose = true;

	foreach(lc, map->tables)
		add_targets(plan, lfirst(lc));
	prune(plan);
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		bool		is_blocked = blocked && blocked[n++] == '1';

		if (target->column->missing && !list_member_ptr(columns, target->column))
			plan->targets = foreach_delete_current(plan->targets, lc);
		else
			apply_expiry(target, table, columns, until, redacts, is_blocked);
	}
	pvext_add_others(map, plan, false);
	build_statements(map, plan);
	return plan;
}

/* One that only says what holds the subject, also where its tables no longer fit. */
static PvextPlan *
make_judging_plan(PvextMap *map, PvextTable *subject, const char *blocked)
{
	PvextPlan  *plan = pvext_begin_plan(subject, blocked);
	ListCell   *lc;

	plan->loose = true;
	foreach(lc, map->tables)
		add_targets(plan, lfirst(lc));
	build_blockers(plan);
	prune(plan);
	pvext_add_others(map, plan, true);
	pvext_build_locks(plan);
	build_blocker_steps(plan);
	pvext_build_sharers(plan);
	pvext_build_collects(plan);
	note_tables(map, plan);
	return plan;
}

/* One that only says which rows belong to the subject, of all linked tables. */
static PvextPlan *
make_trail_plan(PvextMap *map, PvextTable *subject, const char *blocked)
{
	PvextPlan  *plan = pvext_begin_plan(subject, blocked);
	ListCell   *lc;

	plan->loose = true;
	foreach(lc, map->tables)
		if (lfirst(lc) != subject)
			(void) pvext_set_any(plan, lfirst(lc), true);
	pvext_prune_sets(plan);
	pvext_add_traced_slots(map, plan);
	pvext_build_locks(plan);
	pvext_build_collects(plan);
	note_tables(map, plan);
	return plan;
}

/*
 * One that only says where the map has what is the subject's, also where its tables no
 * longer fit: all rows, and the columns and rows that an erasure would take.
 */
static PvextPlan *
make_copies_plan(PvextMap *map, PvextTable *subject, const char *blocked)
{
	PvextPlan  *plan = pvext_begin_plan(subject, blocked);
	ListCell   *lc;

	plan->loose = true;
	foreach(lc, map->tables)
		add_targets(plan, lfirst(lc));
	foreach(lc, map->tables)
		add_removal(plan, lfirst(lc));
	foreach(lc, map->tables)
		if (lfirst(lc) != subject)
			(void) pvext_set_any(plan, lfirst(lc), true);
	prune(plan);
	pvext_build_locks(plan);
	pvext_build_collects(plan);
	note_tables(map, plan);
	return plan;
}

/* The query of a column's values in the rows of a set. */
static PvextStep *
build_texts(PvextPlan *plan, PvextTable *table, PvextSet *set, const char *column)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT DISTINCT CAST(r.%s AS text) FROM %s AS r WHERE ",
					 quote_identifier(column), table->sql_name);
	pvext_append_match(plan, &sql, set);
	appendStringInfo(&sql.text, " AND r.%s IS NOT NULL", quote_identifier(column));
	return pvext_sql_step(&sql, table);
}

/* May whole values of the column be addresses of whom it is about?  Those in free text are not. */
static bool
may_be_address(PvextTable *table, PvextColumn *column)
{
	Oid			type;

	if (column->missing || column->strategy.kind == PVEXT_REDACT)
		return false;
	(void) pvext_column(table->relid, column->name, &type, NULL);
	return TypeCategory(getBaseType(type)) == TYPCATEGORY_STRING;
}

/*
 * One that only finds texts of linked tables that may be addresses of the subject's: with
 * loose those, too, that others are reached at.
 */
static PvextPlan *
make_address_plan(PvextMap *map, PvextTable *subject, const char *blocked, bool loose)
{
	PvextPlan  *plan = pvext_begin_plan(subject, blocked);
	List	   *targets = NIL;
	ListCell   *lc;
	ListCell   *cell;

	plan->loose = loose;
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->columns)
		{
			PvextTarget *target = palloc0(sizeof(PvextTarget));

			target->table = lfirst(lc);
			target->column = lfirst(cell);
			if (may_be_address(target->table, target->column) &&
				(target->set = pvext_set_of_column(plan, target->table, target->column, false)) != NULL &&
				target->set != plan->self)
				targets = lappend(targets, target);
		}
	pvext_prune_sets(plan);
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->set->productive)
			plan->address_steps = lappend(plan->address_steps,
										  build_texts(plan, target->table, target->set, target->column->name));
	}
	pvext_build_locks(plan);
	pvext_build_collects(plan);
	note_tables(map, plan);
	return plan;
}

/* The one of all addresses. */
static PvextPlan *
make_known_addresses(PvextMap *map, PvextTable *subject, const char *blocked)
{
	return make_address_plan(map, subject, blocked, true);
}

/* The one of those that go with the subject. */
static PvextPlan *
make_lost_addresses(PvextMap *map, PvextTable *subject, const char *blocked)
{
	return make_address_plan(map, subject, blocked, false);
}

/* A plan by its "blocked", made where there is none, that lives as long as the map. */
static PvextPlan *
kept_plan(PvextMap *map, PvextTable *subject, const char *blocked,
		  PvextPlan *(*make) (PvextMap *, PvextTable *, const char *))
{
	MemoryContext context;
	MemoryContext old;
	PvextPlan  *plan;
	ListCell   *lc;

	foreach(lc, subject->plans)
	{
		plan = lfirst(lc);
		if (blocked == NULL ? plan->blocked == NULL :
			plan->blocked && strcmp(plan->blocked, blocked) == 0)
			return plan;
	}

	/* One that cannot be made goes with the caller's context; the map gets it finished. */
	context = AllocSetContextCreate(CurrentMemoryContext, "pvext plan",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	plan = make(map, subject, blocked);
	MemoryContextSwitchTo(map->context);
	MemoryContextSetParent(context, map->context);
	subject->plans = lappend(subject->plans, plan);
	MemoryContextSwitchTo(old);
	return plan;
}

/*
 * The plan for a subject table, where "blocked" holds a character per target
 * and removal ('1': blocked), or is NULL where nothing is.  Between
 * pvext_enter() and pvext_leave(); lives as long as the map.  Raises where
 * the map doesn't fit the tables any more.
 */
PvextPlan *
pvext_plan(PvextMap *map, PvextTable *subject, const char *blocked)
{
	return kept_plan(map, subject, blocked, make_plan);
}

/*
 * The plan whose verdict says what holds a subject: its targets are, in the same order,
 * those that pvext_partial_plan() begins with.  Used as pvext_plan() is, and kept as
 * long.  Nothing of the tables is checked but what its few statements name.
 */
PvextPlan *
pvext_judging_plan(PvextMap *map, PvextTable *subject)
{
	return kept_plan(map, subject, "judge", make_judging_plan);
}

/*
 * The plan that finds the rows that belong to a subject, and erases nothing.  Used as
 * pvext_plan() is, and kept as long.
 */
PvextPlan *
pvext_trail_plan(PvextMap *map, PvextTable *subject)
{
	return kept_plan(map, subject, "trail", make_trail_plan);
}

/*
 * The one that only finds what may be addresses: all at which the subject is reached or,
 * with going, those that an erasure takes.  Likewise.
 */
PvextPlan *
pvext_address_plan(PvextMap *map, PvextTable *subject, bool going)
{
	return going ? kept_plan(map, subject, "addresses that go", make_lost_addresses) :
		kept_plan(map, subject, "addresses", make_known_addresses);
}

/*
 * The plan that says whose rows and columns are by the map, and erases nothing.  Used as
 * pvext_plan() is, and kept as long.
 */
PvextPlan *
pvext_copies_plan(PvextMap *map, PvextTable *subject)
{
	return kept_plan(map, subject, "copies", make_copies_plan);
}

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
 * What is written first is write_order.c's.
 *
 * Three kinds are made here: of an erasure, by what is blocked (pvext_plan(); preview and
 * verification read by the one of which nothing is); of what a rule has made due of one
 * subject (pvext_partial_plan(), which lives no longer than a part of a purge); and one
 * that only judges, and does not mind tables that no longer fit, for a purge takes from
 * others all the same (pvext_judging_plan()).  Those that only find rows are
 * find_plan.c's.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "map/link_match.h"
#include "map/stand_in.h"
#include "plan/clock_kept.h"
#include "plan/column_step.h"
#include "plan/derived_step.h"
#include "plan/kept_link.h"
#include "plan/kept_reference.h"
#include "plan/many_texts.h"
#include "plan/plan_check.h"
#include "plan/plan_target.h"
#include "plan/planner.h"
#include "plan/row_set.h"
#include "plan/shared_row.h"
#include "plan/subject_step.h"
#include "plan/write_order.h"
#include "rule/cascade.h"
#include "rule/rule.h"

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

/* The statements of a plan whose targets and removals are there, with the verdict. */
static void
build_statements(PvextMap *map, PvextPlan *plan)
{
	pvext_add_traced_slots(map, plan);
	pvext_build_locks(plan);
	pvext_build_references(plan);
	pvext_build_columns(plan);
	pvext_build_writes(map, plan);
	pvext_build_derived(plan);
	build_blocker_steps(plan);
	build_held(plan);
	pvext_build_sharers(plan);
	pvext_build_collects(plan);
	pvext_note_tables(map, plan);
}

/*
 * Complete the plan of an erasure, in which nothing is yet.  In the plan's context.  What is
 * pruned and refused must be so before statements are built: these take what they need of
 * sets that they find complete.
 */
static PvextPlan *
complete_plan(PvextMap *map, PvextTable *subject, PvextPlan *plan, const char *blocked)
{
	ListCell   *lc;

	pvext_refuse_stand_ins(subject->id);
	foreach(lc, map->tables)
		pvext_add_targets(plan, lfirst(lc));
	foreach(lc, map->tables)
		pvext_add_removal(plan, lfirst(lc));
	build_blockers(plan);
	pvext_prune_plan(plan);
	if (plan->together)
		pvext_add_whose(plan);
	apply_verdict(map, plan, blocked);
	pvext_add_others(map, plan, false);
	pvext_share_clocks(plan);
	pvext_keep_links(plan);
	pvext_add_references(plan);
	build_statements(map, plan);
	pvext_refuse_attached(map, plan);
	return plan;
}

/* The plan of an erasure of whoever has a verdict.  In the plan's context. */
static PvextPlan *
make_plan(PvextMap *map, PvextTable *subject, const char *blocked)
{
	return complete_plan(map, subject, pvext_begin_plan(subject, blocked), blocked);
}

/* The one of those of whom nothing is blocked, which takes texts from all of them.  Likewise. */
static PvextPlan *
make_plan_of_many(PvextMap *map, PvextTable *subject, const char *name)
{
	PvextPlan  *plan = pvext_begin_plan(subject, name);

	plan->together = true;
	return complete_plan(map, subject, plan, NULL);
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
		pvext_add_targets(plan, lfirst(lc));
	pvext_prune_plan(plan);
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
		pvext_add_targets(plan, lfirst(lc));
	build_blockers(plan);
	pvext_prune_plan(plan);
	pvext_add_others(map, plan, true);
	pvext_build_locks(plan);
	build_blocker_steps(plan);
	pvext_build_sharers(plan);
	pvext_build_collects(plan);
	pvext_note_tables(map, plan);
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
	return pvext_kept_plan(map, subject, blocked, make_plan);
}

/*
 * The plan by which texts of strategy redact are taken from many subjects at once, of whom
 * nothing is blocked: where pvext_can_redact_many() says so of pvext_plan()'s.  Used as that
 * is, and kept as long.
 */
PvextPlan *
pvext_plan_of_many(PvextMap *map, PvextTable *subject)
{
	return pvext_kept_plan(map, subject, "of many", make_plan_of_many);
}

/*
 * The plan whose verdict says what holds a subject: its targets are, in the same order,
 * those that pvext_partial_plan() begins with.  Used as pvext_plan() is, and kept as
 * long.  Nothing of the tables is checked but what its few statements name.
 */
PvextPlan *
pvext_judging_plan(PvextMap *map, PvextTable *subject)
{
	return pvext_kept_plan(map, subject, "judge", make_judging_plan);
}

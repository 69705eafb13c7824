/*
 * shared_row.c
 *		Rows of a plan that may be about somebody else, whose hold then keeps them.
 *
 * Rows and columns may be about two persons, and go with either.  Not while one of them
 * is held, though: an erasure of the other leaves them, as it leaves what a retention
 * rule keeps, row by row, and its request stays open until the hold has ended.
 *
 * For each subject table whose subjects may share rows with those of a plan, the plan
 * has one of its own in which all who are held are the subjects (plan->others).  It finds
 * the rows that are about them, from them down, and their keys are values of the plan's
 * statements: a row that matches is kept, also as it is once it is locked.  Where rows are
 * deleted, others go with them (on_erase => 'delete'): those that have a child that must stay
 * are found from there up.  A table whose rows are one person's costs nothing.
 */
#include "postgres.h"
#include "base/message.h"

#include "plan/condition.h"
#include "plan/row_set.h"
#include "plan/row_subject.h"
#include "plan/shared_row.h"
#include "plan/subject_step.h"
#include "rule/cascade.h"

/* Links that go around are not followed further than this. */
#define MAX_DEPTH 100

/* In how many ways rows of a set may be the subjects', two for more. */
static int
ways(PvextPlan *held, PvextSet *set, int depth)
{
	int			n = set->with_self;
	ListCell   *lc;

	if (set == held->self)
		return 1;
	if (depth > MAX_DEPTH)
		return 2;
	foreach(lc, set->arms)
	{
		PvextArm   *arm = lfirst(lc);

		if (n < 2)
			n += arm->up ? 2 : (arm->link->elements || arm->link->shared ? 2 : 1) * ways(held, arm->parent, depth + 1);
	}
	return Min(n, 2);
}

/* May a row be of one of the plan's subjects, and of one of those who are held, too? */
static bool
is_shared(PvextPlan *plan, PvextPlan *held, PvextSet *set)
{
	return set && set->productive &&
		(held->subject != plan->subject || ways(held, set, 0) > 1);
}

/* Is it one of the columns that are asked about? */
static bool
is_asked(PvextTarget *target, bool texts)
{
	return !target->blocked && !target->column->missing &&
		(!texts || target->column->strategy.kind == PVEXT_REDACT);
}

/*
 * Find the sets of those who are held, in the order of the plan's targets and removals; with
 * only, as before, those alone that were shared.  NULL where there is none.
 */
static List *
find_sets(PvextMap *map, PvextPlan *plan, PvextPlan *held, bool texts, List *only)
{
	List	   *sets = NIL;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		bool		asked = is_asked(target, texts) && (only == NIL || list_nth(only, i));

		sets = lappend(sets, asked ? pvext_set_of_column(held, target->table, target->column, true) : NULL);
		i++;
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);
		bool		asked = !removal->blocked && (only == NIL || list_nth(only, i));

		sets = lappend(sets, asked ? pvext_set_of_kept(held, map, removal->table) : NULL);
		i++;
	}
	pvext_prune_sets(held);
	foreach(lc, sets)
		if (!is_shared(plan, held, lfirst(lc)))
			lfirst(lc) = NULL;
	return sets;
}

/* Is there any? */
static bool
any_set(List *sets)
{
	ListCell   *lc;

	foreach(lc, sets)
		if (lfirst(lc))
			return true;
	return false;
}

/* A plan in which those who are held are the subjects: with all that they refer to. */
static PvextPlan *
begin_plan_of_held(PvextTable *table)
{
	PvextPlan  *held = pvext_begin_plan(table, NULL);

	held->loose = true;
	return held;
}

/* Add the rows of those who are held, where there may be any. */
static List *
add_other(List *others, PvextPlan *held, PvextSet *set)
{
	PvextOther *other = palloc(sizeof(PvextOther));

	if (set == NULL)
		return others;
	other->held = held;
	other->set = set;
	return lappend(others, other);
}

/* Complete the plan of those who are held, whose sets these are. */
static void
complete(PvextPlan *plan, PvextPlan *held, List *sets)
{
	ListCell   *lc;
	int			i = 0;

	foreach(lc, plan->targets)
		((PvextTarget *) lfirst(lc))->others =
			add_other(((PvextTarget *) lfirst(lc))->others, held, list_nth(sets, i++));
	foreach(lc, plan->removals)
		((PvextRemoval *) lfirst(lc))->others =
			add_other(((PvextRemoval *) lfirst(lc))->others, held, list_nth(sets, i++));
	pvext_build_locks(held);
	pvext_build_collects(held);
	held->tables = list_make1(held->subject);
	foreach(lc, held->sets)
		held->tables = list_append_unique_ptr(held->tables, ((PvextSet *) lfirst(lc))->table);
	plan->others = lappend(plan->others, held);
}

/* Whom the rows are about from which a target takes, as row_subject.c has it. */
static PvextRows *
rows_of_target(PvextTarget *target)
{
	PvextRows  *rows = palloc0(sizeof(PvextRows));

	rows->table = target->table;
	rows->any_path = target->column->any_path;
	rows->paths = target->column->paths;
	return rows;
}

/* The same of rows that are deleted, with those that go with them. */
static PvextRows *
rows_of_removal(PvextMap *map, PvextRemoval *removal)
{
	PvextRows  *rows = palloc0(sizeof(PvextRows));

	rows->table = removal->table;
	rows->any_path = true;
	rows->children = pvext_links_below(map, removal->table);
	return rows;
}

/*
 * Find out which targets and removals of a plan take from rows that may be about somebody
 * else, before their statements are built; with texts, of columns of strategy redact alone.
 * In the plan's context.
 */
void
pvext_add_others(PvextMap *map, PvextPlan *plan, bool texts)
{
	ListCell   *lc;

	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);
		PvextPlan  *held;
		List	   *sets;

		if (!table->is_subject)
			continue;

		/* First in a plan that is thrown away: most tables share nothing. */
		sets = find_sets(map, plan, begin_plan_of_held(table), texts, NIL);
		if (!any_set(sets))
			continue;
		held = begin_plan_of_held(table);
		complete(plan, held, find_sets(map, plan, held, texts, sets));
	}
	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->others)
			((PvextTarget *) lfirst(lc))->shared = rows_of_target(lfirst(lc));
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->others)
			((PvextRemoval *) lfirst(lc))->shared = rows_of_removal(map, lfirst(lc));
}

/* The query of whom those rows are about that are kept for others. */
static PvextStep *
build_sharers(PvextPlan *plan, PvextRows *start, PvextSet *set, List *others, PvextTarget *target)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfoString(&sql.text, "SELECT DISTINCT 1");
	pvext_append_row_subjects(&sql.text, start);
	appendStringInfo(&sql.text, " FROM %s AS r WHERE ", start->table->sql_name);
	pvext_append_match(plan, &sql, set);
	appendStringInfoString(&sql.text, " AND ");
	pvext_append_others(&sql, others);
	if (target)
	{
		appendStringInfoString(&sql.text, " AND ");
		pvext_append_test(&sql, target);
	}
	return pvext_sql_step(&sql, start->table);
}

/* Build the queries by which pvext_find_others() says who they are. */
void
pvext_build_sharers(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->shared)
			target->sharers = build_sharers(plan, target->shared, target->set, target->others, target);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (removal->shared)
			removal->sharers = build_sharers(plan, removal->shared, removal->set, removal->others, NULL);
	}
}

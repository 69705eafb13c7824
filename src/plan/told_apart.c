/*
 * told_apart.c
 *		Which of many subjects rules retain something of, and which lose something.
 *
 * A plan that is carried out for many subjects at once says of all of them together what
 * went and what stayed.  Where rules retain rows, that is no outcome of any of them: so
 * queries ask, set by set, of which subjects something is retained, and until when, and
 * which lose something of their own rows whatever is retained elsewhere.  Each joins the
 * subjects, by their number, with the rows that the set's arms lead to.
 *
 * What one statement cannot join with the subjects is left to be carried out one by one:
 * rows on the way to which are other owners', ways in a circle, rows that go with the
 * last who refers to them, rows that cannot be told from others in the log, and what is
 * found by keys that change meanwhile.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "map/link_match.h"
#include "plan/condition.h"
#include "plan/referred_row.h"
#include "plan/subject_step.h"
#include "plan/told_apart.h"
#include "utils/memutils.h"

/* More ways than this from rows to the subjects are not joined in one statement. */
#define MAX_WAYS 8

/* Does a rule retain some of what the plan takes? */
bool
pvext_is_any_retained(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->until)
			return true;
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->until)
			return true;
	return false;
}

/* The ways from a set's rows to the subjects' own, lists of links; where links don't go around. */
List *
pvext_ways_of(PvextPlan *plan, PvextSet *set)
{
	List	   *ways = NIL;
	ListCell   *lc;
	ListCell   *cell;

	if (set == plan->self || set->with_self)
		ways = lappend(ways, NIL);
	if (set == plan->self)
		return ways;
	foreach(lc, set->arms)
	{
		PvextArm   *arm = lfirst(lc);

		foreach(cell, pvext_ways_of(plan, arm->parent))
			ways = lappend(ways, lcons(arm->link, list_copy(lfirst(cell))));
	}
	return ways;
}

/* Do rows of the table go, and leave behind what hangs on them by the link? */
static bool
is_left_behind(PvextPlan *plan, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, link->delete_rows ? NIL : plan->removals)
		if (((PvextRemoval *) lfirst(lc))->table == link->parent)
			return true;
	return false;
}

/* Can a statement of the subjects' owner join the ways, before the rows on them go and after? */
bool
pvext_are_joined(PvextPlan *plan, List *ways)
{
	ListCell   *lc;
	ListCell   *cell;

	if (list_length(ways) > MAX_WAYS)
		return false;
	foreach(lc, ways)
		foreach(cell, (List *) lfirst(lc))
			if (((PvextLink *) lfirst(cell))->table->owner != plan->subject->owner ||
				is_left_behind(plan, lfirst(cell)))
				return false;
	return true;
}

/* SQL: until when rules retain something of row r, one of the set's; NULL where they do not. */
static void
append_until(PvextPlan *plan, PvextSql *sql, PvextSet *set)
{
	ListCell   *lc;

	appendStringInfoString(&sql->text, "CAST(GREATEST(NULL");
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->set != set || target->until == NULL || target->blocked)
			continue;
		appendStringInfoString(&sql->text, ", CASE WHEN ");
		pvext_append_test(sql, target);
		appendStringInfo(&sql->text, " AND %s > now() THEN %s END", target->until, target->until);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (removal->set == set && removal->until && !removal->blocked)
			appendStringInfo(&sql->text, ", CASE WHEN %s > now() THEN %s END", removal->until, removal->until);
	}
	appendStringInfoString(&sql->text, ") AS timestamptz)");
}

/* SQL: by one of its ways the set's rows, each with the number of a subject, and until when it is retained. */
static void
append_way(PvextPlan *plan, PvextSql *sql, PvextSet *set, List *way)
{
	StringInfoData from;
	StringInfoData where;

	initStringInfo(&from);
	initStringInfo(&where);
	appendStringInfoString(&where, "true");
	if (way != NIL)
	{
		appendStringInfo(&from, ", %s AS r", set->table->sql_name);
		pvext_append_path(&from, &where, way, "r", "o", "l");
	}
	appendStringInfoString(&sql->text, "SELECT k.n, ");
	append_until(plan, sql, set);
	appendStringInfoString(&sql->text, " AS until FROM ");
	pvext_append_numbered(plan, sql, way == NIL ? "r" : "o");
	appendStringInfo(&sql->text, "%s WHERE %s", from.data, where.data);
}

/*
 * The query of the subjects' numbers, of whom rows of the set are retained, and until when.
 * What is decided of a row stays above the join, where it is asked of the subjects' rows
 * alone: it may fail for others.
 */
static PvextStep *
build_ask(PvextPlan *plan, PvextSet *set, List *ways)
{
	PvextSql	sql;
	ListCell   *lc;

	pvext_sql_init(&sql);
	pvext_number_subjects(plan, &sql);
	appendStringInfoString(&sql.text, "SELECT n, max(until) FROM (");
	foreach(lc, ways)
	{
		appendStringInfoString(&sql.text, lc == list_head(ways) ? "" : " UNION ALL ");
		append_way(plan, &sql, set, lfirst(lc));
	}
	appendStringInfoString(&sql.text, ") AS x GROUP BY n HAVING max(until) IS NOT NULL");
	return pvext_sql_step(&sql, plan->subject);
}

/* The query of the numbers of subjects whose own rows lose something that no rule retains; NULL: none can. */
static PvextStep *
build_begun(PvextPlan *plan)
{
	PvextSql	sql;
	ListCell   *lc;
	bool		any = false;

	pvext_sql_init(&sql);
	pvext_number_subjects(plan, &sql);
	appendStringInfoString(&sql.text, "SELECT k.n FROM ");
	pvext_append_numbered(plan, &sql, "r");
	appendStringInfoString(&sql.text, " WHERE ");
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->set != plan->self || target->until || target->blocked ||
			target->column->strategy.kind == PVEXT_REDACT)
			continue;			/* what texts hold is known once the plan is run */
		appendStringInfoString(&sql.text, any ? " OR " : "");
		pvext_append_test(&sql, target);
		any = true;
	}
	return any ? pvext_sql_step(&sql, plan->subject) : NULL;
}

/* The sets of which rules retain rows or values. */
static List *
retained_sets(PvextPlan *plan)
{
	List	   *sets = NIL;
	ListCell   *lc;

	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->until)
			sets = list_append_unique_ptr(sets, ((PvextTarget *) lfirst(lc))->set);
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->until)
			sets = list_append_unique_ptr(sets, ((PvextRemoval *) lfirst(lc))->set);
	return sets;
}

/* Is there something in the plan that decides on a subject's rows by whose they are besides? */
bool
pvext_is_entangled(PvextPlan *plan)
{
	ListCell   *lc;

	if (plan->cyclic || plan->references != NIL)
		return true;
	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		if (set->referred || set->also || set->places || pvext_is_referred_to(set))
			return true;
	}
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->column->leads || (target->held && pvext_primary_key(target->table->relid) == NIL))
			return true;
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (removal->table == plan->subject ||
			(removal->held && pvext_primary_key(removal->table->relid) == NIL))
			return true;
	}
	return false;
}

/* Build the queries; false where they cannot tell. */
static bool
build(PvextPlan *plan)
{
	List	   *asks = NIL;
	ListCell   *lc;

	if (pvext_is_entangled(plan))
		return false;
	foreach(lc, retained_sets(plan))
	{
		List	   *ways = pvext_ways_of(plan, lfirst(lc));

		if (ways == NIL || !pvext_are_joined(plan, ways))
			return false;
		asks = lappend(asks, build_ask(plan, lfirst(lc), ways));
	}
	plan->begun_ask = build_begun(plan);
	plan->retained_asks = asks;
	return true;
}

/*
 * Can the plan's subjects be told apart by what rules retain of them?  Its queries,
 * retained_asks and begun_ask, are there then: built once, where there are many for the
 * first time.  Of a plan that retains no texts of strategy redact, and in which nobody is
 * held.
 */
bool
pvext_can_tell_apart(PvextPlan *plan)
{
	MemoryContext old;

	if (plan->apart == PVEXT_APART_UNKNOWN)
	{
		old = MemoryContextSwitchTo(plan->context);
		plan->apart = build(plan) ? PVEXT_APART : PVEXT_NOT_APART;
		MemoryContextSwitchTo(old);
	}
	return plan->apart == PVEXT_APART;
}

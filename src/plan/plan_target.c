/*
 * plan_target.c
 *		What a plan may take: columns of rows, and rows.
 *
 * It begins with all that may be about the subject, by the map alone, and forgets what leads
 * to others.  What of it goes is said afterwards, by who makes the plan (planner.c,
 * find_plan.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "plan/plan_target.h"
#include "plan/row_set.h"


/* A target for each of the table's columns that may be about the subject. */
void
pvext_add_targets(PvextPlan *plan, PvextTable *table)
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
void
pvext_add_removal(PvextPlan *plan, PvextTable *table)
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
void
pvext_prune_plan(PvextPlan *plan)
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

/*
 * staying_value.c
 *		Rows of the person's own in which a value stays.
 *
 * What a blocker, a retention rule or a hold on somebody else keeps of a person stays
 * where it is, in that person's rows.  Another person's rows in the same table have no
 * part in that.  So it is asked of each row, once it has been found to hold a value of the
 * person's: is it one of those that the plan was about, and did the plan leave it alone?
 * Called by stray_value.c, when the plan has been carried out.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "catalog/pg_type.h"
#include "execution/staying_value.h"
#include "execution/step.h"
#include "plan/condition.h"
#include "plan/row_set.h"

/* The query that finds the row at plan->place, where the column's value stays in it. */
static PvextStep *
build_step(PvextTarget *target)
{
	PvextPlan  *plan = target->plan;
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	PvextStep  *step;
	PvextSql	sql;

	plan->place.type = TIDOID;
	plan->place_in.type = OIDOID;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT FROM %s AS r WHERE r.ctid = $%d",
					 target->table->sql_name, pvext_sql_param(&sql, &plan->place));
	appendStringInfo(&sql.text, " AND r.tableoid = $%d AND ", pvext_sql_param(&sql, &plan->place_in));
	pvext_append_match(plan, &sql, target->set);
	if (!target->blocked)
		pvext_append_kept(&sql, target->until, target->others, true);
	step = pvext_sql_step(&sql, target->table);
	MemoryContextSwitchTo(old);
	return step;
}

/* Is the column, which a trigger computes, made of the target's? */
static bool
is_made_of(PvextTarget *target, const char *column)
{
	ListCell   *lc;

	foreach(lc, target->table->columns)
	{
		PvextColumn *derived = lfirst(lc);
		List	   *names;

		if (derived->strategy.kind != PVEXT_DERIVED || strcmp(derived->name, column) != 0)
			continue;
		names = pvext_derived_from(&derived->strategy);
		return names == NIL || pvext_has_name(names, target->column->name);
	}
	return false;
}

/*
 * The targets by which values of the column, of a table that with its parents is relids,
 * may stay for a while, as the plan's verdict is: its own or, where a trigger computes it,
 * those of what it is made of.
 */
List *
pvext_staying_targets(PvextPlan *plan, List *relids, const char *column)
{
	List	   *targets = NIL;
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if ((target->blocked || target->until || (target->others && plan->any_held)) &&
			list_member_oid(relids, target->table->relid) &&
			(strcmp(target->column->name, column) == 0 || is_made_of(target, column)))
			targets = lappend(targets, target);
	}
	return targets;
}

/*
 * Is the row, as it is now, of the persons whom the plan is about, and does one of the
 * targets leave it its value?  Runs as the table's owner.  It is asked for by its place:
 * the transaction has written it, so nobody moves it.
 */
bool
pvext_stays(List *targets, HeapTuple row, bool many)
{
	ListCell   *lc;

	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);
		PvextPlan  *plan = target->plan;

		if (target->stays == NULL)
			target->stays = build_step(target);
		plan->place.value = PointerGetDatum(&row->t_self);
		plan->place_in.value = ObjectIdGetDatum(row->t_tableOid);
		if (pvext_run_step(target->stays, many) > 0)
			return true;
	}
	return false;
}

/*
 * find_plan.c
 *		Plans that only find rows.
 *
 * They have no verdict and write nothing: which rows belong to a subject, which of their
 * texts may be addresses, and what by the map is whose.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "plan/find_plan.h"
#include "plan/plan_target.h"
#include "plan/row_set.h"
#include "plan/subject_step.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"


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
	pvext_note_tables(map, plan);
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
		pvext_add_targets(plan, lfirst(lc));
	foreach(lc, map->tables)
		pvext_add_removal(plan, lfirst(lc));
	foreach(lc, map->tables)
		if (lfirst(lc) != subject)
			(void) pvext_set_any(plan, lfirst(lc), true);
	pvext_prune_plan(plan);
	pvext_build_locks(plan);
	pvext_build_collects(plan);
	pvext_note_tables(map, plan);
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
	pvext_note_tables(map, plan);
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

/*
 * The plan that finds the rows that belong to a subject, and erases nothing.  Used as
 * pvext_plan() is, and kept as long.
 */
PvextPlan *
pvext_trail_plan(PvextMap *map, PvextTable *subject)
{
	return pvext_kept_plan(map, subject, "trail", make_trail_plan);
}

/*
 * The one that only finds what may be addresses: all at which the subject is reached or,
 * with going, those that an erasure takes.  Likewise.
 */
PvextPlan *
pvext_address_plan(PvextMap *map, PvextTable *subject, bool going)
{
	return going ? pvext_kept_plan(map, subject, "addresses that go", make_lost_addresses) :
		pvext_kept_plan(map, subject, "addresses", make_known_addresses);
}

/*
 * The plan that says whose rows and columns are by the map, and erases nothing.  Used as
 * pvext_plan() is, and kept as long.
 */
PvextPlan *
pvext_copies_plan(PvextMap *map, PvextTable *subject)
{
	return pvext_kept_plan(map, subject, "copies", make_copies_plan);
}

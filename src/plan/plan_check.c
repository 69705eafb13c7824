/*
 * plan_check.c
 *		What cannot be carried out by the tables and owners as they are now.
 *
 * It is found, and refused, while the plan is made: not half-way through an erasure.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "map/link_key.h"
#include "nodes/parsenodes.h"
#include "plan/plan_check.h"
#include "rule/clock_row.h"
#include "rule/rule.h"

/* Do all rows that a foreign key to the relation deletes or changes go by a link of its columns? */
static bool
is_removed(PvextPlan *plan, Oid relid, PvextForeignKey *fk)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->removals)
		foreach(cell, ((PvextRemoval *) lfirst(lc))->set->arms)
		{
			PvextLink  *link = ((PvextArm *) lfirst(cell))->link;

			if (link->parent->relid == relid && link->condition == NULL && pvext_link_follows(link, fk))
				return true;
		}
	return false;
}

/* Is the foreign key a reference by which rows of the table are shared, that empties itself? */
static bool
is_reference(PvextTable *table, PvextForeignKey *fk)
{
	ListCell   *lc;

	foreach(lc, fk->on_delete == FKCONSTR_ACTION_CASCADE ? NIL : table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (link->shared && pvext_is_key_of(fk, link->parent->relid, link->parent_columns, link->columns))
			return true;
	}
	return false;
}

/* Have rows that refer to those of the table, and would go with them, been deleted by then? */
static bool
is_removed_before(PvextPlan *plan, PvextTable *table, PvextForeignKey *fk)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		foreach(cell, link->shared ? plan->removals : NIL)
			if (((PvextRemoval *) lfirst(cell))->table == link->parent &&
				pvext_is_key_of(fk, link->parent->relid, link->parent_columns, link->columns))
				return true;
	}
	return false;
}

/* Go on to what the foreign keys to a relation change; seen has those that have been met. */
static void
check_cascades(PvextPlan *plan, PvextTable *table, Oid relid, bool update, List *seen)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(relid))
	{
		PvextForeignKey *fk = lfirst(lc);
		char		action = update ? fk->on_update : fk->on_delete;

		if (action == FKCONSTR_ACTION_NOACTION || action == FKCONSTR_ACTION_RESTRICT ||
			list_member_oid(seen, fk->relid))
			continue;
		if (pvext_owner(fk->relid) != table->owner && pvext_has_after_triggers(fk->relid))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("triggers of table %s would run as the owner of table %s",
							pvext_relation_name(fk->relid), table->sql_name),
					 errdetail("Foreign key \"%s\" carries the change over.", fk->name),
					 errhint("Give both tables to one role, drop the triggers, or make the foreign key NO ACTION and link the table.")));
		if (!update && !is_removed(plan, relid, fk) &&
			!(relid == table->relid && (is_reference(table, fk) || is_removed_before(plan, table, fk))))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("deleting rows of table %s would change rows of table %s",
							pvext_relation_name(relid), pvext_relation_name(fk->relid)),
					 errdetail("Foreign key \"%s\" is ON DELETE CASCADE, SET NULL or SET DEFAULT.",
							   fk->name),
					 errhint("Declare a link of %s to %s with on_erase => 'delete'.",
							 pvext_relation_name(fk->relid), pvext_relation_name(relid))));
		seen = lappend_oid(seen, fk->relid);
		check_cascades(plan, table, fk->relid, update || action != FKCONSTR_ACTION_CASCADE, seen);
	}
}

/*
 * Rows of a table of the plan's are about to be deleted, or with update their keys to be
 * changed.  The triggers of a table that a foreign key changes by the side are fired as
 * whoever changed the key: raise where they aren't that owner's own.  Rows
 * that go with deleted ones must have been declared to go.
 */
void
pvext_check_cascades(PvextPlan *plan, PvextTable *table, bool update)
{
	check_cascades(plan, table, table->relid, update, NIL);
}

/*
 * Raise where it is not known with whom rows of the table, or values of theirs, go: unsaid
 * is the table at which several links lead on, or NULL.
 */
void
pvext_check_unsaid(PvextTable *table, PvextTable *unsaid)
{
	if (unsaid)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_COLUMN),
				 errmsg("rows of table %s may belong to several subjects", table->sql_name),
				 unsaid == table ? 0 :
				 errdetail("They belong to rows of table %s, which may belong to several.", unsaid->sql_name),
				 unsaid == table ? errhint("Declare the columns again with the links that they go by.") :
				 errhint("Declare the columns again with the links that they go by, or a link of table %s with inherit => false.",
						 unsaid->sql_name)));
}

/* Raise where the column has been dropped, or its expression is no longer its owner's. */
void
pvext_check_plan_column(PvextTable *table, PvextColumn *column)
{
	if (column->missing)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("personal column \"%s\" of table %s has been dropped",
						column->name, table->sql_name),
				 errhint("Take it out of the map with pv.undeclare_personal().")));
	if (column->strategy.kind == PVEXT_EXPRESSION)
		pvext_check_bound_owner(table, column->owner, "an expression");
}

/* The same as below, for the rules of one table. */
static void
check_clocks_of(PvextTable *table, PvextTable *of, const char *column)
{
	ListCell   *lc;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		bool		reads = column ? rule->over == of : pvext_clock_goes_by(table, rule, of);

		if (reads && of != table &&
			(column ? pvext_is_clock(table, rule, of, column) : rule->mandatory))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the clock of retention rule \"%s\" of table %s reads what is erased of %s",
							rule->name, table->sql_name, of->sql_name),
					 errhint("Declare a mandatory rule on %s that keeps it as long.",
							 of->sql_name)));
	}
}

/*
 * The clock of a rule over another table's rows stops when these lose what it
 * reads, and what the rule keeps would be kept for ever: raise where the plan takes the
 * column, or for NULL the rows, of table "of" from such a rule.
 */
void
pvext_check_clock(PvextPlan *plan, PvextTable *of, const char *column)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
		check_clocks_of(((PvextTarget *) lfirst(lc))->table, of, column);
	foreach(lc, plan->removals)
		check_clocks_of(((PvextRemoval *) lfirst(lc))->table, of, column);
}

/*
 * Raise where a table has become a partition of one of which nothing is declared: new rows
 * of persons come to other partitions of that.
 */
void
pvext_refuse_attached(PvextMap *map, PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->tables)
	{
		PvextTable *table = lfirst(lc);
		Oid			root = pvext_partition_root(table->relid);
		PvextTable *above = pvext_map_table(map, root);

		if (root != table->relid && (above == NULL || (!above->is_subject && above->links == NIL)))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table %s has become a partition of %s, of which nothing is declared",
							table->sql_name, pvext_relation_name(root)),
					 errhint("Declare %s as %s was, and take the declarations of that back.",
							 pvext_relation_name(root), table->sql_name)));
	}
}

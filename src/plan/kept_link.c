/*
 * kept_link.c
 *		What rows are found by goes no sooner than what is found by it.
 *
 * A column that a link goes by gets the new value of its parent's key, and the row is found
 * by that.  What an expression makes of a row cannot be given one: where the column that it
 * reads is erased, or the key that it leads to is replaced, nobody finds the row any more.
 * While something of the row, or of what hangs on it, is retained or blocked, that must not be:
 * it would stay for ever.  So such a column, and such a key, stay as long as the last of these.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "map/link_match.h"
#include "plan/kept_link.h"

/* A table, and those whose rows hang on its, at any distance. */
static List *
tables_below(PvextTable *table)
{
	List	   *tables = list_make1(table);
	ListCell   *lc;

	for (int i = 0; i < list_length(tables); i++)
		foreach(lc, ((PvextTable *) list_nth(tables, i))->children)
			tables = list_append_unique_ptr(tables, ((PvextLink *) lfirst(lc))->table);
	return tables;
}

/* Raise where a personal key would be left in what an expression reads. */
static void
check_held_key(PvextTarget *target, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, link->table->columns)
		if (pvext_has_name(link->columns, ((PvextColumn *) lfirst(lc))->name))
			return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("column \"%s\" of table %s cannot be replaced", target->column->name, target->table->sql_name),
			 errdetail("Link \"%s\" of table %s leads to it by an expression, whose columns would hold it still.",
					   link->name, link->table->sql_name),
			 errhint("Declare them personal: SELECT pv.declare_personal(%s, %s, ...);",
					 pvext_print_literal(link->table->sql_name), pvext_print_names(link->columns))));
}

/* The tables whose rows are found by what the target takes; NIL for most. */
static List *
tables_found_by(PvextTarget *target)
{
	PvextTable *table = target->table;
	const char *column = target->column->name;
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (link->value && pvext_has_name(link->columns, column))
			tables = list_concat_unique_ptr(tables, tables_below(table));
	}
	foreach(lc, table->children)
	{
		PvextLink  *link = lfirst(lc);

		if (link->value == NULL || !pvext_has_name(link->parent_columns, column))
			continue;
		if (!target->blocked)
			check_held_key(target, link);
		tables = list_concat_unique_ptr(tables, tables_below(link->table));
	}
	return tables;
}

/* SQL over row r of the target's table: until when rows of a table that hang on it are retained. */
static char *
until_of(PvextTarget *target, PvextTable *table, const char *until)
{
	if (table == target->table)
		return pstrdup(until);
	if (!pvext_same_owner(table, target->table))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows of %s that are retained are found by column \"%s\" of %s, of another owner",
						table->sql_name, target->column->name, target->table->sql_name),
				 errhint("Give both tables to one role.")));
	return psprintf("coalesce((SELECT max(%s) FROM (SELECT r.*) AS o, %s AS r WHERE (%s)),"
					" CAST('-infinity' AS timestamptz))", until, table->sql_name,
					pvext_belongs_sql(table, target->table));
}

/* What is found by the target's column is kept so: so is the column. */
static void
keep_with(PvextTarget *target, PvextTable *table, bool blocked, const char *until, const char *basis, List *others)
{
	target->blocked = target->blocked || blocked;
	if (table == target->table)
		target->others = list_union_ptr(target->others, others);
	if (until && !blocked)
	{
		char	   *more = until_of(target, table, until);

		if (target->until && strstr(target->until, more))
			return;
		if (target->until == NULL)
			target->basis = pstrdup(basis ? basis : "");
		else if (basis && strstr(target->basis, basis) == NULL)
			target->basis = psprintf("%s; %s", target->basis, basis);
		target->until = target->until ? psprintf("GREATEST(%s, %s)", target->until, more) : more;
	}
}

/* What of the plan keeps the target, as that was before anything was kept by others. */
static void
keep_target(PvextPlan *plan, PvextTarget *target, List *tables, const PvextTarget *before)
{
	ListCell   *lc;
	int			n = 0;

	foreach(lc, plan->targets)
	{
		const PvextTarget *other = &before[n++];

		if (lfirst(lc) != target && list_member_ptr(tables, other->table))
			keep_with(target, other->table, other->blocked, other->until, other->basis, other->others);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (list_member_ptr(tables, removal->table))
			keep_with(target, removal->table, removal->blocked, removal->until, removal->basis, removal->others);
	}
}

/*
 * Let what rows are found by stay as long as what is found by it.  Of a plan whose verdict has
 * been applied, before its statements are built.
 */
void
pvext_keep_links(PvextPlan *plan)
{
	PvextTarget *before = palloc(sizeof(PvextTarget) * Max(list_length(plan->targets), 1));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, plan->targets)
		before[n++] = *(PvextTarget *) lfirst(lc);
	foreach(lc, plan->targets)
	{
		List	   *tables = tables_found_by(lfirst(lc));

		if (tables != NIL)
			keep_target(plan, lfirst(lc), tables, before);
	}
}

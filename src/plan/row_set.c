/*
 * row_set.c
 *		Which rows belong to a subject, as SQL.
 *
 * A set is the rows of one table that belong to the subject by a path of
 * links, or by any.  Sets are built from the subject down: a row belongs
 * through a link (an "arm") when it holds the key of a row of the parent's
 * set, and keys travel between statements as arrays (a "slot" per column), so
 * that each statement reads one owner's tables only.
 *
 * Rows of a subject table own what hangs on them: "any" never leads through
 * another subject table, nor through rows of the same one that merely refer
 * to the subject (an employee's customers' invoices are not the employee's).
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "map/link_path.h"
#include "plan/referred_row.h"
#include "plan/row_set.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* A set of a table's rows, which nothing belongs to yet; it is not among the plan's. */
static PvextSet *
new_set(PvextTable *table, bool loose)
{
	PvextSet   *set = palloc0(sizeof(PvextSet));

	set->table = table;
	set->loose = loose;
	return set;
}

/* Is the set to be a loose one?  Where nobody's rows are kept for others there is one kind. */
static bool
is_loose(PvextPlan *plan, PvextTable *table, bool loose)
{
	return table->referred && (loose || plan->loose);
}

/* Raise where a link whatever the case may lead to two persons, whose names differ in that alone. */
static void
check_unique_lower(PvextLink *link)
{
	if (!pvext_is_unique_lower(link->parent->relid, link->parent_columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("columns %s of table %s are not unique whatever their case, as link \"%s\" of table %s takes them",
						pvext_join_names(link->parent_columns, ", ", true), link->parent->sql_name, link->name,
						link->table->sql_name),
				 errhint("%s", pvext_unique_lower_sql(link->parent->relid, link->parent_columns))));
}

/* Let the rows belong that hold the key of the parent's, as the link says. */
static PvextArm *
add_arm(PvextSet *set, PvextLink *link, PvextSet *parent)
{
	PvextArm   *arm = palloc0(sizeof(PvextArm));

	arm->link = link;
	arm->parent = parent;
	arm->last = pvext_goes_with_last(link);
	if (link->ignore_case && link->shared == NULL)
		check_unique_lower(link);
	for (int n = 0; n < list_length(link->parent_columns); n++)
	{
		PvextMatch	match;

		pvext_link_match(link, n, &match);
		arm->slots = lappend(arm->slots, pvext_set_slot_as(parent, list_nth(link->parent_columns, n),
														   match.as_text, match.folded));
	}
	set->arms = lappend(set->arms, arm);
	return arm;
}

static PvextSet *set_any(PvextPlan *plan, PvextTable *table, bool inherited, bool loose);

/* The parent's rows that carry the subject on through a link, or NULL. */
static PvextSet *
parent_set(PvextPlan *plan, PvextLink *link, bool loose)
{
	if (link->parent == plan->subject)
		return plan->self;
	if (link->parent->is_subject)
		return NULL;
	return set_any(plan, link->parent, true, loose);
}

/*
 * The rows of a table that belong to the subject by any path; with inherited, only
 * those of them that have others belong to it.
 */
static PvextSet *
set_any(PvextPlan *plan, PvextTable *table, bool inherited, bool loose)
{
	PvextSet   *set;
	ListCell   *lc;
	bool		all = true;

	foreach(lc, table->links)
		all = all && ((PvextLink *) lfirst(lc))->inherited;
	inherited = inherited && !all;
	loose = is_loose(plan, table, loose);
	foreach(lc, plan->sets)
	{
		set = lfirst(lc);
		if (set->table == table && set->any && set->inherited == inherited && set->loose == loose)
		{
			plan->cyclic = plan->cyclic || set->building;
			return set;
		}
	}
	set = new_set(table, loose);
	set->any = true;
	set->inherited = inherited;
	set->building = true;		/* who meets it from below has gone in a circle */
	set->with_self = table == plan->subject;
	plan->sets = lappend(plan->sets, set);
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);
		PvextSet   *parent = inherited && !link->inherited ? NULL : parent_set(plan, link, loose);

		if (parent)
			(void) add_arm(set, link, parent);
	}
	set->building = false;

	/* Parents first: what was reached from here has been added before. */
	plan->sets = lappend(list_delete_ptr(plan->sets, set), set);
	return set;
}

/*
 * The rows of a table that belong to the subject by any path; with loose, those to which
 * others refer, too, among them.
 */
PvextSet *
pvext_set_any(PvextPlan *plan, PvextTable *table, bool loose)
{
	return set_any(plan, table, false, loose);
}

/* The link of the name, with which a path goes on. */
static PvextLink *
link_named(PvextTable *table, const char *name)
{
	PvextLink  *link = pvext_map_link(table, name);

	if (link == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table %s has no link named \"%s\" any more", table->sql_name, name),
				 errhint("pv.check_map() shows what no longer fits.")));
	return link;
}

/*
 * The set of a table that has been made by these paths, or what stands for them; NULL
 * where there is none.  One that is still being built is met where links go around.
 */
static PvextSet *
find_set(PvextPlan *plan, PvextTable *table, List *paths, bool loose)
{
	ListCell   *lc;

	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		if (set->table != table || set->any || set->loose != loose || !pvext_equal_paths(set->paths, paths))
			continue;
		plan->cyclic = plan->cyclic || set->building;
		return set;
	}
	return NULL;
}

/* Do the paths, or what is left of them, go by all that those do who are looked for by any? */
static bool
is_every_path(PvextTable *table, List *paths)
{
	ListCell   *lc;

	foreach(lc, list_member_ptr(paths, NIL) ? NIL : table->links)
	{
		PvextLink  *link = lfirst(lc);
		List	   *rests = pvext_paths_after(paths, link->name);

		if (link->inherited && (rests == NIL || !is_every_path(link->parent, rests)))
			return false;
	}
	return true;
}

/*
 * What the paths of a set are about is kept for whoever else leads to its rows by any link.
 * So it goes with the last of them, by whichever that is, or nobody would ever take it.
 */
static void
add_whoever(PvextPlan *plan, PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, set->table->links)
	{
		PvextLink  *link = lfirst(lc);
		List	   *rests = pvext_paths_after(set->paths, link->name);
		PvextSet   *parent;

		if (rests != NIL && is_every_path(link->parent, rests))
			continue;
		parent = parent_set(plan, link, false);
		if (parent)
			add_arm(set, link, parent)->last = true;
	}
}

/*
 * The rows of a table from which one of the paths, or what is left of them, leads to
 * the subject; NULL where all lead to other subject tables.
 */
static PvextSet *
set_by_paths(PvextPlan *plan, PvextTable *table, List *paths, bool loose)
{
	PvextSet   *set;
	ListCell   *lc;
	List	   *done = NIL;
	bool		last = false;

	if (list_length(paths) == 1 && linitial(paths) == NIL)
	{
		if (table == plan->subject)
			return plan->self;
		return table->is_subject ? NULL : set_any(plan, table, true, loose);
	}
	loose = is_loose(plan, table, loose);
	set = find_set(plan, table, paths, loose);
	if (set)
		return set;
	set = new_set(table, loose);
	set->paths = paths;
	foreach(lc, paths)
	{
		List	   *path = lfirst(lc);
		PvextSet   *parent;

		set->with_self = set->with_self || (path == NIL && table == plan->subject);
		if (path == NIL || pvext_has_name(done, linitial(path)))
			continue;
		done = lappend(done, linitial(path));
		last = last || pvext_goes_with_last(link_named(table, linitial(path)));
		parent = set_by_paths(plan, link_named(table, linitial(path))->parent,
							  pvext_paths_after(paths, linitial(path)), loose);
		if (parent)
			(void) add_arm(set, link_named(table, linitial(path)), parent);
	}
	if (last && !loose)
		add_whoever(plan, set);
	if (set->arms == NIL)
		return set->with_self ? plan->self : NULL;
	plan->sets = lappend(plan->sets, set);
	return set;
}

/* The rows of a table whose column is about the subject, or NULL; loose is as above. */
PvextSet *
pvext_set_of_column(PvextPlan *plan, PvextTable *table, PvextColumn *column, bool loose)
{
	if (column->any_path)
		return pvext_set_any(plan, table, loose);
	return set_by_paths(plan, table, column->paths ? column->paths : list_make1(NIL), loose);
}

/*
 * The rows of a table that go with the subject, or NULL.  They go with their parent,
 * where rows of that are deleted, and else with whom it belongs to.
 */
PvextSet *
pvext_set_of_removal(PvextPlan *plan, PvextTable *table)
{
	List	   *paths = list_make1(list_make1("*delete*"));
	bool		loose = is_loose(plan, table, false);
	PvextSet   *set;
	ListCell   *lc;

	set = find_set(plan, table, paths, loose);
	if (set)
		return set;
	set = new_set(table, loose);
	set->paths = paths;
	set->deleted = true;
	set->building = true;
	plan->sets = lappend(plan->sets, set);
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);
		PvextSet   *parent = NULL;

		if (link->delete_rows)
			parent = !link->parent->is_subject && pvext_rows_go(link->parent) && link->shared == NULL ?
				pvext_set_of_removal(plan, link->parent) : parent_set(plan, link, loose);
		if (parent)
			(void) add_arm(set, link, parent);
	}
	set->building = false;
	plan->sets = list_delete_ptr(plan->sets, set);
	if (set->arms == NIL)
		return NULL;
	plan->sets = lappend(plan->sets, set);
	return set;
}

/* Those of a set's rows that the condition of a link holds for. */
static PvextSet *
set_with_condition(PvextPlan *plan, PvextSet *set, PvextLink *link)
{
	PvextSet   *some = new_set(set->table, set->loose);

	pvext_check_bound_owner(link->table, link->owner, "the condition of a link");
	some->paths = list_make1(list_make2("*condition*", link->name));
	some->with_self = set->with_self;
	some->arms = list_copy(set->arms);
	some->also = link->condition;
	plan->sets = lappend(plan->sets, some);
	return some;
}

/* Let the rows belong that a set's rows are the children of. */
static void
add_arm_up(PvextPlan *plan, PvextSet *set, PvextLink *link, PvextSet *children)
{
	PvextArm   *arm = palloc0(sizeof(PvextArm));

	arm->up = true;
	arm->link = link;
	arm->parent = link->condition ? set_with_condition(plan, children, link) : children;
	for (int n = 0; n < list_length(link->parent_columns); n++)
		arm->slots = lappend(arm->slots, pvext_link_slot(arm->parent, link, n));
	set->arms = lappend(set->arms, arm);
}

/* Do rows belong to the set for the sake of those that would go with them? */
static bool
has_arm_up(PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, set->arms)
		if (((PvextArm *) lfirst(lc))->up)
			return true;
	return false;
}

/*
 * The rows of a table that must stay whole where the subject's data must: those that
 * belong to the subject by any path, and those with which such rows of other tables
 * would go.
 */
PvextSet *
pvext_set_of_kept(PvextPlan *plan, PvextMap *map, PvextTable *table)
{
	List	   *paths = list_make1(list_make1("*kept*"));
	PvextSet   *any = pvext_set_any(plan, table, false);
	PvextSet   *set;
	ListCell   *lc;
	ListCell   *cell;

	set = find_set(plan, table, paths, any->loose);
	if (set)
		return set;
	set = new_set(table, any->loose);
	set->paths = paths;
	set->with_self = any->with_self;
	set->arms = list_copy(any->arms);
	set->building = true;
	plan->sets = lappend(plan->sets, set);
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			PvextSet   *children;

			if (link->parent != table || link->table == table || !link->delete_rows || link->shared)
				continue;
			/* Those of one link belong to whom their parents do. */
			children = pvext_set_of_kept(plan, map, link->table);
			if (link->table->is_subject || pvext_is_plural(link->table) || has_arm_up(children))
				add_arm_up(plan, set, link, children);
		}
	set->building = false;
	plan->sets = lappend(list_delete_ptr(plan->sets, set), set);
	return set;
}

/*
 * The rows of a link's table that hold the key of a set's rows, by that link
 * alone.
 */
PvextSet *
pvext_set_of_link(PvextPlan *plan, PvextLink *link, PvextSet *parent)
{
	PvextSet   *set = new_set(link->table, true);

	(void) add_arm(set, link, parent);
	set->productive = true;
	plan->sets = lappend(plan->sets, set);
	return set;
}

/*
 * Drop what doesn't lead to the subject: sets are made before it is known whether a way
 * ends there.  What does is found from the subject on, until there is no more of it, so
 * that a circle that leads nowhere goes as well.
 */
void
pvext_prune_sets(PvextPlan *plan)
{
	bool		again = true;
	ListCell   *lc;
	ListCell   *cell;

	plan->self->productive = true;
	while (again)
	{
		again = false;
		foreach(lc, plan->sets)
		{
			PvextSet   *set = lfirst(lc);
			bool		productive = set->with_self;

			foreach(cell, set->arms)
				productive = productive || ((PvextArm *) lfirst(cell))->parent->productive;
			if (productive && !set->productive)
				set->productive = again = true;
		}
	}
	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		foreach(cell, set->arms)
			if (!((PvextArm *) lfirst(cell))->parent->productive)
				set->arms = foreach_delete_current(set->arms, cell);
			else if (!((PvextArm *) lfirst(cell))->link->enforced)
				plan->unenforced = true;
	}
}

/* The rows' primary keys: records from before a link was declared may lack its columns. */
static void
add_key_slots(PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, pvext_primary_key(set->table->relid))
		(void) pvext_set_slot(set, lfirst(lc), true);
}

/* What links that lead on from a personal key go by, also where nothing else is linked. */
static void
add_leading_slots(PvextMap *map, PvextTarget *target)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			ListCell   *column;

			if (link->parent != target->table || link->shared ||
				!pvext_has_name(link->parent_columns, target->column->name) ||
				!pvext_is_audited(list_make1(link->table)))
				continue;
			foreach(column, link->parent_columns)
				(void) pvext_set_slot(target->set, lfirst(column), true);
		}
}

/*
 * Let a plan's sets hold what records of the log are found by, where their tables
 * are, or have been, audited.
 */
void
pvext_add_traced_slots(PvextMap *map, PvextPlan *plan)
{
	ListCell   *lc;

	if (pvext_is_audited(list_make1(plan->subject)))
		add_key_slots(plan->self);
	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		if (set->productive && pvext_is_audited(list_make1(set->table)))
			add_key_slots(set);
	}
	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->column->leads)
			add_leading_slots(map, lfirst(lc));
}

/* SQL: row r is one of the subject's own rows. */
static void
append_self(PvextPlan *plan, PvextSql *sql)
{
	PvextLink	link = {0};
	PvextArm	arm = {&link, plan->self, NIL};
	ListCell   *lc;

	link.table = link.parent = plan->subject;
	link.columns = link.parent_columns = plan->subject->key;
	foreach(lc, plan->subject->key)
		arm.slots = lappend(arm.slots, pvext_set_slot(plan->self, lfirst(lc), false));
	pvext_append_arm(sql, &arm);
}

/*
 * SQL: row r belongs to the set, in parentheses; the values that say so are added to the
 * statement's.
 */
void
pvext_append_match(PvextPlan *plan, PvextSql *sql, PvextSet *set)
{
	ListCell   *lc;
	bool		first = true;
	bool		also = set->also && set->places == NULL;

	appendStringInfoString(&sql->text, also ? "((" : "(");
	if (set->places)
		appendStringInfo(&sql->text, "r.ctid = ANY ($%d)%s%s",
						 pvext_sql_param(sql, set->places),
						 set->also ? " AND " : "", set->also ? set->also : "");
	else if (set->with_self)
	{
		append_self(plan, sql);
		first = false;
	}
	foreach(lc, set->arms)
	{
		if (!first)
			appendStringInfoString(&sql->text, " OR ");
		if (((PvextArm *) lfirst(lc))->up)
			pvext_append_arm_up(sql, lfirst(lc));
		else
			pvext_append_arm(sql, lfirst(lc));
		if (pvext_is_kept_arm(set, lfirst(lc)))
			pvext_append_not_kept(sql, set);
		first = false;
	}
	appendStringInfoChar(&sql->text, ')');
	if (also)
		appendStringInfo(&sql->text, " AND (%s))", set->also);
}

/*
 * The statement that reads a set's slots: one row with an array for each, and the number
 * of rows.  With lock the rows are locked FOR UPDATE, for which the check of a foreign
 * key, FOR KEY SHARE, waits: by one, nothing can come to hang on them until we commit.
 */
PvextStep *
pvext_build_collect(PvextPlan *plan, PvextSet *set, bool lock)
{
	PvextSql	sql;
	StringInfoData inner;
	ListCell   *lc;
	int			i = 0;

	pvext_sql_init(&sql);
	initStringInfo(&inner);
	appendStringInfoString(&sql.text, "SELECT ");
	foreach(lc, set->slots)
	{
		PvextSlot  *slot = lfirst(lc);

		appendStringInfo(&sql.text, "array_agg(x.c%d), ", i);
		appendStringInfo(&inner, "%s%s AS c%d", i > 0 ? ", " : "", pvext_slot_sql(slot), i);
		i++;
	}
	appendStringInfo(&sql.text, "count(*) FROM (SELECT %s FROM %s AS r WHERE ",
					 inner.data, set->table->sql_name);
	pvext_append_match(plan, &sql, set);
	appendStringInfo(&sql.text, "%s) AS x", lock ? " FOR UPDATE" : "");
	return pvext_sql_step(&sql, set->table);
}

/*
 * The statements that follow the links from the subject down: of sets that others hang
 * on, or the log is searched by.  After all slots have been asked for.
 */
void
pvext_build_collects(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		if ((set->slots == NIL && !set->locked) || !set->productive)
			continue;
		set->collect = pvext_build_collect(plan, set, true);
		set->look = pvext_build_collect(plan, set, false);
	}
	foreach(lc, plan->sets)
		if (((PvextSet *) lfirst(lc))->referred)
			pvext_build_referred(lfirst(lc));
}

/*
 * whose.c
 *		Whose a value is that was found somewhere.
 *
 * Of a column that nobody has mapped there is nothing to ask.  One that is declared
 * personal is the subject's in the rows that an erasure would take it in; rows are asked
 * for by their places, some hundred at a time, as the table's owner and by the snapshot
 * that they were found with.  Columns that hold keys follow their rows, and so do computed
 * ones.  Any other column of a mapped table is as good as unmapped: an erasure leaves it,
 * but where whole rows go.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "copies/whose.h"
#include "execution/step.h"
#include "plan/row_set.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* The columns that are declared not to be personal, of a table or its parents. */
static List *
read_not_personal(List *relids)
{
	static PvextStatement find = {
		"SELECT n.column_name FROM pv.not_personal AS n JOIN pv.relation AS r ON r.id = n.relation_id"
		" WHERE r.relation = ANY ($1)", NULL
	};
	PvextArgs	args = {0};
	List	   *names = NIL;
	uint64		n;

	pvext_arg_oids(&args, relids);
	n = pvext_own_kept(&find, &args);
	for (uint64 i = 0; i < n; i++)
		names = lappend(names, pvext_value(i, 1));
	SPI_freetuptable(SPI_tuptable);
	return names;
}

/* What the map says of a table.  Between pvext_enter() and pvext_leave(). */
void
pvext_read_part(PvextPart *part, PvextMap *map, Oid relid)
{
	ListCell   *lc;

	part->map = map;
	part->relid = relid;
	part->relids = pvext_with_parents(relid);
	part->tables = NIL;
	foreach(lc, part->relids)
	{
		PvextTable *table = pvext_map_table(map, lfirst_oid(lc));

		if (table && (table->is_subject || table->links || table->columns))
			part->tables = lappend(part->tables, table);
	}
	part->not_personal = read_not_personal(part->relids);
}

/* Is the column computed from others of its row? */
static bool
is_generated(Oid relid, const char *name)
{
	HeapTuple	tuple = SearchSysCacheAttName(relid, name);
	bool		generated = false;

	if (HeapTupleIsValid(tuple))
	{
		generated = ((Form_pg_attribute) GETSTRUCT(tuple))->attgenerated != '\0';
		ReleaseSysCache(tuple);
	}
	return generated;
}

/* Does the column hold keys by which rows belong to each other? */
static bool
is_key(PvextMap *map, PvextTable *table, const char *name)
{
	ListCell   *lc;
	ListCell   *cell;

	if (pvext_has_name(table->key, name))
		return true;
	foreach(lc, table->links)
		if (pvext_has_name(((PvextLink *) lfirst(lc))->columns, name))
			return true;
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
			if (((PvextLink *) lfirst(cell))->parent == table &&
				pvext_has_name(((PvextLink *) lfirst(cell))->parent_columns, name))
				return true;
	return false;
}

/* Is the column declared personal? */
static bool
is_personal(PvextTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->columns)
		if (strcmp(((PvextColumn *) lfirst(lc))->name, name) == 0)
			return true;
	return false;
}

/* Add the sets in whose rows a column of the table is the subject's. */
static void
add_sets(PvextClaim *claim, PvextPlan *plan, PvextTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table == table && strcmp(target->column->name, name) == 0)
			claim->sets = list_append_unique_ptr(claim->sets, target->set);
	}
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->table == table)
			claim->sets = list_append_unique_ptr(claim->sets, ((PvextRemoval *) lfirst(lc))->set);
}

/* Add those of its rows that belong to the subject by any path. */
static void
add_any_set(PvextClaim *claim, PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	if (table == plan->subject)
		claim->sets = list_append_unique_ptr(claim->sets, plan->self);
	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		if (set->table == table && set->any && set->productive)
			claim->sets = list_append_unique_ptr(claim->sets, set);
	}
}

/* What the map, by a plan of pvext_copies_plan(), says of a column of the table. */
void
pvext_claim_column(PvextClaim *claim, PvextPart *part, PvextPlan *plan, const char *name)
{
	ListCell   *lc;

	claim->sets = NIL;
	claim->otherwise = PVEXT_UNMAPPED;
	if (pvext_has_name(part->not_personal, name))
	{
		claim->otherwise = PVEXT_DECLARED_NOT_PERSONAL;
		return;
	}
	foreach(lc, part->tables)
	{
		PvextTable *table = lfirst(lc);

		add_sets(claim, plan, table, name);
		if (is_personal(table, name))
			claim->otherwise = PVEXT_OF_ANOTHER;
		else if (is_key(part->map, table, name) || is_generated(table->relid, name))
		{
			add_any_set(claim, plan, table);
			claim->otherwise = PVEXT_OF_ANOTHER;
		}
	}
}

/*
 * Rows
 */

/* The query of those of some rows, by their places in a table, that are in a set. */
static PvextStep *
build_step(PvextPlan *plan, PvextSet *set, PvextParam *places)
{
	PvextStep  *step;
	PvextSql	sql;

	plan->place_in.type = OIDOID;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT r.ctid FROM %s AS r WHERE r.ctid = ANY ($%d)",
					 set->table->sql_name, pvext_sql_param(&sql, places));
	appendStringInfo(&sql.text, " AND r.tableoid = $%d AND ", pvext_sql_param(&sql, &plan->place_in));
	pvext_append_match(plan, &sql, set);
	step = pvext_sql_step(&sql, set->table);
	step->many.read_only = true;
	return step;
}

/* For qsort() and bsearch(). */
static int
compare_places(const void *a, const void *b)
{
	ItemPointerData x = *(const ItemPointerData *) a;
	ItemPointerData y = *(const ItemPointerData *) b;

	return ItemPointerCompare(&x, &y);
}

/* Mark the hits in columns that claim the set whose rows are in it. */
static void
ask_set(PvextPlan *plan, PvextPart *part, PvextSet *set, PvextClaim *claims, PvextHit *hits, int n)
{
	PvextParam	places = {.type = TIDARRAYOID};
	Datum	   *tids = palloc(sizeof(Datum) * n);
	ItemPointerData *own;
	uint64		found;

	for (int i = 0; i < n; i++)
		tids[i] = PointerGetDatum(&hits[i].tid);
	places.value = PointerGetDatum(construct_array(tids, n, TIDOID, sizeof(ItemPointerData), false,
												   TYPALIGN_SHORT));
	plan->place_in.value = ObjectIdGetDatum(part->relid);
	plan->place_in.isnull = false;
	found = pvext_run_step(build_step(plan, set, &places), true);
	own = palloc(sizeof(ItemPointerData) * Max(found, 1));
	for (uint64 i = 0; i < found; i++)
	{
		bool		isnull;

		own[i] = *(ItemPointer) DatumGetPointer(pvext_datum(i, 1, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	qsort(own, found, sizeof(ItemPointerData), compare_places);
	for (int i = 0; i < n; i++)
		if (list_member_ptr(claims[hits[i].column].sets, set) &&
			bsearch(&hits[i].tid, own, found, sizeof(ItemPointerData), compare_places))
			hits[i].own = true;
}

/*
 * Find out which of the hits, all of them in one table, are the subject's by the claims of
 * their columns, as the active snapshot sees the rows.  In the current context, which its
 * caller resets.
 */
void
pvext_ask_whose(PvextPlan *plan, PvextPart *part, PvextClaim *claims, PvextHit *hits, int n)
{
	List	   *sets = NIL;
	ListCell   *lc;

	for (int i = 0; i < n; i++)
	{
		hits[i].own = false;
		sets = list_union_ptr(sets, claims[hits[i].column].sets);
	}
	foreach(lc, sets)
		ask_set(plan, part, lfirst(lc), claims, hits, n);
}

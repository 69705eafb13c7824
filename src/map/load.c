/*
 * load.c
 *		Reading the data map from pv's tables.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/invalidation.h"
#include "base/result.h"
#include "base/table_part.h"
#include "map/link_key.h"
#include "map/link_path.h"
#include "map/load.h"
#include "map/purpose.h"
#include "utils/memutils.h"

/*
 * A table that has been loaded, by its id in pv.relation, which they are in the order of;
 * NULL where it has been dropped.
 */
static PvextTable *
table_by_id(PvextMap *map, int32 id)
{
	int			low = 0;
	int			high = list_length(map->tables);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		PvextTable *table = list_nth(map->tables, middle);

		if (table->id == id)
			return table;
		if (table->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* All relations that declarations name and that are there, subject or not. */
static void
load_tables(PvextMap *map)
{
	uint64		n = pvext_own("SELECT r.id, r.relation, s.key, s.bound, s.owner,"
							  " s.relation_id IS NOT NULL"
							  " FROM pv.relation r"
							  " JOIN pg_class c ON c.oid = r.relation"
							  " LEFT JOIN pv.declared_subject s ON s.relation_id = r.id"
							  " ORDER BY r.id", NULL);

	for (uint64 i = 0; i < n; i++)
	{
		PvextTable *table = palloc0(sizeof(PvextTable));

		table->id = (int32) pvext_int(i, 1);
		table->relid = (Oid) pvext_int(i, 2);
		table->owner = pvext_owner(table->relid);
		table->sql_name = pvext_relation_name(table->relid);
		table->key = pvext_names(i, 3);
		table->condition = pvext_value(i, 4);
		table->condition_owner = pvext_value(i, 5);
		table->is_subject = pvext_bool(i, 6);
		map->tables = lappend(map->tables, table);
	}
}

/* Which tables' rows are kept while others refer to them, or to what they belong to? */
static void
find_referred(PvextMap *map)
{
	bool		more = true;
	ListCell   *lc;
	ListCell   *cell;

	while (more)
	{
		more = false;
		foreach(lc, map->tables)
		{
			PvextTable *table = lfirst(lc);

			foreach(cell, table->referred ? NIL : table->links)
				if (pvext_goes_with_last(lfirst(cell)) || ((PvextLink *) lfirst(cell))->parent->referred)
					table->referred = more = true;
		}
	}
}

/* Links between tables that are there; one that has lost an end is an orphan. */
static void
load_links(PvextMap *map)
{
	uint64		n = pvext_own("SELECT relation_id, parent_id, name, columns, parent_columns,"
							  " bound, owner, on_erase, inherited, shared, expression_bound, purposes, elements,"
							  " ignore_case, " PVEXT_IS_TWIN ","
							  " l.purposes IS NOT NULL AND NOT EXISTS (SELECT FROM pv.purpose u"
							  "  WHERE u.name = ANY (l.purposes) AND u.legal_basis <> 'consent')"
							  " FROM pv.declared_link AS l ORDER BY relation_id, name", NULL);
	ListCell   *lc;

	for (uint64 i = 0; i < n; i++)
	{
		PvextLink  *link = palloc0(sizeof(PvextLink));

		link->table = table_by_id(map, (int32) pvext_int(i, 1));
		link->parent = table_by_id(map, (int32) pvext_int(i, 2));
		if (link->table == NULL || link->parent == NULL)
			continue;
		link->name = pvext_value(i, 3);
		link->columns = pvext_names(i, 4);
		link->parent_columns = pvext_names(i, 5);
		link->condition = pvext_value(i, 6);
		link->owner = pvext_value(i, 7);
		link->delete_rows = strcmp(pvext_value(i, 8), "delete") == 0;
		link->inherited = pvext_bool(i, 9);
		link->shared = pvext_value(i, 10);
		link->value = pvext_value(i, 11);
		link->purposes = pvext_texts(i, 12);
		link->elements = pvext_bool(i, 13);
		link->ignore_case = pvext_bool(i, 14);
		link->twin = pvext_bool(i, 15);
		link->consent_only = pvext_bool(i, 16);
		link->table->links = lappend(link->table->links, link);
		link->parent->children = lappend(link->parent->children, link);
	}
	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);
		ListCell   *link;

		foreach(link, table->links)
			if (((PvextLink *) lfirst(link))->delete_rows)
				((PvextLink *) lfirst(link))->unsaid =
					pvext_where_unsaid(((PvextLink *) lfirst(link))->parent);
	}
	find_referred(map);
}

/* Does the column name a subject, or do linked columns refer to it? */
static bool
column_leads(PvextTable *table, const char *name)
{
	ListCell   *lc;

	if (pvext_has_name(table->key, name))
		return true;
	foreach(lc, table->children)
		if (((PvextLink *) lfirst(lc))->shared == NULL &&
			pvext_has_name(((PvextLink *) lfirst(lc))->parent_columns, name))
			return true;
	return false;
}

/* Does a link of its own table go by the column? */
static bool
column_follows(PvextTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->value == NULL && ((PvextLink *) lfirst(lc))->shared == NULL &&
			pvext_has_name(((PvextLink *) lfirst(lc))->columns, name))
			return true;
	return false;
}

/*
 * Personal columns.  One that is no longer there stays in the map, as missing, so that
 * what cannot be erased is told.
 */
static void
load_columns(PvextMap *map)
{
	uint64		n = pvext_own("SELECT p.relation_id, p.column_name, p.category, p.purposes,"
							  " p.paths IS NULL, p.paths, p.strategy, p.argument, p.owner,"
							  " p.purposes IS NOT NULL AND NOT EXISTS (SELECT FROM pv.purpose u"
							  "  WHERE u.name = ANY (p.purposes) AND u.legal_basis <> 'consent'), p.named"
							  " FROM pv.declared_personal p ORDER BY 1, 2", NULL);
	SPITupleTable *rows = SPI_tuptable;

	for (uint64 i = 0; i < n; i++)
	{
		PvextColumn *column = palloc0(sizeof(PvextColumn));
		PvextTable *table;
		ListCell   *lc;

		/* What is looked up below runs statements of its own. */
		SPI_tuptable = rows;
		table = table_by_id(map, (int32) pvext_int(i, 1));
		if (table == NULL)
			continue;
		column->name = pvext_value(i, 2);
		column->category = pvext_value(i, 3);
		column->purposes = pvext_texts(i, 4);
		column->any_path = pvext_bool(i, 5);
		foreach(lc, pvext_texts(i, 6))
			column->paths = lappend(column->paths, pvext_complete_path(table, lfirst(lc), pvext_texts(i, 11), &column->unsaid));
		column->owner = pvext_value(i, 9);
		column->consent_only = pvext_bool(i, 10);
		column->missing = !pvext_has_column(table->relid, column->name);
		column->leads = column_leads(table, column->name);
		column->follows = column_follows(table, column->name);
		if (!column->missing)
			pvext_init_strategy(&column->strategy, table->relid, column->name,
								pvext_value(i, 7), pvext_value(i, 8));
		table->columns = lappend(table->columns, column);
	}
}

/*
 * What a foreign key that names the table is behind: a link of its columns, whose inserts
 * then take a lock on the parent (but a row may come under a condition without one); and
 * columns that it refers to lead, whether it is linked or not.
 */
static void
apply_foreign_key(PvextTable *table, PvextForeignKey *fk)
{
	ListCell   *lc;

	foreach(lc, table->children)
	{
		PvextLink  *link = lfirst(lc);

		if (fk->firm && link->condition == NULL && pvext_link_follows(link, fk))
			link->enforced = true;
	}

	/* To rows that are shared it is the parent that refers: who comes to do so locks them. */
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (fk->firm && link->shared && link->condition == NULL && link->value == NULL &&
			pvext_is_key_of(fk, link->parent->relid, link->parent_columns, link->columns))
			link->enforced = true;
	}
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (pvext_has_name(fk->parent_columns, column->name))
			column->leads = true;
	}
}

/* What foreign keys say of links and columns: each table's are looked up once. */
static void
apply_foreign_keys(PvextMap *map)
{
	MemoryContext scratch = AllocSetContextCreate(map->context, "pvext foreign keys",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	ListCell   *lc;

	foreach(lc, map->tables)
	{
		ListCell   *key;

		foreach(key, pvext_foreign_keys_to(((PvextTable *) lfirst(lc))->relid))
			apply_foreign_key(lfirst(lc), lfirst(key));
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* Retention rules, active or not. */
static void
load_rules(PvextMap *map)
{
	uint64		n = pvext_own("SELECT relation_id, name, basis, keep::text, after_bound,"
							  " otherwise_bound, coalesce(over_id, 0), columns, time_zone, owner,"
							  " mandatory, state = 'active', action = 'delete', condition_bound,"
							  " coalesce(through_id, 0) FROM pv.declared_retention ORDER BY 1, 2", NULL);

	for (uint64 i = 0; i < n; i++)
	{
		PvextRule  *rule = palloc0(sizeof(PvextRule));
		PvextTable *table = table_by_id(map, (int32) pvext_int(i, 1));

		if (table == NULL)
			continue;
		rule->name = pvext_value(i, 2);
		rule->basis = pvext_value(i, 3);
		rule->keep = pvext_value(i, 4);
		rule->after = pvext_value(i, 5);
		rule->otherwise = pvext_value(i, 6);
		rule->over = table_by_id(map, (int32) pvext_int(i, 7));
		rule->through = table_by_id(map, (int32) pvext_int(i, 15));
		if ((rule->over == NULL && pvext_int(i, 7) != 0) ||
			(rule->through == NULL && pvext_int(i, 15) != 0))
		{
			rule->after = "CAST(NULL AS timestamp)";	/* its table is gone: keep */
			rule->over = rule->through = NULL;
		}
		rule->columns = pvext_names(i, 8);
		rule->time_zone = pvext_value(i, 9);
		rule->owner = pvext_value(i, 10);
		rule->mandatory = pvext_bool(i, 11);
		rule->active = pvext_bool(i, 12);
		rule->removes = pvext_bool(i, 13);
		rule->condition = pvext_value(i, 14);
		table->rules = lappend(table->rules, rule);
	}
}

/* Blockers. */
static void
load_blockers(PvextMap *map)
{
	uint64		n = pvext_own("SELECT relation_id, name, reason, bound, owner,"
							  " coalesce(over_id, 0), purposes"
							  " FROM pv.declared_blocker ORDER BY 1, 2", NULL);

	for (uint64 i = 0; i < n; i++)
	{
		PvextBlocker *blocker = palloc0(sizeof(PvextBlocker));
		PvextTable *table = table_by_id(map, (int32) pvext_int(i, 1));

		if (table == NULL)
			continue;
		blocker->name = pvext_value(i, 2);
		blocker->reason = pvext_value(i, 3);
		blocker->condition = pvext_value(i, 4);
		blocker->owner = pvext_value(i, 5);
		blocker->over = table_by_id(map, (int32) pvext_int(i, 6));
		if (blocker->over == NULL && pvext_int(i, 6) != 0)
			blocker->condition = "NULL";	/* its table is gone: block */
		blocker->purposes = pvext_texts(i, 7);
		table->blockers = lappend(table->blockers, blocker);
	}
}

/* Read the map into the current context, as the active snapshot sees it.  Between pvext_enter() and pvext_leave(). */
PvextMap *
pvext_load_map(void)
{
	static uint64 maps = 0;
	PvextMap   *map = palloc0(sizeof(PvextMap));

	map->context = CurrentMemoryContext;
	map->number = ++maps;
	pvext_watch_declarations();
	load_tables(map);
	load_links(map);
	load_columns(map);
	apply_foreign_keys(map);
	load_rules(map);
	load_blockers(map);
	pvext_load_purposes(map);
	return map;
}

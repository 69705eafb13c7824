/*
 * map.c
 *		The data map as a backend keeps it in memory.
 *
 * The map is read whole when it is first needed, and again when pv's tables or
 * a mapped table have changed since.  Callbacks only set a flag: the map that
 * a call works with stays as it is until the next call asks for one.
 */
#include "postgres.h"
#include "message.h"

#include "access/xact.h"
#include "catalog.h"
#include "change.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "error.h"
#include "fmgr.h"
#include "compat.h"
#include "map.h"
#include "miscadmin.h"
#include "ownership.h"
#include "part.h"
#include "purpose.h"
#include "relation.h"
#include "result.h"
#include "storage/lmgr.h"
#include "spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

static PvextMap *current = NULL;
static uint64 changes = 0;		/* invalidations seen so far */
static uint64 current_as_of = 0;	/* how many of them current has in it */
static List *retired = NIL;		/* PvextMap, freed when the transaction ends */
static int	pins = 0;

PG_FUNCTION_INFO_V1(pvext_map_changed);

/*
 * A trigger, or a function in an expression, may call pvext again while a plan
 * is being carried out, whose values that call would overwrite.
 */
static void
refuse_nested(void)
{
	if (pins > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("pvext is already at work in this session"),
				 errhint("A trigger or expression that pvext runs cannot call it.")));
}

/* Free the maps that calls of the transaction may have held on to. */
static void
free_retired(XactEvent event, void *arg)
{
	ListCell   *lc;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	pins = 0;
	foreach(lc, retired)
		MemoryContextDelete(((PvextMap *) lfirst(lc))->context);
	list_free(retired);
	retired = NIL;
}

/*
 * Statement trigger of the tables that hold the map: other backends learn of
 * the change when this transaction commits, this one at its next command.
 */
Datum
pvext_map_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						"map_changed")));
	if (strcmp(RelationGetRelationName(((TriggerData *) fcinfo->context)->tg_relation),
			   "secret") != 0)	/* made when it is first needed */
		refuse_nested();
	CacheInvalidateRelcacheByRelid(pvext_own_relation("relation"));
	return PointerGetDatum(NULL);
}

/* Relation cache callback: was it one that the map was made from? */
static void
relation_changed(Oid relid)
{
	ListCell   *lc;

	if (!OidIsValid(relid))
	{
		changes++;
		return;
	}
	if (current == NULL)
		return;
	foreach(lc, current->tables)
		if (((PvextTable *) lfirst(lc))->relid == relid)
			changes++;
}

/* A role that changes may own a mapped table. */
static void
catalog_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	changes++;
}

void
pvext_init_map(void)
{
	pvext_on_relation_change(relation_changed);
	RegisterXactCallback(free_retired, NULL);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
}

PvextTable *
pvext_map_table(PvextMap *map, Oid relid)
{
	ListCell   *lc;

	foreach(lc, map->tables)
		if (((PvextTable *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	return NULL;
}

/* The table of a subject; raises where it isn't declared. */
PvextTable *
pvext_map_subject(PvextMap *map, Oid relid)
{
	PvextTable *table = pvext_map_table(map, relid);

	if (table == NULL || !table->is_subject)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is not declared as a subject", pvext_relation_name(relid)),
				 errhint("Declare it with pv.declare_subject().")));
	return table;
}

PvextLink *
pvext_map_link(PvextTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (strcmp(((PvextLink *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	return NULL;
}

/*
 * An expression runs with the rights of the table's owner; it is that owner's
 * word only while the table is still theirs.
 */
void
pvext_check_bound_owner(PvextTable *table, const char *owner, const char *what)
{
	const char *now = GetUserNameFromId(table->owner, false);

	if (owner == NULL || strcmp(owner, now) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s of table %s was declared for another owner", what,
						table->sql_name),
				 errhint("Let the table's owner declare it again.")));
}

static PvextTable *
table_by_id(PvextMap *map, int32 id)
{
	ListCell   *lc;

	foreach(lc, map->tables)
		if (((PvextTable *) lfirst(lc))->id == id)
			return lfirst(lc);
	return NULL;
}

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

/*
 * Does a foreign key stand behind the link, so that an insert takes a lock on
 * the parent?  A row may come under a condition without one.
 */
static bool
is_enforced(PvextLink *link)
{
	ListCell   *lc;

	if (link->condition)
		return false;
	foreach(lc, pvext_foreign_keys_to(link->parent->relid))
		if (pvext_is_key_of(lfirst(lc), link->table->relid, link->columns,
							link->parent_columns))
			return true;
	return false;
}

static void
load_links(PvextMap *map)
{
	uint64		n = pvext_own("SELECT relation_id, parent_id, name, columns, parent_columns,"
							  " bound, owner, on_erase, inherited, " PVEXT_IS_TWIN
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
		link->twin = pvext_bool(i, 10);
		link->table->links = lappend(link->table->links, link);
	}
	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);
		ListCell   *link;

		foreach(link, table->links)
		{
			((PvextLink *) lfirst(link))->enforced = is_enforced(lfirst(link));
			if (((PvextLink *) lfirst(link))->delete_rows)
				((PvextLink *) lfirst(link))->unsaid =
					pvext_where_unsaid(((PvextLink *) lfirst(link))->parent);
		}
	}
}

/* Does the column name a subject, or do linked columns or keys refer to it? */
static bool
column_leads(PvextMap *map, PvextTable *table, const char *name)
{
	ListCell   *lc;
	ListCell   *cell;

	if (pvext_has_name(table->key, name))
		return true;
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);

			if (link->parent == table && pvext_has_name(link->parent_columns, name))
				return true;
		}
	foreach(lc, pvext_foreign_keys_to(table->relid))
		if (pvext_has_name(((PvextForeignKey *) lfirst(lc))->parent_columns, name))
			return true;
	return false;
}

static bool
column_follows(PvextTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (pvext_has_name(((PvextLink *) lfirst(lc))->columns, name))
			return true;
	return false;
}

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
		column->leads = column_leads(map, table, column->name);
		column->follows = column_follows(table, column->name);
		if (!column->missing)
			pvext_init_strategy(&column->strategy, table->relid, column->name,
								pvext_value(i, 7), pvext_value(i, 8));
		table->columns = lappend(table->columns, column);
	}
}

static void
load_rules(PvextMap *map)
{
	uint64		n = pvext_own("SELECT relation_id, name, basis, keep::text, after_bound,"
							  " otherwise_bound, coalesce(over_id, 0), columns, time_zone, owner,"
							  " mandatory, state = 'active', action = 'delete'"
							  " FROM pv.declared_retention ORDER BY 1, 2", NULL);

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
		if (rule->over == NULL && pvext_int(i, 7) != 0)
			rule->after = "CAST(NULL AS timestamp)";	/* its table is gone: keep */
		rule->columns = pvext_names(i, 8);
		rule->time_zone = pvext_value(i, 9);
		rule->owner = pvext_value(i, 10);
		rule->mandatory = pvext_bool(i, 11);
		rule->active = pvext_bool(i, 12);
		rule->removes = pvext_bool(i, 13);
		table->rules = lappend(table->rules, rule);
	}
}

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

/* Does the map in use hold all that has been declared and changed since? */
bool
pvext_map_is_current(void)
{
	AcceptInvalidationMessages();
	return current_as_of == changes;
}

/*
 * Lock a table of the map, so that it stays its owner's until the transaction
 * ends.  Raises where it has become another's meanwhile.
 */
void
pvext_lock_table(PvextTable *table, LOCKMODE mode)
{
	LockRelationOid(table->relid, mode);
	if (pvext_owner(table->relid) != table->owner)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("table %s has got another owner meanwhile", table->sql_name),
				 errhint("Try again.")));
}

/*
 * Do something by the map's plans, whose values a nested call would overwrite:
 * such a call is refused.  Errors are raised without values.
 */
void
pvext_with_map(void (*body) (PvextMap *map, void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	PvextMap   *map = pvext_map();

	pins++;
	PG_TRY();
	{
		body(map, arg);
	}
	PG_CATCH();
	{
		pins--;
		pvext_raise_without_values(context);
	}
	PG_END_TRY();
	pins--;
}

static void
retire(PvextMap *map)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	retired = lappend(retired, map);
	MemoryContextSwitchTo(old);
}

/* Read the map into the current context. */
static PvextMap *
load_map(void)
{
	static uint64 maps = 0;
	PvextMap   *map = palloc0(sizeof(PvextMap));

	map->context = CurrentMemoryContext;
	map->number = ++maps;
	pvext_watch_declarations();
	load_tables(map);
	load_links(map);
	load_columns(map);
	load_rules(map);
	load_blockers(map);
	pvext_load_purposes(map);
	return map;
}

/*
 * The data map as the current snapshot sees it.  Between pvext_enter() and
 * pvext_leave(), once a call; what an earlier call got is no longer valid.
 */
PvextMap *
pvext_map(void)
{
	MemoryContext context;
	MemoryContext old;
	PvextMap   *map;
	uint64		changes_before;

	AcceptInvalidationMessages();
	refuse_nested();
	if (current && current_as_of == changes)
		return current;

	changes_before = changes;
	context = AllocSetContextCreate(CurrentMemoryContext, "pvext map",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	map = load_map();
	MemoryContextSwitchTo(old);

	if (current)
		retire(current);
	MemoryContextSetParent(context, TopMemoryContext);
	current = map;

	/* A map read under an old snapshot serves this call alone. */
	current_as_of = IsolationUsesXactSnapshot() ? PG_UINT64_MAX : changes_before;
	return current;
}

/*
 * map.c
 *		The data map as a backend keeps it in memory.
 *
 * The map is read whole when it is first needed, and again when pv's tables or
 * a mapped table have changed since.  Callbacks only set a flag: the map that
 * a call works with stays as it is until the next call asks for one.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/invalidation.h"
#include "base/relation.h"
#include "code/failed_code.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "map/load.h"
#include "map/map.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
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

	/* An error may have left some. */
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

	/* One table stands for all of pv's: see invalidation.c. */
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

/* From _PG_init(): hear of changes, and free maps when transactions end. */
void
pvext_init_map(void)
{
	pvext_on_relation_change(relation_changed);
	RegisterXactCallback(free_retired, NULL);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
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

	/* To lock it has waited, and heard of what was committed meanwhile. */
	if (pvext_owner(table->relid) != table->owner)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("table %s has got another owner meanwhile", table->sql_name),
				 errhint("Try again.")));
}

/*
 * Do something by the map's plans, whose values a nested call would overwrite: such a
 * call is refused.  Errors are raised without values.  Between pvext_enter() and
 * pvext_leave().
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

/*
 * Keep a map until the transaction ends, for calls further out that may still have it in
 * hand.
 */
static void
retire(PvextMap *map)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	retired = lappend(retired, map);
	MemoryContextSwitchTo(old);
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

	/*
	 * Counted before it is read: of a change that comes while it is read nobody knows if
	 * it is in it, and the map is read again at the next call.
	 */
	changes_before = changes;
	context = AllocSetContextCreate(CurrentMemoryContext, "pvext map",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	map = pvext_load_map();
	MemoryContextSwitchTo(old);

	if (current)
		retire(current);

	/* Only now: an error while it was read has freed it with the caller's context. */
	MemoryContextSetParent(context, TopMemoryContext);
	current = map;

	/* A map read under an old snapshot serves this call alone. */
	current_as_of = IsolationUsesXactSnapshot() ? PG_UINT64_MAX : changes_before;
	return current;
}

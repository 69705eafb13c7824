/*
 * consent_target.c
 *		What has_consent() has to know of a subject table and a purpose.
 *
 * It is read once, as the server reads its catalogs, and kept for the session until the
 * data map or the table changes: it is asked for with every row of a scan.  In a parallel
 * worker what was read under one snapshot is not used under another.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/array.h"
#include "base/catalog.h"
#include "base/invalidation.h"
#include "base/relation.h"
#include "catalog/pg_type.h"
#include "consent/consent_target.h"
#include "map/key.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Those of the session; what a relation cache callback says is stale is read again. */
static PvextConsentTarget *targets = NULL;

/* How a key of the table is found; *type is the base type of one of a single column. */
static PvextConsentKey
kind_of_key(PvextTable *subject, Oid *type)
{
	AttrNumber	column;
	int32		typmod;
	Oid			collation;

	*type = InvalidOid;
	if (pvext_has_integer_key(subject))
		return PVEXT_KEY_INTEGER;
	if (list_length(subject->key) != 1)
		return PVEXT_KEY_OTHER;
	column = pvext_column(subject->relid, linitial(subject->key), NULL, NULL);
	get_atttypetypmodcoll(subject->relid, column, type, &typmod, &collation);
	*type = getBaseType(*type);
	if (*type == UUIDOID)
		return PVEXT_KEY_PLAIN;
	if (*type == TEXTOID || *type == VARCHAROID)
		return get_collation_isdeterministic(collation) ? PVEXT_KEY_PLAIN : PVEXT_KEY_OTHER;
	return PVEXT_KEY_OTHER;
}

/* Find the row of a small table of pv's whose first column of a unique index is this. */
static HeapTuple
find_row(Relation rel, const char *index, AttrNumber column, RegProcedure equal, Datum value)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, equal, value);
	scan = systable_beginscan(rel, pvext_own_relation(index), true, GetActiveSnapshot(), 1, &key);
	row = systable_getnext(scan);
	if (row)
		row = heap_copytuple(row);
	systable_endscan(scan);
	return row;
}

/* A column of a row as text, NULL where it is null. */
static char *
column_text(Relation rel, HeapTuple row, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(row, column, RelationGetDescr(rel), &isnull);
	Oid			output;
	bool		varlena;

	if (isnull)
		return NULL;
	getTypeOutputInfo(TupleDescAttr(RelationGetDescr(rel), column - 1)->atttypid,
					  &output, &varlena);
	return OidOutputFunctionCall(output, value);
}

/* The number of a relation in pv.relation, 0 where it isn't there. */
static int32
read_relation_id(Oid relid)
{
	Relation	rel = table_open(pvext_own_relation("relation"), AccessShareLock);
	HeapTuple	row = find_row(rel, "relation_relation_key", 2, F_OIDEQ, ObjectIdGetDatum(relid));
	bool		isnull;
	int32		id = 0;

	if (row)
		id = DatumGetInt32(heap_getattr(row, 1, RelationGetDescr(rel), &isnull));
	table_close(rel, AccessShareLock);
	return id;
}

/* Read the subject table, in the current context. */
static PvextTable *
read_subject(Oid relid)
{
	int32		id = read_relation_id(relid);
	Relation	rel = table_open(pvext_own_relation("declared_subject"), AccessShareLock);
	HeapTuple	row = find_row(rel, "declared_subject_pkey", 1, F_INT4EQ, Int32GetDatum(id));
	PvextTable *subject = palloc0(sizeof(PvextTable));
	bool		isnull;

	if (row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is not declared as a subject", pvext_relation_name(relid)),
				 errhint("Declare it with pv.declare_subject().")));
	subject->id = id;
	subject->relid = relid;
	subject->owner = pvext_owner(relid);
	subject->sql_name = pvext_relation_name(relid);
	subject->key = pvext_array_names(heap_getattr(row, 2, RelationGetDescr(rel), &isnull));
	subject->condition = column_text(rel, row, 5);
	subject->condition_owner = column_text(rel, row, 6);
	table_close(rel, AccessShareLock);
	return subject;
}

/* The id of a purpose that rests on consent. */
static int32
read_purpose(const char *name)
{
	Relation	rel = table_open(pvext_own_relation("purpose"), AccessShareLock);
	HeapTuple	row = find_row(rel, "purpose_pkey", 1, F_TEXTEQ, CStringGetTextDatum(name));
	char	   *basis;
	bool		isnull;
	int32		id;

	if (row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("purpose \"%s\" is not declared", name),
				 errhint("Declare it with pv.declare_purpose(); pv.purpose lists those that are.")));
	basis = column_text(rel, row, 2);
	if (strcmp(basis, "consent") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("purpose \"%s\" does not rest on consent", name),
				 errdetail("Its legal basis is %s.", basis),
				 errhint("pv.may_process() says whether it may be processed for.")));
	id = DatumGetInt32(heap_getattr(row, 4, RelationGetDescr(rel), &isnull));
	table_close(rel, AccessShareLock);
	return id;
}

/*
 * Read, or read again, what is asked about: as the catalogs are read, by a
 * snapshot that knows of all changes announced so far.  In parallel mode there
 * is none to be had but the active one, and what that shows is kept for it alone.
 */
static void
read_target(PvextConsentTarget *target)
{
	MemoryContext old;
	bool		parallel = IsInParallelMode();

	target->subject = NULL;
	MemoryContextReset(target->context);
	target->stale = false;

	/* Before anything is read: what changes from here on is heard of, and read again. */
	pvext_watch_declarations();
	target->generation = parallel ? pvext_snapshot_generation() : 0;
	if (!parallel)
		PushActiveSnapshot(GetLatestSnapshot());
	target->purpose_id = read_purpose(target->purpose);
	old = MemoryContextSwitchTo(target->context);
	target->subject = read_subject(target->relid);
	target->kind = kind_of_key(target->subject, &target->key_type);
	MemoryContextSwitchTo(old);
	if (!parallel)
		PopActiveSnapshot();
}

/* Relation cache callback: the data map, or the subject table, has changed. */
static void
relation_changed(Oid relid)
{
	for (PvextConsentTarget *target = targets; target; target = target->next)
		if (!OidIsValid(relid) || relid == target->relid)
			target->stale = true;
}

/* Begin to remember a subject table and a purpose, if there are such. */
static PvextConsentTarget *
make_target(Oid relid, const char *purpose)
{
	static bool registered = false;
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "pvext consent target",
												  ALLOCSET_SMALL_SIZES);
	PvextConsentTarget *target = MemoryContextAllocZero(context, sizeof(PvextConsentTarget));

	if (!registered)
		pvext_on_relation_change(relation_changed);
	registered = true;
	target->context = AllocSetContextCreate(context, "pvext consent subject",
											ALLOCSET_SMALL_SIZES);
	target->relid = relid;
	target->purpose = MemoryContextStrdup(context, purpose);
	target->purpose_len = strlen(purpose);
	target->next = targets;
	targets = target;			/* from now on it hears of changes */
	PG_TRY();
	{
		read_target(target);
	}
	PG_CATCH();
	{
		targets = target->next;
		MemoryContextDelete(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return target;
}

/*
 * A subject table and a purpose, found or read.  Raises where there are none such.  It lives
 * as long as the session.
 */
PvextConsentTarget *
pvext_find_consent_target(Oid relid, text *purpose)
{
	char	   *name = text_to_cstring(purpose);
	PvextConsentTarget *target;

	for (target = targets; target; target = target->next)
		if (target->relid == relid && strcmp(target->purpose, name) == 0)
			break;
	if (target == NULL)
		target = make_target(relid, name);
	else if (!pvext_target_is_current(target))
		read_target(target);
	pfree(name);
	return target;
}

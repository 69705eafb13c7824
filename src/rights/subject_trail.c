/*
 * subject_trail.c
 *		What happened to a subject: who changed, or looked at, what is about it.
 *
 * Records are found as an erasure finds them (subject_records.c), in the subject's own table
 * and in every table that is linked to it, by any path and at any distance, and
 * under every key that it has had; reads by the keys that they name.
 *
 * Neither blockers nor holds nor retention have a say in it, and no row is locked.  Rows
 * of now are read as their owners, and say what the log is to be searched for; the log
 * itself is read by pg_catalog's code alone, by one snapshot.  It is found in the order
 * of the log, and given in that of the transactions.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "audit/trail.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/relation.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "erase/ledger.h"
#include "execution/slot.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/key.h"
#include "mb/pg_wchar.h"
#include "plan/find_plan.h"
#include "reads/access_log.h"
#include "redact/subject_records.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

/* The columns of the result: the chunk's id, those of a record but n, and these. */
enum
{
	TRAIL_ID,
	TRAIL_RECORD,				/* n is the first */
	TRAIL_XID = TRAIL_RECORD + PVEXT_RECORD_COLUMNS,
	TRAIL_INCARNATION,
	TRAIL_PURPOSE,
	TRAIL_COLUMN_NAMES,
	TRAIL_COLUMNS
};

/* A row of the result, and what it is sorted by. */
typedef struct Found
{
	int64		incarnation;
	uint64		xid;
	int64		id;
	int			n;
	HeapTuple	row;
} Found;

typedef struct Search
{
	Oid			relid;
	char	   *key;
	ReturnSetInfo *result;
	MemoryContext context;
	PvextRecordSearch *records;
	PvextTrail	trail;
	Found	   *found;
	int			nfound;
	int			size;
} Search;

PG_FUNCTION_INFO_V1(pvext_subject_trail);

/*
 * Rows
 */

/* Note a row of the result, in the order in which it is found; it is put in order later. */
static void
add_row(Search *search, const PvextChunk *chunk, int n, Datum *values, bool *nulls)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);
	Found	   *found;

	if (search->nfound == search->size)
	{
		search->size = Max(2 * search->size, 64);
		search->found = search->found ?
			repalloc_huge(search->found, sizeof(Found) * search->size) :
			palloc(sizeof(Found) * search->size);
	}
	found = &search->found[search->nfound++];
	found->incarnation = chunk->incarnation;
	found->xid = chunk->xid;
	found->id = chunk->id;
	found->n = n;
	found->row = heap_form_tuple(search->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
}

/* The text of a value that is on record as one, if it is sound. */
static char *
text_of(const PvextReadValue *value)
{
	if (value->form != PVEXT_IS_VALUE || !pg_verifymbstr(value->data, value->size, true))
		return NULL;
	return pnstrdup(value->data, value->size);
}

/* A column of a row. */
static void
set(Datum *values, bool *nulls, int column, Datum value)
{
	values[column] = value;
	nulls[column] = false;
}

/* What a read has of its own. */
static void
set_read(Datum *values, bool *nulls, PvextReadItem item)
{
	PvextReadValue value;

	set(values, nulls, TRAIL_RECORD + PVEXT_RECORD_OPERATION, CStringGetTextDatum("READ"));
	while (pvext_next_value(&item, &value))
	{
		char	   *text = value.column < PVEXT_READ_KEY ? text_of(&value) : NULL;
		char	   *name;
		Datum		number;
		Datum		names;

		if (text == NULL)
			continue;
		if (value.column == PVEXT_READ_RELATION && pvext_parse_read(INT4OID, text, &number))
		{
			set(values, nulls, TRAIL_RECORD + PVEXT_RECORD_RELATION_ID, number);
			name = pvext_recorded_name(DatumGetInt32(number));
			if (name)
				set(values, nulls, TRAIL_RECORD + PVEXT_RECORD_RELATION,
					CStringGetTextDatum(name));
		}
		else if (value.column == PVEXT_READ_PURPOSE)
			set(values, nulls, TRAIL_PURPOSE, CStringGetTextDatum(text));
		else if (value.column == PVEXT_READ_COLUMNS && pvext_parse_read(NAMEARRAYOID, text, &names))
			set(values, nulls, TRAIL_COLUMN_NAMES, names);
	}
}

/* Add the records of a chunk that are about the subject. */
static void
read_chunk(const PvextChunk *chunk, void *arg)
{
	Search	   *search = arg;
	PvextTrail *trail = &search->trail;
	PvextItems	items = pvext_items_of(chunk);
	PvextReadItem item;

	pvext_begin_trail_chunk(trail);
	for (int n = 0; pvext_next_item(&items, &item); n++)
	{
		Datum		values[TRAIL_COLUMNS];
		bool		nulls[TRAIL_COLUMNS];
		bool		context = item.kind == PVEXT_ITEM_TIME || item.kind == PVEXT_ITEM_WHO;

		if (!context && !pvext_is_found_item(search->records, item))
			continue;
		if (!pvext_read_trail(trail, item, n))
			continue;
		memset(nulls, true, sizeof(nulls));
		memcpy(values + TRAIL_RECORD, trail->values, sizeof(trail->values));
		memcpy(nulls + TRAIL_RECORD, trail->nulls, sizeof(trail->nulls));
		set(values, nulls, TRAIL_ID, Int64GetDatum(chunk->id));
		set(values, nulls, TRAIL_XID, UInt64GetDatum(chunk->xid));
		set(values, nulls, TRAIL_INCARNATION, Int64GetDatum(chunk->incarnation));
		if (item.kind == PVEXT_ITEM_READ)
			set_read(values, nulls, item);
		add_row(search, chunk, n, values, nulls);
	}
}

/* In the order in which each transaction made them. */
static int
compare_found(const void *a, const void *b)
{
	const Found *x = a;
	const Found *y = b;

	if (x->incarnation != y->incarnation)
		return x->incarnation < y->incarnation ? -1 : 1;
	if (x->xid != y->xid)
		return x->xid < y->xid ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->n - y->n;
}

/*
 * The search
 */

/* The keys that the ledger of erasures knows besides the one given. */
static void
add_erased(PvextRecordSearch *records, PvextTable *subject, const char *key)
{
	bytea	   *digest;
	PvextRequest request;
	char	   *now;

	if (pvext_never_used("erasure_ledger"))
		return;
	digest = pvext_subject_digest(subject->id, key);
	pvext_find_request(subject, digest, &request);
	if (request.exists)
		records->former = lappend(records->former, request.former_digest);
	now = pvext_key_of_request(subject, digest);
	if (now)
		pvext_search_for_key(records, records->keys, now);
}

/* Find the subject's rows of now, and what its records may be found by. */
static PvextRecordSearch *
begin_search(PvextMap *map, Search *search)
{
	PvextTable *subject = pvext_map_subject(map, search->relid);
	char	   *found = pvext_find_subject(subject, search->key, PVEXT_TO_LOOK);
	PvextPlan  *plan = pvext_trail_plan(map, subject);
	PvextRecordSearch *records;
	List	   *rows;

	if (found)
		search->key = found;	/* as the row spells it; else as it was asked for */
	pvext_lock_plan(plan, AccessShareLock);
	records = pvext_begin_search(plan, false);
	pvext_search_for_key(records, records->keys, search->key);
	add_erased(records, subject, search->key);
	rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, search->key)), false);
	if (rows == NIL)
		return records;
	pvext_forget_slots(plan);
	pvext_set_rows(plan, rows);
	pvext_collect(plan, false, false, false);
	pvext_search_for_rows(records);
	return records;
}

/*
 * For pvext_with_map().  The log is read twice by one snapshot: which chunks have records
 * of the subject's is known only when all keys that it had are.
 */
static void
search_log(PvextMap *map, void *arg)
{
	Search	   *search = arg;
	PvextChunkList chunks = {CurrentMemoryContext};
	ListCell   *lc;

	search->context = CurrentMemoryContext;
	search->records = begin_search(map, search);
	pvext_begin_trail(&search->trail);
	PushActiveSnapshot(GetTransactionSnapshot());
	pvext_search_log(search->records, GetActiveSnapshot(), &chunks);
	pvext_each_of_chunks(&chunks, GetActiveSnapshot(), read_chunk, search);
	PopActiveSnapshot();
	foreach(lc, search->records->unread.chunks)
	{
		PvextUnreadableChunk *chunk = lfirst(lc);

		pvext_warn_unread(chunk->partition, chunk->id, chunk->why);
	}
	qsort(search->found, search->nfound, sizeof(Found), compare_found);
	for (int i = 0; i < search->nfound; i++)
		tuplestore_puttuple(search->result->setResult, search->found[i].row);
}

/*
 * pv.subject_trail(subject, key): who changed, or read, what is a person's, as far as the
 * audit log has it.
 */
Datum
pvext_subject_trail(PG_FUNCTION_ARGS)
{
	Search		search = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	PvextScope	scope;

	pvext_require_arg(fcinfo, 0, "subject");
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	search.relid = PG_GETARG_OID(0);
	search.key = pvext_key_arg(fcinfo, 1);
	pvext_with_map(search_log, &search);
	pvext_leave(&scope);
	return (Datum) 0;
}

/*
 * log.c
 *		Rows of pv.audit_log, read and replaced without statements.
 *
 * Only what is redacted is ever replaced: a chunk keeps its id, its transaction
 * and its items, in their number and order.  Statements cannot do that, for
 * triggers refuse them; this goes by the server's functions for its catalogs.
 *
 * Two erasures may redact the same chunk at once.  Whoever comes second waits,
 * and goes on from what the first has left.  All take chunks in the order of
 * their ids.
 */
#include "postgres.h"
#include "message.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "chunk.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "compat.h"
#include "log.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#define FIRST_CHUNKS 64

/*
 * Reading
 */

/* The row of a slot as a chunk; what is fetched for it is in the current context. */
static void
read_chunk(TupleTableSlot *slot, PvextChunk *chunk)
{
	struct varlena *payload;

	slot_getallattrs(slot);
	chunk->data = NULL;
	chunk->size = 0;
	chunk->id = DatumGetInt64(slot->tts_values[PVEXT_LOG_ID - 1]);
	chunk->xid =
		U64FromFullTransactionId(DatumGetFullTransactionId(slot->tts_values[PVEXT_LOG_XID - 1]));
	chunk->incarnation = DatumGetInt64(slot->tts_values[PVEXT_LOG_INCARNATION - 1]);
	chunk->partition = slot->tts_tableOid;
	chunk->tid = slot->tts_tid;
	if (slot->tts_isnull[PVEXT_LOG_PAYLOAD - 1])	/* somebody has tampered with it */
		return;
	payload = PG_DETOAST_DATUM_PACKED(slot->tts_values[PVEXT_LOG_PAYLOAD - 1]);
	chunk->data = VARDATA_ANY(payload);
	chunk->size = VARSIZE_ANY_EXHDR(payload);
}

static void
scan_partition(Oid relid, Snapshot snapshot,
			   void (*each) (const PvextChunk *chunk, void *arg), void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pvext chunk",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Relation	rel = table_open(relid, AccessShareLock);
	TupleTableSlot *slot;
	TableScanDesc scan;

	MemoryContextSwitchTo(caller);
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	MemoryContextSwitchTo(context);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		PvextChunk	chunk;

		CHECK_FOR_INTERRUPTS();
		read_chunk(slot, &chunk);
		each(&chunk, arg);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);	/* places of chunks stay what they are */
	MemoryContextDelete(context);
}

/*
 * Call each(chunk, arg) for every chunk that the snapshot sees, partition by
 * partition, in a context that is reset after each.
 */
void
pvext_each_chunk(Snapshot snapshot, void (*each) (const PvextChunk *chunk, void *arg), void *arg)
{
	Oid			log = pvext_own_relation("audit_log");
	ListCell   *lc;

	foreach(lc, find_inheritance_children(log, AccessShareLock))
		scan_partition(lfirst_oid(lc), snapshot, each, arg);
}

/* Call each for chunks of a list again, in its order. */
void
pvext_each_of_chunks(PvextChunkList *list, Snapshot snapshot,
					 void (*each) (const PvextChunk *chunk, void *arg), void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pvext chunk",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;

	for (int i = 0; i < list->n; i++)
	{
		PvextChunk	chunk;
		Relation	rel;
		TupleTableSlot *slot;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		rel = table_open(list->chunks[i].partition, AccessShareLock);
		slot = table_slot_create(rel, NULL);
		if (!table_tuple_fetch_row_version(rel, &list->chunks[i].tid, snapshot, slot))
			elog(ERROR, "a chunk of the audit log is no longer there");
		read_chunk(slot, &chunk);
		each(&chunk, arg);
		ExecDropSingleTupleTableSlot(slot);
		table_close(rel, NoLock);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

/* Open a partition; the query that found the chunk has locked it. */
static void
open_partition(PvextChunkReader *reader, Oid partition)
{
	MemoryContext caller = MemoryContextSwitchTo(reader->context);

	pvext_end_fetch(reader);
	reader->rel = table_open(partition, NoLock);
	reader->slot = table_slot_create(reader->rel, NULL);
	MemoryContextSwitchTo(caller);
}

/* Fetch a chunk that the active snapshot sees, valid until the next one is. */
void
pvext_fetch_chunk(PvextChunkReader *reader, Oid partition, ItemPointer tid, PvextChunk *chunk)
{
	if (reader->rel == NULL || RelationGetRelid(reader->rel) != partition)
		open_partition(reader, partition);
	if (!table_tuple_fetch_row_version(reader->rel, tid, GetActiveSnapshot(), reader->slot))
		elog(ERROR, "a chunk of the audit log is no longer there");
	read_chunk(reader->slot, chunk);
}

void
pvext_end_fetch(PvextChunkReader *reader)
{
	if (reader->rel == NULL)
		return;
	ExecDropSingleTupleTableSlot(reader->slot);
	table_close(reader->rel, NoLock);
	reader->rel = NULL;
}

/*
 * The chunk in a place of the log, as the active snapshot sees it, in the current
 * context.  False where there is none: anybody may have named the place.
 */
bool
pvext_find_chunk(Oid partition, ItemPointer place, PvextChunk *chunk)
{
	Relation	rel;
	TupleTableSlot *slot;
	char	   *copy;
	bool		found;

	if (!pvext_is_partition(partition) ||
		get_partition_parent(partition, true) != pvext_own_relation("audit_log"))
		return false;
	rel = table_open(partition, AccessShareLock);
	slot = table_slot_create(rel, NULL);
	found = ItemPointerIsValid(place) &&
		ItemPointerGetBlockNumber(place) < RelationGetNumberOfBlocks(rel) &&
		table_tuple_fetch_row_version(rel, place, GetActiveSnapshot(), slot);
	if (found)
	{
		read_chunk(slot, chunk);
		copy = palloc(chunk->size + 1);
		memcpy(copy, chunk->data, chunk->size);
		chunk->data = copy;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	return found;
}

/* Note where a chunk is, in the list's context. */
void
pvext_note_chunk(PvextChunkList *list, const PvextChunk *chunk)
{
	PvextChunkAt *at;

	if (list->n == list->size)
	{
		list->size = Max(2 * list->size, FIRST_CHUNKS);
		list->chunks = list->chunks ?
			repalloc_huge(list->chunks, sizeof(PvextChunkAt) * list->size) :
			MemoryContextAlloc(list->context, sizeof(PvextChunkAt) * list->size);
	}
	at = &list->chunks[list->n++];
	at->id = chunk->id;
	at->partition = chunk->partition;
	at->tid = chunk->tid;
}

/*
 * Replacing
 */

void
pvext_put_bytes(PvextPayload *payload, const char *bytes, Size size)
{
	if (payload->used + size > payload->size)
	{
		Size		larger = Max(2 * payload->size, payload->used + size);

		if (payload->used + size > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a chunk of the audit log would become too large by redaction"),
					 errdetail("A row holds less than 1 GB.")));
		payload->size = Min(larger, MaxAllocSize);
		payload->data = repalloc(payload->data, payload->size);
	}
	memcpy(payload->data + payload->used, bytes, size);
	payload->used += size;
}

static int
by_id(const void *a, const void *b)
{
	int64		x = ((const PvextChunkAt *) a)->id;
	int64		y = ((const PvextChunkAt *) b)->id;

	return x < y ? -1 : x > y;
}

/* Lock a chunk's row and fetch it as it is now, whoever has replaced it since. */
static void
lock_chunk(Relation rel, PvextChunkAt *at, Snapshot snapshot, TupleTableSlot *slot)
{
	ItemPointerData tid = at->tid;
	TM_FailureData failure;
	TM_Result	result = table_tuple_lock(rel, &tid, snapshot, slot, GetCurrentCommandId(false),
										  LockTupleExclusive, LockWaitBlock,
										  TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);

	if (result != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("a chunk of the audit log went while it was being redacted"),
				 errhint("Try again.")));
}

static void
write_payload(Relation rel, TupleTableSlot *slot, PvextPayload *payload)
{
	Datum		values[PVEXT_LOG_COLUMNS];
	bool		nulls[PVEXT_LOG_COLUMNS] = {false};
	bool		replaced[PVEXT_LOG_COLUMNS] = {false};
	struct varlena *compressed;
	HeapTuple	old;
	HeapTuple	new;
	bool		mine;

	SET_VARSIZE(payload->data, payload->used);
	compressed = pvext_compress_payload(payload->data);
	values[PVEXT_LOG_PAYLOAD - 1] = PointerGetDatum(compressed ? (char *) compressed : payload->data);
	replaced[PVEXT_LOG_PAYLOAD - 1] = true;
	old = ExecFetchSlotHeapTuple(slot, true, &mine);
	new = heap_modify_tuple(old, RelationGetDescr(rel), values, nulls, replaced);
	CatalogTupleUpdate(rel, &slot->tts_tid, new);
}

/*
 * Lock the chunks one after the other, and call replace(chunk, payload, arg) with
 * what they hold by then.  It gives the items that take the place of those that
 * are there, and returns true, or false where all stays as it is.
 */
void
pvext_replace_chunks(PvextChunkList *list, Snapshot snapshot,
					 bool (*replace) (const PvextChunk *chunk, PvextPayload *payload, void *arg),
					 void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pvext chunk replaced",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;

	qsort(list->chunks, list->n, sizeof(PvextChunkAt), by_id);
	for (int i = 0; i < list->n; i++)
	{
		PvextPayload payload = {NULL, VARHDRSZ, BLCKSZ};
		PvextChunk	chunk;
		Relation	rel;
		TupleTableSlot *slot;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		rel = table_open(list->chunks[i].partition, RowExclusiveLock);
		slot = table_slot_create(rel, NULL);
		lock_chunk(rel, &list->chunks[i], snapshot, slot);
		read_chunk(slot, &chunk);
		payload.data = palloc(payload.size);
		if (replace(&chunk, &payload, arg))
			write_payload(rel, slot, &payload);
		ExecDropSingleTupleTableSlot(slot);
		table_close(rel, NoLock);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

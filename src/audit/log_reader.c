/*
 * log_reader.c
 *		Rows of pv.audit_log, read and replaced without statements.
 *
 * Only what is redacted is ever replaced: a chunk keeps its id, its transaction
 * and its items, in their number and order.  Statements cannot do that, for
 * triggers refuse them; this goes by the server's functions for its catalogs.
 *
 * Two erasures may redact the same chunk at once.  Whoever comes second waits,
 * and goes on from what the first has left.  All take chunks in the order of
 * their ids.
 *
 * What cannot be read, since a disk or somebody has changed its bytes, is passed over:
 * see unreadable.c.  A subtransaction catches the error, one for all that is scanned.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "audit/log_reader.h"
#include "audit/log_writer.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/relation.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "executor/tuptable.h"
#include "fmgr.h"
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

	chunk->partition = slot->tts_tableOid;
	chunk->tid = slot->tts_tid;
	slot_getallattrs(slot);
	chunk->data = NULL;
	chunk->size = 0;
	chunk->id = DatumGetInt64(slot->tts_values[PVEXT_LOG_ID - 1]);
	chunk->xid =
		U64FromFullTransactionId(DatumGetFullTransactionId(slot->tts_values[PVEXT_LOG_XID - 1]));
	chunk->incarnation = DatumGetInt64(slot->tts_values[PVEXT_LOG_INCARNATION - 1]);
	if (slot->tts_isnull[PVEXT_LOG_PAYLOAD - 1])	/* somebody has tampered with it */
		return;
	payload = PG_DETOAST_DATUM_PACKED(slot->tts_values[PVEXT_LOG_PAYLOAD - 1]);
	chunk->data = VARDATA_ANY(payload);
	chunk->size = VARSIZE_ANY_EXHDR(payload);
}

/*
 * Is it an error by which something cannot be read that is there?  Others go on to
 * whoever called.
 */
static bool
is_damage(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTERNAL_ERROR ||
		error->sqlerrcode == ERRCODE_IO_ERROR;
}

/* Why a chunk cannot be read; NULL where it can.  Anything else than damage is raised. */
static const char *
try_to_read(void (*body) (void *), void *arg)
{
	ErrorData  *error = pvext_try(body, arg);

	if (error && !is_damage(error))
		ReThrowError(error);
	return error ? error->message : NULL;
}

/* A partition being scanned. */
typedef struct ChunkScan
{
	Oid			relid;
	Snapshot	snapshot;
	void		(*each) (const PvextChunk *chunk, void *arg);
	void	   *arg;
	MemoryContext context;		/* of one chunk */
	ItemPointerData from;		/* where to begin; invalid: at its first block */
	BlockNumber block;			/* that is being read, if no chunk is */
	bool		in_chunk;		/* "chunk" is being looked at */
	PvextChunk	chunk;
} ChunkScan;

/* Begin at the first block, or behind what could not be read. */
static TableScanDesc
begin_scan(ChunkScan *scan, Relation rel)
{
	ItemPointerData end;

	if (!ItemPointerIsValid(&scan->from))
		/*
		 * Not in step with scans of others: it has to begin at the first block, where
		 * what is passed over is counted from.
		 */
		return table_beginscan_strat(rel, scan->snapshot, 0, NULL, true, false);
	ItemPointerSet(&end, MaxBlockNumber, MaxOffsetNumber);
	return table_beginscan_tidrange(rel, scan->snapshot, &scan->from, &end);
}

/* The next row that the snapshot sees. */
static bool
next_row(ChunkScan *scan, TableScanDesc desc, TupleTableSlot *slot)
{
	if (ItemPointerIsValid(&scan->from))
		return table_scan_getnextslot_tidrange(desc, ForwardScanDirection, slot);
	return table_scan_getnextslot(desc, ForwardScanDirection, slot);
}

/* Go on with a scan: the body of pvext_try(). */
static void
scan_on(void *arg)
{
	ChunkScan  *scan = arg;
	Relation	rel = table_open(scan->relid, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc desc = begin_scan(scan, rel);
	MemoryContext caller = MemoryContextSwitchTo(scan->context);

	while (next_row(scan, desc, slot))
	{
		CHECK_FOR_INTERRUPTS();
		scan->chunk.id = -1;
		scan->chunk.tid = slot->tts_tid;
		scan->in_chunk = true;
		read_chunk(slot, &scan->chunk);
		scan->each(&scan->chunk, scan->arg);
		scan->in_chunk = false;
		scan->block = ItemPointerGetBlockNumber(&scan->chunk.tid) + 1;
		MemoryContextReset(scan->context);
	}
	MemoryContextSwitchTo(caller);
	table_endscan(desc);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);	/* places of chunks stay what they are */
}

/* Note what could not be read, and go on behind it: false at the end. */
static bool
pass_over(ChunkScan *scan, const char *why, PvextUnreadable *unread)
{
	Relation	rel;
	BlockNumber blocks;

	if (scan->in_chunk)
	{
		pvext_note_unread(unread, scan->relid, scan->chunk.id, why);
		scan->from = scan->chunk.tid;
		ItemPointerInc(&scan->from);
		scan->block = ItemPointerGetBlockNumber(&scan->chunk.tid);
	}
	else
	{
		pvext_note_unread(unread, scan->relid, -1, why);
		ItemPointerSet(&scan->from, ++scan->block, FirstOffsetNumber);
	}
	scan->in_chunk = false;
	rel = table_open(scan->relid, NoLock);
	blocks = RelationGetNumberOfBlocks(rel);
	table_close(rel, NoLock);
	return ItemPointerGetBlockNumberNoCheck(&scan->from) < blocks;
}

/*
 * Go through a partition, anew behind each place that cannot be read: the error ends a
 * subtransaction, and its scan with it.
 */
static void
scan_partition(Oid relid, Snapshot snapshot,
			   void (*each) (const PvextChunk *chunk, void *arg), void *arg, PvextUnreadable *unread)
{
	ChunkScan	scan = {relid, snapshot, each, arg};
	const char *why;

	scan.context = AllocSetContextCreate(CurrentMemoryContext, "pvext chunk",
										 ALLOCSET_DEFAULT_SIZES);
	ItemPointerSetInvalid(&scan.from);
	do
		why = try_to_read(scan_on, &scan);
	while (why && pass_over(&scan, why, unread));
	MemoryContextDelete(scan.context);
}

/*
 * Call each(chunk, arg) for every chunk that the snapshot sees, partition by
 * partition, in a context that is reset after each.  It is called in a
 * subtransaction; what is damaged is passed over, and noted.
 */
void
pvext_each_chunk(Snapshot snapshot, void (*each) (const PvextChunk *chunk, void *arg), void *arg,
				 PvextUnreadable *unread)
{
	Oid			log = pvext_own_relation("audit_log");
	ListCell   *lc;

	/* Their locks stay, so that none expires before the transaction has ended. */
	foreach(lc, find_inheritance_children(log, AccessShareLock))
		scan_partition(lfirst_oid(lc), snapshot, each, arg, unread);
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
	MemoryContextSwitchTo(caller);
}

/* A chunk being fetched. */
typedef struct Fetch
{
	Relation	rel;
	ItemPointer tid;
	PvextChunk *chunk;
	bool		found;
} Fetch;

/* Fetch a chunk, as a copy: the body of pvext_try(), with which the slot goes. */
static void
fetch(void *arg)
{
	Fetch	   *fetch = arg;
	TupleTableSlot *slot = table_slot_create(fetch->rel, NULL);
	char	   *copy;

	fetch->found = table_tuple_fetch_row_version(fetch->rel, fetch->tid, GetActiveSnapshot(),
												 slot);
	if (fetch->found)
	{
		read_chunk(slot, fetch->chunk);

		/* What is in the row itself is in a buffer, whose pin goes with the slot. */
		copy = palloc(fetch->chunk->size + 1);
		memcpy(copy, fetch->chunk->data, fetch->chunk->size);
		fetch->chunk->data = copy;
	}
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Fetch a chunk that the active snapshot sees, into the current context.  Returns NULL,
 * or why it cannot be read: it has no data then.
 */
const char *
pvext_fetch_chunk(PvextChunkReader *reader, Oid partition, ItemPointer tid, PvextChunk *chunk)
{
	Fetch		call = {.tid = tid, .chunk = chunk, .found = true};
	const char *why;

	if (reader->rel == NULL || RelationGetRelid(reader->rel) != partition)
		open_partition(reader, partition);
	call.rel = reader->rel;
	why = try_to_read(fetch, &call);
	if (!call.found)
		elog(ERROR, "a chunk of the audit log is no longer there");
	if (why)
	{
		chunk->data = NULL;
		chunk->size = 0;
	}
	return why;
}

/* Close the partition that chunks were fetched from; its lock stays. */
void
pvext_end_fetch(PvextChunkReader *reader)
{
	if (reader->rel == NULL)
		return;
	table_close(reader->rel, NoLock);
	reader->rel = NULL;
}

/*
 * The chunk in a place of the log, as the active snapshot sees it, in the current
 * context.  False where there is none: anybody may have named the place.  One that
 * cannot be read has no data, and *why says why.
 */
bool
pvext_find_chunk(Oid partition, ItemPointer place, PvextChunk *chunk, const char **why)
{
	Fetch		call = {.tid = place, .chunk = chunk};

	*why = NULL;
	memset(chunk, 0, sizeof(*chunk));
	chunk->id = -1;
	if (!pvext_is_partition(partition) ||
		get_partition_parent(partition, true) != pvext_own_relation("audit_log"))
		return false;
	call.rel = table_open(partition, AccessShareLock);

	/* Behind the end there is nothing to be read, which would be taken for damage. */
	if (ItemPointerIsValid(place) &&
		ItemPointerGetBlockNumber(place) < RelationGetNumberOfBlocks(call.rel))
		*why = try_to_read(fetch, &call);
	table_close(call.rel, NoLock);
	if (*why)
	{
		chunk->data = NULL;
		chunk->size = 0;
		chunk->partition = partition;
	}
	return call.found || *why;
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

/* Add bytes to a payload, in the memory context that it was begun in. */
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

/* In the order in which everybody locks them. */
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

	/* Somebody has deleted it, which nothing of pvext's does row by row. */
	if (result != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("a chunk of the audit log went while it was being redacted"),
				 errhint("Try again.")));
}

/*
 * Put a payload in the place of the one that a row has, which is locked.  Payloads are
 * the only thing of a row of the log that ever changes.
 */
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

	/* So that two who redact the same chunks cannot wait for each other. */
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

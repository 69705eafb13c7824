/*
 * log_writer.c
 *		Rows of pv.audit_log: items are gathered and written many at a time.
 *
 * What is written costs more than anything else that an audit does, and a row for each
 * change more than the change.  So changes are gathered into chunks that fill a page, one
 * chunk for each subtransaction that is in progress, and written when the chunk is full
 * or the subtransaction is about to commit; one that aborts takes its changes with it.
 * That bounds the memory, too: a page for each level of savepoints that has changed
 * something.
 *
 * Called by the trigger of audited tables (audit_trigger.c), once a changed row, and by
 * whoever writes down what was read (reads/drain.c).  Nobody else adds to the log but who
 * restores a dump; redaction (log_reader.c) replaces payloads in place, and expiry
 * (seal/log_partition.c) drops whole partitions.
 *
 * What holds:
 *
 *	1. A change and its record commit together or not at all, in a crash, too: the row of
 *	   the log is an ordinary row of the (sub)transaction that made the change, written
 *	   before that commits.  An error while it is written aborts the change.
 *	2. The order of ids, and within a chunk of items, is that in which a transaction made
 *	   its changes.  A chunk is not added to any more once the backend has begun a later
 *	   one ("newest"): after a savepoint that has, its outer level begins another.
 *	3. "xid" is that of the top transaction, also for what savepoints wrote, and nothing is
 *	   written once it has ended: seals are made by that (seal/seal.c).
 *	4. Every item stands behind a time and a "who" in the same chunk, so that a chunk can be
 *	   read, sealed and redacted without the others.
 *	5. A partition that has an index gets no more rows, but from the transaction that made it.
 *
 * Locks.  Writers take ROW EXCLUSIVE on the partition that an id belongs to, from the
 * time the id is drawn, and keep it until their transaction ends; never more, and none
 * among themselves.  pv.rotate_audit() moves the sequence to the next partition, which is
 * there already, and then indexes those before, whose SHARE waits for whoever writes to
 * them.  A backend may still have ids of such a partition (the sequence caches CACHED_IDS
 * of them), and would then wait for the rotation while that waits for others: so the lock
 * is only tried for, and who does not get it at once draws the next id.  The last try
 * waits, and fails where there is an index by then, as when somebody has made one on the
 * newest partition.  That makes 5 true without a flag that writers would have to look at:
 * under the lock relhasindex can not change any more, but by this very transaction.
 *
 * Ends.  The server calls back before a subtransaction commits (PRE_COMMIT_SUB) and
 * before the transaction does (PRE_COMMIT, PRE_PREPARE), when deferred triggers have
 * run.  Callbacks of other extensions may come after this one and still change rows: from
 * then on each change is a row of its own ("ending").  What a subtransaction gets after
 * its flush goes to its parent's level.
 *
 * Statements that read the log see what has been flushed.  pvext_flush_audit() is for
 * what this subtransaction gathered; an erasure, which must find all that its transaction
 * has written, calls pvext_flush_all_audit(): chunks of outer levels become rows of the
 * inner one, and are kept until it is known that it did not abort ("written_by").
 *
 * What was tried and left, as ratios of time of an INSERT, UPDATE of 200,000 rows to the
 * same without audit: a row of the log for each change, 1.5 and 1.6; the same by
 * heap_multi_insert(), 1.3 and 1.7; with a btree on the log, 1.5 and 1.9, so that there
 * is none; transition tables in place of row triggers, 1.4 and 1.9; jsonb, 2.2 and 2.6;
 * one INSERT ... SELECT by SPI, 1.7 and 2.4, and SPI for each row far beyond.  Chunks of
 * changed columns, which this is: 1.4 and 1.3.  A hash that chains the records, held
 * locked to the commit, doubles the time with four clients: seals are made later, in the
 * background.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "audit/log_writer.h"
#include "base/compat.h"
#include "base/relation.h"
#include "base/session_claim.h"
#include "catalog/indexing.h"
#include "commands/sequence.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

/* As many bytes as a row may have that fills its page. */
#define CHUNK_SIZE 8096
#define LONGEST_WHO 1024
#define CACHED_IDS 64			/* what pv.audit_log_id_seq caches */
#define COMPRESS_FROM 2048
#define SHRINK_ABOVE (64 * 1024)

/* The chunk that a subtransaction adds to. */
typedef struct Chunk
{
	SubTransactionId subxact;
	int64		id;
	Oid			partition;
	uint64		who;			/* generation of who it names */
	TimestampTz at;				/* the time it names */
	char	   *data;			/* a varlena, without its header yet */
	Size		used;			/* 0: not begun */
	Size		size;
	SubTransactionId written_by;	/* see pvext_flush_all_audit(), or 0 */
	struct Chunk *outer;
} Chunk;

static Chunk *innermost = NULL;
static Chunk *unused = NULL;	/* to be used again; in TopMemoryContext */
static int64 newest = 0;		/* the chunk begun last in this backend */
static bool ending = false;		/* the transaction is past its last flush */

/* Under which circumstances an item came about. */
typedef struct Context
{
	TimestampTz at;
	uint64		generation;		/* of who it was */
	const PvextWho *reader;		/* NULL: this session */
} Context;

static uint64 generations = 0;	/* those of this session and those of readers */

/* Who makes the changes now. */
static struct
{
	uint64		generation;		/* another one whenever anything else changes */
	Oid			login;
	Oid			role;
	char		application[NAMEDATALEN];
	char	   *actor;			/* "" for not claimed */
}			who;

/*
 * Who and when
 */

/* The client's address; NULL for a local one, or where there is none. */
const char *
pvext_client_address(void)
{
	static char address[64];
	static bool known = false;
	LOCAL_FCINFO(call, 0);

	if (!known)
	{
		Datum		inet;

		InitFunctionCallInfoData(*call, NULL, 0, InvalidOid, NULL, NULL);
		inet = inet_client_addr(call);
		if (!call->isnull)
			strlcpy(address, DatumGetCString(DirectFunctionCall1(inet_out, inet)),
					sizeof(address));
		known = true;
	}
	return address[0] ? address : NULL;
}

static PvextItem context_item;

/* Add a name or a claim, if there is any, as text of the database's encoding. */
static void
put_name(PvextItem *item, int column, const char *value)
{
	char		clean[LONGEST_WHO];

	if (value && value[0])
		pvext_put_value(item, PVEXT_SAME, column, clean,
						pvext_clean_claim(value, clean, LONGEST_WHO));
}

/* Add who it was. */
static void
put_names(PvextItem *item, const PvextWho *names)
{
	put_name(item, PVEXT_WHO_LOGIN, names->login);
	put_name(item, PVEXT_WHO_ROLE, names->role);
	put_name(item, PVEXT_WHO_APPLICATION, names->application);
	put_name(item, PVEXT_WHO_CLIENT, names->client);
	put_name(item, PVEXT_WHO_ACTOR, names->actor);
}

/*
 * Look at who it is now, at each change: only a difference makes another generation, and
 * only then are names looked up (add_who()).
 */
static inline void
notice_who(void)
{
	Oid			role = GetUserId();
	Oid			login = GetSessionUserId();
	const char *application = pvext_application();
	const char *actor = pvext_claimed_actor();

	if (role == who.role && login == who.login && who.actor &&
		strcmp(actor, who.actor) == 0 && strcmp(application, who.application) == 0)
		return;
	who.role = role;
	who.login = login;
	strlcpy(who.application, application, sizeof(who.application));
	if (who.actor == NULL || strcmp(actor, who.actor) != 0)
	{
		char	   *copy = MemoryContextStrdup(TopMemoryContext, actor);

		if (who.actor)
			pfree(who.actor);
		who.actor = copy;
	}
	who.generation = ++generations;
}

/* The generation of a reader, who is often the one before. */
static uint64
reader_generation(const PvextWho *reader)
{
	static PvextItem before = {0};
	static uint64 generation = 0;
	PvextItem  *now = &context_item;

	pvext_begin_item(now, PVEXT_ITEM_WHO);
	put_names(now, reader);
	if (generation == 0 || !pvext_same_items(&before, now))
	{
		PvextItem	swap = before;

		before = *now;
		*now = swap;
		generation = ++generations;
	}
	return generation;
}

/* When the statement began, or within a procedure the transaction. */
static inline TimestampTz
change_time(void)
{
	return Max(GetCurrentStatementStartTimestamp(), GetCurrentTransactionStartTimestamp());
}


/*
 * Chunks
 */

/* Add bytes to a chunk, which grows where they do not fit. */
static void
add_bytes(Chunk *chunk, const char *bytes, Size size)
{
	if (unlikely(chunk->used + size > chunk->size))
	{
		Size		larger = chunk->used + size;

		if (larger > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the change is too large to be audited"),
					 errhint("Change fewer of the large columns at a time.")));
		chunk->data = repalloc(chunk->data, larger);
		chunk->size = larger;
	}
	memcpy(chunk->data + chunk->used, bytes, size);
	chunk->used += size;
}

/* Add an item that has been written, to its end. */
static void
add_item(Chunk *chunk, PvextItem *item)
{
	Size		size;
	const char *bytes = pvext_end_item(item, &size);

	add_bytes(chunk, bytes, size);
}

/* From here on items are of this time. */
static void
add_time(Chunk *chunk, const Context *context)
{
	pvext_begin_item(&context_item, PVEXT_ITEM_TIME);
	pvext_put_time(&context_item, chunk->at = context->at);
	add_item(chunk, &context_item);
}

/* From here on items are of these people. */
static void
add_who(Chunk *chunk, const Context *context)
{
	PvextWho	own = {NULL};
	const PvextWho *names = context->reader;

	if (names == NULL)
	{
		own.login = GetUserNameFromId(who.login, true);
		own.role = GetUserNameFromId(who.role, true);
		own.application = who.application;
		own.client = pvext_client_address();
		own.actor = who.actor;
		names = &own;
	}
	pvext_begin_seeded_item(&context_item, PVEXT_ITEM_WHO, 0);
	put_names(&context_item, names);
	add_item(chunk, &context_item);
	pvext_shrink_item(&context_item);
	chunk->who = context->generation;
}

/*
 * Lock the partition that the id belongs to.  InvalidOid where it is no longer
 * written to: it is indexed or has been dropped, or, unless it is the last try,
 * somebody is about to do so.
 */
static Oid
lock_partition(int64 id, bool last_try)
{
	char		name[NAMEDATALEN];
	Oid			partition;
	Relation	rel;
	bool		indexed;

	snprintf(name, sizeof(name), "audit_log_" INT64_FORMAT, id >> PVEXT_PARTITION_BITS);
	partition = pvext_own_relation(name);
	if (OidIsValid(partition))
	{
		if (last_try)
			LockRelationOid(partition, RowExclusiveLock);
		else if (!ConditionalLockRelationOid(partition, RowExclusiveLock))
			return InvalidOid;
		rel = try_table_open(partition, NoLock);
		if (rel != NULL)
		{
			indexed = rel->rd_rel->relhasindex;
			table_close(rel, NoLock);
			return indexed ? InvalidOid : partition;
		}
	}
	if (last_try)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table pv.%s does not exist", name),
				 errhint("Call pv.rotate_audit(), which makes partitions of the audit log.")));
	return InvalidOid;
}

/*
 * Draw an id, and say who and when.  After a rotation this backend may still
 * have ids of a partition that is being indexed, or has expired: they are left
 * out.
 */
static void
begin_chunk(Chunk *chunk, const Context *context)
{
	Oid			sequence = pvext_own_relation("audit_log_id_seq");

	for (int tries = 0;; tries++)
	{
		chunk->id = nextval_internal(sequence, false);
		chunk->partition = lock_partition(chunk->id, tries > CACHED_IDS);
		if (OidIsValid(chunk->partition))
			break;
		if (tries > CACHED_IDS)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the newest partition of the audit log has an index"),
					 errhint("Call pv.rotate_audit(), which begins another one.")));
	}
	newest = chunk->id;
	chunk->used = VARHDRSZ;
	add_time(chunk, context);
	add_who(chunk, context);
}

/*
 * Compressed as a value of a table is, or NULL where that saves nothing, or would
 * take longer than to write it: without LZ4.
 */
struct varlena *
pvext_compress_payload(const char *payload)
{
	if (VARSIZE(payload) < COMPRESS_FROM)
		return NULL;

#ifdef USE_LZ4
	return (struct varlena *)
		DatumGetPointer(toast_compress_datum(PointerGetDatum(payload), TOAST_LZ4_COMPRESSION));
#else
	return NULL;
#endif
}

/* Write the chunk, as a row of the current subtransaction's. */
static void
write_chunk(Chunk *chunk)
{
	Datum		values[PVEXT_LOG_COLUMNS];
	bool		nulls[PVEXT_LOG_COLUMNS] = {false};
	struct varlena *compressed;
	Relation	rel;
	HeapTuple	tuple;
	bool		pushed;

	rel = try_table_open(chunk->partition, RowExclusiveLock);
	if (rel == NULL)			/* the transaction has dropped the extension */
		return;
	pushed = pvext_ensure_snapshot();
	SET_VARSIZE(chunk->data, chunk->used);
	values[PVEXT_LOG_ID - 1] = Int64GetDatum(chunk->id);
	values[PVEXT_LOG_XID - 1] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	values[PVEXT_LOG_INCARNATION - 1] = Int64GetDatum((int64) GetSystemIdentifier());
	values[PVEXT_LOG_PAYLOAD - 1] = PointerGetDatum(chunk->data);
	compressed = pvext_compress_payload(chunk->data);
	if (compressed)
		values[PVEXT_LOG_PAYLOAD - 1] = PointerGetDatum(compressed);

	/*
	 * By no statement: triggers refuse those, and to start an executor would cost more
	 * than the row.  Nobody's rights are looked at; who changes an audited table need not
	 * have any on the log.
	 */
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	if (unlikely(rel->rd_rel->relhasindex))	/* rotated since, in a savepoint of ours */
		CatalogTupleInsert(rel, tuple);
	else
		heap_insert(rel, tuple, GetCurrentCommandId(true), HEAP_INSERT_SKIP_FSM, NULL);
	if (pushed)
		PopActiveSnapshot();
	table_close(rel, NoLock);
	heap_freetuple(tuple);
	if (compressed)
		pfree(compressed);
}

/* Write the chunk, unless that has been done; it can then be begun anew. */
static void
flush_chunk(Chunk *chunk)
{
	if (chunk->used > 0 && chunk->written_by == InvalidSubTransactionId)
		write_chunk(chunk);
	chunk->used = 0;
	chunk->written_by = InvalidSubTransactionId;
	if (chunk->size > SHRINK_ABOVE)
	{
		chunk->data = repalloc(chunk->data, VARHDRSZ + CHUNK_SIZE);
		chunk->size = VARHDRSZ + CHUNK_SIZE;
	}
}

/* The chunk of the current subtransaction. */
static inline Chunk *
current_chunk(void)
{
	SubTransactionId subxact = GetCurrentSubTransactionId();
	Chunk	   *chunk;

	if (likely(innermost && innermost->subxact == subxact))
		return innermost;
	chunk = unused;
	if (chunk)
		unused = chunk->outer;
	else
	{
		chunk = MemoryContextAllocZero(TopMemoryContext, sizeof(Chunk));
		chunk->data = MemoryContextAlloc(TopMemoryContext, VARHDRSZ + CHUNK_SIZE);
		chunk->size = VARHDRSZ + CHUNK_SIZE;
	}
	chunk->subxact = subxact;
	chunk->used = 0;
	chunk->outer = innermost;
	innermost = chunk;
	return chunk;
}

/* Be done with the innermost chunk. */
static void
release_chunk(void)
{
	Chunk	   *chunk = innermost;

	innermost = chunk->outer;
	chunk->used = 0;
	chunk->written_by = InvalidSubTransactionId;
	chunk->outer = unused;
	unused = chunk;
}

/* Add an item to what the current subtransaction has made. */
static void
append(PvextItem *item, const Context *context)
{
	Chunk	   *chunk = current_chunk();
	Size		size;
	const char *bytes = pvext_end_item(item, &size);

	/*
	 * Not where it is on its way already, where others have begun a later one, or where
	 * it is full.
	 */
	if (chunk->used > 0 &&
		(chunk->written_by != InvalidSubTransactionId || chunk->id != newest ||
		 chunk->used + size > VARHDRSZ + CHUNK_SIZE))
		flush_chunk(chunk);
	if (chunk->used == 0)
		begin_chunk(chunk, context);
	else
	{
		if (chunk->at != context->at)
			add_time(chunk, context);
		if (chunk->who != context->generation)
			add_who(chunk, context);
	}
	add_bytes(chunk, bytes, size);
	if (chunk->used > VARHDRSZ + CHUNK_SIZE || ending)
		flush_chunk(chunk);
}

/*
 * Add a change, which this session makes now; in a transaction that may write, of which
 * it becomes a part.  Raises where it is too large, or there is no partition to write
 * to.  The item may be used again afterwards.
 */
void
pvext_append_item(PvextItem *item)
{
	Context		context;

	notice_who();
	context.at = change_time();
	context.generation = who.generation;
	context.reader = NULL;
	append(item, &context);
}

/* Add a read, which some session made at some time.  Otherwise as pvext_append_item(). */
void
pvext_append_read(PvextItem *item, TimestampTz at, const PvextWho *reader)
{
	Context		context;

	context.at = at;
	context.generation = reader_generation(reader);
	context.reader = reader;
	append(item, &context);
}

/*
 * Write what the current subtransaction has gathered, for a statement to come that is to
 * see it.  What the outer ones have is theirs to write.  Whoever wants to see it
 * increments the command counter, too.
 */
void
pvext_flush_audit(void)
{
	if (innermost && innermost->subxact == GetCurrentSubTransactionId())
		flush_chunk(innermost);
}

/*
 * Write what all of them have gathered.  What an outer one has becomes a row of
 * the current one: the outer one keeps it, too, until it is sure that the row
 * stays, for it goes when the current one aborts.
 */
void
pvext_flush_all_audit(void)
{
	SubTransactionId subxact = GetCurrentSubTransactionId();

	for (Chunk *chunk = innermost; chunk; chunk = chunk->outer)
	{
		if (chunk->subxact == subxact)
			flush_chunk(chunk);
		else if (chunk->used > 0 && chunk->written_by == InvalidSubTransactionId)
		{
			write_chunk(chunk);
			chunk->written_by = subxact;
		}
	}
}

/*
 * Ends of transactions
 */

/* What a subtransaction wrote of the outer ones' is the parent's now, or gone. */
static void
pass_on_written(SubXactEvent event, SubTransactionId id, SubTransactionId parent)
{
	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	for (Chunk *chunk = innermost; chunk; chunk = chunk->outer)
		if (chunk->written_by == id)
			chunk->written_by = event == SUBXACT_EVENT_COMMIT_SUB ? parent :
				InvalidSubTransactionId;
}

/*
 * A subtransaction is about to end, or has.  Before its commit its chunk is written,
 * which may raise, and then it aborts; an abort only lets go, since the rows that there
 * are go with it.
 */
static void
end_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
				   void *arg)
{
	pass_on_written(event, id, parent);
	while (innermost && innermost->subxact == id)
	{
		if (event == SUBXACT_EVENT_START_SUB)
			return;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
		{
			/* Changes made after the flush: too late for one of their own. */
			innermost->subxact = parent;
			return;
		}
		if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
			flush_chunk(innermost);
		release_chunk();
	}
}

/*
 * The transaction is about to end, or has.  Before its commit, or PREPARE, all chunks
 * that there are are written.
 */
static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			for (Chunk *chunk = innermost; chunk; chunk = chunk->outer)
				flush_chunk(chunk);
			ending = true;		/* other callbacks may still change rows */
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			while (innermost)
				release_chunk();
			ending = false;
			break;
		default:
			break;
	}
}

/* From _PG_init(): hear of the ends of transactions. */
void
pvext_init_chunk(void)
{
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
}

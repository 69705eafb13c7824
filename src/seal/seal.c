/*
 * seal.c
 *		Seals of the audit log.
 *
 * A seal is a row of pv.audit_seal that covers some chunks of the log, and is the digest
 * of all that is in the row, the seal before it included.  So whoever knows the last one
 * would notice if any of them were made anew: pv.seal_head().  Without a head that is
 * kept elsewhere, who may write to the database's files can still make the whole chain
 * anew; no seal inside of the database can prevent that.
 *
 * pv.seal_audit() is called by the worker's duty "seal", or by hand.  Seals are read by
 * seal_chain.c and verify.c, and appended and removed here alone: expiry
 * (log_partition.c) calls pvext_append_seal() to say what it has dropped.
 *
 * To seal costs the writers nothing, and must leave no gap: a transaction that began
 * early may write late.  So sealing goes by transactions, not by ids.  What is sealed at
 * a time are the chunks of the transactions before the oldest that is running, in the
 * order (xid, id), and the next time goes on from there ("until").
 *
 * What holds:
 *
 *	1. Of this cluster, every chunk whose transaction is before the "until" of the last
 *	   seal is covered by exactly one seal, or was dropped with its partition.  For when
 *	   the snapshot was taken that the run reads by, all transactions before its xmin
 *	   had ended, prepared ones included: their chunks are there to be seen, and none can
 *	   come later.  A chunk that does has been forged.  (VACUUM, which a snapshot leaves
 *	   out, changes no audited row.)
 *	2. Chunks of another cluster ("incarnation") came with a dump, all at once: they are
 *	   sealed in one run, whatever their transactions are.
 *	3. The chunks of a cluster are sealed in the order of their transactions; seals are
 *	   numbered without gaps, from "first" of the last one on.
 *	4. Redaction changes no seal: it leaves what digests are made of (audit/commitment.c).
 *	5. All chunks below "settled" are sealed, of whatever cluster: so that a run need not
 *	   look into old partitions, and these may be dropped.
 *	6. "dropped", "first" and "first_prior" are those of the last seal: what went by
 *	   expiry, and where the chain begins since.  "reach" is the highest chunk that the
 *	   seals before cover, by which it shows if the first ones were taken away.
 *
 * What the bytes of a record say is a matter of its shape, so the shapes of the records
 * that a seal covers are sealed with them.
 *
 * Locks.  pvext_lock_seals() takes SHARE ROW EXCLUSIVE on pv.audit_seal to the end of the
 * transaction, so that one at a time reads the last seal and appends the next; readers
 * and writers of the log are not held up.  Expiry and sealing take it first; only then
 * does expiry lock the log.  The snapshot is taken under the lock, to see what the one
 * before has sealed: hence READ COMMITTED is asked for.
 *
 * Crash.  Seals are rows of the run's transaction: a run that does not commit has sealed
 * nothing, and the next one covers the same chunks.  The last seal of a run alone says
 * how far the log is settled.
 *
 * The rows are written as the server does its catalogs, so the triggers that refuse
 * changes to everyone need no exception.
 *
 * What was tried and left: a chain over the records, extended by whoever writes, has to
 * be locked until the commit and doubles the time of four clients; a digest for each
 * record costs 0.1 to 0.5 microseconds, but nobody who changes rows has to wait for it
 * here.  A root over the items alone would have to be computed anew for every chunk that
 * is verified; with the digest of the whole payload beside it (chunk_digest.c), that is
 * done for those alone that have been redacted.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "audit/log_writer.h"
#include "base/compat.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "seal/chunk_digest.h"
#include "seal/seal.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

/* The columns of pv.audit_seal. */
enum
{
	SEAL_ID = 1,
	SEAL_SEALED_AT,
	SEAL_INCARNATION,
	SEAL_UNTIL,
	SEAL_SETTLED,
	SEAL_DROPPED,
	SEAL_REACH,
	SEAL_FIRST,
	SEAL_FIRST_PRIOR,
	SEAL_PRIOR,
	SEAL_SHAPES,
	SEAL_LEAVES,
	SEAL_SEAL,
	SEAL_COLUMNS = SEAL_SEAL
};

/* What a seal covers at most. */
#define CHUNKS_PER_SEAL		256
#define LEAVES_SIZE			(256 * 1024)

/* A run of pv.seal_audit(). */
typedef struct Sealer
{
	PvextSeal	seal;			/* the last one, or the next one being made */
	int64		ours;			/* this cluster's incarnation */
	uint64		horizon;		/* transactions before it have ended */
	int64		settled;
	int64		chunk_incarnation;	/* of the chunks gathered */
	uint64		chunk_until;
	int			chunks;			/* how many there are */
	int64		records;
	StringInfoData leaves;
	StringInfoData shapes;		/* their numbers, some more than once */
	PvextHashing *hashing;
	PvextChunkReader reader;
	PvextUnreadable unread;
	MemoryContext context;		/* of one chunk */
} Sealer;

PG_FUNCTION_INFO_V1(pvext_seal_audit);
PG_FUNCTION_INFO_V1(pvext_seal_head);

/*
 * Rows of pv.audit_seal
 */

/*
 * Be the only one that writes seals, until the transaction ends.  What others have sealed
 * in the meantime must then be seen, by a snapshot that is taken after this.  Raises
 * where the transaction may not write, or would go on to see the log as it was before it
 * had to wait.
 */
void
pvext_lock_seals(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandDuringRecovery(function);
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s must see what is committed while it waits", function),
				 errhint("Call it in a transaction of isolation level READ COMMITTED.")));
	LockRelationOid(pvext_own_relation("audit_seal"), ShareRowExclusiveLock);
}

/* A digest of the last result; zeros where it is none. */
static void
read_digest(uint64 row, int column, uint8 *digest)
{
	bool		isnull;
	Datum		value = pvext_datum(row, column, &isnull);

	memset(digest, 0, PVEXT_DIGEST_SIZE);
	if (!isnull && VARSIZE_ANY_EXHDR(DatumGetByteaPP(value)) == PVEXT_DIGEST_SIZE)
		memcpy(digest, VARDATA_ANY(DatumGetByteaPP(value)), PVEXT_DIGEST_SIZE);
}

/* Read PVEXT_SEAL_COLUMNS of the last result. */
void
pvext_read_seal(uint64 row, PvextSeal *seal)
{
	bool		isnull;

	seal->id = pvext_int(row, 1);
	seal->sealed_at = DatumGetTimestampTz(pvext_datum(row, 2, &isnull));
	seal->incarnation = pvext_int(row, 3);
	seal->until = U64FromFullTransactionId(DatumGetFullTransactionId(pvext_datum(row, 4,
																				 &isnull)));
	seal->settled = pvext_int(row, 5);
	seal->dropped = pvext_int(row, 6);
	seal->first = pvext_int(row, 7);
	read_digest(row, 8, seal->first_prior);
	read_digest(row, 9, seal->prior);
	read_digest(row, 10, seal->seal);
	seal->reach = pvext_int(row, 11);
}

/*
 * The last seal, of which the next one is to be made: with its own chunks in its reach.
 * Where there is none, what the first one follows.  As the active snapshot sees it: who
 * is to append the next one has called pvext_lock_seals() before that was taken.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_last_seal(PvextSeal *last)
{
	static PvextStatement find = {
		"SELECT " PVEXT_SEAL_COLUMNS ", leaves FROM pv.audit_seal ORDER BY id DESC LIMIT 1", NULL
	};
	Datum		leaves;
	bool		isnull;

	memset(last, 0, sizeof(*last));
	last->first = 1;
	last->reach = -1;
	if (pvext_own_kept(&find, NULL) == 0)
		return;
	pvext_read_seal(0, last);
	leaves = pvext_datum(0, PVEXT_SEAL_LEAVES, &isnull);
	if (!isnull)
	{
		bytea	   *bytes = DatumGetByteaPP(leaves);

		last->reach = Max(last->reach,
						  pvext_highest_in_digests(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)));
	}
}

/* What a seal must be, by the rest of its row. */
void
pvext_seal_digest(PvextHashing *hashing, const PvextSeal *seal, const PvextCovered *covered,
				  uint8 *digest)
{
	uint64		shapes_size = covered->shapes_size;
	PvextPiece	pieces[] = {{seal->prior, PVEXT_DIGEST_SIZE},
	{&seal->id, sizeof(seal->id)}, {&seal->sealed_at, sizeof(seal->sealed_at)},
	{&seal->incarnation, sizeof(seal->incarnation)}, {&seal->until, sizeof(seal->until)},
	{&seal->settled, sizeof(seal->settled)}, {&seal->dropped, sizeof(seal->dropped)},
	{&seal->reach, sizeof(seal->reach)},
	{&seal->first, sizeof(seal->first)}, {seal->first_prior, PVEXT_DIGEST_SIZE},
	{&shapes_size, sizeof(shapes_size)}, {covered->shapes, covered->shapes_size},
	{covered->leaves, covered->leaves_size}};

	pvext_hash(hashing, pieces, lengthof(pieces), digest);
}

/* Bytes as a bytea, in the current context. */
static Datum
bytes_datum(const void *data, Size size)
{
	bytea	   *bytes = palloc(VARHDRSZ + size);

	SET_VARSIZE(bytes, VARHDRSZ + size);
	if (size > 0)
		memcpy(VARDATA(bytes), data, size);
	return PointerGetDatum(bytes);
}

/*
 * Append a seal.  *seal is the one before it, with what is to be new; afterwards it is
 * the one appended, as pvext_last_seal() gives it.  What it does not change goes on to
 * hold.  Under pvext_lock_seals().
 */
void
pvext_append_seal(PvextHashing *hashing, PvextSeal *seal, const PvextCovered *covered)
{
	Datum		values[SEAL_COLUMNS];
	bool		nulls[SEAL_COLUMNS] = {false};
	Relation	rel = table_open(pvext_own_relation("audit_seal"), RowExclusiveLock);
	HeapTuple	tuple;

	seal->id++;
	seal->sealed_at = GetCurrentTimestamp();
	memcpy(seal->prior, seal->seal, PVEXT_DIGEST_SIZE);
	pvext_seal_digest(hashing, seal, covered, seal->seal);

	values[SEAL_ID - 1] = Int64GetDatum(seal->id);
	values[SEAL_SEALED_AT - 1] = TimestampTzGetDatum(seal->sealed_at);
	values[SEAL_INCARNATION - 1] = Int64GetDatum(seal->incarnation);
	values[SEAL_UNTIL - 1] = FullTransactionIdGetDatum(FullTransactionIdFromU64(seal->until));
	values[SEAL_SETTLED - 1] = Int64GetDatum(seal->settled);
	values[SEAL_DROPPED - 1] = Int64GetDatum(seal->dropped);
	values[SEAL_REACH - 1] = Int64GetDatum(seal->reach);
	values[SEAL_FIRST - 1] = Int64GetDatum(seal->first);
	values[SEAL_FIRST_PRIOR - 1] = bytes_datum(seal->first_prior, PVEXT_DIGEST_SIZE);
	values[SEAL_PRIOR - 1] = bytes_datum(seal->prior, PVEXT_DIGEST_SIZE);
	values[SEAL_SHAPES - 1] = bytes_datum(covered->shapes, covered->shapes_size);
	values[SEAL_LEAVES - 1] = bytes_datum(covered->leaves, covered->leaves_size);
	values[SEAL_SEAL - 1] = bytes_datum(seal->seal, PVEXT_DIGEST_SIZE);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
	table_close(rel, NoLock);
	seal->reach = Max(seal->reach, pvext_highest_in_digests(covered->leaves, covered->leaves_size));
}

/* Remove a seal that is no longer needed. */
void
pvext_remove_seal(int64 id)
{
	Relation	rel = table_open(pvext_own_relation("audit_seal"), RowExclusiveLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, SEAL_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));

	/*
	 * By the snapshot by which it was read, under pvext_lock_seals(): it is still there.
	 */
	scan = systable_beginscan(rel, pvext_own_relation("audit_seal_pkey"), true,
							  GetActiveSnapshot(), 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, NoLock);
}

/*
 * Sealing
 */

/* The oldest transaction that the active snapshot calls running, or the next one. */
static uint64
running_since(void)
{
	FullTransactionId next = ReadNextFullTransactionId();
	uint32		epoch = EpochFromFullTransactionId(next);
	TransactionId xmin = GetActiveSnapshot()->xmin;

	/*
	 * xmin is not later than the next one: it is of the epoch before where its number is
	 * higher.
	 */
	if (xmin > XidFromFullTransactionId(next))
		epoch--;
	return (uint64) epoch << 32 | xmin;
}

/*
 * Below which number all chunks are sealed once this run has ended: those of
 * partitions that ended before the transactions it leaves out, and of those
 * that ended in another cluster, all of whose chunks it takes.
 */
static int64
settled_below(Sealer *sealer)
{
	static PvextStatement find = {
		"SELECT min(n) FROM generate_series($1, (SELECT max(number) + 1 FROM pv.audit_partition)) AS n"
		" WHERE NOT EXISTS (SELECT FROM pv.audit_partition AS p"
		" WHERE p.number = n AND (p.incarnation <> $2 OR p.until <= $3))", NULL
	};
	PvextArgs	args = {0};
	int64		n = sealer->seal.settled >> PVEXT_PARTITION_BITS;

	pvext_arg(&args, INT8OID, Int64GetDatum(n), false);
	pvext_arg(&args, INT8OID, Int64GetDatum(sealer->ours), false);
	pvext_arg(&args, XID8OID,
			  FullTransactionIdGetDatum(FullTransactionIdFromU64(sealer->horizon)), false);
	(void) pvext_own_kept(&find, &args);
	return Max(n, pvext_int(0, 1)) << PVEXT_PARTITION_BITS;
}

/* The digests of the shapes of the chunks that have been gathered, in the current context. */
static void
digest_shapes(Sealer *sealer, PvextCovered *covered)
{
	static PvextStatement find = {
		"SELECT coalesce(string_agg(" PVEXT_SHAPE_DIGEST ", '' ORDER BY id), '')"
		" FROM pv.audit_shape WHERE id = ANY ($1)", NULL, true
	};
	PvextArgs	args = {0};
	int			n = sealer->shapes.len / sizeof(int32);
	Datum	   *ids = palloc(sizeof(Datum) * Max(n, 1));
	bytea	   *digests;
	bool		isnull;

	for (int i = 0; i < n; i++)
		ids[i] = Int32GetDatum(((int32 *) sealer->shapes.data)[i]);
	pvext_arg(&args, INT4ARRAYOID,
			  PointerGetDatum(construct_array(ids, n, INT4OID, 4, true, TYPALIGN_INT)), false);
	(void) pvext_own_kept(&find, &args);
	digests = DatumGetByteaPCopy(pvext_datum(0, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	covered->shapes = VARDATA(digests);
	covered->shapes_size = VARSIZE(digests) - VARHDRSZ;
}

/* Seal the chunks that have been gathered. */
static void
end_seal(Sealer *sealer)
{
	PvextCovered covered = {sealer->leaves.data, sealer->leaves.len};

	digest_shapes(sealer, &covered);
	sealer->seal.incarnation = sealer->chunk_incarnation;
	sealer->seal.until = sealer->chunk_until;
	pvext_append_seal(sealer->hashing, &sealer->seal, &covered);
	resetStringInfo(&sealer->leaves);
	resetStringInfo(&sealer->shapes);
	sealer->chunks = 0;
}

/* Add a chunk, of which why says why it has no data, or NULL. */
static void
add_chunk(Sealer *sealer, const PvextChunk *chunk, const char *why)
{
	int64		records;

	if (sealer->chunks > 0 &&
		(sealer->chunk_incarnation != chunk->incarnation ||
		 sealer->chunks == CHUNKS_PER_SEAL || sealer->leaves.len > LEAVES_SIZE))
		end_seal(sealer);
	sealer->chunk_incarnation = chunk->incarnation;
	sealer->chunk_until = chunk->incarnation == sealer->ours ? sealer->horizon : chunk->xid + 1;
	records = pvext_put_chunk_digest(sealer->hashing, &sealer->leaves, &sealer->shapes, chunk);
	sealer->chunks++;
	if (records < 0)
		pvext_note_unread(&sealer->unread, chunk->partition, chunk->id,
						  why ? why : PVEXT_MALFORMED);
	else
		sealer->records += records;
}

/* A chunk of the query below. */
static void
seal_row(uint64 row, void *arg)
{
	Sealer	   *sealer = arg;
	Oid			partition = (Oid) pvext_int(row, 1);
	bool		isnull;
	ItemPointer place = (ItemPointer) DatumGetPointer(pvext_datum(row, 2, &isnull));
	MemoryContext caller;
	PvextChunk	chunk;
	const char *why;

	CHECK_FOR_INTERRUPTS();

	/* A chunk may be large: it goes when its digest has been taken. */
	caller = MemoryContextSwitchTo(sealer->context);
	why = pvext_fetch_chunk(&sealer->reader, partition, place, &chunk);
	add_chunk(sealer, &chunk, why);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(sealer->context);
}

/*
 * What is to be sealed: above $1, where sealing has not been finished, what this
 * cluster ($2) wrote from where it was sealed on, up to $3; of other clusters all.
 */
static const char unsealed[] =
"WITH RECURSIVE i(incarnation) AS ("
"  (SELECT incarnation FROM pv.audit_seal ORDER BY 1 LIMIT 1)"
"  UNION ALL SELECT (SELECT s.incarnation FROM pv.audit_seal AS s"
"   WHERE s.incarnation > i.incarnation ORDER BY 1 LIMIT 1)"
"  FROM i WHERE i.incarnation IS NOT NULL),"
" sealed AS MATERIALIZED (SELECT i.incarnation, (SELECT s.until FROM pv.audit_seal AS s"
"  WHERE s.incarnation = i.incarnation ORDER BY s.id DESC LIMIT 1) AS until"
"  FROM i WHERE i.incarnation IS NOT NULL)"
" SELECT l.tableoid, l.ctid FROM pv.audit_log AS l LEFT JOIN sealed AS s USING (incarnation)"
" WHERE l.id >= $1 AND (l.incarnation <> $2 OR l.xid < $3)"
" AND (s.until IS NULL OR l.xid >= s.until)"
" ORDER BY l.incarnation = $2, l.incarnation, l.xid, l.id";

/* Go through what is to be sealed, in the order in which it is. */
static void
seal_chunks(Sealer *sealer)
{
	PvextArgs	args = {0};

	pvext_arg(&args, INT8OID, Int64GetDatum(sealer->seal.settled), false);
	pvext_arg(&args, INT8OID, Int64GetDatum(sealer->ours), false);
	pvext_arg(&args, XID8OID,
			  FullTransactionIdGetDatum(FullTransactionIdFromU64(sealer->horizon)), false);
	pvext_own_each(unsealed, &args, seal_row, sealer);
	pvext_end_fetch(&sealer->reader);
}

/*
 * pv.seal_audit()
 */
Datum
pvext_seal_audit(PG_FUNCTION_ARGS)
{
	Sealer		sealer = {0};
	PvextScope	scope;

	pvext_enter(&scope);
	pvext_lock_seals("pv.seal_audit()");
	PushActiveSnapshot(GetTransactionSnapshot());
	pvext_last_seal(&sealer.seal);
	sealer.ours = (int64) GetSystemIdentifier();
	sealer.horizon = running_since();
	sealer.settled = settled_below(&sealer);
	sealer.hashing = pvext_begin_hashing();
	sealer.reader.context = sealer.unread.context = CurrentMemoryContext;
	sealer.context = AllocSetContextCreate(CurrentMemoryContext, "pvext chunk to be sealed",
										   ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&sealer.leaves);
	initStringInfo(&sealer.shapes);

	seal_chunks(&sealer);

	/* The last one says how far it is settled, even if there is nothing else to say. */
	if (sealer.chunks > 0 || sealer.settled > sealer.seal.settled)
	{
		if (sealer.chunks == 0)
		{
			sealer.chunk_incarnation = sealer.ours;
			sealer.chunk_until = sealer.horizon;
		}
		sealer.seal.settled = sealer.settled;
		end_seal(&sealer);
	}
	pvext_end_hashing(sealer.hashing);
	pvext_record_unread(&sealer.unread, true);
	PopActiveSnapshot();
	pvext_leave(&scope);
	PG_RETURN_INT64(sealer.records);
}

/*
 * pv.seal_head()
 */
Datum
pvext_seal_head(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextSeal	last;
	char		hex[PVEXT_DIGEST_SIZE * 2];

	pvext_enter(&scope);
	pvext_last_seal(&last);
	pvext_leave(&scope);
	if (last.id == 0)
		PG_RETURN_NULL();
	(void) hex_encode((char *) last.seal, PVEXT_DIGEST_SIZE, hex);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(INT64_FORMAT ":%.*s", last.id,
											  (int) sizeof(hex), hex)));
}

/*
 * bitmap.c
 *		Which subjects with an integer for a key have consented, as bits.
 *
 * pv.consent_state has a row for each subject and purpose; looking one up costs a
 * microsecond.  For keys that are integers the same is kept as two bits a subject, 4096
 * subjects a bucket, so that has_consent() reads one row for thousands of subjects.
 * Whether a key is an integer is seen from its text alone, so that a column whose type
 * changes needs nothing done here.
 *
 * Called by whoever records a change (recording.c, ending.c), the subject being locked,
 * or moves subjects to another table (moved_rows.c), and by has_consent.c; only
 * pv.consent_state is the truth, and pv.verify_consents() compares the two (reconcile.c).
 *
 * A bucket has any number of rows, and a subject's code is the XOR of what all of them
 * hold.  What holds of them:
 *
 * - A transaction never waits for another that changes the same bucket: it adds its
 *   changes to a row that nobody has locked, or makes a new one.  Whoever finds several
 *   rows free makes one of them.  Order does not matter to XOR, and a subject's own
 *   changes come one after the other, for whoever makes one has its row locked.
 * - What a snapshot sees is exact: each transaction's changes are in the rows that it
 *   wrote, and a row that takes up others replaces them in the same transaction.  Older
 *   snapshots see those that were replaced.  So nobody invalidates anything, and a crash
 *   leaves nothing to repair.
 * - The changes of a transaction are gathered here, by subtransaction, and written just
 *   before it commits, or is prepared: a bucket is written once, however many of its
 *   subjects have changed, and no row is locked for longer than a commit takes.  Until
 *   then the bits know nothing of them, and who asks for a subject of such a bucket is to
 *   look at pv.consent_state (pvext_is_pending()).
 * - They are written as the server writes its catalogs: as whoever commits, without a
 *   check of privileges, and running nobody's code.  Deferred triggers have run by then;
 *   a consent that changes later, in another extension's callback, is refused.
 *
 * What a backend has read it keeps as long as the snapshots that it is asked under see
 * the same (pvext_snapshot_generation()), and never beyond its transaction: that is known
 * without asking anything shared.  Where the bits may not say all they are not asked: of
 * a bucket that this transaction has changed, in a parallel worker whose leader may have,
 * and in a serializable transaction, whose conflicts are to be about a subject, not about
 * the other 4095 of its bucket (pvext_can_trust_bits()).
 *
 * Measured before, over a million rows, as a ratio to the query without a check: a
 * statement by SPI for each row 28 to 34, an index probe 17, an index scan that is kept
 * open 10, a join by EXISTS 7.7, a hash of the session's 3.4, bits 1.0.  A cache that is
 * filled whole pays from some 170,000 rows on: switching to one after 2,000 calls was 159
 * times slower over 10,000.  Hence buckets, which are read as they are needed.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "base/relation.h"
#include "catalog/indexing.h"
#include "commands/sequence.h"
#include "consent/bitmap.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* The columns of pv.consent_bitmap. */
#define ANUM_RELATION_ID	1
#define ANUM_PURPOSE_ID		2
#define ANUM_BUCKET			3
#define ANUM_NEXT_EXPIRY	4
#define ANUM_CODES			5
#define ANUM_ID				6
#define NATTS				6

/* Changes to a bucket. */
typedef struct Pending
{
	PvextBucket bucket;			/* hash key */
	TimestampTz next_expiry;
	uint8		codes[PVEXT_CODE_BYTES];
} Pending;

/* Changes made by one subtransaction and those that ended in it. */
typedef struct Level
{
	SubTransactionId id;
	HTAB	   *buckets;		/* Pending */
	struct Level *outer;
} Level;

static Level *innermost = NULL; /* in TopTransactionContext */
static bool written = false;	/* too late for more in this transaction */

/* Buckets as the last snapshot saw them: a fixed number, whatever there is. */
#define CACHED_BUCKETS 4096
static PvextCodes **cached = NULL;
static MemoryContext cache_context = NULL;

/*
 * Rows hold the codes in full or, where few are not zero, as a list of two
 * bytes each: the subject's number within the bucket, and its code in the two
 * highest bits.
 */
static bytea *
encode(const uint8 *codes)
{
	bytea	   *result = palloc(VARHDRSZ + PVEXT_CODE_BYTES);
	uint8	   *data = (uint8 *) VARDATA(result);
	int			size = 0;

	for (int n = 0; n < PVEXT_BUCKET_SIZE; n++)
	{
		int			code;

		if (n % 4 == 0 && codes[n / 4] == 0)
		{
			n += 3;				/* most are */
			continue;
		}
		code = pvext_code(codes, n);
		if (code == 0)
			continue;
		if (size + 2 >= PVEXT_CODE_BYTES)
		{
			size = PVEXT_CODE_BYTES;
			memcpy(data, codes, size);
			break;
		}
		data[size++] = (uint8) (code << 6 | n >> 8);
		data[size++] = (uint8) (n & 0xff);
	}
	SET_VARSIZE(result, VARHDRSZ + size);
	return result;
}

/* XOR what a row holds into codes. */
static void
add_encoded(uint8 *codes, const bytea *encoded)
{
	const uint8 *data = (const uint8 *) VARDATA_ANY(encoded);
	int			size = VARSIZE_ANY_EXHDR(encoded);

	if (size == PVEXT_CODE_BYTES)
	{
		for (int i = 0; i < size; i++)
			codes[i] ^= data[i];
		return;
	}
	for (int i = 0; i + 1 < size; i += 2)
	{
		int			n = (data[i] & 0x0f) << 8 | data[i + 1];

		codes[n / 4] ^= (data[i] >> 6) << (n % 4 * 2);
	}
}

/* XOR a row of pv.consent_bitmap into codes. */
static void
add_row(Relation rel, HeapTuple row, uint8 *codes, TimestampTz *next_expiry)
{
	bool		isnull;
	TimestampTz expiry = DatumGetTimestampTz(heap_getattr(row, ANUM_NEXT_EXPIRY,
														  RelationGetDescr(rel), &isnull));

	add_encoded(codes, DatumGetByteaPP(heap_getattr(row, ANUM_CODES,
													RelationGetDescr(rel), &isnull)));
	*next_expiry = Min(*next_expiry, expiry);
}

/* Look for the rows of a bucket, as the snapshot sees them. */
static SysScanDesc
begin_scan(Relation rel, const PvextBucket *bucket, Snapshot snapshot)
{
	ScanKeyData keys[3];

	ScanKeyInit(&keys[0], ANUM_RELATION_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(bucket->relation_id));
	ScanKeyInit(&keys[1], ANUM_PURPOSE_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(bucket->purpose_id));
	ScanKeyInit(&keys[2], ANUM_BUCKET, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(bucket->number));
	return systable_beginscan(rel, pvext_own_relation("consent_bitmap_bucket"), true,
							  snapshot, 3, keys);
}

/*
 * Changes of the transaction
 */

/* A table of changes by bucket, which goes with the transaction. */
static HTAB *
make_buckets(void)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(PvextBucket);
	ctl.entrysize = sizeof(Pending);
	ctl.hcxt = TopTransactionContext;
	return hash_create("pvext pending consents", 1, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* The changes to a bucket, none where there are none yet. */
static Pending *
pending_bucket(HTAB *buckets, const PvextBucket *bucket)
{
	bool		found;
	Pending    *pending = hash_search(buckets, bucket, HASH_ENTER, &found);

	if (!found)
	{
		pending->next_expiry = DT_NOEND;
		memset(pending->codes, 0, sizeof(pending->codes));
	}
	return pending;
}

/* The level of the current subtransaction. */
static Level *
current_level(void)
{
	SubTransactionId id = GetCurrentSubTransactionId();
	Level	   *level;

	if (innermost && innermost->id == id)
		return innermost;
	level = MemoryContextAlloc(TopTransactionContext, sizeof(Level));
	level->id = id;
	level->buckets = make_buckets();
	level->outer = innermost;
	innermost = level;
	return level;
}

/*
 * Is a key, in the row's own spelling, the text of an int8, as the server would
 * write it?  Then it has bits, at its value.
 */
bool
pvext_has_bits(const char *key, int64 *value)
{
	char		text[MAXINT8LEN + 1];

	errno = 0;
	*value = strtoi64(key, NULL, 10);
	if (errno != 0)
		return false;
	pg_lltoa(*value, text);
	return strcmp(text, key) == 0;
}

/*
 * Name a bucket of a subject table and a purpose.  All of it is set, its padding too: it
 * is the key of a hash table.
 */
void
pvext_set_bucket(PvextBucket *bucket, int32 relation_id, int32 purpose_id, int64 number)
{
	memset(bucket, 0, sizeof(*bucket));
	bucket->bitmap = pvext_own_relation("consent_bitmap");
	bucket->relation_id = relation_id;
	bucket->purpose_id = purpose_id;
	bucket->number = number;
}

/*
 * Note that a subject's code changes from "before" to "after", and until when
 * its consent is in force, DT_NOEND for without an end.  A key that is no
 * integer has no bits.  Called after
 * pv.consent_state has been changed, while the subject is locked.
 */
void
pvext_note_code(int32 relation_id, int32 purpose_id, const char *key, int before,
				int after, TimestampTz expires)
{
	PvextBucket bucket;
	Pending    *pending;
	int64		value;
	int			n;

	if (!pvext_has_bits(key, &value))
		return;
	if (written)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a consent cannot change while the transaction commits")));
	n = (int) (value & (PVEXT_BUCKET_SIZE - 1));
	pvext_set_bucket(&bucket, relation_id, purpose_id, pvext_bucket_of(value));
	pending = pending_bucket(current_level()->buckets, &bucket);
	pending->codes[n / 4] ^= (before ^ after) << (n % 4 * 2);
	if (after & PVEXT_EXPIRING)
		pending->next_expiry = Min(pending->next_expiry, expires);
}

/* Has this transaction changed any consents of subjects that have bits? */
bool
pvext_any_pending(void)
{
	return innermost != NULL;
}

/* Has this transaction changed consents of the bucket? */
bool
pvext_is_pending(const PvextBucket *bucket)
{
	for (Level *level = innermost; level; level = level->outer)
		if (hash_search(level->buckets, bucket, HASH_FIND, NULL))
			return true;
	return false;
}

/*
 * Subtransaction callback.  A subtransaction's changes become those of its parent, or are
 * forgotten: nobody has read them, for a bucket with changes is not asked.
 */
static void
end_level(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	Level	   *level = innermost;
	HASH_SEQ_STATUS status;
	Pending    *pending;

	if (level == NULL || level->id != id)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB &&
		(level->outer == NULL || level->outer->id != parent))
	{
		level->id = parent;
		return;
	}
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		hash_seq_init(&status, level->buckets);
		while ((pending = hash_seq_search(&status)) != NULL)
		{
			Pending    *outer = pending_bucket(level->outer->buckets, &pending->bucket);

			outer->next_expiry = Min(outer->next_expiry, pending->next_expiry);
			for (int i = 0; i < PVEXT_CODE_BYTES; i++)
				outer->codes[i] ^= pending->codes[i];
		}
	}
	if (event == SUBXACT_EVENT_COMMIT_SUB || event == SUBXACT_EVENT_ABORT_SUB)
	{
		innermost = level->outer;
		hash_destroy(level->buckets);
	}
}

/*
 * Writing them
 */

/*
 * Lock a row, unless anybody else has or has changed it.  Nobody is waited for: this is
 * in the middle of a commit, and two that waited would do so in no order.
 */
static bool
lock_row(Relation rel, HeapTuple row, TupleTableSlot *slot)
{
	TM_FailureData failure;

	return table_tuple_lock(rel, &row->t_self, SnapshotSelf, slot,
							GetCurrentCommandId(true), LockTupleNoKeyExclusive,
							LockWaitSkip, 0, &failure) == TM_Ok;
}

/*
 * Take the rows of a bucket that are free into its changes, and delete all but one.
 * Returns that one, or NULL; *all is false where some were not free.  Whatever the
 * isolation level, these are the rows of now: that one row stands for several changes
 * nothing that is read.
 */
static HeapTuple
take_rows(Relation rel, Pending *pending, bool *all)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	SysScanDesc scan = begin_scan(rel, &pending->bucket, SnapshotSelf);
	HeapTuple	row;
	HeapTuple	kept = NULL;

	while ((row = systable_getnext(scan)) != NULL)
	{
		if (!lock_row(rel, row, slot))
		{
			*all = false;
			continue;
		}
		add_row(rel, row, pending->codes, &pending->next_expiry);
		if (kept == NULL)
			kept = heap_copytuple(row);
		else
			CatalogTupleDelete(rel, &row->t_self);
	}
	systable_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return kept;
}

/* Does any consent of the bucket expire? */
static bool
has_expiring(const uint8 *codes)
{
	for (int i = 0; i < PVEXT_CODE_BYTES; i++)
		if (codes[i] & 0xaa)	/* PVEXT_EXPIRING, four times */
			return true;
	return false;
}

/*
 * The number of a new row.  The transaction may have been made read only since it
 * changed a consent, and goes on being able to commit; after an error it ends anyway.
 */
static int64
next_id(void)
{
	bool		read_only = XactReadOnly;
	int64		id;

	XactReadOnly = false;
	id = nextval_internal(pvext_own_relation("consent_bitmap_id_seq"), false);
	XactReadOnly = read_only;
	return id;
}

/*
 * Write a transaction's changes to a bucket.  Where all of its rows have been taken up it
 * is known when the next one expires; else that may be earlier than it need be, which
 * costs but a look.
 */
static void
write_bucket(Relation rel, Pending *pending)
{
	bool		all = true;
	HeapTuple	old = take_rows(rel, pending, &all);
	Datum		values[NATTS];
	bool		nulls[NATTS] = {false};
	bool		replaced[NATTS] = {false};

	if (all && !has_expiring(pending->codes))
		pending->next_expiry = DT_NOEND;
	values[ANUM_RELATION_ID - 1] = Int32GetDatum(pending->bucket.relation_id);
	values[ANUM_PURPOSE_ID - 1] = Int32GetDatum(pending->bucket.purpose_id);
	values[ANUM_BUCKET - 1] = Int64GetDatum(pending->bucket.number);
	values[ANUM_NEXT_EXPIRY - 1] = TimestampTzGetDatum(pending->next_expiry);
	values[ANUM_CODES - 1] = PointerGetDatum(encode(pending->codes));
	if (old == NULL)
	{
		values[ANUM_ID - 1] = Int64GetDatum(next_id());
		CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
		return;
	}
	replaced[ANUM_NEXT_EXPIRY - 1] = replaced[ANUM_CODES - 1] = true;
	CatalogTupleUpdate(rel, &old->t_self,
					   heap_modify_tuple(old, RelationGetDescr(rel), values, nulls, replaced));
}

/*
 * Write what the transaction has changed, before it commits or is prepared.  There may be
 * no active snapshot any more by then.
 */
static void
write_pending(void)
{
	Oid			relid = pvext_own_relation("consent_bitmap");
	MemoryContext context;
	MemoryContext old;
	Relation	rel;
	HASH_SEQ_STATUS status;
	Pending    *pending;
	bool		pushed;

	if (!OidIsValid(relid))
		return;
	pushed = pvext_ensure_snapshot();
	context = AllocSetContextCreate(CurrentMemoryContext, "pvext consents written",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	rel = table_open(relid, RowExclusiveLock);
	hash_seq_init(&status, innermost->buckets);
	while ((pending = hash_seq_search(&status)) != NULL)
	{
		/* The extension may have been dropped, and made anew, meanwhile. */
		if (pending->bucket.bitmap == relid)
			write_bucket(rel, pending);
		MemoryContextReset(context);
	}
	table_close(rel, NoLock);
	if (pushed)
		PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

static uint64 generation = 1;

/*
 * Transaction callback.  All levels have become one by the time that it commits.  What it
 * has palloc'ed goes with its context; an error here is the transaction's.
 */
static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (innermost)
				write_pending();
			written = true;
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			innermost = NULL;
			written = false;
			generation++;		/* each transaction reads for itself */
			break;
		default:
			break;
	}
}

/* When the library is loaded: be told of the ends of transactions. */
void
pvext_init_bitmap(void)
{
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_level, NULL);
}

/*
 * Reading
 */

/*
 * What tells sets of as many transactions in progress apart: one that is being
 * prepared stands in it twice for a while, and may make up for one that ended.
 */
static uint64
sum_of_xids(Snapshot snapshot)
{
	uint64		sum = 0;

	for (uint32 i = 0; max_prepared_xacts > 0 && i < snapshot->xcnt; i++)
		sum += snapshot->xip[i];
	return sum;
}

/*
 * A number that is another one whenever the active snapshot may see something
 * else than at the last call.  Two snapshots of a transaction with the same
 * bounds, the same transactions in progress and the same command see the same;
 * and within the bounds transactions only ever end, so that it is enough to
 * count them.
 */
uint64
pvext_snapshot_generation(void)
{
	static SnapshotData last;	/* only what is compared below */
	static uint64 last_sum;
	Snapshot	now = GetActiveSnapshot();
	uint64		sum = sum_of_xids(now);

	if (now->xmin == last.xmin && now->xmax == last.xmax && now->xcnt == last.xcnt &&
		now->subxcnt == last.subxcnt && now->curcid == last.curcid &&
		now->suboverflowed == last.suboverflowed && sum == last_sum)
		return generation;
	last_sum = sum;
	last.xmin = now->xmin;
	last.xmax = now->xmax;
	last.xcnt = now->xcnt;
	last.subxcnt = now->subxcnt;
	last.curcid = now->curcid;
	last.suboverflowed = now->suboverflowed;
	AcceptInvalidationMessages();	/* what it sees may have another meaning */
	return ++generation;
}

/* Where the cache keeps a bucket; whoever was there before has to go. */
static PvextCodes *
cache_entry(const PvextBucket *bucket)
{
	uint32		n = ((uint32) bucket->number + 0x9e3779b9U * (uint32) bucket->purpose_id +
					 0x85ebca6bU * (uint32) bucket->relation_id) % CACHED_BUCKETS;

	if (cached == NULL)
	{
		cache_context = SlabContextCreate(TopMemoryContext, "pvext consents",
										  SLAB_DEFAULT_BLOCK_SIZE, sizeof(PvextCodes));
		cached = MemoryContextAllocZero(TopMemoryContext,
										CACHED_BUCKETS * sizeof(PvextCodes *));
	}
	if (cached[n] == NULL)
		cached[n] = MemoryContextAllocZero(cache_context, sizeof(PvextCodes));
	return cached[n];
}

/* Field by field: what is between them counts for nothing. */
static bool
is_same_bucket(const PvextBucket *a, const PvextBucket *b)
{
	return a->bitmap == b->bitmap && a->relation_id == b->relation_id &&
		a->purpose_id == b->purpose_id && a->number == b->number;
}

/*
 * A bucket as the active snapshot sees it, valid until the next call.
 * pvext_snapshot_generation() has been called since the snapshot became active.
 */
const PvextCodes *
pvext_read_codes(const PvextBucket *bucket)
{
	PvextCodes *entry = cache_entry(bucket);
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	row;

	if (entry->generation == generation && is_same_bucket(&entry->bucket, bucket))
		return entry;
	entry->generation = 0;		/* of nothing, should reading fail */
	entry->next_expiry = DT_NOEND;
	memset(entry->codes, 0, sizeof(entry->codes));
	rel = table_open(bucket->bitmap, AccessShareLock);
	scan = begin_scan(rel, bucket, GetActiveSnapshot());
	while ((row = systable_getnext(scan)) != NULL)
		add_row(rel, row, entry->codes, &entry->next_expiry);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	entry->bucket = *bucket;
	entry->generation = generation;
	return entry;
}

/*
 * Do the bits hold all that the active snapshot sees, pending buckets aside?  A
 * worker cannot tell what its leader has changed; and in a serializable
 * transaction a conflict is to be one about a subject.
 */
bool
pvext_can_trust_bits(void)
{
	if (IsolationIsSerializable())
		return false;
	return !IsParallelWorker() || !TransactionIdIsValid(GetTopTransactionIdIfAny());
}

/*
 * Call each for every bucket of a subject table and a purpose, as the active
 * snapshot sees it.  Nothing is pending.
 */
void
pvext_each_bucket(int32 relation_id, int32 purpose_id,
				  void (*each) (const PvextCodes *codes, void *arg), void *arg)
{
	Relation	rel = table_open(pvext_own_relation("consent_bitmap"), AccessShareLock);
	Relation	index = index_open(pvext_own_relation("consent_bitmap_bucket"), AccessShareLock);
	PvextCodes *codes = palloc0(sizeof(PvextCodes));
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	row;
	bool		any = false;

	ScanKeyInit(&keys[0], ANUM_RELATION_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(relation_id));
	ScanKeyInit(&keys[1], ANUM_PURPOSE_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(purpose_id));
	scan = systable_beginscan_ordered(rel, index, GetActiveSnapshot(), 2, keys);
	for (;;)
	{
		int64		number = 0;

		row = systable_getnext_ordered(scan, ForwardScanDirection);
		if (row)
		{
			bool		isnull;

			number = DatumGetInt64(heap_getattr(row, ANUM_BUCKET, RelationGetDescr(rel),
												&isnull));
		}
		if (any && (row == NULL || number != codes->bucket.number))
			each(codes, arg);
		if (row == NULL)
			break;
		if (!any || number != codes->bucket.number)
		{
			memset(codes, 0, sizeof(*codes));
			pvext_set_bucket(&codes->bucket, relation_id, purpose_id, number);
			codes->next_expiry = DT_NOEND;
			any = true;
		}
		add_row(rel, row, codes->codes, &codes->next_expiry);
		CHECK_FOR_INTERRUPTS();
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
}

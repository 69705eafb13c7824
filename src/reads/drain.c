/*
 * drain.c
 *		From the queue into the audit log.
 *
 * Readings are taken out of the queue by a transaction that writes them down,
 * and are gone from it when that commits; if it aborts, or the part of it that
 * took them, they are back.  So each is written down once, whoever does it.
 * Until it ends it holds a lock on pv.access_mark: so whoever needs all of them on
 * record can wait for it.
 *
 * What is in the queue when the server crashes is lost.  A row of pv.access_mark
 * says until when everything has been written down; after a crash a row of
 * pv.access_gap says from then until when reads may be missing.  Both are
 * written as the server writes its catalogs: nobody's trigger runs.
 *
 * A statement that runs for longer than OPEN_LIMIT is written down as it is by then; what
 * it adds when it ends (rows, keys) is another reading, of the same time.  A crash may take
 * that away although the gap begins later: that the statement has read is on record.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "audit/log_writer.h"
#include "base/compat.h"
#include "base/relation.h"
#include "catalog/indexing.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "reads/drain.h"
#include "reads/queue.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* The columns of pv.access_mark and of pv.access_gap. */
#define MARK_DRAINED_AT 1
#define MARK_ONE		2
#define MARK_COLUMNS	2
#define GAP_SINCE		1
#define GAP_UP_AGAIN		2
#define GAP_COLUMNS		2

/* As many as are written in a transaction, and for how long one may be open. */
#define BATCH		5000
#define OPEN_LIMIT	USECS_PER_SEC

/* What the transaction has taken out of the queue. */
typedef struct Taken
{
	SubTransactionId subxact;
	List	   *places;			/* PvextPlace */
	struct Taken *outer;
} Taken;

static Taken *taken = NULL;		/* in TopTransactionContext */

PG_FUNCTION_INFO_V1(pvext_drain_reads);

/*
 * Taking and giving back
 */

/*
 * Free, or give back, what the innermost has taken.  Raises nothing: it is called when a
 * transaction can no longer be ended otherwise.
 */
static void
end_places(void (*end) (const PvextPlace *place))
{
	ListCell   *lc;

	foreach(lc, taken->places)
		end(lfirst(lc));
	taken = taken->outer;
}

/* What a subtransaction has taken is its parent's, or goes back. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (Taken *each = taken; each && each->subxact == id; each = each->outer)
			each->subxact = parent;
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (taken && taken->subxact == id)
			end_places(pvext_give_back);
	}
}

/*
 * The transaction has committed, and what it has taken is on record; or it has aborted,
 * and that goes back.
 */
static void
end_transaction(XactEvent event, void *arg)
{
	if (taken == NULL)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot PREPARE a transaction that has drained reads"),
					 errhint("Call pv.drain_reads() in a transaction of its own.")));
			break;
		case XACT_EVENT_COMMIT:
			while (taken)
				end_places(pvext_free_place);
			break;
		case XACT_EVENT_ABORT:
			while (taken)
				end_places(pvext_give_back);
			break;
		default:
			break;
	}
}

/* From _PG_init(): hear of the ends of transactions. */
void
pvext_init_drain(void)
{
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
}

/*
 * Take what is to be written down, for the current subtransaction.  Returns it, and
 * when the oldest was begun of what is left.
 */
static List *
take(bool open_too, TimestampTz *left)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Taken	   *now = palloc(sizeof(Taken));
	TimestampTz limit = GetCurrentTimestamp() - OPEN_LIMIT;

	/*
	 * Before anything is taken: who waits for this lock by WaitForLockers() then waits
	 * for all that is no longer to be found in the queue and not yet in the log.
	 */
	LockRelationOid(pvext_own_relation("access_mark"), RowExclusiveLock);
	now->subxact = GetCurrentSubTransactionId();
	now->outer = taken;
	now->places = NIL;

	/* Noted before it is taken, so that an error gives back what has been by then. */
	taken = now;
	pvext_take_readings(MyDatabaseId, open_too ? DT_NOEND : limit, BATCH, &now->places, left);
	MemoryContextSwitchTo(old);
	return now->places;
}

/*
 * Marks and gaps
 */

/*
 * Until when is everything written down?  Returns the row, to be freed, with the
 * table open; NULL while there is none.
 */
static HeapTuple
read_mark(Relation marks, TimestampTz *drained_at)
{
	SysScanDesc scan = systable_beginscan(marks, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	mark = systable_getnext(scan);
	bool		isnull;

	*drained_at = 0;
	if (HeapTupleIsValid(mark))
	{
		mark = heap_copytuple(mark);
		*drained_at = DatumGetTimestampTz(heap_getattr(mark, MARK_DRAINED_AT,
													   RelationGetDescr(marks), &isnull));
	}
	systable_endscan(scan);
	return mark;
}

/*
 * Everything until then will be written down when this transaction commits.
 * While another one is at it there is no need.  The transaction may come here
 * again, and must then see what it has set.
 */
static void
set_mark(TimestampTz drained_at)
{
	Oid			table = pvext_own_relation("access_mark");
	Datum		values[MARK_COLUMNS];
	bool		nulls[MARK_COLUMNS] = {false};
	TimestampTz before;
	Relation	marks;
	HeapTuple	old;
	HeapTuple	new;

	/*
	 * Whoever has it sets a mark of his own, or waits for all; an older mark is never
	 * wrong, it only makes a gap longer.
	 */
	if (!ConditionalLockRelationOid(table, ShareUpdateExclusiveLock))
		return;
	marks = table_open(table, NoLock);
	old = read_mark(marks, &before);
	values[MARK_DRAINED_AT - 1] = TimestampTzGetDatum(drained_at);
	values[MARK_ONE - 1] = BoolGetDatum(true);
	new = heap_form_tuple(RelationGetDescr(marks), values, nulls);
	if (old == NULL)
		CatalogTupleInsert(marks, new);
	else if (before < drained_at)
		CatalogTupleUpdate(marks, &old->t_self, new);
	table_close(marks, NoLock);
	CommandCounterIncrement();
}

/* Is the gap until then on record? */
static bool
has_gap(Relation gaps, TimestampTz until)
{
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key, GAP_UP_AGAIN, BTEqualStrategyNumber, F_TIMESTAMPTZ_EQ,
				TimestampTzGetDatum(until));
	scan = systable_beginscan(gaps, InvalidOid, false, NULL, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return found;
}

/*
 * After a crash: say since when reads may be missing.  Where none has ever been
 * written down, that is not known.
 */
void
pvext_note_crash(void)
{
	TimestampTz until = pvext_crash_time();
	TimestampTz since;
	Relation	marks;
	Relation	gaps;
	Datum		values[GAP_COLUMNS];
	bool		nulls[GAP_COLUMNS] = {false};

	if (until == 0)
		return;

	/* Whoever comes second waits, and finds that it is on record. */
	gaps = table_open(pvext_own_relation("access_gap"), ShareRowExclusiveLock);
	if (!has_gap(gaps, until))
	{
		marks = table_open(pvext_own_relation("access_mark"), AccessShareLock);
		nulls[GAP_SINCE - 1] = read_mark(marks, &since) == NULL;
		values[GAP_SINCE - 1] = TimestampTzGetDatum(since);
		values[GAP_UP_AGAIN - 1] = TimestampTzGetDatum(until);
		table_close(marks, NoLock);
		if (!nulls[GAP_SINCE - 1] || !pvext_never_used("audited"))	/* else nothing to read */
			CatalogTupleInsert(gaps, heap_form_tuple(RelationGetDescr(gaps), values, nulls));
	}
	table_close(gaps, NoLock);
}

/*
 * Draining
 */

/* Is there an audit log in this database?  Its partitions come with it. */
bool
pvext_can_drain(void)
{
	return OidIsValid(pvext_own_relation("audit_log")) &&
		OidIsValid(pvext_own_relation("access_mark"));
}

/*
 * Write down the readings of this database that wait in the queue, as many as go
 * into a transaction; how many those were.
 */
int
pvext_drain(bool open_too)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz left;
	List	   *places = take(open_too, &left);
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, places)
	{
		CHECK_FOR_INTERRUPTS();

		/* After an error the abort gives back all that was taken. */
		pvext_write_reading(pvext_reading_at(lfirst(lc), &buf));
	}
	pfree(buf.data);
	if (places != NIL)
		set_mark(Min(now, left));

	/* For whoever called and goes on to look for them in the log. */
	pvext_flush_audit();
	return list_length(places);
}

/*
 * Write down all that wait by now; how many those were.  What others are writing
 * down is waited for.  Only one at a time comes here, until its transaction ends,
 * or two would wait for each other; the worker, which waits for nobody, goes on.
 */
int64
pvext_drain_all(void)
{
	Oid			table = pvext_own_relation("access_mark");
	LOCKTAG		tag;
	int64		total = 0;
	int			n;

	/*
	 * It has no effect on those who only drain; two that wait for all would each wait for
	 * what the other has taken.
	 */
	LockRelationOid(table, ShareUpdateExclusiveLock);
	do
	{
		n = pvext_drain(false);
		total += n;
	} while (n == BATCH);

	/* Our own lock is not waited for. */
	SET_LOCKTAG_RELATION(tag, MyDatabaseId, table);
	WaitForLockers(tag, ShareLock, false);
	return total;
}

/*
 * pv.drain_reads()
 */
Datum
pvext_drain_reads(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("pv.drain_reads()");
	PG_RETURN_INT64(pvext_drain_all());
}

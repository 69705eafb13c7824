/*
 * written_rows.c
 *		The rows that a part of this transaction has written, whoever's code did it.
 *
 * Triggers and rules write where they like: by statements of their own, in C, by COPY.
 * The server counts for each transaction how many rows its tables have got, below all of
 * that.  So which tables have got rows is known without looking at any of them, and
 * nothing is done for it while they are written.
 *
 * The rows themselves are found by who wrote them.  They are where the last one was put,
 * or at the table's end, nearly always: the pages are read from there, until as many rows
 * have been found as were counted.  Pages that all can see have none.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "base/compat.h"
#include "execution/written_rows.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* A row of this part that is on a page. */
typedef struct Row
{
	HeapTuple	tuple;			/* a copy */
	HeapTuple	before;			/* what it was; or NULL */
	bool		live;
} Row;

typedef struct Reader
{
	const PvextWritten *written;
	Relation	rel;
	bool		inserted_only;
	int64		expected;		/* rows, dead ones too; -1: nobody knows */
	int64		found;
	TransactionId oldest;		/* none of ours is older */
	Buffer		visible;		/* of the visibility map */
	BufferAccessStrategy strategy;
	Row		   *rows;			/* of a page */
	int			n;
} Reader;

/*
 * Counts
 */

/* For qsort() and bsearch(). */
static int
compare_counts(const void *a, const void *b)
{
	Oid			left = ((const PvextCount *) a)->relid;
	Oid			right = ((const PvextCount *) b)->relid;

	return left < right ? -1 : left > right;
}

/* What the transaction, with all of its subtransactions that have not failed, has written. */
static PvextCount *
read_counts(int *n)
{
	PgStat_SubXactStatus *top = pgstat_get_xact_stack_level(GetCurrentTransactionNestLevel());
	PvextCount *counts;
	int			room = 0;

	for (PgStat_SubXactStatus *level = top; level; level = level->prev)
		for (PgStat_TableXactStatus *table = level->first; table; table = table->next)
			room++;
	counts = palloc(sizeof(PvextCount) * Max(room, 1));
	*n = 0;
	for (PgStat_SubXactStatus *level = top; level; level = level->prev)
		for (PgStat_TableXactStatus *table = level->first; table; table = table->next)
		{
			PvextCount *count = &counts[*n];

			if (table->parent->trans != table || pvext_stat_is_shared(table->parent))
				continue;		/* was met on an inner level */
			memset(count, 0, sizeof(*count));
			count->relid = pvext_stat_relid(table->parent);
			for (PgStat_TableXactStatus *t = table; t; t = t->upper)
			{
				count->inserted += t->tuples_inserted;
				count->updated += t->tuples_updated;
				count->deleted += t->tuples_deleted;
				count->truncated = count->truncated || t->truncdropped;
			}
			(*n)++;
		}
	qsort(counts, *n, sizeof(PvextCount), compare_counts);
	return counts;
}

/*
 * The part begins with the next command.  In the current context; the server must be
 * counting (pvext_enter() sees to that).
 */
void
pvext_begin_written(PvextWritten *written)
{
	written->since = GetCurrentCommandId(false);
	written->counts = read_counts(&written->n);
}

/* The tables, catalogs included, that have been written to since then: a list of PvextGrown. */
List *
pvext_grown_tables(const PvextWritten *written)
{
	int			n;
	PvextCount *counts = read_counts(&n);
	List	   *grown = NIL;

	for (int i = 0; i < n; i++)
	{
		PvextCount *now = &counts[i];
		PvextCount *before = written->n == 0 ? NULL :
			bsearch(now, written->counts, written->n, sizeof(PvextCount), compare_counts);
		PvextGrown *table;
		int64		inserted = now->inserted - (before ? before->inserted : 0);
		int64		updated = now->updated - (before ? before->updated : 0);
		int64		deleted = now->deleted - (before ? before->deleted : 0);

		if (inserted == 0 && updated == 0 && deleted == 0 && !now->truncated)
			continue;
		table = palloc(sizeof(PvextGrown));
		table->relid = now->relid;
		table->inserted = now->truncated ? -1 : inserted;
		table->updated = now->truncated ? -1 : updated;
		table->deleted = now->truncated ? -1 : deleted;
		grown = lappend(grown, table);
	}
	return grown;
}

/*
 * Rows
 */

/* Was the row written in this part? */
static bool
is_ours(Reader *reader, HeapTupleHeader row)
{
	TransactionId xid = HeapTupleHeaderGetRawXmin(row);

	if (!TransactionIdIsNormal(xid) || TransactionIdPrecedes(xid, reader->oldest) ||
		!TransactionIdIsCurrentTransactionId(xid))
		return false;
	return HeapTupleHeaderXminFrozen(row) ||	/* by COPY ... FREEZE */
		HeapTupleHeaderGetCmin(row) >= reader->written->since;
}

/* Is it a version of a row that there was before? */
static bool
is_updated(HeapTupleHeader row)
{
	return (row->t_infomask & HEAP_UPDATED) != 0;
}

/*
 * The version of a row at an offset of a page that the caller has locked: in the page,
 * not a copy.  False where there is none.
 */
static bool
get_row(Relation rel, Page page, BlockNumber block, OffsetNumber offset, HeapTuple tuple)
{
	ItemId		item = PageGetItemId(page, offset);

	if (!ItemIdIsNormal(item))
		return false;
	tuple->t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple->t_len = ItemIdGetLength(item);
	tuple->t_tableOid = RelationGetRelid(rel);
	ItemPointerSet(&tuple->t_self, block, offset);
	return true;
}

/*
 * What a row that was updated was when the part began, where that is on the same page; NULL
 * where it is not, or where the row was not there.
 */
static HeapTuple
find_before(Reader *reader, Page page, HeapTuple row)
{
	HeapTupleData now = *row;
	OffsetNumber offset = FirstOffsetNumber;

	while (is_updated(now.t_data) && offset <= PageGetMaxOffsetNumber(page))
	{
		HeapTupleData other;

		if (!get_row(reader->rel, page, ItemPointerGetBlockNumber(&row->t_self), offset++, &other) ||
			ItemPointerEquals(&other.t_self, &now.t_self) ||
			!ItemPointerEquals(&other.t_data->t_ctid, &now.t_self) ||
			!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(other.t_data)))
			continue;
		if (!is_ours(reader, other.t_data))
			return heap_copytuple(&other);
		now = other;
		offset = FirstOffsetNumber;
	}
	return NULL;
}

/* Note this part's rows on a page. */
static void
read_page(Reader *reader, BlockNumber block)
{
	Buffer		buffer = ReadBufferExtended(reader->rel, MAIN_FORKNUM, block, RBM_NORMAL,
											reader->strategy);
	Page		page = BufferGetPage(buffer);

	reader->n = 0;
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (OffsetNumber offset = FirstOffsetNumber, last = PageGetMaxOffsetNumber(page);
		 offset <= last; offset++)
	{
		HeapTupleData row;
		Row		   *entry = &reader->rows[reader->n];

		if (!get_row(reader->rel, page, block, offset, &row) || !is_ours(reader, row.t_data) ||
			(reader->inserted_only && is_updated(row.t_data)))
			continue;
		reader->found++;

		/* By what this transaction has done up to now, not by a snapshot of before. */
		entry->live = HeapTupleSatisfiesVisibility(&row, SnapshotSelf, buffer);
		if (!entry->live && !reader->inserted_only)
			continue;			/* what has become of it is found as well */
		entry->tuple = heap_copytuple(&row);
		entry->before = is_updated(row.t_data) ? find_before(reader, page, &row) : NULL;
		reader->n++;
	}
	UnlockReleaseBuffer(buffer);
}

/* What has become of a row that has been updated since; NULL where it is gone. */
static HeapTuple
follow_row(Reader *reader, HeapTuple row)
{
	ItemPointerData at = row->t_data->t_ctid;
	ItemPointerData from = row->t_self;

	while (!ItemPointerEquals(&at, &from) && !ItemPointerIndicatesMovedPartitions(&at))
	{
		HeapTupleData next;
		HeapTuple	found = NULL;
		Buffer		buffer;

		next.t_self = from = at;
		if (heap_fetch(reader->rel, SnapshotSelf, &next, &buffer, true))
			found = heap_copytuple(&next);
		else if (next.t_data == NULL || !is_ours(reader, next.t_data))
			at = from;
		else
			at = next.t_data->t_ctid;
		if (BufferIsValid(buffer))
			ReleaseBuffer(buffer);
		if (found)
			return found;
	}
	return NULL;
}

/*
 * Call each for this part's rows on a page.  They are copied first: nobody's code is run
 * under the lock on a page.
 */
static void
read_block(Reader *reader, BlockNumber block, PvextEachWritten each, void *arg)
{
	CHECK_FOR_INTERRUPTS();
	read_page(reader, block);
	for (int i = 0; i < reader->n; i++)
	{
		Row		   *row = &reader->rows[i];
		HeapTuple	now = row->live ? row->tuple : follow_row(reader, row->tuple);

		if (now)
			each(reader->rel, now, row->before, arg);
		if (row->before)
			heap_freetuple(row->before);
		if (now != row->tuple && now)
			heap_freetuple(now);
		heap_freetuple(row->tuple);
	}
}

/* Have as many been found as were counted? */
static bool
has_all(Reader *reader)
{
	return reader->expected >= 0 && reader->found >= reader->expected;
}

/*
 * Call each for every row of a heap that the part has written, and which is still there;
 * with inserted_only, for those that it has inserted.  The rows live as long as the call.
 * The table is locked.
 */
void
pvext_each_written(const PvextWritten *written, Relation rel, const PvextGrown *grown,
				   bool inserted_only, PvextEachWritten each, void *arg)
{
	Reader		reader = {written, rel, inserted_only, -1};
	BlockNumber last = RelationGetTargetBlock(rel);
	BlockNumber nblocks = RelationGetNumberOfBlocks(rel);

	if (grown->inserted >= 0)
		reader.expected = grown->inserted + (inserted_only ? 0 : grown->updated);
	reader.oldest = GetTopTransactionIdIfAny();
	reader.visible = InvalidBuffer;
	reader.strategy = GetAccessStrategy(BAS_BULKREAD);
	reader.rows = palloc(sizeof(Row) * MaxHeapTuplesPerPage);
	if (!TransactionIdIsValid(reader.oldest))
		nblocks = 0;			/* nothing has been written */
	if (last < nblocks)
		read_block(&reader, last, each, arg);
	for (BlockNumber block = nblocks; block-- > 0 && !has_all(&reader);)
		if (block != last && !VM_ALL_VISIBLE(rel, block, &reader.visible))
			read_block(&reader, block, each, arg);
	if (BufferIsValid(reader.visible))
		ReleaseBuffer(reader.visible);
	FreeAccessStrategy(reader.strategy);
	pfree(reader.rows);
}

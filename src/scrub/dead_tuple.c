/*
 * dead_tuple.c
 *		Old values that a heap still keeps in its tuples: dead ones that VACUUM has
 *		not removed, and columns that have been dropped.
 *
 * Not every dead tuple is in the way.  Beside a scrub others go on changing rows,
 * and what they leave behind was never erased.  So only tuples count that were dead
 * before a given transaction.  In a system catalog it is other tuples that count, all
 * that were there before: statistics have old values for as long as they live, until
 * an ANALYZE replaces them.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/visibilitymap.h"
#include "catalog/catalog.h"
#include "catalog/pg_attribute.h"
#include "miscadmin.h"
#include "scrub/dead_tuple.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"

/* Is it alive, as its own bits say, so that nothing has to be looked up? */
static bool
is_settled(HeapTupleHeader tuple)
{
	return (tuple->t_infomask & (HEAP_XMIN_COMMITTED | HEAP_XMAX_INVALID)) ==
		(HEAP_XMIN_COMMITTED | HEAP_XMAX_INVALID);
}

/* Was a dead tuple dead before the transaction, or in a catalog: was it there? */
static bool
is_old(PvextRemnants *remnants, HeapTuple tuple)
{
	HeapTupleHeader header = tuple->t_data;
	TransactionId xid;

	if (IsCatalogRelation(remnants->rel))
	{
		/* Of these it is only the values of columns that are data. */
		if (RelationGetRelid(remnants->rel) == AttributeRelationId &&
			heap_attisnull(tuple, Anum_pg_attribute_attmissingval, NULL))
			return false;
		xid = HeapTupleHeaderGetXmin(header);
	}
	else if (HeapTupleHeaderXminInvalid(header))
		xid = HeapTupleHeaderGetRawXmin(header);
	else
		xid = HeapTupleHeaderGetUpdateXid(header);
	return !TransactionIdIsNormal(xid) || TransactionIdPrecedes(xid, remnants->before);
}

/* Has the tuple a value in a column that has been dropped? */
static bool
has_stale_value(PvextRemnants *remnants, HeapTuple tuple)
{
	ListCell   *lc;

	foreach(lc, remnants->dropped)
		if (!heap_attisnull(tuple, lfirst_int(lc), NULL))
			return true;
	return false;
}

/*
 * Look at a tuple of a page that is locked, if only shared: HeapTupleSatisfiesVacuum()
 * may set hint bits, as any reader does, and changes nothing else.
 */
static void
look_at(PvextRemnants *remnants, HeapTuple tuple, Buffer buffer)
{
	HTSV_Result state = HEAPTUPLE_LIVE;

	if (!is_settled(tuple->t_data))
		state = HeapTupleSatisfiesVacuum(tuple, remnants->oldest, buffer);
	if (state == HEAPTUPLE_DEAD && is_old(remnants, tuple))
	{
		if (remnants->dead++ == 0)
			remnants->dead_block = BufferGetBlockNumber(buffer);
	}
	else if (state == HEAPTUPLE_RECENTLY_DEAD && is_old(remnants, tuple))
		remnants->kept++;
	else if (remnants->dropped != NIL && state != HEAPTUPLE_DEAD &&
			 state != HEAPTUPLE_RECENTLY_DEAD && has_stale_value(remnants, tuple))
		remnants->stale++;
}

/* Begin to look for what was dead before a transaction. */
void
pvext_begin_remnants(PvextRemnants *remnants, Relation rel, TransactionId before)
{
	TupleDesc	desc = RelationGetDescr(rel);

	memset(remnants, 0, sizeof(*remnants));
	remnants->rel = rel;
	remnants->before = before;

	/*
	 * As VACUUM has it, but it may be later than that of the last VACUUM: what is dead
	 * now need not have been so for that one.
	 */
	remnants->oldest = GetOldestNonRemovableTransactionId(rel);
	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->attisdropped)
			remnants->dropped = lappend_int(remnants->dropped, i + 1);
}

/*
 * Look at the tuples of a page of a heap, which is locked, if only shared.  Where all
 * can be seen by all, none is dead.
 */
void
pvext_find_remnants(PvextRemnants *remnants, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	OffsetNumber last = PageIsNew(page) ? 0 : PageGetMaxOffsetNumber(page);

	if (PageIsAllVisible(page) && remnants->dropped == NIL)
		return;
	for (OffsetNumber i = FirstOffsetNumber; i <= last; i++)
	{
		ItemId		item = PageGetItemId(page, i);
		HeapTupleData tuple;

		if (!ItemIdIsNormal(item))
			continue;
		tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);

		/* Nearly all are: no transaction has to be looked up. */
		if (remnants->dropped == NIL && is_settled(tuple.t_data))
			continue;
		tuple.t_len = ItemIdGetLength(item);
		tuple.t_tableOid = RelationGetRelid(remnants->rel);
		ItemPointerSet(&tuple.t_self, BufferGetBlockNumber(buffer), i);
		look_at(remnants, &tuple, buffer);
	}
}

/*
 * Look at those pages of a heap, which is locked, that may have dead tuples: not at
 * those of which VACUUM has said that all can see all that is on them.
 */
void
pvext_find_dead(PvextRemnants *remnants)
{
	BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
	BlockNumber blocks = RelationGetNumberOfBlocks(remnants->rel);
	Buffer		map = InvalidBuffer;

	for (BlockNumber i = 0; i < blocks; i++)
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		if (VM_ALL_VISIBLE(remnants->rel, i, &map))
			continue;
		buffer = ReadBufferExtended(remnants->rel, MAIN_FORKNUM, i, RBM_NORMAL, strategy);
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		pvext_find_remnants(remnants, buffer);
		UnlockReleaseBuffer(buffer);
	}
	if (BufferIsValid(map))
		ReleaseBuffer(map);
	FreeAccessStrategy(strategy);
}

/* Has a table, which is locked, a tuple with a value in a dropped column? */
bool
pvext_has_dropped_values(Relation rel)
{
	BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
	BlockNumber blocks = RelationGetNumberOfBlocks(rel);
	PvextRemnants remnants;

	pvext_begin_remnants(&remnants, rel, FirstNormalTransactionId);
	for (BlockNumber i = 0; remnants.dropped != NIL && remnants.stale == 0 && i < blocks; i++)
	{
		Buffer		buffer = ReadBufferExtended(rel, MAIN_FORKNUM, i, RBM_NORMAL, strategy);

		CHECK_FOR_INTERRUPTS();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		pvext_find_remnants(&remnants, buffer);
		UnlockReleaseBuffer(buffer);
	}
	FreeAccessStrategy(strategy);
	return remnants.stale > 0;
}

/*
 * scrub_pages.c
 *		Zeroing what belongs to nothing, page by page: pv.scrub_pages(), and counting
 *		it: pv.page_residue().
 *
 * Called by the commands of pv.scrub_plan(), one for each relation, after what was erased
 * has been removed by VACUUM, REINDEX and ANALYZE; or by hand.  What of a page belongs to
 * nothing is for page_layout.c to say; this file goes through the pages and changes them
 * so that the change is as lasting as any other.
 *
 * What holds when pv.scrub_pages() has returned:
 *
 *	1. No page that the relation had when it was begun has bytes that belong to nothing
 *	   and were there before; nor has its TOAST table, or an index of either.  Pages of
 *	   an unknown kind are left alone and counted.
 *	2. Its heap has no tuple that was dead before transaction "before", and no value of a
 *	   dropped column: else it raises (dead_tuple.c, obstacle.c names who is in the way).
 *	3. All that is in WAL, and WAL is flushed: neither a crash nor a standby brings the
 *	   bytes back.  The files are clean after the next checkpoint.
 *	4. No row has been moved or changed, and no line pointer, but those that deleted pages of
 *	   GIN still had.
 *
 * Locks.  Those of VACUUM, and shorter: SHARE UPDATE EXCLUSIVE on the table and its TOAST
 * table, ROW EXCLUSIVE on their indexes, each let go when it is done.  Thus nobody
 * truncates or rewrites it meanwhile; others go on reading and writing.  Pages that they
 * add are not looked at: those hold what is new.
 *
 * A page is looked at under a shared lock.  Only one with something to zero is locked
 * exclusively, later, in a batch of MAX_WAITING; it is pinned until then, but others may
 * have changed it, so it is looked at anew.  Since no tuple moves, a cleanup lock is not
 * needed: who has the page pinned, such as a cursor, may go on to use its tuples.  Of a
 * batch only the first page is waited for, others are locked if that is possible at once:
 * pages are not locked in any order that others know of, as in a btree, so to wait for a
 * second one could be a deadlock, which nobody would detect.
 *
 * WAL.  Pages are changed through generic WAL, whose records leave out what stands in the
 * hole, and whose replay zeroes it (generic_redo() in the server): so a standby's pages
 * are scrubbed by records that are nearly empty, and if a page is logged as a whole, its
 * hole is not.  Nothing is over before WAL is flushed: a transaction that changed no row
 * would end without it, and a crash would bring the bytes back.  A relation that is not
 * in WAL is written out at once instead.
 *
 * "force" also rewrites pages that have nothing to zero, as a full image: what a standby
 * has of them does not matter then.
 *
 * What was tried and left: MarkBufferDirtyHint(), whose change need not be logged, would
 * leave the standby its bytes for ever.  heap_page_prune() to remove dead tuples on the
 * way: its signature changed within a major version; VACUUM does it by SQL.  VACUUM FULL
 * takes three times as long and more, under an exclusive lock.  Comparing each page with
 * a copy (GenericXLogFinish() does) costs more than zeroing where only the hole is to be
 * zeroed, which is nearly always: clear_holes().  A record of WAL for each page, and
 * looking for the dead also where all is visible, came first, and were slower.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/generic_xlog.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/spi.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "scrub/obstacle.h"
#include "scrub/page_layout.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/xid8.h"

/* As many pages as a record of generic WAL may be about. */
#define MAX_WAITING MAX_GENERIC_XLOG_PAGES

/* One call. */
typedef struct Scrub
{
	bool		clear;			/* else only count */
	bool		force;			/* also pages that have nothing to zero */
	bool		flush;			/* a relation that is not in WAL was changed */
	TransactionId before;		/* what was dead before this one has to be gone */
	XLogRecPtr	unchanged;		/* count on pages that have not been changed since; 0: on all */
	BufferAccessStrategy strategy;
	Buffer		waiting[MAX_WAITING];	/* pinned: pages of a relation with something to zero */
	int			nwaiting;
	int64		pages;
	int64		scrubbed;
	int64		bytes;
	int64		unknown;		/* pages of a kind that is left alone */
} Scrub;

PG_FUNCTION_INFO_V1(pvext_scrub_pages);
PG_FUNCTION_INFO_V1(pvext_check_vacuumed);
PG_FUNCTION_INFO_V1(pvext_wait_for_others);
PG_FUNCTION_INFO_V1(pvext_page_residue);
PG_FUNCTION_INFO_V1(pvext_unchanged_residue);

/*
 * A page
 */

/*
 * Zero the holes of pages.  Of such a change generic WAL's record is empty, and the
 * pages do not have to be compared with copies to find that out; replaying it zeroes
 * the holes.
 */
static void
clear_holes(const Buffer *buffers, const PvextLayout *layouts, int n)
{
	XLogRecPtr	lsn;

	if (n == 0)
		return;

	/* From the first byte that is changed to the record of it nothing may fail. */
	START_CRIT_SECTION();
	for (int i = 0; i < n; i++)
	{
		pvext_clear_residue(BufferGetPage(buffers[i]), &layouts[i]);
		MarkBufferDirty(buffers[i]);
	}
	XLogBeginInsert();
	for (int i = 0; i < n; i++)
		XLogRegisterBuffer(i, buffers[i], REGBUF_STANDARD);
	lsn = XLogInsert(RM_GENERIC_ID, 0);
	for (int i = 0; i < n; i++)
		PageSetLSN(BufferGetPage(buffers[i]), lsn);
	END_CRIT_SECTION();
}

/*
 * Zero what belongs to nothing on a page that is locked exclusively, by a record of its
 * own: on a copy, which GenericXLogFinish() puts in its place, logging what differs, or
 * all.
 */
static void
clear_page(Relation rel, Buffer buffer, bool full_image)
{
	GenericXLogState *state = GenericXLogStart(rel);
	Page		page = GenericXLogRegisterBuffer(state, buffer,
												 full_image ? GENERIC_XLOG_FULL_IMAGE : 0);
	PvextLayout layout;

	pvext_page_layout(rel, BufferGetBlockNumber(buffer), page, &layout);
	pvext_clear_residue(page, &layout);
	(void) GenericXLogFinish(state);
}

/*
 * Zero what belongs to nothing on a page that is locked exclusively, if it still is such
 * a page.  Returns true where that is its hole alone, which is left to clear_holes().
 */
static bool
clear_but_hole(Scrub *scrub, Relation rel, Buffer buffer, PvextLayout *layout)
{
	Page		page = BufferGetPage(buffer);

	pvext_page_layout(rel, BufferGetBlockNumber(buffer), page, layout);
	if (!layout->known)
		return false;
	scrub->scrubbed++;

	/* Raises where items do not lie where items do, before anything is changed. */
	(void) pvext_residue(rel, BufferGetBlockNumber(buffer), page, layout);
	if (!scrub->force && RelationNeedsWAL(rel) && pvext_only_in_hole(page, layout))
		return true;
	clear_page(rel, buffer, scrub->force);
	return false;
}

/*
 * Zero what belongs to nothing on the pages that wait for it, but those that somebody
 * has locked, unless it is the first: only that one is waited for, since others lock
 * pages in orders of their own.
 */
static void
clear_some(Scrub *scrub, Relation rel)
{
	Buffer		holes[MAX_WAITING];
	PvextLayout layouts[MAX_WAITING];
	int			waiting = scrub->nwaiting;
	int			n = 0;

	scrub->nwaiting = 0;
	for (int i = 0; i < waiting; i++)
	{
		Buffer		buffer = scrub->waiting[i];

		if (n == 0)
			LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		else if (!ConditionalLockBuffer(buffer))
		{
			scrub->waiting[scrub->nwaiting++] = buffer;
			continue;
		}
		if (clear_but_hole(scrub, rel, buffer, &layouts[n]))
			holes[n++] = buffer;
		else
			UnlockReleaseBuffer(buffer);
	}
	clear_holes(holes, layouts, n);
	for (int i = 0; i < n; i++)
		UnlockReleaseBuffer(holes[i]);
}

/*
 * Zero the pages that wait, until none does.  It ends: each round has the first of them.
 */
static void
clear_waiting(Scrub *scrub, Relation rel)
{
	while (scrub->nwaiting > 0)
		clear_some(scrub, rel);
}

/* What belongs to nothing on a page that is locked. */
static int
count_page(Scrub *scrub, Relation rel, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	PvextLayout layout;

	pvext_page_layout(rel, BufferGetBlockNumber(buffer), page, &layout);
	if (!layout.known && !PageIsNew(page))
		scrub->unknown++;
	if (scrub->unchanged != InvalidXLogRecPtr && PageGetLSN(page) > scrub->unchanged)
		return 0;
	return pvext_residue(rel, BufferGetBlockNumber(buffer), page, &layout);
}

/* Look at a page under a shared lock; only one with something to zero gets another, later. */
static void
scrub_page(Scrub *scrub, Relation rel, BlockNumber block, PvextRemnants *remnants)
{
	Buffer		buffer = ReadBufferExtended(rel, MAIN_FORKNUM, block, RBM_NORMAL, scrub->strategy);
	int			bytes;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (remnants)
		pvext_find_remnants(remnants, buffer);
	bytes = count_page(scrub, rel, buffer);
	scrub->pages++;
	scrub->bytes += bytes;
	if (!scrub->clear || (bytes == 0 && !scrub->force))
	{
		UnlockReleaseBuffer(buffer);
		return;
	}

	/* The pin stays: the buffer is still this page's when it is locked again. */
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	scrub->waiting[scrub->nwaiting++] = buffer;
	if (scrub->nwaiting == MAX_WAITING)
		clear_waiting(scrub, rel);
}

/*
 * A relation
 */

/*
 * All pages of a relation that is locked.  One that is not in WAL is written out
 * at once: no checkpoint does.
 */
static void
scrub_relation(Scrub *scrub, Relation rel)
{
	BlockNumber blocks = RelationGetNumberOfBlocks(rel);
	bool		is_heap = rel->rd_rel->relam == HEAP_TABLE_AM_OID;
	int64		scrubbed = scrub->scrubbed;
	PvextRemnants remnants;

	if (is_heap && scrub->clear)
		pvext_begin_remnants(&remnants, rel, scrub->before);
	for (BlockNumber i = 0; i < blocks; i++)
	{
		CHECK_FOR_INTERRUPTS();
		scrub_page(scrub, rel, i, is_heap && scrub->clear ? &remnants : NULL);
	}
	clear_waiting(scrub, rel);

	/* After all pages of it: none is changed by then that this has not seen. */
	if (!RelationNeedsWAL(rel) && scrub->scrubbed > scrubbed)
		FlushRelationBuffers(rel);
	if (is_heap && scrub->clear)
		pvext_raise_remnants(&remnants);
}

/* A table or TOAST table, and its indexes. */
static void
scrub_with_indexes(Scrub *scrub, Relation rel)
{
	LOCKMODE	lock = scrub->clear ? RowExclusiveLock : AccessShareLock;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	scrub_relation(scrub, rel);
	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), lock);

		scrub_relation(scrub, index);
		index_close(index, lock);
	}
}

/*
 * Raise where the current user may not scrub the relation, or nothing can be said of its
 * pages.
 */
static void
check_relation(Relation rel)
{
	char	   *name = pvext_relation_name(RelationGetRelid(rel));
	char		relkind = rel->rd_rel->relkind;

	if (!pvext_owns_relation(RelationGetRelid(rel), GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of %s", name),
				 errhint("Let its owner, or a superuser, scrub it.")));
	if (relkind == RELKIND_PARTITIONED_TABLE || relkind == RELKIND_FOREIGN_TABLE)
		return;
	if (relkind != RELKIND_RELATION && relkind != RELKIND_MATVIEW && relkind != RELKIND_TOASTVALUE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not a table", name),
				 errhint("Name a table, a materialized view or a TOAST table; indexes go with theirs.")));
	if (rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s is not stored as a heap", name),
				 errhint("What the pages of other access methods hold is not known.")));
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is a temporary table", name),
				 errhint("Its rows go when its session ends.")));
}

/*
 * Note which relation was scrubbed, up to which transaction, and since when its
 * pages are clean unless they have been changed.
 */
static void
note_scrubbed(Scrub *scrub, Relation rel, XLogRecPtr begun)
{
	static PvextStatement note = {
		"INSERT INTO pv.scrubbed AS s (relation, filenode, before, lsn, at) VALUES ($1, $2, $3, $4, clock_timestamp())"
		" ON CONFLICT (relation) DO UPDATE SET filenode = EXCLUDED.filenode, before = EXCLUDED.before,"
		" lsn = EXCLUDED.lsn, at = EXCLUDED.at", NULL
	};
	PvextArgs	args = {0};
	FullTransactionId next = ReadNextFullTransactionId();

	pvext_arg_oid(&args, OIDOID, RelationGetRelid(rel));
	pvext_arg(&args, INT8OID, Int64GetDatum((int64) pvext_filenode(rel)), false);
	/* Not later than the next one: of the same epoch, or the one before. */
	pvext_arg(&args, XID8OID, UInt64GetDatum(U64FromFullTransactionId(next) -
											 (uint32) (XidFromFullTransactionId(next) - scrub->before)),
			  false);
	pvext_arg(&args, LSNOID, LSNGetDatum(begun), false);
	(void) pvext_own_kept(&note, &args);
}

/* A table with all that belongs to it; where it is gone by now, nothing. */
static void
scrub_table(Scrub *scrub, Oid relid)
{
	LOCKMODE	lock = scrub->clear ? ShareUpdateExclusiveLock : AccessShareLock;
	Relation	rel = try_relation_open(relid, lock);

	/*
	 * A page whose LSN is still below it later has not been changed since, and was found
	 * clean.
	 */
	XLogRecPtr	begun = GetXLogInsertRecPtr();

	if (rel == NULL)
		return;
	check_relation(rel);
	if (RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
	{
		scrub_with_indexes(scrub, rel);
		if (OidIsValid(rel->rd_rel->reltoastrelid))
		{
			Relation	toast = table_open(rel->rd_rel->reltoastrelid, lock);

			scrub_with_indexes(scrub, toast);
			table_close(toast, lock);
		}
		if (scrub->clear)
			note_scrubbed(scrub, rel, begun);
	}
	relation_close(rel, lock);
}

/*
 * A table, its partitions and children.  Each is locked when its turn comes and let go
 * after it: one that is dropped meanwhile is passed by.
 */
static void
scrub_tree(Scrub *scrub, Oid relid)
{
	ListCell   *lc;

	if (get_rel_relkind(relid) == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a standby cannot be scrubbed"),
				 errhint("Scrub the primary: its WAL scrubs the standby.")));
	/* As few buffers as stay in the processor's cache, but for those that are changed. */
	scrub->strategy = GetAccessStrategy(BAS_BULKREAD);
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		scrub_table(scrub, lfirst_oid(lc));
	FreeAccessStrategy(scrub->strategy);
}

/* The transaction before which all that was dead has to be gone: by default any. */
static TransactionId
before_arg(FunctionCallInfo fcinfo, int arg)
{
	FullTransactionId next = ReadNextFullTransactionId();
	FullTransactionId before = PG_ARGISNULL(arg) ? next : PG_GETARG_FULLTRANSACTIONID(arg);

	if (FullTransactionIdPrecedes(next, before) ||
		U64FromFullTransactionId(next) - U64FromFullTransactionId(before) >= PG_INT32_MAX ||
		!TransactionIdIsNormal(XidFromFullTransactionId(before)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"before\" is not a transaction of late"),
				 errhint("Pass what pv.scrub_plan() has in its commands, or nothing.")));
	return XidFromFullTransactionId(before);
}

/* pv.scrub_pages() */
Datum
pvext_scrub_pages(PG_FUNCTION_ARGS)
{
	Scrub		scrub = {.clear = true};
	PvextScope	scope;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	pvext_require_arg(fcinfo, 0, "relation");
	pvext_require_arg(fcinfo, 1, "force");
	scrub.force = PG_GETARG_BOOL(1);
	scrub.before = before_arg(fcinfo, 2);
	pvext_enter(&scope);
	scrub_tree(&scrub, PG_GETARG_OID(0));
	/* What note_scrubbed() has written comes after all that was changed. */
	if (XactLastRecEnd != InvalidXLogRecPtr)
		XLogFlush(XactLastRecEnd);
	pvext_leave(&scope);

	values[0] = Int64GetDatum(scrub.pages);
	values[1] = Int64GetDatum(scrub.scrubbed);
	values[2] = Int64GetDatum(scrub.bytes);
	values[3] = Int64GetDatum(scrub.unknown);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* No row of a heap may be left that was dead before the transaction. */
static void
check_dead(Relation rel, TransactionId before)
{
	PvextRemnants remnants;

	pvext_begin_remnants(&remnants, rel, before);
	list_free(remnants.dropped);
	remnants.dropped = NIL;
	pvext_find_dead(&remnants);
	pvext_raise_remnants(&remnants);
}

/*
 * pv.check_vacuumed(): what VACUUM could not remove is found before others wait for
 * whoever holds on to it, as REINDEX CONCURRENTLY does.
 */
Datum
pvext_check_vacuumed(PG_FUNCTION_ARGS)
{
	TransactionId before = before_arg(fcinfo, 1);
	Relation	rel = relation_open(PG_GETARG_OID(0), AccessShareLock);
	PvextScope	scope;

	check_relation(rel);
	if (RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
	{
		pvext_enter(&scope);
		check_dead(rel, before);
		if (OidIsValid(rel->rd_rel->reltoastrelid))
		{
			Relation	toast = table_open(rel->rd_rel->reltoastrelid, AccessShareLock);

			check_dead(toast, before);
			table_close(toast, AccessShareLock);
		}
		pvext_leave(&scope);
	}
	relation_close(rel, AccessShareLock);
	PG_RETURN_VOID();
}

/*
 * pv.wait_for_others(): by default until all have ended that are running now, so that
 * VACUUM can remove what the scrub itself has replaced, statistics above all.
 */
Datum
pvext_wait_for_others(PG_FUNCTION_ARGS)
{
	PvextScope	scope;

	pvext_enter(&scope);
	pvext_await_others(before_arg(fcinfo, 0), PG_ARGISNULL(0));
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* pv.page_residue() */
Datum
pvext_page_residue(PG_FUNCTION_ARGS)
{
	Scrub		scrub = {.clear = false};

	/* As the current user, who has to own the table; no statement is run. */
	scrub_tree(&scrub, PG_GETARG_OID(0));
	PG_RETURN_INT64(scrub.bytes);
}

/* pv.unchanged_residue(): on pages that have not been changed since a position. */
Datum
pvext_unchanged_residue(PG_FUNCTION_ARGS)
{
	Scrub		scrub = {.clear = false};

	scrub.unchanged = PG_GETARG_LSN(1);
	scrub_tree(&scrub, PG_GETARG_OID(0));
	PG_RETURN_INT64(scrub.bytes);
}

/*
 * receipt.c
 *		The last steps of a scrub: overwriting WAL (pv.walk_wal()), forgetting statistics
 *		(pv.drop_stale_statistics()), verifying what was done and giving the receipt
 *		for it (pv.finish_scrub()).
 *
 * A receipt is given only for what was verified.  pv.scrubbed says of each relation
 * that no old row was left in it, and when its pages were clean; pages that have been
 * changed since hold what others have done meanwhile, all others must still be clean.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/transam.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/foreign_rows.h"
#include "base/pause.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "scrub/obstacle.h"
#include "utils/pg_lsn.h"
#include "utils/xid8.h"

/* How many seconds pv.walk_wal() waits for those who are following. */
#define PATIENCE 60

PG_FUNCTION_INFO_V1(pvext_walk_wal);
PG_FUNCTION_INFO_V1(pvext_drop_stale_statistics);
PG_FUNCTION_INFO_V1(pvext_finish_scrub);

/*
 * Wait, if not for ever, until those who are following have got past a position, so
 * that the checkpoint that comes next gives up what is before it.
 */
static void
wait_for_slots(XLogRecPtr begun)
{
	PvextArgs	args = {0};

	pvext_arg(&args, LSNOID, LSNGetDatum(begun), false);
	for (int i = 0; i < PATIENCE * 10; i++)
	{
		if (pvext_own("SELECT FROM pg_replication_slots WHERE active AND restart_lsn <= $1", &args) == 0)
			return;
		pvext_pause(100);
	}
}

/* Segments that wait to be archived. */
static int64
to_be_archived(void)
{
	(void) pvext_own("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'", NULL);
	return pvext_int(0, 1);
}

/*
 * Segments are not used again before they have been archived: wait until that is done
 * for those of before, and rather write none than more of them where it is slow.
 */
static void
wait_for_archiver(void)
{
	if (!XLogArchivingActive())
		return;
	for (int i = 0; i < PATIENCE * 10 && to_be_archived() > 0; i++)
	{
		pvext_pause(100);
	}
	if (to_be_archived() > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("WAL that holds old values is kept by WAL archiving"),
				 errdetail("%lld segments wait to be archived.", (long long) to_be_archived()),
				 errhint("Try again when archive_command has caught up; pg_stat_archiver shows how it does.")));
}

/*
 * pv.walk_wal(): go through every segment there is.  Those that are kept for use
 * again hold what was in them before; ending a segment fills it with zeros.  The last
 * one was begun before, so it is one more than there are.
 */
Datum
pvext_walk_wal(PG_FUNCTION_ARGS)
{
	static PvextStatement end = {
		"SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'pvext', 'scrub')", NULL
	};
	PvextScope	scope;
	PvextArgs	args = {0};
	XLogRecPtr	begun = GetXLogInsertRecPtr();
	int64		segments;

	pvext_enter(&scope);
	wait_for_archiver();

	/* Entered first: the transaction and the position are those from before the walk. */
	pvext_arg(&args, LSNOID, LSNGetDatum(begun), false);
	pvext_arg(&args, XID8OID, FullTransactionIdGetDatum(ReadNextFullTransactionId()), false);
	(void) pvext_own("INSERT INTO pv.walked AS w (begun, before) VALUES ($1, $2)"
					 " ON CONFLICT (only_row) DO UPDATE SET begun = EXCLUDED.begun,"
					 " before = EXCLUDED.before, at = EXCLUDED.at", &args);
	(void) pvext_own("SELECT count(*) + 1 FROM pg_ls_waldir()", NULL);
	segments = pvext_int(0, 1);
	for (int64 i = 0; i < segments; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) pvext_own_kept(&end, NULL);
	}
	wait_for_slots(begun + wal_segment_size);
	wait_for_archiver();
	pvext_leave(&scope);
	PG_RETURN_INT64(segments);
}

/*
 * The relations that have statistics about what is scrubbed: those of the scope, their
 * indexes, and what they are partitions or children of, whether that is in the scope or
 * not, such as the audit log's own parent.
 */
#define WITH_STATISTICS \
	"(WITH RECURSIVE r (relation) AS (" \
	"  SELECT relation FROM pv.scrub_scope" \
	"  WHERE kind <> 'system catalog' OR relation = CAST('pg_largeobject' AS regclass)" \
	"  UNION SELECT h.inhparent FROM r JOIN pg_inherits AS h ON h.inhrelid = r.relation)" \
	" SELECT relation FROM r" \
	" UNION SELECT i.indexrelid FROM r JOIN pg_index AS i ON i.indrelid = r.relation)"

/*
 * pv.drop_stale_statistics(): what ANALYZE has not renewed since a transaction, as of
 * a table that is empty by now, or a column that no statistics are to be kept of.
 */
Datum
pvext_drop_stale_statistics(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	int64		dropped;

	pvext_enter(&scope);
	pvext_arg(&args, XID8OID, PG_GETARG_DATUM(0), false);
	dropped = pvext_own("DELETE FROM pg_statistic AS s WHERE age(s.xmin) > age(CAST($1 AS xid))"
						" AND s.starelid IN " WITH_STATISTICS, &args);
	dropped += pvext_own("DELETE FROM pg_statistic_ext_data AS s WHERE age(s.xmin) > age(CAST($1 AS xid))"
						 " AND s.stxoid IN (SELECT x.oid FROM pg_statistic_ext AS x"
						 " WHERE x.stxrelid IN " WITH_STATISTICS ")", &args);
	pvext_record_event("drop_stale_statistics()", NULL);
	pvext_leave(&scope);
	PG_RETURN_INT64(dropped);
}

/*
 * Verifying
 */

/* Every relation has been scrubbed since the transaction. */
static void
check_scrubbed(PvextArgs *args)
{
	if (pvext_own("SELECT CAST(CAST(c.relation AS regclass) AS text) FROM pv.scrub_scope AS c"
				  " LEFT JOIN pv.scrubbed AS s ON s.relation = c.relation"
				  " WHERE c.kind <> 'partitioned table' AND (s.relation IS NULL OR s.before < $1)"
				  " ORDER BY 1 LIMIT 1", args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s has not been scrubbed yet", pvext_value(0, 1)),
				 errhint("Run all commands of pv.scrub_plan(), in their order.")));
}

/*
 * No page that was clean then is not clean now without having been changed.  Of what
 * is not in WAL that cannot be told.
 */
static void
check_residue(void)
{
	if (pvext_own("SELECT CAST(CAST(c.relation AS regclass) AS text), r.residue"
				  " FROM pv.scrub_scope AS c JOIN pv.scrubbed AS s ON s.relation = c.relation"
				  " JOIN pg_class AS l ON l.oid = c.relation AND l.relpersistence = 'p'"
				  " CROSS JOIN LATERAL pv.unchanged_residue(c.relation, s.lsn) AS r(residue)"
				  " WHERE c.kind <> 'partitioned table' AND r.residue > 0"
				  " AND s.filenode = CAST(pg_relation_filenode(c.relation) AS bigint) LIMIT 1", NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s still holds %lld bytes of old values", pvext_value(0, 1),
						(long long) pvext_int(0, 2)),
				 errhint("Run pv.scrub_plan() once more.")));
}

/* WAL has been overwritten since the transaction, and what was before is gone. */
static void
check_wal(PvextArgs *args)
{
	bool		isnull;

	if (pvext_own("SELECT begun FROM pv.walked WHERE before >= $1", args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("WAL has not been scrubbed yet"),
				 errhint("Run all commands of pv.scrub_plan(), in their order.")));
	pvext_check_wal_kept(DatumGetLSN(pvext_datum(0, 1, &isnull)));
}

/*
 * The receipt
 */

/* What a scrub cannot reach, as an expression. */
#define NOT_REACHED \
	"CASE WHEN $2 THEN '{}' ELSE ARRAY['WAL'] END" \
	" || ARRAY['backups and WAL archives', 'blocks of files that were deleted or rewritten'," \
	"  'subscribers of logical replication', 'standbys until they have replayed it'," \
	"  'server logs and what keeps the text of statements', 'notifications and files of open cursors'," \
	"  'copies in other forms, in tables that are not in the map, and in other databases']" \
	" || ARRAY(SELECT format('the default that %s.%I was added with', CAST(c.relation AS regclass), a.attname)" \
	"   FROM pv.scrub_scope AS c JOIN pv.erased_column AS e ON e.relation_id = c.relation_id" \
	"   JOIN pg_attribute AS a ON a.attrelid = c.relation AND a.attname = e.column_name" \
	"   WHERE c.kind = 'table' AND a.atthasmissing ORDER BY 1)"

/* Mark the erasures of before the transaction, and return the receipt's row. */
static HeapTuple
give_receipt(PvextArgs *args)
{
	(void) pvext_own("WITH done AS ("
					 " UPDATE pv.erasure_ledger AS e SET scrubbed_at = now()"
					 " WHERE e.state = 'completed' AND (e.scrubbed_at IS NULL OR e.scrubbed_at < e.executed_at)"
					 " AND age(e.xmin) > age(CAST($1 AS xid)) RETURNING e.id"
					 ") INSERT INTO pv.scrub_receipt AS r (erasures, scope, not_reached, login)"
					 " SELECT ARRAY(SELECT id FROM done ORDER BY id),"
					 " ARRAY(SELECT DISTINCT CASE kind WHEN 'pvext''s own table' THEN 'pvext''s own tables'"
					 "        ELSE format('%s %s', kind, CAST(relation AS regclass)) END FROM pv.scrub_scope"
					 "       WHERE kind <> 'partitioned table' ORDER BY 1)"
					 " || CASE WHEN $2 THEN ARRAY['WAL'] ELSE '{}' END, " NOT_REACHED ", session_user"
					 " RETURNING r.id, r.at, r.erasures, r.scope, r.not_reached, r.login", args);
	return SPI_copytuple(pvext_result_row(0));
}

/* pv.finish_scrub() */
Datum
pvext_finish_scrub(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	TupleDesc	desc;
	HeapTuple	row;
	HeapTupleHeader result;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	pvext_enter(&scope);
	pvext_refuse_elsewhere();
	pvext_arg(&args, XID8OID, PG_GETARG_DATUM(0), false);

	/*
	 * First that there is a row of pv.scrubbed for each; by these rows the next one
	 * looks.
	 */
	check_scrubbed(&args);
	check_residue();
	if (PG_GETARG_BOOL(1))
		check_wal(&args);
	pvext_arg_bool(&args, PG_GETARG_BOOL(1));
	row = give_receipt(&args);
	(void) pvext_own("DELETE FROM pv.scrubbed AS s WHERE NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = s.relation)",
					 NULL);
	pvext_record_event("finish_scrub()", NULL);
	result = SPI_returntuple(row, BlessTupleDesc(desc));
	pvext_leave(&scope);
	PG_RETURN_HEAPTUPLEHEADER(result);
}

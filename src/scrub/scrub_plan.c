/*
 * scrub_plan.c
 *		What to run, and in which order, to scrub what was erased: pv.scrub_plan().
 *
 * One plan is for all erasures since the last scrub.  Each step is a command of its
 * own, since most of them cannot run inside a transaction.  The order matters:
 * materialized views are made anew before statistics are, rows are removed before
 * what indexes keep of them, nothing is zeroed before all that is to be removed has
 * been, and WAL comes last, since everything before writes to it.
 *
 * Whatever was dead before one transaction has to be gone: that is said in the
 * commands themselves, so that rows which others change meanwhile are not in the way.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "access/transam.h"
#include "base/compat.h"
#include "base/foreign_rows.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "scrub/obstacle.h"
#include "scrub/scrub_plan.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

/* Transactions that erased something which has not been scrubbed, the last one first. */
#define ERASED \
	"SELECT xmin FROM (" \
	" SELECT e.xmin FROM pv.erasure_ledger AS e" \
	" WHERE e.executed_at IS NOT NULL AND (e.scrubbed_at IS NULL OR e.scrubbed_at < e.executed_at)" \
	" UNION ALL SELECT l.xmin FROM pv.run_log AS l" \
	" WHERE l.duty = 'purge' AND l.started_at > coalesce((SELECT max(r.at) FROM pv.scrub_receipt AS r), '-infinity')" \
	") AS e WHERE CAST(CAST(xmin AS text) AS bigint) > 2 ORDER BY age(xmin) LIMIT 1"

#define NAME(oid) "CAST(CAST(" oid " AS regclass) AS text)"

/*
 * The steps, as queries for (command, lock, wal_bytes, note): $1 is the transaction,
 * $2 whether WAL is scrubbed, $3 the tables that are to be rewritten.  Truncating a table
 * would need a stronger lock, and would give away blocks that have not been zeroed.
 */
static const char *const steps[] = {
	"SELECT format('SELECT pv.wait_for_others(%L)', $1), CAST(NULL AS text), CAST(NULL AS bigint),"
	" 'standbys tell what they need but now and then'",

	"SELECT 'REFRESH MATERIALIZED VIEW ' || " NAME("relation") ", 'ACCESS EXCLUSIVE',"
	" pg_total_relation_size(relation), 'it may have copies of erased values; nobody can read it meanwhile'"
	" FROM pv.scrub_scope WHERE kind = 'materialized view' ORDER BY level, relation",

	/* Rebuilt, they would stay beside those that they were to replace. */
	"SELECT 'DROP INDEX CONCURRENTLY IF EXISTS ' || " NAME("index") ", 'SHARE UPDATE EXCLUSIVE', CAST(NULL AS bigint),"
	" 'a REINDEX CONCURRENTLY that was cut off left it'"
	" FROM pv.scrub_index WHERE cut_off ORDER BY 1",

	"SELECT DISTINCT CASE WHEN relation = ANY ($3) THEN 'VACUUM FULL ' ELSE 'VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) ' END"
	" || " NAME("relation") ","
	" CASE WHEN relation = ANY ($3) THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE UPDATE EXCLUSIVE' END,"
	" CASE WHEN relation = ANY ($3) THEN pg_total_relation_size(relation) END,"
	" CASE WHEN relation = ANY ($3) THEN 'its rows have values of columns that were dropped or added with a default; nobody can use it meanwhile'"
	" ELSE 'removes dead rows' END"
	" FROM pv.scrub_scope WHERE kind IN ('table', 'pvext''s own table') ORDER BY 1",

	"SELECT DISTINCT format('SELECT pv.check_vacuumed(%L, %L)', " NAME("relation") ", $1), 'ACCESS SHARE', CAST(NULL AS bigint),"
	" 'fails at once where somebody kept VACUUM from removing dead rows'"
	" FROM pv.scrub_scope WHERE kind IN ('table', 'pvext''s own table') ORDER BY 1",

	"SELECT CASE WHEN online THEN 'REINDEX INDEX CONCURRENTLY ' ELSE 'REINDEX INDEX ' END"
	" || " NAME("index") ","
	" CASE WHEN online THEN 'SHARE UPDATE EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END,"
	" pg_relation_size(index),"
	" CASE WHEN online THEN 'it keeps values longer than rows do'"
	" ELSE 'it keeps values longer than rows do; hardly anybody can use ' || " NAME("relation") " || ' meanwhile' END"
	" FROM pv.scrub_index WHERE relation <> ALL ($3) AND NOT cut_off ORDER BY 1",

	"SELECT DISTINCT 'ANALYZE ' || " NAME("s.relation") ", 'SHARE UPDATE EXCLUSIVE', CAST(NULL AS bigint),"
	" 'statistics have values'"
	" FROM pv.scrub_scope AS s JOIN pg_class AS c ON c.oid = s.relation"
	" WHERE s.kind IN ('table', 'partitioned table', 'materialized view') AND NOT c.relispartition ORDER BY 1",

	"SELECT format('SELECT pv.drop_stale_statistics(%L)', $1), 'ROW EXCLUSIVE', CAST(NULL AS bigint),"
	" 'those that ANALYZE has not renewed'",

	"SELECT 'SELECT pv.wait_for_others()', CAST(NULL AS text), CAST(NULL AS bigint),"
	" 'so that the statistics of before can be removed'",

	"SELECT 'VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) ' || " NAME("relation") ", 'SHARE UPDATE EXCLUSIVE', CAST(NULL AS bigint),"
	" 'removes old statistics and the like'"
	" FROM pv.scrub_scope WHERE kind = 'system catalog' ORDER BY 1",

	"SELECT DISTINCT format('SELECT pv.scrub_pages(%L, before => %L)', " NAME("relation") ", $1),"
	" 'SHARE UPDATE EXCLUSIVE', CAST(NULL AS bigint), 'zeroes what belongs to nothing on its pages'"
	" FROM pv.scrub_scope WHERE kind <> 'partitioned table' ORDER BY 1",

	"SELECT 'CHECKPOINT', CAST(NULL AS text), CAST(NULL AS bigint), 'writes the pages to the files'",

	"SELECT s.command, CAST(NULL AS text), s.bytes, s.note FROM"
	" (SELECT setting AS size FROM pg_settings WHERE name = 'wal_segment_size') AS z,"
	" LATERAL (VALUES (1, 'SELECT pg_switch_wal() FROM pg_logical_emit_message(false, ''pvext'', ''scrub'')', CAST(z.size AS bigint), 'WAL segments: ends this one'),"
	"  (2, 'CHECKPOINT', NULL, 'gives up the segments before'),"
	"  (3, 'SELECT pg_switch_wal() FROM pg_logical_emit_message(false, ''pvext'', ''scrub'')', CAST(z.size AS bigint), 'once more: the checkpoint before may still have needed one'),"
	"  (4, 'CHECKPOINT', NULL, 'gives up the segments before'),"
	"  (5, 'SELECT pv.walk_wal()', CAST(z.size AS bigint) * (SELECT count(*) + 1 FROM pg_ls_waldir()), 'overwrites every segment that is kept for use again'),"
	"  (6, 'CHECKPOINT', NULL, 'gives up the segments before')) AS s(n, command, bytes, note)"
	" WHERE $2 ORDER BY s.n",

	"SELECT format('SELECT * FROM pv.finish_scrub(%L, %L)', $1, $2), 'ACCESS SHARE', CAST(NULL AS bigint),"
	" 'verifies all of it, and gives the receipt'",
};

PG_FUNCTION_INFO_V1(pvext_scrub_plan);

/*
 * The transaction before which all that is dead has to go: after the last erasure, and
 * after all of which none is running any more.  Between pvext_enter() and pvext_leave().
 */
FullTransactionId
pvext_scrub_boundary(void)
{
	FullTransactionId next;
	TransactionId before;
	bool		isnull;

	(void) pvext_own("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)", NULL);
	before = (TransactionId) pvext_int(0, 1);
	if (pvext_own(ERASED, NULL) > 0)
	{
		TransactionId last = DatumGetTransactionId(pvext_datum(0, 1, &isnull));

		TransactionIdAdvance(last);
		if (TransactionIdFollows(last, before))
			before = last;
	}
	/* Read last, it is not before the one found, and of the same epoch or the next. */
	next = ReadNextFullTransactionId();
	return FullTransactionIdFromU64(U64FromFullTransactionId(next) -
									(uint32) (XidFromFullTransactionId(next) - before));
}

/* The tables that are to be rewritten, as oid[]. */
static Datum
tables_to_rewrite(void)
{
	uint64		n;
	SPITupleTable *rows;
	Datum	   *rewritten;
	int			found = 0;

	n = pvext_own("SELECT DISTINCT s.relation, EXISTS (SELECT FROM pg_attribute AS a"
				  " JOIN pv.erased_column AS e ON e.column_name = a.attname AND e.relation_id = s.relation_id"
				  " WHERE a.attrelid = s.relation AND a.atthasmissing)"
				  " FROM pv.scrub_scope AS s WHERE s.kind = 'table' AND EXISTS ("
				  "SELECT FROM pg_attribute AS a WHERE a.attrelid = s.relation AND (a.attisdropped OR a.atthasmissing))",
				  NULL);
	rows = SPI_tuptable;
	rewritten = palloc(sizeof(Datum) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		Oid			relid;
		Relation	rel;

		SPI_tuptable = rows;
		relid = (Oid) pvext_int(i, 1);
		rel = table_open(relid, AccessShareLock);
		if (pvext_bool(i, 2) || pvext_has_dropped_values(rel))
			rewritten[found++] = ObjectIdGetDatum(relid);
		table_close(rel, AccessShareLock);
	}
	return PointerGetDatum(construct_array(rewritten, found, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/* Add a row of SPI's last result, of text, text, int8 and text. */
static void
add_step(ReturnSetInfo *result, uint64 row)
{
	Datum		values[4];
	bool		nulls[4];

	for (int i = 0; i < 4; i++)
		values[i] = pvext_datum(row, i + 1, &nulls[i]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* pv.scrub_plan(): changes nothing, and fails at once where a scrub would later. */
Datum
pvext_scrub_plan(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	FullTransactionId before;
	bool		wal = PG_GETARG_BOOL(0);

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	pvext_refuse_elsewhere();
	before = pvext_scrub_boundary();
	pvext_check_obstacles(XidFromFullTransactionId(before), wal);
	pvext_arg(&args, XID8OID, FullTransactionIdGetDatum(before), false);
	pvext_arg_bool(&args, wal);
	pvext_arg(&args, OIDARRAYOID, tables_to_rewrite(), false);
	for (int i = 0; i < lengthof(steps); i++)
	{
		uint64		n = pvext_own(steps[i], &args);

		for (uint64 row = 0; row < n; row++)
			add_step((ReturnSetInfo *) fcinfo->resultinfo, row);
	}
	pvext_leave(&scope);
	return (Datum) 0;
}

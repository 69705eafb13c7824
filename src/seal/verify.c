/*
 * verify.c
 *		pv.verify_audit(): what is wrong with the audit log and its seals.
 *
 * First the chain of seals (seal_chain.c).  Then the shapes of records, of which the
 * seals hold digests.  Then the chunks, which are joined with the leaves of the
 * seals in one query that computes the payloads' digests: it returns what differs,
 * and this file and verify_chunk.c find out in what.
 *
 * All of it reads what one snapshot sees, and no byte of it is trusted.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "audit/log_writer.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "seal/seal_chain.h"
#include "seal/verify_chunk.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

/* A partition that isn't there, though chunks of it were sealed. */
typedef struct Lost
{
	int64		partition;
	int64		chunks;
} Lost;

PG_FUNCTION_INFO_V1(pvext_verify_audit);

/*
 * Shapes
 */

/* A shape that is not what a seal says. */
static void
report_shape(uint64 row, void *arg)
{
	PvextDefect defect = PVEXT_NO_DEFECT;

	defect.problem = pvext_bool(row, 3) ? "changed" : "missing";
	defect.seal = pvext_int(row, 1);
	defect.relation = "pv.audit_shape";
	defect.detail = psprintf("shape " INT64_FORMAT ", which says what the values of records are",
							  pvext_int(row, 2));
	pvext_report(&defect, arg);
}

/* Each is reported by the first seal that tells. */
static void
check_shapes(PvextVerification *v)
{
	pvext_own_each("WITH sealed AS (SELECT min(s.id) AS seal,"
				   "  substr(s.shapes, n, " PVEXT_SHAPE_DIGEST_SIZE ") AS digest"
				   "  FROM pv.audit_seal AS s"
				   "  CROSS JOIN generate_series(1, length(s.shapes), " PVEXT_SHAPE_DIGEST_SIZE ") AS n"
				   "  GROUP BY 2),"
				   " now AS (SELECT string_agg(" PVEXT_SHAPE_DIGEST ", '') AS digest"
				   "  FROM pv.audit_shape GROUP BY id),"
				   " wrong AS (SELECT min(seal) AS seal,"
				   "  ('x' || encode(substr(digest, 1, 4), 'hex'))::bit(32)::integer AS id"
				   "  FROM sealed LEFT JOIN now USING (digest) WHERE now.digest IS NULL GROUP BY 2)"
				   " SELECT seal, id, EXISTS (SELECT FROM pv.audit_shape AS s WHERE s.id = w.id)"
				   " FROM wrong AS w ORDER BY id", NULL, report_shape, v);
}

/*
 * Triggers
 */

/* A trigger of pvext's that is not as pvext has made it. */
static void
report_trigger(uint64 row, void *arg)
{
	PvextDefect defect = PVEXT_NO_DEFECT;

	defect.problem = "unprotected";
	defect.relation = pvext_value(row, 1);
	defect.detail = psprintf("trigger %s is missing, disabled or another one",
							  pvext_value(row, 2));
	pvext_report(&defect, arg);
}

/* The types are those of BEFORE UPDATE OR DELETE OR TRUNCATE, and BEFORE INSERT. */
static void
check_triggers(PvextVerification *v)
{
	pvext_own_each("SELECT r.relation::regclass::text, t.name FROM ("
				   " SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = 'pv.audit_log'::regclass"
				   " UNION ALL SELECT unnest('{pv.audit_log,pv.audit_shape,pv.audit_seal}'::regclass[])"
				   ") AS r(relation) CROSS JOIN (VALUES ('refuse_change', 58), ('refuse_insert', 6))"
				   " AS t(name, type) WHERE NOT EXISTS (SELECT FROM pg_trigger AS g"
				   "  JOIN pg_proc AS p ON p.oid = g.tgfoid JOIN pg_language AS l ON l.oid = p.prolang"
				   "  WHERE g.tgrelid = r.relation AND g.tgname = t.name AND g.tgtype = t.type"
				   "  AND g.tgenabled = 'A' AND g.tgqual IS NULL"
				   "  AND p.prosrc = 'pvext_' || t.name AND l.lanname = 'c') ORDER BY 1, 2",
				   NULL, report_trigger, v);
}

/*
 * Chunks
 */

/* The nth leaf of a seal; false where the seal's row no longer holds it. */
static bool
find_leaf(PvextVerification *v, int64 seal, int n, PvextChunkDigest *leaf)
{
	static PvextStatement find = {
		"SELECT leaves FROM pv.audit_seal WHERE id = $1", NULL, true
	};
	const char *next;
	const char *end;

	if (v->leaves == NULL || v->leaves_of != seal)
	{
		PvextArgs	args = {0};
		bool		isnull;
		MemoryContext caller;

		pvext_arg(&args, INT8OID, Int64GetDatum(seal), false);
		if (pvext_own_kept(&find, &args) == 0)
			return false;

		/*
		 * Chunks of one seal mostly come together: its row is kept until another's is
		 * needed.
		 */
		if (v->leaves)
			pfree(v->leaves);
		caller = MemoryContextSwitchTo(v->context);
		v->leaves = DatumGetByteaPCopy(pvext_datum(0, 1, &isnull));
		v->leaves_of = seal;
		MemoryContextSwitchTo(caller);
		SPI_freetuptable(SPI_tuptable);
	}
	next = VARDATA(v->leaves);
	end = next + VARSIZE(v->leaves) - VARHDRSZ;
	do
		if (!pvext_next_chunk_digest(&next, end, leaf))
			return false;
	while (n-- > 0);
	return true;
}

/* A partition's number, by its name. */
static int64
number_of(Oid partition)
{
	char	   *name = get_rel_name(partition);
	size_t		prefix = strlen("audit_log_");

	return name && strncmp(name, "audit_log_", prefix) == 0 ? strtoll(name + prefix, NULL, 10) : -1;
}

/* Is there the partition of this number, as a part of the log? */
static bool
has_partition(int64 n)
{
	Oid			partition = pvext_own_relation(psprintf("audit_log_" INT64_FORMAT, n));

	return OidIsValid(partition) && pvext_is_partition(partition);
}

/* Has the query left the chunk out, alone or with its partition? */
static bool
is_left_out(PvextVerification *v, int64 id)
{
	ListCell   *lc;

	foreach(lc, v->damaged.chunks)
	{
		PvextUnreadableChunk *chunk = lfirst(lc);

		if (chunk->id == id ||
			(chunk->id < 0 && number_of(chunk->partition) == id >> PVEXT_PARTITION_BITS))
			return true;
	}
	return false;
}

/* A chunk is not there: with its partition, or alone. */
static void
report_missing(PvextVerification *v, int64 seal, int64 chunk)
{
	int64		n = chunk >> PVEXT_PARTITION_BITS;
	ListCell   *lc;
	MemoryContext caller;
	Lost	   *lost;

	if (pvext_is_dropped(v, chunk) || is_left_out(v, chunk))
		return;
	foreach(lc, v->lost)
		if (((Lost *) lfirst(lc))->partition == n)
		{
			((Lost *) lfirst(lc))->chunks++;
			return;
		}
	if (has_partition(n))
	{
		pvext_report_chunk(v, "missing", seal, chunk, NULL);
		return;
	}
	caller = MemoryContextSwitchTo(v->context);
	lost = palloc(sizeof(Lost));
	lost->partition = n;
	lost->chunks = 1;
	v->lost = lappend(v->lost, lost);
	MemoryContextSwitchTo(caller);
}

/* Partitions that are not there, each once, however many chunks were sealed of it. */
static void
report_lost(PvextVerification *v)
{
	ListCell   *lc;

	foreach(lc, v->lost)
	{
		Lost	   *lost = lfirst(lc);
		PvextDefect defect = PVEXT_NO_DEFECT;

		defect.problem = "missing";
		defect.relation = psprintf("pv.audit_log_" INT64_FORMAT, lost->partition);
		defect.detail = psprintf("the partition, with " INT64_FORMAT " chunks that were sealed",
								  lost->chunks);
		pvext_report(&defect, v);
	}
}

/* Can all that is in a chunk be read, which nobody has looked at so far? */
static void
look_into(PvextVerification *v, const PvextChunk *chunk)
{
	const char *why = pvext_why_unread(chunk);

	if (why)
		pvext_note_unread(&v->unread, chunk->partition, chunk->id, why);
}

/* No seal covers the chunk: it is too new, or forged, maybe such that none ever would. */
static void
check_unsealed(PvextVerification *v, const PvextChunk *chunk)
{
	PvextDefect defect = PVEXT_NO_DEFECT;
	bool		early = chunk->incarnation == (int64) GetSystemIdentifier() &&
		chunk->xid >= U64FromFullTransactionId(ReadNextFullTransactionId());

	if (!early && chunk->id >= v->last.settled &&
		!pvext_has_been_sealed(v, chunk->incarnation, chunk->xid))
	{
		look_into(v, chunk);
		return;
	}
	defect.problem = "forged";
	defect.chunk = chunk->id;
	defect.detail = early ? "its transaction is yet to come" :
		"no seal covers it, though its transaction has been sealed";
	pvext_report_records(&defect, chunk, pvext_report, v);
}

/* A seal covers the chunk: compare them. */
static void
check_sealed(PvextVerification *v, PvextChunk *chunk, int64 seal, int64 incarnation,
			 const PvextChunkDigest *leaf)
{
	if (leaf->xid != chunk->xid || incarnation != chunk->incarnation)
		pvext_report_chunk(v, "moved", seal, leaf->id,
					 psprintf("it was sealed as of transaction " UINT64_FORMAT " of cluster "
							  INT64_FORMAT, leaf->xid, incarnation));
	chunk->xid = leaf->xid;
	chunk->incarnation = incarnation;
	if (leaf->items == 0)
		pvext_note_unread(&v->told, chunk->partition, chunk->id, PVEXT_MALFORMED);
	pvext_compare_chunk(v->hashing, chunk, leaf, seal, pvext_report, v);
}

/* A row of the query below. */
static void
check_row(uint64 row, void *arg)
{
	PvextVerification *v = arg;
	int64		id = pvext_int(row, 1);
	int64		seal = pvext_int(row, 2);	/* 0: none covers it */
	int64		incarnation = pvext_int(row, 3);
	int			n = (int) pvext_int(row, 4);
	Oid			partition = (Oid) pvext_int(row, 5);	/* 0: it is not there */
	bool		isnull;
	ItemPointerData place;
	PvextChunk	chunk;
	PvextChunkDigest	leaf;
	MemoryContext caller;
	const char *why;

	CHECK_FOR_INTERRUPTS();
	if (pvext_bool(row, 7))
	{
		pvext_report_chunk(v, "forged", seal > 0 ? seal : -1, id, "there are two of this number");
		return;
	}
	if (!OidIsValid(partition))
	{
		report_missing(v, seal, id);
		return;
	}
	place = *(ItemPointer) DatumGetPointer(pvext_datum(row, 6, &isnull));
	caller = MemoryContextSwitchTo(v->chunk_context);
	why = pvext_fetch_chunk(&v->reader, partition, &place, &chunk);
	if (why)
		pvext_note_unread(&v->unread, partition, id, why);
	else if (seal == 0)
		check_unsealed(v, &chunk);
	else if (find_leaf(v, seal, n, &leaf))
		check_sealed(v, &chunk, seal, incarnation, &leaf);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(v->chunk_context);
}

/*
 * What is damaged
 */

/* SQL: a condition for pv.audit_log by which what cannot be read is left out. */
static char *
left_out_sql(PvextVerification *v)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "WHERE true");
	foreach(lc, v->damaged.chunks)
	{
		PvextUnreadableChunk *chunk = lfirst(lc);
		int64		n = number_of(chunk->partition);

		if (chunk->id >= 0)
			appendStringInfo(&sql, " AND id <> " INT64_FORMAT, chunk->id);
		else
			appendStringInfo(&sql, " AND (id < " INT64_FORMAT " OR id >= " INT64_FORMAT ")",
							 n << PVEXT_PARTITION_BITS, (n + 1) << PVEXT_PARTITION_BITS);
	}
	return sql.data;
}

/*
 * SQL: the chunks that are not, byte for byte, what a seal says, or that no seal
 * covers; and those of which there are two.
 */
static char *
differing_sql(PvextVerification *v)
{
	return psprintf("SELECT id, seal, incarnation, n, tableoid, ctid, again FROM ("
					"SELECT coalesce(l.id, c.id) AS id, l.seal, l.incarnation, l.n, c.tableoid, c.ctid,"
					"  l.raw = c.raw AND l.xid = c.xid AND l.incarnation = c.incarnation AS same,"
					"  lag(coalesce(l.id, c.id)) OVER (ORDER BY coalesce(l.id, c.id)) = coalesce(l.id, c.id) AS again"
					" FROM (SELECT s.id AS seal, s.incarnation, f.* FROM pv.audit_seal AS s"
					"   CROSS JOIN LATERAL pv.audit_leaves(s.leaves) AS f) AS l"
					"  FULL JOIN (SELECT tableoid, ctid, id, xid, incarnation, sha256(payload) AS raw"
					"   FROM pv.audit_log %s) AS c ON c.id = l.id) AS q"
					" WHERE same IS NOT TRUE OR again ORDER BY id", left_out_sql(v));
}

/* A chunk that was once found to be unread: is it still? */
static void
check_again(uint64 row, void *arg)
{
	PvextVerification *v = arg;
	int64		partition = pvext_int(row, 1);
	int64		id = pvext_int(row, 2);
	Oid			relid = (Oid) pvext_int(row, 3);	/* 0: the chunk is no more */
	bool		isnull;
	PvextChunk	chunk;
	const char *why = NULL;

	if (is_left_out(v, id))
		return;
	if (OidIsValid(relid))
		why = pvext_fetch_chunk(&v->reader, relid,
								(ItemPointer) DatumGetPointer(pvext_datum(row, 4, &isnull)), &chunk);
	if (OidIsValid(relid) && why == NULL)
		why = pvext_why_unread(&chunk);
	if (why)
		pvext_note_unread(&v->unread, relid, id, why);
	else if (!XactReadOnly)
		pvext_forget_unread(partition, id);
}

/* Report what cannot be read, and put it on record. */
static void
check_unread(PvextVerification *v)
{
	ListCell   *lc;

	if (!pvext_never_used("audit_unread"))
		pvext_own_each(psprintf("SELECT u.partition, u.chunk, l.tableoid, l.ctid FROM pv.unread AS u"
								" LEFT JOIN (SELECT tableoid, ctid, id FROM pv.audit_log %s) AS l ON l.id = u.chunk"
								" WHERE u.chunk IS NOT NULL ORDER BY 1, 2", left_out_sql(v)),
					   NULL, check_again, v);
	foreach(lc, v->damaged.chunks)
	{
		PvextUnreadableChunk *chunk = lfirst(lc);

		pvext_note_unread(&v->unread, chunk->partition, chunk->id, chunk->why);
	}
	foreach(lc, v->unread.chunks)
	{
		PvextUnreadableChunk *chunk = lfirst(lc);
		PvextDefect defect = PVEXT_NO_DEFECT;

		if (pvext_is_noted(&v->told, chunk->partition, chunk->id))
			continue;
		defect.problem = "unreadable";
		defect.chunk = chunk->id;
		defect.relation = pvext_relation_name(chunk->partition);
		defect.detail = chunk->why;
		pvext_report(&defect, v);
	}
	if (!XactReadOnly)
		pvext_record_unread(&v->unread, false);
}

/*
 * All of it
 */

/* The body of pvext_try(), as an error takes back what has been found so far. */
static void
verify_all(void *arg)
{
	PvextVerification *v = arg;

	v->hashing = pvext_begin_hashing();
	pvext_check_seals(v);
	check_shapes(v);
	check_triggers(v);
	pvext_own_each(differing_sql(v), NULL, check_row, v);
	report_lost(v);
	check_unread(v);
	pvext_end_fetch(&v->reader);
	pvext_end_hashing(v->hashing);
}

/* To read a chunk is all that is wanted of it. */
static void
pass_by(const PvextChunk *chunk, void *arg)
{
}

/* Find what the server cannot read, to begin anew without it. */
static void
find_damaged(PvextVerification *v)
{
	PvextVerification fresh = {v->result};

	fresh.context = fresh.reader.context = fresh.unread.context = v->context;
	fresh.told.context = fresh.damaged.context = v->context;
	fresh.chunk_context = v->chunk_context;
	fresh.has_head = v->has_head;
	fresh.head = v->head;
	*v = fresh;
	tuplestore_clear(v->result->setResult);
	PushActiveSnapshot(GetTransactionSnapshot());
	pvext_each_chunk(GetActiveSnapshot(), pass_by, NULL, &v->damaged);
	PopActiveSnapshot();
}

/*
 * pv.verify_audit(head)
 */
Datum
pvext_verify_audit(PG_FUNCTION_ARGS)
{
	PvextVerification v = {(ReturnSetInfo *) fcinfo->resultinfo};
	PvextScope	scope;
	ErrorData  *error;

	if (!PG_ARGISNULL(0))
		pvext_read_head(&v, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	/* It sorts and joins all there is, once in a while. */
	(void) set_config_option("work_mem", GetConfigOption("maintenance_work_mem", false, false),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	v.context = v.reader.context = v.unread.context = CurrentMemoryContext;
	v.told.context = v.damaged.context = v.context;
	v.chunk_context = AllocSetContextCreate(v.context, "pvext chunk to be verified",
											ALLOCSET_DEFAULT_SIZES);
	error = pvext_try(verify_all, &v);
	if (error)
	{
		find_damaged(&v);
		if (v.damaged.chunks == NIL)
			ReThrowError(error);
		verify_all(&v);
	}
	pvext_leave(&scope);
	return (Datum) 0;
}

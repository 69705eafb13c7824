/*
 * seal_chain.c
 *		Whether the seals of the audit log are a chain, as they were made.
 *
 * Each seal must be the digest of its row and follow the one before it; the last one
 * says where the chain begins and what has been dropped, and a head that was kept elsewhere,
 * what one of them must be.  Called by pv.verify_audit(); no byte of it is trusted.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/log_writer.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "seal/seal_chain.h"
#include "utils/builtins.h"

/* Up to which transaction a cluster's chunks have been sealed. */
typedef struct Bound
{
	int64		incarnation;
	uint64		until;
	uint64		newest;			/* of the transactions whose chunks they are */
} Bound;

/* Raise that what was passed is no head. */
static void
malformed_head(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("the head is malformed"),
			 errhint("Pass what pv.seal_head() returned: a number, a colon and 64 hexadecimal digits.")));
}

/* Read "17:ab12...", as pv.seal_head() gives it; raises 22P02 for anything else. */
void
pvext_read_head(PvextVerification *v, const char *text)
{
	size_t		digits = strspn(text, "0123456789");
	const char *hex = text + digits + 1;

	if (digits == 0 || digits > 18 || text[digits] != ':' ||
		strspn(hex, "0123456789abcdef") != PVEXT_DIGEST_SIZE * 2 ||
		hex[PVEXT_DIGEST_SIZE * 2] != '\0')
		malformed_head();
	v->has_head = true;
	v->head.id = strtoll(text, NULL, 10);
	(void) hex_decode(hex, PVEXT_DIGEST_SIZE * 2, (char *) v->head.seal);
}

/* What has been sealed of a cluster, or NULL. */
static Bound *
find_bound(PvextVerification *v, int64 incarnation)
{
	ListCell   *lc;

	foreach(lc, v->bounds)
		if (((Bound *) lfirst(lc))->incarnation == incarnation)
			return lfirst(lc);
	return NULL;
}

/* Note up to which transaction a seal goes, of its cluster. */
static Bound *
note_bound(PvextVerification *v, const PvextSeal *seal)
{
	MemoryContext caller;
	Bound	   *bound = find_bound(v, seal->incarnation);

	if (bound == NULL)
	{
		caller = MemoryContextSwitchTo(v->context);
		bound = palloc0(sizeof(Bound));
		bound->incarnation = seal->incarnation;
		v->bounds = lappend(v->bounds, bound);
		MemoryContextSwitchTo(caller);
	}
	bound->until = Max(bound->until, seal->until);
	return bound;
}

/*
 * A cluster's chunks are sealed in the order of its transactions; so none can be
 * slipped in among them by a seal that is made for it.
 */
static void
check_order(PvextVerification *v, const PvextSeal *seal, const PvextCovered *covered, Bound *bound)
{
	const char *next = covered->leaves;
	const char *end = next + covered->leaves_size;
	PvextChunkDigest	leaf;

	while (pvext_next_chunk_digest(&next, end, &leaf))
	{
		if (leaf.xid < bound->newest)
			pvext_report_chunk(v, "forged", seal->id, leaf.id,
						 "it has been sealed after chunks of later transactions");
		bound->newest = Max(bound->newest, leaf.xid);
	}
}

/* Does a seal follow the one before it? */
static void
check_link(PvextVerification *v, const PvextSeal *seal)
{
	int64		expected = v->last.id + 1;

	if (seal->id > expected)
		pvext_report_seal(v, "seal missing", expected,
					seal->id == expected + 1 ? NULL :
					psprintf("and those up to " INT64_FORMAT, seal->id - 1));
	else if (seal->id < expected)
		pvext_report_seal(v, "seal broken", seal->id, "there are two of this number");
	else if (memcmp(seal->prior, v->last.seal, PVEXT_DIGEST_SIZE) != 0)
		pvext_report_seal(v, "seal broken", seal->id, "it does not follow the one before it");
}

/* The bytes in a bytea of the last result; none for NULL. */
static const char *
bytes_of(uint64 row, int column, Size *size)
{
	bool		isnull;
	Datum		value = pvext_datum(row, column, &isnull);
	bytea	   *bytes = isnull ? NULL : DatumGetByteaPP(value);

	*size = bytes ? VARSIZE_ANY_EXHDR(bytes) : 0;
	return bytes ? VARDATA_ANY(bytes) : NULL;
}

/* A row of pv.audit_seal, in order. */
static void
check_seal(uint64 row, void *arg)
{
	PvextVerification *v = arg;
	PvextSeal	seal;
	PvextCovered covered;
	uint8		digest[PVEXT_DIGEST_SIZE];

	CHECK_FOR_INTERRUPTS();
	pvext_read_seal(row, &seal);
	covered.leaves = bytes_of(row, PVEXT_SEAL_LEAVES, &covered.leaves_size);
	covered.shapes = bytes_of(row, PVEXT_SEAL_LEAVES + 1, &covered.shapes_size);
	pvext_seal_digest(v->hashing, &seal, &covered, digest);
	if (memcmp(digest, seal.seal, PVEXT_DIGEST_SIZE) != 0)
		pvext_report_seal(v, "seal broken", seal.id, "its row is not what it was");
	if (v->first.id == 0)
	{
		v->first = seal;
		v->first_highest = pvext_highest_in_digests(covered.leaves, covered.leaves_size);
	}
	else
		check_link(v, &seal);
	check_order(v, &seal, &covered, note_bound(v, &seal));
	if (v->has_head && seal.id == v->head.id)
		v->head_found = memcmp(seal.seal, v->head.seal, PVEXT_DIGEST_SIZE) == 0;
	v->last = seal;
}

/* Does the last seal say that the partition of a chunk has been dropped? */
bool
pvext_is_dropped(PvextVerification *v, int64 chunk)
{
	return chunk >> PVEXT_PARTITION_BITS < v->last.dropped;
}

/*
 * The last seal says which one must be the first, and who forged it could say that
 * of any.  But those before the first must have covered partitions that are gone and
 * nothing else, as it says itself; and it would have gone with them.
 */
static void
check_start(PvextVerification *v)
{
	const PvextSeal *first = &v->first;
	const PvextSeal *last = &v->last;

	if (first->id == 0)
		return;
	if (first->id > last->first)
		pvext_report_seal(v, "seal missing", last->first,
					first->id == last->first + 1 ? NULL :
					psprintf("and those up to " INT64_FORMAT, first->id - 1));
	else if (first->id < last->first)
		pvext_report_seal(v, "seal broken", first->id, "it has been removed by pv.expire_audit()");
	else if (memcmp(first->prior, last->first_prior, PVEXT_DIGEST_SIZE) != 0)
		pvext_report_seal(v, "seal broken", first->id, "it does not follow the one before it");
	if (first->id <= last->first && first->reach >= 0 && !pvext_is_dropped(v, first->reach))
		pvext_report_seal(v, "seal missing", first->id - 1,
					"or one before it, which covered chunks of partitions that have not been dropped");
	if (v->first_highest >= 0 && pvext_is_dropped(v, v->first_highest))
		pvext_report_seal(v, "seal broken", first->id,
					"it covers nothing but partitions that have been dropped, and was not removed with them");
}

/* A partition that the last seal calls dropped. */
static void
report_not_dropped(uint64 row, void *arg)
{
	PvextVerification *v = arg;

	pvext_report_seal(v, "seal broken", v->last.id,
				psprintf("it says that %s has been dropped", pvext_value(row, 1)));
}

/* Are partitions there that the last seal says have been dropped? */
static void
check_dropped(PvextVerification *v)
{
	PvextArgs	args = {0};

	pvext_arg(&args, INT8OID, Int64GetDatum(v->last.dropped), false);
	pvext_own_each("SELECT DISTINCT CAST(CAST(tableoid AS regclass) AS text) FROM pv.audit_log"
				   " WHERE id < least($1, 2147483647) << " CppAsString2(PVEXT_PARTITION_BITS)
				   " ORDER BY 1", &args, report_not_dropped, v);
}

/* Was the seal that somebody has kept the head of one of the chain? */
static void
check_head(PvextVerification *v)
{
	if (!v->has_head || v->head_found)
		return;
	pvext_report_seal(v, "head unknown", v->head.id,
				v->head.id > v->last.id ? "the chain ends before it" :
				v->head.id < v->first.id ? "the chain begins after it" :
				"the seal of this number is another one");
}

/* Check the seals, from the first to the last.  Between pvext_enter() and pvext_leave(). */
void
pvext_check_seals(PvextVerification *v)
{
	pvext_own_each("SELECT " PVEXT_SEAL_COLUMNS ", leaves, shapes FROM pv.audit_seal ORDER BY id",
				   NULL, check_seal, v);
	check_start(v);
	check_dropped(v);
	check_head(v);
}

/* Has a cluster's transaction been sealed, as the seals say? */
bool
pvext_has_been_sealed(PvextVerification *v, int64 incarnation, uint64 xid)
{
	Bound	   *bound = find_bound(v, incarnation);

	return bound && xid < bound->until;
}

/*
 * ledger.c
 *		The erasure ledger: requests, and what became of them.
 *
 * A subject has at most one open request.  From completion on, the ledger
 * knows the person by keyed digests only.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/event.h"
#include "base/guc.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "consent/evidence.h"
#include "erase/ledger.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define REQUEST_COLUMNS \
	"SELECT id, relation_id, key, CAST(state AS text), former_digest," \
	" subject_digest, due_at, requested_by, approved_by," \
	" executed_at IS NOT NULL, clear_since, coalesce(verify_after, 0), requested_at," \
	" former_keys, requested_role, traits" \
	" FROM pv.erasure_ledger"

/* As the view pv.erasure has them; $1 is the relation. */
#define ERASURE_COLUMNS \
	" RETURNING id, $1, key, former_digest, subject_digest, state, requested_at, due_at," \
	" completed_at, requested_by, approved_by, executed_by, reason, rows_anonymised," \
	" rows_deleted, retained_until, blocked_by, scrubbed_at"

/* A time of the last result, 0 where it is null. */
static TimestampTz
timestamp_at(uint64 row, int column, bool *isnull)
{
	Datum		value = pvext_datum(row, column, isnull);

	return *isnull ? 0 : DatumGetTimestampTz(value);
}

/* The elements of a bytea[]. */
static List *
digests_of(ArrayType *array)
{
	Datum	   *elements;
	int			n;
	List	   *digests = NIL;

	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		digests = lappend(digests, DatumGetByteaPCopy(elements[i]));
	return digests;
}

/* Fill in a request from a row of REQUEST_COLUMNS. */
static void
read_request(uint64 row, PvextRequest *request)
{
	bool		isnull;
	Datum		keys;
	Datum		traits;

	memset(request, 0, sizeof(*request));
	request->until = DT_NOBEGIN;
	request->exists = true;
	memcpy(&request->id, DatumGetUUIDP(pvext_datum(row, 1, &isnull)), sizeof(pg_uuid_t));
	request->relation_id = (int32) pvext_int(row, 2);
	request->key = pvext_value(row, 3);
	request->state = pvext_value(row, 4);
	request->former_digest = DatumGetByteaPCopy(pvext_datum(row, 5, &isnull));
	request->subject_digest = DatumGetByteaPCopy(pvext_datum(row, 6, &isnull));
	request->due_at = timestamp_at(row, 7, &isnull);
	request->requested_by = pvext_value(row, 8);
	request->approved_by = pvext_value(row, 9);
	request->executed = pvext_bool(row, 10);
	request->clear_since = timestamp_at(row, 11, &isnull);
	request->was_clear = !isnull;
	request->verify_after = pvext_int(row, 12);
	request->requested_at = timestamp_at(row, 13, &isnull);
	keys = pvext_datum(row, 14, &isnull);
	request->former_keys = isnull ? NULL : DatumGetByteaPCopy(keys);
	request->requested_role = pvext_value(row, 15);
	traits = pvext_datum(row, 16, &isnull);
	request->has_traits = !isnull;
	request->traits = isnull ? NIL : digests_of(DatumGetArrayTypeP(traits));
}

/* Has any of the subjects a row in the ledger? */
bool
pvext_any_request(PvextTable *subject, List *digests)
{
	static PvextStatement select = {
		"SELECT EXISTS (SELECT FROM pv.erasure_ledger"
		" WHERE relation_id = $1 AND subject_digest = ANY ($2))", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	pvext_arg_digests(&args, digests);
	(void) pvext_own_kept(&select, &args);
	return pvext_bool(0, 1);
}

/*
 * The subject's open request or, where there is none, its last one.  Results
 * are in the current context; request->exists is false where there is none.
 */
void
pvext_find_request(PvextTable *subject, const bytea *digest, PvextRequest *request)
{
	static PvextStatement find = {
		REQUEST_COLUMNS " WHERE subject_digest = $2 AND relation_id = $1", NULL
	};
	PvextArgs	args = {0};
	uint64		n;

	pvext_arg_int4(&args, subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	n = pvext_own_kept(&find, &args);
	memset(request, 0, sizeof(*request));
	request->until = DT_NOBEGIN;
	for (uint64 i = 0; i < n; i++)
	{
		PvextRequest candidate;

		read_request(i, &candidate);
		if (pvext_is_open(&candidate) ||
			(!pvext_is_open(request) && candidate.requested_at >= request->requested_at))
			*request = candidate;
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * A request by its id, with lock FOR UPDATE, in the current context.  Raises where there
 * is none.  Whoever is to lock the subject's own row, too, locks that first.
 */
void
pvext_read_request(const pg_uuid_t *id, bool lock, PvextRequest *request)
{
	PvextArgs	args = {0};

	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	if (pvext_own(lock ? REQUEST_COLUMNS " WHERE id = $1 FOR UPDATE"
				  : REQUEST_COLUMNS " WHERE id = $1", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no such erasure"),
				 errhint("pv.erasure lists them.")));
	read_request(0, request);
}

/* Does the request wait for something still? */
bool
pvext_is_open(const PvextRequest *request)
{
	return request->exists && strcmp(request->state, "completed") != 0 &&
		strcmp(request->state, "cancelled") != 0;
}

/*
 * Begin a request of a subject, in place of the last one, if any.  Key and reason are
 * the caller's to fill in.
 */
void
pvext_new_request(PvextRequest *request, bytea *digest)
{
	bool		executed = request->executed;

	memset(request, 0, sizeof(*request));
	request->executed = executed;
	request->state = "requested";
	request->former_digest = request->subject_digest = digest;
	request->until = DT_NOBEGIN;
	request->due_at = GetCurrentTransactionStartTimestamp() +
		(int64) pvext_erasure_delay * USECS_PER_SEC;
}

/* The values of both statements below, from $1 on. */
static void
request_args(PvextTable *subject, PvextRequest *request, PvextArgs *args)
{
	bool		completed = strcmp(request->state, "completed") == 0;

	pvext_arg_oid(args, REGCLASSOID, subject->relid);
	pvext_arg_text(args, completed ? NULL : request->key);
	pvext_arg(args, BYTEAOID, PointerGetDatum(request->former_digest), false);
	pvext_arg(args, BYTEAOID, PointerGetDatum(request->subject_digest), false);
	pvext_arg_text(args, request->state);
	pvext_arg(args, TIMESTAMPTZOID, TimestampTzGetDatum(request->due_at), false);
	pvext_arg_name(args, pvext_doer_name());
	pvext_arg_text(args, request->reason);
	pvext_arg(args, INT8OID, Int64GetDatum(request->anonymised), false);
	pvext_arg(args, INT8OID, Int64GetDatum(request->deleted), false);
	pvext_arg(args, TIMESTAMPTZOID, TimestampTzGetDatum(request->until),
			  request->until == DT_NOBEGIN);
	pvext_arg(args, TEXTARRAYOID, pvext_text_array(request->blocked_by), false);
	pvext_arg(args, TIMESTAMPTZOID, TimestampTzGetDatum(request->clear_since),
			  !request->was_clear);
	pvext_arg(args, INT8OID, Int64GetDatum(request->verify_after),
			  request->verify_after == 0);
	pvext_arg_bool(args, request->carried_out);
	pvext_arg(args, BYTEAOID, PointerGetDatum(request->former_keys),
			  completed || request->former_keys == NULL);
	pvext_arg_digests(args, request->traits);
	args->nulls[args->n - 1] = completed || !request->has_traits ? 'n' : ' ';
}

/*
 * Enter a request, or what became of it since.  Returns its row as the view
 * pv.erasure has it, living as long as the call; its id is set.  The register is the
 * caller's to tell (register.h).
 */
HeapTuple
pvext_save_request(PvextTable *subject, PvextRequest *request)
{
	static PvextStatement insert = {
		"INSERT INTO pv.erasure_ledger AS e (key, former_digest, subject_digest, state, due_at,"
		" completed_at, requested_by, executed_by, executed_at, reason, rows_anonymised,"
		" rows_deleted, retained_until, blocked_by, clear_since, verify_after, former_keys, traits,"
		" relation_id, requested_role)"
		" VALUES ($2, $3, $4, CAST($5 AS pv.erasure_state), $6,"
		" CASE WHEN $5 = 'completed' THEN now() END, $7,"
		" CASE WHEN $5 IN ('partial', 'verifying', 'completed') THEN $7 END,"
		" CASE WHEN $15 THEN now() END, $8, $9, $10, $11, $12, $13, $14, $16, $17, $18, $19)"
		ERASURE_COLUMNS, NULL
	};
	static PvextStatement update = {
		"UPDATE pv.erasure_ledger AS e SET key = $2, former_digest = $3, subject_digest = $4,"
		" state = CAST($5 AS pv.erasure_state), due_at = $6,"
		" completed_at = CASE WHEN $5 = 'completed' THEN now() END,"
		" executed_by = CASE WHEN $5 IN ('partial', 'verifying', 'completed') THEN $7 ELSE executed_by END,"
		" executed_at = CASE WHEN $15 THEN now() ELSE executed_at END,"
		" reason = coalesce(reason, $8), rows_anonymised = rows_anonymised + $9,"
		" rows_deleted = rows_deleted + $10, retained_until = $11, blocked_by = $12,"
		" clear_since = $13, verify_after = $14, former_keys = $16, traits = $17 WHERE id = $18"
		ERASURE_COLUMNS, NULL
	};
	PvextArgs	args = {0};
	HeapTuple	row;
	bool		isnull;

	request_args(subject, request, &args);
	if (request->exists)
	{
		pvext_arg(&args, UUIDOID, UUIDPGetDatum(&request->id), false);
		(void) pvext_own_kept(&update, &args);
	}
	else
	{
		pvext_arg_int4(&args, subject->id);
		pvext_arg_name(&args, GetUserNameFromId(GetUserId(), false));
		(void) pvext_own_kept(&insert, &args);
	}
	request->id = *DatumGetUUIDP(pvext_datum(0, 1, &isnull));
	row = SPI_copytuple(pvext_result_row(0));
	SPI_freetuptable(SPI_tuptable);
	return row;
}

/* A row of pv.erasure by its id, living as long as the SPI connection. */
HeapTuple
pvext_request_row(const pg_uuid_t *id)
{
	PvextArgs	args = {0};

	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	if (pvext_own("SELECT * FROM pv.erasure WHERE id = $1", &args) == 0)
		elog(ERROR, "erasure vanished from the ledger");
	return pvext_result_row(0);
}

/*
 * The last row of pv.erasure for a key that a subject had once, or NULL.  It lives as
 * long as the SPI connection.
 */
HeapTuple
pvext_former_row(PvextTable *subject, const bytea *digest)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, REGCLASSOID, subject->relid);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	if (pvext_own("SELECT * FROM pv.erasure WHERE subject = $1 AND"
				  " (subject_digest = $2"
				  "  OR former_digest = $2 AND former_digest <> subject_digest)"
				  " ORDER BY requested_at DESC LIMIT 1", &args) == 0)
		return NULL;
	return pvext_result_row(0);
}

/*
 * The key that a subject has now, of whom an open request was made under
 * another; NULL where there is none.
 */
char *
pvext_key_of_request(PvextTable *subject, const bytea *former_digest)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(former_digest), false);
	if (pvext_own("SELECT key FROM pv.erasure_ledger WHERE relation_id = $1"
				  " AND former_digest = $2 AND former_digest <> subject_digest"
				  " AND key IS NOT NULL ORDER BY requested_at DESC LIMIT 1", &args) == 0)
		return NULL;
	return pvext_value(0, 1);
}

/*
 * Complete the open request of a subject whose row, of the key that it has now,
 * has been deleted, where no row of another table can be left of it.
 */
void
pvext_conclude_deleted(PvextTable *subject, const bytea *digest)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own("UPDATE pv.erasure_ledger SET state = 'completed', completed_at = now(),"
					 " key = NULL, former_keys = NULL, traits = NULL, executed_by = $3, retained_until = NULL, blocked_by = '{}'"
					 " WHERE relation_id = $1 AND subject_digest = $2"
					 " AND state NOT IN ('completed', 'cancelled')", &args);
}

/* Let the open request of a subject follow it to its new key. */
void
pvext_rekey_request(PvextTable *subject, const bytea *digest, const char *key,
					const bytea *new_digest)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_text(&args, key);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(new_digest), false);
	(void) pvext_own("UPDATE pv.erasure_ledger SET key = $3, subject_digest = $4"
					 " WHERE relation_id = $1 AND subject_digest = $2"
					 " AND state NOT IN ('completed', 'cancelled')", &args);
	pvext_move_evidence_key(digest, new_digest);
}

/* How many subjects lost data within the last 24 hours, as far as this transaction sees. */
int64
pvext_erased_lately(void)
{
	static PvextStatement count = {
		"SELECT count(DISTINCT subject_digest) FROM pv.erasure_ledger"
		" WHERE executed_at > now() - interval '24 hours'", NULL
	};

	(void) pvext_own_kept(&count, NULL);
	return pvext_int(0, 1);
}

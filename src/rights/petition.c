/*
 * petition.c
 *		The register of what persons have asked for: its rows.
 *
 * A request (a word that is the erasures' in this tree) is a row of pv.request_ledger from
 * the day it comes in.  Whose it is may not be known, or be claimed by somebody who is not
 * that person: only once identity is confirmed (state open) it counts as the subject's, and
 * then there is one of a kind at most.  Of an erasure that has begun the ledger of erasures
 * says how far it is, and petition_entry.c follows it.
 *
 * What somebody claims to be, and the proof of it, is encrypted under a key of the
 * request's own (consent/evidence.c), and gone with that.
 *
 * Locks: the subject's row comes before the request's, as in an erasure.  All is called
 * between pvext_enter() and pvext_leave().
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/event.h"
#include "base/own_change.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/evidence.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "rights/petition.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* The ledger of evidence that the keys are of. */
#define LEDGER "request"

#define PETITION_COLUMNS \
	"SELECT l.id, CAST(l.kind AS text), l.relation_id, l.key, l.subject_digest, CAST(l.state AS text)," \
	" l.received_at, (SELECT q.due_at FROM pv.request AS q WHERE q.id = l.id), l.extended_by," \
	" (SELECT CAST(e.state AS text) FROM pv.erasure_ledger AS e WHERE e.id = l.erasure)," \
	" l.claimed, l.identity_evidence, l.erasure FROM pv.request_ledger AS l WHERE l.id = $1"

/* Does it wait for something still? */
bool
pvext_is_open_petition(const PvextPetition *petition)
{
	return strcmp(petition->state, "answered") != 0 && strcmp(petition->state, "refused") != 0 &&
		strcmp(petition->state, "cancelled") != 0;
}

/* And is it known who asks? */
bool
pvext_is_known_petition(const PvextPetition *petition)
{
	return strcmp(petition->state, "open") == 0 || strcmp(petition->state, "review") == 0;
}

/* A bytea of the last result, or NULL. */
static bytea *
bytes_at(int column)
{
	bool		isnull;
	Datum		value = pvext_datum(0, column, &isnull);

	return isnull ? NULL : DatumGetByteaPCopy(value);
}

/* The same of an interval. */
static Interval *
interval_at(int column)
{
	bool		isnull;
	Datum		value = pvext_datum(0, column, &isnull);
	Interval   *result;

	if (isnull)
		return NULL;
	result = palloc(sizeof(Interval));
	*result = *DatumGetIntervalP(value);
	return result;
}

/* Fill in a row of PETITION_COLUMNS. */
static void
fill(PvextPetition *petition)
{
	bool		isnull;

	petition->id = *DatumGetUUIDP(pvext_datum(0, 1, &isnull));
	petition->kind = pvext_value(0, 2);
	petition->relation_id = (int32) pvext_int(0, 3);
	petition->key = pvext_value(0, 4);
	petition->digest = bytes_at(5);
	petition->state = pvext_value(0, 6);
	petition->received_at = DatumGetTimestampTz(pvext_datum(0, 7, &isnull));
	petition->due_at = DatumGetTimestampTz(pvext_datum(0, 8, &isnull));
	petition->extended_by = interval_at(9);
	petition->erasure_state = pvext_value(0, 10);
	petition->claimed = bytes_at(11);
	petition->evidence = bytes_at(12);
	if (petition->erasure_state)
		petition->erasure = *DatumGetUUIDP(pvext_datum(0, 13, &isnull));
}

/*
 * A request by its id: with lock, FOR UPDATE and as it is from then on; else as the active
 * snapshot sees it.  Raises where there is none.
 */
void
pvext_read_petition(const pg_uuid_t *id, bool lock, PvextPetition *petition)
{
	static PvextStatement look = {PETITION_COLUMNS, NULL, true};
	static PvextStatement take = {"SELECT FROM pv.request_ledger WHERE id = $1 FOR UPDATE", NULL};
	static PvextStatement look_again = {PETITION_COLUMNS, NULL};
	PvextArgs	args = {0};

	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	if ((lock && pvext_own_kept(&take, &args) == 0) ||
		pvext_own_kept(lock ? &look_again : &look, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no such request"),
				 errhint("pv.request lists them.")));
	fill(petition);
	SPI_freetuptable(SPI_tuptable);
}

/* The same with the lock, raising where the request is closed. */
void
pvext_lock_open_petition(const pg_uuid_t *id, PvextPetition *petition)
{
	pvext_read_petition(id, true, petition);
	if (!pvext_is_open_petition(petition))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the request is closed"),
				 errdetail("Its state is \"%s\".", petition->state),
				 errhint("Enter what the person asks for now with pv.receive_request().")));
}

/* A row of pv.request by its id, living as long as the SPI connection. */
HeapTuple
pvext_petition_row(const pg_uuid_t *id)
{
	PvextArgs	args = {0};

	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	if (pvext_own("SELECT * FROM pv.request WHERE id = $1", &args) == 0)
		elog(ERROR, "request vanished from the register");
	return pvext_result_row(0);
}

/* End a call, returning one row of pv.request, copied out of SPI's memory before that goes. */
Datum
pvext_return_petition(FunctionCallInfo fcinfo, PvextScope *scope, const pg_uuid_t *id)
{
	HeapTuple	row = pvext_petition_row(id);
	TupleDesc	desc;
	HeapTupleHeader result;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	result = SPI_returntuple(row, BlessTupleDesc(desc));
	pvext_leave(scope);
	return HeapTupleHeaderGetDatum(result);
}

/* Record a call about a request: which kind, and of which table's subject. */
void
pvext_record_petition_event(const char *call, const PvextPetition *petition)
{
	static PvextStatement find = {
		"SELECT format('%I.%I', schema, name) FROM pv.relation WHERE id = $1", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, petition->relation_id);
	(void) pvext_own_kept(&find, &args);
	pvext_record_event(psprintf("%s(%s, %s)", call, petition->kind, pvext_value(0, 1)),
					   petition->digest);
}

/*
 * What is encrypted
 */

/* What stands for the subject's digest in the keys of evidence: the request's own. */
static bytea *
digest_of_id(const pg_uuid_t *id)
{
	return pvext_hmac(LEDGER, DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id))));
}

/* Encrypt under the request's own key, made now if there is none. */
bytea *
pvext_encrypt_for_petition(const pg_uuid_t *id, Jsonb *value)
{
	return pvext_encrypt_evidence(LEDGER, digest_of_id(id), value);
}

/* What was encrypted so; NULL for nothing, or where the key has been destroyed. */
Jsonb *
pvext_decrypt_of_petition(const pg_uuid_t *id, const bytea *value)
{
	return value ? pvext_decrypt_evidence(LEDGER, digest_of_id(id), value) : NULL;
}

/* Destroy the keys of requests (pg_uuid_t), and with them what they encrypt. */
void
pvext_destroy_petition_keys(List *ids)
{
	List	   *digests = NIL;
	ListCell   *lc;

	foreach(lc, ids)
		digests = lappend(digests, digest_of_id(lfirst(lc)));
	if (digests != NIL)
		pvext_destroy_evidence_keys(LEDGER, digests);
}

/* An answer is being made to a request of which it is known who asks. */
void
pvext_review_petition(const pg_uuid_t *id)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger SET state = 'review', handled_by = $2 WHERE id = $1 AND state = 'open'", NULL
	};
	PvextArgs	args = {0};

	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own_change(&update, &args);
}

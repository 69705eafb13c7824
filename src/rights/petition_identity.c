/*
 * petition_identity.c
 *		Who asks: pv.ask_identity(), pv.confirm_identity(), and what was shown for it.
 *
 * While identity is asked for, the clock stands still: the view adds what has passed of it
 * so far, and once it is confirmed the row has that for good.  It is asked for once: who
 * could do so again and again need never answer.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/own_change.h"
#include "base/relation.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "map/key.h"
#include "miscadmin.h"
#include "rights/petition.h"
#include "rights/petition_intake.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(pvext_ask_identity);
PG_FUNCTION_INFO_V1(pvext_confirm_identity);
PG_FUNCTION_INFO_V1(pvext_request_claimed);
PG_FUNCTION_INFO_V1(pvext_identity_evidence);

/* SQL: the open request of a subject of the table $1, of digest $2 and kind $3, of which it is known who asks. */
#define FIND_KNOWN \
	"SELECT id FROM pv.request_ledger WHERE relation_id = $1 AND subject_digest = $2 AND key IS NOT NULL" \
	" AND kind = CAST($3 AS pv.request_kind) AND state IN " PVEXT_KNOWN_PETITION

/* Raise where it is known already who asks. */
static void
check_unknown(const PvextPetition *petition)
{
	if (pvext_is_known_petition(petition))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("it is known already who asks"),
				 errhint("Answer the request with pv.answer_request().")));
}

/* pv.ask_identity(request, reason): the person was asked who it is. */
Datum
pvext_ask_identity(PG_FUNCTION_ARGS)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger SET state = 'identity', identity_asked_at = now(), identity_reason = $2,"
		" handled_by = $3 WHERE id = $1", NULL
	};
	PvextScope	scope;
	PvextPetition petition;
	PvextArgs	args = {0};
	char	   *reason;

	PreventCommandIfReadOnly("pv.ask_identity()");
	pvext_require_arg(fcinfo, 0, "request");
	reason = pvext_required_text(fcinfo, 1, "reason");
	pvext_enter(&scope);
	pvext_lock_open_petition(PG_GETARG_UUID_P(0), &petition);
	check_unknown(&petition);
	if (strcmp(petition.state, "received") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("identity has been asked for already"),
				 errhint("Record the answer with pv.confirm_identity(); refuse the request where there is none.")));
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	pvext_arg_text(&args, reason);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own_change(&update, &args);
	pvext_record_petition_event("ask_identity", &petition);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * The subject whose request it is, by the key that was passed or the one that it came with;
 * its row is locked, and then the request.  Where the subject has been erased meanwhile, its
 * digest is left.
 */
static void
find_and_lock(const pg_uuid_t *id, const char *key, PvextPetition *petition, PvextPetitioner *who)
{
	Oid			relid;

	pvext_read_petition(id, false, petition);
	relid = pvext_relation_by_id(petition->relation_id);
	pvext_find_petitioner(relid, key ? key : petition->key, who);
	pvext_lock_open_petition(id, petition);
	check_unknown(petition);
	if (who->digest == NULL)
		who->digest = petition->digest;
	if (who->digest == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("it is not known whose request it is"),
				 errhint("Pass the subject's key; where there is no such subject, answer or refuse the request as it is.")));
}

/* Raise where there is one by now that the transaction's snapshot doesn't see. */
static void
check_none_unseen(PvextArgs *args)
{
	static PvextStatement look = {FIND_KNOWN, NULL, true};
	uint64		n;

	if (!IsolationUsesXactSnapshot())
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	n = pvext_own_kept(&look, args);
	PopActiveSnapshot();
	if (n > 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errhint("Run the transaction again.")));
}

/*
 * The subject's open request of the kind, of which it was known before who asks; NULL for
 * none.  The subject's row is locked, so that none comes after that.
 */
static pg_uuid_t *
find_known(const PvextPetition *petition, const PvextPetitioner *who)
{
	static PvextStatement find = {FIND_KNOWN " FOR UPDATE", NULL};
	PvextArgs	args = {0};
	pg_uuid_t  *id;
	bool		isnull;

	pvext_arg_int4(&args, petition->relation_id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(who->digest), false);
	pvext_arg_text(&args, petition->kind);
	if (pvext_own_kept(&find, &args) == 0)
	{
		check_none_unseen(&args);
		return NULL;
	}
	id = palloc(sizeof(pg_uuid_t));
	*id = *DatumGetUUIDP(pvext_datum(0, 1, &isnull));
	return id;
}

/* Encrypt for one request what another has, unless that has it of its own. */
static void
arg_encrypted(PvextArgs *args, const pg_uuid_t *id, Jsonb *value, bool has_own)
{
	bytea	   *encrypted = value && !has_own ? pvext_encrypt_for_petition(id, value) : NULL;

	pvext_arg(args, BYTEAOID, PointerGetDatum(encrypted), encrypted == NULL);
}

/*
 * What a request says goes into the subject's open one, as far as that doesn't know it: it
 * came in when the earlier of the two did, and is due when that is.
 */
static void
enrich(const pg_uuid_t *into, const PvextPetition *petition, const char *method, Jsonb *evidence)
{
	static PvextStatement keep = {
		"UPDATE pv.request_ledger AS k SET received_at = least(k.received_at, $2), due_at = least(k.due_at, $3),"
		" extended_to = k.extended_to - make_interval(secs => extract(epoch FROM k.due_at - least(k.due_at, $3))),"
		" claimed = coalesce(k.claimed, $4), identity_confirmed_at = coalesce(k.identity_confirmed_at, now()),"
		" identity_method = coalesce(k.identity_method, $5), identity_evidence = coalesce(k.identity_evidence, $6)"
		" WHERE id = $1", NULL
	};
	PvextPetition other;
	PvextArgs	args = {0};

	pvext_read_petition(into, true, &other);
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(into), false);
	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(petition->received_at), false);
	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(petition->due_at), false);
	arg_encrypted(&args, into, pvext_decrypt_of_petition(&petition->id, petition->claimed), other.claimed != NULL);
	pvext_arg_text(&args, method);
	arg_encrypted(&args, into, evidence, other.evidence != NULL);
	(void) pvext_own_change(&keep, &args);
}

/*
 * A request turns out to be the subject's open one: that takes what this one says, and what is
 * withheld, and this one is closed.
 */
static void
merge(const PvextPetition *petition, const pg_uuid_t *into, const char *method, Jsonb *evidence)
{
	static PvextStatement withhold = {"UPDATE pv.request_withheld SET request = $2 WHERE request = $1", NULL};
	static PvextStatement close = {
		"UPDATE pv.request_ledger SET state = 'cancelled', received_as = NULL, claimed = NULL, identity_evidence = NULL,"
		" handled_by = $3, reference = 'the same as request ' || CAST($2 AS text) WHERE id = $1", NULL
	};
	PvextArgs	args = {0};

	enrich(into, petition, method, evidence);
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&petition->id), false);
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(into), false);
	(void) pvext_own_change(&withhold, &args);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own_change(&close, &args);
	pvext_destroy_petition_keys(list_make1(unconstify(pg_uuid_t *, &petition->id)));
	ereport(NOTICE,
			(errmsg("the subject has an open request of this kind already"),
			 errdetail("It is returned; the one that was confirmed is cancelled.")));
}

/*
 * It is known who asks; the time that this took is added to both ends, as so many seconds.
 * Where that is another than it came in for, what comes in for that one is not the same.
 */
static void
open_petition(const PvextPetition *petition, const PvextPetitioner *who, const char *method, Jsonb *evidence)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger AS l SET state = 'open', key = $2, subject_digest = $3,"
		" identity_confirmed_at = now(), identity_method = $4, identity_evidence = $5, handled_by = $6,"
		" received_as = CASE WHEN l.subject_digest = $3 THEN l.received_as END,"
		" due_at = l.due_at + s.stood, extended_to = l.extended_to + s.stood"
		" FROM (SELECT make_interval(secs => coalesce(extract(epoch FROM now() - o.identity_asked_at), 0)) AS stood"
		"  FROM pv.request_ledger AS o WHERE o.id = $1) AS s WHERE l.id = $1", NULL
	};
	PvextArgs	args = {0};
	bytea	   *encrypted = pvext_encrypt_for_petition(&petition->id, evidence);

	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&petition->id), false);
	pvext_arg_text(&args, who->key);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(who->digest), false);
	pvext_arg_text(&args, method);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(encrypted), encrypted == NULL);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own_change(&update, &args);
}

/* pv.confirm_identity(request, method, key, evidence): it is known who asks. */
Datum
pvext_confirm_identity(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextPetition petition;
	PvextPetitioner who;
	char	   *method;
	Jsonb	   *evidence;
	pg_uuid_t  *known;

	PreventCommandIfReadOnly("pv.confirm_identity()");
	pvext_require_arg(fcinfo, 0, "request");
	method = pvext_required_text(fcinfo, 1, "method");
	evidence = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	pvext_enter(&scope);
	find_and_lock(PG_GETARG_UUID_P(0), PG_ARGISNULL(2) ? NULL : pvext_key_arg(fcinfo, 2), &petition, &who);
	petition.digest = who.digest;
	pvext_record_petition_event("confirm_identity", &petition);
	known = find_known(&petition, &who);
	if (known)
		merge(&petition, known, method, evidence);
	else
		open_petition(&petition, &who, method, evidence);
	return pvext_return_petition(fcinfo, &scope, known ? known : &petition.id);
}

/* Return what was encrypted for a request, from between pvext_enter() and pvext_leave(). */
static Datum
return_decrypted(FunctionCallInfo fcinfo, bool evidence)
{
	PvextScope	scope;
	PvextPetition petition;
	Jsonb	   *value;

	pvext_enter(&scope);
	pvext_read_petition(PG_GETARG_UUID_P(0), false, &petition);
	value = pvext_decrypt_of_petition(&petition.id, evidence ? petition.evidence : petition.claimed);
	if (value)
		value = DatumGetJsonbP(SPI_datumTransfer(PointerGetDatum(value), false, -1));
	pvext_leave(&scope);
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(value);
}

/* pv.request_claimed(request): who the person says to be. */
Datum
pvext_request_claimed(PG_FUNCTION_ARGS)
{
	return return_decrypted(fcinfo, false);
}

/* pv.identity_evidence(request): what proved it. */
Datum
pvext_identity_evidence(PG_FUNCTION_ARGS)
{
	return return_decrypted(fcinfo, true);
}

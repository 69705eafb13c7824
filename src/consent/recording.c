/*
 * recording.c
 *		Consents and objections: the ledger, and the state that it leads to.
 *
 * A purpose that rests on consent takes consents, given to words and
 * withdrawn; one that rests on another basis takes objections.  Every call
 * appends to the ledger pv.consent_event, which is never changed, and brings
 * pv.consent_state up to date.
 *
 * The subject's row is locked first: of two calls about a subject the second
 * sees what the first one did, and the numbers of the ledger are drawn in that
 * order.  A transaction that records holds pv.consent_state ROW EXCLUSIVE from
 * before it reads what the purpose rests on, so that whoever changes that can
 * wait for it, and keep others out (pvext_stop_new_consents()).
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/bitmap.h"
#include "consent/consent_text.h"
#include "consent/evidence.h"
#include "consent/recording.h"
#include "consent/state.h"
#include "fmgr.h"
#include "map/key.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(pvext_give_consent);
PG_FUNCTION_INFO_V1(pvext_withdraw_consent);
PG_FUNCTION_INFO_V1(pvext_object_to);
PG_FUNCTION_INFO_V1(pvext_withdraw_objection);
PG_FUNCTION_INFO_V1(pvext_consent_evidence);

/*
 * In a transaction that sees an older purpose than that of now, let the server
 * say so.
 */
static void
check_purpose(PvextPurpose *purpose)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, purpose->id);
	(void) pvext_own("SELECT FROM pv.purpose WHERE id = $1 FOR SHARE", &args);
}

/*
 * Lock the subject and find the purpose, as it is from then on.  False where
 * there is no such subject.
 *
 * In the order of an erasure: the row, then the ledgers.  Who takes a purpose back, or
 * declares another key, keeps others out of pv.consent_state meanwhile: the map must be
 * the one that is in force once that has been had.
 */
bool
pvext_find_consent_call(PvextConsentCall *call, Oid relid, const char *key,
						const char *purpose)
{
	do
	{
		PvextMap   *map = pvext_map();

		call->subject = pvext_map_subject(map, relid);
		call->purpose = pvext_purpose(map, purpose);
		call->key = pvext_find_subject(call->subject, key, PVEXT_TO_RECORD);
		if (call->key == NULL)
			return false;
		LockRelationOid(pvext_own_relation("consent_state"),
						RowExclusiveLock);
		if (IsolationUsesXactSnapshot())
		{
			check_purpose(call->purpose);
			break;
		}
	} while (!pvext_map_is_current());
	return true;
}

/* The same, of a call whose arguments begin with subject, key, purpose. */
void
pvext_begin_consent_call(PvextConsentCall *call, FunctionCallInfo fcinfo)
{
	char	   *purpose = pvext_required_text(fcinfo, 2, "purpose");

	pvext_require_arg(fcinfo, 0, "subject");
	if (!pvext_find_consent_call(call, PG_GETARG_OID(0), pvext_key_arg(fcinfo, 1), purpose))
		pvext_unknown_key(call->subject);
}

/* An argument that says until when; DT_NOEND for NULL. */
TimestampTz
pvext_consent_expiry(FunctionCallInfo fcinfo, int arg, const char *what)
{
	TimestampTz expires = PG_ARGISNULL(arg) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(arg);

	if (expires <= GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s would have expired already", what),
				 errhint("Pass a time in the future, or none.")));
	return expires;
}

/*
 * Begin a call with the arguments of give_consent(): which words, through
 * which channel, on what evidence, until when.
 */
void
pvext_read_offer(PvextConsentCall *call, FunctionCallInfo fcinfo,
				 PvextConsentChange *change)
{
	char	   *version = pvext_required_text(fcinfo, 3, "version");
	char	   *language = PG_ARGISNULL(7) ? NULL : pvext_required_text(fcinfo, 7, "language");
	PvextOfferedText offer;

	change->channel = pvext_required_text(fcinfo, 4, "channel");
	change->evidence = PG_ARGISNULL(5) ? NULL : PG_GETARG_JSONB_P(5);
	pvext_begin_consent_call(call, fcinfo);
	pvext_check_rests_on_consent(call->purpose);
	pvext_choose_wording(call->purpose, version, language, &offer);
	change->version = version;
	change->language = offer.language;
	change->text_digest = offer.digest;
	change->expires = pvext_consent_expiry(fcinfo, 6, "the consent");
}

/* Who is told that somebody has objected, or withdrawn what was given; see below. */
static void (*refused) (const PvextConsentCall *call, const PvextConsentChange *change, const bytea *digest) = NULL;

/*
 * From now on this is told of a subject that objects, or withdraws a consent that it had
 * given, with the digest of its key: in the transaction that records it, which has its row
 * locked.  What is imported, or is on a list, was told elsewhere.
 */
void
pvext_hear_refusals(void (*hear) (const PvextConsentCall *call, const PvextConsentChange *change,
								  const bytea *digest))
{
	refused = hear;
}

/* Is a change one that was asked for now, and that takes something away? */
static bool
is_refusal(const PvextConsentChange *change, int before)
{
	return change->source == NULL && !change->by_list &&
		(strcmp(change->action, "objected") == 0 ||
		 (strcmp(change->action, "withdrawn") == 0 && (before & PVEXT_GIVEN)));
}

/*
 * Record a change, in the ledger and in the state, and note it for the bits.  False where
 * the state stays as it is.
 */
bool
pvext_record_consent(PvextConsentCall *call, PvextConsentChange *change)
{
	PvextEntry	entry = {0};
	bool		applies;
	int			before;
	int			after = 0;

	entry.relation_id = call->subject->id;
	entry.purpose_id = call->purpose->id;
	entry.key = call->key;
	entry.subject_digest = pvext_subject_digest(call->subject->id, call->key);
	entry.action = change->action;
	entry.at = GetCurrentTimestamp();
	entry.version = change->version;
	entry.language = change->language;
	entry.text_digest = change->text_digest;
	entry.channel = change->channel;
	entry.expires = change->expires;
	entry.evidence = pvext_encrypt_evidence("consent", entry.subject_digest, change->evidence);
	entry.source = change->source;
	entry.claimed_at = change->claimed_at;
	applies = pvext_write_entry(&entry, &before);

	if (!applies || strcmp(change->action, "requested") == 0)
		return applies;
	if (strcmp(change->action, "given") == 0)
		after = PVEXT_GIVEN | (change->expires != DT_NOEND ? PVEXT_EXPIRING : 0);
	pvext_note_code(call->subject->id, call->purpose->id, call->key, before, after,
					change->expires);
	if (refused && is_refusal(change, before))
		refused(call, change, entry.subject_digest);
	return true;
}

/*
 * pv.give_consent(subject, key, purpose, version, channel, evidence, expires, language):
 * record that a subject has consented.
 */
Datum
pvext_give_consent(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	PvextConsentChange change = {"given"};

	PreventCommandIfReadOnly("pv.give_consent()");
	pvext_enter(&scope);
	pvext_read_offer(&call, fcinfo, &change);
	pvext_record_consent(&call, &change);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* Begin a call with the arguments subject, key, purpose, channel, evidence. */
static void
read_change(PvextConsentCall *call, FunctionCallInfo fcinfo, PvextConsentChange *change)
{
	change->channel = pvext_required_text(fcinfo, 3, "channel");
	change->evidence = PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4);
	change->expires = DT_NOEND;
	pvext_begin_consent_call(call, fcinfo);
}

/* Whoever has withdrawn a consent can no longer confirm what was asked before. */
void
pvext_forget_requests(PvextConsentCall *call)
{
	static PvextStatement delete = {
		"DELETE FROM pv.consent_token WHERE relation_id = $1 AND purpose_id = $2"
		" AND key = $3 AND kind = 'confirm'", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, call->subject->id);
	pvext_arg_int4(&args, call->purpose->id);
	pvext_arg_text(&args, call->key);
	(void) pvext_own_kept(&delete, &args);
}

/*
 * pv.withdraw_consent(subject, key, purpose, channel, evidence): record that a consent is
 * withdrawn.
 *
 * Also where there was no consent: then it is a refusal.
 */
Datum
pvext_withdraw_consent(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	PvextConsentChange change = {"withdrawn"};

	PreventCommandIfReadOnly("pv.withdraw_consent()");
	pvext_enter(&scope);
	read_change(&call, fcinfo, &change);
	pvext_check_rests_on_consent(call.purpose);
	pvext_record_consent(&call, &change);
	pvext_forget_requests(&call);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* Raise where it is a consent that would have to be withdrawn. */
static void
check_no_consent_purpose(PvextPurpose *purpose)
{
	if (purpose->is_consent)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("purpose \"%s\" rests on consent", purpose->name),
				 errhint("A consent is withdrawn, with pv.withdraw_consent().")));
}

/* What the law demands, or a life depends on, cannot be objected to. */
void
pvext_check_can_object(PvextPurpose *purpose)
{
	check_no_consent_purpose(purpose);
	if (strcmp(purpose->basis, "legal_obligation") == 0 ||
		strcmp(purpose->basis, "vital_interests") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("purpose \"%s\" cannot be objected to", purpose->name),
				 errdetail("Its legal basis is %s.", purpose->basis),
				 errhint("The right to object (GDPR article 21) does not reach this basis; answer the subject with that.")));
}

/*
 * pv.object_to(subject, key, purpose, channel, evidence): record an objection to a
 * purpose that does not rest on consent.
 */
Datum
pvext_object_to(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	PvextConsentChange change = {"objected"};

	PreventCommandIfReadOnly("pv.object_to()");
	pvext_enter(&scope);
	read_change(&call, fcinfo, &change);
	pvext_check_can_object(call.purpose);
	pvext_record_consent(&call, &change);
	pvext_forget_requests(&call);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* Raise where there is no objection to take back.  The subject is locked. */
static void
check_has_objected(PvextConsentCall *call)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, call->subject->id);
	pvext_arg_int4(&args, call->purpose->id);
	pvext_arg_text(&args, call->key);
	if (pvext_own("SELECT FROM pv.consent_state WHERE relation_id = $1"
				  " AND purpose_id = $2 AND key = $3 AND state = 'objected'", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the subject has not objected to purpose \"%s\"",
						call->purpose->name),
				 errhint("The view pv.consent shows the objections.")));
}

/*
 * pv.withdraw_objection(subject, key, purpose, channel, evidence): record that an
 * objection is taken back.
 */
Datum
pvext_withdraw_objection(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	PvextConsentChange change = {"allowed"};

	PreventCommandIfReadOnly("pv.withdraw_objection()");
	pvext_enter(&scope);
	read_change(&call, fcinfo, &change);
	check_no_consent_purpose(call.purpose);
	check_has_objected(&call);
	pvext_record_consent(&call, &change);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* pv.consent_evidence(event): what proved an event of the ledger, decrypted. */
Datum
pvext_consent_evidence(PG_FUNCTION_ARGS)
{
	static PvextStatement select = {
		"SELECT e.evidence, coalesce(s.subject_digest, s.former_digest) FROM pv.consent_event AS e"
		" LEFT JOIN pv.consent_state AS s ON s.id = e.consent_id WHERE e.id = $1",
		NULL, true
	};
	PvextScope	scope;
	PvextArgs	args = {0};
	Datum		encrypted;
	Datum		digest;
	bool		no_evidence;
	bool		no_subject;
	Jsonb	   *evidence = NULL;

	pvext_enter(&scope);
	pvext_arg(&args, INT8OID, PG_GETARG_DATUM(0), false);
	if (pvext_own_kept(&select, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no consent event %lld", (long long) PG_GETARG_INT64(0)),
				 errhint("The view pv.consent_history shows the events.")));
	encrypted = pvext_datum(0, 1, &no_evidence);
	digest = pvext_datum(0, 2, &no_subject);
	if (!no_evidence && !no_subject)
		evidence = pvext_decrypt_evidence("consent", DatumGetByteaPCopy(digest),
										  DatumGetByteaPCopy(encrypted));
	if (evidence)
		evidence = DatumGetJsonbP(SPI_datumTransfer(PointerGetDatum(evidence), false, -1));
	pvext_leave(&scope);
	if (evidence == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(evidence);
}

/*
 * What stands against a change of the map
 */

/*
 * Wait for transactions that record consents, and keep others from it until
 * this one ends: what the following find stays so.
 */
void
pvext_stop_new_consents(void)
{
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("this must see the consents that are there now"),
				 errhint("Run this in a transaction of isolation level READ COMMITTED.")));
	(void) pvext_own("LOCK TABLE pv.consent_state IN SHARE MODE", NULL);
}

/* Is a consent to the purpose in force? */
bool
pvext_is_consented_to(int32 purpose_id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, purpose_id);
	return pvext_own("SELECT FROM pv.consent_state WHERE purpose_id = $1 AND given"
					 " AND (expires IS NULL OR expires > clock_timestamp()) LIMIT 1", &args) > 0;
}

/* Does an objection to the purpose stand? */
bool
pvext_is_objected_to(int32 purpose_id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, purpose_id);
	return pvext_own("SELECT FROM pv.consent_state WHERE purpose_id = $1"
					 " AND state = 'objected' LIMIT 1", &args) > 0;
}

/* What of consents and objections names the purpose, in words; NULL for nothing. */
char *
pvext_consents_naming(int32 purpose_id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, purpose_id);
	if (pvext_own("SELECT 'consent texts' FROM pv.consent_text WHERE purpose_id = $1"
				  " UNION ALL SELECT 'consents or objections' FROM pv.consent_state WHERE purpose_id = $1"
				  " UNION ALL SELECT 'the consent ledger' FROM pv.consent_event WHERE purpose_id = $1"
				  " UNION ALL SELECT 'links that were sent out' FROM pv.consent_token WHERE purpose_id = $1"
				  " LIMIT 1", &args) == 0)
		return NULL;
	return pvext_value(0, 1);
}

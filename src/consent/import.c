/*
 * import.c
 *		Consents and objections of an earlier system.
 *
 * What an earlier system has is not what was witnessed here: it is on record as a claim,
 * with the time that is claimed for it and where it comes from, beside who imported it and
 * when.  Among all that is on record of a subject and a purpose it counts by its own time
 * (state.c), so that neither the order nor the number of imports matters: an old yes brings
 * no consent back that was withdrawn later, an old no ends none that was given later, and
 * the same entry again changes nothing.
 *
 * A claim never allows what an erasure, or a list of those who want nothing, forbids.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/result.h"
#include "consent/consent_text.h"
#include "consent/import.h"
#include "consent/state.h"
#include "consent/suppression.h"
#include "catalog/pg_type.h"
#include "map/key.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(pvext_import_consent);

/* The outcome's name in results. */
const char *
pvext_outcome_name(PvextOutcome outcome)
{
	static const char *const names[] = {
		"recorded", "expired", "superseded", "repeated", "suppressed", "undated", "future", "unknown"
	};

	StaticAssertStmt(lengthof(names) == PVEXT_OUTCOMES, "each outcome has a name");
	return names[outcome];
}

/* Does the action, one of those that are imported, allow something? */
bool
pvext_is_permission(const char *action)
{
	return strcmp(action, "given") == 0 || strcmp(action, "allowed") == 0;
}

/* Raise unless the action is one that can be done to the purpose. */
static void
check_action(PvextPurpose *purpose, const char *action)
{
	bool		of_consent = strcmp(action, "given") == 0 || strcmp(action, "withdrawn") == 0;

	if (!of_consent && strcmp(action, "objected") != 0 && strcmp(action, "allowed") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized action \"%s\"", action),
				 errhint("The actions are given and withdrawn, of consents, and objected and allowed (an objection taken back), of other purposes.")));
	if (of_consent)
		pvext_check_rests_on_consent(purpose);
	else
		pvext_check_can_object(purpose);
}

/* Was this very claim imported before?  The subject is locked. */
static bool
is_repeated(const PvextConsentCall *call, const PvextConsentChange *change)
{
	PvextEntry	entry = {call->subject->id, call->purpose->id, call->key};

	entry.action = change->action;
	entry.source = change->source;
	entry.claimed_at = change->claimed_at;
	return pvext_is_on_record(&entry);
}

/* Whoever has said no since can no longer confirm what was asked before. */
static void
forget_earlier_requests(const PvextConsentCall *call, TimestampTz claimed_at)
{
	static PvextStatement delete = {
		"DELETE FROM pv.consent_token WHERE relation_id = $1 AND purpose_id = $2"
		" AND key = $3 AND kind = 'confirm' AND made_at <= $4", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, call->subject->id);
	pvext_arg_int4(&args, call->purpose->id);
	pvext_arg_text(&args, call->key);
	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(claimed_at), false);
	(void) pvext_own_kept(&delete, &args);
}

/*
 * Has the subject been erased?  It is locked: whoever was erasing it has committed, perhaps
 * after the caller's snapshot was taken.
 */
static bool
was_erased(const PvextConsentCall *call)
{
	bool		result;

	PushActiveSnapshot(GetLatestSnapshot());
	result = pvext_is_erased_key(call->subject, call->key);
	PopActiveSnapshot();
	return result;
}

/* The ledger's entry of a claim. */
static void
fill_change(PvextPurpose *purpose, const char *source, const PvextClaim *claim,
			PvextConsentChange *change)
{
	PvextOfferedText words = {NULL, NULL};

	change->action = claim->action;
	change->channel = claim->channel;
	change->evidence = claim->evidence;
	change->expires = strcmp(claim->action, "given") == 0 ? claim->expires : DT_NOEND;
	change->source = source;
	change->claimed_at = claim->claimed_at;
	if (claim->version == NULL)
		return;
	pvext_wording_of_then(purpose, claim->version, claim->language, &words);
	change->version = claim->version;
	change->language = words.language;
	change->text_digest = words.digest;
}

/*
 * Record a claim, and say what has become of it.  Raises where it could be of nobody: the
 * purpose, the action or the version is none that there is, or the key is malformed.
 * Between pvext_enter() and pvext_leave().
 */
PvextOutcome
pvext_import_claim(Oid relid, const char *source, const PvextClaim *claim)
{
	PvextConsentCall call;
	PvextConsentChange change = {NULL};

	if (claim->purpose == NULL || claim->action == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of an entry is null", claim->purpose ? "the action" : "the purpose"),
				 errhint("Say of each entry what was done, and for which purpose.")));
	check_action(pvext_purpose(pvext_map(), claim->purpose), claim->action);
	if (claim->key == NULL || claim->malformed)
		return PVEXT_UNKNOWN;
	if (claim->claimed_at == DT_NOBEGIN)
		return PVEXT_UNDATED;
	if (claim->claimed_at > GetCurrentTimestamp())
		return PVEXT_FUTURE;
	if (!pvext_find_consent_call(&call, relid, claim->key, claim->purpose))
		return PVEXT_UNKNOWN;

	/* The map may have become another until the subject was locked. */
	check_action(call.purpose, claim->action);
	fill_change(call.purpose, source, claim, &change);
	if (pvext_is_permission(claim->action) && (claim->suppressed || was_erased(&call)))
		return PVEXT_SUPPRESSED;
	if (is_repeated(&call, &change))
		return PVEXT_REPEATED;
	if (!pvext_record_consent(&call, &change))
		return PVEXT_SUPERSEDED;
	if (!pvext_is_permission(claim->action))
		forget_earlier_requests(&call, claim->claimed_at);
	return change.expires <= GetCurrentTimestamp() ? PVEXT_EXPIRED : PVEXT_RECORDED;
}

/* Raise for what is not recorded because nobody can: one entry is looked at by who passes it. */
static void
check_single(PvextTable *subject, PvextOutcome outcome)
{
	if (outcome == PVEXT_UNKNOWN)
		pvext_unknown_key(subject);
	if (outcome == PVEXT_FUTURE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("nothing can have been done in the future"),
				 errhint("claimed_at is when the subject is said to have done it.")));
	if (outcome == PVEXT_UNDATED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("nothing can have been done at no time"),
				 errhint("claimed_at is when the subject is said to have done it.")));
}

/*
 * pv.import_consent(subject, key, purpose, action, claimed_at, source, version, language,
 * channel, expires, evidence): record one claim; what has become of it.
 */
Datum
pvext_import_consent(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextClaim	claim = {0};
	PvextOutcome outcome;
	char	   *source = pvext_required_text(fcinfo, 5, "source");

	PreventCommandIfReadOnly("pv.import_consent()");
	pvext_require_arg(fcinfo, 0, "subject");
	pvext_require_arg(fcinfo, 4, "claimed_at");
	claim.purpose = pvext_required_text(fcinfo, 2, "purpose");
	claim.action = pvext_required_text(fcinfo, 3, "action");
	claim.claimed_at = PG_GETARG_TIMESTAMPTZ(4);
	claim.version = pvext_text_arg(fcinfo, 6);
	claim.language = pvext_text_arg(fcinfo, 7);
	claim.channel = pvext_text_arg(fcinfo, 8);
	claim.expires = PG_ARGISNULL(9) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(9);
	claim.evidence = PG_ARGISNULL(10) ? NULL : PG_GETARG_JSONB_P(10);
	pvext_enter(&scope);
	claim.key = pvext_key_arg(fcinfo, 1);
	claim.suppressed = pvext_is_permission(claim.action) &&
		pvext_is_suppressed(pvext_map(), pvext_map_subject(pvext_map(), PG_GETARG_OID(0)), claim.key);
	outcome = pvext_import_claim(PG_GETARG_OID(0), source, &claim);
	check_single(pvext_map_subject(pvext_map(), PG_GETARG_OID(0)), outcome);
	pvext_leave(&scope);
	PG_RETURN_TEXT_P(cstring_to_text(pvext_outcome_name(outcome)));
}

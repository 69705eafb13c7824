/*
 * opt_in.c
 *		Tokens that subjects are sent, to confirm a consent or to withdraw it.
 *
 * A token is 48 random bytes, written in the base64 of URLs.  The first 16 are
 * the selector, by which its row is found; of the other 32, the verifier, only
 * the SHA-256 is stored, and compared in constant time.  So neither the table
 * nor the time that a guess takes gives a token away.
 *
 * A token is used once, until it expires.  Whatever is wrong with one, the
 * error is the same, and no message ever holds a token.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/digest.h"
#include "base/event.h"
#include "base/guc.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "common/base64.h"
#include "consent/consent_text.h"
#include "consent/opt_in.h"
#include "consent/recording.h"
#include "fmgr.h"
#include "map/map.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define SELECTOR_SIZE	16
#define VERIFIER_SIZE	32
#define TOKEN_SIZE		(SELECTOR_SIZE + VERIFIER_SIZE)
#define TOKEN_LENGTH	(TOKEN_SIZE / 3 * 4)	/* characters */

/* What the row of a token holds. */
typedef struct Token
{
	bytea	   *selector;
	bytea	   *verifier_digest;
	Oid			relid;			/* InvalidOid where the table has been dropped */
	char	   *purpose;
	char	   *key;
	PvextConsentChange change;
} Token;

PG_FUNCTION_INFO_V1(pvext_request_consent);
PG_FUNCTION_INFO_V1(pvext_confirm_consent);
PG_FUNCTION_INFO_V1(pvext_unsubscribe_token);
PG_FUNCTION_INFO_V1(pvext_withdraw_by_token);

/* Raise, without saying whether it is unknown, used or expired. */
static void
invalid_token(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("the token is not valid"),
			 errhint("It may be unknown, used before or expired: send a new one.")));
}

/* Exchange the two characters in which base64 and that of URLs differ. */
static void
exchange(char *text, const char *from, const char *to)
{
	for (char *p = text; *p; p++)
		for (int i = 0; i < 2; i++)
			if (*p == from[i])
			{
				*p = to[i];
				break;
			}
}

/* The part of a token that it is found by. */
static bytea *
selector_of(const uint8 *bytes)
{
	bytea	   *selector = palloc(VARHDRSZ + SELECTOR_SIZE);

	SET_VARSIZE(selector, VARHDRSZ + SELECTOR_SIZE);
	memcpy(VARDATA(selector), bytes, SELECTOR_SIZE);
	return selector;
}

/*
 * The digest of the other part, which is all that is kept of it: who reads the table
 * cannot use what is there.
 */
static bytea *
verifier_digest_of(const uint8 *bytes)
{
	return pvext_sha256(bytes + SELECTOR_SIZE, VERIFIER_SIZE);
}

/* The bytes of a token; raises where it is none. */
static void
decode_token(const char *token, uint8 *bytes)
{
	char		base64[TOKEN_LENGTH + 1];
	void	   *target = bytes;

	if (strlen(token) != TOKEN_LENGTH || strpbrk(token, "+/=") != NULL)
		invalid_token();
	strlcpy(base64, token, sizeof(base64));
	exchange(base64, "-_", "+/");
	if (pg_b64_decode(base64, TOKEN_LENGTH, target, TOKEN_SIZE) != TOKEN_SIZE)
		invalid_token();
}

/* A token as text that stands in a URL as it is. */
static char *
encode_token(const uint8 *bytes)
{
	char	   *token = palloc0(TOKEN_LENGTH + 1);
	const void *source = bytes;

	if (pg_b64_encode(source, TOKEN_SIZE, token, TOKEN_LENGTH) != TOKEN_LENGTH)
		elog(ERROR, "could not encode a token");
	exchange(token, "+/", "-_");
	return token;
}

/*
 * Making tokens
 */

/* $1, $2, $3 of a statement: the subject's table, the purpose and the key. */
static void
arg_call(PvextArgs *args, PvextConsentCall *call)
{
	pvext_arg_int4(args, call->subject->id);
	pvext_arg_int4(args, call->purpose->id);
	pvext_arg_text(args, call->key);
}

/* Tokens of the same that nobody can use any more; the duty "expire" deletes the rest. */
static void
delete_expired(PvextConsentCall *call)
{
	static PvextStatement delete = {
		"DELETE FROM pv.consent_token WHERE relation_id = $1 AND purpose_id = $2"
		" AND key = $3 AND expires <= clock_timestamp()", NULL
	};
	PvextArgs	args = {0};

	arg_call(&args, call);
	(void) pvext_own_kept(&delete, &args);
}

/* A token that is made now expires then, unless that is said. */
static TimestampTz
end_of_lifetime(void)
{
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
									   (int64) pvext_consent_token_lifetime * 1000);
}

/* Make a token of a kind, for the change that it is to confirm or withdraw. */
static char *
make_token(PvextConsentCall *call, const char *kind, PvextConsentChange *change,
		   TimestampTz expires)
{
	static PvextStatement insert = {
		"INSERT INTO pv.consent_token (relation_id, purpose_id, key, selector,"
		" verifier_digest, kind, version, language, text_digest, channel,"
		" consent_expires, expires)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)", NULL
	};
	PvextArgs	args = {0};
	uint8		bytes[TOKEN_SIZE];

	delete_expired(call);
	if (!pg_strong_random(bytes, TOKEN_SIZE))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
	arg_call(&args, call);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(selector_of(bytes)), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(verifier_digest_of(bytes)), false);
	pvext_arg_text(&args, kind);
	pvext_arg_text(&args, change->version);
	pvext_arg_text(&args, change->language);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(change->text_digest),
			  change->text_digest == NULL);
	pvext_arg_text(&args, change->channel);
	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(change->expires),
			  change->expires == DT_NOEND);
	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(expires), false);
	(void) pvext_own_kept(&insert, &args);
	return encode_token(bytes);
}

/* A token as the result of the SQL function, which ends here. */
static Datum
return_token(PvextScope *scope, const char *token)
{
	Datum		result = SPI_datumTransfer(CStringGetTextDatum(token), false, -1);

	pvext_leave(scope);
	return result;
}

/*
 * pv.request_consent(subject, key, purpose, version, channel, evidence, expires,
 * language): enter a consent as requested, and give the token that confirms it; it is
 * nowhere else.
 */
Datum
pvext_request_consent(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	PvextConsentChange change = {"requested"};

	PreventCommandIfReadOnly("pv.request_consent()");
	pvext_enter(&scope);
	pvext_read_offer(&call, fcinfo, &change);
	pvext_record_consent(&call, &change);
	return return_token(&scope, make_token(&call, "confirm", &change, end_of_lifetime()));
}

/*
 * pv.unsubscribe_token(subject, key, purpose, expires): give a token by which whoever has
 * it can withdraw.
 */
Datum
pvext_unsubscribe_token(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	PvextConsentChange change = {"withdrawn", .expires = DT_NOEND};
	TimestampTz expires;

	PreventCommandIfReadOnly("pv.unsubscribe_token()");
	pvext_enter(&scope);
	expires = PG_ARGISNULL(3) ? end_of_lifetime() :
		pvext_consent_expiry(fcinfo, 3, "the token");
	pvext_begin_consent_call(&call, fcinfo);
	pvext_check_rests_on_consent(call.purpose);
	pvext_record_event(psprintf("unsubscribe_token(%s, %s)", call.subject->sql_name,
								call.purpose->name),
					   pvext_subject_digest(call.subject->id, call.key));
	return return_token(&scope, make_token(&call, "withdraw", &change, expires));
}

/*
 * Using them
 */

/* Read the token's row of this kind; raises where there is none. */
static void
find_token(const char *text, const char *kind, Token *token)
{
	static PvextStatement select = {
		"SELECT t.verifier_digest, r.relation, p.name, t.key, t.version, t.language,"
		" t.text_digest, t.channel, coalesce(t.consent_expires, 'infinity')"
		" FROM pv.consent_token AS t JOIN pv.relation AS r ON r.id = t.relation_id"
		" JOIN pv.purpose AS p ON p.id = t.purpose_id"
		" WHERE t.selector = $1 AND t.kind = $2", NULL
	};
	PvextArgs	args = {0};
	uint8		bytes[TOKEN_SIZE];
	bool		isnull;
	Datum		digest;

	decode_token(text, bytes);
	token->selector = selector_of(bytes);
	token->verifier_digest = verifier_digest_of(bytes);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(token->selector), false);
	pvext_arg_text(&args, kind);

	/* Found by the one half, known by the other: how long comparing takes says nothing of that. */
	if (pvext_own_kept(&select, &args) == 0 ||
		!pvext_same_digest(token->verifier_digest,
						   DatumGetByteaPP(pvext_datum(0, 1, &isnull))))
		invalid_token();
	token->relid = (Oid) pvext_int(0, 2);
	token->purpose = pvext_value(0, 3);
	token->key = pvext_value(0, 4);
	token->change.version = pvext_value(0, 5);
	token->change.language = pvext_value(0, 6);
	digest = pvext_datum(0, 7, &isnull);
	token->change.text_digest = isnull ? NULL : DatumGetByteaPCopy(digest);
	token->change.channel = pvext_value(0, 8);
	token->change.expires = DatumGetTimestampTz(pvext_datum(0, 9, &isnull));
}

/*
 * Use up a token of a kind: its subject is locked, its row gone.  Of two calls
 * with one token the second waits for the first, and finds no row.
 */
static void
use_token(FunctionCallInfo fcinfo, const char *kind, PvextConsentCall *call, Token *token)
{
	static PvextStatement delete = {
		"DELETE FROM pv.consent_token WHERE selector = $1 AND verifier_digest = $2"
		" AND kind = $3 AND expires > clock_timestamp()", NULL
	};
	PvextArgs	args = {0};
	PvextTable *subject;

	find_token(text_to_cstring(PG_GETARG_TEXT_PP(0)), kind, token);
	subject = pvext_map_table(pvext_map(), token->relid);
	if (subject == NULL || !subject->is_subject ||
		!pvext_find_consent_call(call, token->relid, token->key, token->purpose))
		invalid_token();
	pvext_arg(&args, BYTEAOID, PointerGetDatum(token->selector), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(token->verifier_digest), false);
	pvext_arg_text(&args, kind);
	if (pvext_own_kept(&delete, &args) == 0)
		invalid_token();
	pvext_check_rests_on_consent(call->purpose);
}

/* The words must still be on offer; those that were shown are recorded. */
static void
check_offer(PvextConsentCall *call, PvextConsentChange *change)
{
	PvextOfferedText offer;

	pvext_choose_wording(call->purpose, change->version, change->language, &offer);
	if (change->expires <= GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the consent would have expired already"),
				 errhint("Request it again, with pv.request_consent().")));
}

/*
 * pv.confirm_consent(token, evidence): give the consent that was requested, with the
 * words of then.
 */
Datum
pvext_confirm_consent(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	Token		token = {.change = {"given"}};

	PreventCommandIfReadOnly("pv.confirm_consent()");
	pvext_require_arg(fcinfo, 0, "token");
	pvext_enter(&scope);
	use_token(fcinfo, "confirm", &call, &token);
	check_offer(&call, &token.change);
	token.change.evidence = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	pvext_record_consent(&call, &token.change);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* pv.withdraw_consent(token, channel): withdraw by a token. */
Datum
pvext_withdraw_by_token(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextConsentCall call;
	Token		token = {NULL};
	PvextConsentChange change = {"withdrawn", .expires = DT_NOEND};

	PreventCommandIfReadOnly("pv.withdraw_consent()");
	pvext_require_arg(fcinfo, 0, "token");
	change.channel = pvext_required_text(fcinfo, 1, "channel");
	pvext_enter(&scope);
	use_token(fcinfo, "withdraw", &call, &token);
	pvext_record_consent(&call, &change);
	pvext_forget_requests(&call);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* A table whose keys will mean something else: no token may outlive that. */
void
pvext_forget_tokens(int32 relation_id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, relation_id);
	(void) pvext_own("DELETE FROM pv.consent_token WHERE relation_id = $1", &args);
}

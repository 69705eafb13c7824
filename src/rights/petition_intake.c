/*
 * petition_intake.c
 *		Requests as they come in, and whose they are: pv.receive_request().
 *
 * Whoever writes a letter may name anybody's key.  So what comes in counts as one that is
 * there already only where the same is said of who asks: key, and what the person claims
 * (received_as); where nothing is, it is always another.  The subject's own, of which that is
 * known, it is where it claims nothing else: what a stranger claims never goes into that, nor
 * is that kept out by what a stranger has written before.
 *
 * What comes in once more may have come in earlier: a letter is opened after somebody has
 * asked on the web.  The month counts from the first.
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
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "erase/ledger.h"
#include "fmgr.h"
#include "map/key.h"
#include "miscadmin.h"
#include "rights/petition.h"
#include "rights/petition_intake.h"
#include "rule/clock.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(pvext_receive_request);

/* The subject's digest in a row of pv.erasure, as pvext_former_row() finds it. */
#define FORMER_ROW_DIGEST 5

/* A request that has come in. */
typedef struct Intake
{
	char	   *kind;
	PvextPetitioner who;
	char	   *channel;
	TimestampTz received_at;
	Jsonb	   *claimed;
	bytea	   *received_as;
	pg_uuid_t	id;
} Intake;

/*
 * The subject that a key names, whose row is locked against erasures; one that an erasure
 * has given another key, by that; of one that has been erased, the digest that its ledger
 * has.  Raises where no such subject ever was.
 */
static void
find_by_key(PvextPetitioner *who, const char *key)
{
	bytea	   *digest;
	char	   *now;
	bool		isnull;

	who->key = pvext_find_subject(who->subject, key, PVEXT_TO_RECORD);
	if (who->key == NULL)
	{
		digest = pvext_subject_digest(who->subject->id, key);
		now = pvext_key_of_request(who->subject, digest);
		if (now)
			who->key = pvext_find_subject(who->subject, now, PVEXT_TO_RECORD);
		if (who->key == NULL && pvext_former_row(who->subject, digest) == NULL)
			pvext_unknown_key(who->subject);
	}
	who->digest = who->key ? pvext_subject_digest(who->subject->id, who->key) :
		DatumGetByteaPCopy(pvext_datum(0, FORMER_ROW_DIGEST, &isnull));
}

/*
 * Whom a request is about: a subject of a table, and a key, or NULL where that is not known.
 * Who declares another key keeps others out of the register meanwhile: the map must be the
 * one that is in force once that has been had.
 */
void
pvext_find_petitioner(Oid relid, const char *key, PvextPetitioner *who)
{
	do
	{
		memset(who, 0, sizeof(*who));
		who->subject = pvext_map_subject(pvext_map(), relid);
		if (key)
			find_by_key(who, key);
		LockRelationOid(pvext_own_relation("request_ledger"), RowExclusiveLock);
	} while (!IsolationUsesXactSnapshot() && !pvext_map_is_current());
}

/* Add a text to those that are digested, so that no two lists are the same string. */
static void
add_part(StringInfo all, const char *part)
{
	if (part)
		appendStringInfo(all, "%zu:%s", strlen(part), part);
	else
		appendStringInfoChar(all, '-');
}

/* What tells whether the same comes again; NULL where nothing is known of who asks. */
static bytea *
digest_intake(const Intake *intake)
{
	StringInfoData all;
	const bytea *digest = intake->who.digest;
	char	   *hex = NULL;

	if (digest == NULL && intake->claimed == NULL)
		return NULL;
	if (digest)
	{
		hex = palloc0(2 * VARSIZE_ANY_EXHDR(digest) + 1);
		hex_encode(VARDATA_ANY(digest), VARSIZE_ANY_EXHDR(digest), hex);
	}
	initStringInfo(&all);
	add_part(&all, intake->kind);
	appendStringInfo(&all, "%d ", intake->who.subject->id);
	add_part(&all, hex);
	add_part(&all, intake->claimed ?
			 JsonbToCString(NULL, &intake->claimed->root, VARSIZE(intake->claimed)) : NULL);
	return pvext_hmac("received request", all.data);
}

/* Is it open already?  Then intake->id is its id, and it is locked. */
static bool
find_same(Intake *intake)
{
	static PvextStatement find = {
		"SELECT id FROM pv.request_ledger WHERE received_as = $1"
		" OR ($5 AND relation_id = $2 AND subject_digest = $3 AND key IS NOT NULL AND kind = CAST($4 AS pv.request_kind)"
		"  AND state IN " PVEXT_KNOWN_PETITION ")"
		" ORDER BY state IN " PVEXT_KNOWN_PETITION " DESC LIMIT 1 FOR UPDATE", NULL
	};
	PvextArgs	args = {0};
	bool		isnull;

	pvext_arg(&args, BYTEAOID, PointerGetDatum(intake->received_as), intake->received_as == NULL);
	pvext_arg_int4(&args, intake->who.subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(intake->who.digest), intake->who.digest == NULL);
	pvext_arg_text(&args, intake->kind);
	pvext_arg_bool(&args, intake->claimed == NULL);
	if (pvext_own_kept(&find, &args) == 0)
		return false;
	intake->id = *DatumGetUUIDP(pvext_datum(0, 1, &isnull));
	return true;
}

/* Enter it, unless somebody is entering the same: then that is waited for. */
static bool
insert(Intake *intake)
{
	static PvextStatement enter = {
		"INSERT INTO pv.request_ledger (id, kind, relation_id, key, subject_digest, state, received_at, due_at,"
		"  channel, recorded_by, received_as)"
		" VALUES ($3, CAST($4 AS pv.request_kind), $5, $6, $7, 'received', $1,"
		"  " PVEXT_MONTH_AFTER("$1", "interval '0'") ", $8, $9, $10)"
		" ON CONFLICT (received_as) WHERE received_as IS NOT NULL DO NOTHING RETURNING id", NULL
	};
	PvextArgs	args = {0};

	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(intake->received_at), false);
	pvext_arg_text(&args, pvext_database_time_zone());
	intake->id = *DatumGetUUIDP(OidFunctionCall0(F_GEN_RANDOM_UUID));
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&intake->id), false);
	pvext_arg_text(&args, intake->kind);
	pvext_arg_int4(&args, intake->who.subject->id);
	pvext_arg_text(&args, intake->who.key);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(intake->who.digest), intake->who.digest == NULL);
	pvext_arg_text(&args, intake->channel);
	pvext_arg_name(&args, pvext_doer_name());
	pvext_arg(&args, BYTEAOID, PointerGetDatum(intake->received_as), intake->received_as == NULL);
	return pvext_own_kept(&enter, &args) > 0;
}

/* Keep who the person says to be, encrypted: once the row is there, so that no key is left over. */
static void
keep_claimed(const Intake *intake)
{
	static PvextStatement update = {"UPDATE pv.request_ledger SET claimed = $2 WHERE id = $1", NULL};
	PvextArgs	args = {0};

	if (intake->claimed == NULL)
		return;
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&intake->id), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(pvext_encrypt_for_petition(&intake->id, intake->claimed)), false);
	(void) pvext_own_change(&update, &args);
}

/* Enter a request, or find the one that it is.  True where it is new. */
static bool
enter_or_find(Intake *intake)
{
	if (find_same(intake))
		return false;
	if (insert(intake))
	{
		keep_claimed(intake);
		return true;
	}
	if (!find_same(intake))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errhint("Run the transaction again.")));
	return false;
}

/*
 * What has come in once more, came in when it did first: both ends are as much earlier as a
 * month after that is.  False where it is no earlier.
 */
static bool
came_in_before(const Intake *intake)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger AS r SET received_at = $1, due_at = r.due_at - s.earlier, extended_to = r.extended_to - s.earlier"
		" FROM (SELECT o.id, make_interval(secs => extract(epoch FROM"
		"  " PVEXT_MONTH_AFTER("o.received_at", "interval '0'") " - " PVEXT_MONTH_AFTER("$1", "interval '0'") ")) AS earlier"
		"  FROM pv.request_ledger AS o WHERE o.id = $3) AS s WHERE r.id = s.id AND r.received_at > $1", NULL
	};
	PvextArgs	args = {0};

	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(intake->received_at), false);
	pvext_arg_text(&args, pvext_database_time_zone());
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&intake->id), false);
	return pvext_own_change(&update, &args) > 0;
}

/* When it came in: a moment that has been. */
static TimestampTz
received_at_arg(FunctionCallInfo fcinfo, int arg)
{
	TimestampTz at;

	pvext_require_arg(fcinfo, arg, "received_at");
	at = PG_GETARG_TIMESTAMPTZ(arg);
	if (TIMESTAMP_NOT_FINITE(at) || at > GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the request would have been received in the future"),
				 errhint("Pass when it came in, or nothing for now.")));
	return at;
}

/*
 * pv.receive_request(kind, subject, key, channel, received_at, claimed): enter what a person
 * asks for.
 */
Datum
pvext_receive_request(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	Intake		intake = {0};
	PvextPetition petition;
	bool		new;
	bool		earlier;

	PreventCommandIfReadOnly("pv.receive_request()");
	pvext_require_arg(fcinfo, 0, "kind");
	pvext_require_arg(fcinfo, 1, "subject");
	intake.channel = pvext_required_text(fcinfo, 3, "channel");
	intake.received_at = received_at_arg(fcinfo, 4);
	intake.claimed = PG_ARGISNULL(5) ? NULL : PG_GETARG_JSONB_P(5);
	pvext_enter(&scope);
	intake.kind = DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(0)));
	pvext_find_petitioner(PG_GETARG_OID(1), PG_ARGISNULL(2) ? NULL : pvext_key_arg(fcinfo, 2), &intake.who);
	intake.received_as = digest_intake(&intake);
	new = enter_or_find(&intake);
	earlier = !new && came_in_before(&intake);
	if (new || earlier)
	{
		pvext_read_petition(&intake.id, true, &petition);
		pvext_record_petition_event("receive_request", &petition);
	}
	if (!new)
		ereport(NOTICE,
				(errmsg("this request is open already"),
				 earlier ? errdetail("It is returned, and is due as much earlier as it came in.") :
				 errdetail("It is returned as it is.")));
	return pvext_return_petition(fcinfo, &scope, &intake.id);
}

/*
 * agreement.c
 *		Agreements: versioned texts, and who has accepted which.
 *
 * A version's words may be replaced until somebody accepts it, never after.
 * pv.agreement.accepted says so, and is set by the first acceptance in an
 * UPDATE that returns the words' digest: that UPDATE and the one that replaces
 * the words wait for each other, or fail in a transaction of a fixed snapshot.
 * A trigger holds everyone else to it.
 *
 * The ledger, pv.agreement_event, is only ever added to.  pv.agreement_state,
 * kept by the same statement, says who the ledger's rows are about.  Both are
 * written under the lock of the subject's row, which an erasure takes too.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/digest.h"
#include "base/event.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "consent/evidence.h"
#include "consent/moved_rows.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/key.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(pvext_protect_agreement);
PG_FUNCTION_INFO_V1(pvext_declare_agreement);
PG_FUNCTION_INFO_V1(pvext_withdraw_agreement);
PG_FUNCTION_INFO_V1(pvext_accept_agreement);
PG_FUNCTION_INFO_V1(pvext_end_agreement);
PG_FUNCTION_INFO_V1(pvext_bound_by);
PG_FUNCTION_INFO_V1(pvext_agreement_evidence);
PG_FUNCTION_INFO_V1(pvext_verify_agreements);

/* Does the UPDATE leave all columns as they were, but for withdrawn_at? */
static bool
only_withdraws(TupleDesc desc, HeapTuple old, HeapTuple new)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		bool		old_null,
					new_null;
		Datum		before = heap_getattr(old, i + 1, desc, &old_null);
		Datum		after = heap_getattr(new, i + 1, desc, &new_null);

		if (column->attisdropped || namestrcmp(&column->attname, "withdrawn_at") == 0)
			continue;
		if (old_null != new_null ||
			(!old_null && !datum_image_eq(before, after, column->attbyval, column->attlen)))
			return false;
	}
	return true;
}

/* Has the subject accepted the version? */
static bool
is_accepted(TupleDesc desc, HeapTuple row)
{
	bool		isnull;
	Datum		accepted = SPI_getbinval(row, desc, SPI_fnumber(desc, "accepted"), &isnull);

	return !isnull && DatumGetBool(accepted);
}

/*
 * Trigger of pv.agreement: BEFORE UPDATE OR DELETE for each row, and BEFORE
 * TRUNCATE.  The row is locked by now, and is its latest version.
 */
Datum
pvext_protect_agreement(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	HeapTuple	old;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager, before a change",
						"protect_agreement")));
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("agreements cannot be truncated"),
				 errhint("What nobody has accepted can be deleted.")));

	desc = RelationGetDescr(trigger->tg_relation);
	old = trigger->tg_trigtuple;
	if (is_accepted(desc, old) &&
		(TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ||
		 !only_withdraws(desc, old, trigger->tg_newtuple)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("version \"%s\" of agreement \"%s\" has been accepted and never changes",
						SPI_getvalue(old, desc, SPI_fnumber(desc, "version")),
						SPI_getvalue(old, desc, SPI_fnumber(desc, "name"))),
				 errhint("Declare another version, and withdraw this one with pv.withdraw_agreement().")));
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
						   trigger->tg_newtuple : old);
}

/* Raise: the agreement has no such version. */
static void
unknown_version(const char *name, const char *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("version \"%s\" of agreement \"%s\" is not declared", version, name),
			 errhint("Declare it with pv.declare_agreement(); pv.agreement lists those that are.")));
}

/* Raise: nobody can accept it any more. */
static void
withdrawn_version(const char *name, const char *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("version \"%s\" of agreement \"%s\" has been withdrawn", version, name),
			 errhint("pv.agreement lists the versions that can be accepted.")));
}

/* Raise unless the agreement has any version. */
static void
check_name(const char *name)
{
	static PvextStatement select = {
		"SELECT FROM pv.agreement WHERE name = $1 LIMIT 1", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_text(&args, name);
	if (pvext_own_kept(&select, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("agreement \"%s\" is not declared", name),
				 errhint("Declare it with pv.declare_agreement(); pv.agreement lists those that are.")));
}

/* Has the version been withdrawn?  Raises where it isn't declared. */
static bool
is_withdrawn(const char *name, const char *version)
{
	PvextArgs	args = {0};

	pvext_arg_text(&args, name);
	pvext_arg_text(&args, version);
	if (pvext_own("SELECT withdrawn_at IS NOT NULL FROM pv.agreement"
				  " WHERE name = $1 AND version = $2", &args) == 0)
		unknown_version(name, version);
	return pvext_bool(0, 1);
}

/*
 * pv.declare_agreement(name, version, body): declare the words of a version.
 *
 * Where the version has been accepted, the trigger refuses other words.
 */
Datum
pvext_declare_agreement(PG_FUNCTION_ARGS)
{
	char	   *name = pvext_required_text(fcinfo, 0, "name");
	char	   *version = pvext_required_text(fcinfo, 1, "version");
	char	   *body = pvext_required_text(fcinfo, 2, "body");
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_enter(&scope);
	pvext_arg_text(&args, name);
	pvext_arg_text(&args, version);
	pvext_arg_text(&args, body);
	pvext_arg_name(&args, pvext_doer_name());
	if (pvext_own("WITH old AS (SELECT FROM pv.agreement WHERE name = $1 AND version = $2)"
				  " INSERT INTO pv.agreement AS a (name, version, body, digest, declared_by)"
				  " VALUES ($1, $2, $3, sha256(convert_to($3, 'UTF8')), $4)"
				  " ON CONFLICT (name, version) DO UPDATE SET body = excluded.body,"
				  " digest = excluded.digest, declared_at = excluded.declared_at,"
				  " declared_by = excluded.declared_by"
				  " WHERE a.withdrawn_at IS NULL AND a.body <> excluded.body COLLATE \"C\""
				  " RETURNING EXISTS (SELECT FROM old)", &args) > 0)
	{
		pvext_note_replaced(psprintf("agreement \"%s\", version \"%s\"", name, version));
		pvext_record_event(psprintf("declare_agreement(%s, %s)", name, version), NULL);
	}
	else if (is_withdrawn(name, version))
		withdrawn_version(name, version);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* pv.withdraw_agreement(name, version): nobody can accept it any more. */
Datum
pvext_withdraw_agreement(PG_FUNCTION_ARGS)
{
	char	   *name = pvext_required_text(fcinfo, 0, "name");
	char	   *version = pvext_required_text(fcinfo, 1, "version");
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_enter(&scope);
	pvext_arg_text(&args, name);
	pvext_arg_text(&args, version);
	if (pvext_own("UPDATE pv.agreement SET withdrawn_at = clock_timestamp()"
				  " WHERE name = $1 AND version = $2 AND withdrawn_at IS NULL", &args) == 0 &&
		is_withdrawn(name, version))
		withdrawn_version(name, version);
	pvext_record_event(psprintf("withdraw_agreement(%s, %s)", name, version), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * The digest of the words that are being accepted, which never change again.
 * The row is written by the first acceptance only.
 */
static bytea *
accepted_words(const char *name, const char *version)
{
	static PvextStatement select = {
		"SELECT digest, withdrawn_at IS NOT NULL FROM pv.agreement"
		" WHERE name = $1 AND version = $2 AND accepted", NULL
	};
	static PvextStatement update = {
		"UPDATE pv.agreement SET accepted = true WHERE name = $1 AND version = $2"
		" RETURNING digest, withdrawn_at IS NOT NULL", NULL
	};
	PvextArgs	args = {0};
	bytea	   *digest;
	bool		isnull;

	pvext_arg_text(&args, name);
	pvext_arg_text(&args, version);
	if (pvext_own_kept(&select, &args) == 0 && pvext_own_kept(&update, &args) == 0)
		unknown_version(name, version);
	if (pvext_bool(0, 2))
		withdrawn_version(name, version);
	digest = DatumGetByteaPCopy(pvext_datum(0, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return digest;
}

/*
 * Lock the row of the subject that a call's first arguments name.  Whoever
 * declares the table with another key keeps us out of pv.agreement_state
 * meanwhile: the map must be the one that is in force once we are in.
 */
static PvextTable *
lock_subject(FunctionCallInfo fcinfo, char **key)
{
	Oid			state = pvext_own_relation("agreement_state");
	PvextTable *subject;

	do
	{
		subject = pvext_map_subject(pvext_map(), PG_GETARG_OID(0));
		*key = pvext_lock_subject(subject, pvext_key_arg(fcinfo, 1), PVEXT_TO_RECORD);
		LockRelationOid(state, RowExclusiveLock);
	} while (!IsolationUsesXactSnapshot() && !pvext_map_is_current());
	return subject;
}

/*
 * Begin the values of an entry of the ledger, $1 to $7: of whom, about which
 * agreement, by whom, on what evidence.
 */
static void
begin_entry(FunctionCallInfo fcinfo, PvextArgs *args, const char *name,
			Jsonb *evidence)
{
	char	   *key;
	PvextTable *subject = lock_subject(fcinfo, &key);
	bytea	   *digest = pvext_subject_digest(subject->id, key);
	bytea	   *encrypted = pvext_encrypt_evidence("agreement", digest, evidence);

	pvext_arg_int4(args, subject->id);
	pvext_arg_text(args, name);
	pvext_arg_text(args, key);
	pvext_arg(args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_text(args, pvext_login_name());
	pvext_arg_text(args, GetUserNameFromId(GetUserId(), false));
	pvext_arg(args, BYTEAOID, PointerGetDatum(encrypted), encrypted == NULL);
}

/*
 * pv.accept_agreement(subject, key, name, version, evidence): record that a subject has
 * accepted a version.
 */
Datum
pvext_accept_agreement(PG_FUNCTION_ARGS)
{
	static PvextStatement insert = {
		"WITH s AS (INSERT INTO pv.agreement_state"
		"  (relation_id, name, key, subject_digest, state, version, since)"
		"  VALUES ($1, $2, $3, $4, 'accepted', $8, clock_timestamp())"
		"  ON CONFLICT (relation_id, name, key) DO UPDATE SET"
		"  (subject_digest, state, version, since) = (excluded.subject_digest,"
		"  excluded.state, excluded.version, excluded.since) RETURNING id, since)"
		" INSERT INTO pv.agreement_event (at, agreement_id, relation_id, name, version,"
		"  body_digest, action, login, role, evidence)"
		" SELECT s.since, s.id, $1, $2, $8, $9, 'accepted', $5, $6, $7 FROM s", NULL
	};
	char	   *name,
			   *version;
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_require_arg(fcinfo, 0, "subject");
	name = pvext_required_text(fcinfo, 2, "name");
	version = pvext_required_text(fcinfo, 3, "version");
	pvext_enter(&scope);
	begin_entry(fcinfo, &args, name, PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4));
	pvext_arg_text(&args, version);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(accepted_words(name, version)), false);
	(void) pvext_own_kept(&insert, &args);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pv.end_agreement(subject, key, name, evidence): record that an agreement of a subject's
 * has ended.
 */
Datum
pvext_end_agreement(PG_FUNCTION_ARGS)
{
	static PvextStatement update = {
		"WITH s AS (UPDATE pv.agreement_state SET state = 'ended',"
		"  since = clock_timestamp(), subject_digest = $4"
		"  WHERE relation_id = $1 AND name = $2 AND key = $3 AND state = 'accepted'"
		"  RETURNING id, version, since)"
		" INSERT INTO pv.agreement_event (at, agreement_id, relation_id, name, version,"
		"  action, login, role, evidence)"
		" SELECT s.since, s.id, $1, $2, s.version, 'ended', $5, $6, $7 FROM s", NULL
	};
	char	   *name;
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_require_arg(fcinfo, 0, "subject");
	name = pvext_required_text(fcinfo, 2, "name");
	pvext_enter(&scope);
	begin_entry(fcinfo, &args, name, PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3));
	check_name(name);
	if (pvext_own_kept(&update, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("agreement \"%s\" is not in force with the subject", name),
				 errhint("pv.bound_by() says which version is.")));
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pv.bound_by(subject, key, name, on_day): which version was a subject bound by on that
 * day?
 *
 * The day ends by the session's time zone, which pvext_enter() changes.
 */
Datum
pvext_bound_by(PG_FUNCTION_ARGS)
{
	static PvextStatement select = {
		"SELECT CASE WHEN e.action = 'accepted' THEN e.version END"
		" FROM pv.agreement_event AS e WHERE e.at < $4 AND e.agreement_id ="
		" (SELECT s.id FROM pv.agreement_state AS s"
		"  WHERE s.relation_id = $1 AND s.name = $2 AND s.key = $3)"
		" ORDER BY e.id DESC LIMIT 1", NULL, true
	};
	char	   *name;
	Datum		day,
				day_end,
				version = (Datum) 0;
	bool		isnull = true;
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextTable *subject;

	pvext_require_arg(fcinfo, 0, "subject");
	name = pvext_required_text(fcinfo, 2, "name");
	pvext_require_arg(fcinfo, 3, "on_day");
	day = DirectFunctionCall2(date_pli, PG_GETARG_DATUM(3), Int32GetDatum(1));
	day_end = DirectFunctionCall1(date_timestamptz, day);

	pvext_enter(&scope);
	subject = pvext_map_subject(pvext_map(), PG_GETARG_OID(0));
	pvext_arg_int4(&args, subject->id);
	pvext_arg_text(&args, name);
	pvext_arg_text(&args, pvext_lock_subject(subject, pvext_key_arg(fcinfo, 1), PVEXT_TO_LOOK));
	pvext_arg(&args, TIMESTAMPTZOID, day_end, false);
	check_name(name);
	if (pvext_own_kept(&select, &args) > 0)
		version = pvext_datum(0, 1, &isnull);
	if (!isnull)
		version = SPI_datumTransfer(version, false, -1);
	pvext_leave(&scope);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(version);
}

/* pv.agreement_evidence(event): what proved an event of the ledger, decrypted. */
Datum
pvext_agreement_evidence(PG_FUNCTION_ARGS)
{
	static PvextStatement select = {
		"SELECT e.evidence, s.subject_digest FROM pv.agreement_event AS e"
		" LEFT JOIN pv.agreement_state AS s ON s.id = e.agreement_id"
		" WHERE e.id = $1", NULL, true
	};
	PvextScope	scope;
	PvextArgs	args = {0};
	Jsonb	   *evidence = NULL;
	Datum		encrypted,
				digest,
				result = (Datum) 0;
	bool		no_evidence,
				no_subject;

	pvext_enter(&scope);
	pvext_arg(&args, INT8OID, PG_GETARG_DATUM(0), false);
	if (pvext_own_kept(&select, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no event %lld of an agreement", (long long) PG_GETARG_INT64(0)),
				 errhint("pv.agreement_history lists them.")));
	encrypted = pvext_datum(0, 1, &no_evidence);
	digest = pvext_datum(0, 2, &no_subject);
	if (!no_evidence && !no_subject)
		evidence = pvext_decrypt_evidence("agreement", DatumGetByteaPCopy(digest),
										  DatumGetByteaPCopy(encrypted));
	if (evidence)
		result = SPI_datumTransfer(JsonbPGetDatum(evidence), false, -1);
	pvext_leave(&scope);
	if (evidence == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/* Whose agreement it is, said twice: by the key and by its digest. */
static void
compare_key(uint64 row, void *arg)
{
	ReturnSetInfo *rsinfo = arg;
	bool		isnull;
	Datum		digest = pvext_datum(row, 3, &isnull);
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (!isnull && pvext_same_digest(DatumGetByteaPP(digest),
									 pvext_subject_digest((int32) pvext_int(row, 1), pvext_value(row, 2))))
		return;
	values[0] = CStringGetTextDatum(pvext_value(row, 4));
	values[1] = CStringGetTextDatum(pvext_value(row, 5));
	values[2] = CStringGetTextDatum(psprintf("state %lld is of another subject than its digest",
											 (long long) pvext_int(row, 6)));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * pv.verify_agreements(): where ledger, states and words disagree; no row is the proof.
 *
 * The words are hashed again; the ledger vouches for the digests, and for the state.
 */
Datum
pvext_verify_agreements(PG_FUNCTION_ARGS)
{
	static const char sql[] =
		PVEXT_WAYS ", a AS MATERIALIZED (SELECT id, name, version, accepted, digest,"
		"  sha256(convert_to(body, 'UTF8')) AS hash FROM pv.agreement)"
		" SELECT a.name, a.version, 'the words do not have the digest recorded with them'"
		" FROM a WHERE a.digest <> a.hash"
		" UNION ALL"
		" SELECT a.name, a.version, 'it has been accepted, and is not marked so'"
		" FROM a WHERE NOT a.accepted AND EXISTS"
		" (SELECT FROM pv.agreement_event AS e WHERE e.action = 'accepted'"
		"  AND e.name = a.name AND e.version = a.version)"
		" UNION ALL"
		" SELECT e.name, e.version, CASE WHEN a.id IS NULL"
		"  THEN format('event %s accepted a version that is no longer there', e.id)"
		"  ELSE format('event %s accepted other words', e.id) END"
		" FROM pv.agreement_event AS e"
		" LEFT JOIN a ON a.name = e.name AND a.version = e.version"
		" WHERE e.action = 'accepted' AND e.body_digest IS DISTINCT FROM a.hash"
		" UNION ALL"
		" SELECT e.name, e.version, format('the key to the evidence of event %s is gone', e.id)"
		" FROM pv.agreement_event AS e JOIN pv.agreement_state AS s ON s.id = e.agreement_id"
		" WHERE e.evidence IS NOT NULL AND s.subject_digest IS NOT NULL AND NOT EXISTS"
		" (SELECT FROM pv.evidence_key AS k WHERE k.ledger = 'agreement'"
		"  AND k.subject_digest = s.subject_digest)"
		" UNION ALL"
		" SELECT coalesce(s.name, e.name), coalesce(s.version, e.version),"
		"  CASE WHEN s.id IS NULL THEN format('event %s is not about any subject', e.id)"
		"  WHEN e.id IS NULL THEN format('state %s has no event', s.id)"
		"  ELSE format('state %s is not what event %s recorded last', s.id, e.id) END"
		" FROM pv.agreement_state AS s FULL JOIN (SELECT DISTINCT ON (l.agreement_id)"
		"  l.* FROM pv.agreement_event AS l ORDER BY l.agreement_id, l.id DESC) AS e"
		"  ON e.agreement_id = s.id"
		" WHERE (s.name, s.version, s.state)"
		"  IS DISTINCT FROM (e.name, e.version, e.action) OR NOT " PVEXT_CAME_ALONG
		" ORDER BY 1, 2, 3";
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PvextScope	scope;
	uint64		n;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	n = pvext_own(sql, NULL);
	for (uint64 i = 0; i < n; i++)
		tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[i]);
	pvext_own_each("SELECT s.relation_id, s.key, s.subject_digest, s.name, s.version, s.id"
				   " FROM pv.agreement_state AS s WHERE s.key IS NOT NULL ORDER BY s.id", NULL, compare_key, rsinfo);
	pvext_leave(&scope);
	return (Datum) 0;
}

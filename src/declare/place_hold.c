/*
 * place_hold.c
 *		Placing holds, and releasing them.
 *
 * What holds say is in rule/hold.c, what that means of a subject in verdict.c.  A hold
 * that is released, or has expired, stays on record.  To release one takes no lock but
 * its row's: an erasure that has seen it leaves its request open, and goes on with it
 * later.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "erase/missing_subject.h"
#include "fmgr.h"
#include "map/key.h"
#include "rule/hold.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(pvext_place_hold);
PG_FUNCTION_INFO_V1(pvext_release_hold);

/*
 * pv.place_hold(subject, key, reason, expires): keep a subject from being erased; returns
 * the hold's number.
 *
 * The row's lock is the one that an erasure takes first: a hold is either seen by the
 * erasure, or waits and finds the subject erased.  So it is with erasures of others who
 * share rows with the subject (shared_row.c).
 */
Datum
pvext_place_hold(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextTable *subject;
	char	   *reason,
			   *key;
	bytea	   *digest;
	int64		hold;

	pvext_require_arg(fcinfo, 0, "subject");
	reason = pvext_required_text(fcinfo, 2, "reason");
	if (!PG_ARGISNULL(3) && PG_GETARG_TIMESTAMPTZ(3) <= GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the hold would have expired already"),
				 errhint("Pass a time in the future, or none for a hold until released.")));

	pvext_enter(&scope);
	pvext_begin_hold();
	subject = pvext_map_subject(pvext_map(), PG_GETARG_OID(0));
	key = pvext_find_subject(subject, pvext_key_arg(fcinfo, 1), PVEXT_TO_HOLD);
	if (key == NULL)
		key = pvext_lock_gone(subject, pvext_key_arg(fcinfo, 1));
	if (key == NULL)
		pvext_unknown_key(subject);
	digest = pvext_subject_digest(subject->id, key);

	pvext_arg_int4(&args, subject->id);
	pvext_arg_text(&args, key);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_text(&args, reason);
	pvext_arg_name(&args, pvext_doer_name());
	pvext_arg(&args, TIMESTAMPTZOID, PG_ARGISNULL(3) ? (Datum) 0 : PG_GETARG_DATUM(3),
			  PG_ARGISNULL(3));
	(void) pvext_own("INSERT INTO pv.hold"
					 " (relation_id, key, subject_digest, reason, placed_by, expires)"
					 " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id", &args);
	hold = pvext_int(0, 1);
	pvext_record_event(psprintf("place_hold(%s)", subject->sql_name), digest);
	pvext_leave(&scope);
	PG_RETURN_INT64(hold);
}

/* pv.release_hold(hold, reason): end a hold. */
Datum
pvext_release_hold(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	int64		hold;
	char	   *reason;
	bytea	   *digest;
	bool		isnull;

	pvext_require_arg(fcinfo, 0, "hold");
	hold = PG_GETARG_INT64(0);
	reason = pvext_required_text(fcinfo, 1, "reason");

	pvext_enter(&scope);
	pvext_arg(&args, INT8OID, Int64GetDatum(hold), false);
	if (pvext_own("SELECT subject_digest, released_at IS NOT NULL"
				  " FROM pv.hold WHERE id = $1 FOR UPDATE", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no hold %lld", (long long) hold),
				 errhint("The table pv.hold shows the holds.")));
	if (pvext_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("hold %lld has been released before", (long long) hold)));
	digest = DatumGetByteaPCopy(pvext_datum(0, 1, &isnull));
	pvext_arg_name(&args, pvext_doer_name());
	pvext_arg_text(&args, reason);
	(void) pvext_own("UPDATE pv.hold SET released_at = now(), released_by = $2,"
					 " release_reason = $3 WHERE id = $1", &args);
	pvext_record_event(psprintf("release_hold(%lld)", (long long) hold), digest);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

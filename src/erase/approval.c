/*
 * approval.c
 *		Deciding on requests for erasure: approving and cancelling them.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/arg.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/relation.h"
#include "catalog/pg_type.h"
#include "erase/approval.h"
#include "erase/deferred.h"
#include "erase/erase.h"
#include "erase/register.h"
#include "erase/trait.h"
#include "fmgr.h"
#include "map/key.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(pvext_approve_erasure);
PG_FUNCTION_INFO_V1(pvext_cancel_erasure);

/*
 * Take the locks of the erasure that may follow, in its order, before the request's own
 * row.  For pvext_catch(): where they are not had, the approval stands, and the erasure
 * is the worker's.
 */
static void
lock_in_order(void *arg)
{
	PvextRequest request;
	PvextTable *subject;

	pvext_read_request(arg, false, &request);
	if (request.key == NULL)
		return;					/* completed or cancelled */
	subject = pvext_map_subject(pvext_map(), pvext_relation_by_id(request.relation_id));
	(void) pvext_find_subject(subject, request.key, PVEXT_TO_HOLD);	/* its row may be gone */
}

/* Take those locks.  Returns whether they were had in time. */
static bool
try_to_lock(pg_uuid_t *id)
{
	ErrorData  *error = pvext_catch(lock_in_order, id);

	if (error && error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	return error == NULL;
}

/*
 * A request takes two persons: neither the login nor the role of who approves is one of
 * those that it was made by, and it is no code that somebody runs without having asked
 * for it, such as an index expression under ANALYZE.
 */
static void
check_approver(const PvextRequest *request)
{
	const char *login = pvext_login_name();
	const char *role = GetUserNameFromId(GetUserId(), false);

	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("an erasure cannot be approved by code that runs on somebody's behalf"),
				 errhint("Call pv.approve_erasure() by itself.")));
	if (strcmp(request->requested_by, login) == 0 || strcmp(request->requested_role, login) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("a request cannot be approved by the login that made it"),
				 errhint("Let another login approve it.")));
	if (strcmp(request->requested_by, role) == 0 || strcmp(request->requested_role, role) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("a request cannot be approved under the role that made it"),
				 errhint("Let another login approve it, under a role of its own.")));
}

/* pv.approve_erasure(erasure): approve a request and, if it is due, carry it out. */
Datum
pvext_approve_erasure(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextRequest request;
	PvextArgs	args = {0};
	bool		locked;

	pvext_begin_erasure(&scope);
	locked = try_to_lock(PG_GETARG_UUID_P(0));
	pvext_read_request(PG_GETARG_UUID_P(0), true, &request);
	if (strcmp(request.state, "requested") != 0 || request.approved_by)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the erasure does not wait for an approval"),
				 errhint("Its state is \"%s\".", request.state)));
	check_approver(&request);
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	pvext_arg_name(&args, pvext_login_name());
	(void) pvext_own("UPDATE pv.erasure_ledger SET approved_by = $2 WHERE id = $1", &args);
	pvext_record_event("approve_erasure", request.subject_digest);
	if (!locked)
		pvext_warn_of_deferral();
	else if (request.due_at <= GetCurrentTransactionStartTimestamp())
		return pvext_return_erasure(fcinfo, &scope,
						  linitial(pvext_erase_keys(pvext_relation_by_id(request.relation_id),
														   list_make1(request.key), NULL, &request.id)));
	return pvext_return_erasure(fcinfo, &scope, pvext_request_row(&request.id));
}

/* Has the key of an open request been given to somebody else? */
static bool
is_about_another(PvextRequest *request)
{
	PvextTable *subject;

	if (!pvext_is_open(request) || request->key == NULL || strcmp(request->state, "verifying") == 0)
		return false;
	subject = pvext_map_subject(pvext_map(), pvext_relation_by_id(request->relation_id));
	return pvext_any_traits(subject) &&
		!pvext_is_same_person(request, pvext_read_traits(subject, list_make1(request->key))[0]);
}

/*
 * End a request of which nothing has been carried out, or that is about somebody else by
 * now.  Between pvext_enter() and pvext_leave().
 *
 * It locks the request alone.  An erasure that is under way has the subject's row, and
 * asks for the request again under its lock before it erases (is_still_open()).
 */
void
pvext_end_request(const pg_uuid_t *id, const char *reason)
{
	PvextRequest request;
	PvextArgs	args = {0};

	pvext_read_request(id, true, &request);
	if ((request.executed ||
		 (strcmp(request.state, "requested") != 0 && strcmp(request.state, "blocked") != 0)) &&
		!is_about_another(&request))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the erasure cannot be cancelled any more"),
				 errhint("Its state is \"%s\".", request.state)));
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	pvext_arg_text(&args, reason);
	(void) pvext_own("UPDATE pv.erasure_ledger SET state = 'cancelled', key = NULL, former_keys = NULL, traits = NULL,"
					 " reason = concat_ws('; cancelled: ', reason, $2) WHERE id = $1", &args);
	pvext_tell_entered_one(id, request.subject_digest);
	pvext_record_event("cancel_erasure", request.subject_digest);
}

/* pv.cancel_erasure(erasure, reason): end a request, as above. */
Datum
pvext_cancel_erasure(PG_FUNCTION_ARGS)
{
	PvextScope	scope;

	pvext_require_arg(fcinfo, 0, "erasure");
	pvext_require_arg(fcinfo, 1, "reason");
	pvext_enter(&scope);
	pvext_end_request(PG_GETARG_UUID_P(0), pvext_text_arg(fcinfo, 1));
	return pvext_return_erasure(fcinfo, &scope, pvext_request_row(PG_GETARG_UUID_P(0)));
}

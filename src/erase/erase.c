/*
 * erase.c
 *		Erasure: from the call to the ledger.
 *
 * A call is one transaction, all or nothing.  It locks the tables that the plan touches,
 * then the subjects' own rows in key order; what is decided by the map is decided under
 * these locks.  The rest is done subject by subject (erasure_case.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/arg.h"
#include "base/catch.h"
#include "base/compat.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "consent/ending.h"
#include "erase/deferred.h"
#include "erase/erase.h"
#include "erase/erasure_case.h"
#include "erase/former_key.h"
#include "erase/missing_subject.h"
#include "erase/trait.h"
#include "funcapi.h"
#include "map/key.h"
#include "miscadmin.h"
#include "plan/planner.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(pvext_erase_subject);
PG_FUNCTION_INFO_V1(pvext_erase_subjects);

/*
 * Deferred triggers that are queued, and constraints that would queue more, run now, as
 * the caller: at commit they would run as the caller too, but on behalf of what a table's
 * owner did.  A call runs them before pvext_enter(), under the caller's settings; a step
 * of a duty has none, and lets constraints be checked at once from here on.
 */
void
pvext_run_deferred_triggers(void)
{
	ConstraintsSetStmt *stmt = makeNode(ConstraintsSetStmt);

	AfterTriggerSetState(stmt);
}

/* What an erasure needs of the transaction it is in. */
static void
check_transaction(void)
{
	PreventCommandIfReadOnly("pv.erase_subject()");
	PreventCommandDuringRecovery("pv.erase_subject()");
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("an erasure must see rows that are committed while it waits"),
				 errhint("Run it in a transaction of isolation level READ COMMITTED.")));
}

/*
 * Lock the subjects' own rows, in key order: calls that have several in common wait for
 * one another, not in a circle.
 */
static List *
lock_subjects(PvextTable *subject, PvextPlan *plan, List *keys)
{
	List	   *parts = NIL;
	ListCell   *lc;

	foreach(lc, keys)
		parts = lappend(parts, pvext_split_key(subject, lfirst(lc)));
	return pvext_lock_rows(plan, parts, true);
}

/* The arguments and the result of pvext_erase_keys(). */
typedef struct Call
{
	Oid			relid;
	List	   *keys;
	char	   *reason;
	const pg_uuid_t *request;	/* what is carried out, as long as it is open; or NULL */
	List	   *results;
	bool		again;			/* the map has changed: once more */
} Call;

/*
 * Is the request that is carried out still open?  It was when it was listed; since then,
 * or while its locks were waited for, somebody may have cancelled it or done it.
 */
static bool
is_still_open(const Call *call)
{
	PvextRequest request;

	if (call->request == NULL)
		return true;
	pvext_read_request(call->request, true, &request);
	return pvext_is_open(&request);
}

/*
 * For pvext_with_map().  What is decided by the map is decided on what stands once the
 * locks are had: a table that has changed hands, or a blocker that was declared, while
 * they were waited for is not missed.  The locks that it took stay until the transaction
 * ends, also where it begins again, by the map of now.
 */
static void
erase_by_map(PvextMap *map, void *arg)
{
	Call	   *call = arg;
	PvextTable *subject = pvext_map_subject(map, call->relid);
	PvextPlan  *plan = pvext_plan(map, subject, NULL);
	List	   *rows;

	if (plan->targets == NIL && plan->removals == NIL && !pvext_any_trace(subject))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing about the subjects of %s is declared personal",
						subject->sql_name),
				 errhint("Declare it with pv.declare_personal(); pv.generate_map() makes a proposal.")));
	pvext_lock_plan(plan, RowExclusiveLock);
	call->again = !pvext_map_is_current();
	if (call->again)
		return;
	rows = lock_subjects(subject, plan, call->keys);
	if (list_length(rows) < list_length(call->keys) &&
		pvext_follow_requests(subject, &call->keys, rows))
		rows = lock_subjects(subject, plan, call->keys);
	call->again = !pvext_map_is_current();
	if (!call->again && is_still_open(call))
		call->results = pvext_erase_rows(map, plan, rows, call->keys, call->reason, call->request != NULL);
}

/*
 * For pvext_catch().  Again where the map has changed while locks were waited for: those
 * that were had are kept, so that it is the last time, unless something is declared again
 * and again.
 */
static void
erase_call(void *arg)
{
	do
		pvext_with_map(erase_by_map, arg);
	while (((Call *) arg)->again);
}

/*
 * Erase subjects: keys is a list of key texts.  Returns their rows of pv.erasure, in the
 * order of their keys, living as long as the SPI connection.  request, or NULL, is the
 * one that is gone on with.  Where a lock is not had in time, nothing is erased, and the
 * requests are entered for later, with a warning.  Between pvext_enter() and
 * pvext_leave(), in a transaction that writes, of isolation level READ COMMITTED, after
 * pvext_run_deferred_triggers().
 *
 * It is tried in a subtransaction.  Whatever else is wrong is raised as it was.
 */
List *
pvext_erase_keys(Oid relid, List *keys, char *reason, const pg_uuid_t *request)
{
	Call		call = {relid, keys, reason, request};
	ErrorData  *error;

	if (keys == NIL)
		return NIL;
	error = pvext_catch(erase_call, &call);
	if (error == NULL)
		return call.results;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	return pvext_defer_requests(relid, keys, reason);
}

/*
 * Begin a call that erases, in a transaction of READ COMMITTED that may write: pvext_enter(),
 * after deferred triggers have run as the caller.
 */
void
pvext_begin_erasure(PvextScope *scope)
{
	check_transaction();
	pvext_run_deferred_triggers();
	pvext_enter(scope);
}

/*
 * End it, returning one row of pv.erasure.  It is copied out of SPI's memory before that
 * goes.
 */
Datum
pvext_return_erasure(FunctionCallInfo fcinfo, PvextScope *scope, HeapTuple row)
{
	TupleDesc	desc;
	HeapTupleHeader result;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	result = SPI_returntuple(row, BlessTupleDesc(desc));
	pvext_leave(scope);
	return HeapTupleHeaderGetDatum(result);
}

/*
 * Carry out a request, whose key as the subject's row spells it is key, as far as that is
 * possible now, between pvext_enter() and pvext_leave().  Returns whether it was open
 * still.  Raises 55P03 where a lock is not had in time.
 */
bool
pvext_carry_out(Oid relid, const pg_uuid_t *id, char *key)
{
	Call		call = {relid, list_make1(key), NULL, id};

	check_transaction();
	pvext_run_deferred_triggers();
	erase_call(&call);
	return call.results != NIL;
}

/* pv.erase_subject(subject, key, reason): erase one subject, and its row of pv.erasure. */
Datum
pvext_erase_subject(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	List	   *rows;

	pvext_require_arg(fcinfo, 0, "subject");
	pvext_begin_erasure(&scope);
	rows = pvext_erase_keys(PG_GETARG_OID(0), list_make1(pvext_key_arg(fcinfo, 1)),
					   pvext_text_arg(fcinfo, 2), NULL);
	return pvext_return_erasure(fcinfo, &scope, linitial(rows));
}

/*
 * pv.erase_subjects(subject, keys, reason): erase several, all or none, and their rows of
 * pv.erasure.
 */
Datum
pvext_erase_subjects(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	List	   *rows;
	ListCell   *lc;

	pvext_require_arg(fcinfo, 0, "subject");
	pvext_require_arg(fcinfo, 1, "keys");
	InitMaterializedSRF(fcinfo, 0);
	pvext_begin_erasure(&scope);
	rows = pvext_erase_keys(PG_GETARG_OID(0), pvext_texts_arg(fcinfo, 1, "keys"),
					   pvext_text_arg(fcinfo, 2), NULL);
	foreach(lc, rows)
		tuplestore_puttuple(((ReturnSetInfo *) fcinfo->resultinfo)->setResult, lfirst(lc));
	pvext_leave(&scope);
	return (Datum) 0;
}

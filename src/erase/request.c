/*
 * request.c
 *		The duty "erase": requests that are open go on by themselves.
 *
 * A request waits for its time or an approval, for blockers and holds to go, for
 * retention to end, or for transactions that were running. Whichever may have come is
 * carried out as if it were asked for again, each in a step of its own. Of those that
 * blockers hold, the verdict is asked first: nothing is written where it is the same.
 *
 * What one request has waited for in vain, a table that is locked or an expression that
 * takes too long, the others of that subject table do not wait for in the same run.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/guc.h"
#include "base/relation.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "duty/failure.h"
#include "erase/carry_out.h"
#include "erase/deferred.h"
#include "erase/erase.h"
#include "erase/older_transaction.h"
#include "erase/request.h"
#include "erase/verdict.h"
#include "execution/held_others.h"
#include "execution/slot.h"
#include "map/key.h"
#include "plan/planner.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

/* On what channel the end of a request is told; the payload is its id. */
#define CHANNEL "pvext_erasure"

/* A request that may be able to go on. */
typedef struct Request
{
	pg_uuid_t	id;
	char	   *name;			/* the id as text */
	int32		relation_id;
	Oid			relid;
	char	   *key;
	bytea	   *digest;
	bool		blocked;		/* it may be blocked still, or not for long enough */
	bool		clear;			/* its blockers had gone */
	bool		failed;			/* it, or all of its table, when it was tried last */
	List	   *blocked_by;		/* C strings */
} Request;

typedef struct Requests
{
	PvextDutyRun   *run;
	List	   *open;			/* Request */
	Request    *request;		/* the one in hand */
	List	   *locked;			/* Oid: tables that somebody keeps locked */
	List	   *waited;			/* Oid: subject tables, one for each lock that was not had */
	List	   *slow;			/* Oid: subject tables of which a statement took too long */
	bool		completed;
	bool		tried;
	bool		passed;			/* it would have to wait, too */
} Requests;

/* As many of a subject table wait for locks, of whatever it may be. */
#define MOST_WAITS 3

/*
 * Retention ends row by row: what it holds back is tried when the last of it has ended,
 * and once a day before that.
 */
#define RETENTION_ENDS \
	" (coalesce(e.tried_at, e.executed_at, e.requested_at) < now() - interval '1 day'" \
	"  OR coalesce(e.retained_until <= now() AND (e.tried_at IS NULL OR e.tried_at < e.retained_until" \
	"   OR e.tried_at < now() - interval '1 hour'), false))"

/* A hold may be released at any time, whatever else keeps what it keeps. */
#define NAMES_HOLD \
	" EXISTS (SELECT FROM unnest(e.blocked_by) AS b WHERE b ~ '^hold [0-9]+: ' OR b = '" PVEXT_SOME_HOLD "')"

/*
 * For pvext_step(): the requests that may be able to go on, in the order in which they
 * were made, those after the one at which the last run stopped first.
 */
static void
list_requests(void *arg)
{
	Requests   *requests = arg;
	PvextArgs	args = {0};
	uint64		n;

	pvext_forget_failures(requests->run,
						  "EXISTS (SELECT FROM pv.erasure_ledger AS e WHERE e.relation_id = f.relation_id"
						  " AND f.name IN ('', CAST(e.id AS text)) AND e.state NOT IN ('completed', 'cancelled'))");
	if (!pvext_never_used("older_transaction"))
		pvext_settle_older();
	pvext_arg_int4(&args, pvext_erasure_approvals);
	pvext_arg_bool(&args, requests->run->patient);
	pvext_arg_text(&args, requests->run->resume);
	pvext_arg_int4(&args, pvext_unblock_delay);
	n = pvext_own("SELECT e.id, e.relation_id, r.relation, e.key, e.subject_digest, e.blocked_by,"
				  " e.state IN ('blocked', 'partial') AND NOT" RETENTION_ENDS
				  " AND (e.state <> 'partial' OR e.blocked_by <> '{}' OR e.retained_until IS NOT NULL)"
				  " AND (e.clear_since + make_interval(secs => $4) <= now()) IS NOT TRUE,"
				  " f.failed, e.clear_since IS NOT NULL"
				  " FROM pv.erasure_ledger AS e JOIN pv.relation AS r ON r.id = e.relation_id"
				  " JOIN pg_class AS c ON c.oid = r.relation"
				  " LEFT JOIN pv.erasure_ledger AS l ON l.id = CAST($3 AS uuid)"
				  " CROSS JOIN LATERAL (SELECT count(*) > 0 AS failed, max(x.retry_at) AS retry_at"
				  "  FROM pv.duty_failure AS x WHERE x.duty = 'erase' AND x.relation_id = e.relation_id"
				  "  AND x.name IN ('', CAST(e.id AS text))) AS f"
				  " WHERE e.key IS NOT NULL AND ($2 AND f.retry_at > now()) IS NOT TRUE AND CASE e.state"
				  " WHEN 'requested' THEN e.due_at <= now() AND ($1 = 0 OR e.approved_by IS NOT NULL)"
				  " WHEN 'verifying' THEN NOT EXISTS (SELECT FROM pv.older_transaction AS w"
				  "  WHERE w.set_id = e.verify_after)"
				  " WHEN 'blocked' THEN e.retained_until IS NULL OR" NAMES_HOLD " OR" RETENTION_ENDS
				  " WHEN 'partial' THEN e.blocked_by <> '{}' OR e.retained_until IS NULL OR" RETENTION_ENDS
				  " ELSE false END"
				  " ORDER BY (e.requested_at, e.id) <= (l.requested_at, l.id), e.requested_at, e.id", &args);
	MemoryContextSwitchTo(requests->run->context);
	for (uint64 i = 0; i < n; i++)
	{
		Request    *request = palloc0(sizeof(Request));
		bool		isnull;

		request->id = *DatumGetUUIDP(pvext_datum(i, 1, &isnull));
		request->name = pvext_value(i, 1);
		request->relation_id = (int32) pvext_int(i, 2);
		request->relid = (Oid) pvext_int(i, 3);
		request->key = pvext_value(i, 4);
		request->digest = DatumGetByteaPCopy(pvext_datum(i, 5, &isnull));
		request->blocked_by = pvext_texts(i, 6);
		request->blocked = pvext_bool(i, 7);
		request->failed = pvext_bool(i, 8);
		request->clear = pvext_bool(i, 9);
		requests->open = lappend(requests->open, request);
	}
}

/*
 * Do holds and blockers say what they said before?  Where they say nothing it may be
 * retention, which says the same until it ends.  Without a lock: it decides only whether
 * the request is tried.
 */
static void
look(PvextMap *map, void *arg)
{
	Requests   *requests = arg;
	Request    *request = requests->request;
	PvextTable *subject = pvext_map_subject(map, request->relid);
	PvextPlan  *plan = pvext_plan(map, subject, NULL);
	List	   *rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, request->key)), false);
	PvextVerdict verdict;
	List	   *reasons;

	if (rows == NIL)
		return;
	pvext_set_rows(plan, rows);
	pvext_read_others(plan);
	pvext_verdict(plan, request->digest, true, false, NULL, &verdict);
	reasons = pvext_reasons(&verdict);
	if (request->clear)
		requests->tried = verdict.all_blocked;
	else if (reasons != NIL)
		requests->tried = !pvext_same_names(reasons, request->blocked_by);
	else
		requests->tried = !pvext_same_names(pvext_retention_bases(plan), request->blocked_by);
}

/*
 * What is not waited for again
 */

/* The tables that the request needs. */
static List *
tables_of(PvextMap *map, Request *request)
{
	return pvext_plan(map, pvext_map_subject(map, request->relid), NULL)->tables;
}

/* Does a table that the request needs belong to those that somebody keeps locked, still? */
static void
find_obstacle(PvextMap *map, void *arg)
{
	Requests   *requests = arg;
	ListCell   *lc;

	foreach(lc, tables_of(map, requests->request))
	{
		Oid			relid = ((PvextTable *) lfirst(lc))->relid;

		if (list_member_oid(requests->locked, relid) &&
			!ConditionalLockRelationOid(relid, RowExclusiveLock))
			requests->passed = true;
	}
}

/* Find the tables that the request needs and somebody keeps locked. */
static void
find_locked_by_map(PvextMap *map, void *arg)
{
	Requests   *requests = arg;
	MemoryContext old;
	ListCell   *lc;

	foreach(lc, tables_of(map, requests->request))
	{
		Oid			relid = ((PvextTable *) lfirst(lc))->relid;

		/* What is had goes with the step; the request itself is not tried in this one. */
		if (ConditionalLockRelationOid(relid, RowExclusiveLock))
			continue;
		old = MemoryContextSwitchTo(requests->run->context);
		requests->locked = list_append_unique_oid(requests->locked, relid);
		MemoryContextSwitchTo(old);
	}
}

/* For pvext_step(), after the one that failed: its locks are gone. */
static void
find_locked(void *arg)
{
	pvext_with_map(find_locked_by_map, arg);
}

/* Have enough of the subject table waited? */
static bool
is_passed_over(Requests *requests)
{
	Oid			relid = requests->request->relid;
	int			n = 0;
	ListCell   *lc;

	foreach(lc, requests->waited)
		n += lfirst_oid(lc) == relid;
	return n >= MOST_WAITS || list_member_oid(requests->slow, relid);
}

/* Requests were not tried, and are not failures. */
static void
note_passed_over(PvextDutyRun *run)
{
	if (run->error == NULL)
		run->error = MemoryContextStrdup(run->context,
										 "requests that would have waited in vain are left for the next run");
}

/* Record that the request in hand has failed, and what that means for others. */
static void
note_failure(Requests *requests, ErrorData *error)
{
	PvextDutyRun   *run = requests->run;
	Request    *request = requests->request;

	pvext_failed(run, request->relation_id, request->name, error);
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
	{
		requests->waited = lappend_oid(requests->waited, request->relid);
		(void) pvext_step(run, find_locked, requests);
	}
	else if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
	{
		requests->slow = lappend_oid(requests->slow, request->relid);
		pvext_failed(run, request->relation_id, "", error);
	}
}

/*
 * Carrying out
 */

/*
 * For pvext_step(): carry out the request in hand, unless it would wait in vain, or the
 * verdict is the same as before.
 */
static void
carry_out(void *arg)
{
	Requests   *requests = arg;
	Request    *request = requests->request;
	PvextArgs	args = {0};
	char	   *key;

	requests->tried = true;
	requests->completed = requests->passed = false;
	if (requests->locked != NIL)
		pvext_with_map(find_obstacle, requests);
	if (requests->passed)
		requests->tried = false;
	else if (request->blocked)
		pvext_with_map(look, requests);
	if (!requests->tried)
		return;
	key = pvext_spell_request(request->relid, &request->id, request->key);
	if (key && !pvext_carry_out(request->relid, &request->id, key))
		return;
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&request->id), false);
	(void) pvext_own("UPDATE pv.erasure_ledger SET tried_at = now() WHERE id = $1"
					 " RETURNING state = 'completed'", &args);
	requests->completed = pvext_bool(0, 1);
	if (requests->completed)
		Async_Notify(CHANNEL, request->name);
}

/* Try the request in hand.  False where the next is no better off. */
static bool
try_request(Requests *requests)
{
	PvextDutyRun   *run = requests->run;
	Request    *request = requests->request;
	ErrorData  *error;

	if (is_passed_over(requests))
	{
		note_passed_over(run);
		return true;
	}
	pvext_at(run, request->relation_id, request->name);
	run->stopped_at = request->name;
	error = pvext_step(run, carry_out, requests);
	if (error)
	{
		note_failure(requests, error);
		return error->sqlerrcode != ERRCODE_PROGRAM_LIMIT_EXCEEDED; /* pvext.erasure_limit */
	}
	run->done += requests->completed;
	if (requests->passed)
		note_passed_over(run);
	else if (request->failed)
	{
		pvext_succeeded(run, request->relation_id, request->name);
		pvext_succeeded(run, request->relation_id, "");
	}
	return true;
}

/* The duty: requests in the order in which they were made. */
void
pvext_complete_requests(PvextDutyRun *run)
{
	Requests	requests = {run};
	ErrorData  *error = pvext_step(run, list_requests, &requests);
	ListCell   *lc;

	if (error)
		pvext_failed(run, 0, "", error);
	foreach(lc, requests.open)
	{
		if (pvext_is_over(run))
			break;
		requests.request = lfirst(lc);
		if (!try_request(&requests))
			break;
		pvext_rest(run, 0);
	}
}

/*
 * request.c
 *		The duty "erase": requests that are open go on by themselves.
 *
 * A request waits for its time or an approval, for blockers and holds to go, for
 * retention to end, or for transactions that were running. Whichever may have come is
 * carried out as if it were asked for again, each in a step of its own. Of those that
 * blockers hold, the verdict is asked first: nothing is written where it is the same.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "deferred.h"
#include "duty.h"
#include "erase.h"
#include "failure.h"
#include "guc.h"
#include "key.h"
#include "ledger.h"
#include "older.h"
#include "run.h"
#include "spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/uuid.h"
#include "verdict.h"

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
	bool		blocked;		/* it may be blocked still */
	List	   *blocked_by;		/* C strings */
} Request;

typedef struct Requests
{
	PvextRun   *run;
	List	   *open;			/* Request */
	Request    *request;		/* the one in hand */
	bool		completed;
	bool		tried;
} Requests;

static List *
text_list(Datum array)
{
	Datum	   *elements;
	int			n;
	List	   *texts = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  NULL, &n);
	for (int i = 0; i < n; i++)
		texts = lappend(texts, TextDatumGetCString(elements[i]));
	return texts;
}

/*
 * Retention ends row by row: what it holds back is tried when the last of it has ended,
 * and once a day before that.
 */
#define RETENTION_ENDS \
	" (coalesce(e.tried_at, e.executed_at, e.requested_at) < now() - interval '1 day'" \
	"  OR (coalesce(e.retained_until, now()) <= now() AND coalesce(e.tried_at < e.retained_until" \
	"   OR e.tried_at < now() - interval '1 hour', true)))"

static void
list_requests(void *arg)
{
	Requests   *requests = arg;
	PvextArgs	args = {0};
	uint64		n;

	pvext_forget_failures(requests->run,
						  "EXISTS (SELECT FROM pv.erasure_ledger AS e WHERE CAST(e.id AS text) = f.name"
						  " AND e.state NOT IN ('completed', 'cancelled'))");
	if (!pvext_never_used("older_transaction"))
		pvext_settle_older();
	pvext_arg_int4(&args, pvext_erasure_approvals);
	n = pvext_own("SELECT e.id, e.relation_id, r.relation, e.key, e.subject_digest, e.blocked_by,"
				  " e.state IN ('blocked', 'partial') AND e.clear_since IS NULL AND NOT" RETENTION_ENDS
				  " FROM pv.erasure_ledger AS e JOIN pv.relation AS r ON r.id = e.relation_id"
				  " JOIN pg_class AS c ON c.oid = r.relation WHERE e.key IS NOT NULL AND CASE e.state"
				  " WHEN 'requested' THEN e.due_at <= now() AND ($1 = 0 OR e.approved_by IS NOT NULL)"
				  " WHEN 'verifying' THEN NOT EXISTS (SELECT FROM pv.older_transaction AS w"
				  "  WHERE w.set_id = e.verify_after)"
				  " WHEN 'blocked' THEN e.retained_until IS NULL OR" RETENTION_ENDS
				  " WHEN 'partial' THEN e.blocked_by <> '{}' OR" RETENTION_ENDS
				  " ELSE false END ORDER BY e.requested_at", &args);
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
		request->blocked_by = text_list(pvext_datum(i, 6, &isnull));
		request->blocked = pvext_bool(i, 7) && request->blocked_by != NIL;
		requests->open = lappend(requests->open, request);
	}
}

/* Do holds and blockers say what they said before? */
static void
look(PvextMap *map, void *arg)
{
	Requests   *requests = arg;
	Request    *request = requests->request;
	PvextTable *subject = pvext_map_subject(map, request->relid);
	PvextPlan  *plan = pvext_plan(map, subject, NULL);
	List	   *rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, request->key)), false);
	PvextVerdict verdict;

	if (rows == NIL)
		return;
	pvext_set_rows(plan, rows);
	pvext_verdict(plan, request->digest, true, false, &verdict);
	requests->tried = verdict.reasons == NIL ||
		!pvext_same_names(verdict.reasons, request->blocked_by);
}

static void
carry_out(void *arg)
{
	Requests   *requests = arg;
	Request    *request = requests->request;
	PvextArgs	args = {0};
	char	   *key;

	requests->tried = true;
	requests->completed = false;
	if (pvext_is_paused(requests->run, request->relation_id, request->name))
		requests->tried = false;
	else if (request->blocked)
		pvext_with_map(look, requests);
	if (!requests->tried)
		return;
	key = pvext_spell_request(request->relid, &request->id, request->key);
	if (key)
		(void) pvext_carry_out(request->relid, key);
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&request->id), false);
	(void) pvext_own("UPDATE pv.erasure_ledger SET tried_at = now() WHERE id = $1"
					 " RETURNING state = 'completed'", &args);
	requests->completed = pvext_bool(0, 1);
	if (requests->completed)
		Async_Notify(CHANNEL, request->name);
}

/* The duty: requests in the order in which they were made. */
void
pvext_complete_requests(PvextRun *run)
{
	Requests	requests = {run};
	ErrorData  *error = pvext_step(run, list_requests, &requests);
	ListCell   *lc;

	if (error)
		pvext_failed(run, 0, "", error);
	foreach(lc, requests.open)
	{
		if (run->stop)
			break;
		requests.request = lfirst(lc);
		error = pvext_step(run, carry_out, &requests);
		if (error)
		{
			pvext_failed(run, requests.request->relation_id, requests.request->name, error);
			if (error->sqlerrcode == ERRCODE_PROGRAM_LIMIT_EXCEEDED)
				break;			/* pvext.erasure_limit: the next is no better off */
			continue;
		}
		run->done += requests.completed;
		if (requests.tried)
			pvext_succeeded(run, requests.request->relation_id, requests.request->name);
		pvext_rest(run, 0);
	}
}

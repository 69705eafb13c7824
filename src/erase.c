/*
 * erase.c
 *		Erasure: from the call to the ledger.
 *
 * A call is one transaction, all or nothing.  It locks the subjects' own rows
 * in key order, asks for the verdict on each, carries out what may go now, and
 * enters in the ledger what became of each request.
 */
#include "postgres.h"
#include "message.h"

#include "access/xact.h"
#include "allowance.h"
#include "arg.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "catch.h"
#include "commands/trigger.h"
#include "compat.h"
#include "deferred.h"
#include "ending.h"
#include "erase.h"
#include "event.h"
#include "failure.h"
#include "former.h"
#include "funcapi.h"
#include "gone.h"
#include "guc.h"
#include "hold.h"
#include "identity.h"
#include "key.h"
#include "known_text.h"
#include "look.h"
#include "miscadmin.h"
#include "held_others.h"
#include "part.h"
#include "planner.h"
#include "redact.h"
#include "relation.h"
#include "secret.h"
#include "suppression.h"
#include "trait.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "verdict.h"

/* So many subjects are erased one by one, and the rows of each are counted. */
#define FEW_SUBJECTS 10

/* One subject of a call. */
typedef struct Case
{
	PvextRow   *row;
	PvextRequest request;
	PvextVerdict verdict;
	bool		execute;
	bool		strange;		/* the row is another person's by now, as it seems */
	HeapTuple	result;
} Case;

PG_FUNCTION_INFO_V1(pvext_erase_subject);
PG_FUNCTION_INFO_V1(pvext_erase_subjects);
PG_FUNCTION_INFO_V1(pvext_approve_erasure);
PG_FUNCTION_INFO_V1(pvext_cancel_erasure);

/*
 * Deferred triggers that are queued, and constraints that would queue more,
 * run now, as the caller: at commit they would run as the caller too, but on
 * behalf of what a table's owner did.
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

/* A request's place in time: may it be carried out now? */
static bool
is_due(Case *c)
{
	PvextRequest *request = &c->request;
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (strcmp(request->state, "requested") != 0)
		return true;
	return request->due_at <= now &&
		(pvext_erasure_approvals == 0 || request->approved_by != NULL);
}

/* The open request of a subject that may be known, or a new one. */
static void
open_request(PvextTable *subject, Case *c, bytea *digest, bool known, char *reason)
{
	PvextRequest *request = &c->request;

	if (known)
		pvext_find_request(subject, digest, request);
	if (!pvext_is_open(request))
		pvext_new_request(request, digest);
	request->key = c->row->key;
	request->subject_digest = digest;
	request->until = DT_NOBEGIN;
	request->reason = reason;
}

/* A blocked request whose blockers have gone waits pvext.unblock_delay more. */
static bool
is_clear_long_enough(PvextRequest *request)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (pvext_unblock_delay == 0 || strcmp(request->state, "blocked") != 0)
		return true;
	if (!request->was_clear)
	{
		request->was_clear = true;
		request->clear_since = now;
	}
	return now - request->clear_since >= (int64) pvext_unblock_delay * USECS_PER_SEC;
}

/* Ask for the verdict on one subject, whose row is locked. */
static void
judge(PvextPlan *plan, Case *c, bool held)
{
	PvextRequest *request = &c->request;

	if (!is_due(c))
		return;
	pvext_set_rows(plan, list_make1(c->row));
	pvext_verdict(plan, request->subject_digest, held, true, &c->verdict);
	request->blocked_by = pvext_reasons(&c->verdict);
	if (c->verdict.all_blocked)
	{
		request->was_clear = false;
		if (strcmp(request->state, "requested") == 0 || strcmp(request->state, "verifying") == 0)
			request->state = request->executed && request->exists ? "partial" : "blocked";
		return;
	}
	c->execute = is_clear_long_enough(request);
}

/* How many subjects are to lose data that have lost none by their request yet. */
static int64
count_new(List *cases)
{
	ListCell   *lc;
	int64		n = 0;

	foreach(lc, cases)
	{
		Case	   *c = lfirst(lc);

		n += c->execute && !c->request.executed;	/* asking twice is harmless */
	}
	return n;
}

/* Why mandatory rules keep what they keep. */
List *
pvext_retention_bases(PvextPlan *plan)
{
	List	   *bases = NIL;
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		char	   *basis = ((PvextTarget *) lfirst(lc))->basis;

		if (basis && !pvext_has_name(bases, basis))
			bases = lappend(bases, basis);
	}
	return bases;
}

/* The state that an executed request is in now. */
static void
conclude(PvextPlan *plan, Case *c, PvextOutcome *outcome, PvextEnding *ending, PvextLook *look)
{
	PvextRequest *request = &c->request;

	request->until = Max(outcome->until, ending->until);
	request->was_clear = false;
	if (outcome->held + ending->kept > 0)
	{
		bool		begun = outcome->anonymised + outcome->deleted > 0 ||
			ending->ended > 0 || (request->exists && request->executed);

		request->state = begun ? "partial" : "blocked";
		if (!begun && request->blocked_by == NIL)
			request->blocked_by = pvext_retention_bases(plan);
		return;
	}
	request->blocked_by = NIL;
	request->verify_after = look->set;
	request->state = look->set ? "verifying" : "completed";
}

/*
 * End what the subjects have consented and agreed to, and remember that they
 * are not to be written to.  Returns a PvextEnding for each case: from now on
 * their digests are those of the keys that they have now.
 */
static List *
end_consents(PvextMap *map, PvextTable *subject, List *cases)
{
	List	   *endings = NIL;
	List	   *digests = NIL;
	ListCell   *lc;

	foreach(lc, cases)
	{
		Case	   *c = lfirst(lc);
		PvextEnding *ending = palloc0(sizeof(PvextEnding));

		ending->key = c->request.key;
		ending->former = ending->digest = c->request.subject_digest;
		digests = lappend(digests, ending->former);
		if (strcmp(ending->key, c->row->key) != 0)
		{
			ending->digest = pvext_subject_digest(subject->id, c->row->key);
			digests = lappend(digests, ending->digest);
		}
		endings = lappend(endings, ending);
	}
	pvext_end_consents(subject, endings);
	if (pvext_suppresses(map))
		pvext_suppress_digests(digests);
	return endings;
}

/* Move what is kept under the subject's digest to that of its new key. */
static void
follow_digest(PvextPlan *plan, Case *c, PvextEnding *ending)
{
	PvextRequest *request = &c->request;
	bytea	   *former = ending->former;

	request->key = c->row->key;
	request->subject_digest = ending->digest;
	if (plan->redacts)
	{
		PvextArgs	args = {0};

		pvext_arg(&args, BYTEAOID, PointerGetDatum(former), false);
		pvext_arg(&args, BYTEAOID, PointerGetDatum(request->subject_digest), false);
		(void) pvext_own("UPDATE pv.redaction SET subject_digest = $2"
						 " WHERE subject_digest = $1 AND $1 <> $2", &args);
		pvext_record_redaction(plan, request->subject_digest);
	}
	if (c->verdict.any_hold &&
		(strcmp(request->state, "completed") == 0 || former != request->subject_digest))
		pvext_forget_held_key(former, request->subject_digest);
}

static List *
keys_of(List *cases)
{
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, cases)
		keys = lappend(keys, ((Case *) lfirst(lc))->row->key);
	return keys;
}

/*
 * Run one plan for cases of one verdict, and note what is to be redacted by it.
 * How much each of many lost is not known: what they lost together is divided
 * among them.
 */
static void
execute(PvextMap *map, PvextTable *subject, List *cases, List **redactions)
{
	Case	   *first = linitial(cases);
	PvextPlan  *plan = pvext_plan(map, subject, first->verdict.blocked);
	PvextRedaction *redaction = pvext_begin_redaction(map, plan);
	PvextOutcome outcome;
	PvextLook	look;
	List	   *rows = NIL;
	List	   *endings;
	bool		begun = false;
	ListCell   *lc;
	ListCell   *cell;
	int			n = list_length(cases);
	int			i = 0;

	foreach(lc, cases)
	{
		Case	   *c = lfirst(lc);

		rows = lappend(rows, c->row);
		pvext_redact_before(redaction, c->row->key, c->request.former_digest);
	}
	if (!first->request.executed && pvext_suppresses(map))
		pvext_suppress_addresses(subject, keys_of(cases));
	pvext_look(plan, rows, &first->request, pvext_redaction_tracing(redaction), &outcome, &look);
	endings = end_consents(map, subject, cases);
	forboth(lc, cases, cell, endings)
	{
		Case	   *c = lfirst(lc);

		c->request.anonymised = outcome.anonymised / n + (i < outcome.anonymised % n);
		c->request.deleted = outcome.deleted / n + (i < outcome.deleted % n);
		i++;
		conclude(plan, c, &outcome, lfirst(cell), &look);
		begun = begun || strcmp(c->request.state, "blocked") != 0;
		c->request.carried_out = strcmp(c->request.state, "blocked") != 0 &&
			(n > 1 || outcome.anonymised + outcome.deleted > 0 ||
			 ((PvextEnding *) lfirst(cell))->ended > 0);
		follow_digest(plan, c, lfirst(cell));
		pvext_keep_keys(&c->request, &look, ((PvextEnding *) lfirst(cell))->former);
		pvext_redact_after(redaction, c->row->key);
	}
	if (begun)
		pvext_plan_redaction(redactions, redaction, outcome.held == 0);
}

/* Are rows decided one by one, so that subjects cannot share an outcome? */
static bool
is_individual(PvextPlan *plan)
{
	ListCell   *lc;

	if (plan->redacts || plan->any_held)
		return true;
	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->until ||
			(plan->unenforced && ((PvextTarget *) lfirst(lc))->column->leads))
			return true;
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->until)
			return true;
	return false;
}

/* Carry out all that may be carried out, subjects of one verdict together. */
static void
execute_all(PvextMap *map, PvextTable *subject, PvextPlan *plan, List *cases)
{
	bool		individual = list_length(cases) <= FEW_SUBJECTS || is_individual(plan);
	List	   *together = NIL;
	List	   *redactions = NIL;
	ListCell   *lc;

	foreach(lc, cases)
	{
		Case	   *c = lfirst(lc);

		if (!c->execute)
			continue;
		if (individual || c->verdict.blocked || c->request.executed || c->row->gone)
			execute(map, subject, list_make1(c), &redactions);
		else
			together = lappend(together, c);
	}
	if (together != NIL)
		execute(map, subject, together, &redactions);
	pvext_redact(redactions);
}

/*
 * A request that is gone on with is about the person of whom it was made.  Whoever asks for
 * an erasure says who it is; and a second look is for what older transactions have
 * written, whatever it is.
 */
static void
check_person(PvextTable *subject, Case *c)
{
	PvextRequest *request = &c->request;
	List	   *traits;

	if (c->row->gone || !request->has_traits || strcmp(request->state, "verifying") == 0 ||
		!pvext_any_traits(subject))
		return;
	traits = pvext_read_traits(subject, list_make1(c->row->key))[0];
	c->strange = !pvext_is_same_person(request, traits);
	if (c->strange && c->execute)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the row of %s that has the key of a request seems to be another person's by now",
						subject->sql_name),
				 errdetail("Of what identified the person at the request little is left."),
				 errhint("If it is the same person, ask for the erasure again; if not, end the request with pv.cancel_erasure().")));
}

/* Requests that stay open know whom they are about. */
static void
remember_persons(PvextTable *subject, List *cases)
{
	List	   *open = NIL;
	List	   *keys = NIL;
	List	  **traits;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, cases)
	{
		Case	   *c = lfirst(lc);

		if (c->row->gone || c->strange || strcmp(c->request.state, "completed") == 0 ||
			strcmp(c->request.state, "verifying") == 0)
			continue;
		open = lappend(open, c);
		keys = lappend(keys, c->row->key);
	}
	if (open == NIL || !pvext_any_traits(subject))
		return;
	traits = pvext_read_traits(subject, keys);
	foreach(lc, open)
		pvext_remember_traits(&((Case *) lfirst(lc))->request, traits[i++]);
}

/* What the duty calls a request. */
static char *
name_of(pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/*
 * Enter the cases in the ledger, and that the call was made.  In a database where
 * nothing may be erased, requests that are there already stay as they are.  Who asks once
 * more for what the worker has failed at does it in its place.
 */
static void
record(PvextTable *subject, List *cases, bool stopped, bool going_on)
{
	char	   *call = psprintf("erase_subject(%s)", subject->sql_name);
	List	   *digests = NIL;
	ListCell   *lc;

	remember_persons(subject, cases);
	foreach(lc, cases)
	{
		Case	   *c = lfirst(lc);
		PvextRequest *request = &c->request;

		if (!request->exists && request->executed && request->anonymised + request->deleted == 0 &&
			strcmp(request->state, "completed") == 0)
		{
			/* Erased before, and nothing has come since: the old row stands. */
			c->result = pvext_former_row(subject, request->subject_digest);
			continue;
		}
		if (stopped && request->exists)
		{
			c->result = pvext_request_row(&request->id);
			continue;
		}
		c->result = pvext_save_request(subject, request);
		if (request->exists && !going_on)
			pvext_done_by_somebody("erase", subject->id, name_of(&request->id));
		digests = lappend(digests, request->subject_digest);
	}
	if (list_length(digests) == 1)
		pvext_record_event(call, linitial(digests));
	else if (digests != NIL)
		pvext_record_events(call, digests);
}

/*
 * A case for each row, those asked for twice once, with the verdict on it, unless
 * nothing may be erased here.
 */
static List *
make_cases(PvextTable *subject, PvextPlan *plan, List *rows, char *reason, bool stopped)
{
	List	   *cases = NIL;
	List	   *digests = NIL;
	const char *last = NULL;
	bool		held;
	bool		known;
	ListCell   *digest;
	ListCell   *lc;

	foreach(lc, rows)
	{
		Case	   *c;

		if (last && strcmp(((PvextRow *) lfirst(lc))->key, last) == 0)
			continue;
		c = palloc0(sizeof(Case));
		c->row = lfirst(lc);
		last = c->row->key;
		digests = lappend(digests, pvext_subject_digest(subject->id, last));
		cases = lappend(cases, c);
	}
	pvext_read_others(plan);
	held = list_length(cases) == 1 || pvext_any_held(digests);
	known = list_length(cases) == 1 || pvext_any_request(subject, digests);
	forboth(lc, cases, digest, digests)
	{
		open_request(subject, lfirst(lc), lfirst(digest), known, reason);
		if (!stopped)
			judge(plan, lfirst(lc), held);
	}
	return cases;
}

/* Lock the subjects' own rows, in key order. */
static List *
lock_subjects(PvextTable *subject, PvextPlan *plan, List *keys)
{
	List	   *parts = NIL;
	ListCell   *lc;

	foreach(lc, keys)
		parts = lappend(parts, pvext_split_key(subject, lfirst(lc)));
	return pvext_lock_rows(plan, parts, true);
}

/* Is it a database in which requests are recorded, and nothing is erased? */
static bool
is_stopped(void)
{
	if (pvext_may_act())
		return false;
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("nothing is erased: this database has been restored from a dump"),
			 errdetail("The request is recorded."),
			 errhint("When the restore is complete, call pv.resume().")));
	return true;
}

/* Erase subjects whose rows have been found; with going_on, by a request of before. */
static List *
erase(PvextMap *map, PvextPlan *plan, List *rows, List *keys, char *reason, bool going_on)
{
	PvextTable *subject = plan->subject;
	List	   *results;
	List	   *cases;
	List	   *gone = NIL;
	bool		stopped = is_stopped();
	ListCell   *lc;

	if (list_length(rows) < list_length(keys))
		rows = pvext_add_gone(map, plan, keys, rows);
	results = pvext_former_rows(map, plan, keys, rows, reason, stopped);
	cases = make_cases(subject, plan, rows, reason, stopped);
	foreach(lc, going_on ? cases : NIL)
		check_person(subject, lfirst(lc));
	pvext_count_against_limit(count_new(cases));
	foreach(lc, cases)
		if (((Case *) lfirst(lc))->row->gone)
			gone = lappend(gone, ((Case *) lfirst(lc))->row->key);
	execute_all(map, subject, plan, cases);
	pvext_refuse_detaching(plan->tables);
	foreach(lc, gone)
		pvext_check_still_gone(subject, lfirst(lc));
	record(subject, cases, stopped, going_on);
	foreach(lc, cases)
		results = lappend(results, ((Case *) lfirst(lc))->result);
	return results;
}

/* The arguments and the result of erase_subjects(). */
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
 * What is decided by the map is decided on what stands once the locks are had:
 * a table that has changed hands, or a blocker that was declared, while they
 * were waited for is not missed.
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
		call->results = erase(map, plan, rows, call->keys, call->reason, call->request != NULL);
}

static void
erase_call(void *arg)
{
	do
		pvext_with_map(erase_by_map, arg);
	while (((Call *) arg)->again);
}

/*
 * Erase subjects: keys is a list of key texts.  Returns their rows of
 * pv.erasure, in the order of their keys, living as long as the SPI
 * connection.  request, or NULL, is the one that is gone on with.  Where a lock is not had in
 * time, nothing is erased, and the requests are entered for later, with a warning.  Between pvext_enter() and
 * pvext_leave(), in a transaction that writes, of isolation level READ COMMITTED.
 */
static List *
erase_subjects(Oid relid, List *keys, char *reason, const pg_uuid_t *request)
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

/* Begin a call that erases. */
static void
begin(PvextScope *scope)
{
	check_transaction();
	pvext_run_deferred_triggers();
	pvext_enter(scope);
}

/* Return one row of pv.erasure. */
static Datum
return_row(FunctionCallInfo fcinfo, PvextScope *scope, HeapTuple row)
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

Datum
pvext_erase_subject(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	List	   *rows;

	pvext_require_arg(fcinfo, 0, "subject");
	begin(&scope);
	rows = erase_subjects(PG_GETARG_OID(0), list_make1(pvext_key_arg(fcinfo, 1)),
					   pvext_text_arg(fcinfo, 2), NULL);
	return return_row(fcinfo, &scope, linitial(rows));
}

Datum
pvext_erase_subjects(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	List	   *rows;
	ListCell   *lc;

	pvext_require_arg(fcinfo, 0, "subject");
	pvext_require_arg(fcinfo, 1, "keys");
	InitMaterializedSRF(fcinfo, 0);
	begin(&scope);
	rows = erase_subjects(PG_GETARG_OID(0), pvext_texts_arg(fcinfo, 1, "keys"),
					   pvext_text_arg(fcinfo, 2), NULL);
	foreach(lc, rows)
		tuplestore_puttuple(((ReturnSetInfo *) fcinfo->resultinfo)->setResult, lfirst(lc));
	pvext_leave(&scope);
	return (Datum) 0;
}

/*
 * Take the locks of the erasure that may follow, in its order, before the
 * request's own row.  For pvext_catch().
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

/*
 * Approve a request and, if it is due, carry it out.
 */
Datum
pvext_approve_erasure(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextRequest request;
	PvextArgs	args = {0};
	bool		locked;

	begin(&scope);
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
		return return_row(fcinfo, &scope,
						  linitial(erase_subjects(pvext_relation_by_id(request.relation_id),
											  list_make1(request.key), NULL, &request.id)));
	return return_row(fcinfo, &scope, pvext_request_row(&request.id));
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

Datum
pvext_cancel_erasure(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextRequest request;
	PvextArgs	args = {0};

	pvext_require_arg(fcinfo, 0, "erasure");
	pvext_require_arg(fcinfo, 1, "reason");
	pvext_enter(&scope);
	pvext_read_request(PG_GETARG_UUID_P(0), true, &request);
	if ((request.executed ||
		 (strcmp(request.state, "requested") != 0 && strcmp(request.state, "blocked") != 0)) &&
		!is_about_another(&request))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the erasure cannot be cancelled any more"),
				 errhint("Its state is \"%s\".", request.state)));
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	pvext_arg_text(&args, pvext_text_arg(fcinfo, 1));
	(void) pvext_own("UPDATE pv.erasure_ledger SET state = 'cancelled', key = NULL, former_keys = NULL, traits = NULL,"
					 " reason = concat_ws('; cancelled: ', reason, $2) WHERE id = $1", &args);
	pvext_record_event("cancel_erasure", request.subject_digest);
	return return_row(fcinfo, &scope, pvext_request_row(&request.id));
}

/*
 * erasure_case.c
 *		One subject of an erasure: from the verdict to the ledger.
 *
 * A case is a subject whose own row is locked.  The verdict on it says what its plan takes;
 * when that has been carried out (carry_out.c), what became of it is entered in the ledger.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/event.h"
#include "base/guc.h"
#include "base/identity.h"
#include "base/secret.h"
#include "duty/failure.h"
#include "erase/blocker_answer.h"
#include "erase/carry_out.h"
#include "erase/erasure_case.h"
#include "erase/erasure_limit.h"
#include "erase/everywhere.h"
#include "erase/former_key.h"
#include "erase/missing_subject.h"
#include "erase/register.h"
#include "erase/trait.h"
#include "execution/held_others.h"
#include "rule/hold.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/*
 * A request's time and approval: may it be carried out now?  One that has taken something
 * goes on.
 */
static bool
is_due(PvextRequest *request)
{
	if (strcmp(request->state, "requested") != 0 && strcmp(request->state, "blocked") != 0)
		return true;
	return request->due_at <= GetCurrentTransactionStartTimestamp() &&
		(pvext_erasure_approvals == 0 || request->approved_by != NULL);
}

/* The open request of a subject that may be known, or a new one. */
static void
open_request(PvextTable *subject, PvextCase *c, bytea *digest, bool known, char *reason)
{
	PvextRequest *request = &c->request;

	if (known)
		pvext_find_request(subject, digest, request);
	if (!pvext_is_open(request))
		pvext_new_request(request, digest);
	else if (strcmp(request->state, "blocked") == 0)	/* pvext.erasure_delay may be longer by now */
		request->due_at = Max(request->due_at, request->requested_at + (int64) pvext_erasure_delay * USECS_PER_SEC);
	request->key = c->row->key;
	request->subject_digest = c->before = digest;
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

/*
 * Ask for the verdict on one subject, whose row is locked.  The plan is turned to it; the
 * one that carries the verdict out may be another.  What was blocked waits, when its blockers
 * have gone, for what a new request waits for.
 */
static void
judge(PvextPlan *plan, PvextCase *c, bool held, const char *answers)
{
	PvextRequest *request = &c->request;

	if (strcmp(request->state, "requested") == 0 && !is_due(request))
		return;
	pvext_set_rows(plan, list_make1(c->row));
	pvext_verdict(plan, request->subject_digest, held, true, answers, &c->verdict);
	request->blocked_by = pvext_reasons(&c->verdict);
	if (c->verdict.all_blocked)
	{
		request->was_clear = false;
		if (strcmp(request->state, "requested") == 0 || strcmp(request->state, "verifying") == 0)
			request->state = request->executed && request->exists ? "partial" : "blocked";
		return;
	}
	c->execute = is_clear_long_enough(request);
	if (!c->execute || is_due(request))
		return;
	c->execute = request->was_clear = false;
	request->state = "requested";
	request->blocked_by = NIL;
}

/* How many subjects are to lose data that have lost none by their request yet. */
static int64
count_new(List *cases)
{
	ListCell   *lc;
	int64		n = 0;

	foreach(lc, cases)
	{
		PvextCase  *c = lfirst(lc);

		n += c->execute && !c->request.executed;	/* asking twice is harmless */
	}
	return n;
}

/* Those that are carried out, with their keys, before these change. */
static List *
former_keys(List *cases)
{
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, cases)
		if (((PvextCase *) lfirst(lc))->execute)
			keys = lappend(keys, pstrdup(((PvextCase *) lfirst(lc))->row->key));
	return keys;
}

/*
 * Carry out what may be, and look for what may have been left where the map does not know it.
 */
static void
execute_and_look(PvextMap *map, PvextTable *subject, PvextPlan *plan, List *cases)
{
	List	   *former = former_keys(cases);
	PvextErased *erased;
	ListCell   *lc;

	if (former == NIL)
		return;
	erased = pvext_begin_erased(subject);
	pvext_carry_out_cases(map, subject, plan, cases);
	foreach(lc, cases)
		if (((PvextCase *) lfirst(lc))->execute)
		{
			pvext_add_erased(erased, linitial(former), ((PvextCase *) lfirst(lc))->row->key);
			former = list_delete_first(former);
		}
	pvext_check_everywhere(map, subject, erased);
}

/*
 * A request that is gone on with is about the person of whom it was made.  Whoever asks for
 * an erasure says who it is; and a second look is for what older transactions have
 * written, whatever it is.
 */
static void
check_person(PvextTable *subject, PvextCase *c)
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
		PvextCase  *c = lfirst(lc);

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
		pvext_remember_traits(&((PvextCase *) lfirst(lc))->request, traits[i++]);
}

/* What the duty calls a request. */
static char *
name_of(pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/* A case that has been entered, for the register. */
static PvextEntered *
note_entered(PvextCase *c)
{
	PvextEntered *entered = palloc(sizeof(PvextEntered));

	entered->id = c->request.id;
	entered->before = c->before;
	return entered;
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
	List	   *entered = NIL;
	ListCell   *lc;

	remember_persons(subject, cases);
	foreach(lc, cases)
	{
		PvextCase  *c = lfirst(lc);
		PvextRequest *request = &c->request;

		if (!request->exists && request->executed && request->anonymised + request->deleted == 0 &&
			strcmp(request->state, "completed") == 0)
		{
			/* Erased before, and nothing has come since: the old row stands. */
			(void) pvext_tell_ended(subject, c->before, request->subject_digest);
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
		entered = lappend(entered, note_entered(c));
	}
	pvext_tell_entered(entered);
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
	List	   *distinct = NIL;
	List	   *digests = NIL;
	const char *last = NULL;
	char	  **answers;
	bool		held;
	bool		known;
	ListCell   *digest;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, rows)
	{
		PvextCase  *c;

		if (last && strcmp(((PvextRow *) lfirst(lc))->key, last) == 0)
			continue;
		c = palloc0(sizeof(PvextCase));
		c->row = lfirst(lc);
		last = c->row->key;
		digests = lappend(digests, pvext_subject_digest(subject->id, last));
		distinct = lappend(distinct, c->row);
		cases = lappend(cases, c);
	}
	pvext_read_others(plan);
	held = list_length(cases) == 1 || pvext_any_held(digests);
	known = list_length(cases) == 1 || pvext_any_request(subject, digests);
	answers = pvext_ask_blockers(plan, stopped ? NIL : distinct, true);
	forboth(lc, cases, digest, digests)
	{
		open_request(subject, lfirst(lc), lfirst(digest), known, reason);
		if (!stopped)
			judge(plan, lfirst(lc), held, answers[n++]);
	}
	return cases;
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

/*
 * Erase subjects whose rows have been found and locked, of those that keys (texts) were
 * asked for; with going_on, by a request of before.  Returns their rows of pv.erasure.
 * By the plan that nothing is blocked in, whose tables are locked; between pvext_enter()
 * and pvext_leave(), under pvext_with_map().
 *
 * All verdicts are asked for before anything goes: a limit that would be passed refuses
 * the call whole, and no subject's verdict depends on what another has lost by then.
 */
List *
pvext_erase_rows(PvextMap *map, PvextPlan *plan, List *rows, List *keys, char *reason, bool going_on)
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
		if (((PvextCase *) lfirst(lc))->row->gone)
			gone = lappend(gone, ((PvextCase *) lfirst(lc))->row->key);
	execute_and_look(map, subject, plan, cases);

	/* DETACH CONCURRENTLY may have begun meanwhile: its first half does not wait for us. */
	pvext_refuse_detached_tables(plan->tables);
	foreach(lc, gone)
		pvext_check_still_gone(subject, lfirst(lc));
	record(subject, cases, stopped, going_on);
	foreach(lc, cases)
		results = lappend(results, ((PvextCase *) lfirst(lc))->result);
	return results;
}

/*
 * carry_out.c
 *		Carrying verdicts out: what goes of each subject of an erasure, and what became of it.
 *
 * Cases (erasure_case.c) whose verdict is the same are carried out together, as far as there
 * are many of them, and the outcome is that of each: of whom nothing is held, once the plan's
 * verification has found nothing held of any of them.  Where rules retain rows, those of whom
 * something is retained are a set of their own, for what the audit log keeps is another thing.
 * Nobody is completed by what queries tell of many: where verification finds something held,
 * whoever is not told to be one of those goes on alone, and has a verification of his own.
 *
 * What hangs on the subject (holds, consents, objections, agreements) follows its key or ends.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/ending.h"
#include "consent/suppression.h"
#include "erase/carry_out.h"
#include "erase/recheck.h"
#include "erase/retained_answer.h"
#include "execution/redacted_text.h"
#include "plan/find_plan.h"
#include "plan/many_texts.h"
#include "plan/planner.h"
#include "plan/told_apart.h"
#include "redact/redact.h"
#include "rule/hold.h"
#include "utils/timestamp.h"

/* So many subjects are erased one by one, and the rows of each are counted. */
#define FEW_SUBJECTS 10

/* Why mandatory rules keep what they keep, each reason once; they are the plan's. */
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
conclude(PvextPlan *plan, PvextCase *c, PvextOutcome *outcome, PvextEnding *ending, PvextLook *look)
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
		PvextCase  *c = lfirst(lc);
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
follow_digest(PvextPlan *plan, PvextCase *c, PvextEnding *ending)
{
	static PvextStatement follow = {
		"UPDATE pv.redaction SET subject_digest = $2 WHERE subject_digest = $1", NULL
	};
	PvextRequest *request = &c->request;
	bytea	   *former = ending->former;

	request->key = c->row->key;
	request->subject_digest = ending->digest;
	if (plan->redacts && former != request->subject_digest)
	{
		PvextArgs	args = {0};

		pvext_arg(&args, BYTEAOID, PointerGetDatum(former), false);
		pvext_arg(&args, BYTEAOID, PointerGetDatum(request->subject_digest), false);
		(void) pvext_own_kept(&follow, &args);
	}
	if (!plan->together)
		pvext_record_redaction(plan, request->subject_digest);
	if (c->verdict.any_hold &&
		(strcmp(request->state, "completed") == 0 || former != request->subject_digest))
		pvext_forget_held_key(former, request->subject_digest);
}

/* The keys that their rows have now. */
static List *
keys_of(List *cases)
{
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, cases)
		keys = lappend(keys, ((PvextCase *) lfirst(lc))->row->key);
	return keys;
}

/* Whom a call has erased, by their keys as they are now; and of whom rules retain something. */
typedef struct Done
{
	List	   *keys;
	List	   *partly;
} Done;

/*
 * pvext_look() for cases, the first of which is given, of a call that has erased others
 * before: rows that both refer to are not kept for these.
 */
static void
look_for(PvextPlan *plan, List *rows, PvextCase *first, Done *done, PvextRedaction *redaction,
		 PvextOutcome *outcome, PvextLook *look)
{
	PG_TRY();
	{
		plan->done = done->keys;
		plan->partly_done = done->partly;
		pvext_look(plan, rows, &first->request, pvext_redaction_tracing(redaction), outcome, look);
	}
	PG_FINALLY();
	{
		plan->done = plan->partly_done = NIL;
	}
	PG_END_TRY();
}

/*
 * Before cases of such a call are erased: remember where they are not to be written to.
 * An address that they had in common with those before goes with them.
 */
static void
suppress_addresses(PvextMap *map, PvextTable *subject, List *cases, Done *done)
{
	PvextPlan  *plan = pvext_address_plan(map, subject, true);

	PG_TRY();
	{
		plan->done = done->keys;
		plan->partly_done = done->partly;
		pvext_suppress_addresses(map, subject, keys_of(cases));
	}
	PG_FINALLY();
	{
		plan->done = plan->partly_done = NIL;
	}
	PG_END_TRY();
}

/* Note who is erased, as the ledger is going to have it. */
static void
note_done(List *cases, Done *done)
{
	ListCell   *lc;

	foreach(lc, cases)
	{
		PvextCase  *c = lfirst(lc);

		if (strcmp(c->request.state, "completed") == 0 || strcmp(c->request.state, "verifying") == 0)
			done->keys = lappend(done->keys, c->row->key);
		else if (strcmp(c->request.state, "partial") == 0 && c->request.blocked_by == NIL)
			done->partly = lappend(done->partly, c->row->key);
	}
}

/* What an erasure has come to as it goes from case to case. */
typedef struct Erasing
{
	PvextMap   *map;
	PvextTable *subject;
	Done		done;
	List	   *redactions;
} Erasing;

/*
 * What is recorded of one of n cases, the i-th from 0.  How much each of many lost is not
 * known: what they lost together is divided among them.  It may have gone on alone.
 */
static void
count_share(PvextRequest *request, PvextOutcome *outcome, int n, int i, PvextEnding *ending)
{
	request->anonymised += outcome->anonymised / n + (i < outcome->anonymised % n);
	request->deleted += outcome->deleted / n + (i < outcome->deleted % n);
	request->carried_out = request->carried_out ||
		(strcmp(request->state, "blocked") != 0 &&
		 (n > 1 || outcome->anonymised + outcome->deleted > 0 || ending->ended > 0));
}

/*
 * Enter in the cases, each with its ending, what came out of the plan that has been run for
 * them, until[i] of the i-th, or all as the outcome says.  Returns those that are to go on
 * alone, since it is not known of whom something is held; *begun: something went of any.
 */
static List *
conclude_all(PvextPlan *plan, List *cases, List *endings, PvextOutcome *outcome, TimestampTz *until,
			 PvextLook *look, bool *begun)
{
	List	   *alone = NIL;
	ListCell   *lc;
	ListCell   *cell;
	int			i = 0;

	*begun = false;
	if (plan->together)
		pvext_record_redactions(plan);
	forboth(lc, cases, cell, endings)
	{
		PvextCase  *c = lfirst(lc);
		PvextOutcome own = *outcome;

		if (until)
			own.until = until[i];
		if (until && until[i] == DT_NOBEGIN)
			alone = lappend(alone, c);
		else
			conclude(plan, c, &own, lfirst(cell), look);
		*begun = *begun || strcmp(c->request.state, "blocked") != 0;
		count_share(&c->request, outcome, list_length(cases), i++, lfirst(cell));
		follow_digest(plan, c, lfirst(cell));
		pvext_keep_keys(&c->request, look, ((PvextEnding *) lfirst(cell))->former);
	}
	return alone;
}

/* A plan, and what is run of it. */
typedef struct Running
{
	Erasing    *erasing;
	PvextPlan  *plan;
	List	   *cases;
	List	   *rows;
	PvextRedaction *redaction;
	PvextOutcome outcome;
	PvextLook	look;
} Running;

/* Run it. */
static void
run(void *arg)
{
	Running    *r = arg;

	look_for(r->plan, r->rows, linitial(r->cases), &r->erasing->done, r->redaction, &r->outcome, &r->look);
}

/*
 * Run it, where texts are taken from many, who may be in one another's rows as well as in
 * their own.  Returns whether it could be done: what is wrong with somebody is found out
 * where each goes alone.
 */
static bool
could_run(Running *r)
{
	ErrorData  *error = NULL;

	if (r->plan->together)
		error = pvext_try(run, r);
	else
		run(r);
	if (error)					/* its message may hold a value */
		ereport(DEBUG1,
				(errmsg("%d subjects of %s are erased one by one: together it failed with SQLSTATE %s",
						list_length(r->cases), r->plan->subject->sql_name,
						unpack_sql_state(error->sqlerrcode))));
	return error == NULL;
}

/* The plan of cases of one verdict. */
static PvextPlan *
plan_of(Erasing *erasing, List *cases)
{
	PvextPlan  *plan = pvext_plan(erasing->map, erasing->subject, ((PvextCase *) linitial(cases))->verdict.blocked);

	return plan->redacts && list_length(cases) > 1 ? pvext_plan_of_many(erasing->map, erasing->subject) : plan;
}

/* Begin to run the plan of cases of one verdict, with what the log is searched by. */
static void
begin(Running *r, Erasing *erasing, List *cases)
{
	ListCell   *lc;

	memset(r, 0, sizeof(*r));
	r->erasing = erasing;
	r->cases = cases;
	r->plan = plan_of(erasing, cases);
	r->redaction = pvext_begin_redaction(erasing->map, r->plan);
	foreach(lc, cases)
	{
		PvextCase  *c = lfirst(lc);

		c->row->digest = r->plan->together ? c->request.subject_digest : NULL;
		r->rows = lappend(r->rows, c->row);
		pvext_redact_before(r->redaction, c->row->key, c->request.former_digest);
	}
}

/*
 * Run one plan for cases of one verdict, and note what is to be redacted by it, and who is
 * erased.
 */
static void
execute(Erasing *erasing, List *cases)
{
	PvextCase  *first = linitial(cases);
	TimestampTz *until = NULL;
	Running		r;
	List	   *alone;
	bool		begun;
	ListCell   *lc;

	begin(&r, erasing, cases);

	/* Addresses are read before they go. */
	if (!first->request.executed && pvext_suppresses(erasing->map))
		suppress_addresses(erasing->map, erasing->subject, cases, &erasing->done);
	if (!could_run(&r))
	{
		foreach(lc, cases)
			execute(erasing, list_make1(lfirst(lc)));
		return;
	}
	if (list_length(cases) > 1 && r.outcome.held > 0)
		until = pvext_ask_retained(pvext_plan(erasing->map, erasing->subject, NULL), r.rows);
	alone = conclude_all(r.plan, cases, end_consents(erasing->map, erasing->subject, cases), &r.outcome, until,
						 &r.look, &begun);
	foreach(lc, cases)
		pvext_redact_after(r.redaction, ((PvextCase *) lfirst(lc))->row->key);
	note_done(cases, &erasing->done);

	/* Where rules keep all there is of them, the log keeps it, too. */
	if (begun)
		pvext_plan_redaction(&erasing->redactions, r.redaction, r.outcome.held == 0);
	foreach(lc, alone)
		execute(erasing, list_make1(lfirst(lc)));
}

/* Are rows decided one by one, so that subjects cannot share an outcome? */
static bool
is_individual(PvextPlan *plan)
{
	ListCell   *lc;

	if (plan->any_held || (plan->redacts && !pvext_can_redact_many(plan)))
		return true;
	foreach(lc, plan->targets)
		if (plan->unenforced && ((PvextTarget *) lfirst(lc))->column->leads)
			return true;
	return pvext_is_any_retained(plan) && !pvext_can_tell_apart(plan);
}

/* Carry cases out whose plan rules retain something by: as two sets, but for those of whom nothing may go. */
static void
execute_retained(Erasing *erasing, PvextPlan *plan, List *cases)
{
	List	   *rows = NIL;
	List	   *free = NIL;
	List	   *retained = NIL;
	TimestampTz *until;
	bool	   *begun;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, cases)
		rows = lappend(rows, ((PvextCase *) lfirst(lc))->row);
	until = pvext_ask_retained(plan, rows);
	begun = pvext_ask_begun(plan, rows);
	foreach(lc, cases)
	{
		if (until[i] == DT_NOBEGIN)
			free = lappend(free, lfirst(lc));
		else if (begun[i])
			retained = lappend(retained, lfirst(lc));
		else
			execute(erasing, list_make1(lfirst(lc)));
		i++;
	}
	if (free != NIL)
		execute(erasing, free);
	if (retained != NIL)
		execute(erasing, retained);
}

/*
 * Carry out all cases that may be, subjects of one verdict together: by plan, which is the one
 * of which nothing is blocked.
 */
void
pvext_carry_out_cases(PvextMap *map, PvextTable *subject, PvextPlan *plan, List *cases)
{
	bool		individual = list_length(cases) <= FEW_SUBJECTS || is_individual(plan);
	Erasing		erasing = {map, subject, {NIL, NIL}, NIL};
	List	   *together = NIL;
	ListCell   *lc;

	foreach(lc, cases)
	{
		PvextCase  *c = lfirst(lc);

		if (!c->execute)
			continue;
		if (individual || c->verdict.blocked || c->request.executed || c->row->gone)
			execute(&erasing, list_make1(c));
		else
			together = lappend(together, c);
	}

	/* The others went one by one; these share a plan, and its outcome. */
	if (list_length(together) > 1 && pvext_is_any_retained(plan))
		execute_retained(&erasing, plan, together);
	else if (together != NIL)
		execute(&erasing, together);
	pvext_redact(erasing.redactions);
}

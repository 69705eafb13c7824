/*
 * execute.c
 *		Carrying out a plan for some subjects.
 *
 * An erasure calls it (erase/recheck.c), and a purge of what leads to other tables,
 * subject by subject (purge/apply.c).  The caller has locked the plan's tables and the
 * subjects' own rows, and asked for the verdict that the plan is for.  What is done goes
 * in passes:
 *
 * 1. The rows that belong are found and locked, level by level from the subjects down
 * (slot.c), each level by a new snapshot.  By a foreign key, who is adding rows below a
 * parent is waited for when that is locked, and what he has committed the next level
 * sees; who comes later waits for this transaction.  Rows that nothing can hang on are
 * locked by the statements that change them; where a purge first asks whether any of them
 * is due still, they are locked here, too.
 *
 * 2. Who else is held, whom the rows are about, is read (held_others.c): nobody can come
 * to be so any more.
 *
 * 3. A moment is taken: a snapshot that all have in common that decide and write in this
 * pass (step.c).  Values are replaced from the leaves up, then keys, with all that hold
 * them (new_key.c).  Rows that have got new keys are found again by these, for the next
 * pass and the verification.
 *
 * 4. Every table is verified, by new snapshots: do rows that belong hold what should have
 * gone?  What others are changing at that moment is waited for.  Where there is anything,
 * by a trigger that wrote it back or by somebody who committed it meanwhile, there is
 * another pass.  One does the work, one takes what came of it, and one is for what came
 * of that; what is there still will be so for ever, and is an error.
 *
 * 5. Where triggers may have put the person where the map does not know it, that is
 * looked for, once, at the end (stray_value.c); and whether they have changed what was to
 * stay.
 *
 * Locks, in this order (src/README.md has all of them): the tables (RowExclusiveLock),
 * and new holds, by one for all; the subjects' own rows in key order; rows that blockers
 * look at; parents, level by level; the rows that are written; those that verification
 * finds and nobody has locked yet.  Purges, holds and consents take those of them that
 * they need in the same order.  Within a level rows are locked as they are found: two
 * erasures of persons who share several parents may meet in a deadlock, of which the
 * server ends one.  It is not retried here; the worker comes back to it.
 *
 * It is one transaction, and nothing is caught here: a crash or an error leaves nothing
 * behind but values in the plan that point to memory which is gone.  So each run begins
 * by forgetting them.
 *
 * Before there was a moment each statement decided by a snapshot of its own: somebody who
 * set back a clock between two of them had half of a person's values kept.  To verify,
 * rows that the run had written were locked once more, and each table had a query of its
 * own; both cost more than they found.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/result.h"
#include "execution/derived_value.h"
#include "execution/execute.h"
#include "execution/held_others.h"
#include "execution/new_key.h"
#include "execution/new_value.h"
#include "execution/own_writes.h"
#include "execution/redacted_text.h"
#include "execution/step.h"
#include "execution/stray_value.h"
#include "plan/referred_row.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#define MAX_PASSES 3

/*
 * Verify: *dirty rows still hold what should be gone; the outcome says how many are held
 * and until when.  Outside of the pass's moment: what was committed since counts.
 */
static void
check_plan(PvextPlan *plan, bool many, int64 *dirty, PvextOutcome *outcome)
{
	ListCell   *lc;

	*dirty = 0;
	outcome->held = 0;
	outcome->until = DT_NOBEGIN;

	/* By which rows are known that this run has written; none, where it has written none. */
	plan->own_xid.value = TransactionIdGetDatum(GetCurrentTransactionIdIfAny());
	foreach(lc, plan->checks)
	{
		uint64		n = pvext_run_step(lfirst(lc), many);

		for (uint64 i = 0; i < n; i++)
		{
			bool		isnull;
			Datum		until = pvext_datum(i, 3, &isnull);

			*dirty += pvext_int(i, 1);
			outcome->held += pvext_int(i, 2);
			if (!isnull)
				outcome->until = Max(outcome->until, DatumGetTimestampTz(until));
		}
	}
}

/*
 * What an earlier run left in the plan is not of this one, and may be in memory that is
 * gone: a run that fails leaves its values behind.
 */
static void
forget_keys(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
		((PvextTarget *) lfirst(lc))->new_keys.isnull = ((PvextTarget *) lfirst(lc))->texts.isnull = true;
	plan->kept = NIL;
	pvext_forget_derived(plan);
	pvext_forget_slots(plan);
}

/*
 * Unlink the large objects that values refer to which are about to go, before these go.
 * As the tables' owners; where one does not own such an object it raises.
 */
void
pvext_unlink_objects(PvextPlan *plan, bool many)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->unlink && !target->blocked)
			(void) pvext_run_step(target->unlink, many);
	}
}

/* A run, and the pass of it in hand. */
typedef struct Run
{
	PvextPlan  *plan;
	List	   *rows;			/* PvextRow: the subjects */
	const bytea *digest;
	bool		whole;
	bool		many;
	PvextOutcome *outcome;
	void		(*found) (void *arg);	/* called when rows have been found */
	void	   *found_arg;
	PvextStrays strays;
	bool		begun;
	bool		idle;			/* of what is due by a clock nothing is any more */
	List	   *matched;		/* PvextRow: rows, and those under keys they have got since */
	int64		keys;			/* that the pass has replaced */
} Run;

/* pvext_collect() for a run, which locks the rows. */
static void
collect(Run *run, bool append)
{
	pvext_collect(run->plan, true, append, run->many);
	if (run->found)
		run->found(run->found_arg);
}

/* Are rows found by what refers to them, which a pass may have emptied or deleted? */
static bool
has_references(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->sets)
		if (pvext_is_referred_to(lfirst(lc)))
			return true;
	return false;
}

/* Is there still something to be taken of what the plan is for? */
static bool
is_any_due(Run *run)
{
	ListCell   *lc;

	foreach(lc, run->plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (!target->decides)
			continue;
		(void) pvext_run_step(target->preview, run->many);
		if (pvext_int(0, 1) > 0)
			return true;
	}
	return !run->plan->decided;
}

/* Replace and delete, leaves first. */
static void
write_all(Run *run)
{
	ListCell   *lc;

	pvext_unlink_objects(run->plan, run->many);
	foreach(lc, run->plan->writes)
	{
		PvextStep  *step = lfirst(lc);
		uint64		n = pvext_run_step(step, run->many);
		bool		deletes = strncmp(step->few.sql, "DELETE", 6) == 0;

		if (deletes)
			run->outcome->deleted += n;
		else
			run->outcome->anonymised += n;
		pvext_note_own_writes(&run->strays.own, step->table, deletes ? 0 : n, deletes ? n : 0);
	}
}

/* For pvext_at_one_moment(): replace and delete what may go as of now. */
static void
write_pass(void *arg)
{
	Run		   *run = arg;
	PvextPlan  *plan = run->plan;
	List	   *rewritten = NIL;

	if (!run->begun)
	{
		pvext_prepare_redaction(plan, run->digest, run->whole);
		pvext_find_references(plan, run->many);
		run->idle = !is_any_due(run);
		if (run->idle)
			return;
		pvext_begin_strays(&run->strays);
		run->begun = true;
	}
	else
		pvext_find_references(plan, run->many);

	/* What is made from old values is read before any of them goes, by the same moment. */
	pvext_gather_values(plan, run->many);
	pvext_note_derived(plan, run->many);
	if (plan->redacts)
		rewritten = pvext_find_rewritten(plan);
	write_all(run);
	pvext_follow_rewritten(plan, rewritten);
	run->keys = ((PvextRow *) linitial(run->rows))->gone ?
		pvext_replace_gone_key(plan, linitial(run->rows), &run->matched, run->many) :
		pvext_replace_keys(plan, run->rows, &run->matched, run->many);
	run->outcome->anonymised += run->keys;
	run->strays.rekeyed = run->strays.rekeyed || run->keys > 0;
}

/*
 * Erase what may go of these subjects, whose own rows are locked and whose
 * verdict the plan is for.  A row's key is changed where it was re-keyed.
 * digest and whole are for redaction, which takes one subject at a time, and so does
 * one whose row is gone.  found(arg), if given, is called whenever the plan's slots have
 * got the keys of rows that were found: of all in hand, or of more.  plan->kept then
 * has the keys that were replaced, as long as the current context.
 * Returns false, having done nothing, where the plan is for what a clock has made due,
 * and none of it is due any more now that its rows are locked.
 * Raises when rows stay personal after three passes, or when triggers have written the
 * person's values where the map does not know them.
 *
 * Between pvext_enter() and pvext_leave(), under pvext_with_map(), in a transaction of
 * READ COMMITTED that writes and has run its deferred triggers.  As whoever calls; each
 * statement is its table's owner's.
 */
bool
pvext_run_plan(PvextPlan *plan, List *rows, const bytea *digest, bool whole,
			   void (*found) (void *arg), void *arg, PvextOutcome *outcome)
{
	Run			run = {plan, rows, digest, whole, list_length(rows) > PVEXT_FEW_SUBJECTS, outcome, found, arg};
	bool		rekeyed = false;
	int64		dirty = 0;

	memset(outcome, 0, sizeof(*outcome));
	forget_keys(plan);
	pvext_set_rows(plan, rows);
	run.matched = rows;
	for (int pass = 1; pass <= MAX_PASSES; pass++)
	{
		collect(&run, rekeyed || (pass > 1 && has_references(plan)));
		pvext_read_others(plan);
		pvext_at_one_moment(write_pass, &run);
		if (run.idle)
			return false;

		/* Under the new keys, and besides what was found by the old: rows may be under either. */
		if (run.keys > 0)
		{
			rekeyed = true;
			collect(&run, true);
		}
		check_plan(plan, run.many, &dirty, outcome);
		if (dirty == 0)
			break;
	}
	if (dirty > 0)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("rows are still personal after %d passes", MAX_PASSES),
				 errdetail("%lld rows linked to %s hold values that were to be erased.",
						   (long long) dirty, plan->subject->sql_name),
				 errhint("Look for triggers or rules that write the values back; pv.preview_erasure() shows the columns.")));
	pvext_check_derived(plan, run.many);
	pvext_check_strays(&run.strays, plan, NULL, run.many);
	return true;
}

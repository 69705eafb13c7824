/*
 * verdict.c
 *		The one decision: what may go, what is retained, what is blocked.
 *
 * Whoever takes something from a person, or says what would be taken, asks here: an
 * erasure (erasure_case.c), a purge for each subject whom due rows are about
 * (purge/row_fate.c), a request that may go on (request.c), a preview (preview.c).  The
 * decision is in two halves.
 *
 * What holds and blockers say of a subject is decided once, here, for all of its rows: a
 * character for each target and removal of the plan, by which the plan is then found that
 * carries it out (pvext_plan()).  A hold in force blocks everything; a blocker what its
 * purposes are about.  A consent's column is no blocker's to hold back (rule.c).
 *
 * What a row says itself is decided row by row, by a fragment of SQL in each statement
 * that previews, writes or verifies: until when rules retain it (rule.c), and whether
 * somebody else whom it is about is held (shared_row.c).  Here it is only found out whose
 * hold that would be, for people to read.
 *
 * What holds of a verdict that is carried out:
 *
 * - The subject's own row is locked before it is asked for.  Placing a hold takes the
 *   same lock: it is seen, or comes after.  Of others whom rows are about, new holds are
 *   kept out by one lock for all (pvext_lock_plan()).
 * - The rows that blockers look at are locked and then decided on, as they are by then:
 *   who is paying a bill, or writing one, by a foreign key, is waited for.  A condition
 *   that reads further tables in a subquery is decided by these as they stand; they are
 *   not locked.
 * - What cannot be decided is not erased: NULL blocks, and so does an error, be it one of
 *   the condition's own, of a missing privilege, or that its owner is no longer the
 *   table's.  Each is evaluated in a subtransaction, as its table's owner.  But a
 *   deadlock, a lock that is not had, a cancellation or a lack of memory is no answer,
 *   and goes on (pvext_try()).
 * - Rows stay with those that hang on them: where what would go with a row is blocked, so
 *   is the row, up to the topmost (keep_parents()).
 * - What mandatory rules read to say how long they keep something, or whether they keep it
 *   at all, stays with that: where it is blocked, so are their clocks, which would
 *   give no moment any more once it is not (keep_clocks()).
 * - It is about one subject at a time, since a blocker may lead through rows that are
 *   reached from it; where one query can ask it of many, that has been done
 *   (blocker_answer.c).  Subjects of one verdict are carried out together.
 *
 * An error leaves no value behind: what statements of the failed subtransaction returned
 * is gone, so the slots that they filled are forgotten.
 *
 * To ask blockers before the locks was tried first, and left: what they had said could be
 * another thing by the time that it was carried out.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catch.h"
#include "base/result.h"
#include "erase/blocker_answer.h"
#include "erase/verdict.h"
#include "execution/held_others.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "rule/hold.h"
#include "rule/rule.h"

/* A blocker being evaluated. */
typedef struct Evaluation
{
	PvextPlan  *plan;
	int			n;				/* which of the subject's blockers */
	bool		lock;
	bool		result;
} Evaluation;

/*
 * Does the blocker block the subject whose row is in plan->self?  For
 * pvext_try().
 */
static void
evaluate(void *arg)
{
	Evaluation *evaluation = arg;
	PvextPlan  *plan = evaluation->plan;
	PvextBlocker *blocker = list_nth(plan->subject->blockers, evaluation->n);
	PvextSet   *set = list_nth(plan->blocker_sets, evaluation->n);
	PvextStep  *step = list_nth(evaluation->lock ? plan->blocker_locks
								: plan->blocker_steps, evaluation->n);

	pvext_check_bound_owner(step->table, blocker->owner, "the condition of a blocker");

	/* The way there leads through other tables: their rows are found, and locked, first. */
	if (!pvext_is_direct(plan, set))
	{
		pvext_forget_slots(plan);
		pvext_collect(plan, evaluation->lock, false, false);
	}
	(void) pvext_run_step(step, false);
	evaluation->result = pvext_bool(0, 1);
}

/*
 * The same, an error counting as yes: what cannot be decided is not erased.  It is not
 * asked again where that was done of many subjects.
 */
static bool
blocks(PvextPlan *plan, int n, bool lock, const char *answers, bool *failed)
{
	Evaluation	evaluation = {plan, n, lock, false};
	ErrorData  *error;

	*failed = false;
	if (answers && answers[n] != PVEXT_NOT_ASKED)
		return answers[n] == PVEXT_BLOCKS;
	error = pvext_try(evaluate, &evaluation);

	/* What they hold points into results that SPI has freed with the subtransaction. */
	if (error)
		pvext_forget_slots(plan);
	*failed = error != NULL;
	return *failed || evaluation.result;
}

/* Do rows of the table go with those of another? */
static bool
goes_with(PvextTable *table, PvextTable *parent)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->parent == parent && ((PvextLink *) lfirst(lc))->delete_rows &&
			((PvextLink *) lfirst(lc))->shared == NULL)
			return true;
	return false;
}

/* Rows that others hang on stay with these; blocked is as PvextPlan.blocked. */
static void
keep_parents(PvextPlan *plan, char *blocked)
{
	int			first = list_length(plan->targets);
	bool		more = true;

	while (more)
	{
		more = false;
		for (int i = 0; i < list_length(plan->removals); i++)
			for (int k = 0; k < list_length(plan->removals); k++)
			{
				PvextRemoval *child = list_nth(plan->removals, i);
				PvextRemoval *parent = list_nth(plan->removals, k);

				if (blocked[first + i] != '1' || blocked[first + k] == '1' ||
					!goes_with(child->table, parent->table))
					continue;
				blocked[first + k] = '1';
				more = true;
			}
	}
}

/* Block what a mandatory rule reads, which keeps something blocked.  True where any was not. */
static bool
keep_clocks_of(PvextPlan *plan, char *blocked, PvextTable *table, PvextRule *rule)
{
	bool		more = false;
	int			i = 0;
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *clock = lfirst(lc);

		if (blocked[i] != '1' && pvext_is_clock(table, rule, clock->table, clock->column->name))
		{
			blocked[i] = '1';
			more = true;
		}
		i++;
	}
	return more;
}

/* The same of all mandatory rules that keep a column of a table or, for NULL, its rows. */
static bool
keep_clocks_about(PvextPlan *plan, char *blocked, PvextTable *table, const char *column)
{
	bool		more = false;
	ListCell   *lc;

	foreach(lc, pvext_rules_about(table, column))
		more = keep_clocks_of(plan, blocked, table, lfirst(lc)) || more;
	return more;
}

/* What mandatory rules read stays with what they keep; blocked is as PvextPlan.blocked. */
static void
keep_clocks(PvextPlan *plan, char *blocked)
{
	bool		more = true;

	while (more && strchr(blocked, '1') && strchr(blocked, '0'))
	{
		int			i = 0;
		ListCell   *lc;

		more = false;
		foreach(lc, plan->targets)
			if (blocked[i++] == '1')
				more = keep_clocks_about(plan, blocked, ((PvextTarget *) lfirst(lc))->table,
										 ((PvextTarget *) lfirst(lc))->column->name) || more;
		foreach(lc, plan->removals)
			if (blocked[i++] == '1')
				more = keep_clocks_about(plan, blocked, ((PvextRemoval *) lfirst(lc))->table, NULL) || more;
	}
}

/*
 * What holds and blockers say of the one subject whose row fills plan->self; held says
 * that there may be holds on it.  Holds on others are those that pvext_read_others() has
 * read.  If the verdict is to be carried out, its row is locked before, and with lock so
 * are the rows that blockers look at: whoever is changing them is waited for.  answers are
 * those of pvext_ask_blockers(), or NULL.  The results are in the current context.  Between pvext_enter() and pvext_leave(), under
 * pvext_with_map(); what the plan's slots hold afterwards is of no use to others.
 */
void
pvext_verdict(PvextPlan *plan, const bytea *digest, bool held, bool lock,
			  const char *answers, PvextVerdict *verdict)
{
	int			size = list_length(plan->targets) + list_length(plan->removals);
	char	   *blocked = palloc0(size + 1);
	ListCell   *lc;
	int			n = 0;

	memset(blocked, '0', size);
	verdict->reasons = verdict->blockers = verdict->others = NIL;
	verdict->any_hold = false;
	if (held)
		verdict->reasons = pvext_held_by(digest, &verdict->any_hold);
	verdict->held = verdict->all_blocked = verdict->reasons != NIL;
	if (verdict->held)
		memset(blocked, '1', size);
	foreach(lc, plan->subject->blockers)
	{
		PvextBlocker *blocker = lfirst(lc);
		ListCell   *cell;
		int			i = 0;

		bool		failed;

		if (!blocks(plan, n++, lock, answers, &failed))
			continue;
		verdict->blockers = lappend(verdict->blockers, blocker);
		verdict->reasons = lappend(verdict->reasons,
								   psprintf("%s: %s%s", blocker->name, blocker->reason,
										failed ? " (could not be evaluated)" : ""));
		foreach(cell, plan->targets)
		{
			if (pvext_blocks_column(blocker, ((PvextTarget *) lfirst(cell))->column))
				blocked[i] = '1';
			i++;
		}
		foreach(cell, plan->removals)
		{
			PvextTable *table = ((PvextRemoval *) lfirst(cell))->table;

			if (pvext_blocks_rows(blocker, table, pvext_links_that_delete(table, plan->subject)))
				blocked[i] = '1';
			i++;
		}
	}
	keep_parents(plan, blocked);
	keep_clocks(plan, blocked);
	if (!verdict->all_blocked)
		verdict->all_blocked = size > 0 && strchr(blocked, '0') == NULL;
	verdict->blocked = strchr(blocked, '1') ? blocked : NULL;
	if (plan->any_held && !verdict->all_blocked)
		verdict->others = pvext_find_others(plan, digest);
}

/*
 * All that a verdict says keeps something back, as texts for people: holds and blockers
 * in force, then holds on others.  In the current context.
 */
List *
pvext_reasons(PvextVerdict *verdict)
{
	return list_concat_copy(verdict->reasons, verdict->others);
}

/*
 * verdict.c
 *		The one decision: what may go, what is retained, what is blocked.
 *
 * Whether a subject is held or blocked is decided once, before its rows are
 * touched and after its own row is locked; how long a row's columns are
 * retained (rule.c), and whether somebody else whom it is about is held (shared_row.c), is
 * decided row by row, by a fragment of SQL in every statement.
 * Preview, erasure and purge all ask here.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catch.h"
#include "base/result.h"
#include "erase/verdict.h"
#include "execution/held_others.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "rule/hold.h"
#include "rule/rule.h"
#include "utils/builtins.h"

/* A blocker being evaluated. */
typedef struct Evaluation
{
	PvextPlan  *plan;
	int			n;				/* which of the subject's blockers */
	bool		lock;
	bool		result;
} Evaluation;

/* Do the set's rows hang on the subject's own row, and on it alone? */
static bool
is_direct(PvextPlan *plan, PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, set->arms)
		if (((PvextArm *) lfirst(lc))->parent != plan->self)
			return false;
	return true;
}

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
	if (!is_direct(plan, set))
	{
		pvext_forget_slots(plan);
		pvext_collect(plan, evaluation->lock, false, false);
	}
	(void) pvext_run_step(step, false);
	evaluation->result = pvext_bool(0, 1);
}

/* The same, an error counting as yes: what cannot be decided is not erased. */
static bool
blocks(PvextPlan *plan, int n, bool lock, bool *failed)
{
	Evaluation	evaluation = {plan, n, lock, false};
	ErrorData  *error = pvext_try(evaluate, &evaluation);

	if (error)
		pvext_forget_slots(plan);	/* what they held went with the error */
	*failed = error != NULL;
	return *failed || evaluation.result;
}

/* Do rows of the table go with those of another? */
static bool
goes_with(PvextTable *table, PvextTable *parent)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->parent == parent && ((PvextLink *) lfirst(lc))->delete_rows)
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

/*
 * What holds and blockers say of the one subject whose row fills plan->self;
 * held says that there may be holds on it.  Holds on others are those that
 * pvext_read_others() has read.
 * If the verdict is to be carried out, its row is locked before, and with lock
 * so are the rows that blockers look at: whoever is changing them is waited
 * for.  The results are in the current context.
 */
void
pvext_verdict(PvextPlan *plan, const bytea *digest, bool held, bool lock,
			  PvextVerdict *verdict)
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
	verdict->all_blocked = verdict->reasons != NIL;
	if (verdict->all_blocked)
		memset(blocked, '1', size);
	foreach(lc, plan->subject->blockers)
	{
		PvextBlocker *blocker = lfirst(lc);
		ListCell   *cell;
		int			i = 0;

		bool		failed;

		if (!blocks(plan, n++, lock, &failed))
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
			if (pvext_blocks_rows(blocker, ((PvextRemoval *) lfirst(cell))->table))
				blocked[i] = '1';
			i++;
		}
	}
	keep_parents(plan, blocked);
	if (!verdict->all_blocked)
		verdict->all_blocked = size > 0 && strchr(blocked, '0') == NULL;
	verdict->blocked = strchr(blocked, '1') ? blocked : NULL;
	if (plan->any_held && !verdict->all_blocked)
		verdict->others = pvext_find_others(plan, digest);
}

/* All that a verdict says keeps something back. */
List *
pvext_reasons(PvextVerdict *verdict)
{
	return list_concat_copy(verdict->reasons, verdict->others);
}

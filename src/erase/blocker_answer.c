/*
 * blocker_answer.c
 *		What blockers say of many subjects at once.
 *
 * A verdict is about one subject (verdict.c), but where there are thousands, one query per
 * blocker tells of which it is true, and most subjects then need none of their own.  What
 * such a query cannot tell, since the way to the rows leads through other owners' tables or
 * since the condition fails for somebody, is left to be asked of each subject alone.
 *
 * The rows that a blocker looks at are locked before, all of them, by a statement of its own:
 * the answers are those of a snapshot that is taken under these locks.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catch.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "erase/blocker_answer.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "utils/array.h"

/* A blocker being asked of all subjects. */
typedef struct Question
{
	PvextPlan  *plan;
	int			n;				/* which of the subject's blockers */
	bool		lock;
	Datum		blocked;		/* bigint[]: of which it is true */
	bool		none;			/* of nobody */
} Question;

/* Do the set's rows hang on the subject's own row, and on it alone? */
bool
pvext_is_direct(PvextPlan *plan, PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, set->arms)
		if (((PvextArm *) lfirst(lc))->parent != plan->self)
			return false;
	return true;
}

/* Lock what the blocker looks at, and on the way there, of all subjects. */
static void
lock_rows(Question *question)
{
	PvextPlan  *plan = question->plan;
	PvextStep  *rows = list_nth(plan->blocker_rows, question->n);

	if (rows == NULL)
		return;					/* their own rows are locked */
	if (!pvext_is_direct(plan, list_nth(plan->blocker_sets, question->n)))
	{
		pvext_forget_slots(plan);
		pvext_collect(plan, true, false, true);
	}
	(void) pvext_run_step(rows, true);
}

/* Ask it.  For pvext_try(). */
static void
ask(void *arg)
{
	Question   *question = arg;
	PvextPlan  *plan = question->plan;
	PvextBlocker *blocker = list_nth(plan->subject->blockers, question->n);
	PvextSet   *set = list_nth(plan->blocker_sets, question->n);

	pvext_check_bound_owner(set->table, blocker->owner, "the condition of a blocker");
	if (question->lock)
		lock_rows(question);
	(void) pvext_run_step(list_nth(plan->blocker_asks, question->n), true);
	question->blocked = pvext_datum(0, 1, &question->none);
}

/* Enter what a blocker says, which is true of the subjects of these numbers, from 1. */
static void
enter(char **answers, int nanswers, Question *question)
{
	Datum	   *numbers = NULL;
	int			count = 0;

	for (int i = 0; i < nanswers; i++)
		if (answers[i])
			answers[i][question->n] = PVEXT_DOES_NOT_BLOCK;
	if (!question->none)
		deconstruct_array(DatumGetArrayTypeP(question->blocked), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
						  TYPALIGN_DOUBLE, &numbers, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		int64		number = DatumGetInt64(numbers[i]);

		if (answers[number - 1])
			answers[number - 1][question->n] = PVEXT_BLOCKS;
	}
}

/*
 * What each blocker says of subjects, whose rows are locked where it is to be carried out,
 * as a string for each: see blocker_answer.h; NULL for one whose row is gone.  With lock, what
 * they look at is locked, too.  In the current context.  The plan is turned to all of them.
 * Between pvext_enter() and pvext_leave(), under pvext_with_map().
 */
char **
pvext_ask_blockers(PvextPlan *plan, List *rows, bool lock)
{
	int			nblockers = list_length(plan->subject->blockers);
	char	  **answers = palloc0(sizeof(char *) * Max(list_length(rows), 1));
	ListCell   *lc;
	int			i = 0;

	if (nblockers == 0 || list_length(rows) < 2)
		return answers;
	foreach(lc, rows)
	{
		if (!((PvextRow *) lfirst(lc))->gone)
		{
			answers[i] = palloc0(nblockers + 1);
			memset(answers[i], PVEXT_NOT_ASKED, nblockers);
		}
		i++;
	}
	pvext_set_rows(plan, rows);
	for (int n = 0; n < nblockers; n++)
	{
		Question	question = {plan, n, lock, (Datum) 0, true};

		if (list_nth(plan->blocker_asks, n) == NULL)
			continue;
		if (pvext_try(ask, &question) == NULL)
			enter(answers, list_length(rows), &question);
		else
			pvext_forget_slots(plan);
	}
	return answers;
}

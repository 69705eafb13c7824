/*
 * step.c
 *		Running one of a plan's statements, also as of a moment that several have in common.
 *
 * Each statement decides by itself what is due: by clocks that may read other tables' rows,
 * which are not locked.  Were one of them to see the clock before somebody has changed it
 * and another after, half of a subject's values would go.  So those that write what belongs
 * together see the tables as of one moment, once their rows are locked: what others commit
 * after it comes after all of it.  What this transaction has done so far they all see.
 *
 * Whatever an owner's code does beneath one of them sees the tables as it always does.
 */
#include "postgres.h"
#include "base/message.h"

#include "execution/step.h"
#include "utils/snapmgr.h"

/* As of when steps see the tables; NULL: each as of when it begins. */
static Snapshot moment = NULL;

/*
 * Run a step, as its table's owner, with the values that its parameters have now; returns
 * the number of rows, those of a query in SPI_tuptable.  The values are read, and must
 * live, as long as it runs.  Between pvext_enter() and pvext_leave().
 */
uint64
pvext_run_step(PvextStep *step, bool many)
{
	PvextStatement *statement = many ? &step->many : &step->few;
	Snapshot	outer = moment;
	PvextArgs	args = {0};
	uint64		n;
	ListCell   *lc;

	foreach(lc, step->params)
	{
		PvextParam *param = lfirst(lc);

		pvext_arg(&args, param->type, param->value, param->isnull);
	}
	if (outer == NULL)
		return pvext_run_kept(step->table->owner, statement, &args,
							  many ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN);

	/*
	 * An error that is caught further up must leave the moment to nobody who runs a step
	 * after it: no abort ends it, and its snapshot is let go of.
	 */
	PG_TRY();
	{
		statement->snapshot = outer;
		moment = NULL;			/* it is not that of runs that triggers begin */
		n = pvext_run_kept(step->table->owner, statement, &args,
						   many ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN);
	}
	PG_FINALLY();
	{
		statement->snapshot = NULL;
		moment = outer;
	}
	PG_END_TRY();
	return n;
}

/*
 * Call body(arg), in which steps see what others do as of when the snapshot was taken,
 * which the caller keeps registered.  A row that somebody has changed since is waited
 * for, and decided on as it is then, as always at READ COMMITTED.
 */
void
pvext_at_moment(Snapshot snapshot, void (*body) (void *), void *arg)
{
	Snapshot	outer = moment;

	PG_TRY();
	{
		moment = snapshot;
		body(arg);
	}
	PG_FINALLY();
	{
		moment = outer;
	}
	PG_END_TRY();
}

/*
 * The same as of now: the rows that are to be decided on have been locked.  At READ
 * COMMITTED, between pvext_enter() and pvext_leave().
 */
void
pvext_at_one_moment(void (*body) (void *), void *arg)
{
	/* An error's abort lets go of it, with the resource owner. */
	Snapshot	now = RegisterSnapshot(GetTransactionSnapshot());

	pvext_at_moment(now, body, arg);
	UnregisterSnapshot(now);
}

/*
 * retained_answer.c
 *		Of which of many subjects something is retained, and until when.
 *
 * Subjects of one verdict are carried out together (carry_out.c) also where rules retain
 * rows: those of whom nothing is retained, and those of whom something is, each as a set,
 * since what the audit log keeps differs.  Which they are is asked before, to put them
 * together, and after, when it counts: what has come out is what the verification found, and
 * only whose it is is told here, by plan/told_apart.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "erase/retained_answer.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "utils/timestamp.h"

/*
 * Until when something is retained of each of the subjects, whose rows are given; DT_NOBEGIN:
 * nothing is.  Of a plan that can tell them apart, which is turned to them.  In the current
 * context.  Between pvext_enter() and pvext_leave().
 */
TimestampTz *
pvext_ask_retained(PvextPlan *plan, List *rows)
{
	TimestampTz *until = palloc(sizeof(TimestampTz) * list_length(rows));
	ListCell   *lc;

	for (int i = 0; i < list_length(rows); i++)
		until[i] = DT_NOBEGIN;
	pvext_set_rows(plan, rows);
	foreach(lc, plan->retained_asks)
	{
		uint64		n = pvext_run_step(lfirst(lc), true);

		for (uint64 i = 0; i < n; i++)
		{
			int			which = (int) pvext_int(i, 1) - 1;
			bool		isnull;
			Datum		found = pvext_datum(i, 2, &isnull);

			until[which] = Max(until[which], DatumGetTimestampTz(found));
		}
	}
	return until;
}

/*
 * Who of the subjects loses something of his own row, whatever is retained: the rows are
 * locked, so that it is so still when the plan is carried out.  Likewise.
 */
bool *
pvext_ask_begun(PvextPlan *plan, List *rows)
{
	bool	   *begun = palloc0(sizeof(bool) * list_length(rows));
	uint64		n;

	if (plan->begun_ask == NULL)
		return begun;
	pvext_set_rows(plan, rows);
	n = pvext_run_step(plan->begun_ask, true);
	for (uint64 i = 0; i < n; i++)
		begun[pvext_int(i, 1) - 1] = true;
	return begun;
}

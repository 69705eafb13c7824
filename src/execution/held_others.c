/*
 * held_others.c
 *		Reading who is held, and whose hold it is that keeps something of a subject.
 *
 * A plan whose rows may be others', too, has one of its own for each subject table whose
 * subjects these may be (shared_row.c).  Before the plan's statements are run the subjects of
 * those are set: all who are held.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "execution/held_others.h"
#include "execution/redacted_text.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "map/key.h"
#include "plan/row_subject.h"
#include "rule/hold.h"

/* The rows of subjects who are held; who has none still has a key. */
static List *
rows_of_held(PvextPlan *held, List *keys)
{
	List	   *parts = NIL;
	List	   *rows;
	bool	   *found;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, keys)
		parts = lappend(parts, pvext_split_key(held->subject, lfirst(lc)));
	rows = pvext_lock_rows(held, parts, false);
	found = palloc0(sizeof(bool) * list_length(keys));
	foreach(lc, rows)
		found[((PvextRow *) lfirst(lc))->n] = true;
	foreach(lc, parts)
		if (!found[i++])
			rows = lappend(rows, pvext_row_of_key(held, lfirst(lc)));
	return rows;
}

/*
 * Read who is held and what rows are about them, as it is now, for the statements of the
 * plan.  To be called before any of them is run in a call, and by whoever writes once the
 * rows are locked that are parents: none can come to them after that, and nobody can come
 * to be held since pvext_lock_plan().  What is found of those who are held is not locked.
 */
void
pvext_read_others(PvextPlan *plan)
{
	static PvextStatement find = {
		"SELECT DISTINCT relation_id, key FROM pv.hold WHERE released_at IS NULL"
		" AND (expires IS NULL OR expires > now()) AND key IS NOT NULL", NULL
	};
	SPITupleTable *found;
	uint64		n;
	ListCell   *lc;

	plan->any_held = false;
	if (plan->others == NIL)
		return;
	n = pvext_never_used("hold") ? 0 : pvext_own_kept(&find, NULL);
	found = SPI_tuptable;
	foreach(lc, plan->others)
	{
		PvextPlan  *held = lfirst(lc);
		List	   *keys = NIL;

		SPI_tuptable = found;	/* the last round has read other results */
		for (uint64 i = 0; i < n; i++)
			if (pvext_int(i, 1) == held->subject->id)
				keys = lappend(keys, pvext_value(i, 2));
		pvext_forget_slots(held);
		pvext_set_rows(held, keys == NIL ? NIL : rows_of_held(held, keys));
		if (keys == NIL)
			continue;
		plan->any_held = true;
		pvext_collect(held, false, false, list_length(keys) > PVEXT_FEW_SUBJECTS);
	}
}

/*
 * Find of which rows something is kept, so that what refers to them stays: after
 * pvext_read_others() and pvext_prepare_redaction(), before anything is written, or said.
 */
void
pvext_find_references(PvextPlan *plan, bool many)
{
	ListCell   *lc;

	foreach(lc, plan->references)
		(void) pvext_fill_slots(((PvextReference *) lfirst(lc))->rows, ((PvextReference *) lfirst(lc))->find, false, many);
}

/* Add the holds on those whom the rows of a step are about, each once. */
static List *
add_holds(List *holds, PvextRows *start, PvextStep *step)
{
	uint64		n = pvext_run_step(step, false);
	List	   *row_subjects = pvext_find_row_subjects(start, SPI_tuptable, n, 2);
	List	   *seen = NIL;
	bool		found = false;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, row_subjects)
	{
		PvextRowSubject *row_subject = lfirst(lc);
		char	   *who = psprintf("%d %s", row_subject->subject->id, row_subject->key);
		bool		any;

		if (pvext_has_name(seen, who))
			continue;
		seen = lappend(seen, who);
		foreach(cell, pvext_held_by(pvext_subject_digest(row_subject->subject->id, row_subject->key), &any))
		{
			found = true;
			if (!pvext_has_name(holds, lfirst(cell)))
				holds = lappend(holds, lfirst(cell));
		}
	}
	if (n > 0 && !found && !pvext_has_name(holds, PVEXT_SOME_HOLD))
		holds = lappend(holds, PVEXT_SOME_HOLD);
	return holds;
}

/*
 * The holds on others that keep something of the one subject whose row fills plan->self,
 * as texts such as "hold 12: court case", after pvext_read_others().  A text that may name
 * the subject counts as if it did.  Where links go around, on whom is not found out.
 */
List *
pvext_find_others(PvextPlan *plan, const bytea *digest)
{
	List	   *holds = NIL;
	ListCell   *lc;

	pvext_forget_slots(plan);
	pvext_collect(plan, false, false, false);
	pvext_prepare_redaction(plan, digest, true);
	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->sharers)
			holds = add_holds(holds, ((PvextTarget *) lfirst(lc))->shared,
							  ((PvextTarget *) lfirst(lc))->sharers);
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->sharers)
			holds = add_holds(holds, ((PvextRemoval *) lfirst(lc))->shared,
							  ((PvextRemoval *) lfirst(lc))->sharers);
	return holds;
}

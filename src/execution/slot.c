/*
 * slot.c
 *		Filling in whom a plan is about: the subjects' own rows, and those found from them.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "catalog/pg_type.h"
#include "execution/living.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "map/key.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

/* A subject's row in the last result. */
static PvextRow *
read_row(PvextPlan *plan, uint64 n)
{
	int			nslots = list_length(plan->self->slots);
	PvextRow   *row = palloc0(sizeof(PvextRow));

	row->n = (int) pvext_int(n, 1) - 1;
	row->key = pvext_value(n, 2);
	row->slots = palloc(sizeof(Datum) * nslots);
	row->nulls = palloc(sizeof(bool) * nslots);
	for (int s = 0; s < nslots; s++)
		row->slots[s] = pvext_datum(n, s + 3, &row->nulls[s]);
	return row;
}

/*
 * Find the subjects' own rows, and with lock take them FOR UPDATE in key
 * order.  keys holds for each subject the list of its key columns' texts.
 * Returns a PvextRow for each that was found, in that order, its values living as long as
 * the SPI connection: they are in the result, which nobody frees.  As the
 * table's owner.  Waits for who has locked one, pvext.lock_timeout at most each.
 */
List *
pvext_lock_rows(PvextPlan *plan, List *keys, bool lock)
{
	PvextArgs	args = {0};
	uint64		n;
	List	   *rows = NIL;

	if (list_length(keys) == 1)
	{
		ListCell   *lc;

		foreach(lc, linitial(keys))
			pvext_arg_text(&args, lfirst(lc));
		n = pvext_run_keys(plan->subject, lock ? &plan->lock_one : &plan->look_one,
						   &args, CURSOR_OPT_GENERIC_PLAN);
	}
	else
	{
		for (int i = 0; i < list_length(plan->subject->key); i++)
		{
			List	   *part = NIL;
			ListCell   *lc;

			foreach(lc, keys)
				part = lappend(part, list_nth(lfirst(lc), i));
			pvext_arg(&args, TEXTARRAYOID, pvext_text_array(part), false);
		}
		n = pvext_run_keys(plan->subject, lock ? &plan->lock_many : &plan->look_many, &args, 0);
	}
	for (uint64 i = 0; i < n; i++)
		rows = lappend(rows, read_row(plan, i));
	return rows;
}

/* What a row of the subject table would be that had a key, whose columns' texts these are. */
PvextRow *
pvext_row_of_key(PvextPlan *plan, List *parts)
{
	PvextArgs	args = {0};
	PvextRow   *row;
	ListCell   *lc;

	foreach(lc, parts)
		pvext_arg_text(&args, lfirst(lc));
	(void) pvext_run_keys(plan->subject, &plan->key_one, &args, CURSOR_OPT_GENERIC_PLAN);
	row = read_row(plan, 0);
	row->gone = true;
	return row;
}

/*
 * Let the plan's statements be about these subjects.  In the current context, in which
 * the arrays live; what was found from others is still there, until pvext_collect() or
 * pvext_forget_slots().
 */
void
pvext_set_rows(PvextPlan *plan, List *rows)
{
	int			nrows = list_length(rows);
	ListCell   *lc;
	int			s = 0;

	plan->rows = rows;
	foreach(lc, plan->self->slots)
	{
		PvextSlot  *slot = lfirst(lc);
		Datum	   *elements = palloc(sizeof(Datum) * Max(nrows, 1));
		bool	   *nulls = palloc(sizeof(bool) * Max(nrows, 1));
		int16		typlen;
		bool		typbyval;
		char		typalign;
		int			lbound = 1;
		int			i = 0;
		ListCell   *cell;

		foreach(cell, rows)
		{
			PvextRow   *row = lfirst(cell);

			elements[i] = row->slots[s];
			nulls[i++] = row->nulls[s];
		}
		get_typlenbyvalalign(slot->element, &typlen, &typbyval, &typalign);
		slot->param.value = PointerGetDatum(construct_md_array(elements, nulls, 1, &nrows,
															   &lbound, slot->element,
															   typlen, typbyval, typalign));
		slot->param.isnull = false;
		s++;
	}
}

/*
 * Read a set's slots by one of its steps, in place of what they hold or after it.
 * Returns the number of rows found.  What is read lives as long as the result does: until
 * the SPI connection ends, or the subtransaction fails in which it is read.
 */
int64
pvext_fill_slots(PvextSet *set, PvextStep *step, bool append, bool many)
{
	ListCell   *lc;
	int			s = 1;

	(void) pvext_run_step(step, many);
	foreach(lc, set->slots)
	{
		PvextSlot  *slot = lfirst(lc);
		bool		isnull;
		Datum		found = pvext_datum(0, s++, &isnull);

		if (append && !slot->param.isnull && !isnull)
			found = OidFunctionCall2(F_ARRAY_CAT, slot->param.value, found);
		else if (append && isnull)
			continue;
		slot->param.value = found;
		slot->param.isnull = isnull;
	}
	return pvext_int(0, s);
}

/*
 * Forget the rows that links led to, for they were another subject's, or have gone with
 * an error.  A slot that is forgotten is NULL, by which nothing matches.
 */
void
pvext_forget_slots(PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		foreach(cell, set->slots)
			((PvextSlot *) lfirst(cell))->param.isnull = true;
		if (set->referred)
			pvext_forget_kept(set);
	}
	foreach(lc, plan->references)
		foreach(cell, ((PvextReference *) lfirst(lc))->rows->slots)
			((PvextSlot *) lfirst(cell))->param.isnull = true;
}

/*
 * Follow the links from the subjects down, level by level: plan->sets has parents first.
 * Where links form a cycle, until no more rows are found.  With append, what was found
 * before stays.  Each level has a snapshot of its own, taken when the one above it is
 * locked (SPI takes a new one for each statement that is not read only).  Of rows that go
 * with the last who refers to them it is found out here which do.
 */
void
pvext_collect(PvextPlan *plan, bool lock, bool append, bool many)
{
	int64		before = -1;
	int64		found = 0;

	while (found != before)
	{
		ListCell   *lc;

		before = found;
		found = 0;
		foreach(lc, plan->sets)
		{
			PvextSet   *set = lfirst(lc);

			if (set->referred)
				pvext_find_kept(plan, set, lock, many);
			if (set->collect)
				found += pvext_fill_slots(set, lock ? set->collect : set->look, append, many);
		}
		if (!plan->cyclic)
			break;
		CHECK_FOR_INTERRUPTS();
	}
}

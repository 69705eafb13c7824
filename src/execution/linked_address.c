/*
 * linked_address.c
 *		Addresses of a subject's in other tables than its own.
 *
 * Contacts are often a table of their own.  Whose they are the data map says, column by
 * column; they are found as an erasure finds them, from the subject down, and only read.
 * consent/suppression.c asks for them, which may not know of plans: it is handed this.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "execution/linked_address.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "map/key.h"
#include "plan/find_plan.h"

/* Let the plan's statements see what the active snapshot does, or what is there now. */
static void
set_read_only(PvextPlan *plan, bool read_only)
{
	ListCell   *lc;

	plan->look_one.read_only = plan->look_many.read_only = plan->key_one.read_only = read_only;
	foreach(lc, plan->sets)
	{
		PvextStep  *look = ((PvextSet *) lfirst(lc))->look;

		if (look)
			look->few.read_only = look->many.read_only = read_only;
	}
	foreach(lc, plan->address_steps)
	{
		PvextStep  *step = lfirst(lc);

		step->few.read_only = step->many.read_only = read_only;
	}
}

/* The subjects' own rows; of one who has none, what it would be. */
static List *
find_rows(PvextPlan *plan, List *keys)
{
	List	   *parts = NIL;
	List	   *rows;
	ListCell   *lc;

	foreach(lc, keys)
		parts = lappend(parts, pvext_split_key(plan->subject, lfirst(lc)));
	rows = pvext_lock_rows(plan, parts, false);
	return rows == NIL && list_length(keys) == 1 ?
		list_make1(pvext_row_of_key(plan, linitial(parts))) : rows;
}

/*
 * Texts, C strings, of linked tables that may be addresses of the subjects of the keys, as of
 * the active snapshot; or, with going, as they are, those that an erasure takes: not
 * those at which somebody else is reached who lives.  Between pvext_enter() and
 * pvext_leave().
 */
List *
pvext_linked_addresses(PvextMap *map, PvextTable *subject, List *keys, bool going)
{
	PvextPlan  *plan = pvext_address_plan(map, subject, going);
	bool		many = list_length(keys) > PVEXT_FEW_SUBJECTS;
	List	   *texts = NIL;
	ListCell   *lc;

	if (plan->address_steps == NIL)
		return NIL;
	pvext_lock_plan(plan, AccessShareLock);
	set_read_only(plan, !going);
	pvext_forget_slots(plan);
	pvext_set_rows(plan, find_rows(plan, keys));
	pvext_collect(plan, false, false, many);
	foreach(lc, plan->address_steps)
	{
		uint64		n = pvext_run_step(lfirst(lc), many);

		for (uint64 i = 0; i < n; i++)
			texts = lappend(texts, pvext_value(i, 1));
	}
	return texts;
}

/*
 * person_search.c
 *		A search for persons' values, from the map to what is looked for.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "copies/known_value.h"
#include "copies/person_search.h"
#include "plan/find_plan.h"
#include "text/matcher.h"
#include "utils/snapmgr.h"

/* Is a value too short to be looked for? */
static bool
is_too_short(char *value)
{
	return pvext_matches_nothing(pvext_make_matcher(list_make1(value)));
}

/* Leave out what would be found everywhere, and say so. */
static List *
without_short(List *values)
{
	List	   *kept = NIL;
	ListCell   *lc;
	int			n;

	foreach(lc, values)
		if (!is_too_short(lfirst(lc)))
			kept = lappend(kept, lfirst(lc));
	n = list_length(values) - list_length(kept);
	if (n > 0)
		ereport(NOTICE,
				(errmsg_plural("%d identifying value is too short to be looked for",
							   "%d identifying values are too short to be looked for", n, n),
				 errhint("A single character would be found everywhere.")));
	return kept;
}

/* Say what is not looked for, since the caller may not read it. */
static void
check_unread(List *unread, bool any)
{
	if (unread == NIL)
		return;
	ereport(any ? WARNING : ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 any ? errmsg("values of columns that you may not read are not looked for") :
			 errmsg("permission denied for the columns that identify the subject"),
			 errdetail("You may not read %s, or not all of the rows.", pvext_join_names(unread, ", ", false)),
			 errhint("Let an officer search: see pv.grant_role().")));
}

/*
 * Begin a search for persons' values: in everything, or in what the caller may read.
 * Between pvext_enter() and pvext_leave(), under pvext_with_map().
 */
void
pvext_begin_copy_search(PvextCopySearch *search, PvextMap *map, PvextTable *subject, bool everything)
{
	search->map = map;
	search->everything = everything;
	search->plan = pvext_copies_plan(map, subject);
	pvext_lock_plan(search->plan, AccessShareLock);
}

/*
 * Look for what identifies the persons of some keys, as the snapshot has it; those whom
 * the map is asked about are the last ones.  Returns whether they have rows.
 */
bool
pvext_seek_persons(PvextCopySearch *search, List *keys, Snapshot snapshot)
{
	bool		any;

	PushActiveSnapshot(snapshot);
	any = pvext_turn_to(search->plan, keys);
	if (any)
		search->values = list_concat(search->values,
									 pvext_known_values(search->plan, search->everything, &search->unread));
	PopActiveSnapshot();
	return any;
}

/* All persons have been named: is there anything to look for? */
bool
pvext_prepare_copy_search(PvextCopySearch *search)
{
	check_unread(search->unread, search->values != NIL);
	pvext_prepare_sought(&search->sought, without_short(search->values));
	return search->sought.matchers != NIL;
}

/*
 * person_above.c
 *		Whether rows hang on those of persons who are not the subject's.
 *
 * An order that an employee has typed in refers to its customer: where that is so, what is in
 * the order is rather the customer's, though he may not be in the map.  References that say
 * by their names who acted count for nothing.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/name_guess.h"
#include "detect/person_above.h"

/* The tables (OIDs) that foreign keys lead to from those given, but for who acted. */
static List *
referred_tables(Oid relid)
{
	PvextArgs	args = {0};
	List	   *parents = NIL;
	uint64		n;

	pvext_arg_oid(&args, OIDOID, relid);
	n = pvext_own("SELECT CAST(k.confrelid AS oid), ARRAY(SELECT a.attname FROM pg_attribute AS a"
				  "  WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) ORDER BY a.attnum)"
				  " FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conrelid = $1 AND k.confrelid <> $1 ORDER BY k.oid", &args);
	for (uint64 i = 0; i < n; i++)
		if (!pvext_says_acted(pvext_names(i, 2), (Oid) pvext_int(i, 1)))
			parents = list_append_unique_oid(parents, (Oid) pvext_int(i, 1));
	return parents;
}

/* The same of links, and of what may be links. */
static List *
parents_of(PvextOutlook *outlook, Oid relid)
{
	List	   *parents = referred_tables(relid);
	ListCell   *lc;

	foreach(lc, outlook->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid && !candidate->shared && candidate->confidence >= PVEXT_FOLLOWED &&
			!pvext_says_acted(candidate->columns, candidate->parent))
			parents = list_append_unique_oid(parents, candidate->parent);
	}
	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->relid == relid && !link->shared && link->candidate == NULL)
			parents = list_append_unique_oid(parents, link->parent);
	}
	return parents;
}

/*
 * Are the table's rows those of persons other than the subject's, or do they hang on such, at
 * any distance?  Between pvext_enter() and pvext_leave().
 */
bool
pvext_is_below_persons(PvextOutlook *outlook, Oid relid)
{
	List	   *seen = list_make1_oid(relid);

	for (int i = 0; i < list_length(seen); i++)
	{
		Oid			at = list_nth_oid(seen, i);

		if (at == outlook->subject)
			continue;
		if (list_member_oid(outlook->subjects, at) || pvext_looks_like_persons(at))
			return true;
		seen = list_concat_unique_oid(seen, parents_of(outlook, at));
	}
	return false;
}

/*
 * way_up.c
 *		The ways from a table's rows up to persons, by links that are declared or likely.
 *
 * Where tables refer to each other there are more ways than anybody reads.  But by each of
 * a row's own links there is a nearest one, and whoever says whom a column is about needs
 * that: these come first, then the rest, the shortest first, as far as there is room.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "detect/name_guess.h"
#include "detect/way_up.h"
#include "miscadmin.h"

/* More ways than this are not listed, but the nearest by each link. */
#define MAX_WAYS 20

/* Ways are not followed any more after so many tables on them. */
#define MAX_STEPS 100

/* A way as far as it has been followed. */
typedef struct Way
{
	char	   *name;			/* NULL: it begins here */
	Oid			at;
	List	   *been;			/* OIDs of the tables on it */
} Way;

/*
 * How likely a link says whose the row is: one to a person at once, by its name the row's
 * maker or owner, before one to whom it is for, and those before one by way of other rows.
 */
static int
rank_of(PvextOutlook *outlook, PvextOutlookLink *link)
{
	char	   *name = pvext_join_names(link->columns, "_", false);

	if (!list_member_oid(outlook->subjects, link->parent))
		return 4;
	if (pvext_says_acted(link->columns, link->parent) && !pvext_says_made(link->columns))
		return 3;
	if (pvext_name_says(name, "to recipient receiver target friend subject mottaker"))
		return 2;
	return pvext_says_made(link->columns) || pvext_name_says(name, "from sender author owner user poster avsender eier bruker") ? 0 : 1;
}

/* The links, those first that say best whose the row is, else in their order. */
static List *
sort_links(PvextOutlook *outlook, List *links)
{
	List	   *sorted = NIL;
	ListCell   *lc;

	for (int rank = 0; rank <= 4; rank++)
		foreach(lc, links)
			if (rank_of(outlook, lfirst(lc)) == rank)
				sorted = lappend(sorted, lfirst(lc));
	return sorted;
}

/*
 * The links of a table, the likeliest first; with inherited, those that what belongs to
 * its rows goes on by.  Those to rows of the table itself count only where there are no
 * others.
 */
List *
pvext_links_up(PvextOutlook *outlook, Oid relid, bool inherited)
{
	List	   *links = NIL;
	List	   *own = NIL;
	ListCell   *lc;

	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->relid != relid || (inherited && !link->inherited))
			continue;
		if (link->parent == relid)
			own = lappend(own, link);
		else
			links = lappend(links, link);
	}
	return links != NIL ? sort_links(outlook, links) : own;
}

/* The tables by how many links lead on from there to a person, as lists of OIDs: persons, then those at one link, and so on. */
static List *
levels_of(PvextOutlook *outlook)
{
	List	   *level = outlook->subjects;
	List	   *seen = list_copy(outlook->subjects);
	ListCell   *lc;

	if (outlook->levels != NIL)
		return outlook->levels;
	while (level != NIL)
	{
		List	   *next = NIL;

		outlook->levels = lappend(outlook->levels, level);
		foreach(lc, outlook->links)
		{
			PvextOutlookLink *link = lfirst(lc);

			if (link->inherited && list_member_oid(level, link->parent) && !list_member_oid(seen, link->relid))
				next = list_append_unique_oid(next, link->relid);
		}
		seen = list_concat(seen, next);
		level = next;
	}
	return outlook->levels;
}

/* By how many links it is to a person from the table; -1: by none. */
static int
distance_of(PvextOutlook *outlook, Oid relid)
{
	ListCell   *lc;

	foreach(lc, levels_of(outlook))
		if (list_member_oid(lfirst(lc), relid))
			return foreach_current_index(lc);
	return -1;
}

/* The likeliest link of a table that leads nearer to a person; NULL at a person, and where none does. */
static PvextOutlookLink *
nearer(PvextOutlook *outlook, Oid relid)
{
	int			distance = distance_of(outlook, relid);
	ListCell   *lc;

	foreach(lc, distance > 0 ? pvext_links_up(outlook, relid, true) : NIL)
		if (distance_of(outlook, ((PvextOutlookLink *) lfirst(lc))->parent) == distance - 1)
			return lfirst(lc);
	return NULL;
}

/* The shortest way by a link of the rows; the link alone, which stands for all ways by it, where that leads back to them. */
static char *
nearest_by(PvextOutlook *outlook, PvextOutlookLink *link)
{
	char	   *way = link->name;
	PvextOutlookLink *on = link;

	while ((on = nearer(outlook, on->parent)) != NULL)
	{
		if (on->relid == link->relid)
			return link->name;
		way = psprintf("%s.%s", way, on->name);
	}
	return way;
}

/* How many links a way has. */
static int
count_links(const char *way)
{
	int			n = 1;

	for (; *way; way++)
		n += *way == '.';
	return n;
}

/* The shortest ways first, else in their order. */
static List *
sort_ways(List *ways)
{
	List	   *sorted = NIL;
	ListCell   *lc;

	for (int n = 1; list_length(sorted) < list_length(ways); n++)
		foreach(lc, ways)
			if (count_links(lfirst(lc)) == n)
				sorted = lappend(sorted, lfirst(lc));
	return sorted;
}

/* A way that goes on by a link; by none it begins at a table. */
static Way *
go_on(Way *way, PvextOutlookLink *link)
{
	Way		   *on = palloc0(sizeof(Way));

	on->name = way->name ? psprintf("%s.%s", way->name, link->name) : link->name;
	on->at = link->parent;
	on->been = lappend_oid(list_copy(way->been), way->at);
	return on;
}

/*
 * The ways that have been followed to persons, the shortest first; then those that end
 * elsewhere, or in a circle.
 */
static List *
follow_ways(PvextOutlook *outlook, Oid relid)
{
	Way		   *begin = palloc0(sizeof(Way));
	List	   *open = list_make1(begin);
	List	   *ended = NIL;
	List	   *astray = NIL;
	ListCell   *lc;

	begin->at = relid;
	for (int i = 0; i < Min(list_length(open), MAX_STEPS) && list_length(ended) < MAX_WAYS; i++)
	{
		Way		   *way = list_nth(open, i);
		List	   *links = list_member_oid(outlook->subjects, way->at) && way->name ? NIL :
			pvext_links_up(outlook, way->at, way->name != NULL);

		CHECK_FOR_INTERRUPTS();
		if (way->name && list_member_oid(outlook->subjects, way->at))
			ended = lappend(ended, way->name);
		else if (way->name && links == NIL)
			astray = lappend(astray, way->name);
		foreach(lc, links)
		{
			Way		   *on = go_on(way, lfirst(lc));

			if (!list_member_oid(on->been, on->at) || list_member_oid(outlook->subjects, on->at))
				open = lappend(open, on);
			else
				astray = lappend(astray, on->name);
		}
	}
	return list_concat(ended, astray);
}

/*
 * The ways up, as links to name, by C strings: first so many (*nearest) as the table has
 * links, the shortest by each of them.  In the current context.
 */
List *
pvext_ways_up(PvextOutlook *outlook, Oid relid, int *nearest)
{
	List	   *ways = NIL;
	ListCell   *lc;

	foreach(lc, pvext_links_up(outlook, relid, false))
		ways = lappend(ways, nearest_by(outlook, lfirst(lc)));
	ways = sort_ways(ways);
	*nearest = list_length(ways);
	foreach(lc, follow_ways(outlook, relid))
		if (list_length(ways) < Max(MAX_WAYS, *nearest) && !pvext_has_name(ways, lfirst(lc)))
			ways = lappend(ways, lfirst(lc));
	return ways;
}

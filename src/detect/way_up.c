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
#include "detect/name_stem.h"
#include "detect/way_up.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

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

/* Words that end the names of keys, and words for whose a row is. */
static const char key_words[] = "id ids uid uuid guid key no nr num number ref fk";
static const char authors[] = "from sender author owner user poster avsender eier bruker";

/* How many words of a name mean the same as one of another name? */
static int
count_common(const char *name, const char *other)
{
	PvextWords	words;
	PvextWords	others;
	int			n = 0;

	pvext_split_name(name, &words);
	pvext_split_name(other, &others);
	for (int i = 0; i < words.n; i++)
		for (int j = 0; j < others.n; j++)
			if (strcmp(pvext_stem(&words, i, i + 1), pvext_stem(&others, j, j + 1)) == 0)
			{
				n++;
				break;
			}
	return n;
}

/* Does the name say whose the row is, or name the parent, and nothing more?  last_post_user_id says more. */
static bool
says_just_whose(const char *name, Oid parent)
{
	PvextWords	words;

	pvext_split_name(name, &words);
	for (int i = 0; i < words.n; i++)
		if (!pvext_is_word_of(words.word[i], key_words) && !pvext_is_word_of(words.word[i], authors) &&
			count_common(words.word[i], get_rel_name(parent)) == 0)
			return false;
	return true;
}

/*
 * How likely a link says whose the row is, the likeliest 0: one to a person at once, by its name the row's
 * owner or maker, before one to whom it is for, and one who acted.
 */
static int
rank_of(PvextOutlookLink *link)
{
	char	   *name = pvext_join_names(link->columns, "_", false);

	if (pvext_says_acted(link->columns, link->parent) && !pvext_says_made(link->columns))
		return 4;
	if (pvext_name_says(name, "to recipient receiver target friend subject mottaker"))
		return 3;
	if (says_just_whose(name, link->parent))
		return 0;
	return pvext_says_made(link->columns) || pvext_name_says(name, authors) ? 1 : 2;
}

/*
 * The same of one by way of other rows, of which all come later: one to what the table is named after, then by the
 * columns' order, in which what a row is part of stands first; who acted comes last, and who is of the house.
 */
static int
rank_of_detour(PvextOutlookLink *link)
{
	bool		acted = pvext_says_acted(link->columns, link->parent) ||
		pvext_name_says(pvext_join_names(link->columns, "_", false), "employee staff ansatt mitarbeiter");
	int			common = Min(count_common(get_rel_name(link->relid), get_rel_name(link->parent)), 9);
	int			column = link->columns ? get_attnum(link->relid, linitial(link->columns)) : 0;

	return (acted ? 200000 : 100000) - common * 10000 + column;
}

/* The links, those first that say best whose the row is, else in their order. */
static List *
sort_links(PvextOutlook *outlook, List *links)
{
	List	   *sorted = NIL;
	ListCell   *lc;

	foreach(lc, links)
	{
		PvextOutlookLink *link = lfirst(lc);
		int			at = list_length(sorted);

		if (link->rank == 0)
			link->rank = 1 + (list_member_oid(outlook->subjects, link->parent) ? rank_of(link) : rank_of_detour(link));
		while (at > 0 && ((PvextOutlookLink *) list_nth(sorted, at - 1))->rank > link->rank)
			at--;
		sorted = list_insert_nth(sorted, at, link);
	}
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

/* The other links of the same columns, by conditions that tell what kind of thing these refer to; the link itself first. */
static List *
kinds_of(PvextOutlook *outlook, PvextOutlookLink *link)
{
	List	   *kinds = list_make1(link);
	ListCell   *lc;

	foreach(lc, link->conditional ? outlook->links : NIL)
	{
		PvextOutlookLink *other = lfirst(lc);

		if (other != link && other->relid == link->relid && other->conditional && pvext_same_names(other->columns, link->columns))
			kinds = lappend(kinds, other);
	}
	return kinds;
}

/* The shortest way by a link, and by those of other kinds on it: a row has one of them; below are the tables on the way. */
static List *
ways_of_kinds(PvextOutlook *outlook, PvextOutlookLink *link, List *below)
{
	List	   *ways = NIL;
	ListCell   *lc;
	ListCell   *cell;

	below = lappend_oid(list_copy(below), link->relid);
	foreach(lc, kinds_of(outlook, link))
	{
		PvextOutlookLink *kind = lfirst(lc);
		PvextOutlookLink *on = list_member_oid(below, kind->parent) ? NULL : nearer(outlook, kind->parent);

		if (on == NULL)
			ways = lappend(ways, kind->name);
		foreach(cell, on ? ways_of_kinds(outlook, on, below) : NIL)
			ways = lappend(ways, psprintf("%s.%s", kind->name, (char *) lfirst(cell)));
		if (list_length(ways) >= MAX_WAYS)
			break;
	}
	return ways;
}

/*
 * The ways by which values go that are one person's, C strings: the likeliest of pvext_ways_up()'s, and where
 * that is by a reference to one of several kinds of things, those by the other kinds.
 */
List *
pvext_likeliest_ways(PvextOutlook *outlook, Oid relid, const char *likeliest)
{
	ListCell   *lc;

	foreach(lc, pvext_links_up(outlook, relid, false))
	{
		PvextOutlookLink *link = lfirst(lc);

		if (strcmp(nearest_by(outlook, link), likeliest) == 0)
			return ways_of_kinds(outlook, link, NIL);
	}
	return list_make1(pstrdup(likeliest));
}

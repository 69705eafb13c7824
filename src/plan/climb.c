/*
 * climb.c
 *		The way up from rows to whom they are about, link by link.
 *
 * It goes by the links that columns are declared to be somebody's on or, of whole rows, by any,
 * and ends at subjects; of rows that go with others these are about somebody, too.  What is
 * read on the way is row_subject.c's; who asks it of all rows in one statement has the ways.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "map/link_key.h"
#include "map/link_path.h"
#include "plan/climb.h"

/* Does one of the paths end here? */
static bool
ends_here(PvextClimb *climb)
{
	return !climb->any && list_member_ptr(climb->paths, NIL);
}

/* Are subjects of this table what the way was to? */
bool
pvext_climb_ends(PvextClimb *climb)
{
	return climb->table->is_subject && (climb->any || ends_here(climb));
}

/* Those that any way leads on by. */
static List *
any_links(PvextClimb *climb)
{
	List	   *links = NIL;
	ListCell   *lc;

	if (climb->table->is_subject && !(climb->any && climb->first))
		return NIL;
	foreach(lc, climb->table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (climb->first || link->inherited)
			links = lappend(links, link);
	}
	return links;
}

/* The links that lead on. */
List *
pvext_climb_links(PvextClimb *climb)
{
	List	   *links = NIL;
	ListCell   *lc;

	if (climb->any || ends_here(climb))
		links = any_links(climb);
	if (climb->any)
		return links;
	foreach(lc, climb->paths)
	{
		PvextLink  *link = lfirst(lc) == NIL ? NULL :
			pvext_map_link(climb->table, linitial(lfirst(lc)));

		if (link)
			links = list_append_unique_ptr(links, link);
	}
	return links;
}

/* The way up from the rows that it is asked about. */
void
pvext_begin_climb(PvextClimb *climb, PvextRows *start)
{
	memset(climb, 0, sizeof(PvextClimb));
	climb->table = start->table;
	climb->any = start->any_path;
	climb->paths = start->paths ? start->paths : list_make1(NIL);
	climb->anybody = start->anybody;
	climb->first = true;
	climb->tables = list_make1(start->table);
}

/* On to the parents by a link. */
void
pvext_follow(PvextClimb *climb, const PvextClimb *from, PvextLink *link)
{
	*climb = *from;
	climb->table = link->parent;
	climb->first = false;
	climb->by = link;
	climb->tables = lappend(list_copy(from->tables), link->parent);
	if (climb->any)
		return;
	climb->paths = pvext_paths_after(from->paths, link->name);
	if (climb->paths == NIL)
		climb->paths = list_make1(NIL);	/* one that ended before a subject */
}

/* Does the way come to subjects by their key, which tells who they are without a row? */
bool
pvext_climbs_by_key(PvextClimb *climb)
{
	return pvext_climb_ends(climb) && climb->by && climb->by->parent == climb->table &&
		climb->by->value == NULL && !climb->by->ignore_case &&
		pvext_same_names(climb->by->parent_columns, climb->table->key);
}

/* May rows that go by the link be anybody's whose the others are not? */
static bool
brings_owners(PvextRows *start, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, start->children)
		if (((PvextLink *) lfirst(lc))->parent == link->table)
			return true;
	return link->table->is_subject || pvext_is_plural(link->table);
}

/* The links by which rows go with those of a table, and bring owners. */
List *
pvext_links_down(PvextRows *start, PvextTable *table)
{
	List	   *links = NIL;
	ListCell   *lc;

	foreach(lc, start->children)
		if (((PvextLink *) lfirst(lc))->parent == table && brings_owners(start, lfirst(lc)))
			links = lappend(links, lfirst(lc));
	return links;
}

/* From here on ways lead to more tables than it is worth to name them all. */
#define MAX_STEPS 100

/* The ways that have been found. */
typedef struct Ways
{
	List	   *ways;			/* PvextWay */
	int			steps;
} Ways;

/* Add those that go on from here, after these links.  False where there is a circle, or no end of them. */
static bool
add_ways(Ways *ways, PvextClimb *climb, List *links)
{
	ListCell   *lc;

	if (pvext_climb_ends(climb))
	{
		PvextWay   *way = palloc(sizeof(PvextWay));

		way->subject = climb->table;
		way->links = links;
		way->by_key = pvext_climbs_by_key(climb);
		ways->ways = lappend(ways->ways, way);
	}
	foreach(lc, pvext_climb_links(climb))
	{
		PvextLink  *link = lfirst(lc);
		PvextClimb		parent;

		if (list_member_ptr(climb->tables, link->parent) || ++ways->steps > MAX_STEPS)
			return false;
		pvext_follow(&parent, climb, link);
		if (!add_ways(ways, &parent, lappend(list_copy(links), link)))
			return false;
	}
	return true;
}

/*
 * The ways, PvextWays, on which rows are about somebody: what pvext_find_row_subjects() goes
 * by, for who asks it of all rows in one statement.  False where that could not be all: where
 * tables refer to each other in a circle, or what goes with the rows brings others.
 */
bool
pvext_ways_of_rows(PvextRows *start, List **ways)
{
	Ways		found = {NIL, 0};
	PvextClimb		climb;

	pvext_begin_climb(&climb, start);
	if (pvext_links_down(start, start->table) != NIL || !add_ways(&found, &climb, NIL))
		return false;
	*ways = found.ways;
	return true;
}

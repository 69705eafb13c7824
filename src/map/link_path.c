/*
 * link_path.c
 *		Paths of links, from a row up to whom it belongs to, in the map as it is now.
 *
 * owner_path.c has found a column's paths as it was declared, and asked where one would
 * have had to branch.  The map may have got more links since: a path that ended before
 * a subject table, since links were missing then, goes on by those that are there now
 * if there is one way only.  If there are several, there or where a path went on by the only
 * link that there was, nobody has said whose the row is, and nothing of it may be erased
 * (plan_check.c) until somebody does.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "map/link_path.h"

/*
 * The links of a table that what belongs to its rows goes on by; those to rows of the
 * table itself only where there are no others.
 */
static List *
inherited_links(PvextTable *table)
{
	List	   *links = NIL;
	List	   *own = NIL;
	ListCell   *lc;

	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (!link->inherited)
			continue;
		if (link->parent == table)
			own = lappend(own, link);
		else
			links = lappend(links, link);
	}
	return links != NIL ? links : own;
}

/* Links but for twins, which lead to the same person by another table. */
static List *
without_twins(List *links)
{
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, links)
		if (!((PvextLink *) lfirst(lc))->twin)
			rest = lappend(rest, lfirst(lc));
	return rest;
}

/* Are they all to rows that refer to the table's? */
static bool
are_all_shared(List *links)
{
	ListCell   *lc;

	foreach(lc, links)
		if (((PvextLink *) lfirst(lc))->shared == NULL)
			return false;
	return true;
}

/* Do rows belong to several by one link?  Not those of whoever refers to them: they are all of theirs. */
static bool
is_of_elements(PvextLink *link)
{
	return link->elements && link->shared == NULL;
}

/* Are they several, of which somebody has to be chosen?  Not among those who refer to a row. */
static bool
are_several(List *links)
{
	links = without_twins(links);
	return list_length(links) > 1 && !are_all_shared(links);
}

/* How many of a path's names the user gave himself, who named these links. */
static int
count_named(const char *path, List *named)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, named)
	{
		const char *name = lfirst(lc);
		size_t		len = strlen(name);
		int			n = 1;

		if (strncmp(path, name, len) != 0 || (path[len] != '\0' && path[len] != '.'))
			continue;
		for (const char *p = name; *p; p++)
			n += *p == '.';
		count = Max(count, n);
	}
	return count;
}

/*
 * Does a path go on from a table by the only link that there was, while there are more now?
 * The first is one of all links that the rows have.
 */
static bool
is_one_of_several(PvextTable *table, bool first)
{
	List	   *links = NIL;
	ListCell   *lc;

	if (!first)
		return are_several(inherited_links(table));
	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->parent != table)
			links = lappend(links, lfirst(lc));
	return are_several(links);
}

/*
 * A path as it is kept, "order_id.customer_id", as a list of names, gone on with up to a
 * subject table, or as far as there are links.  *unsaid is set to the table where it
 * would have to branch; not by a path over a twin, which goes where another one does.
 */
List *
pvext_complete_path(PvextTable *table, const char *text, List *named, PvextTable **unsaid)
{
	List	   *path = NIL;
	List	   *seen = NIL;
	char	   *rest = pstrdup(text);
	char	   *name;
	int			said = count_named(text, named);
	PvextTable *several = NULL;
	bool		twin = false;

	while ((name = strsep(&rest, ".")) != NULL)
	{
		PvextLink  *link = table ? pvext_map_link(table, name) : NULL;

		if (link && list_length(path) >= said && (is_of_elements(link) || is_one_of_several(table, path == NIL)))
			several = table;
		twin = twin || (link && link->twin);
		path = lappend(path, name);
		table = link ? link->parent : NULL;
	}
	if (several && !twin)
		*unsaid = several;
	while (table && !table->is_subject && !list_member_ptr(seen, table))
	{
		List	   *links = inherited_links(table);

		seen = lappend(seen, table);
		if ((list_length(links) > 1 && !are_all_shared(links)) ||
			(links != NIL && is_of_elements(linitial(links))))
			*unsaid = table;
		if (list_length(links) != 1)
			break;
		path = lappend(path, ((PvextLink *) linitial(links))->name);
		table = ((PvextLink *) linitial(links))->parent;
	}
	return path;
}

/* Do rows of the table go with those of others? */
bool
pvext_rows_go(PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->delete_rows && ((PvextLink *) lfirst(lc))->parent != table)
			return true;
	return false;
}

/*
 * The table at which nobody has said with whom rows go that are deleted with those of
 * their parent: the parent's rows stay, and these or others further up belong to
 * several.  NULL where it is known.
 */
PvextTable *
pvext_where_unsaid(PvextTable *parent)
{
	List	   *seen = NIL;

	if (pvext_rows_go(parent))
		return NULL;
	while (!parent->is_subject && !list_member_ptr(seen, parent))
	{
		List	   *links = without_twins(inherited_links(parent));

		seen = lappend(seen, parent);
		if (links != NIL && is_of_elements(linitial(links)))
			return parent;
		if (list_length(links) > 1)
			return are_several(links) ? parent : NULL;
		if (links == NIL)
			break;
		parent = ((PvextLink *) linitial(links))->parent;
	}
	return NULL;
}

/* Is this one of the paths? */
static bool
has_path(List *paths, List *path)
{
	ListCell   *lc;

	foreach(lc, paths)
		if (pvext_equal_names(lfirst(lc), path))
			return true;
	return false;
}

/* What is left of those paths that go by a link, each once. */
List *
pvext_paths_after(List *paths, const char *name)
{
	List	   *rests = NIL;
	ListCell   *lc;

	foreach(lc, paths)
	{
		List	   *path = lfirst(lc);
		List	   *rest = path == NIL ? NIL : list_copy_tail(path, 1);

		if (path != NIL && strcmp(linitial(path), name) == 0 && !has_path(rests, rest))
			rests = lappend(rests, rest);
	}
	return rests;
}

/* Are the paths the same?  Each declaration has them in one order. */
bool
pvext_equal_paths(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth(x, a, y, b)
		if (!pvext_equal_names(lfirst(x), lfirst(y)))
			return false;
	return true;
}

/*
 * Links that serve nothing
 */

/* What is under way: the links that something goes by. */
typedef struct Use
{
	List	   *links;			/* PvextLink */
	List	   *tables;			/* PvextTable: all ways up from these have been marked */
} Use;

/* All ways up from a table's rows are gone by; with inherited, those of what belongs to them. */
static void
use_all(Use *use, PvextTable *table, bool inherited)
{
	ListCell   *lc;

	if (inherited && (table->is_subject || list_member_ptr(use->tables, table)))
		return;
	if (inherited)
		use->tables = lappend(use->tables, table);
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (inherited && !link->inherited)
			continue;
		use->links = list_append_unique_ptr(use->links, link);
		use_all(use, link->parent, true);
	}
}

/* Go by this path from now on. */
static void
use_path(Use *use, PvextTable *table, List *path)
{
	ListCell   *lc;

	foreach(lc, path)
	{
		PvextLink  *link = pvext_map_link(table, lfirst(lc));

		if (link == NULL)
			return;
		use->links = list_append_unique_ptr(use->links, link);
		table = link->parent;
	}
	use_all(use, table, true);
}

/* Does the link carry a personal key's new value on? */
static bool
carries_key(PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, link->shared ? NIL : link->parent->columns)
		if (pvext_has_name(link->parent_columns, ((PvextColumn *) lfirst(lc))->name))
			return true;
	return false;
}

/* What columns, deletions, blockers and clocks of the map go by. */
static void
use_table(Use *use, PvextTable *table)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (column->any_path)
			use_all(use, table, false);
		foreach(cell, column->paths)
			use_path(use, table, lfirst(cell));
	}
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (!link->delete_rows && !carries_key(link))
			continue;
		use->links = list_append_unique_ptr(use->links, link);
		if (link->delete_rows)
			use_all(use, link->parent, true);
	}
	foreach(lc, table->blockers)
		if (((PvextBlocker *) lfirst(lc))->over)
			use_all(use, ((PvextBlocker *) lfirst(lc))->over, false);
	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (rule->over && rule->over != rule->through)
			use_all(use, rule->over, false);
		if (rule->through)
			use_all(use, table, false);
	}
}

/* Is anything personal in the table, or in what belongs to its rows? */
static bool
has_personal(PvextMap *map, PvextTable *table, List *seen)
{
	ListCell   *lc;
	ListCell   *cell;

	if (table->columns != NIL)
		return true;
	seen = lappend(list_copy(seen), table);
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
			if (((PvextLink *) lfirst(cell))->parent == table &&
				!list_member_ptr(seen, lfirst(lc)) && has_personal(map, lfirst(lc), seen))
				return true;
	return false;
}

/* Are columns that the link's table inherits from one in the map personal? */
static bool
inherits_personal(PvextMap *map, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);

		if (table != link->table && table->columns != NIL &&
			list_member_oid(pvext_with_parents(link->table->relid), table->relid))
			return true;
	}
	return false;
}

/*
 * Is it also a link of a table that the link's is a child of, or one to such a table?  Then
 * what is inherited goes by it.
 */
static bool
is_parents(PvextMap *map, PvextLink *link)
{
	List	   *above = pvext_with_parents(link->table->relid);
	ListCell   *lc;
	ListCell   *cell;

	if (link->parent != link->table && list_member_oid(above, link->parent->relid))
		return true;

	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);

		foreach(cell, table->links)
		{
			PvextLink  *other = lfirst(cell);

			if (table != link->table && other->parent == link->parent &&
				pvext_equal_names(other->columns, link->columns) &&
				(other->value == NULL) == (link->value == NULL) &&
				list_member_oid(above, table->relid))
				return true;
		}
	}
	return false;
}

/*
 * The links, PvextLinks, of tables with something personal by which no column is
 * anybody's, and nothing else is decided.  In the current context.
 */
List *
pvext_idle_links(PvextMap *map)
{
	Use			use = {NIL, NIL};
	List	   *idle = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		use_table(&use, lfirst(lc));
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
			if (!list_member_ptr(use.links, lfirst(cell)) && !is_parents(map, lfirst(cell)) &&
				(has_personal(map, lfirst(lc), NIL) || inherits_personal(map, lfirst(cell))))
				idle = lappend(idle, lfirst(cell));
	return idle;
}

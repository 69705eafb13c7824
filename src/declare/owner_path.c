/*
 * owner_path.c
 *		Whose a personal column is: the links from its row up to a person.
 *
 * The paths are found once, when the column is declared, and kept as the names
 * of their links.  A path ends at the first subject table.  Where it would have to
 * branch, at the row itself or at a parent of its, the user names the branches, or has
 * said of the parent's links which of them are inherited by what belongs to its rows.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/table_part.h"
#include "declare/owner_path.h"
#include "utils/builtins.h"

/* More ways up from one row are a mistake. */
#define MAX_PATHS 100

typedef struct Link
{
	char	   *name;
	int32		parent_id;
	bool		deletes;
	bool		elements;		/* a row may belong to several by it */
	bool		shared;
	bool		twin;			/* see table_part.h */
} Link;

/* Is the table, by its number, declared as a subject? */
static bool
is_subject(int32 id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	return pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1", &args) > 0;
}

/* The table of the number; InvalidOid where it has been dropped. */
static Oid
relation_of(int32 id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	if (pvext_own("SELECT relation::oid FROM pv.relation WHERE id = $1", &args) == 0)
		return InvalidOid;
	return (Oid) pvext_int(0, 1);
}

/* The name of a relation of the map, also of one that has been dropped. */
static char *
name_of(int32 id)
{
	Oid			relid = relation_of(id);

	return OidIsValid(relid) ? pvext_relation_name(relid) : pstrdup("a dropped table");
}

/*
 * The links of a relation's rows to their parents; with inherited, those that what
 * belongs to the rows goes on by.  Those to other rows of the same table count only
 * where there are no others.
 */
static List *
links_of(int32 id, bool inherited)
{
	PvextArgs	args = {0};
	List	   *links = NIL;
	List	   *own = NIL;

	pvext_arg_int4(&args, id);
	pvext_arg_bool(&args, inherited);
	(void) pvext_own("SELECT name, parent_id, on_erase = 'delete', elements, shared IS NOT NULL, " PVEXT_IS_TWIN " FROM pv.declared_link AS l"
					 " WHERE relation_id = $1 AND (inherited OR NOT $2) ORDER BY name", &args);
	for (uint64 i = 0; i < SPI_tuptable->numvals; i++)
	{
		Link	   *link = palloc0(sizeof(Link));

		link->name = pvext_value(i, 1);
		link->parent_id = (int32) pvext_int(i, 2);
		link->deletes = pvext_bool(i, 3);
		link->elements = pvext_bool(i, 4);
		link->shared = pvext_bool(i, 5);
		link->twin = pvext_bool(i, 6);
		if (link->parent_id == id)
			own = lappend(own, link);
		else
			links = lappend(links, link);
	}
	return links != NIL ? links : own;
}

/* Are the rows those of whoever refers to them, by whichever of the links? */
static bool
all_shared(List *links)
{
	ListCell   *lc;

	foreach(lc, links)
		if (!((Link *) lfirst(lc))->shared)
			return false;
	return true;
}

/* May rows belong to several by these links of theirs? */
static bool
is_plural(List *links)
{
	if (all_shared(links))
		return false;
	return list_length(links) > 1 || ((Link *) linitial(links))->elements;
}

/* Find a link by name, among all that the relation has. */
static bool
find_link(int32 id, const char *name, int32 *parent_id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	pvext_arg_text(&args, name);
	if (pvext_own("SELECT parent_id FROM pv.declared_link"
				  " WHERE relation_id = $1 AND name = $2::name", &args) == 0)
		return false;
	*parent_id = (int32) pvext_int(0, 1);
	return true;
}

/* The names of links, each with what comes before it, for a hint. */
static char *
list_links(List *path, List *links)
{
	StringInfoData buf;
	char	   *before = pvext_join_names(path, ".", false);
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, links)
		appendStringInfo(&buf, "%s'%s%s%s'", buf.len > 0 ? ", " : "", before,
						 path == NIL ? "" : ".", ((Link *) lfirst(lc))->name);
	return buf.data;
}

/* Follow the names that the user gave, "order_id.customer_id". */
static List *
named_path(int32 *id, const char *link)
{
	List	   *path = NIL;
	char	   *rest = pstrdup(link);
	char	   *name;

	while ((name = strsep(&rest, ".")) != NULL)
	{
		if (!find_link(*id, name, id))
		{
			List	   *links = links_of(*id, false);

			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("table %s has no link named \"%s\"", name_of(*id), name),
					 links == NIL ?
					 errhint("Declare the link with pv.declare_link().") :
					 errhint("Its links are: %s.", list_links(NIL, links))));
		}
		path = lappend(path, name);
	}
	return path;
}

/* Rows at the end of a path belong to several, and nobody has said whose they are. */
static void
raise_ambiguous(int32 id, List *path, List *links)
{
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_COLUMN),
			 errmsg("rows of table %s may belong to several subjects", name_of(id)),
			 path == NIL || list_length(links) == 1 ?
			 errhint("Name the link whose subject the columns are about: %s, or '*' for any of them.",
					 list_links(path, links)) :
			 errhint("Name the links whose subject the columns are about: %s, or '*' for any of them;"
					 " or declare a link of that table with inherit => false where what belongs to its rows is not its subject's.",
					 list_links(path, links))));
}

/* The links to begin with, where the user names none: the only one, or all that are shared. */
static List *
first_links(int32 id)
{
	List	   *links = links_of(id, false);

	if (links == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table %s is not linked to a subject", name_of(id)),
				 errhint("Declare whose its rows are with pv.declare_link(), or with pv.declare_subject() that they are persons.")));
	if (is_plural(links))
		raise_ambiguous(id, NIL, links);
	return links;
}

/* The same as below, of a way that has been through some tables. */
static List *
extend_paths(int32 id, List *path, List *visited)
{
	List	   *links;
	List	   *paths = NIL;
	ListCell   *lc;

	if (is_subject(id) || list_member_int(visited, id))
		return list_make1(path);
	links = links_of(id, true);
	visited = lappend_int(list_copy(visited), id);
	if (is_plural(links))
		raise_ambiguous(id, path, links);
	if (links == NIL && links_of(id, false) != NIL)
		raise_ambiguous(id, path, links_of(id, false));
	if (links == NIL)
		return list_make1(path);
	foreach(lc, links)
	{
		Link	   *link = lfirst(lc);

		paths = list_concat(paths, extend_paths(link->parent_id, lappend(list_copy(path), link->name), visited));
		if (list_length(paths) > MAX_PATHS)
			ereport(ERROR,
					(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
					 errmsg("rows of table %s may be referred to in more than %d ways", name_of(id), MAX_PATHS),
					 errhint("Name the links whose subject the columns are about.")));
	}
	return paths;
}

/*
 * Go on from the parent that the path has come to, up to a subject table or, where
 * links are missing yet, as far as there are any: a list of paths, of which there are
 * several where rows are those of whoever refers to them.
 */
List *
pvext_paths_on(int32 id, List *path)
{
	return extend_paths(id, path, NIL);
}

/* Add paths, each once, as names joined by dots. */
static List *
add_paths(List *paths, List *more)
{
	ListCell   *lc;

	foreach(lc, more)
	{
		char	   *text = pvext_join_names(lfirst(lc), ".", false);

		if (!pvext_has_name(paths, text))
			paths = lappend(paths, text);
	}
	return paths;
}

/* For list_sort(). */
static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * The paths from a relation's rows up to the persons, each the names of its links
 * joined by dots, in order and each once; NIL for the row itself.  links are the user's:
 * each a name, or names joined by dots, or "*" alone, for which *any is set; NIL where
 * he names none.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_resolve_paths(Oid relid, int32 id, List *links, bool *any)
{
	List	   *paths = NIL;
	ListCell   *lc;

	*any = false;
	if (links == NIL && is_subject(id))
		return NIL;
	if (pvext_has_name(links, "*"))
	{
		if (list_length(links) > 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"*\" stands beside names of links"),
					 errhint("It means any link: name it alone, or name the links.")));
		if (links_of(id, false) == NIL)
			(void) first_links(id);
		*any = true;
		return NIL;
	}
	foreach(lc, links == NIL ? first_links(id) : NIL)
	{
		Link	   *link = lfirst(lc);

		paths = add_paths(paths, pvext_paths_on(link->parent_id, list_make1(link->name)));
	}
	foreach(lc, links)
	{
		int32		at = id;
		List	   *path = named_path(&at, lfirst(lc));

		paths = add_paths(paths, pvext_paths_on(at, path));
	}
	list_sort(paths, compare_texts);
	return paths;
}

/* Links but for twins. */
static List *
without_twins(List *links)
{
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, links)
		if (!((Link *) lfirst(lc))->twin)
			rest = lappend(rest, lfirst(lc));
	return rest;
}

/*
 * The table at which it cannot be told with whom rows go that are deleted with those of
 * a parent: the parent's rows stay, and these or others further up belong to several.
 * 0 where it can.
 */
static int32
where_unsaid(int32 id)
{
	List	   *links = links_of(id, true);
	List	   *visited = NIL;
	ListCell   *lc;

	foreach(lc, links)
		if (((Link *) lfirst(lc))->deletes && ((Link *) lfirst(lc))->parent_id != id)
			return 0;
	while (!is_subject(id) && !list_member_int(visited, id))
	{
		visited = lappend_int(visited, id);
		links = without_twins(links_of(id, true));
		if (is_plural(links))
			return id;
		if (list_length(links) > 1)
			return 0;
		if (links == NIL)
			break;
		id = ((Link *) linitial(links))->parent_id;
	}
	return 0;
}

/*
 * Raise where rows that are deleted with their parent's person would, now that a link
 * of a relation has been declared, go with any of several.  Between pvext_enter() and
 * pvext_leave().
 */
void
pvext_check_deleted_with(int32 id)
{
	PvextArgs	args = {0};
	uint64		n;
	SPITupleTable *rows;

	/* Those that the link is above of, and the link itself. */
	pvext_arg_int4(&args, id);
	n = pvext_own("WITH RECURSIVE below (id) AS (SELECT $1"
				  " UNION SELECT l.relation_id FROM below b JOIN pv.declared_link l ON l.parent_id = b.id)"
				  " SELECT l.relation_id, l.name, l.parent_id FROM pv.declared_link l"
				  " JOIN below b ON b.id = l.relation_id WHERE l.on_erase = 'delete'"
				  " ORDER BY 1, 2", &args);
	rows = SPI_tuptable;
	for (uint64 i = 0; i < n; i++)
	{
		int32		unsaid;
		int32		deleted;
		char	   *name;

		SPI_tuptable = rows;
		deleted = (int32) pvext_int(i, 1);
		name = pvext_value(i, 2);
		unsaid = where_unsaid((int32) pvext_int(i, 3));
		if (unsaid != 0)
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_COLUMN),
					 errmsg("rows of table %s would be deleted with any of several subjects",
							name_of(deleted)),
					 errdetail("Link \"%s\" leads to them through table %s, whose rows may belong to several.",
							   name, name_of(unsaid)),
					 errhint("Declare a link of that table with inherit => false where what belongs to its rows is not its subject's.")));
	}
}

/*
 * lineage.c
 *		Whose a personal column is: the links from its row up to a person.
 *
 * The path is found once, when the column is declared, and kept as the names
 * of its links.  It ends at the first subject table.  Where it would have to
 * branch, the user names the branch, except where all lead to the same subject
 * table: then the path ends before, and goes on by any of them.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "catalog/pg_type.h"
#include "lineage.h"
#include "spi.h"
#include "utils/builtins.h"

typedef struct Link
{
	char	   *name;
	int32		parent_id;
} Link;

static bool
is_subject(int32 id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	return pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1", &args) > 0;
}

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
 * The links of a relation's rows to their parents.  Those to other rows of the
 * same table count only where there are no others.
 */
static List *
links_of(int32 id)
{
	PvextArgs	args = {0};
	List	   *links = NIL;
	List	   *own = NIL;

	pvext_arg_int4(&args, id);
	(void) pvext_own("SELECT name, parent_id FROM pv.declared_link WHERE relation_id = $1"
					 " ORDER BY name", &args);
	for (uint64 i = 0; i < SPI_tuptable->numvals; i++)
	{
		Link	   *link = palloc0(sizeof(Link));

		link->name = pvext_value(i, 1);
		link->parent_id = (int32) pvext_int(i, 2);
		if (link->parent_id == id)
			own = lappend(own, link);
		else
			links = lappend(links, link);
	}
	return links != NIL ? links : own;
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

/*
 * Add the subject tables that a relation's links lead to, at any depth, and to
 * *visited the tables on the way, since links may run in a circle.
 */
static List *
subjects_above(int32 id, List *found, List **visited)
{
	ListCell   *lc;

	if (is_subject(id))
		return list_append_unique_int(found, id);
	if (list_member_int(*visited, id))
		return found;
	*visited = lappend_int(*visited, id);
	foreach(lc, links_of(id))
		found = subjects_above(((Link *) lfirst(lc))->parent_id, found, visited);
	return found;
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
			List	   *links = links_of(*id);

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

/* The first link, where the user names none. */
static List *
only_link(int32 *id)
{
	List	   *links = links_of(*id);

	if (links == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table %s is not linked to a subject", name_of(*id)),
				 errhint("Declare whose its rows are with pv.declare_link(), or with pv.declare_subject() that they are persons.")));
	if (list_length(links) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_COLUMN),
				 errmsg("rows of table %s may belong to several subjects", name_of(*id)),
				 errhint("Name the link whose subject the columns are about: %s, or '*' for any of them.",
						 list_links(NIL, links))));
	*id = ((Link *) linitial(links))->parent_id;
	return list_make1(((Link *) linitial(links))->name);
}

/*
 * Go on from the parent that the path has come to, up to a subject table or as
 * far as there is one way only.
 */
static List *
extend_path(int32 id, List *path)
{
	List	   *visited = NIL;

	while (!is_subject(id) && !list_member_int(visited, id))
	{
		List	   *links = links_of(id);
		List	   *subjects = NIL;
		List	   *above = NIL;

		visited = lappend_int(visited, id);
		if (list_length(links) > 1)
		{
			subjects = subjects_above(id, NIL, &above);
			if (list_length(subjects) > 1)
				ereport(ERROR,
						(errcode(ERRCODE_AMBIGUOUS_COLUMN),
						 errmsg("rows of table %s may belong to several subjects", name_of(id)),
						 errhint("Name the link whose subject the columns are about: %s, or '*' for any of them.",
								 list_links(path, links))));
			if (subjects != NIL)
				ereport(NOTICE,
						(errmsg("rows of table %s belong to table %s by several links",
								name_of(id), name_of(linitial_int(subjects))),
						 errdetail("Any of them counts: %s.", list_links(path, links))));
			break;
		}
		if (links == NIL)
			break;
		path = lappend(path, ((Link *) linitial(links))->name);
		id = ((Link *) linitial(links))->parent_id;
	}
	return path;
}

/*
 * The path from a relation's rows up to the person: names of links, NIL for
 * the row itself.  link is the user's: NULL, a name, names joined by dots, or
 * "*", for which *any is set.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_resolve_path(Oid relid, int32 id, const char *link, bool *any)
{
	List	   *path;

	*any = false;
	if (link == NULL && is_subject(id))
		return NIL;
	if (link && strcmp(link, "*") == 0)
	{
		if (links_of(id) == NIL)
			(void) only_link(&id);
		*any = true;
		return NIL;
	}
	path = link ? named_path(&id, link) : only_link(&id);
	return extend_path(id, path);
}

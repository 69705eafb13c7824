/*
 * shared_link.c
 *		Links to rows that several of the parent's rows may refer to.
 *
 * "users.ship_address_id" refers to a row of "address", and so may other users.  The link
 * is declared of the address, which belongs to the users whose ship_address_id is its id:
 * columns of the parent that are not unique.  What becomes of such a row is in
 * plan/referred_row.c; here it is seen to that it can be done.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/index.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "declare/owner_path.h"
#include "declare/shared_link.h"
#include "nodes/parsenodes.h"

/* Does a foreign key of the link's table lead to the parent's columns? */
static bool
refers_to_parent(const PvextLinkDeclaration *link)
{
	ListCell   *lc;

	foreach(lc, link->value ? NIL : pvext_foreign_keys_to(link->parent))
		if (pvext_is_key_of(lfirst(lc), link->relid, link->columns, link->parent_columns))
			return true;
	return false;
}

/* Raise where it is said of rows that they are shared, and cannot be. */
static void
check_shared(const PvextLinkDeclaration *link)
{
	if (strcmp(link->shared, "last") != 0 && strcmp(link->shared, "any") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized shared \"%s\"", link->shared),
				 errhint("It is 'last' or 'any'.")));
	if (refers_to_parent(link))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("rows of table %s refer to rows of table %s, and each to one",
						pvext_relation_name(link->relid), pvext_relation_name(link->parent)),
				 errhint("Leave shared out: it is for rows that the parent's rows refer to.")));
	if (strcmp(link->shared, "last") == 0 && pvext_primary_key(link->relid) == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("table %s, whose rows are to go with the last who refers to them, has no primary key",
						pvext_relation_name(link->relid)),
				 errhint("Add one, by which the rows are known that stay, or declare the link with shared => 'any'.")));
}

/*
 * How many may refer to a row, where that is not said: several if the parent's columns are
 * not unique, and then it goes with the last of them.  Of names whose case is ignored
 * link_value.c says that they must be.
 */
void
pvext_resolve_shared(PvextLinkDeclaration *link)
{
	if (link->shared == NULL && !link->ignore_case && !pvext_is_unique(link->parent, link->parent_columns))
	{
		link->shared = "last";
		ereport(NOTICE,
				(errmsg("columns %s of table %s are not unique: rows of table %s go with the last who refers to them",
						pvext_join_names(link->parent_columns, ", ", true), pvext_relation_name(link->parent),
						pvext_relation_name(link->relid)),
				 errhint("Pass shared => 'last' to say so, or 'any' if they go with the first.")));
	}
	if (link->shared)
		check_shared(link);
}

/*
 * Rows that refer to those which go
 */

/* May others refer by a foreign key to rows that are deleted with the first who does? */
static bool
leaves_others(PvextForeignKey *fk, const char *shared, const char *on_erase)
{
	return strcmp(shared, "any") == 0 && strcmp(on_erase, "delete") == 0 && !pvext_is_unique(fk->relid, fk->columns);
}

/*
 * Is the foreign key, to the relation of the id, the reference that one of its shared links goes
 * by?  *others: when the row goes, there may be references of others, with whom nothing does.
 */
bool
pvext_is_reference(PvextForeignKey *fk, int32 id, bool *others)
{
	PvextArgs	args = {0};
	bool		found = false;
	uint64		n;

	*others = false;
	pvext_arg_int4(&args, id);
	pvext_arg_oid(&args, OIDOID, fk->relid);
	n = pvext_own("SELECT l.parent_columns, l.columns, l.shared, l.on_erase FROM pv.declared_link AS l"
				  " JOIN pv.relation AS p ON p.id = l.parent_id"
				  " WHERE l.relation_id = $1 AND p.relation = $2 AND l.shared IS NOT NULL AND l.expression IS NULL", &args);
	for (uint64 i = 0; i < n; i++)
	{
		if (!pvext_is_key_of(fk, fk->relid, pvext_names(i, 1), pvext_names(i, 2)))
			continue;
		found = true;
		*others = *others || leaves_others(fk, pvext_value(i, 3), pvext_value(i, 4));
	}
	return found;
}

/*
 * Is a reference gone by the time that the row goes to which it leads: by itself, with its
 * row, or since its columns are emptied?  Those of others only by itself.
 */
bool
pvext_reference_goes(PvextForeignKey *fk, bool others)
{
	PvextArgs	args = {0};

	if (fk->on_delete == FKCONSTR_ACTION_SETNULL || fk->on_delete == FKCONSTR_ACTION_SETDEFAULT)
		return true;
	if (others)
		return false;
	pvext_arg_oid(&args, OIDOID, fk->relid);
	pvext_arg_names(&args, fk->columns, false);
	if (pvext_own("SELECT FROM pv.declared_link AS l JOIN pv.relation AS r ON r.id = l.relation_id"
				  " WHERE r.relation = $1 AND l.on_erase = 'delete' AND l.condition IS NULL", &args) > 0)
		return true;
	return fk->on_delete != FKCONSTR_ACTION_CASCADE &&
		pvext_own("SELECT FROM pv.declared_personal AS p JOIN pv.relation AS r ON r.id = p.relation_id"
				  " WHERE r.relation = $1 AND p.column_name = ANY ($2)"
				  " AND p.strategy IN ('null', 'default', 'constant')", &args) > 0;
}

/* Raise where rows are to be deleted to which the parent's rows would refer still. */
void
pvext_check_references(const PvextLinkDeclaration *link)
{
	ListCell   *lc;

	if (link->shared == NULL || link->value || strcmp(link->on_erase, "delete") != 0)
		return;
	foreach(lc, pvext_foreign_keys_to(link->relid))
	{
		PvextForeignKey *fk = lfirst(lc);
		bool		others = leaves_others(fk, link->shared, link->on_erase);

		if (pvext_is_key_of(fk, link->parent, link->parent_columns, link->columns) &&
			!pvext_reference_goes(fk, others))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("rows of table %s would refer to rows of table %s that are to be deleted",
							pvext_relation_name(link->parent), pvext_relation_name(link->relid)),
					 others ? errdetail("Foreign key \"%s\" does, also in rows of others than the first who is erased.", fk->name) :
					 errdetail("Foreign key \"%s\" does.", fk->name),
					 others ? errhint("Make it ON DELETE SET NULL, or pass shared => 'last'.") :
					 errhint("Make it ON DELETE SET NULL, declare its column personal with erase_with => 'null', or link %s with on_erase => 'delete' first.",
							 pvext_relation_name(link->parent))));
	}
}

/*
 * Rows that are deleted with the last by one link, and stay where the last comes by another.  Where
 * columns of theirs are personal, these go with whoever is the last.
 */
void
pvext_check_shared_deletes(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT r.relation, min(CAST(d.name AS text)), min(CAST(o.name AS text)) FROM " PVEXT_LIVE_RELATION
					  " JOIN pv.declared_link AS d ON d.relation_id = r.id AND d.shared = 'last' AND d.on_erase = 'delete'"
					  " JOIN pv.declared_link AS o ON o.relation_id = r.id AND o.on_erase <> 'delete'"
					  " WHERE " PVEXT_ONLY " AND NOT EXISTS (SELECT FROM pv.declared_personal AS p WHERE p.relation_id = r.id)"
					  " GROUP BY r.relation ORDER BY CAST(r.relation AS text)"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, false,
						  psprintf("rows are deleted with the last who refers to them by link \"%s\", and stay where the last comes by link \"%s\"",
								   row[1], row[2]),
						  "Declare both with on_erase => 'delete', or the columns that are personal with pv.declare_personal().");
	}
}

/*
 * Whose they are
 */

/* Are all links of the relation, by its number, to rows that refer to it? */
bool
pvext_all_shared(int32 id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	(void) pvext_own("SELECT coalesce(bool_and(shared IS NOT NULL), false) FROM pv.declared_link"
					 " WHERE relation_id = $1", &args);
	return pvext_bool(0, 1);
}

/* Paths, each as names joined by dots, as an array. */
static Datum
joined_paths(List *paths)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, paths)
		texts = lappend(texts, pvext_join_names(lfirst(lc), ".", false));
	return pvext_text_array(texts);
}

/* SQL: the columns of which nobody has named the links, at each relation on their ways, with the way before and after it. */
#define WITH_STEPS \
	"WITH RECURSIVE step (id, column_name, at, before, path) AS (" \
	" SELECT p.relation_id, p.column_name, p.relation_id, CAST('{}' AS text[]), string_to_array(u.path, '.')" \
	"  FROM pv.declared_personal AS p, unnest(p.paths) AS u (path) WHERE p.named IS NULL" \
	" UNION SELECT s.id, s.column_name, l.parent_id, s.before || s.path[1], s.path[2:]" \
	"  FROM step AS s JOIN pv.declared_link AS l ON l.relation_id = s.at AND CAST(l.name AS text) = s.path[1])"

/* Does a column's way come to the relation, by its number, whose new link it may go on by? */
static bool
any_on_the_way(int32 id, bool inherit)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	pvext_arg_bool(&args, inherit);
	return pvext_own(WITH_STEPS " SELECT FROM step AS s WHERE s.at = $1 AND (s.before = '{}' OR $2) LIMIT 1", &args) > 0;
}

/*
 * A relation of which all links are shared has got one more: what is about whoever refers
 * to its rows, at any distance, is about whoever does so by this one, too, unless the user
 * has named the links.  A path that ended at it, for want of links, goes on by all of them.
 * Raises where there is such a column, and the way on from the parent branches.
 */
void
pvext_extend_shared_paths(const PvextLinkDeclaration *link)
{
	int32		id = pvext_relation_id(link->relid);
	PvextArgs	args = {0};

	if (!any_on_the_way(id, link->inherit))
		return;
	pvext_arg_int4(&args, id);
	pvext_arg(&args, TEXTARRAYOID,
			  joined_paths(pvext_paths_on(pvext_relation_id(link->parent), list_make1(pstrdup(link->name)))), false);
	pvext_arg(&args, TEXTARRAYOID, joined_paths(pvext_paths_on(id, NIL)), false);
	pvext_arg_bool(&args, link->inherit);
	(void) pvext_own(WITH_STEPS ","
					 " more AS (SELECT s.id, s.column_name, array_to_string(s.before || e.path, '.') AS path,"
					 "   CASE WHEN s.path = '{}' THEN array_to_string(s.before, '.') END AS ended"
					 "  FROM step AS s, unnest(CASE WHEN s.path = '{}' THEN $3 ELSE $2 END) AS e (path)"
					 "  WHERE s.at = $1 AND (s.before = '{}' OR $4)),"
					 " every AS (SELECT p.relation_id, p.column_name,"
					 "   (SELECT array_agg(q.path ORDER BY q.path COLLATE \"C\") FROM ("
					 "     SELECT m.path FROM more AS m WHERE m.id = p.relation_id AND m.column_name = p.column_name"
					 "     UNION SELECT u.path FROM unnest(p.paths) AS u (path) WHERE NOT EXISTS (SELECT FROM more AS m"
					 "      WHERE m.id = p.relation_id AND m.column_name = p.column_name AND m.ended = u.path)) AS q) AS paths"
					 "  FROM pv.declared_personal AS p"
					 "  WHERE EXISTS (SELECT FROM more AS m WHERE m.id = p.relation_id AND m.column_name = p.column_name))"
					 " UPDATE pv.declared_personal AS p SET paths = e.paths FROM every AS e"
					 " WHERE p.relation_id = e.relation_id AND p.column_name = e.column_name AND p.paths <> e.paths", &args);
}

/* How it is found who refers to a row: names whose case is ignored as if they were the parent's own. */
PvextSearch
pvext_reference_search(Oid parent, List *columns, bool ignore_case)
{
	PvextSearch search = {.relid = parent, .columns = columns, .parent_columns = columns};

	search.ignore_case = ignore_case;
	search.parent = ignore_case ? parent : InvalidOid;
	return search;
}

/* Who else refers to a row is looked up in the parent's rows. */
void
pvext_warn_of_reference_index(const PvextLinkDeclaration *link)
{
	PvextSearch search = pvext_reference_search(link->parent, link->parent_columns, link->ignore_case);

	if (link->shared == NULL || pvext_is_indexed(&search))
		return;
	ereport(WARNING,
			(errmsg("there is no index to find who refers to rows of table %s by link \"%s\"",
					pvext_relation_name(link->relid), link->name),
			 errhint("%s", pvext_link_index_sql(&search))));
}

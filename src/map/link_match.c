/*
 * link_match.c
 *		Which rows belong to which, along the links, within one statement.
 *
 * An erasure collects rows table by table, as each table's owner (row_set.c).
 * What reads several tables at once, a clock over another table's rows or a
 * count of blocked subjects, needs one owner for all of them.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "base/table_part.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* More ways than this make no statement that could be planned. */
#define MAX_PATHS 100

/* Is the table one that the path has been through? */
static bool
is_on_path(List *path, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, path)
		if (((PvextLink *) lfirst(lc))->table == table)
			return true;
	return false;
}

/*
 * Add the paths to the ancestor that go on from this one, each a list of links; none goes
 * through another subject, or through a table twice.
 */
static List *
extend_paths(List *path, PvextTable *table, PvextTable *ancestor, List *found)
{
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	if (list_length(found) > MAX_PATHS)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("table %s belongs to table %s in more than %d ways",
						table->sql_name, ancestor->sql_name, MAX_PATHS),
				 errhint("Declare the condition or clock over a table that is nearer to it.")));
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);
		List	   *longer = lappend(list_copy(path), link);

		if (path != NIL && !link->inherited)
			continue;			/* not of what belongs to its rows */
		if (link->parent == ancestor)
			found = lappend(found, longer);
		else if (!link->parent->is_subject && !is_on_path(longer, link->parent))
			found = extend_paths(longer, link->parent, ancestor, found);
	}
	return found;
}

/*
 * The ways, none of them through another subject, on which rows of table belong
 * to rows of ancestor: lists of links, from the table upwards.
 */
List *
pvext_paths(PvextTable *table, PvextTable *ancestor)
{
	return extend_paths(NIL, table, ancestor, NIL);
}

/* Has every table on the way from table to ancestor the same owner? */
bool
pvext_same_owner(PvextTable *table, PvextTable *ancestor)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_paths(table, ancestor))
		foreach(cell, (List *) lfirst(lc))
			if (((PvextLink *) lfirst(cell))->table->owner != ancestor->owner)
				return false;
	return true;
}

/* SQL: " AND (condition)" over row r of the link's table, or "". */
char *
pvext_link_condition(PvextLink *link)
{
	if (link->condition == NULL)
		return "";
	pvext_check_bound_owner(link->table, link->owner,
							psprintf("the condition of link \"%s\"", link->name));
	return psprintf(" AND (%s)", link->condition);
}

/* SQL: the row called child holds the key of the one called parent. */
void
pvext_append_link_match(StringInfo buf, PvextLink *link, const char *child, const char *parent)
{
	for (int n = 0; n < list_length(link->parent_columns); n++)
	{
		PvextMatch	match;
		char	   *held = pvext_link_held(link, n, child);
		char	   *key = psprintf("%s.%s", parent, quote_identifier(list_nth(link->parent_columns, n)));

		pvext_link_match(link, n, &match);
		key = psprintf("%s%s", pvext_match_key(&match, key), match.key_collate);
		appendStringInfo(buf, "%s%s", n > 0 ? " AND " : "", pvext_match_one(&match, held, key));

		/* The other way round, for an index of the parent's. */
		if (match.array)
			appendStringInfo(buf, " AND %s %s ANY (%s)", key, match.equals, held);
	}
}

/* SQL: row r belongs to row o by one path. */
static void
append_path(StringInfo buf, List *path)
{
	PvextLink  *first = linitial(path);
	const char *child = "r";
	int			last = list_length(path) - 1;

	if (last > 0)
		appendStringInfoString(buf, "EXISTS (SELECT FROM ");
	for (int i = 1; i <= last; i++)
	{
		PvextLink  *link = list_nth(path, i);

		if (link->condition)
			appendStringInfo(buf, "%s(SELECT r.* FROM %s AS r WHERE true%s) AS l%d",
							 i > 1 ? ", " : "", link->table->sql_name,
							 pvext_link_condition(link), i);
		else
			appendStringInfo(buf, "%s%s AS l%d", i > 1 ? ", " : "",
							 link->table->sql_name, i);
	}
	if (last > 0)
		appendStringInfoString(buf, " WHERE ");
	for (int i = 0; i <= last; i++)
	{
		const char *parent = i == last ? "o" : psprintf("l%d", i + 1);

		if (i > 0)
			appendStringInfoString(buf, " AND ");
		pvext_append_link_match(buf, list_nth(path, i), child, parent);
		child = parent;
	}
	appendStringInfo(buf, "%s%s", last > 0 ? ")" : "", pvext_link_condition(first));
}

/*
 * SQL: row r of table belongs to row o of ancestor, by any path.  One role
 * must own them all (pvext_same_owner).
 */
char *
pvext_belongs_sql(PvextTable *table, PvextTable *ancestor)
{
	StringInfoData buf;
	ListCell   *lc;
	List	   *paths = pvext_paths(table, ancestor);

	initStringInfo(&buf);
	foreach(lc, paths)
	{
		if (list_length(paths) > 1)
			appendStringInfoString(&buf, lc == list_head(paths) ? "(" : " OR (");
		append_path(&buf, lfirst(lc));
		if (list_length(paths) > 1)
			appendStringInfoChar(&buf, ')');
	}
	return buf.data;
}

/* SQL: " AND " and the condition of a link over the row that is called so, or "". */
char *
pvext_link_condition_of(PvextLink *link, const char *row)
{
	if (link->condition == NULL || strcmp(row, "r") == 0)
		return pvext_link_condition(link);
	return psprintf(" AND EXISTS (SELECT FROM (SELECT %s.*) AS r WHERE true%s)", row,
					pvext_link_condition(link));
}

/*
 * Join a row that is called child with one that is called parent, by a path, both in FROM:
 * the tables between go there, too, by names that begin with "between".  WHERE has a
 * condition already.
 */
void
pvext_append_path(StringInfo from, StringInfo where, List *path, const char *child,
				  const char *parent, const char *between)
{
	const char *row = child;
	int			last = list_length(path) - 1;

	for (int i = 0; i <= last; i++)
	{
		PvextLink  *link = list_nth(path, i);
		const char *next = i == last ? parent : psprintf("%s%d", between, i + 1);

		if (i < last)
			appendStringInfo(from, ", %s AS %s", link->parent->sql_name, next);
		appendStringInfoString(where, " AND ");
		pvext_append_link_match(where, link, row, next);
		appendStringInfoString(where, pvext_link_condition_of(link, row));
		row = next;
	}
}

/*
 * SQL, a query: the rows of "ancestors", which stand for the ancestor's, to which row r
 * belongs, as often as there are paths to them.  Joins, for what is asked of many rows.
 */
char *
pvext_owners_sql(PvextTable *table, PvextTable *ancestor, const char *ancestors)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, pvext_paths(table, ancestor))
	{
		StringInfoData from;
		StringInfoData where;

		initStringInfo(&from);
		initStringInfo(&where);
		appendStringInfo(&from, "%s AS o", ancestors);
		appendStringInfoString(&where, "true");
		pvext_append_path(&from, &where, lfirst(lc), "r", "o", "l");
		appendStringInfo(&sql, "%sSELECT o.* FROM %s WHERE %s", sql.len > 0 ? " UNION ALL " : "",
						 from.data, where.data);
	}
	return sql.data;
}

/* How many ways lead from a table up to persons, two for more; seen are the tables below. */
static int
ways_up(PvextTable *table, List *seen)
{
	int			n = table->is_subject;
	ListCell   *lc;

	if (list_member_ptr(seen, table))
		return 0;
	seen = lappend(list_copy(seen), table);
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (n < 2)
			n += (link->elements || link->shared ? 2 : 1) * ways_up(link->parent, seen);
	}
	return Min(n, 2);
}

/* May a row of the table belong to several persons, by whatever ways? */
bool
pvext_may_be_several(PvextTable *table)
{
	return ways_up(table, NIL) > 1;
}

/*
 * Is the foreign key, to the relation of the id, a declared link as well, of its table or of
 * one that its table inherits from; with deletes, one by which all its rows are deleted with
 * the parent's?  Between pvext_enter() and pvext_leave().
 */
bool
pvext_is_linked(PvextForeignKey *fk, int32 parent_id, bool deletes)
{
	PvextArgs	args = {0};
	uint64		n;

	pvext_arg_oid(&args, OIDOID, fk->relid);
	pvext_arg_int4(&args, parent_id);
	n = pvext_own(PVEXT_UP("$1") " SELECT columns, parent_columns, condition IS NULL AND on_erase = 'delete'"
				  " FROM up JOIN pv.relation AS r ON r.relation = up.relid"
				  " JOIN pv.declared_link AS l ON l.relation_id = r.id WHERE l.parent_id = $2 AND l.expression IS NULL", &args);
	for (uint64 i = 0; i < n; i++)
		if (pvext_is_key_of(fk, fk->relid, pvext_names(i, 1), pvext_names(i, 2)) &&
			(!deletes || pvext_bool(i, 3)))
			return true;
	return false;
}

/*
 * SQL: row r of the link's parent has the key k1, k2, ... of the child's types or, with
 * down, row r of its table that of the parent's.
 */
void
pvext_append_key_match(StringInfo sql, PvextLink *link, bool down)
{
	for (int n = 0; n < list_length(link->parent_columns); n++)
	{
		char	   *parent = psprintf("r.%s", quote_identifier(list_nth(link->parent_columns, n)));
		char	   *text = psprintf("k.k%d", n + 1);
		PvextMatch	match;

		pvext_link_match(link, n, &match);
		appendStringInfoString(sql, n > 0 ? " AND " : "");
		if (down)
			appendStringInfoString(sql, pvext_match_one(&match, pvext_link_held(link, n, "r"),
														pvext_match_key(&match, psprintf("CAST(%s AS %s)", text,
																						 pvext_type_name(match.element, -1)))));
		else
			appendStringInfo(sql, "%s %s %s", pvext_match_text(&match, text), match.equals,
							 pvext_match_key(&match, parent));
	}
}

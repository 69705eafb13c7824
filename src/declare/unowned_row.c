/*
 * unowned_row.c
 *		Rows, and values, that belong to nobody.
 *
 * A row belongs to somebody if one of its table's links leads from it to a row that is
 * there, and on to a subject: a NULL leads nowhere, nor does the key of a row that
 * was deleted, or was never there.  No erasure of any subject gets to such rows.  Nor does
 * one get to the value of a column that goes by some of the links alone, in a row that is
 * somebody's by another: what is the receiver's of an order that has none.
 *
 * A statement names one owner's tables.  Where a parent is another's, its owner is asked
 * which of the keys that the rows hold are not there.  It follows links as far up as there
 * are at most MOST_WAYS: where hundreds of tables refer to each other, ways multiply from
 * table to table.  Of rows further up it asks no more than whether they are there; of
 * those that are nobody's, their own table's count tells.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "base/catch.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "code/failed_code.h"
#include "declare/unowned_row.h"
#include "erase/left_row.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "miscadmin.h"
#include "purge/row_fate.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define MOST_WAYS	100			/* that a statement goes by, */
#define MOST_DEPTH	32			/* and links of one of them */

/* Rows of a table to be counted, as pvext_try()'s argument. */
typedef struct Counting
{
	PvextTable *table;
	int			depth;			/* so many tables up links are followed */
	PvextArgs	args;
	List	   *asked;			/* PvextLink: whose parents' owners have been asked, */
	List	   *answers;		/* C strings: and for each the SQL that comes of it */
	StringInfoData counts;		/* SQL */
	bool		rows;			/* are the rows counted that are nobody's? */
	int64		left;			/* of those that persons refer to */
	List	   *columns;		/* PvextColumn: whose values are */
	int64	   *found;			/* of the rows, and of each of these */
} Counting;

static char *owned_sql(Counting *counting, PvextTable *table, List *below);

/* SQL: nothing that the link goes by is NULL in row r, and its condition holds. */
static char *
leads_sql(PvextLink *link)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int n = 0; n < list_length(link->parent_columns); n++)
		appendStringInfo(&sql, "%s%s IS NOT NULL", n > 0 ? " AND " : "", pvext_link_value(link, n, "r"));
	appendStringInfoString(&sql, pvext_link_condition(link));
	return sql.data;
}

/* Can nothing be NULL that the link goes by? */
static bool
is_not_null(PvextLink *link)
{
	bool		all = link->value == NULL;
	ListCell   *lc;

	foreach(lc, link->columns)
	{
		Oid			type;
		AttrNumber	attnum = pvext_column(link->table->relid, lfirst(lc), &type, NULL);
		HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(link->table->relid),
											Int16GetDatum(attnum));

		all = all && HeapTupleIsValid(tuple) &&
			((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;
		if (HeapTupleIsValid(tuple))
			ReleaseSysCache(tuple);
	}
	return all;
}

/* The arrays that a query returns, one for each of the parent's columns; none where it found nothing. */
static bool
read_arrays(PvextLink *link, PvextArgs *args)
{
	for (int i = 1; i <= list_length(link->parent_columns); i++)
	{
		bool		isnull;
		Datum		keys = pvext_datum(0, i, &isnull);

		if (isnull)
			return false;
		pvext_arg(args, TEXTARRAYOID, keys, false);
	}
	return true;
}

/* SQL: k1, k2, ..., each as the format has it. */
static char *
numbered(PvextLink *link, const char *format, int first)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < list_length(link->parent_columns); i++)
	{
		appendStringInfoString(&sql, i > 0 ? ", " : "");
		appendStringInfo(&sql, format, first + i);
	}
	return sql.data;
}

/* SQL: what row r holds of the parent's column as text, compared byte by byte; of elements, each. */
static char *
key_text(PvextLink *link, int n)
{
	return psprintf(link->elements ? "unnest(%s) COLLATE \"C\"" : "%s COLLATE \"C\"", pvext_link_text(link, n));
}

/* SQL: row r holds one of the keys k1, k2, ... of a row k; of elements, nothing but such. */
static char *
holds_lost_sql(PvextLink *link, int first)
{
	StringInfoData sql;

	if (link->elements)
		return psprintf("%s COLLATE \"C\" <@ $%d", pvext_link_text(link, 0), first);
	initStringInfo(&sql);
	appendStringInfo(&sql, "EXISTS (SELECT FROM unnest(%s) AS k(%s) WHERE ",
					 numbered(link, "$%d", first), numbered(link, "k%d", 1));
	for (int n = 0; n < list_length(link->parent_columns); n++)
		appendStringInfo(&sql, "%s%s = k.k%d", n > 0 ? " AND " : "", key_text(link, n), n + 1);
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/*
 * SQL: the parent that the link leads to from row r is there.  Its owner is another:
 * the keys that have no row are the statement's further arguments.
 */
static char *
there_by_owner_sql(Counting *counting, PvextLink *link)
{
	StringInfoData held;
	StringInfoData lost;
	PvextArgs	keys = {0};
	int			first = counting->args.n + 1;

	initStringInfo(&held);
	for (int n = 0; n < list_length(link->parent_columns); n++)
		appendStringInfo(&held, "%s%s AS k%d", n > 0 ? ", " : "", key_text(link, n), n + 1);
	(void) pvext_run(link->table->owner,
					 psprintf("SELECT %s FROM (SELECT DISTINCT %s FROM %s AS r WHERE %s) AS x",
							  numbered(link, "array_agg(x.k%d)", 1), held.data,
							  link->table->sql_name, leads_sql(link)), NULL);
	if (!read_arrays(link, &keys))
		return "true";
	initStringInfo(&lost);
	appendStringInfo(&lost, "SELECT %s FROM unnest(%s) AS k(%s) WHERE NOT EXISTS (SELECT FROM %s AS r WHERE ",
					 numbered(link, "array_agg(k.k%d)", 1), numbered(link, "$%d", 1),
					 numbered(link, "k%d", 1), link->parent->sql_name);
	pvext_append_key_match(&lost, link, false);
	appendStringInfoChar(&lost, ')');
	(void) pvext_run(link->parent->owner, lost.data, &keys);
	if (!read_arrays(link, &counting->args))
		return "true";
	return psprintf("NOT %s", holds_lost_sql(link, first));
}

/* What another owner has answered of a link's parents, asked once. */
static char *
ask_owner(Counting *counting, PvextLink *link)
{
	ListCell   *lc;
	ListCell   *cell;
	char	   *answer;

	forboth(lc, counting->asked, cell, counting->answers)
		if (lfirst(lc) == link)
			return lfirst(cell);
	answer = there_by_owner_sql(counting, link);
	counting->asked = lappend(counting->asked, link);
	counting->answers = lappend(counting->answers, answer);
	return answer;
}

/*
 * SQL: the parent that the link leads to from row r is there, and of it, as r, holds what
 * parent_sql says, if it is given; NULL: always.
 */
static char *
reaches_sql(Counting *counting, PvextLink *link, const char *parent_sql)
{
	StringInfoData sql;

	if (link->parent->owner != counting->table->owner)
		return (link->enforced && !link->shared) || link->table != counting->table ? NULL : ask_owner(counting, link);
	if (link->enforced && !link->shared && parent_sql == NULL)
		return NULL;
	initStringInfo(&sql);
	appendStringInfo(&sql, "EXISTS (SELECT FROM %s AS o WHERE ", link->parent->sql_name);
	pvext_append_link_match(&sql, link, "r", "o");
	if (parent_sql)
		appendStringInfo(&sql, " AND EXISTS (SELECT FROM (SELECT o.*) AS r WHERE %s)", parent_sql);
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/* SQL: the parent that the link leads to from row r is there, and belongs to somebody; NULL: always. */
static char *
there_sql(Counting *counting, PvextLink *link, List *below)
{
	PvextTable *parent = link->parent;

	if (parent->owner == counting->table->owner && !parent->is_subject && parent->links != NIL &&
		list_length(below) < counting->depth && !list_member_ptr(below, parent))
		return reaches_sql(counting, link, owned_sql(counting, parent, below));
	return reaches_sql(counting, link, NULL);
}

/* SQL: there is a parent by the link, of which there_sql() says there; NULL: always. */
static char *
by_link_sql(PvextLink *link, char *there)
{
	if (there == NULL && link->condition == NULL && is_not_null(link))
		return NULL;
	return psprintf("(%s%s%s)", leads_sql(link), there ? " AND " : "", there ? there : "");
}

/* SQL: row r belongs to somebody, by any of its table's links; NULL: any row does. */
static char *
owned_sql(Counting *counting, PvextTable *table, List *below)
{
	StringInfoData sql;
	ListCell   *lc;

	below = lappend(list_copy(below), table);
	initStringInfo(&sql);
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);
		char	   *owned;

		if (list_length(below) > 1 && !link->inherited)
			continue;
		owned = by_link_sql(link, there_sql(counting, link, below));
		if (owned == NULL)
			return NULL;
		appendStringInfo(&sql, "%s%s", sql.len > 0 ? " OR " : "", owned);
	}
	return sql.len > 0 ? psprintf("(%s)", sql.data) : NULL;
}

/*
 * How many ways lead from a table's rows up to persons, or to tables so far up?  They are
 * counted until there are more than most.
 */
static int
count_ways(PvextTable *table, List *below, int depth, int most)
{
	int			n = 0;
	ListCell   *lc;

	below = lappend(list_copy(below), table);
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (n > most)
			break;
		if (list_length(below) > 1 && !link->inherited)
			continue;
		n += link->parent->is_subject || depth == 1 || list_member_ptr(below, link->parent) ? 1 :
			Max(1, count_ways(link->parent, below, depth - 1, most - n));
	}
	list_free(below);
	return n;
}

/* As far up as there are not too many ways. */
static int
find_depth(PvextTable *table)
{
	int			depth = 1;

	while (depth < MOST_DEPTH && count_ways(table, NIL, depth + 1, MOST_WAYS) <= MOST_WAYS)
		depth++;
	return depth;
}

/* The same as owned_sql(), of a table where the statement's ways begin. */
static char *
by_any_sql(Counting *counting, PvextTable *table)
{
	int			depth = counting->depth;
	char	   *sql;

	counting->depth = find_depth(table);
	sql = owned_sql(counting, table, NIL);
	counting->depth = depth;
	return sql;
}

/* SQL: row r is somebody's by a path of links; NULL: always. */
static char *
path_sql(Counting *counting, PvextTable *table, List *path)
{
	PvextLink  *link = pvext_map_link(table, linitial(path));
	char	   *on = NULL;

	if (link == NULL)
		return NULL;			/* it is reported otherwise */
	if (pvext_goes_with_last(link))
		return by_any_sql(counting, table); /* it is kept for whoever refers to the row, and goes with any */
	if (list_length(path) > 1 && link->parent->owner == counting->table->owner)
		on = path_sql(counting, link->parent, list_copy_tail(path, 1));
	return by_link_sql(link, reaches_sql(counting, link, on));
}

/* SQL: the column of row r is somebody's, or the row is deleted with somebody; NULL: always. */
static char *
column_owned_sql(Counting *counting, PvextColumn *column)
{
	StringInfoData sql;
	List	   *owned = NIL;
	ListCell   *lc;

	foreach(lc, column->paths)
		owned = lappend(owned, path_sql(counting, counting->table, lfirst(lc)));
	foreach(lc, counting->table->links)
		if (((PvextLink *) lfirst(lc))->delete_rows)
			owned = lappend(owned, by_link_sql(lfirst(lc), there_sql(counting, lfirst(lc),
																	 list_make1(counting->table))));
	initStringInfo(&sql);
	foreach(lc, owned)
	{
		if (lfirst(lc) == NULL)
			return NULL;
		appendStringInfo(&sql, "%s%s", sql.len > 0 ? " OR " : "", (char *) lfirst(lc));
	}
	return sql.data;
}

/* SQL: there is something to erase of the column in row r. */
static char *
value_sql(PvextTable *table, PvextColumn *column)
{
	if (column->strategy.kind == PVEXT_EXPRESSION)
		pvext_check_bound_owner(table, column->owner, "an expression");
	return psprintf("NOT (%s)", column->strategy.kind == PVEXT_REDACT ? pvext_text_is_gone(column) :
					pvext_strategy_test(&column->strategy, 0));
}

/* SQL: there is something to erase of row r. */
static char *
personal_sql(PvextTable *table)
{
	StringInfoData sql;
	ListCell   *lc;

	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->delete_rows)
			return "true";
	initStringInfo(&sql);
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (!column->missing && !column->follows)
			appendStringInfo(&sql, "%s%s", sql.len > 0 ? " OR " : "", value_sql(table, column));
	}
	return sql.len > 0 ? sql.data : "true";
}

/* Does the column go by some of the ways alone that the rows may be somebody's? */
static bool
goes_by_some(PvextTable *table, PvextColumn *column)
{
	return !column->any_path && !column->missing && !column->follows && column->paths != NIL &&
		(table->is_subject || count_ways(table, NIL, MOST_DEPTH, list_length(column->paths)) > list_length(column->paths));
}

/* Count rows for which the condition holds, of the last of the columns or, without any, of the rows. */
static void
add_count(Counting *counting, const char *condition)
{
	appendStringInfo(&counting->counts, "%s(%s) AS c%d", counting->counts.len > 0 ? ", " : "", condition,
					 list_length(counting->columns));
}

/*
 * SQL: the counts.  What is asked of each row is asked beneath them, where the server knows
 * how many there are: it reads all parents once then, instead of looking for each row's.
 */
static char *
counts_sql(Counting *counting)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = counting->rows ? 0 : 1; i <= list_length(counting->columns); i++)
		appendStringInfo(&sql, "%scount(*) FILTER (WHERE x.c%d)", sql.len > 0 ? ", " : "", i);
	return psprintf("SELECT %s FROM (SELECT %s FROM %s AS r OFFSET 0) AS x", sql.data, counting->counts.data,
					counting->table->sql_name);
}

/* May several refer to a row of the table? */
static bool
is_shared(PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->shared)
			return true;
	return false;
}

/* For pvext_try(). */
static void
count_rows(void *arg)
{
	Counting   *counting = arg;
	PvextTable *table = counting->table;
	char	   *owned = table->is_subject ? NULL : owned_sql(counting, table, NIL);
	bool		shared = is_shared(table) && pvext_primary_key(table->relid) != NIL;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&counting->counts);
	if (owned && shared)
		counting->left = pvext_count_left(table, personal_sql(table));
	else if (owned)
	{
		counting->rows = true;
		add_count(counting, psprintf("%s IS NOT TRUE AND (%s)", owned, personal_sql(table)));
	}
	foreach(lc, table->columns)
	{
		char	   *somebodys = goes_by_some(table, lfirst(lc)) ? column_owned_sql(counting, lfirst(lc)) : NULL;

		if (somebodys == NULL)
			continue;
		counting->columns = lappend(counting->columns, lfirst(lc));
		add_count(counting, psprintf("%s AND (%s) IS NOT TRUE%s%s", value_sql(table, lfirst(lc)), somebodys,
									 owned ? " AND " : "", owned ? owned : ""));
	}
	if (counting->counts.len == 0)
		return;
	(void) pvext_run(table->owner, counts_sql(counting), &counting->args);
	counting->found = palloc0(sizeof(int64) * (1 + list_length(counting->columns)));
	if (counting->rows)
		counting->found[0] = pvext_int(0, ++n);
	for (int i = 1; i <= list_length(counting->columns); i++)
		counting->found[i] = pvext_int(0, ++n);
}

/* Is there something to erase of the table's rows, and are its links' conditions its owner's own? */
static bool
is_counted(PvextCheck *check, PvextTable *table)
{
	bool		erased = table->columns != NIL;
	ListCell   *lc;

	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		erased = erased || link->delete_rows;
		if (link->owner &&
			strcmp(link->owner, GetUserNameFromId(table->owner, false)) != 0)
			return false;
	}
	return erased && table->links != NIL &&
		(check->only == 0 || check->only == table->id) &&
		!OidIsValid(pvext_foreign_child(table->relid));
}

/* For list_sort(). */
static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(((PvextTable *) lfirst(a))->sql_name, ((PvextTable *) lfirst(b))->sql_name);
}

/* Report what was counted: rows first, then each column's values. */
static void
report(PvextCheck *check, Counting *counting)
{
	int			i = 1;
	ListCell   *lc;

	if (counting->left > 0)
		pvext_add_finding(check, counting->table->sql_name, NULL, false,
						  psprintf(INT64_FORMAT " rows are personal, and nobody who lives refers to them", counting->left),
						  "No erasure takes them: delete them, or let somebody refer to them. If somebody who was erased refers to them still, erase him again.");
	if (counting->found == NULL)
		return;
	if (counting->found[0] > 0)
		pvext_add_finding(check, counting->table->sql_name, NULL, false,
					psprintf(INT64_FORMAT " rows belong to nobody", counting->found[0]),
					"No link leads to a subject that is there: give them an owner, declare another link, or erase them by the key that they hold.");
	foreach(lc, counting->columns)
	{
		int64		n = counting->found[i++];

		if (n > 0)
			pvext_add_finding(check, counting->table->sql_name, ((PvextColumn *) lfirst(lc))->name, false,
						psprintf("values in rows that are somebody's, but not by the column's links: " INT64_FORMAT, n),
						"No link of the column leads to a subject that is there: declare it with more links, such as one with a condition for these rows, or erase them by the key that they hold.");
	}
}

/*
 * Rows with personal data that no link leads from to anybody, and values in others'.  Reads tables whole.
 */
void
pvext_check_nobodys(PvextCheck *check)
{
	List	   *tables = list_copy(pvext_map()->tables);
	ListCell   *lc;

	list_sort(tables, by_name);
	foreach(lc, tables)
	{
		Counting	counting = {lfirst(lc), find_depth(lfirst(lc))};
		ErrorData  *error;

		if (!is_counted(check, lfirst(lc)))
			continue;
		error = pvext_try(count_rows, &counting);
		if (error)
		{
			pvext_forget_values(error);
			pvext_add_finding(check, counting.table->sql_name, NULL, true,
						"rows that belong to nobody cannot be counted", error->message);
		}
		else if (counting.found || counting.left > 0)
			report(check, &counting);
	}
}

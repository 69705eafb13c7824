/*
 * unowned_row.c
 *		Rows that belong to nobody.
 *
 * A row belongs to somebody if one of its table's links leads from it to a row that is
 * there, and on to a subject: a NULL leads nowhere, nor does the key of a row that
 * was deleted, or was never there.  No erasure of any subject gets to such rows.
 *
 * A statement names one owner's tables.  Where a parent is another's, its owner is asked
 * which of the keys that the rows hold are not there.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "base/catch.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "code/failed_code.h"
#include "declare/unowned_row.h"
#include "map/link_match.h"
#include "miscadmin.h"
#include "purge/row_fate.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Rows of a table to be counted, as pvext_try()'s argument. */
typedef struct Counting
{
	PvextTable *table;
	char	   *sql;			/* once it is made */
	PvextArgs	args;
	int64		count;
} Counting;

static char *owned_sql(Counting *counting, PvextTable *table, List *below);

/* SQL: none of the link's columns is NULL in row r, and its condition holds. */
static char *
leads_sql(PvextLink *link)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, link->columns)
		appendStringInfo(&sql, "%sr.%s IS NOT NULL", sql.len > 0 ? " AND " : "",
						 quote_identifier(lfirst(lc)));
	appendStringInfoString(&sql, pvext_link_condition(link));
	return sql.data;
}

static bool
is_not_null(PvextLink *link)
{
	bool		all = true;
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

/* The arrays that a query returns, one for each column of the link; none where it found nothing. */
static bool
read_arrays(PvextLink *link, PvextArgs *args)
{
	for (int i = 1; i <= list_length(link->columns); i++)
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
	for (int i = 0; i < list_length(link->columns); i++)
	{
		appendStringInfoString(&sql, i > 0 ? ", " : "");
		appendStringInfo(&sql, format, first + i);
	}
	return sql.data;
}

static char *
key_text(const char *column)
{
	return psprintf("CAST(r.%s AS text) COLLATE \"C\"", quote_identifier(column));
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
	StringInfoData match;
	PvextArgs	keys = {0};
	ListCell   *lc;
	int			first = counting->args.n + 1;
	int			n = 0;

	initStringInfo(&held);
	foreach(lc, link->columns)
	{
		appendStringInfo(&held, "%s%s AS k%d", n > 0 ? ", " : "", key_text(lfirst(lc)), n + 1);
		n++;
	}
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
	initStringInfo(&match);
	n = 0;
	foreach(lc, link->columns)
	{
		appendStringInfo(&match, "%s%s = k.k%d", n > 0 ? " AND " : "", key_text(lfirst(lc)), n + 1);
		n++;
	}
	return psprintf("NOT EXISTS (SELECT FROM unnest(%s) AS k(%s) WHERE %s)",
					numbered(link, "$%d", first), numbered(link, "k%d", 1), match.data);
}

/* SQL: the parent that the link leads to from row r is there, and belongs to somebody; NULL: always. */
static char *
there_sql(Counting *counting, PvextLink *link, List *below)
{
	PvextTable *parent = link->parent;
	StringInfoData sql;
	char	   *owned = NULL;

	if (parent->owner != counting->table->owner)
		return link->enforced || link->table != counting->table ? NULL :
			there_by_owner_sql(counting, link);
	if (!parent->is_subject && parent->links != NIL && !list_member_ptr(below, parent))
		owned = owned_sql(counting, parent, below);
	if (link->enforced && owned == NULL)
		return NULL;
	initStringInfo(&sql);
	appendStringInfo(&sql, "EXISTS (SELECT FROM %s AS o WHERE ", parent->sql_name);
	pvext_append_link_match(&sql, link, "r", "o");
	if (owned)
		appendStringInfo(&sql, " AND EXISTS (SELECT FROM (SELECT o.*) AS r WHERE %s)", owned);
	appendStringInfoChar(&sql, ')');
	return sql.data;
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
		char	   *there;

		if (list_length(below) > 1 && !link->inherited)
			continue;
		there = there_sql(counting, link, below);
		if (there == NULL && link->condition == NULL && is_not_null(link))
			return NULL;
		appendStringInfo(&sql, "%s(%s%s%s)", sql.len > 0 ? " OR " : "", leads_sql(link),
						 there ? " AND " : "", there ? there : "");
	}
	return sql.len > 0 ? psprintf("(%s)", sql.data) : NULL;
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

		if (column->missing || column->follows)
			continue;
		if (column->strategy.kind == PVEXT_EXPRESSION)
			pvext_check_bound_owner(table, column->owner, "an expression");
		appendStringInfo(&sql, "%sNOT (%s)", sql.len > 0 ? " OR " : "",
						 column->strategy.kind == PVEXT_REDACT ? pvext_text_is_gone(column) :
						 pvext_strategy_test(&column->strategy, 0));
	}
	return sql.len > 0 ? sql.data : "true";
}

/* For pvext_try(). */
static void
count_rows(void *arg)
{
	Counting   *counting = arg;
	char	   *owned = owned_sql(counting, counting->table, NIL);

	if (owned == NULL)
		return;
	counting->sql = psprintf("SELECT count(*) FROM %s AS r WHERE %s IS NOT TRUE AND (%s)",
							 counting->table->sql_name, owned, personal_sql(counting->table));
	(void) pvext_run(counting->table->owner, counting->sql, &counting->args);
	counting->count = pvext_int(0, 1);
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
		if (link->condition &&
			strcmp(link->owner, GetUserNameFromId(table->owner, false)) != 0)
			return false;
	}
	return erased && !table->is_subject && table->links != NIL &&
		(check->only == 0 || check->only == table->id) &&
		!OidIsValid(pvext_foreign_child(table->relid));
}

static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(((PvextTable *) lfirst(a))->sql_name, ((PvextTable *) lfirst(b))->sql_name);
}

/*
 * Rows with personal data that no link leads from to anybody.  Reads tables whole.
 */
void
pvext_check_nobodys(PvextCheck *check)
{
	List	   *tables = list_copy(pvext_map()->tables);
	ListCell   *lc;

	list_sort(tables, by_name);
	foreach(lc, tables)
	{
		Counting	counting = {lfirst(lc)};
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
		else if (counting.count > 0)
			pvext_add_finding(check, counting.table->sql_name, NULL, false,
						psprintf(INT64_FORMAT " rows belong to nobody", counting.count),
						"No link leads to a subject that is there: give them an owner, declare another link, or erase them by the key that they hold.");
	}
}

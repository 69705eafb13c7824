/*
 * clock_row.c
 *		The rows that a rule's clock reads, and those that it times.
 *
 * A clock over another table's rows goes from a row of the rule's table up the links to rows
 * of one table, the top, and from there down to the rows that it reads.  Either may be no
 * way at all: of customers whose invoices tell when they end the top is the customer
 * itself; of the lines of an invoice it is the invoice that is read.  Of contacts that
 * are kept until the last account of their person is closed it is the person.
 *
 * A row may hang on several rows of the top, by one path or by several: the clock reads
 * what all of them lead to.
 *
 * One statement reads all of these tables, and runs as one role.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/index.h"
#include "map/link_match.h"
#include "rule/clock_row.h"

/* The table up to which the clock goes before it goes down to what it reads. */
PvextTable *
pvext_clock_top(PvextTable *table, PvextRule *rule)
{
	return rule->through ? rule->through : table;
}

/* Raise unless rows of the table still hang on such of the top, and one owner has all. */
static void
check_leg(PvextTable *table, PvextRule *rule, PvextTable *from, PvextTable *top)
{
	if (pvext_paths(from, top) == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is not linked to %s any more, which the clock of retention rule \"%s\" goes by",
						from->sql_name, top->sql_name, rule->name),
				 errhint("Declare the link, or the rule, again.")));
	if (!pvext_same_owner(from, top))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s and what links it to %s have different owners",
						from->sql_name, top->sql_name),
				 errhint("A rule can only be over tables of one owner: give them one, or keep the moment in a column of %s.",
						 table->sql_name)));
}

/* Raise where the clock, which is over another table, cannot get there any more. */
void
pvext_check_way(PvextTable *table, PvextRule *rule)
{
	PvextTable *top = pvext_clock_top(table, rule);

	if (top != table)
		check_leg(table, rule, table, top);
	if (top != rule->over || rule->through == NULL)
		check_leg(table, rule, rule->over, top);
}

/* Add the tables that a leg of the way leads through, and to. */
static List *
add_leg(List *tables, PvextTable *from, PvextTable *top)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_paths(from, top))
		foreach(cell, (List *) lfirst(lc))
		{
			tables = list_append_unique_ptr(tables, ((PvextLink *) lfirst(cell))->table);
			tables = list_append_unique_ptr(tables, ((PvextLink *) lfirst(cell))->parent);
		}
	return tables;
}

/* The other tables without whose rows the clock does not read what it reads now. */
List *
pvext_clock_tables(PvextTable *table, PvextRule *rule)
{
	PvextTable *top = pvext_clock_top(table, rule);
	List	   *tables = NIL;

	if (rule->over == NULL)
		return NIL;
	if (top != table)
		tables = add_leg(tables, table, top);
	if (top != rule->over)
		tables = add_leg(tables, rule->over, top);
	tables = list_append_unique_ptr(tables, rule->over);
	return list_delete_ptr(tables, table);
}

/* Does a path of links go by rows of the table? */
static bool
goes_by(List *path, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, path)
		if (((PvextLink *) lfirst(lc))->table == table)
			return true;
	return false;
}

/*
 * The link by which rows of a table on the way up lead to others of it, as whose what belongs
 * to them counts, too; or NULL.  Not by way of the rule's table: its rows are timed each by itself.
 */
static PvextLink *
link_around(PvextTable *up, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, up->is_subject || up == table ? NIL : pvext_paths(up, up))
		if (((PvextLink *) linitial(lfirst(lc)))->inherited && !goes_by(lfirst(lc), table))
			return linitial(lfirst(lc));
	return NULL;
}

/*
 * Where the clock's way up leads through a table whose rows hang on others of it: the link by
 * which they do.  The clock reads the nearest alone, and what all hang on must have ended.
 */
PvextLink *
pvext_clock_circle(PvextTable *table, PvextRule *rule)
{
	ListCell   *lc;

	foreach(lc, rule->through ? add_leg(NIL, table, rule->through) : NIL)
	{
		PvextLink  *link = link_around(lfirst(lc), table);

		if (link)
			return link;
	}
	return NULL;
}

/*
 * SQL, after FROM: the rows of a table, as r, to which the way from the statement's row r
 * leads over the top.  It ends with a condition, and others may follow.  The r of the
 * subqueries is the statement's: FROM doesn't see what follows.
 */
static char *
way_sql(PvextTable *from, PvextTable *top, PvextTable *to)
{
	if (from == top)
		return psprintf("(SELECT r.*) AS o, %s AS r WHERE (%s)", to->sql_name,
						pvext_belongs_sql(to, top));
	if (to == top)
		return psprintf("(%s) AS r WHERE true", pvext_owners_sql(from, top, top->sql_name));
	return psprintf("(%s) AS o, %s AS r WHERE (%s)", pvext_owners_sql(from, top, top->sql_name),
					to->sql_name, pvext_belongs_sql(to, top));
}

/* SQL, after FROM: the rows, as r, that the clock of row r of the rule's table reads. */
char *
pvext_clock_rows(PvextTable *table, PvextRule *rule)
{
	return way_sql(table, pvext_clock_top(table, rule), rule->over);
}

/* Would the clock not read what it reads without rows of the table?  For clocks down only those it reads. */
bool
pvext_clock_goes_by(PvextTable *table, PvextRule *rule, PvextTable *of)
{
	return rule->over == of || (rule->through && list_member_ptr(pvext_clock_tables(table, rule), of));
}

/* SQL, after FROM: the rows of the rule's table, as r, whose clock goes by row r of another, or reads it. */
char *
pvext_timed_rows(PvextTable *table, PvextRule *rule, PvextTable *of)
{
	bool		up = rule->through && pvext_paths(table, of) != NIL;

	pvext_check_way(table, rule);
	return way_sql(of, up ? of : pvext_clock_top(table, rule), table);
}

/*
 * SQL, each a FROM and WHERE that ends with a condition: rows r of the rule's table, those
 * that "rows" names, joined with those that their clock reads, called o or, where these are
 * not the top's, c; by each path once.  For clocks that go up.
 */
List *
pvext_clock_joins(PvextTable *rows, PvextTable *table, PvextRule *rule)
{
	List	   *joins = NIL;
	bool		down = rule->over != rule->through;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_paths(table, rule->through))
		foreach(cell, down ? pvext_paths(rule->over, rule->through) : list_make1(NIL))
		{
			StringInfoData from;
			StringInfoData where;

			initStringInfo(&from);
			initStringInfo(&where);
			appendStringInfo(&from, "%s AS r, %s AS o", rows->sql_name, rule->through->sql_name);
			appendStringInfoString(&where, "true");
			pvext_append_path(&from, &where, lfirst(lc), "r", "o", "u");
			if (down)
			{
				appendStringInfo(&from, ", %s AS c", rule->over->sql_name);
				pvext_append_path(&from, &where, lfirst(cell), "c", "o", "d");
			}
			joins = lappend(joins, psprintf("%s WHERE %s", from.data, where.data));
		}
	return joins;
}

/*
 * Does a row of the rule's table hang on one row of the top at most, so that what the clock
 * says is known of that one alone?
 */
bool
pvext_has_one_clock(PvextTable *table, PvextRule *rule)
{
	List	   *paths = rule->through ? pvext_paths(table, rule->through) : NIL;
	ListCell   *lc;

	if (list_length(paths) != 1)
		return false;
	foreach(lc, (List *) linitial(paths))
	{
		PvextLink  *link = lfirst(lc);

		if (link->shared || link->elements || !pvext_is_one_row(link->parent->relid, link->parent_columns))
			return false;
	}
	return true;
}

/* SQL: what the clock, which goes up, says of row r of the top alone. */
char *
pvext_clock_of_top(PvextTable *table, PvextRule *rule)
{
	if (rule->over == rule->through)
		return psprintf("(SELECT %s FROM (SELECT r.*) AS r)", rule->after);
	return psprintf("(SELECT %s FROM %s)", rule->after,
					way_sql(rule->through, rule->through, rule->over));
}

/* SQL: row r hangs on a row of the top for which the condition over r holds. */
char *
pvext_at_clock(PvextTable *table, PvextRule *rule, const char *condition)
{
	char	   *rows = psprintf("(SELECT r.* FROM %s AS r WHERE %s)", rule->through->sql_name, condition);

	return psprintf("EXISTS (%s)", pvext_owners_sql(table, rule->through, rows));
}

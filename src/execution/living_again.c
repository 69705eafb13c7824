/*
 * living_again.c
 *		What says that the key of somebody who was erased is somebody's who lives.
 *
 * A key is given away a second time.  The ledger knows only that its first holder was
 * erased; that it has another now is seen by what is personal of it again: in the subject's
 * own row, or in rows that belong to it alone by links, as far as one role owns them all.
 * Rows that are shared say nothing, for what is left in them may be others'.
 */
#include "postgres.h"
#include "base/message.h"

#include "execution/living_again.h"
#include "map/link_match.h"
#include "rule/rule.h"
#include "strategy/replacement.h"

/* May something be left of it by an erasure of which rules have left something? */
static bool
may_be_left(PvextTable *table, const char *column, bool completed)
{
	char	   *basis;

	return !completed && pvext_retained_until(table, column, &basis) != NULL;
}

/* SQL over r: there is something of the column; NULL: that cannot be told. */
static char *
left_sql(PvextTable *table, PvextColumn *column, bool completed)
{
	PvextStrategyKind kind = column->strategy.kind;

	if (column->missing || column->follows || kind == PVEXT_REDACT || kind == PVEXT_DERIVED ||
		may_be_left(table, column->name, completed))
		return NULL;
	if (kind == PVEXT_EXPRESSION)
		pvext_check_bound_owner(table, column->owner, "an expression");
	return psprintf("NOT (%s)", pvext_strategy_test(&column->strategy, 0));
}

/* The path of links that a column is declared with, where it leads to the subject by no rows that are shared; else NIL. */
static List *
links_of_path(PvextTable *table, PvextTable *subject, List *names)
{
	List	   *path = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		PvextLink  *link = pvext_map_link(table, lfirst(lc));

		if (link == NULL || link->shared || link->elements || table->owner != subject->owner)
			return NIL;
		path = lappend(path, link);
		table = link->parent;
	}
	return table == subject ? path : NIL;
}

/* SQL over row r of the subject's table: a row of the table at the end of the path is as the condition over r says. */
static char *
exists_sql(PvextTable *table, List *path, const char *condition)
{
	StringInfoData from;
	StringInfoData where;

	initStringInfo(&from);
	initStringInfo(&where);
	appendStringInfo(&from, "(SELECT r.*) AS o, %s AS r", table->sql_name);
	appendStringInfoString(&where, condition);
	pvext_append_path(&from, &where, path, "r", "o", "l");
	return psprintf("EXISTS (SELECT FROM %s WHERE %s)", from.data, where.data);
}

/* Add one more to the conditions, of which any is enough. */
static void
add(StringInfo sql, const char *condition)
{
	if (condition)
		appendStringInfo(sql, "%s%s", sql->len > 0 ? " OR " : "", condition);
}

/* Add what linked rows of a table say: there is something in their columns or, where they are deleted, they are there. */
static void
add_linked(StringInfo sql, PvextTable *table, PvextTable *subject, bool completed)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		foreach(cell, column->any_path ? NIL : column->paths)
		{
			List	   *path = links_of_path(table, subject, lfirst(cell));
			char	   *left = path ? left_sql(table, column, completed) : NULL;

			add(sql, left ? exists_sql(table, path, left) : NULL);
		}
	}
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (link->delete_rows && links_of_path(table, subject, list_make1(link->name)) != NIL &&
			!may_be_left(table, NULL, completed))
			add(sql, exists_sql(table, list_make1(link), "true"));
	}
}

/* The tables of which rows belong to those of a table, but for rows that are shared, at any distance. */
static List *
tables_below(PvextTable *table, List *tables)
{
	ListCell   *lc;

	foreach(lc, table->children)
	{
		PvextLink  *link = lfirst(lc);

		if (link->shared || list_member_ptr(tables, link->table))
			continue;
		tables = lappend(tables, link->table);
		tables = tables_below(link->table, tables);
	}
	return tables;
}

/*
 * SQL over row r of the subject's table: it has something personal, of its own or in rows
 * that are its alone; NULL: that can never be told.  Of an erasure that is not completed,
 * of which rules have left something, what they may retain says nothing.
 */
char *
pvext_lives_again_sql(PvextTable *subject, bool completed)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, subject->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (!column->any_path && column->paths == NIL)
			add(&sql, left_sql(subject, column, completed));
	}
	foreach(lc, tables_below(subject, NIL))
		if (lfirst(lc) != subject)
			add_linked(&sql, lfirst(lc), subject, completed);
	return sql.len > 0 ? sql.data : NULL;
}

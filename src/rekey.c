/*
 * rekey.c
 *		Keys that identify, and all the columns that follow them.
 *
 * When a column that others refer to (an e-mail, "ALFKI") gets a new value,
 * every linked column gets it in the same statement: NO ACTION foreign keys
 * are checked at its end, when all agree again.  Columns behind an ON UPDATE
 * CASCADE follow by themselves.
 */
#include "postgres.h"

#include "catalog.h"
#include "catalog/pg_type.h"
#include "link.h"
#include "nodes/parsenodes.h"
#include "rekey.h"
#include "sets.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* A column that takes the new value. */
typedef struct Follower
{
	PvextTable *table;
	char	   *column;
	bool		as_text;
	char	   *condition;		/* of the link, or NULL */
} Follower;

static bool
cascades(PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(link->parent->relid))
	{
		PvextForeignKey *fk = lfirst(lc);

		if (fk->relid == link->table->relid &&
			fk->on_update == FKCONSTR_ACTION_CASCADE &&
			pvext_same_names(fk->columns, link->columns) &&
			pvext_same_names(fk->parent_columns, link->parent_columns))
			return true;
	}
	return false;
}

static bool
is_known(List *followers, PvextTable *table, const char *column)
{
	ListCell   *lc;

	foreach(lc, followers)
	{
		Follower   *follower = lfirst(lc);

		if (follower->table == table && strcmp(follower->column, column) == 0)
			return true;
	}
	return false;
}

/* The columns that refer to one column, added where they are new. */
static List *
add_followers(PvextMap *map, List *followers, PvextTable *parent, const char *name)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			ListCell   *column;
			ListCell   *parent_column;

			if (link->parent != parent || cascades(link))
				continue;
			forboth(column, link->columns, parent_column, link->parent_columns)
			{
				Follower   *follower;
				Oid			type;
				Oid			parent_type;

				if (strcmp(lfirst(parent_column), name) != 0 ||
					is_known(followers, link->table, lfirst(column)))
					continue;
				if (link->condition)
					pvext_check_bound_owner(link->table, link->owner,
											"the condition of a link");
				follower = palloc0(sizeof(Follower));
				(void) pvext_column(link->table->relid, lfirst(column), &type, NULL);
				(void) pvext_column(parent->relid, name, &parent_type, NULL);
				follower->table = link->table;
				follower->column = lfirst(column);
				follower->as_text = pvext_link_as_text(type, parent_type);
				follower->condition = link->condition;
				followers = lappend(followers, follower);
			}
		}
	return followers;
}

/* SQL: the follower's column holds the old key k.o. */
static char *
compares(Follower *follower)
{
	Oid			type;
	const char *column = quote_identifier(follower->column);

	(void) pvext_column(follower->table->relid, follower->column, &type, NULL);
	if (follower->as_text)
		return psprintf("CAST(r.%s AS text) = k.o", column);
	return psprintf("r.%s %s CAST(k.o AS %s)", column, pvext_equality(type, type),
					pvext_type_name(getBaseType(type), -1));
}

static char *
column_type(Follower *follower)
{
	Oid			type;
	int32		typmod;

	(void) pvext_column(follower->table->relid, follower->column, &type, &typmod);
	return pvext_type_name(type, typmod);
}

/* SQL: the old and new keys as rows k(o, n). */
static char *
keys_sql(PvextSql *sql, PvextTarget *target)
{
	int			old_keys = pvext_sql_param(sql, &target->old_keys);
	int			new_keys = pvext_sql_param(sql, &target->new_keys);

	return psprintf("unnest($%d, $%d) AS k(o, n)", old_keys, new_keys);
}

/* One UPDATE of the columns, all of one table, that take the new value. */
static void
append_update(PvextSql *sql, PvextTarget *target, List *followers)
{
	Follower   *first = linitial(followers);
	char	   *keys = keys_sql(sql, target);
	StringInfoData where;
	ListCell   *lc;

	appendStringInfo(&sql->text, "UPDATE %s AS r SET ", first->table->sql_name);
	if (list_length(followers) == 1)
	{
		appendStringInfo(&sql->text, "%s = CAST(k.n AS %s) FROM %s WHERE %s",
						 quote_identifier(first->column), column_type(first), keys,
						 compares(first));
		if (first->condition)
			appendStringInfo(&sql->text, " AND (%s)", first->condition);
		return;
	}
	initStringInfo(&where);
	foreach(lc, followers)
	{
		Follower   *follower = lfirst(lc);
		const char *column = quote_identifier(follower->column);
		char	   *found = psprintf("(SELECT k.n FROM %s WHERE %s%s%s%s LIMIT 1)", keys,
									 compares(follower),
									 follower->condition ? " AND (" : "",
									 follower->condition ? follower->condition : "",
									 follower->condition ? ")" : "");

		appendStringInfo(&sql->text, "%s%s = coalesce(CAST(%s AS %s), r.%s)",
						 lc == list_head(followers) ? "" : ", ", column, found,
						 column_type(follower), column);
		appendStringInfo(&where, "%sEXISTS %s", where.len ? " OR " : "", found);
	}
	appendStringInfo(&sql->text, " WHERE %s", where.data);
}

static List *
followers_of_table(List *followers, PvextTable *table)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, followers)
		if (((Follower *) lfirst(lc))->table == table)
			result = lappend(result, lfirst(lc));
	return result;
}

/*
 * The statement that gives a leading column its new values, target->new_keys
 * for target->old_keys, and all that follow it.  Raises where they are not all
 * one owner's.
 */
PvextStep *
pvext_build_rekey(PvextMap *map, PvextTarget *target)
{
	Follower	leader = {target->table, target->column->name, false, NULL};
	List	   *followers = list_make1(&leader);
	List	   *done = list_make1(target->table);
	PvextSql	sql;
	int			n = 0;

	for (int i = 0; i < list_length(followers); i++)
	{
		Follower   *follower = list_nth(followers, i);

		if (follower->table->owner != target->table->owner)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("column \"%s\" of table %s has another owner than the key it follows",
							follower->column, follower->table->sql_name),
					 errhint("Give both tables to one role, or make the foreign key ON UPDATE CASCADE.")));
		followers = add_followers(map, followers, follower->table, follower->column);
	}
	pvext_sql_init(&sql);
	for (int i = 1; i < list_length(followers); i++)
	{
		PvextTable *table = ((Follower *) list_nth(followers, i))->table;

		if (list_member_ptr(done, table))
			continue;
		done = lappend(done, table);
		appendStringInfo(&sql.text, "%sf%d AS (", n == 0 ? "WITH " : ", ", n);
		append_update(&sql, target, followers_of_table(followers, table));
		appendStringInfoChar(&sql.text, ')');
		n++;
	}
	appendStringInfoString(&sql.text, n > 0 ? " " : "");
	append_update(&sql, target, followers_of_table(followers, target->table));
	return pvext_sql_step(&sql, target->table);
}

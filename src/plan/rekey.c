/*
 * rekey.c
 *		Keys that identify, and all the columns that follow them.
 *
 * A key can be personal itself (an e-mail, "ALFKI").  It is replaced as any value is, but
 * others hold it, and are found by it.  Such a column leads; the columns that links lead
 * to it from follow, and those that lead to these.  Here the two statements of a leading
 * column are built, which new_key.c runs, last of all in a pass: until then the subject's
 * rows are found by the old key.
 *
 * The first, gather, reads the old keys of the rows that are to change and, where SQL
 * makes it, the new value of each.  The second, follow, is given both as arrays of texts,
 * and changes the column and all that follow it at once: one UPDATE in which those of the
 * other tables are data-modifying CTEs.  That is what makes foreign keys agree to it: one
 * that is NO ACTION is checked at the end of the statement, when all hold the new key;
 * with a statement for each table the first would fail, whichever that is.  All of them
 * see the tables by one snapshot, so each finds its rows by the old key, whatever the
 * others have done by then.
 *
 * What follows from it being one statement:
 *
 * - It runs as one role.  So all tables have one owner, or the plan is refused here; a
 *   column behind ON UPDATE CASCADE follows by itself, whoever owns it.
 * - A statement changes a row once; a second change by it would be passed over silently.
 *   So there is one UPDATE for each table, also where several of its columns follow.
 * - A key of several columns is only the same when all of them are.  A follower is
 *   compared by as many of them as it holds, and by the link's condition.
 * - Rows follow by the key that they hold, not by whether they belong to the subject: a
 *   column that refers to the person need not be about the person.  So the plan locks all
 *   tables that have links to its own (pvext_note_tables() in plan.c).
 *
 * Whoever adds a row under the old key meanwhile waits for the lock on its parent's row,
 * by a foreign key, and finds that there is no such key.  By a link without one nobody
 * waits: what was replaced is remembered then, encrypted, until no transaction of before
 * is left (replaced_key.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "map/link_key.h"
#include "nodes/parsenodes.h"
#include "plan/column_step.h"
#include "plan/rekey.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* A column that takes the new value. */
typedef struct Follower
{
	PvextTable *table;
	char	   *column;
	List	   *columns;		/* its table's columns that hold the leader's key */
	List	   *keys;			/* the leader's key columns that they hold */
	List	   *as_text;		/* int: compared as text, or what it follows is */
	bool		ignore_case;	/* likewise */
	bool		elements;		/* it is an array: elements of it take the value */
	char	   *condition;		/* of the link, or NULL */
	bool		by_itself;		/* a foreign key lets it follow, ON UPDATE CASCADE */
} Follower;

/* Does the link's column follow by a foreign key with ON UPDATE CASCADE? */
static bool
cascades(PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(link->parent->relid))
	{
		PvextForeignKey *fk = lfirst(lc);

		if (fk->on_update == FKCONSTR_ACTION_CASCADE && pvext_link_follows(link, fk))
			return true;
	}
	return false;
}

/* Is the column among those that follow already?  Links may go in circles. */
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

/* The position of a name in a list, or -1. */
static int
position(List *names, const char *name)
{
	for (int i = 0; i < list_length(names); i++)
		if (strcmp(list_nth(names, i), name) == 0)
			return i;
	return -1;
}

/* A link's column that takes the value of a column that takes it. */
static Follower *
make_follower(PvextLink *link, Follower *parent, const char *column)
{
	Follower   *follower = palloc0(sizeof(Follower));
	ListCell   *lc;
	ListCell   *parent_lc;

	if (link->condition)
		pvext_check_bound_owner(link->table, link->owner, "the condition of a link");
	follower->table = link->table;
	follower->column = pstrdup(column);
	follower->condition = link->condition;
	follower->by_itself = cascades(link);
	follower->ignore_case = link->ignore_case || parent->ignore_case;
	follower->elements = link->elements;
	forboth(lc, link->columns, parent_lc, link->parent_columns)
	{
		int			held = position(parent->columns, lfirst(parent_lc));
		PvextMatch	match;

		if (held < 0)
			continue;			/* no part of the leader's key */
		pvext_link_match(link, foreach_current_index(lc), &match);
		follower->columns = lappend(follower->columns, lfirst(lc));
		follower->keys = lappend(follower->keys, list_nth(parent->keys, held));
		follower->as_text = lappend_int(follower->as_text,
										match.as_text ||
										list_nth_int(parent->as_text, held));
	}
	return follower;
}

/* The columns that refer to one that takes the value, added where they are new. */
static List *
add_followers(PvextMap *map, List *followers, Follower *parent)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			int			at = position(link->parent_columns, parent->column);
			char	   *column;

			/* What an expression makes of a row cannot be changed: its columns are personal themselves. */
			if (link->parent != parent->table || at < 0 || link->value || link->shared)
				continue;
			column = list_nth(link->columns, at);
			if (!is_known(followers, link->table, column))
				followers = lappend(followers, make_follower(link, parent, column));
		}
	return followers;
}

/* SQL: what a follower's row holds, of its i-th column, is the old key k.o1, k.o2, ... of that number. */
static char *
compares_one(PvextTarget *target, Follower *follower, int i, const char *held)
{
	const char *column = list_nth(follower->columns, i);
	char	   *name = list_nth(follower->keys, i);
	char	   *key = psprintf("k.o%d", position(target->key_columns, name) + 1);
	Oid			type;
	PvextMatch	match;

	(void) pvext_column(follower->table->relid, column, &type, NULL);
	if (follower->elements)
		type = get_element_type(getBaseType(type));
	pvext_match_value(type, pvext_column_collation(follower->table->relid, column), target->table->relid,
					  name, follower->ignore_case, &match);
	if (list_nth_int(follower->as_text, i) && !match.folded)
		return psprintf("CAST(%s AS text) = %s", held, key);
	return pvext_match_one(&match, pvext_match_held(&match, held),
						   pvext_match_key(&match, psprintf("CAST(%s AS %s)", key, pvext_type_name(match.element, -1))));
}

/* SQL: the follower's row holds the old key k.o1, k.o2, ... */
static char *
compares(PvextTarget *target, Follower *follower)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < list_length(follower->columns); i++)
	{
		char	   *held = psprintf("r.%s", quote_identifier(list_nth(follower->columns, i)));

		appendStringInfoString(&buf, i > 0 ? " AND " : "");
		if (follower->elements)
			appendStringInfo(&buf, "EXISTS (SELECT FROM unnest(%s) AS e(v) WHERE %s)", held,
							 compares_one(target, follower, i, "e.v"));
		else
			appendStringInfoString(&buf, compares_one(target, follower, i, held));
	}
	if (follower->condition)
		appendStringInfo(&buf, " AND (%s)", follower->condition);
	return buf.data;
}

static char *
column_type(Follower *follower)
{
	Oid			type;
	int32		typmod;

	(void) pvext_column(follower->table->relid, follower->column, &type, &typmod);
	return pvext_type_name(type, typmod);
}

/* SQL: the follower's array, whose elements that are old keys are new ones. */
static char *
array_value(PvextTarget *target, Follower *follower, const char *keys)
{
	Oid			type;

	(void) pvext_column(follower->table->relid, follower->column, &type, NULL);
	return psprintf("(SELECT array_agg(coalesce((SELECT CAST(k.n AS %s) FROM %s WHERE %s LIMIT 1), e.v) ORDER BY e.n)"
					" FROM unnest(r.%s) WITH ORDINALITY AS e(v, n))",
					pvext_type_name(get_element_type(getBaseType(type)), -1), keys,
					compares_one(target, follower, 0, "e.v"), quote_identifier(follower->column));
}

/* SQL: the new keys and the old ones as rows k(n, o1, o2, ...). */
static char *
keys_sql(PvextSql *sql, PvextTarget *target)
{
	StringInfoData values;
	StringInfoData names;

	initStringInfo(&values);
	initStringInfo(&names);
	appendStringInfo(&values, "$%d", pvext_sql_param(sql, &target->new_keys));
	for (int i = 0; i < list_length(target->old_keys); i++)
	{
		appendStringInfo(&values, ", $%d",
						 pvext_sql_param(sql, list_nth(target->old_keys, i)));
		appendStringInfo(&names, ", o%d", i + 1);
	}
	return psprintf("unnest(%s) AS k(n%s)", values.data, names.data);
}

/*
 * One UPDATE of the columns, all of one table, that take the new value.  Several may take
 * it in different rows, or by different columns of the key: each looks for its own.
 */
static void
append_update(PvextSql *sql, PvextTarget *target, List *followers)
{
	Follower   *first = linitial(followers);
	char	   *keys = keys_sql(sql, target);
	StringInfoData where;
	ListCell   *lc;

	appendStringInfo(&sql->text, "UPDATE %s AS r SET ", first->table->sql_name);
	if (list_length(followers) == 1 && !first->elements)
	{
		appendStringInfo(&sql->text, "%s = CAST(k.n AS %s) FROM %s WHERE %s",
						 quote_identifier(first->column), column_type(first), keys,
						 compares(target, first));
		return;
	}
	initStringInfo(&where);
	foreach(lc, followers)
	{
		Follower   *follower = lfirst(lc);
		const char *column = quote_identifier(follower->column);
		char	   *found = psprintf("(SELECT k.n FROM %s WHERE %s LIMIT 1)", keys,
									 compares(target, follower));

		appendStringInfoString(&sql->text, lc == list_head(followers) ? "" : ", ");
		if (follower->elements)
			appendStringInfo(&sql->text, "%s = CASE WHEN EXISTS %s THEN %s ELSE r.%s END", column, found,
							 array_value(target, follower, keys), column);
		else
			appendStringInfo(&sql->text, "%s = coalesce(CAST(%s AS %s), r.%s)", column, found,
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
 * The columns of the leader's table whose old values tell which rows follow:
 * a composite key is only the same when all of it is.
 */
static List *
key_columns(PvextMap *map, PvextTarget *target)
{
	List	   *names = list_make1(target->column->name);
	List	   *keys = NIL;
	ListCell   *lc;
	ListCell   *cell;

	if (position(target->table->key, target->column->name) >= 0)
		keys = lappend(keys, target->table->key);
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);

			if (link->parent == target->table && link->shared == NULL &&
				position(link->parent_columns, target->column->name) >= 0)
				keys = lappend(keys, link->parent_columns);
		}
	foreach(lc, keys)
		foreach(cell, (List *) lfirst(lc))
			if (position(names, lfirst(cell)) < 0)
				names = lappend(names, lfirst(cell));
	return names;
}

/* The leader: its rows are known by all the key columns. */
static Follower *
make_leader(PvextTarget *target)
{
	Follower   *leader = palloc0(sizeof(Follower));

	leader->table = target->table;
	leader->column = target->column->name;
	leader->columns = leader->keys = target->key_columns;
	for (int i = 0; i < list_length(target->key_columns); i++)
	{
		PvextParam *param = palloc0(sizeof(PvextParam));

		param->type = TEXTARRAYOID;
		param->isnull = true;
		target->old_keys = lappend(target->old_keys, param);
		leader->as_text = lappend_int(leader->as_text, false);
	}
	return leader;
}

/*
 * The columns that follow the leader, itself first, and that pvext gives the value to; all
 * are one owner's.  Those that follow by themselves may have others that follow them.
 */
static List *
find_followers(PvextMap *map, PvextTarget *target)
{
	List	   *followers = list_make1(make_leader(target));
	List	   *written = NIL;

	for (int i = 0; i < list_length(followers); i++)
	{
		Follower   *follower = list_nth(followers, i);

		if (follower->table->owner != target->table->owner && !follower->by_itself)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("column \"%s\" of table %s has another owner than the key it follows",
							follower->column, follower->table->sql_name),
					 errhint("Give both tables to one role, or make the foreign key ON UPDATE CASCADE.")));
		followers = add_followers(map, followers, follower);
		if (!follower->by_itself)
			written = lappend(written, follower);
	}
	return written;
}

/*
 * Build the two statements of a leading column: target->gather reads the new value, where
 * SQL makes it, and the old keys of the rows to change; target->follow gives the new
 * values, target->new_keys for target->old_keys, to the column and all that follow it.
 * In the plan's context.  Raises where that cannot be one owner's statement.
 */
void
pvext_build_rekey(PvextMap *map, PvextTarget *target)
{
	List	   *followers;
	List	   *done = list_make1(target->table);
	StringInfoData columns;
	PvextSql	sql;
	ListCell   *lc;
	int			n = 0;

	target->key_columns = key_columns(map, target);
	followers = find_followers(map, target);

	initStringInfo(&columns);
	appendStringInfo(&columns, "CAST(%s AS text)", target->column->strategy.made_in_c ? "NULL"
					 : pvext_strategy_value(&target->column->strategy, 0));
	foreach(lc, target->key_columns)
		appendStringInfo(&columns, ", CAST(r.%s AS text)", quote_identifier(lfirst(lc)));
	target->gather = pvext_build_column(target, columns.data, true, "");

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
	target->follow = pvext_sql_step(&sql, target->table);
}

/*
 * due.c
 *		What retention rules make due, by the rules alone.
 *
 * A column's value is due once the last of all rules about it has ended, if one of
 * them is active that anonymises; a row, once the last of all rules of its table
 * has, if one is active that deletes.  What is the same for several columns goes
 * together.  Of whom it is, and what holds that subject, comes after (row_subject.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "audit/audited.h"
#include "base/expression.h"
#include "base/index.h"
#include "catalog/pg_type.h"
#include "map/link_match.h"
#include "map/link_path.h"
#include "purge/cutoff.h"
#include "purge/due.h"
#include "purge/timed_value.h"
#include "rule/cascade.h"
#include "rule/clock.h"
#include "rule/rule.h"
#include "strategy/free_text.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* Are they the same, in whatever order? */
static bool
same_rules(List *a, List *b)
{
	return list_length(a) == list_length(b) && list_difference_ptr(a, b) == NIL;
}

/* Do the same blockers keep both columns? */
static bool
same_blockers(PvextMap *map, PvextColumn *a, PvextColumn *b)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->blockers)
			if (pvext_blocks_column(lfirst(cell), a) != pvext_blocks_column(lfirst(cell), b))
				return false;
	return true;
}

/* What a column's values, that go in a rule's name, can go with; NULL where they are the first of their kind. */
static PvextDue *
find_due(PvextMap *map, List *dues, PvextColumn *column, PvextRule *rule, List *rules, bool clocks)
{
	ListCell   *lc;

	foreach(lc, dues)
	{
		PvextDue   *due = lfirst(lc);

		if (due->columns != NIL && due->rule == rule && due->clocks == clocks && due->rows.any_path == column->any_path &&
			pvext_equal_paths(due->rows.paths, column->paths) && same_rules(due->rules, rules) &&
			same_blockers(map, linitial(due->columns), column))
			return due;
	}
	return NULL;
}

/* SQL over r: it goes in the name of the rule, and of none that would come before; NULL: always. */
static char *
takes_sql(PvextTable *table, PvextRule *rule, List *takers)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, takers)
	{
		char	   *holds = pvext_rule_holds(table, lfirst(lc));

		if (holds)
			appendStringInfo(&sql, "%s%s(%s)", sql.len > 0 ? " AND " : "",
							 lfirst(lc) == rule ? "" : "NOT ", holds);
		if (lfirst(lc) == rule)
			break;
	}
	return sql.len > 0 ? sql.data : NULL;
}

/*
 * What the rules make due, when the last of them has ended, in the name of one of those
 * that take; the caller says of what.
 */
static PvextDue *
make_due(PvextTable *table, PvextRule *rule, List *takers, List *rules)
{
	PvextDue   *due = palloc0(sizeof(PvextDue));
	ListCell   *lc;

	due->rows.table = table;
	due->rule = rule;
	due->rules = rules;
	due->takes = takes_sql(table, rule, takers);
	due->until = pvext_last_end(table, rules);
	foreach(lc, rules)
		due->cutoffs = lappend(due->cutoffs, ((PvextRule *) lfirst(lc))->condition && lfirst(lc) != rule ?
							   NULL : pvext_cutoff(table, lfirst(lc)));
	return due;
}

/* Has any table of the map a text that is to lose what identifies its subject? */
static bool
any_redacted(PvextMap *map)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->columns)
			if (((PvextColumn *) lfirst(cell))->strategy.kind == PVEXT_REDACT)
				return true;
	return false;
}

/* SQL over r: the row is one that the columns are declared to be about somebody in. */
static char *
is_person_sql(PvextDue *due)
{
	StringInfoData buf;
	ListCell   *lc;

	if (due->rows.any_path)
		return NULL;
	if (due->rows.paths == NIL)
	{
		if (due->rows.table->condition)
			pvext_check_bound_owner(due->rows.table, due->rows.table->condition_owner, "the condition");
		return due->rows.table->condition;
	}
	initStringInfo(&buf);
	foreach(lc, due->rows.paths)
	{
		PvextLink  *link = pvext_map_link(due->rows.table, linitial(lfirst(lc)));

		if (link == NULL || link->condition == NULL)
			return NULL;
		pvext_check_bound_owner(due->rows.table, link->owner, "the condition of a link");
		appendStringInfo(&buf, "%s(%s)", buf.len > 0 ? " OR " : "", link->condition);
	}
	return buf.data;
}

/* SQL over r: a text to be redacted is not there, or has been replaced as a whole. */
char *
pvext_text_is_gone(PvextColumn *column)
{
	return pvext_redact_gone(&column->strategy);
}

/*
 * Clocks go with the others of their kind where they need not wait for more than those,
 * else last.
 */
static List *
join_clocks(PvextMap *map, List *dues)
{
	List	   *last = NIL;
	ListCell   *lc;

	foreach(lc, dues)
	{
		PvextDue   *clocks = lfirst(lc);
		PvextDue   *due;
		List	   *columns;

		if (!clocks->clocks)
			continue;
		due = find_due(map, dues, linitial(clocks->columns), clocks->rule, clocks->rules, false);
		columns = due ? list_concat_copy(due->columns, clocks->columns) : NIL;
		if (due && pvext_timed_is_gone(due->rows.table, columns) == NULL &&
			pvext_timed_elsewhere_is_gone(map, clocks->rows.table, clocks->columns) == NULL)
			due->columns = columns;
		else
			last = lappend(last, clocks);
		dues = foreach_delete_current(dues, lc);
	}
	return list_concat(dues, last);
}

/* Add what a column makes due, in the name of each of the rules that take it. */
static List *
add_column(PvextMap *map, PvextTable *table, PvextColumn *column, PvextRule *as_if, List *dues)
{
	List	   *rules = pvext_rules_about(table, column->name);
	List	   *takers = pvext_rules_that_take(rules, false, as_if);
	bool		clock = pvext_is_read_by_clock(map, table, column);
	ListCell   *lc;

	if (column->missing || column->follows || column->strategy.kind == PVEXT_DERIVED ||
		pvext_goes_with_rows(table, column, as_if))
		return dues;
	foreach(lc, takers)
	{
		PvextDue   *due = find_due(map, dues, column, lfirst(lc), rules, clock);

		if (due == NULL)
		{
			due = make_due(table, lfirst(lc), takers, rules);
			due->clocks = clock;
			due->rows.any_path = column->any_path;
			due->rows.paths = column->paths;
			dues = lappend(dues, due);
		}
		due->columns = lappend(due->columns, column);
	}
	return dues;
}

/* Add what the columns of a table make due. */
static List *
add_columns(PvextMap *map, PvextTable *table, PvextRule *as_if, List *dues)
{
	ListCell   *lc;

	foreach(lc, table->columns)
		dues = add_column(map, table, lfirst(lc), as_if, dues);
	return join_clocks(map, dues);
}

/* How the values are taken, and which are still there. */
static void
complete_columns(PvextMap *map, PvextDue *due)
{
	StringInfoData dirty;
	ListCell   *lc;

	initStringInfo(&dirty);
	foreach(lc, due->columns)
	{
		PvextColumn *column = lfirst(lc);
		bool		is_text = column->strategy.kind == PVEXT_REDACT;

		appendStringInfo(&dirty, "%sNOT (%s)", dirty.len > 0 ? " OR " : "",
						 is_text ? pvext_text_is_gone(column) : pvext_strategy_test(&column->strategy, 0));
		if (is_text)
			due->texts = lappend(due->texts, column);
		due->redacts = due->redacts || (strcmp(column->category, "identifying") == 0 &&
										any_redacted(map));
		due->by_subject = due->by_subject || column->leads || is_text || due->redacts;
	}
	due->dirty = psprintf("(%s)", dirty.data);
	due->also = pvext_both_sql(due->takes, pvext_both_sql(is_person_sql(due),
											  pvext_timed_is_gone(due->rows.table, due->columns)));
	due->also = pvext_both_sql(due->also, pvext_both_sql(pvext_stays_without_row(due->rows.table, due->columns),
											 pvext_timed_elsewhere_is_gone(map, due->rows.table, due->columns)));
	if (pvext_primary_key(due->rows.table->relid) == NIL && pvext_is_audited(list_make1(due->rows.table)))
		due->by_subject = true;	/* its records are found by the subject's */
}

/* A row stays while a mandatory rule keeps one that would go with it. */
static void
complete_rows(PvextMap *map, PvextDue *due)
{
	StringInfoData also;
	ListCell   *lc;

	initStringInfo(&also);
	due->rows.children = pvext_children_of_rows(map, due->rows.table);
	foreach(lc, pvext_retained_children(due->rows.table, due->rows.children))
	{
		PvextTable *child = lfirst(lc);
		char	   *basis;

		appendStringInfo(&also, "%sNOT EXISTS (SELECT FROM (SELECT r.*) AS o, %s AS r WHERE (%s) AND %s > now())",
						 also.len > 0 ? " AND " : "", child->sql_name,
						 pvext_belongs_sql(child, due->rows.table),
						 pvext_retained_until(child, NULL, &basis));
	}
	due->also = pvext_both_sql(due->takes, pvext_both_sql(also.len > 0 ? also.data : NULL,
											  pvext_timed_elsewhere_is_gone(map, due->rows.table, due->columns)));
	if (pvext_primary_key(due->rows.table->relid) == NIL && pvext_is_audited(list_make1(due->rows.table)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table %s is audited and has no primary key", due->rows.table->sql_name),
				 errdetail("The records of rows that are to be deleted could not be told from others."),
				 errhint("Give it a primary key.")));
}

/*
 * What the rules of a table make due, each a PvextDue, if one more rule (or NULL) were
 * active; each to be completed before it is used.  Between pvext_enter() and
 * pvext_leave(), in the current context; lives no longer than the map.
 */
List *
pvext_dues(PvextMap *map, PvextTable *table, PvextRule *as_if)
{
	List	   *rules = pvext_rules_about(table, NULL);
	List	   *dues = add_columns(map, table, as_if, NIL);
	List	   *takers = pvext_rules_that_take(rules, true, as_if);
	ListCell   *lc;

	foreach(lc, takers)
	{
		dues = lappend(dues, make_due(table, lfirst(lc), takers, rules));
		((PvextDue *) llast(dues))->rows.any_path = true;
	}
	return dues;
}

/*
 * Find out how what is due is taken, in the context that it is in.  Raises where that
 * cannot be, as the tables are.
 */
void
pvext_complete_due(PvextMap *map, PvextDue *due)
{
	if (due->columns == NIL)
		complete_rows(map, due);
	else
		complete_columns(map, due);
}

/* Does a clock go up, so that what has ended is asked for many rows at once? */
static bool
goes_up(List *rules)
{
	ListCell   *lc;

	foreach(lc, rules)
		if (((PvextRule *) lfirst(lc))->through)
			return true;
	return false;
}

/* SQL: the last rule has ended for row r; for many says it in a way that costs no subquery a row. */
static void
append_ended(StringInfo sql, PvextDue *due, bool for_many)
{
	ListCell   *lc;

	if (!for_many || !goes_up(due->rules))
	{
		appendStringInfo(sql, "%s <= now()", due->until);
		return;
	}
	foreach(lc, due->rules)
		appendStringInfo(sql, "%s%s", lc == list_head(due->rules) ? "" : " AND ",
						 pvext_rule_ended(due->rows.table, lfirst(lc)));
}

/*
 * SQL: row r is due; by_index says it in a way that an index can be used for, too, and a
 * join with what the clocks read.
 */
void
pvext_append_due(PvextSql *sql, PvextDue *due, bool by_index)
{
	ListCell   *lc;

	foreach(lc, due->cutoffs)
		if (by_index && lfirst(lc))
			appendStringInfo(&sql->text, "%s <= $%d AND ", pvext_cutoff_sql(lfirst(lc)),
							 pvext_sql_param(sql, pvext_cutoff_bound(lfirst(lc))));
	append_ended(&sql->text, due, by_index);
	if (due->dirty)
		appendStringInfo(&sql->text, " AND %s", due->dirty);
	if (due->also)
		appendStringInfo(&sql->text, " AND (%s)", due->also);
}

/* Before a statement that goes by an index: what the columns may be now. */
void
pvext_set_cutoffs(PvextDue *due)
{
	ListCell   *lc;
	ListCell   *rule;

	forboth(lc, due->cutoffs, rule, due->rules)
		if (lfirst(lc))
			pvext_set_cutoff(lfirst(lc), lfirst(rule), GetCurrentTransactionStartTimestamp());
}

/* SQL: row r is due for one of them or several, which are all of its table; the statement is run at once. */
void
pvext_append_any_due(PvextSql *sql, List *dues)
{
	ListCell   *lc;

	foreach(lc, dues)
	{
		pvext_set_cutoffs(lfirst(lc));
		appendStringInfoString(&sql->text, lc == list_head(dues) ? "((" : " OR (");
		pvext_append_due(sql, lfirst(lc), list_length(dues) == 1);
		appendStringInfoChar(&sql->text, ')');
	}
	appendStringInfoChar(&sql->text, ')');
}

/*
 * The CREATE INDEX by which what is due would be found without reading the table;
 * NULL where there is one, or none would help.  One over what is still personal alone
 * stays small: what has been taken is not in it.
 */
char *
pvext_missing_index(PvextDue *due)
{
	const char *column = NULL;
	Node	   *dirty = due->dirty ? pvext_parse_bound(due->rows.table->relid, due->dirty) : NULL;
	const char *where = "";
	ListCell   *lc;

	foreach(lc, due->cutoffs)
	{
		const char *name = lfirst(lc) ? pvext_cutoff_column(lfirst(lc)) : NULL;

		if (name == NULL)
			continue;
		if (pvext_is_ordered(due->rows.table->relid, name, dirty))
			return NULL;
		column = column ? column : name;
	}
	if (column == NULL)
		return NULL;
	if (due->dirty)
		where = psprintf(" WHERE %s", pvext_rebind(due->rows.table->relid, due->dirty, BOOLOID, 0, NULL, false));
	return psprintf("CREATE INDEX ON %s (%s)%s", due->rows.table->sql_name,
					quote_identifier(column), where);
}

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
#include "rule/cascade.h"
#include "rule/clock.h"
#include "rule/rule.h"
#include "strategy/free_text.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* Does the first rule keep longer than the second? */
static bool
keeps_longer(PvextRule *a, PvextRule *b)
{
	Datum		spans[2];
	PvextRule  *rules[2] = {a, b};

	for (int i = 0; i < 2; i++)
		spans[i] = DirectFunctionCall3(interval_in, CStringGetDatum(rules[i]->keep),
									   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return DatumGetBool(DirectFunctionCall2(interval_gt, spans[0], spans[1]));
}

/*
 * The rule in whose name something goes: of those that are active, and do it, the
 * one that keeps longest.  as_if, or NULL, counts as active.
 */
static PvextRule *
rule_that_takes(List *rules, bool removes, PvextRule *as_if)
{
	PvextRule  *longest = NULL;
	ListCell   *lc;

	foreach(lc, rules)
	{
		PvextRule  *rule = lfirst(lc);

		if ((rule->active || rule == as_if) && rule->removes == removes &&
			(longest == NULL || keeps_longer(rule, longest)))
			longest = rule;
	}
	return longest;
}

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

/* What a column's values can go with; NULL where they are the first of their kind. */
static PvextDue *
find_due(PvextMap *map, List *dues, PvextColumn *column, List *rules, bool clocks)
{
	ListCell   *lc;

	foreach(lc, dues)
	{
		PvextDue   *due = lfirst(lc);

		if (due->columns != NIL && due->clocks == clocks && due->rows.any_path == column->any_path &&
			pvext_equal_paths(due->rows.paths, column->paths) && same_rules(due->rules, rules) &&
			same_blockers(map, linitial(due->columns), column))
			return due;
	}
	return NULL;
}

/* What the rules make due, when the last of them has ended; the caller says of what. */
static PvextDue *
make_due(PvextTable *table, PvextRule *rule, List *rules)
{
	PvextDue   *due = palloc0(sizeof(PvextDue));
	ListCell   *lc;

	due->rows.table = table;
	due->rule = rule;
	due->rules = rules;
	due->until = pvext_last_end(table, rules);
	foreach(lc, rules)
		due->cutoffs = lappend(due->cutoffs, pvext_cutoff(table, lfirst(lc)));
	return due;
}

/* Is the column read by the clock of a rule that takes the rows?  It goes with them. */
static bool
goes_with_rows(PvextTable *table, PvextColumn *column, PvextRule *as_if)
{
	ListCell   *lc;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (rule->removes && (rule->active || rule == as_if) &&
			pvext_clock_reads(table, rule, table, column->name))
			return true;
	}
	return false;
}

/*
 * SQL over r: what else the clocks of rules that read the columns keep has gone, for
 * without the clock it would never be due.  Of texts that cannot be said.  NULL where
 * there is nothing to wait for.
 */
static char *
timed_is_gone_sql(PvextTable *table, List *columns)
{
	List	   *seen = list_copy(columns);
	StringInfoData buf;
	ListCell   *lc;
	ListCell   *rule;
	ListCell   *other;

	initStringInfo(&buf);
	foreach(lc, columns)
		foreach(rule, table->rules)
		{
			if (!pvext_clock_reads(table, lfirst(rule), table, ((PvextColumn *) lfirst(lc))->name))
				continue;
			foreach(other, table->columns)
			{
				PvextColumn *column = lfirst(other);

				if (column->missing || column->follows || list_member_ptr(seen, column) ||
					column->strategy.kind == PVEXT_REDACT ||
					!list_member_ptr(pvext_rules_about(table, column->name), lfirst(rule)))
					continue;
				seen = lappend(seen, column);
				appendStringInfo(&buf, "%s(%s)", buf.len > 0 ? " AND " : "",
								 pvext_strategy_test(&column->strategy, 0));
			}
		}
	return buf.len > 0 ? buf.data : NULL;
}

/* Does a rule's clock read the column? */
static bool
is_clock(PvextTable *table, PvextColumn *column)
{
	ListCell   *lc;

	foreach(lc, table->rules)
		if (pvext_clock_reads(table, lfirst(lc), table, column->name))
			return true;
	return false;
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
		due = find_due(map, dues, linitial(clocks->columns), clocks->rules, false);
		columns = due ? list_concat_copy(due->columns, clocks->columns) : NIL;
		if (due && timed_is_gone_sql(due->rows.table, columns) == NULL)
			due->columns = columns;
		else
			last = lappend(last, clocks);
		dues = foreach_delete_current(dues, lc);
	}
	return list_concat(dues, last);
}

/* Add what the columns of a table make due. */
static List *
add_columns(PvextMap *map, PvextTable *table, PvextRule *as_if, List *dues)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);
		List	   *rules = pvext_rules_about(table, column->name);
		PvextRule  *rule = rule_that_takes(rules, false, as_if);
		bool		clock = is_clock(table, column);
		PvextDue   *due;

		if (rule == NULL || column->missing || column->follows ||
			goes_with_rows(table, column, as_if))
			continue;
		due = find_due(map, dues, column, rules, clock);
		if (due == NULL)
		{
			due = make_due(table, rule, rules);
			due->clocks = clock;
			due->rows.any_path = column->any_path;
			due->rows.paths = column->paths;
			dues = lappend(dues, due);
		}
		due->columns = lappend(due->columns, column);
	}
	return join_clocks(map, dues);
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

/* SQL: both conditions, either of which may be NULL. */
static char *
both_sql(char *a, char *b)
{
	return a && b ? psprintf("(%s) AND (%s)", a, b) : a ? a : b;
}

/* SQL over r: something of the row that a rule is about, of a table of its own, is still there. */
static char *
any_left_sql(PvextTable *table, PvextRule *rule)
{
	StringInfoData buf;
	ListCell   *lc;

	if (rule->removes)
		return "true";			/* the row is */
	initStringInfo(&buf);
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);
		List	   *rules = pvext_rules_about(table, column->name);

		if (column->missing || column->follows || column->strategy.kind == PVEXT_REDACT ||
			!list_member_ptr(rules, rule) || rule_that_takes(rules, false, NULL) == NULL)
			continue;
		appendStringInfo(&buf, "%sNOT (%s)", buf.len > 0 ? " OR " : "",
						 pvext_strategy_test(&column->strategy, 0));
	}
	return buf.len > 0 ? buf.data : NULL;
}

/*
 * SQL over r: no row that this one is the clock of, or holds the clock of, has anything
 * left that it times: it would be kept for ever.  NULL where that cannot be.
 */
static char *
timed_elsewhere_is_gone_sql(PvextMap *map, PvextDue *due)
{
	char	   *sql = NULL;
	ListCell   *lc;
	ListCell   *cell;
	ListCell   *column;

	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);

		foreach(cell, table->rules)
		{
			PvextRule  *rule = lfirst(cell);
			bool		is_read = due->columns == NIL;
			char	   *left;

			if (!rule->active || rule->over != due->rows.table || table == due->rows.table)
				continue;
			foreach(column, due->columns)
				is_read = is_read || pvext_clock_reads(table, rule, due->rows.table,
													   ((PvextColumn *) lfirst(column))->name);
			left = is_read ? any_left_sql(table, rule) : NULL;
			if (left)
				sql = both_sql(sql, psprintf("NOT EXISTS (SELECT FROM %s AS o WHERE (%s)"
											 " AND EXISTS (SELECT FROM (SELECT o.*) AS r WHERE %s))",
											 table->sql_name, pvext_belongs_sql(due->rows.table, table), left));
		}
	}
	return sql;
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
	due->also = both_sql(is_person_sql(due), timed_is_gone_sql(due->rows.table, due->columns));
	due->also = both_sql(due->also, timed_elsewhere_is_gone_sql(map, due));
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
	due->also = both_sql(also.len > 0 ? also.data : NULL, timed_elsewhere_is_gone_sql(map, due));
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
	PvextRule  *rule = rule_that_takes(rules, true, as_if);

	if (rule)
	{
		dues = lappend(dues, make_due(table, rule, rules));
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

/* SQL: row r is due; by_index says it in a way that an index can be used for, too. */
void
pvext_append_due(PvextSql *sql, PvextDue *due, bool by_index)
{
	ListCell   *lc;

	foreach(lc, due->cutoffs)
		if (by_index && lfirst(lc))
			appendStringInfo(&sql->text, "%s <= $%d AND ", pvext_cutoff_sql(lfirst(lc)),
							 pvext_sql_param(sql, pvext_cutoff_bound(lfirst(lc))));
	appendStringInfo(&sql->text, "%s <= now()", due->until);
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

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
#include "rule/clock_row.h"
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

/* For list_sort(): what keeps longer first, and of two that keep as long the first declared. */
static int
longer_first(const ListCell *a, const ListCell *b)
{
	if (keeps_longer(lfirst(a), lfirst(b)))
		return -1;
	if (keeps_longer(lfirst(b), lfirst(a)))
		return 1;
	return strcmp(((PvextRule *) lfirst(a))->name, ((PvextRule *) lfirst(b))->name);
}

/*
 * The rules in whose name something goes: those that are active, and do it, the one that
 * keeps longest first, up to one that holds for every row.  as_if, or NULL, counts as active.
 */
static List *
rules_that_take(List *rules, bool removes, PvextRule *as_if)
{
	List	   *takers = NIL;
	ListCell   *lc;

	foreach(lc, rules)
	{
		PvextRule  *rule = lfirst(lc);

		if ((rule->active || rule == as_if) && rule->removes == removes)
			takers = lappend(takers, rule);
	}
	list_sort(takers, longer_first);
	foreach(lc, takers)
		if (((PvextRule *) lfirst(lc))->condition == NULL)
			return list_truncate(takers, foreach_current_index(lc) + 1);
	return takers;
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

/* Is the column read by the clock of a rule that takes the rows?  It goes with them. */
static bool
goes_with_rows(PvextTable *table, PvextColumn *column, PvextRule *as_if)
{
	ListCell   *lc;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (rule->removes && (rule->active || rule == as_if) && rule->condition == NULL &&
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

/* Does a rule's clock read the column, of this table or, for what it purges, of another? */
static bool
is_clock(PvextMap *map, PvextTable *table, PvextColumn *column)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->rules)
			if ((lfirst(lc) == table || ((PvextRule *) lfirst(cell))->active) &&
				pvext_clock_reads(lfirst(lc), lfirst(cell), table, column->name))
				return true;
	return false;
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
			!list_member_ptr(rules, rule) || rules_that_take(rules, false, NULL) == NIL)
			continue;
		appendStringInfo(&buf, "%sNOT (%s)", buf.len > 0 ? " OR " : "",
						 pvext_strategy_test(&column->strategy, 0));
	}
	return buf.len > 0 ? buf.data : NULL;
}

/*
 * SQL over r: something that a rule of the table times is still there, of a row that it holds
 * for; NULL: it takes nothing.
 */
static char *
any_timed_sql(PvextTable *table, PvextRule *rule)
{
	char	   *left = any_left_sql(table, rule);

	return left ? both_sql(left, pvext_rule_holds(table, rule)) : NULL;
}

/* Does the rule's clock read what is to go: one of the columns or, where rows go, a row on its way? */
static bool
is_read_by(PvextDue *due, PvextTable *table, PvextRule *rule)
{
	ListCell   *lc;

	if (due->columns == NIL)
		return pvext_clock_goes_by(table, rule, due->rows.table);
	foreach(lc, due->columns)
		if (rule->over == due->rows.table &&
			pvext_clock_reads(table, rule, due->rows.table, ((PvextColumn *) lfirst(lc))->name))
			return true;
	return false;
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

	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);

		foreach(cell, ((PvextTable *) lfirst(lc))->rules)
		{
			PvextRule  *rule = lfirst(cell);
			char	   *left;

			if (!rule->active || table == due->rows.table || !is_read_by(due, table, rule))
				continue;
			left = any_timed_sql(table, rule);
			if (left)
				sql = both_sql(sql, psprintf("NOT EXISTS (SELECT FROM %s AND (%s))",
											 pvext_timed_rows(table, rule, due->rows.table), left));
		}
	}
	return sql;
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
		if (due && timed_is_gone_sql(due->rows.table, columns) == NULL &&
			timed_elsewhere_is_gone_sql(map, clocks) == NULL)
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
	List	   *takers = rules_that_take(rules, false, as_if);
	bool		clock = is_clock(map, table, column);
	ListCell   *lc;

	if (column->missing || column->follows || goes_with_rows(table, column, as_if))
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

/*
 * SQL over r: no rule that takes rows and reads the columns for it may take this one: they
 * would go with it.  NULL where there is none.
 */
static char *
stays_without_row_sql(PvextDue *due)
{
	PvextTable *table = due->rows.table;
	char	   *sql = NULL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);
		bool		is_read = false;

		foreach(cell, due->columns)
			is_read = is_read || pvext_clock_reads(table, rule, table, ((PvextColumn *) lfirst(cell))->name);
		if (rule->removes && rule->active && rule->condition && is_read)
			sql = both_sql(sql, psprintf("(%s) IS FALSE", rule->condition));
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
	due->also = both_sql(due->takes, both_sql(is_person_sql(due),
											  timed_is_gone_sql(due->rows.table, due->columns)));
	due->also = both_sql(due->also, both_sql(stays_without_row_sql(due),
											 timed_elsewhere_is_gone_sql(map, due)));
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
	due->also = both_sql(due->takes, both_sql(also.len > 0 ? also.data : NULL,
											  timed_elsewhere_is_gone_sql(map, due)));
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
	List	   *takers = rules_that_take(rules, true, as_if);
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

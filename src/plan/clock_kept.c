/*
 * clock_kept.c
 *		What clocks read stays as long as what they time.
 *
 * The clock of a rule may be in another table's rows.  Once these have lost what it reads, what
 * the rule keeps would be kept for ever: so they stay as long, whatever other rules say of
 * them.  An erasure takes what is timed first (write_order.c), and then nothing is left that
 * would keep its clock.  In rows of the rule's own table what it reads stays with what is
 * kept of them for somebody else.
 */
#include "postgres.h"
#include "base/message.h"

#include "plan/clock_kept.h"
#include "rule/clock_row.h"
#include "rule/rule.h"
#include "strategy/free_text.h"
#include "strategy/replacement.h"

/* SQL over r: something is left of what the rule keeps. */
static char *
left_sql(PvextTable *table, PvextRule *rule)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (!column->missing && list_member_ptr(pvext_rules_about(table, column->name), rule))
			appendStringInfo(&sql, "%sNOT (%s)", sql.len > 0 ? " OR " : "",
							 column->strategy.kind == PVEXT_REDACT ? pvext_redact_gone(&column->strategy) :
							 pvext_strategy_test(&column->strategy, 0));
	}
	return rule->removes ? "true" : sql.len > 0 ? sql.data : NULL;
}

/* Does the rule keep rows of its table by a clock that reads the column or, for NULL, goes by the rows? */
static bool
is_read_by(PvextTable *table, PvextRule *rule, PvextTable *of, const char *column)
{
	if (table == of || !rule->mandatory)
		return false;
	if (column == NULL)
		return pvext_clock_goes_by(table, rule, of);
	return rule->over == of && pvext_clock_reads(table, rule, of, column);
}

/*
 * SQL over row r of a table: until when mandatory rules of other tables keep what a clock
 * times that reads the column, or for NULL the row; -infinity where there is nothing.  NULL
 * where there is no such rule.  *basis gains the rules.
 */
char *
pvext_timed_until(PvextMap *map, PvextTable *table, const char *column, char **basis)
{
	StringInfoData ends;
	ListCell   *lc;
	ListCell   *cell;

	initStringInfo(&ends);
	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->rules)
		{
			PvextTable *timed = lfirst(lc);
			PvextRule  *rule = lfirst(cell);
			char	   *left = is_read_by(timed, rule, table, column) ? left_sql(timed, rule) : NULL;
			char	   *why = psprintf("%s: %s", rule->name, rule->basis);

			if (left == NULL)
				continue;
			appendStringInfo(&ends, "%scoalesce((SELECT max(%s) FROM %s AND (%s)), CAST('-infinity' AS timestamptz))",
							 ends.len > 0 ? ", " : "", pvext_rule_until(timed, rule),
							 pvext_timed_rows(timed, rule, table), left);
			if (*basis == NULL || strstr(*basis, why) == NULL)
				*basis = *basis ? psprintf("%s; %s", *basis, why) : why;
		}
	return ends.len > 0 ? psprintf("GREATEST(%s)", ends.data) : NULL;
}

/* Does the rule, by what it reads in a column, say how long another of its table stays? */
static bool
is_clock_of(PvextTarget *clock, PvextTarget *timed)
{
	ListCell   *lc;

	foreach(lc, clock->table == timed->table && clock != timed ? pvext_rules_about(timed->table, timed->column->name) : NIL)
		if (pvext_is_clock(timed->table, lfirst(lc), clock->table, clock->column->name))
			return true;
	return false;
}

/* What keeps one target's values in a row for somebody else keeps the other's there.  True where that is new. */
static bool
keep_as(PvextTarget *clock, PvextTarget *timed)
{
	int			n = list_length(clock->others);

	clock->others = list_concat_unique_ptr(clock->others, timed->others);
	if (clock->shared == NULL)
		clock->shared = timed->shared;
	return list_length(clock->others) > n;
}

/*
 * What mandatory rules read in a row stays as long as what they keep of it stays for a hold on
 * somebody else whom the row is about: they would have no end any more once that is over.
 */
void
pvext_share_clocks(PvextPlan *plan)
{
	bool		more = true;
	ListCell   *lc;
	ListCell   *cell;

	while (more)
	{
		more = false;
		foreach(lc, plan->targets)
			foreach(cell, ((PvextTarget *) lfirst(lc))->others != NIL ? plan->targets : NIL)
				if (is_clock_of(lfirst(cell), lfirst(lc)))
					more = keep_as(lfirst(cell), lfirst(lc)) || more;
	}
}

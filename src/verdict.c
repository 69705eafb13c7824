/*
 * verdict.c
 *		The one decision: what may go, what is retained, what is blocked.
 *
 * Whether a subject is held or blocked is decided once, before its rows are
 * touched and after its own row is locked; how long a row's columns are
 * retained, and whether somebody else whom it is about is held, is decided row by row,
 * by a fragment of SQL in every statement.
 * Preview, erasure and purge all ask here.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "catch.h"
#include "expression.h"
#include "hold.h"
#include "others.h"
#include "result.h"
#include "retention.h"
#include "run.h"
#include "utils/builtins.h"
#include "verdict.h"

/* Does the rule's clock read the column of a table? */
bool
pvext_clock_reads(PvextTable *table, PvextRule *rule, PvextTable *of, const char *column)
{
	if (of == table && pvext_mentions(rule->otherwise, column))
		return true;
	return of == (rule->over ? rule->over : table) && pvext_mentions(rule->after, column);
}

/*
 * Does the clock of a mandatory rule read the column of a table?  It is then to
 * stay as long as what the rule keeps.
 */
bool
pvext_is_clock(PvextTable *table, PvextRule *rule, PvextTable *of, const char *column)
{
	return rule->mandatory && pvext_clock_reads(table, rule, of, column);
}

/*
 * Has the rule a say in how long a column of its table stays, or where that is
 * NULL, a row?  One that only says when rows are to be deleted has none in what
 * becomes of their columns before.
 */
static bool
is_about(PvextTable *table, PvextRule *rule, const char *column)
{
	if (column == NULL || pvext_clock_reads(table, rule, table, column))
		return true;
	if (rule->columns == NIL)
		return rule->mandatory || !rule->removes;
	return pvext_has_name(rule->columns, column);
}

static bool
covers(PvextTable *table, PvextRule *rule, const char *column)
{
	return rule->mandatory && is_about(table, rule, column);
}

/*
 * Is the column the clock by which another is kept that the rule, too, keeps?  It stays as
 * long as that one, which would have no end without it.
 */
static bool
covers_timed(PvextTable *table, PvextRule *rule, const char *column)
{
	ListCell   *lc;
	ListCell   *cell;

	if (column == NULL || !rule->mandatory)
		return false;
	foreach(lc, table->rules)
	{
		PvextRule  *other = lfirst(lc);

		if (other == rule || !pvext_is_clock(table, other, table, column))
			continue;
		foreach(cell, table->columns)
			if (covers(table, other, ((PvextColumn *) lfirst(cell))->name) &&
				covers(table, rule, ((PvextColumn *) lfirst(cell))->name))
				return true;
	}
	return false;
}

/*
 * All rules that have a say in how long a column of the table stays or, where it is
 * NULL, its rows: the worker takes it when the last of them has ended.
 */
List *
pvext_rules_about(PvextTable *table, const char *column)
{
	List	   *rules = NIL;
	ListCell   *lc;

	foreach(lc, table->rules)
		if (is_about(table, lfirst(lc), column))
			rules = lappend(rules, lfirst(lc));
	return rules;
}

/* SQL over row r: when the last of some rules of the table ends. */
char *
pvext_last_end(PvextTable *table, List *rules)
{
	StringInfoData ends;
	ListCell   *lc;

	initStringInfo(&ends);
	foreach(lc, rules)
		appendStringInfo(&ends, "%s%s", ends.len > 0 ? ", " : "",
						 pvext_rule_until(table, lfirst(lc)));
	return list_length(rules) == 1 ? ends.data : psprintf("GREATEST(%s)", ends.data);
}

/*
 * SQL over row r: until when mandatory rules keep the column (any column,
 * where it is NULL) against a request; the latest end wins.  NULL where none
 * does.  *basis says why.
 */
char *
pvext_retained_until(PvextTable *table, const char *column, char **basis)
{
	StringInfoData why;
	List	   *rules = NIL;
	ListCell   *lc;

	*basis = NULL;
	initStringInfo(&why);
	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (!covers(table, rule, column) && !covers_timed(table, rule, column))
			continue;
		rules = lappend(rules, rule);
		appendStringInfo(&why, "%s%s: %s", why.len > 0 ? "; " : "", rule->name, rule->basis);
	}
	if (rules == NIL)
		return NULL;
	*basis = why.data;
	return pvext_last_end(table, rules);
}

static bool
overlap(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (a == NIL || b == NIL)
		return true;
	foreach(x, a)
		foreach(y, b)
			if (strcmp(lfirst(x), lfirst(y)) == 0)
				return true;
	return false;
}

/* Does a blocker keep the column?  What rests on consent alone is a hold's only. */
bool
pvext_blocks_column(PvextBlocker *blocker, PvextColumn *column)
{
	return !column->consent_only && overlap(blocker->purposes, column->purposes);
}

/*
 * Does a blocker keep whole rows of a table?  It does where it keeps any of their columns;
 * rows that have none that is personal belong to every purpose.
 */
bool
pvext_blocks_rows(PvextBlocker *blocker, PvextTable *table)
{
	bool		any = false;
	ListCell   *lc;

	if (blocker->purposes == NIL)
		return true;
	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (column->missing)
			continue;
		if (pvext_blocks_column(blocker, column))
			return true;
		any = true;
	}
	return !any;
}

/*
 * Why a column is due for erasure without a request: all its purposes rest on
 * consent, and the last consent has ended.  NULL where that is not so.  "ended"
 * and "in_force" are the purposes that the subject consented to once and does now.
 */
char *
pvext_consent_due(PvextColumn *column, List *ended, List *in_force)
{
	StringInfoData names;
	ListCell   *lc;

	if (!column->consent_only)
		return NULL;
	initStringInfo(&names);
	foreach(lc, column->purposes)
	{
		if (pvext_has_name(in_force, lfirst(lc)))
			return NULL;
		if (pvext_has_name(ended, lfirst(lc)))
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", (char *) lfirst(lc));
	}
	return names.len > 0 ? psprintf("consent has ended: %s", names.data) : NULL;
}

/* A blocker being evaluated. */
typedef struct Evaluation
{
	PvextPlan  *plan;
	int			n;				/* which of the subject's blockers */
	bool		lock;
	bool		result;
} Evaluation;

/* Do the set's rows hang on the subject's own row, and on it alone? */
static bool
is_direct(PvextPlan *plan, PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, set->arms)
		if (((PvextArm *) lfirst(lc))->parent != plan->self)
			return false;
	return true;
}

/*
 * Does the blocker block the subject whose row is in plan->self?  For
 * pvext_try().
 */
static void
evaluate(void *arg)
{
	Evaluation *evaluation = arg;
	PvextPlan  *plan = evaluation->plan;
	PvextBlocker *blocker = list_nth(plan->subject->blockers, evaluation->n);
	PvextSet   *set = list_nth(plan->blocker_sets, evaluation->n);
	PvextStep  *step = list_nth(evaluation->lock ? plan->blocker_locks
								: plan->blocker_steps, evaluation->n);

	pvext_check_bound_owner(step->table, blocker->owner, "the condition of a blocker");
	if (!is_direct(plan, set))
	{
		pvext_forget_slots(plan);
		pvext_collect(plan, evaluation->lock, false, false);
	}
	(void) pvext_run_step(step, false);
	evaluation->result = pvext_bool(0, 1);
}

/* The same, an error counting as yes: what cannot be decided is not erased. */
static bool
blocks(PvextPlan *plan, int n, bool lock, bool *failed)
{
	Evaluation	evaluation = {plan, n, lock, false};
	ErrorData  *error = pvext_try(evaluate, &evaluation);

	if (error)
		pvext_forget_slots(plan);	/* what they held went with the error */
	*failed = error != NULL;
	return *failed || evaluation.result;
}

/* Do rows of the table go with those of another? */
static bool
goes_with(PvextTable *table, PvextTable *parent)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (((PvextLink *) lfirst(lc))->parent == parent && ((PvextLink *) lfirst(lc))->delete_rows)
			return true;
	return false;
}

/* Rows that others hang on stay with these; blocked is as PvextPlan.blocked. */
static void
keep_parents(PvextPlan *plan, char *blocked)
{
	int			first = list_length(plan->targets);
	bool		more = true;

	while (more)
	{
		more = false;
		for (int i = 0; i < list_length(plan->removals); i++)
			for (int k = 0; k < list_length(plan->removals); k++)
			{
				PvextRemoval *child = list_nth(plan->removals, i);
				PvextRemoval *parent = list_nth(plan->removals, k);

				if (blocked[first + i] != '1' || blocked[first + k] == '1' ||
					!goes_with(child->table, parent->table))
					continue;
				blocked[first + k] = '1';
				more = true;
			}
	}
}

/*
 * What holds and blockers say of the one subject whose row fills plan->self;
 * held says that there may be holds on it.  Holds on others are those that
 * pvext_read_others() has read.
 * If the verdict is to be carried out, its row is locked before, and with lock
 * so are the rows that blockers look at: whoever is changing them is waited
 * for.  The results are in the current context.
 */
void
pvext_verdict(PvextPlan *plan, const bytea *digest, bool held, bool lock,
			  PvextVerdict *verdict)
{
	int			size = list_length(plan->targets) + list_length(plan->removals);
	char	   *blocked = palloc0(size + 1);
	ListCell   *lc;
	int			n = 0;

	memset(blocked, '0', size);
	verdict->reasons = verdict->blockers = verdict->others = NIL;
	verdict->any_hold = false;
	if (held)
		verdict->reasons = pvext_held_by(digest, &verdict->any_hold);
	verdict->all_blocked = verdict->reasons != NIL;
	if (verdict->all_blocked)
		memset(blocked, '1', size);
	foreach(lc, plan->subject->blockers)
	{
		PvextBlocker *blocker = lfirst(lc);
		ListCell   *cell;
		int			i = 0;

		bool		failed;

		if (!blocks(plan, n++, lock, &failed))
			continue;
		verdict->blockers = lappend(verdict->blockers, blocker);
		verdict->reasons = lappend(verdict->reasons,
								   psprintf("%s: %s%s", blocker->name, blocker->reason,
										failed ? " (could not be evaluated)" : ""));
		foreach(cell, plan->targets)
		{
			if (pvext_blocks_column(blocker, ((PvextTarget *) lfirst(cell))->column))
				blocked[i] = '1';
			i++;
		}
		foreach(cell, plan->removals)
		{
			if (pvext_blocks_rows(blocker, ((PvextRemoval *) lfirst(cell))->table))
				blocked[i] = '1';
			i++;
		}
	}
	keep_parents(plan, blocked);
	if (!verdict->all_blocked)
		verdict->all_blocked = size > 0 && strchr(blocked, '0') == NULL;
	verdict->blocked = strchr(blocked, '1') ? blocked : NULL;
	if (plan->any_held && !verdict->all_blocked)
		verdict->others = pvext_find_others(plan, digest);
}

/* All that a verdict says keeps something back. */
List *
pvext_reasons(PvextVerdict *verdict)
{
	return list_concat_copy(verdict->reasons, verdict->others);
}

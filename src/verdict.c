/*
 * verdict.c
 *		The one decision: what may go, what is retained, what is blocked.
 *
 * Whether a subject is held or blocked is decided once, before its rows are
 * touched and after its own row is locked; how long a row's columns are
 * retained is decided row by row, by a fragment of SQL in every statement.
 * Preview, erasure and purge all ask here.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "expression.h"
#include "hold.h"
#include "retention.h"
#include "run.h"
#include "utils/builtins.h"
#include "verdict.h"

/*
 * Does the rule's clock read the column of a table?  It is then to stay as long
 * as what the rule keeps.
 */
bool
pvext_is_clock(PvextTable *table, PvextRule *rule, PvextTable *of, const char *column)
{
	if (!rule->mandatory)
		return false;
	if (of == table && pvext_mentions(rule->otherwise, column))
		return true;
	return of == (rule->over ? rule->over : table) && pvext_mentions(rule->after, column);
}

static bool
covers(PvextTable *table, PvextRule *rule, const char *column)
{
	ListCell   *lc;

	if (!rule->mandatory)
		return false;
	if (rule->columns == NIL || column == NULL || pvext_is_clock(table, rule, table, column))
		return true;
	foreach(lc, rule->columns)
		if (strcmp(lfirst(lc), column) == 0)
			return true;
	return false;
}

/*
 * SQL over row r: until when mandatory rules keep the column (any column,
 * where it is NULL) against a request; the latest end wins.  NULL where none
 * does.  *basis says why.
 */
char *
pvext_retained_until(PvextTable *table, const char *column, char **basis)
{
	StringInfoData until;
	StringInfoData why;
	ListCell   *lc;
	int			n = 0;

	*basis = NULL;
	initStringInfo(&until);
	initStringInfo(&why);
	foreach(lc, table->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (!covers(table, rule, column))
			continue;
		pvext_check_bound_owner(table, rule->owner, "the clock of a retention rule");
		appendStringInfo(&until, "%s%s", n > 0 ? ", " : "", pvext_rule_until(table, rule));
		appendStringInfo(&why, "%s%s: %s", n > 0 ? "; " : "", rule->name, rule->basis);
		n++;
	}
	if (n == 0)
		return NULL;
	*basis = why.data;
	return n == 1 ? until.data : psprintf("GREATEST(%s)", until.data);
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

/* What rests on consent alone is never a blocker's, only a hold's. */
static bool
blocks_column(PvextBlocker *blocker, PvextColumn *column)
{
	return !column->consent_only && overlap(blocker->purposes, column->purposes);
}

static bool
blocks_removal(PvextBlocker *blocker, PvextTable *table)
{
	ListCell   *lc;

	if (blocker->purposes == NIL)
		return true;
	foreach(lc, table->columns)
		if (blocks_column(blocker, lfirst(lc)))
			return true;
	return false;
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

/*
 * What holds and blockers say of the one subject whose row fills plan->self;
 * held says that there may be holds on it.
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
	verdict->reasons = NIL;
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
		verdict->reasons = lappend(verdict->reasons,
								   psprintf("%s: %s%s", blocker->name, blocker->reason,
										failed ? " (could not be evaluated)" : ""));
		foreach(cell, plan->targets)
		{
			if (blocks_column(blocker, ((PvextTarget *) lfirst(cell))->column))
				blocked[i] = '1';
			i++;
		}
		foreach(cell, plan->removals)
		{
			if (blocks_removal(blocker, ((PvextRemoval *) lfirst(cell))->table))
				blocked[i] = '1';
			i++;
		}
	}
	if (!verdict->all_blocked)
		verdict->all_blocked = size > 0 && strchr(blocked, '0') == NULL;
	verdict->blocked = strchr(blocked, '1') ? blocked : NULL;
}

/*
 * row_fate.c
 *		What becomes of rows that are due: what holds the subjects whom they are about.
 *
 * Whom rows are about is found from them up (row_subject.c).  A row that is nobody's is due
 * all the same; one that is about somebody whose own row is gone is, unless a hold or a
 * blocker says otherwise.
 *
 * Subjects are locked in the order of their keys.  One that somebody else has
 * locked is passed over, with all its rows, till the next run.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/result.h"
#include "base/secret.h"
#include "erase/blocker_answer.h"
#include "erase/verdict.h"
#include "execution/held_others.h"
#include "execution/slot.h"
#include "map/key.h"
#include "plan/planner.h"
#include "plan/row_subject.h"
#include "purge/row_fate.h"
#include "rule/hold.h"
#include "rule/rule.h"
#include "utils/array.h"
#include "utils/builtins.h"

/*
 * By table and key: the order in which they are locked, and in which those of one follow
 * one another.
 */
static int
compare_subjects(const ListCell *a, const ListCell *b)
{
	const PvextRowSubject *x = lfirst(a);
	const PvextRowSubject *y = lfirst(b);

	if (x->subject != y->subject)
		return x->subject->id < y->subject->id ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Subjects of one table, each once, with what was found of them. */
typedef struct Subjects
{
	PvextTable *table;
	List	   *keys;			/* C strings */
	bool	   *gone;			/* as keys: there is no row to lock */
	PvextFate  *fates;			/* as keys */
} Subjects;

/*
 * Lock the subjects that are not spared yet and that nobody else has locked, in the order of
 * their keys; the others are spared.  Nobody is waited for: who has one locked may be waiting
 * for another that this run has.
 */
static void
lock_subjects(Subjects *subjects)
{
	PvextTable *table = subjects->table;
	StringInfoData order;
	PvextArgs	args = {0};
	PvextStatement lock = {NULL};
	List	   *keys = NIL;
	int		   *numbers = palloc(sizeof(int) * list_length(subjects->keys));
	ListCell   *lc;
	uint64		n;
	int			i = 0;

	foreach(lc, subjects->keys)
	{
		PvextFate  *fate = &subjects->fates[i];

		if (!fate->spared && !subjects->gone[i])
		{
			numbers[list_length(keys)] = i;
			keys = lappend(keys, lfirst(lc));
			fate->spared = true;
		}
		i++;
	}
	if (keys == NIL)
		return;
	initStringInfo(&order);
	foreach(lc, table->key)
		appendStringInfo(&order, "%sr.%s", order.len > 0 ? ", " : "", quote_identifier(lfirst(lc)));
	pvext_arg_key_columns(&args, table, keys);
	lock.sql = psprintf("SELECT k.n FROM %s JOIN %s AS r ON %s"
						" ORDER BY %s FOR UPDATE OF r SKIP LOCKED",
						pvext_array_rows_sql(list_length(table->key), true), table->sql_name, pvext_key_match_sql(table, "k.k%d", 1), order.data);
	n = pvext_run(table->owner, lock.sql, &args);
	for (uint64 row = 0; row < n; row++)
		subjects->fates[numbers[pvext_int(row, 1) - 1]].spared = false;
}

/* Do blockers keep the subject's rows of the table, or any that go with them? */
static bool
keep_rows(List *blockers, PvextTable *subject, PvextDue *due)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, blockers)
	{
		if (pvext_blocks_rows(lfirst(lc), due->rows.table,
							  pvext_links_that_delete(due->rows.table, subject)))
			return true;
		foreach(cell, due->rows.children)
			if (pvext_blocks_rows(lfirst(lc), ((PvextLink *) lfirst(cell))->table, list_make1(lfirst(cell))))
				return true;
	}
	return false;
}

/* Does a blocker, alone, keep what is due of a subject of the plan, whom it blocks? */
bool
pvext_keeps_due(PvextPlan *plan, PvextDue *due, PvextBlocker *blocker)
{
	ListCell   *lc;

	if (due->columns == NIL)
		return keep_rows(list_make1(blocker), plan->subject, due);
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table == due->rows.table && list_member_ptr(due->columns, target->column) &&
			pvext_blocks_column(blocker, target->column))
			return true;
	}
	return false;
}

/* Does the subject plan's verdict keep what is due? */
static bool
keeps(PvextPlan *plan, PvextDue *due, PvextVerdict *verdict)
{
	ListCell   *lc;
	int			i = 0;

	if (verdict->held)
		return true;
	if (due->redacts && verdict->others != NIL)
		return true;			/* a text that is to lose the values must not, yet */
	if (due->columns == NIL)
		return keep_rows(verdict->blockers, plan->subject, due);
	if (verdict->blocked == NULL)
		return false;
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table == due->rows.table && list_member_ptr(due->columns, target->column) &&
			verdict->blocked[i] == '1')
			return true;
		i++;
	}
	return false;
}

/*
 * What keeps what is due of a subject of the table, on whom is no hold and of whom
 * blockers say that (a character each, see blocker_answer.h): C strings, or NIL.  In the
 * current context; nothing is asked of any row.
 */
List *
pvext_reasons_by_answers(PvextMap *map, PvextTable *subject, PvextDue *due, const char *answers)
{
	PvextPlan  *plan = pvext_judging_plan(map, subject);
	PvextVerdict verdict;

	plan->any_held = false;
	pvext_verdict(plan, NULL, false, false, answers, &verdict);
	return keeps(plan, due, &verdict) ? pvext_reasons(&verdict) : NIL;
}

/*
 * Ask for the verdict on the subject of a row; answers are its blockers', or NULL, held says
 * that there may be a hold on it.
 */
static void
judge(PvextPlan *plan, PvextDue *due, PvextRow *row, const char *answers, bool held, bool lock, PvextFate *fate)
{
	bool		asks = held || plan->any_held;
	PvextVerdict verdict;

	pvext_set_rows(plan, list_make1(row));
	pvext_verdict(plan, asks ? pvext_subject_digest(plan->subject->id, row->key) : NULL, held, lock, answers,
				  &verdict);
	if (!keeps(plan, due, &verdict))
	{
		fate->blocked = verdict.blocked;
		return;
	}
	fate->spared = true;
	fate->reasons = pvext_reasons(&verdict);
}

/* Which of the subjects are held? */
static bool *
find_held(Subjects *subjects)
{
	List	   *digests = NIL;
	ListCell   *lc;

	if (!pvext_any_hold(subjects->table->id))
		return palloc0(sizeof(bool) * list_length(subjects->keys));
	foreach(lc, subjects->keys)
		digests = lappend(digests, pvext_subject_digest(subjects->table->id, lfirst(lc)));
	return pvext_which_held(digests);
}

/* Is anybody held whose texts may be those of the plan's subjects, too? */
static bool
read_others(PvextPlan *plan)
{
	pvext_read_others(plan);
	return plan->any_held;
}

/*
 * The rows of subjects, of which they are numbered, that something may hold and that are
 * not spared already: what is not there any more, or no person any more, is none of them.
 */
static List *
rows_to_judge(PvextPlan *plan, Subjects *subjects, const bool *may_be_held, bool lock)
{
	List	   *keys = NIL;
	List	   *gone = NIL;
	List	   *rows;
	ListCell   *lc;
	int		   *numbers = palloc(sizeof(int) * list_length(subjects->keys));
	int			i = 0;

	foreach(lc, subjects->keys)
	{
		int			n = i++;
		List	   *parts;

		if (subjects->fates[n].spared || !may_be_held[n])
			continue;
		parts = pvext_split_key(subjects->table, lfirst(lc));
		if (subjects->gone[n])
		{
			PvextRow   *row = pvext_row_of_key(plan, parts);

			row->n = n;
			gone = lappend(gone, row);
			continue;
		}
		numbers[list_length(keys)] = n;
		keys = lappend(keys, parts);
	}
	rows = keys == NIL ? NIL : pvext_lock_rows(plan, keys, lock);
	foreach(lc, rows)
		((PvextRow *) lfirst(lc))->n = numbers[((PvextRow *) lfirst(lc))->n];
	return list_concat(rows, gone);
}

/*
 * Spare the subjects whom blockers keep as it is, without a lock: of these nothing is taken
 * in this run, whatever becomes of the blocker meanwhile.
 */
static void
spare_blocked(PvextMap *map, PvextDue *due, Subjects *subjects)
{
	int			nkeys = list_length(subjects->keys);
	PvextPlan  *plan;
	bool	   *all = palloc(sizeof(bool) * nkeys);
	char	  **answers;
	List	   *rows;
	ListCell   *lc;
	int			i = 0;

	if (subjects->table->blockers == NIL)
		return;
	plan = pvext_judging_plan(map, subjects->table);
	for (int n = 0; n < nkeys; n++)
		all[n] = !subjects->gone[n];
	rows = rows_to_judge(plan, subjects, all, false);
	answers = pvext_ask_blockers(plan, rows, false);
	foreach(lc, rows)
	{
		const char *answer = answers[i++];

		if (answer && strchr(answer, PVEXT_BLOCKS) && !strchr(answer, PVEXT_NOT_ASKED))
			judge(plan, due, lfirst(lc), answer, false, false, &subjects->fates[((PvextRow *) lfirst(lc))->n]);
	}
}

/*
 * Ask for the verdict on subjects of one table, where there may be something that holds
 * them: most are held by nothing, and no blocker is declared.
 */
static void
judge_subjects(PvextMap *map, PvextDue *due, Subjects *subjects, bool lock)
{
	int			nkeys = list_length(subjects->keys);
	PvextPlan  *plan;
	bool	   *held;
	bool	   *may_be_held = palloc0(sizeof(bool) * nkeys);
	bool		texts = false;
	bool		any = false;
	char	  **answers;
	List	   *rows;
	ListCell   *lc;
	int			i = 0;

	/* The rows that are due have been locked as they were chosen. */
	if (lock && !(subjects->table == due->rows.table && due->rows.paths == NIL && !due->rows.any_path))
	{
		spare_blocked(map, due, subjects);
		lock_subjects(subjects);
	}
	held = find_held(subjects);
	if (due->redacts)
		texts = read_others(pvext_judging_plan(map, subjects->table));
	for (int n = 0; n < nkeys; n++)
	{
		may_be_held[n] = held[n] || texts || subjects->table->blockers != NIL;
		any = any || may_be_held[n];
	}
	if (!any)
		return;
	plan = pvext_judging_plan(map, subjects->table);
	rows = rows_to_judge(plan, subjects, may_be_held, lock);
	answers = pvext_ask_blockers(plan, rows, lock);

	/* Whom a row is shared with has been asked of the row; of texts only the plan can tell. */
	plan->any_held = plan->any_held && due->redacts;
	foreach(lc, rows)
	{
		int			n = ((PvextRow *) lfirst(lc))->n;

		judge(plan, due, lfirst(lc), answers[i++], held[n], lock, &subjects->fates[n]);
	}
}

/*
 * Lock the subjects, if asked, and ask for the verdict on them: fates, one a row and
 * zeroes at first, say which rows stay, and why.  They are put in order.
 */
void
pvext_judge_subjects(PvextMap *map, PvextDue *due, List *row_subjects, bool lock, PvextFate *fates)
{
	int			n = list_length(row_subjects);
	int			begin = 0;

	list_sort(row_subjects, compare_subjects);
	while (begin < n)
	{
		Subjects	subjects = {((PvextRowSubject *) list_nth(row_subjects, begin))->subject, NIL,
		palloc0(sizeof(bool) * n), palloc0(sizeof(PvextFate) * n)};
		int			end = begin;
		int			which = -1;

		for (; end < n && ((PvextRowSubject *) list_nth(row_subjects, end))->subject == subjects.table; end++)
		{
			char	   *key = ((PvextRowSubject *) list_nth(row_subjects, end))->key;

			if (subjects.keys == NIL || strcmp(llast(subjects.keys), key) != 0)
				subjects.keys = lappend(subjects.keys, key);
			subjects.gone[list_length(subjects.keys) - 1] = ((PvextRowSubject *) list_nth(row_subjects, end))->gone;
		}
		judge_subjects(map, due, &subjects, lock);
		for (int i = begin; i < end; i++)
		{
			PvextRowSubject *row_subject = list_nth(row_subjects, i);

			if (which < 0 || strcmp(list_nth(subjects.keys, which), row_subject->key) != 0)
				which++;
			row_subject->blocked = subjects.fates[which].blocked;
			if (!subjects.fates[which].spared)
				continue;
			fates[row_subject->row].spared = true;
			fates[row_subject->row].reasons = list_concat_unique_ptr(fates[row_subject->row].reasons,
															   subjects.fates[which].reasons);
		}
		begin = end;
	}
}

/*
 * apply.c
 *		Taking what is due from rows that have been examined for it.
 *
 * Mostly that is one UPDATE or DELETE of the rows at some places.  A plan is made for
 * it in which the rows themselves are the subjects, so that statements, new values and
 * the audit log's redaction are those of an erasure.  Where what goes leads to other
 * tables (keys that others refer to, texts that are to lose what identifies their
 * subject), it is taken from each subject by a plan of that subject's.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/result.h"
#include "base/secret.h"
#include "consent/ending.h"
#include "erase/ledger.h"
#include "erase/register.h"
#include "execution/derived_value.h"
#include "execution/execute.h"
#include "execution/held_others.h"
#include "execution/new_value.h"
#include "execution/own_writes.h"
#include "execution/redacted_text.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "execution/stray_value.h"
#include "map/key.h"
#include "miscadmin.h"
#include "plan/planner.h"
#include "plan/row_subject.h"
#include "purge/apply.h"
#include "purge/scan.h"
#include "redact/redact.h"
#include "rule/hold.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* Raise: what was to be taken is there, by a trigger. */
static void
still_dirty(PvextDue *due, int64 n)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 due->columns == NIL ?
			 errmsg("rows of %s are still there after they have been deleted", due->rows.table->sql_name) :
			 errmsg("rows of %s are still personal after they have been anonymised",
					due->rows.table->sql_name),
			 errdetail("Rule \"%s\" was to take %lld rows, or values that they hold.", due->rule->name,
					   (long long) n),
			 errhint("Look for triggers that keep them, or write them back.")));
}

/*
 * What the statement has just taken of n rows is gone, unless somebody else has changed
 * the row meanwhile.
 */
static int64
check_taken(PvextTaking *taking, int n)
{
	int64		taken = pvext_int(0, 1);
	int64		dirty = pvext_int(0, 2);
	bool		isnull = true;
	PvextArgs	args = {0};

	if (dirty == 0 && taking->verify.sql && taken > 0)
	{
		Datum		keys = pvext_datum(0, 3, &isnull);

		pvext_arg_key_columns(&args, taking->plan->subject,
							  pvext_array_texts(keys));
		(void) pvext_run_kept(taking->leaf->owner, &taking->verify, &args, CURSOR_OPT_GENERIC_PLAN);
		dirty = pvext_int(0, 1);
	}

	/* Rows that were not taken: are they as they were, or somebody else's doing? */
	if (dirty == 0 && taken < n)
		dirty = (int64) pvext_run_step(taking->left ? taking->left : taking->examine, false);
	if (dirty > 0)
		still_dirty(taking->due, dirty);
	return taken;
}

/*
 * Let the statements be about n rows, by their numbers among the examined.  A place may
 * hold another row by now; every statement asks of the row that it finds there.
 */
static void
set_places(PvextTaking *taking, PvextExamined *examined, const int *rows, int n)
{
	ItemPointerData *places = palloc(sizeof(ItemPointerData) * Max(n, 1));

	for (int i = 0; i < n; i++)
		places[i] = examined->tids[rows[i]];
	pvext_set_places(taking, places, n);
}

/* Read by what others hang on the rows at the places that are set, and lock what leads on. */
static void
find_children(PvextTaking *taking)
{
	ListCell   *lc;
	ListCell   *set;

	if (taking->collect)
		(void) pvext_fill_slots(taking->plan->self, taking->collect, false, false);
	forboth(lc, taking->followers, set, taking->plan->sets)
		if (lfirst(lc))
			(void) pvext_fill_slots(lfirst(set), lfirst(lc), false, false);
}

/* For qsort() and bsearch(). */
static int
compare_places(const void *a, const void *b)
{
	return ItemPointerCompare((ItemPointer) a, (ItemPointer) b);
}

/*
 * Of n rows, by their numbers among the examined, keep those that a step finds at their
 * places, and let the statements be about them.  Returns how many there are; the others
 * are late.
 */
static int
keep_found(PvextTaking *taking, PvextStep *step, PvextExamined *examined, int *rows, int n)
{
	int			nfound = (int) pvext_run_step(step, false);
	ItemPointerData *found = palloc(sizeof(ItemPointerData) * Max(nfound, 1));
	int			kept = 0;

	for (int i = 0; i < nfound; i++)
	{
		bool		isnull;

		found[i] = *(ItemPointer) DatumGetPointer(pvext_datum(i, 1, &isnull));
	}
	qsort(found, nfound, sizeof(ItemPointerData), compare_places);
	for (int i = 0; i < n; i++)
	{
		if (bsearch(&examined->tids[rows[i]], found, nfound, sizeof(ItemPointerData), compare_places))
			rows[kept++] = rows[i];
		else
			examined->fates[rows[i]].late = true;
	}
	set_places(taking, examined, rows, kept);
	return kept;
}

/* Lock what clocks that go up read of those rows that may be taken. */
static void
lock_clocks(PvextTaking *taking, PvextExamined *examined)
{
	int		   *rows = palloc(sizeof(int) * Max(examined->n, 1));
	int			n = 0;
	ListCell   *lc;

	for (int i = 0; i < examined->n; i++)
		if (!examined->fates[i].spared && !examined->fates[i].clean)
			rows[n++] = i;
	set_places(taking, examined, rows, n);
	foreach(lc, n > 0 ? taking->clocks : NIL)
		(void) pvext_run_step(lfirst(lc), false);
}

/*
 * Lock the rows and what goes with them, and find out once which are due: somebody may
 * have set a clock back since they were examined, or changed them.  Returns how many of the
 * n rows are left; the statements are about them.
 */
static int
decide_rows(PvextTaking *taking, PvextExamined *examined, int *rows, int n)
{
	int			locked = keep_found(taking, taking->decide, examined, rows, n);
	int			decided = locked;

	if (locked > 0)
		find_children(taking);
	if (locked > 0 && taking->confirm)
		decided = keep_found(taking, taking->confirm, examined, rows, locked);
	if (decided > 0 && decided < locked)
		find_children(taking);
	return decided;
}

/*
 * Take what is due from the n rows at the places that are set, and what the log has of
 * them.  What goes with them goes first, furthest away first; new values, and large
 * objects, are read off the old ones before these go.
 */
static int64
take_rows(PvextTaking *taking, PvextExamined *examined, const int *rows, int n)
{
	PvextPlan  *plan = taking->plan;
	PvextRedaction *redaction = NULL;
	List	   *redactions = NIL;
	PvextStrays strays;
	int64		taken;
	ListCell   *lc;

	pvext_begin_strays(&strays);
	if (taking->logged)
		redaction = pvext_begin_redaction(taking->map, plan);
	for (int i = 0; redaction && i < n; i++)
		pvext_redact_before(redaction, examined->keys[rows[i]], NULL);
	if (redaction)				/* by keys that the rows hold, before they go */
		pvext_search_for_rows(pvext_redaction_tracing(redaction));
	foreach(lc, taking->children)	/* the rows furthest away first */
		(void) pvext_run_step(lfirst(lc), false);
	pvext_gather_values(plan, false);
	pvext_forget_derived(plan);
	pvext_note_derived(plan, false);
	pvext_unlink_objects(plan, false);
	foreach(lc, taking->unlinks)
		(void) pvext_run_step(lfirst(lc), false);
	(void) pvext_run_step(taking->take, false);
	taken = check_taken(taking, n);
	pvext_note_own_writes(&strays.own, taking->due->rows.table, taking->due->columns ? taken : 0,
						  taking->due->columns ? 0 : taken);
	pvext_check_strays(&strays, plan, taking->leaf, false);
	if (redaction)
	{
		pvext_plan_redaction(&redactions, redaction, taking->due->columns == NIL);
		pvext_redact(redactions);
	}
	return taken;
}

/* Is the same blocked, or nothing by both? */
static bool
same_blocked(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* SQL over row r: when what is due may go, as a column is retained until then. */
static char *
until_sql(PvextDue *due)
{
	if (due->also == NULL)
		return due->until;
	return psprintf("CASE WHEN %s THEN %s ELSE CAST('infinity' AS timestamptz) END", due->also,
					due->until);
}

/* The plan that takes what is due from subjects of a table. */
static PvextPlan *
plan_of_subject(PvextTaking *taking, PvextTable *subject, const char *blocked)
{
	MemoryContext old;
	PvextPlan  *plan;
	ListCell   *lc;

	if (!taking->due->redacts)
		blocked = NULL;			/* nothing but what is due goes */
	foreach(lc, taking->subject_plans)
		if (((PvextPlan *) lfirst(lc))->subject == subject &&
			same_blocked(((PvextPlan *) lfirst(lc))->blocked, blocked))
			return lfirst(lc);
	old = MemoryContextSwitchTo(taking->plan->context);
	plan = pvext_partial_plan(taking->map, subject, taking->due->rows.table, taking->due->columns,
							  until_sql(taking->due), taking->due->redacts, blocked);
	taking->subject_plans = lappend(taking->subject_plans, plan);
	MemoryContextSwitchTo(old);
	pvext_lock_plan(plan, RowExclusiveLock);
	return plan;
}

/*
 * Have the subject's identifying values gone before, or never been there?  Its texts
 * cannot be searched for them then.  Under the locks of the run that follows: what is
 * found is what it finds.
 */
static bool
is_unknown(PvextPlan *plan)
{
	ListCell   *lc;

	if (!plan->redacts)
		return false;
	pvext_collect(plan, true, false, false);
	pvext_read_others(plan);
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (strcmp(target->column->category, "identifying") != 0)
			continue;
		(void) pvext_run_step(target->preview, false);
		if (pvext_int(0, 1) + pvext_int(0, 2) > 0)
			return false;
	}
	return true;
}

/*
 * What is kept under a subject's key is kept under its new one: what an erasure moves for
 * its cases (erasure_case.c), a purge moves here.
 */
static void
follow_key(PvextTable *subject, const char *former, const bytea *digest, const char *key)
{
	bytea	   *new_digest = pvext_subject_digest(subject->id, key);
	PvextEnding ending = {pstrdup(former), unconstify(bytea *, digest), new_digest};
	bool		any_hold;

	pvext_end_consents(subject, list_make1(&ending));
	pvext_rekey_request(subject, digest, key, new_digest);
	(void) pvext_tell_ended(subject, digest, new_digest);
	(void) pvext_held_by(digest, &any_hold);
	if (any_hold)
		pvext_forget_held_key(digest, new_digest);
}

/* What is due is taken from a subject.  False where none of it is any more. */
static bool
take_from_subject(PvextTaking *taking, PvextRowSubject *row_subject, List **redactions)
{
	PvextTable *subject = row_subject->subject;
	const char *key = row_subject->key;
	PvextPlan  *plan = plan_of_subject(taking, subject, row_subject->blocked);
	List	   *rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, key)), true);
	bytea	   *digest = pvext_subject_digest(subject->id, key);
	PvextRedaction *redaction;
	PvextOutcome outcome;
	PvextRow   *row;

	if (rows == NIL)
		return false;

	/* The plan serves one subject after the other: what it has found is the last one's. */
	row = linitial(rows);
	pvext_forget_slots(plan);
	pvext_set_rows(plan, rows);
	redaction = pvext_begin_redaction(taking->map, plan);
	pvext_redact_before(redaction, key, digest);
	if (!pvext_run_plan(plan, rows, digest, is_unknown(plan), pvext_search_for_rows,
						pvext_redaction_tracing(redaction), &outcome))
		return false;
	pvext_redact_after(redaction, row->key);
	pvext_plan_redaction(redactions, redaction, outcome.held == 0);
	pvext_record_redaction(plan, digest);
	if (strcmp(row->key, key) != 0)
		follow_key(subject, key, digest, row->key);
	return true;
}

/* Is it the same one? */
static bool
same_subject(PvextRowSubject *a, PvextRowSubject *b)
{
	return a->subject == b->subject && strcmp(a->key, b->key) == 0;
}

/*
 * The subjects from whom something is to be taken, each subject once; in order, since they
 * have been judged.  With shared, those who share a row with another.
 */
static List *
subjects_to_take_from(PvextExamined *examined, const int *nowners, bool shared)
{
	List	   *row_subjects = NIL;
	ListCell   *lc;

	foreach(lc, examined->row_subjects)
	{
		PvextRowSubject *row_subject = lfirst(lc);
		PvextFate  *fate = &examined->fates[row_subject->row];

		if (row_subject->gone || fate->spared || fate->clean || (shared && nowners[row_subject->row] < 2) ||
			(row_subjects != NIL && same_subject(llast(row_subjects), row_subject)))
			continue;
		row_subjects = lappend(row_subjects, row_subject);
	}
	return row_subjects;
}

/* The rows that something was taken from: it was from each subject, once for all rows. */
static void
note_taken(PvextExamined *examined)
{
	PvextRowSubject *last = NULL;
	ListCell   *lc;

	foreach(lc, examined->row_subjects)
	{
		PvextRowSubject *row_subject = lfirst(lc);

		if (last && same_subject(last, row_subject))
			row_subject->taken = last->taken;
		examined->fates[row_subject->row].taken |= row_subject->taken;
		last = row_subject;
	}
}

/* What leads to other tables is taken from each subject, and alone from rows that are nobody's. */
static void
take_from_subjects(PvextTaking *taking, PvextExamined *examined, int *nowners)
{
	List	   *redactions = NIL;
	ListCell   *lc;

	foreach(lc, examined->row_subjects)
		if (!((PvextRowSubject *) lfirst(lc))->gone)	/* its rows are taken as nobody's */
			nowners[((PvextRowSubject *) lfirst(lc))->row]++;
	foreach(lc, subjects_to_take_from(examined, nowners, false))
	{
		((PvextRowSubject *) lfirst(lc))->taken = take_from_subject(taking, lfirst(lc), &redactions);
		CHECK_FOR_INTERRUPTS();
	}
	pvext_redact(redactions);
	note_taken(examined);

	/* A text that several are about is known to be clean as the last of them left it. */
	if (taking->due->texts != NIL && !taking->due->redacts)
		foreach(lc, subjects_to_take_from(examined, nowners, true))
		{
			redactions = NIL;
			(void) take_from_subject(taking, lfirst(lc), &redactions);
		}
}

/*
 * Raise where a key of rows that are nobody's would have to be replaced: no plan of a
 * subject does it.
 */
static void
check_nobodys(PvextDue *due)
{
	ListCell   *lc;

	foreach(lc, due->columns)
		if (((PvextColumn *) lfirst(lc))->leads)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of rows of %s that belong to nobody cannot be replaced",
							((PvextColumn *) lfirst(lc))->name, due->rows.table->sql_name),
					 errdetail("Other rows may refer to them by it."),
					 errhint("Link the rows to a subject, or delete them.")));
}

/*
 * Subjects whose own rows have been deleted: what they consented and agreed to ends,
 * and a request of theirs is fulfilled, where no other rows can be left of them.
 */
static void
end_subjects(PvextTaking *taking, PvextExamined *examined)
{
	PvextTable *subject = taking->due->rows.table;
	PvextPlan  *plan = subject->is_subject ? pvext_plan(taking->map, subject, NULL) : NULL;
	ListCell   *lc;

	foreach(lc, plan ? examined->row_subjects : NIL)
	{
		PvextRowSubject *row_subject = lfirst(lc);
		PvextEnding ending = {row_subject->key};

		if (row_subject->subject != subject || examined->fates[row_subject->row].spared ||
			examined->fates[row_subject->row].late)
			continue;
		ending.former = ending.digest = pvext_subject_digest(subject->id, row_subject->key);
		pvext_end_consents(subject, list_make1(&ending));
		if (!plan->unenforced && ending.kept == 0)
			pvext_conclude_deleted(subject, ending.digest);
		(void) pvext_tell_ended(subject, ending.digest, ending.digest);
	}
}

/*
 * Take what is due from rows that were examined for it, with locks on their subjects.
 * Returns how many rows lost something.  All or nothing: an error is the caller's, whose
 * subtransaction it ends.
 */
int64
pvext_apply(PvextTaking *taking, PvextExamined *examined)
{
	int		   *nowners = palloc0(sizeof(int) * Max(examined->n, 1));
	int		   *rows = palloc(sizeof(int) * Max(examined->n, 1));
	int64		taken = 0;
	int			n = 0;

	if (taking->clocks != NIL)
		lock_clocks(taking, examined);
	if (taking->due->by_subject)
		take_from_subjects(taking, examined, nowners);
	for (int i = 0; i < examined->n; i++)
		if (examined->fates[i].spared || examined->fates[i].clean)
			continue;
		else if (nowners[i] > 0)
			taken += examined->fates[i].taken;
		else
			rows[n++] = i;
	if (n == 0)
		return taken;
	if (taking->due->by_subject)
		check_nobodys(taking->due);
	if (taking->decide)
		n = decide_rows(taking, examined, rows, n);
	else
		set_places(taking, examined, rows, n);
	if (n == 0)
		return taken;
	taken += take_rows(taking, examined, rows, n);
	if (taking->due->columns == NIL)
		end_subjects(taking, examined);
	return taken;
}

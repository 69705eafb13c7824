/*
 * living.c
 *		Who else lives and refers to rows of a plan's subjects.
 *
 * Rows that persons refer to go with the last of them (plan/referred_row.c).  For those
 * that the plan's subjects refer to it is found out here who else does, by any path of
 * links from the row up (plan/row_subject.c).  Somebody lives whose row is there, unless
 * the ledger of erasures says that all has been taken from him that may go (the request is
 * completed, or what rules retain is all that is left) and nothing else is personal again of
 * his key, which may have been given away a second time (living_again.c).  Where rows are deleted, whoever has something
 * retained lives, too: it may refer to them.  So does a row of a subject table that is no
 * person, such as a company.  Who is held, or waits for a blocker, lives; so does whoever
 * has asked to be erased and is not yet.
 *
 * An erasure has the rows locked, by a snapshot that is older than what is read here: who
 * has added a reference by a foreign key is waited for, and seen; and of two who erase the
 * last two persons, the second waits for the first, and finds it in the ledger.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "execution/living.h"
#include "execution/living_again.h"
#include "execution/step.h"
#include "map/key.h"
#include "miscadmin.h"
#include "plan/row_subject.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Keys of one subject table, and which of them are nobody's that lives. */
typedef struct Asked
{
	PvextTable *subject;
	List	   *keys;			/* C strings */
	List	   *which;			/* int: of the row subjects */
	bool	   *gone;
} Asked;

/*
 * Who lives
 */

/*
 * Which of the subjects does the ledger say have been erased?  Of those in *completed
 * nothing was left.
 */
static void
ask_ledger(Asked *asked, bool deleted, bool *completed)
{
	static PvextStatement find = {
		"SELECT CAST(d.n AS int4), bool_and(e.state = 'completed')"
		" FROM unnest($2) WITH ORDINALITY AS d(digest, n) JOIN pv.erasure_ledger AS e"
		"  ON e.subject_digest = d.digest AND e.relation_id = $1"
		" WHERE e.state IN ('completed', 'verifying') OR (e.state = 'partial' AND e.blocked_by = '{}' AND NOT $3)"
		" GROUP BY d.n", NULL
	};
	PvextArgs	args = {0};
	List	   *digests = NIL;
	uint64		n;
	ListCell   *lc;

	foreach(lc, asked->keys)
		digests = lappend(digests, pvext_subject_digest(asked->subject->id, lfirst(lc)));
	pvext_arg_int4(&args, asked->subject->id);
	pvext_arg_digests(&args, digests);
	pvext_arg_bool(&args, deleted);
	n = pvext_own_kept(&find, &args);
	for (uint64 i = 0; i < n; i++)
	{
		int			k = (int) pvext_int(i, 1) - 1;

		asked->gone[k] = true;
		completed[k] = pvext_bool(i, 2);
	}
}

/* Those of whom all, or all but what rules retain, has been erased, and who have something personal again, live. */
static void
find_again(Asked *asked, const bool *completed, bool wholly)
{
	char	   *personal = pvext_lives_again_sql(asked->subject, wholly);
	List	   *keys = NIL;
	List	   *which = NIL;
	PvextArgs	args = {0};
	uint64		n;
	int			i = 0;
	ListCell   *lc;

	foreach(lc, asked->keys)
	{
		if (asked->gone[i] && completed[i] == wholly)
		{
			keys = lappend(keys, lfirst(lc));
			which = lappend_int(which, i);
		}
		i++;
	}
	if (keys == NIL || personal == NULL)
		return;
	pvext_arg_key_columns(&args, asked->subject, keys);
	n = pvext_run(asked->subject->owner,
				  psprintf("SELECT CAST(k.n AS int4) FROM %s JOIN %s AS r ON %s WHERE %s",
						   pvext_array_rows_sql(list_length(asked->subject->key), true),
						   asked->subject->sql_name, pvext_key_match_sql(asked->subject, "k.k%d", 1),
						   personal), &args);
	for (uint64 row = 0; row < n; row++)
		asked->gone[list_nth_int(which, (int) pvext_int(row, 1) - 1)] = false;
}

/* Find out which of the subjects are gone. */
static void
ask(Asked *asked, bool deleted)
{
	bool	   *completed = palloc0(sizeof(bool) * list_length(asked->keys));

	asked->gone = palloc0(sizeof(bool) * list_length(asked->keys));
	if (pvext_never_used("erasure_ledger"))
		return;
	ask_ledger(asked, deleted, completed);
	find_again(asked, completed, true);
	find_again(asked, completed, false);
}

/*
 * Which rows
 */

/* The subjects of one table among some. */
static Asked *
asked_of(List **all, PvextTable *subject)
{
	Asked	   *asked;
	ListCell   *lc;

	foreach(lc, *all)
		if (((Asked *) lfirst(lc))->subject == subject)
			return lfirst(lc);
	asked = palloc0(sizeof(Asked));
	asked->subject = subject;
	*all = lappend(*all, asked);
	return asked;
}

/* Note that the rows are somebody's who lives. */
static void
note_kept(List *all, List *row_subjects, bool deleted, bool *kept)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, all)
	{
		Asked	   *asked = lfirst(lc);
		int			i = 0;

		ask(asked, deleted);
		foreach(cell, asked->which)
		{
			if (!asked->gone[i++])
				kept[((PvextRowSubject *) list_nth(row_subjects, lfirst_int(cell)))->row] = true;
		}
	}
}

/* For list_sort(): by row. */
static int
by_row(const ListCell *a, const ListCell *b)
{
	return ((PvextRowSubject *) lfirst(a))->row - ((PvextRowSubject *) lfirst(b))->row;
}

/* How rows are judged. */
typedef struct Judging
{
	bool		deleted;
	PvextIsOwn	own;			/* or NULL */
	void	   *arg;
} Judging;

/*
 * A PvextSettle: which of the rows does one of the subjects keep who lives and is not one's own?  One who
 * lives is enough: of each row as many are asked about at a time as were before.
 */
static void
judge(List *row_subjects, bool *kept, void *arg)
{
	Judging    *judging = arg;
	int			n = list_length(row_subjects);
	int		   *asked_about;
	bool		more = true;

	list_sort(row_subjects, by_row);
	asked_about = palloc0(sizeof(int) * Max(n, 1));
	for (int limit = 1; more; limit *= 4)
	{
		List	   *all = NIL;
		int			row = -1;
		int			taken = 0;

		CHECK_FOR_INTERRUPTS();
		more = false;
		for (int i = 0; i < n; i++)
		{
			PvextRowSubject *somebody = list_nth(row_subjects, i);
			Asked	   *asked;

			taken = somebody->row == row ? taken : 0;
			row = somebody->row;
			if (asked_about[i] || kept[row] || taken == limit)
				continue;
			asked_about[i] = 1;
			if (somebody->gone || (judging->own && judging->own(somebody->subject, somebody->key, judging->arg)))
				continue;
			asked = asked_of(&all, somebody->subject);
			asked->keys = lappend(asked->keys, somebody->key);
			asked->which = lappend_int(asked->which, i);
			taken++;
			more = true;
		}
		note_kept(all, row_subjects, judging->deleted, kept);
	}
}

/*
 * Which of the rows, of which what pvext_append_row_subjects() asked for begins with that column of the
 * result, does somebody keep who lives and is not one's own?  For rows that are deleted, whoever has something
 * retained lives.  own may be NULL: nobody is.  kept has an element for each row, false at first.
 */
void
pvext_find_kept_rows(PvextRows *about, SPITupleTable *rows, uint64 n, int column, bool deleted, PvextIsOwn own,
					 void *arg, bool *kept)
{
	Judging		judging = {deleted, own, arg};

	pvext_settle_rows(about, rows, n, column, judge, &judging, kept);
}

/*
 * Of a plan
 */

/* The subjects of a run, by key: a sorted array. */
typedef struct Own
{
	PvextTable *subject;
	char	  **keys;
	int			n;
} Own;

/* For qsort() and bsearch(). */
static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Those that the run is about, and those that its call has erased before. */
static void
list_own(PvextPlan *plan, bool deleted, Own *own)
{
	List	   *done = deleted ? plan->done : list_concat_copy(plan->done, plan->partly_done);
	ListCell   *lc;

	own->subject = plan->subject;
	own->n = 0;
	own->keys = palloc(sizeof(char *) * Max(list_length(plan->rows) + list_length(done), 1));
	foreach(lc, plan->rows)
		own->keys[own->n++] = ((PvextRow *) lfirst(lc))->key;
	foreach(lc, done)
		own->keys[own->n++] = lfirst(lc);
	qsort(own->keys, own->n, sizeof(char *), compare_keys);
}

/* A PvextIsOwn. */
static bool
is_own(PvextTable *subject, const char *key, void *arg)
{
	Own		   *own = arg;

	return subject == own->subject &&
		bsearch(&key, own->keys, own->n, sizeof(char *), compare_keys) != NULL;
}

/* Let the set be of those rows of the result for which kept says so. */
static void
set_rows(PvextSet *set, SPITupleTable *rows, uint64 n, const bool *kept, bool wanted)
{
	int			column = 1;
	ListCell   *lc;

	foreach(lc, set->slots)
	{
		PvextSlot  *slot = lfirst(lc);
		Datum	   *elements = palloc(sizeof(Datum) * Max(n, 1));
		int			count = 0;
		int16		typlen;
		bool		typbyval;
		char		typalign;

		for (uint64 i = 0; i < n; i++)
		{
			bool		isnull;

			if (kept[i] == wanted)
				elements[count++] = SPI_getbinval(rows->vals[i], rows->tupdesc, column, &isnull);
		}
		column++;
		get_typlenbyvalalign(slot->element, &typlen, &typbyval, &typalign);
		slot->param.value = PointerGetDatum(construct_array(elements, count, slot->element, typlen,
															typbyval, typalign));
		slot->param.isnull = false;
	}
}

/*
 * Find out which of a set's rows stay since others refer to them, and with lock have all
 * of them locked; their parents have been found.  What is found lives as long as the current
 * context does.
 */
void
pvext_find_kept(PvextPlan *plan, PvextSet *set, bool lock, bool many)
{
	PvextReferred *referred = set->referred;
	uint64		n = pvext_run_step(lock ? referred->lock : referred->look, many);
	SPITupleTable *rows = SPI_tuptable;
	bool	   *kept = palloc0(sizeof(bool) * Max(n, 1));
	Own			own;

	if (n > 0)
	{
		list_own(plan, referred->deleted, &own);
		pvext_find_kept_rows(&referred->about, rows, n, list_length(referred->kept->slots) + 1, referred->deleted,
							 is_own, &own, kept);
	}
	set_rows(referred->kept, rows, n, kept, true);
	set_rows(referred->taken, rows, n, kept, false);
}

/* Forget that: nothing of them is the subject's until it has been found out again. */
void
pvext_forget_kept(PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, set->referred->kept->slots)
		((PvextSlot *) lfirst(lc))->param.isnull = true;
	foreach(lc, set->referred->taken->slots)
		((PvextSlot *) lfirst(lc))->param.isnull = true;
}

/*
 * Does the one row of a set's table stay, whose primary key's texts are given, since
 * somebody refers to it who lives and is not one's own?  Not if there is none.
 */
bool
pvext_is_kept_for_others(PvextSet *set, List *key, PvextIsOwn own, void *arg)
{
	StringInfoData sql;
	PvextArgs	args = {0};
	bool		kept = false;
	uint64		n;
	ListCell   *lc;
	ListCell   *value;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT 1");
	pvext_append_row_subjects(&sql, &set->referred->about);
	appendStringInfo(&sql, " FROM %s AS r WHERE ", set->table->sql_name);
	forboth(lc, set->referred->kept->slots, value, key)
	{
		PvextSlot  *slot = lfirst(lc);

		pvext_arg_text(&args, lfirst(value));
		appendStringInfo(&sql, "%sr.%s = %s", args.n > 1 ? " AND " : "", quote_identifier(slot->column),
						 pvext_cast_key(slot->element, psprintf("$%d", args.n)));
	}
	n = pvext_run(set->table->owner, sql.data, &args);
	if (n > 0)
		pvext_find_kept_rows(&set->referred->about, SPI_tuptable, n, 2, set->referred->deleted, own, arg, &kept);
	return kept;
}

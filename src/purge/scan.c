/*
 * scan.c
 *		Finding the rows that something is due of, and looking at them.
 *
 * Rows are found once, by an index where there is one, as the list of their places
 * (ctid), and taken in pieces of it, block after block.  Whoever changes a row
 * meanwhile has moved it: it is then found by the next run, if it is still due.  Each
 * piece is looked at again here before it is taken (apply.c): that it is due, whose it is
 * (row_subject.c), and what holds them (row_fate.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catch.h"
#include "base/own_statement.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "execution/step.h"
#include "map/key.h"
#include "plan/row_subject.h"
#include "purge/blocked_row.h"
#include "purge/scan.h"
#include "strategy/replacement.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* How many places are fetched at a time. */
#define FETCH 10000

/* From so many on it costs less to ask of all who is blocked than to look at each. */
#define MANY_PLACES 10000

/*
 * The statements
 */

/* The query for the places of all rows that are due. */
void
pvext_build_scan(PvextTaking *taking)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT r.ctid FROM %s AS r WHERE ", taking->leaf->sql_name);
	pvext_append_due(&sql, taking->due, true);
	taking->scan = pvext_sql_step(&sql, taking->leaf);
}

/* SQL: something else than texts is left to be taken of row r. */
static char *
certainly_dirty(PvextDue *due)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, due->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (column->strategy.kind != PVEXT_REDACT)
			appendStringInfo(&buf, "%sNOT (%s)", buf.len > 0 ? " OR " : "",
							 pvext_strategy_test(&column->strategy, 0));
	}
	return buf.len > 0 ? psprintf("(%s)", buf.data) : due->columns ? "false" : "true";
}

/*
 * The rows at some places that are due: place, since when, whether certainly, digests of
 * texts, primary key, and whose they are.  Rows that are subjects themselves are
 * locked, in the order of their keys.
 */
void
pvext_build_examination(PvextTaking *taking)
{
	PvextDue   *due = taking->due;
	bool		self = due->rows.paths == NIL && !due->rows.any_path;
	PvextSql	sql;
	ListCell   *lc;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT r.ctid, %s, %s", due->until, certainly_dirty(due));
	taking->whose = 4;
	foreach(lc, due->texts)
	{
		PvextColumn *column = lfirst(lc);

		appendStringInfo(&sql.text,
						 ", CASE WHEN NOT (%s) THEN sha256(convert_to(CAST(r.%s AS text), 'UTF8')) END",
						 pvext_text_is_gone(column), quote_identifier(column->name));
		taking->whose++;
	}
	if (taking->plan->subject->key != NIL)
		appendStringInfo(&sql.text, ", %s", pvext_key_sql(taking->plan->subject));
	else
		appendStringInfoString(&sql.text, ", NULL");
	taking->whose++;
	pvext_append_row_subjects(&sql.text, &due->rows);
	appendStringInfo(&sql.text, " FROM %s AS r WHERE ", taking->leaf->sql_name);
	pvext_append_match(taking->plan, &sql, taking->plan->self);
	if (taking->lock && self && due->rows.table->is_subject)
	{
		foreach(lc, due->rows.table->key)
			appendStringInfo(&sql.text, "%s r.%s", lc == list_head(due->rows.table->key) ? " ORDER BY" : ",",
							 quote_identifier(lfirst(lc)));
		appendStringInfoString(&sql.text, " FOR UPDATE SKIP LOCKED");
	}
	taking->examine = pvext_sql_step(&sql, taking->leaf);
}

/*
 * Places
 */

/* For qsort(). */
static int
compare_tids(const void *a, const void *b)
{
	return ItemPointerCompare((ItemPointer) a, (ItemPointer) b);
}

/* Note a place. */
static void
add_place(PvextPlaces *places, ItemPointer tid)
{
	if (places->n == places->size)
	{
		places->size = Max(places->size * 2, 1024);
		if (places->tids == NULL)
			places->tids = MemoryContextAllocHuge(places->context,
												  sizeof(ItemPointerData) * places->size);
		else
			places->tids = repalloc_huge(places->tids, sizeof(ItemPointerData) * places->size);
	}
	places->tids[places->n++] = *tid;
}

/* Put them in order, and keep the first of them. */
static void
keep_first(PvextPlaces *places, int limit)
{
	if (places->n > 0)
		qsort(places->tids, places->n, sizeof(ItemPointerData), compare_tids);
	places->n = Min(places->n, limit);
}

/*
 * Find the places of the rows that a query of them finds, in the order of the table's blocks: the
 * first so many that come after the place given, if any.  True where there are more.  With enough
 * that is given up once so many have been found, which are then any.
 */
static bool
find_places(PvextTaking *taking, const char *sql, List *params, PvextPlaces *places, int limit,
			ItemPointer after, int enough)
{
	PvextArgs	args = {0};
	MemoryContext caller = CurrentMemoryContext;
	PvextUser	back;
	SPIPlanPtr	plan;
	Portal		portal;
	ListCell   *lc;
	bool		more = false;

	places->n = 0;
	pvext_set_cutoffs(taking->due);
	foreach(lc, params)
	{
		PvextParam *param = lfirst(lc);

		pvext_arg(&args, param->type, param->value, param->isnull);
	}
	/* To the end, for fetching runs what the owner has declared; an error switches back. */
	pvext_switch_user(taking->leaf->owner, &back);
	plan = SPI_prepare(sql, args.n, args.types);
	if (plan == NULL)
		elog(ERROR, "could not prepare statement: %s", SPI_result_code_string(SPI_result));

	/* There may be millions: a cursor holds but some at a time. */
	portal = pvext_open_own(plan, &args);
	do
	{
		SPI_cursor_fetch(portal, true, FETCH);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			ItemPointer tid = (ItemPointer) DatumGetPointer(pvext_datum(i, 1, &isnull));

			if (after == NULL || ItemPointerCompare(tid, after) > 0)
				add_place(places, tid);
		}
		SPI_freetuptable(SPI_tuptable);

		/* Which are the first is only known at the end; no more than twice as many are held. */
		if (places->n >= 2 * limit)
		{
			keep_first(places, limit);
			more = true;
		}
	} while (SPI_processed > 0 && (enough == 0 || places->n < enough));
	SPI_cursor_close(portal);
	SPI_freeplan(plan);
	pvext_restore_user(&back);
	MemoryContextSwitchTo(caller);
	more = more || places->n > limit;
	keep_first(places, limit);
	return more;
}

/* The same by the active snapshot, as the table's owner, to the end. */
bool
pvext_find_places_by(PvextTaking *taking, const char *sql, List *params, PvextPlaces *places, int limit,
					 ItemPointer after)
{
	return find_places(taking, sql, params, places, limit, after, 0);
}

/*
 * Find the places of rows that are due, in the order of the table's blocks: the first so
 * many that come after the place given, if any.  True where there are more.  As the
 * table's owner, by the active snapshot.  With all, those of all rows, whatever they are.
 */
bool
pvext_find_places(PvextTaking *taking, PvextPlaces *places, int limit, ItemPointer after, bool all)
{
	if (all)
		return pvext_find_places_by(taking, psprintf("SELECT r.ctid FROM %s AS r", taking->leaf->sql_name), NIL,
									places, limit, after);
	return pvext_find_places_by(taking, taking->scan->few.sql, taking->scan->params, places, limit, after);
}

/* Finding those that no blocker keeps. */
typedef struct Search
{
	PvextTaking *taking;
	PvextPlaces *places;
	int			limit;
	ItemPointer after;
	bool		more;
	bool		done;
} Search;

/* For pvext_try(). */
static void
find_unblocked(void *arg)
{
	Search	   *search = arg;
	PvextStep  *step = pvext_unblocked_scan(search->taking);

	if (step == NULL)
		return;
	search->more = pvext_find_places_by(search->taking, step->few.sql, step->params, search->places,
										search->limit, search->after);
	search->done = true;
}

/*
 * The same without the places of rows that blockers keep (blocked_row.c), where there are so
 * many that it is worth another query; they are counted no further than that.  Where it fails
 * for some row or person, they are among them.
 */
bool
pvext_find_unblocked(PvextTaking *taking, PvextPlaces *places, int limit, ItemPointer after)
{
	PvextStep  *scan = taking->scan;
	Search		search = {taking, places, limit, after, false, false};
	int			enough = pvext_may_be_blocked(taking) ? MANY_PLACES : 0;
	bool		more = find_places(taking, scan->few.sql, scan->params, places, limit, after, enough);

	if (enough == 0 || places->n < enough)
		return more;
	if (pvext_try(find_unblocked, &search) == NULL && search.done)
		return search.more;
	return pvext_find_places(taking, places, limit, after, false);
}

/* Let the statements be about these rows. */
void
pvext_set_places(PvextTaking *taking, ItemPointerData *tids, int n)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		elements[i] = PointerGetDatum(&tids[i]);
	taking->places.value = PointerGetDatum(construct_array(elements, n, TIDOID,
														   sizeof(ItemPointerData), false,
														   TYPALIGN_SHORT));
	taking->places.isnull = false;
}

/*
 * Looking at them
 */

/*
 * A text is clean where its digest is on record for each subject that it is about.
 * Clears dirty[] of the rows whose texts of the column, with these digests, are.
 */
static void
find_clean_texts(PvextTaking *taking, PvextColumn *column, Datum *digests, bool *nulls,
				 List *row_subjects, bool *dirty, int n)
{
	bool	   *owned = palloc0(sizeof(bool) * Max(n, 1));
	ListCell   *lc;

	foreach(lc, row_subjects)
	{
		PvextRowSubject *row_subject = lfirst(lc);
		PvextArgs	args = {0};

		owned[row_subject->row] = true;
		if (nulls[row_subject->row] || dirty[row_subject->row])
			continue;
		pvext_arg(&args, BYTEAOID,
				  PointerGetDatum(pvext_subject_digest(row_subject->subject->id, row_subject->key)), false);
		pvext_arg_int4(&args, taking->due->rows.table->id);
		pvext_arg_name(&args, column->name);
		pvext_arg(&args, BYTEAOID, digests[row_subject->row], false);
		{
			static PvextStatement find = {
				"SELECT FROM pv.redaction WHERE subject_digest = $1 AND relation_id = $2"
				" AND column_name = $3 AND digest = $4", NULL
			};

			dirty[row_subject->row] = pvext_own_kept(&find, &args) == 0;
		}
	}
	for (int i = 0; i < n; i++)
		if (!nulls[i] && !owned[i])
			dirty[i] = true;
}

/* Spare the rows of which nothing is left but texts that are known to be clean. */
static void
spare_clean(PvextTaking *taking, SPITupleTable *rows, PvextExamined *examined)
{
	int			n = examined->n;
	bool	   *dirty = palloc(sizeof(bool) * Max(n, 1));
	Datum	   *digests = palloc(sizeof(Datum) * Max(n, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(n, 1));
	int			column = 4;
	ListCell   *lc;

	for (int i = 0; i < n; i++)
	{
		bool		isnull;

		dirty[i] = DatumGetBool(SPI_getbinval(rows->vals[i], rows->tupdesc, 3, &isnull));
	}
	foreach(lc, taking->due->texts)
	{
		for (int i = 0; i < n; i++)
			digests[i] = SPI_getbinval(rows->vals[i], rows->tupdesc, column, &nulls[i]);
		find_clean_texts(taking, lfirst(lc), digests, nulls, examined->row_subjects, dirty, n);
		column++;
	}
	for (int i = 0; i < n; i++)
		examined->fates[i].clean = !dirty[i];
}

/*
 * Look at the rows at some places: which are due, and which of them stay since
 * their subjects are held or blocked or, when they are to be taken, locked by somebody.
 * When they are to be taken, the subjects of the others are locked from then on.  In the
 * current context; between pvext_enter() and pvext_leave(), under pvext_with_map().
 */
void
pvext_examine(PvextTaking *taking, ItemPointerData *tids, int n, PvextExamined *examined)
{
	SPITupleTable *rows;

	pvext_set_places(taking, tids, n);
	examined->n = (int) pvext_run_step(taking->examine, false);
	rows = SPI_tuptable;
	examined->tids = palloc(sizeof(ItemPointerData) * Max(examined->n, 1));
	examined->until = palloc(sizeof(TimestampTz) * Max(examined->n, 1));
	examined->keys = palloc(sizeof(char *) * Max(examined->n, 1));
	examined->fates = palloc0(sizeof(PvextFate) * Max(examined->n, 1));
	for (int i = 0; i < examined->n; i++)
	{
		bool		isnull;

		examined->tids[i] = *(ItemPointer) DatumGetPointer(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));
		examined->until[i] = DatumGetTimestampTz(SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &isnull));
		examined->keys[i] = taking->logged ?
			SPI_getvalue(rows->vals[i], rows->tupdesc, taking->whose - 1) : NULL;
	}
	examined->row_subjects = pvext_find_row_subjects(&taking->due->rows, rows, examined->n, taking->whose);
	if (taking->due->texts != NIL)
		spare_clean(taking, rows, examined);
	pvext_judge_subjects(taking->map, taking->due, examined->row_subjects, taking->lock,
					   examined->fates);
}

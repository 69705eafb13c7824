/*
 * due_count.c
 *		How much is due by a retention rule, and what holds some of it.
 *
 * It is counted by the conditions that the purge goes by. Where no subject is held and
 * none can be blocked, that is one query a rule; else each row is looked at, as the
 * purge looks at it, but without a lock.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/foreign_rows.h"
#include "base/guc.h"
#include "base/result.h"
#include "base/time_limit.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "code/failed_code.h"
#include "duty/failure.h"
#include "purge/due_count.h"
#include "purge/prepare.h"
#include "purge/scan.h"
#include "rule/hold.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Rows that are looked at together, and places that are kept for that. */
#define BATCH 5000
#define MAX_PLACES 5000000

/* May a row that is due be held, or turn out to be clean? */
static bool
must_look(PvextDueCount *count)
{
	ListCell   *lc;

	foreach(lc, count->dues)
		if (((PvextDue *) lfirst(lc))->texts != NIL)
			return true;
	foreach(lc, count->map->tables)
	{
		PvextTable *table = lfirst(lc);

		if (table->is_subject && (table->blockers != NIL || pvext_any_hold(table->id)))
			return true;
	}
	return false;
}

/* One query: a row that is due for several reasons counts once. */
static void
count_rows(PvextDueCount *count)
{
	PvextSql	sql;
	PvextArgs	args = {0};
	bool		single = list_length(count->dues) == 1;
	bool		isnull;
	Datum		oldest;
	ListCell   *lc;

	pvext_sql_init(&sql);
	appendStringInfoString(&sql.text, "SELECT count(*), min(LEAST(NULL");
	foreach(lc, count->dues)
	{
		PvextDue   *due = lfirst(lc);

		pvext_set_cutoffs(due);
		appendStringInfoString(&sql.text, ", CASE WHEN ");
		pvext_append_due(&sql, due, false);
		appendStringInfo(&sql.text, " THEN %s END", due->until);
	}
	appendStringInfo(&sql.text, ")) FROM %s AS r WHERE ", count->table->sql_name);
	foreach(lc, count->dues)
	{
		appendStringInfoString(&sql.text, lc == list_head(count->dues) ? "(" : " OR (");
		pvext_append_due(&sql, lfirst(lc), single);
		appendStringInfoChar(&sql.text, ')');
	}
	foreach(lc, sql.params)
	{
		PvextParam *param = lfirst(lc);

		pvext_arg(&args, param->type, param->value, param->isnull);
	}
	(void) pvext_run(count->table->owner, sql.text.data, &args);
	count->rows = pvext_int(0, 1);
	oldest = pvext_datum(0, 2, &isnull);
	if (!isnull)
		count->oldest = DatumGetTimestampTz(oldest);
	SPI_freetuptable(SPI_tuptable);
}

/* Are they the same? */
static bool
same_reasons(List *a, List *b)
{
	return pvext_same_names(a, b);
}

/* A row that is due and held. */
static void
add_held(PvextDueCount *count, List *reasons, TimestampTz until, MemoryContext context)
{
	MemoryContext old;
	PvextHeld	   *held = NULL;
	ListCell   *lc;

	foreach(lc, count->held)
		if (same_reasons(((PvextHeld *) lfirst(lc))->reasons, reasons))
			held = lfirst(lc);
	if (held == NULL)
	{
		old = MemoryContextSwitchTo(context);
		held = palloc(sizeof(PvextHeld));
		held->rows = 0;
		held->oldest = DT_NOEND;
		held->reasons = NIL;
		foreach(lc, reasons)
			held->reasons = lappend(held->reasons, pstrdup(lfirst(lc)));
		count->held = lappend(count->held, held);
		MemoryContextSwitchTo(old);
	}
	held->rows++;
	held->oldest = Min(held->oldest, until);
}

/* The names of one list, and of another that are not in it. */
static List *
add_names(List *names, List *more)
{
	ListCell   *lc;

	foreach(lc, more)
		if (!pvext_has_name(names, lfirst(lc)))
			names = lappend(names, lfirst(lc));
	return names;
}

/* A row that was looked at. */
typedef struct Look
{
	ItemPointerData tid;
	TimestampTz until;
	List	   *reasons;		/* what holds it */
} Look;

typedef struct Looks
{
	MemoryContext context;
	Look	   *looks;
	int			n;
	int			size;
} Looks;

/* Note a row that was looked at, in the context of the looks: the row's own is reset. */
static void
add_look(Looks *looks, ItemPointer tid, TimestampTz until, List *reasons)
{
	MemoryContext old = MemoryContextSwitchTo(looks->context);
	Look	   *look;
	ListCell   *lc;

	if (looks->n == looks->size)
	{
		looks->size = Max(looks->size * 2, 1024);
		looks->looks = looks->looks ?
			repalloc_huge(looks->looks, sizeof(Look) * looks->size) :
			MemoryContextAllocHuge(looks->context, sizeof(Look) * looks->size);
	}
	look = &looks->looks[looks->n++];
	look->tid = *tid;
	look->until = until;
	look->reasons = NIL;
	foreach(lc, reasons)
		look->reasons = lappend(look->reasons, pstrdup(lfirst(lc)));
	MemoryContextSwitchTo(old);
}

/* Look at so many rows. */
static void
look_at(PvextTaking *taking, ItemPointerData *tids, int n, Looks *looks)
{
	PvextExamined	examined;

	pvext_examine(taking, tids, n, &examined);
	for (int i = 0; i < examined.n; i++)
		if (!examined.fates[i].clean)
			add_look(looks, &examined.tids[i], examined.until[i], examined.fates[i].reasons);
}

/* Look at every row that is due in a relation. */
static void
look_at_rows(PvextDueCount *count, PvextDue *due, Oid relid, Looks *looks)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pvext taking",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext batch = AllocSetContextCreate(context, "pvext rows", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	PvextTaking *taking = pvext_begin_taking(count->map, due, relid, false);
	PvextPlaces places = {context};
	ItemPointerData last;
	bool		more = true;

	ItemPointerSetInvalid(&last);
	while (more)
	{
		more = pvext_find_places(taking, &places, MAX_PLACES,
								 ItemPointerIsValid(&last) ? &last : NULL, false);
		MemoryContextSwitchTo(batch);
		for (int i = 0; i < places.n; i += BATCH)
		{
			look_at(taking, places.tids + i, Min(BATCH, places.n - i), looks);
			MemoryContextReset(batch);
		}
		MemoryContextSwitchTo(context);
		if (places.n > 0)
			last = places.tids[places.n - 1];
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* For qsort(). */
static int
compare_looks(const void *a, const void *b)
{
	return ItemPointerCompare(&((Look *) unconstify(void *, a))->tid,
							  &((Look *) unconstify(void *, b))->tid);
}

/*
 * Count the rows of a relation, each once: one that is due for several reasons is held
 * where each is.
 */
static void
count_looks(PvextDueCount *count, Looks *looks, MemoryContext context)
{
	int			i = 0;

	if (looks->n > 0)
		qsort(looks->looks, looks->n, sizeof(Look), compare_looks);
	while (i < looks->n)
	{
		Look		row = looks->looks[i++];

		for (; i < looks->n && ItemPointerEquals(&looks->looks[i].tid, &row.tid); i++)
		{
			Look	   *other = &looks->looks[i];
			bool		held = row.reasons != NIL;

			if (held == (other->reasons != NIL))
				row.until = Min(row.until, other->until);
			else if (held)
				row.until = other->until;
			row.reasons = held && other->reasons ?
				add_names(row.reasons, other->reasons) : NIL;
		}
		if (row.reasons != NIL)
		{
			add_held(count, row.reasons, row.until, context);
			continue;
		}
		count->rows++;
		count->oldest = Min(count->oldest, row.until);
	}
}

/* Look at every row that is due by the rule. */
static void
look_at_all(PvextDueCount *count)
{
	MemoryContext context = CurrentMemoryContext;
	ListCell   *lc;
	ListCell   *cell;

	pvext_check_rows_here(count->table->relid);
	foreach(lc, find_all_inheritors(count->table->relid, AccessShareLock, NULL))
	{
		Looks		looks = {AllocSetContextCreate(context, "pvext looks", ALLOCSET_DEFAULT_SIZES)};

		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_RELATION)
			foreach(cell, count->dues)
				look_at_rows(count, lfirst(cell), lfirst_oid(lc), &looks);
		count_looks(count, &looks, context);
		MemoryContextDelete(looks.context);
	}
}

/* For pvext_catch_in_time(): a lock that is not had is something to say of the rule. */
static void
count_due(void *arg)
{
	PvextDueCount *count = arg;
	PvextRule  *rule = count->rule;
	ListCell   *lc;

	count->dues = NIL;
	foreach(lc, pvext_dues(count->map, count->table, rule->active ? NULL : rule))
		if (((PvextDue *) lfirst(lc))->rule == rule)
			count->dues = lappend(count->dues, lfirst(lc));
	if (count->dues == NIL)
		return;
	foreach(lc, count->dues)
		pvext_complete_due(count->map, lfirst(lc));
	pvext_lock_table(count->table, AccessShareLock);
	pvext_check_children(count->table->relid);
	if (!must_look(count))
		count_rows(count);
	else
		look_at_all(count);
	foreach(lc, count->dues)
		if (count->index == NULL)
			count->index = pvext_missing_index(lfirst(lc));
}

/*
 * Count what is due by a rule, or would be if it were active; limited is for when there
 * are others to be counted, too.
 */
void
pvext_count_due(PvextMap *map, PvextTable *table, PvextRule *rule, bool limited, PvextDueCount *count)
{
	memset(count, 0, sizeof(PvextDueCount));
	count->map = map;
	count->table = table;
	count->rule = rule;
	count->oldest = DT_NOEND;
	if (limited)
		count->error = pvext_known_timeout("purge", table->id, rule->name);
	if (count->error == NULL)
		count->error = pvext_catch_in_time(count_due, count, limited ? pvext_step_timeout : 0, false);
	if (count->error)
		pvext_forget_values(count->error);
}

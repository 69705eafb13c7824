/*
 * due_count.c
 *		How much is due by a retention rule, and what holds some of it.
 *
 * It is counted by the conditions that the purge goes by.  Where no subject is held and
 * none can be blocked, that is one query a rule, and mostly so is what blockers keep
 * (due_query.c); else each row is looked at, as the purge looks at it, but without a lock.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/catch.h"
#include "base/foreign_rows.h"
#include "base/guc.h"
#include "base/own_statement.h"
#include "base/result.h"
#include "base/time_limit.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "code/failed_code.h"
#include "duty/failure.h"
#include "purge/due_count.h"
#include "purge/due_query.h"
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

/* The values that a statement takes. */
static void
add_args(PvextArgs *args, PvextSql *sql)
{
	ListCell   *lc;

	foreach(lc, sql->params)
	{
		PvextParam *param = lfirst(lc);

		pvext_arg(args, param->type, param->value, param->isnull);
	}
}

/* One query: a row that is due for several reasons counts once. */
static void
count_rows(PvextDueCount *count)
{
	PvextSql	sql;
	PvextArgs	args = {0};
	bool		isnull;
	Datum		oldest;
	ListCell   *lc;

	pvext_sql_init(&sql);
	appendStringInfoString(&sql.text, "SELECT count(*), min(LEAST(NULL");
	foreach(lc, count->dues)
	{
		appendStringInfoString(&sql.text, ", CASE WHEN ");
		pvext_append_due(&sql, lfirst(lc), false);
		appendStringInfo(&sql.text, " THEN %s END", ((PvextDue *) lfirst(lc))->until);
	}
	appendStringInfo(&sql.text, ")) FROM %s AS r WHERE ", count->table->sql_name);
	pvext_append_any_due(&sql, count->dues);
	add_args(&args, &sql);
	(void) pvext_run(count->table->owner, sql.text.data, &args);
	count->rows = pvext_int(0, 1);
	oldest = pvext_datum(0, 2, &isnull);
	if (!isnull)
		count->oldest = DatumGetTimestampTz(oldest);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Is anything due?  By the plan that finds all of it, of which but the first row is fetched: one
 * for a row alone may read the whole table before it.
 */
static bool
is_any_due(PvextDueCount *count)
{
	MemoryContext caller = CurrentMemoryContext;
	PvextSql	sql;
	PvextArgs	args = {0};
	PvextUser	back;
	SPIPlanPtr	plan;
	Portal		portal;
	bool		any;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT FROM %s AS r WHERE ", count->table->sql_name);
	pvext_append_any_due(&sql, count->dues);
	add_args(&args, &sql);
	pvext_switch_user(count->table->owner, &back);
	plan = SPI_prepare(sql.text.data, args.n, args.types);
	if (plan == NULL)
		elog(ERROR, "could not prepare statement: %s", SPI_result_code_string(SPI_result));
	portal = pvext_open_own(plan, &args);
	SPI_cursor_fetch(portal, true, 1);
	any = SPI_processed > 0;
	SPI_freetuptable(SPI_tuptable);
	SPI_cursor_close(portal);
	SPI_freeplan(plan);
	pvext_restore_user(&back);
	MemoryContextSwitchTo(caller);
	return any;
}

/* Are they the same? */
static bool
same_reasons(List *a, List *b)
{
	return pvext_same_names(a, b);
}

/* The number of a hold, of which a reason begins with "hold 12: "; 0: it is none. */
static long
hold_number(const char *reason)
{
	return strncmp(reason, "hold ", 5) == 0 ? strtol(reason + 5, NULL, 10) : 0;
}

/* For list_sort(): holds first, by their numbers, then blockers by their names. */
static int
compare_reasons(const ListCell *a, const ListCell *b)
{
	const char *x = lfirst(a);
	const char *y = lfirst(b);
	long		m = hold_number(x);
	long		n = hold_number(y);

	if (m != n && m > 0 && n > 0)
		return m < n ? -1 : 1;
	if ((m > 0) != (n > 0))
		return m > 0 ? -1 : 1;
	return strcmp(x, y);
}

/* Rows that are due and held. */
static void
add_held(PvextDueCount *count, List *reasons, int64 rows, TimestampTz until, MemoryContext context)
{
	MemoryContext old;
	PvextHeld  *held = NULL;
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
		list_sort(held->reasons, compare_reasons);
		count->held = lappend(count->held, held);
		MemoryContextSwitchTo(old);
	}
	held->rows += rows;
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
	foreach(lc, reasons)		/* of several persons they may be the same */
		if (!pvext_has_name(look->reasons, lfirst(lc)))
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

/* Find rows that are to be looked at: those of which a query cannot tell or, without one, all that are due. */
static bool
find_rows(PvextTaking *taking, PvextDueQuery *query, PvextPlaces *places, ItemPointer after)
{
	List	   *params;
	char	   *sql;

	if (query == NULL)
		return pvext_find_places(taking, places, MAX_PLACES, after, false);
	sql = pvext_unsure_sql(query, taking->leaf->sql_name, &params);
	return pvext_find_places_by(taking, sql, params, places, MAX_PLACES, after);
}

/* Look at every row that is due in a relation or, with a query, at those of which it cannot tell. */
static void
look_at_rows(PvextDueCount *count, PvextDue *due, PvextDueQuery *query, Oid relid, Looks *looks)
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
		more = find_rows(taking, query, &places, ItemPointerIsValid(&last) ? &last : NULL);
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
			add_held(count, row.reasons, 1, row.until, context);
			continue;
		}
		count->rows++;
		count->oldest = Min(count->oldest, row.until);
	}
}

/* Look at every row that is due by the rule or, with a query, at those of which it cannot tell. */
static void
look_at_all(PvextDueCount *count, PvextDueQuery *query)
{
	MemoryContext context = CurrentMemoryContext;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, find_all_inheritors(count->table->relid, AccessShareLock, NULL))
	{
		Looks		looks = {AllocSetContextCreate(context, "pvext looks", ALLOCSET_DEFAULT_SIZES)};

		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_RELATION)
			foreach(cell, count->dues)
				look_at_rows(count, lfirst(cell), query, lfirst_oid(lc), &looks);
		count_looks(count, &looks, context);
		MemoryContextDelete(looks.context);
	}
}

/* Asking a query first. */
typedef struct Asking
{
	PvextDueCount *count;
	MemoryContext context;
	bool		told;
} Asking;

/* For pvext_try(). */
static void
ask(void *arg)
{
	Asking	   *asking = arg;
	PvextDueCount *count = asking->count;
	PvextDueQuery *query = pvext_due_query(count->map, count->table, count->dues);
	ListCell   *lc;

	if (query == NULL)
		return;
	pvext_ask_due(query);
	foreach(lc, query->groups)
	{
		PvextDueRows *group = lfirst(lc);

		if (group->reasons != NIL)
		{
			add_held(count, group->reasons, group->rows, group->oldest, asking->context);
			continue;
		}
		count->rows += group->rows;
		count->oldest = Min(count->oldest, group->oldest);
	}
	if (query->unsure)
		look_at_all(count, query);
	asking->told = true;
}

/* Count what is due, and held, by a query as far as it can tell.  False where it cannot. */
static bool
ask_query(PvextDueCount *count)
{
	Asking		asking = {count, CurrentMemoryContext, false};

	if (pvext_try(ask, &asking) == NULL)
		return asking.told;
	count->rows = 0;
	count->oldest = DT_NOEND;
	count->held = NIL;
	return false;
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
	{
		pvext_check_rows_here(count->table->relid);
		if (is_any_due(count) && !ask_query(count))
			look_at_all(count, NULL);
	}
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

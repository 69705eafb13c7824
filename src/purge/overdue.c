/*
 * overdue.c
 *		What is due and still there: pv.overdue, pv.preview_purge(), and activating rules.
 *
 * It is counted by the conditions that the purge goes by. Where no subject is held and
 * none can be blocked, that is one query a rule; else each row is looked at, as the
 * purge looks at it, but without a lock.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/foreign_rows.h"
#include "base/guc.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/time_limit.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "code/failed_code.h"
#include "duty/failure.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "purge/prepare.h"
#include "purge/scan.h"
#include "rule/hold.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* Rows that are looked at together, and places that are kept for that. */
#define BATCH 5000
#define MAX_PLACES 5000000

/* How long a locked table is waited for, in ms: it does not keep the others from being shown. */
#define MAX_LOCK_WAIT 1000

/* Rows that something holds. */
typedef struct Held
{
	List	   *reasons;		/* C strings */
	int64		rows;
	TimestampTz oldest;
} Held;

/* What is due by one rule. */
typedef struct Count
{
	PvextMap   *map;
	PvextTable *table;
	PvextRule  *rule;
	List	   *dues;			/* PvextDue */
	int64		rows;			/* that nothing holds */
	TimestampTz oldest;			/* DT_NOEND: none */
	List	   *held;			/* Held */
	char	   *index;			/* the CREATE INDEX that is missing, or NULL */
	ErrorData  *error;
} Count;

PG_FUNCTION_INFO_V1(pvext_find_overdue);
PG_FUNCTION_INFO_V1(pvext_preview_purge);
PG_FUNCTION_INFO_V1(pvext_activate_retention);

/*
 * Counting
 */

/* May a row that is due be held, or turn out to be clean? */
static bool
must_look(Count *count)
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
count_rows(Count *count)
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
add_held(Count *count, List *reasons, TimestampTz until, MemoryContext context)
{
	MemoryContext old;
	Held	   *held = NULL;
	ListCell   *lc;

	foreach(lc, count->held)
		if (same_reasons(((Held *) lfirst(lc))->reasons, reasons))
			held = lfirst(lc);
	if (held == NULL)
	{
		old = MemoryContextSwitchTo(context);
		held = palloc(sizeof(Held));
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
look_at_rows(Count *count, PvextDue *due, Oid relid, Looks *looks)
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
count_looks(Count *count, Looks *looks, MemoryContext context)
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
look_at_all(Count *count)
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
	Count	   *count = arg;
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
static void
count_rule(PvextMap *map, PvextTable *table, PvextRule *rule, bool limited, Count *count)
{
	memset(count, 0, sizeof(Count));
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

/*
 * Showing it
 */

/* Call each for what is due by each rule. */
typedef struct Listing
{
	ReturnSetInfo *result;
	bool		proposed;		/* by those that are only proposed, too */
	void		(*show) (Count *count, ReturnSetInfo *result);
} Listing;

/* May the caller see what is due of a table?  Its owner, and whoever sees the record of runs. */
static bool
may_see(PvextTable *table)
{
	return pvext_owns_relation(table->relid, GetUserId()) ||
		pg_class_aclcheck(pvext_own_relation("run_log"), GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/* For pvext_with_map(): show each rule that the caller may see. */
static void
list_rules(PvextMap *map, void *arg)
{
	Listing    *listing = arg;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->rules)
		{
			PvextRule  *rule = lfirst(cell);
			Count		count;

			if ((!rule->active && !listing->proposed) || !may_see(lfirst(lc)))
				continue;
			count_rule(map, lfirst(lc), rule, true, &count);
			listing->show(&count, listing->result);
			CHECK_FOR_INTERRUPTS();
		}
}

/* What there is to say of a rule besides numbers; NULL where nothing. */
static char *
hint_of(Count *count)
{
	if (count->error)
		return psprintf("cannot be decided: %s", count->error->message);
	return count->index;
}

/* A row of pv.overdue. */
static void
put_overdue(Count *count, ReturnSetInfo *result, int64 rows, TimestampTz oldest, List *reasons)
{
	Datum		values[7];
	bool		nulls[7] = {false};
	char	   *hint = hint_of(count);

	values[0] = ObjectIdGetDatum(count->table->relid);
	values[1] = CStringGetTextDatum(count->rule->name);
	values[2] = CStringGetTextDatum(count->rule->removes ? "delete" : "anonymise");
	values[3] = Int64GetDatum(rows);
	nulls[3] = count->error != NULL;
	values[4] = TimestampTzGetDatum(oldest);
	nulls[4] = oldest == DT_NOEND;
	values[5] = pvext_text_array(reasons);
	nulls[5] = reasons == NIL;
	values[6] = hint ? CStringGetTextDatum(hint) : (Datum) 0;
	nulls[6] = hint == NULL;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* What is due by a rule: what nothing holds, and what something does, by the reasons. */
static void
show_overdue(Count *count, ReturnSetInfo *result)
{
	ListCell   *lc;

	if (count->rows > 0 || count->error)
		put_overdue(count, result, count->rows, count->oldest, NIL);
	foreach(lc, count->held)
	{
		Held	   *held = lfirst(lc);

		put_overdue(count, result, held->rows, held->oldest, held->reasons);
	}
}

/* A row of pv.preview_purge(). */
static void
show_preview(Count *count, ReturnSetInfo *result)
{
	Datum		values[8];
	bool		nulls[8] = {false};
	char	   *hint = hint_of(count);
	int64		held = 0;
	ListCell   *lc;

	foreach(lc, count->held)
		held += ((Held *) lfirst(lc))->rows;
	values[0] = ObjectIdGetDatum(count->table->relid);
	values[1] = CStringGetTextDatum(count->rule->name);
	values[2] = CStringGetTextDatum(count->rule->active ? "active" : "proposed");
	values[3] = CStringGetTextDatum(count->rule->removes ? "delete" : "anonymise");
	values[4] = Int64GetDatum(count->rows);
	values[5] = Int64GetDatum(held);
	nulls[4] = nulls[5] = count->error != NULL;
	values[6] = TimestampTzGetDatum(count->oldest);
	nulls[6] = count->oldest == DT_NOEND;
	values[7] = hint ? CStringGetTextDatum(hint) : (Datum) 0;
	nulls[7] = hint == NULL;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Show rules, one row after the other.  A table that somebody has locked is waited for
 * but shortly, and shown as one that cannot be counted.
 */
static Datum
list(FunctionCallInfo fcinfo, bool proposed, void (*show) (Count *, ReturnSetInfo *))
{
	Listing		listing = {(ReturnSetInfo *) fcinfo->resultinfo, proposed, show};
	PvextScope	scope;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	if (pvext_lock_timeout == 0 && (LockTimeout == 0 || LockTimeout > MAX_LOCK_WAIT))
		(void) set_config_option("lock_timeout", psprintf("%d", MAX_LOCK_WAIT), PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	pvext_with_map(list_rules, &listing);
	pvext_leave(&scope);
	return (Datum) 0;
}

/* What pv.overdue shows. */
Datum
pvext_find_overdue(PG_FUNCTION_ARGS)
{
	return list(fcinfo, false, show_overdue);
}

/* pv.preview_purge(): what each rule makes due now, active or only proposed. */
Datum
pvext_preview_purge(PG_FUNCTION_ARGS)
{
	return list(fcinfo, true, show_preview);
}

/*
 * Activating
 */

typedef struct Activation
{
	Oid			relid;
	char	   *name;
	int64		rows;
	int32		relation_id;
} Activation;

/*
 * For pvext_with_map(): how many rows are due by the rule; raises where they cannot be
 * counted.
 */
static void
count_for_activation(PvextMap *map, void *arg)
{
	Activation *activation = arg;
	PvextTable *table = pvext_map_table(map, activation->relid);
	PvextRule  *rule = NULL;
	Count		count;
	ListCell   *lc;

	if (table)
		foreach(lc, table->rules)
			if (strcmp(((PvextRule *) lfirst(lc))->name, activation->name) == 0)
				rule = lfirst(lc);
	if (rule == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("retention rule \"%s\" of %s is not declared", activation->name,
						pvext_relation_name(activation->relid)),
				 errhint("The view pv.retention shows what is.")));
	count_rule(map, table, rule, false, &count);
	if (count.error)
		ReThrowError(count.error);
	activation->rows = count.rows;
	activation->relation_id = table->id;
}

/*
 * pv.activate_retention(relation, name, expected_rows): let a rule be purged by, if as
 * many rows are due as expected.
 */
Datum
pvext_activate_retention(PG_FUNCTION_ARGS)
{
	Activation	activation = {0};
	int64		expected;
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_require_arg(fcinfo, 0, "relation");
	pvext_require_arg(fcinfo, 2, "expected_rows");
	activation.relid = PG_GETARG_OID(0);
	activation.name = pvext_required_text(fcinfo, 1, "name");
	expected = PG_GETARG_INT64(2);
	pvext_check_owner(activation.relid);
	pvext_enter(&scope);
	pvext_with_map(count_for_activation, &activation);
	if (activation.rows != expected)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg_plural("retention rule \"%s\" would purge %lld row, not %lld",
							   "retention rule \"%s\" would purge %lld rows, not %lld",
							   (unsigned long) activation.rows, activation.name,
							   (long long) activation.rows, (long long) expected),
				 errdetail("The rule has not been activated."),
				 errhint("pv.preview_purge() shows how many rows are due. Look at them, and pass their number.")));
	pvext_arg_int4(&args, activation.relation_id);
	pvext_arg_text(&args, activation.name);
	(void) pvext_own("UPDATE pv.declared_retention SET state = 'active'"
					 " WHERE relation_id = $1 AND name = $2", &args);
	pvext_arg(&args, INT8OID, Int64GetDatum(-expected), false);
	if (expected > 0)			/* expected is not more than the limit allows */
		(void) pvext_own("INSERT INTO pv.purge_count AS c (relation_id, name, at, rows)"
						 " VALUES ($1, $2, now(), $3) ON CONFLICT (relation_id, name, at)"
						 " DO UPDATE SET rows = c.rows + excluded.rows", &args);
	pvext_record_event(psprintf("activate_retention(%s, %s)", pvext_relation_name(activation.relid),
								activation.name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

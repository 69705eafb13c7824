/*
 * overdue.c
 *		What is due and still there: pv.overdue, pv.preview_purge(), and activating rules.
 *
 * How much that is, and what is held, is counted by due_count.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/guc.h"
#include "base/relation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "purge/due_count.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* How long a locked table is waited for, in ms: it does not keep the others from being shown. */
#define MAX_LOCK_WAIT 1000

PG_FUNCTION_INFO_V1(pvext_find_overdue);
PG_FUNCTION_INFO_V1(pvext_preview_purge);
PG_FUNCTION_INFO_V1(pvext_activate_retention);

/*
 * Showing it
 */

/* Call each for what is due by each rule. */
typedef struct Listing
{
	ReturnSetInfo *result;
	bool		proposed;		/* by those that are only proposed, too */
	void		(*show) (PvextDueCount *count, ReturnSetInfo *result);
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
			PvextDueCount count;

			if ((!rule->active && !listing->proposed) || !may_see(lfirst(lc)))
				continue;
			pvext_count_due(map, lfirst(lc), rule, true, &count);
			listing->show(&count, listing->result);
			CHECK_FOR_INTERRUPTS();
		}
}

/* What there is to say of a rule besides numbers; NULL where nothing. */
static char *
hint_of(PvextDueCount *count)
{
	if (count->error)
		return psprintf("cannot be decided: %s", count->error->message);
	return count->index;
}

/* A row of pv.overdue. */
static void
put_overdue(PvextDueCount *count, ReturnSetInfo *result, int64 rows, TimestampTz oldest, List *reasons)
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
show_overdue(PvextDueCount *count, ReturnSetInfo *result)
{
	ListCell   *lc;

	if (count->rows > 0 || count->error)
		put_overdue(count, result, count->rows, count->oldest, NIL);
	foreach(lc, count->held)
	{
		PvextHeld	   *held = lfirst(lc);

		put_overdue(count, result, held->rows, held->oldest, held->reasons);
	}
}

/* A row of pv.preview_purge(). */
static void
show_preview(PvextDueCount *count, ReturnSetInfo *result)
{
	Datum		values[8];
	bool		nulls[8] = {false};
	char	   *hint = hint_of(count);
	int64		held = 0;
	ListCell   *lc;

	foreach(lc, count->held)
		held += ((PvextHeld *) lfirst(lc))->rows;
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
list(FunctionCallInfo fcinfo, bool proposed, void (*show) (PvextDueCount *, ReturnSetInfo *))
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
	PvextDueCount count;
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
	pvext_count_due(map, table, rule, false, &count);
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

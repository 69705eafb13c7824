/*
 * preview.c
 *		What an erasure would do, and what one has left.
 *
 * Both read with the very plan that an erasure runs by, without its locks, and
 * change nothing.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "audit/unreadable.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/ending.h"
#include "erase/everywhere.h"
#include "erase/ledger.h"
#include "erase/missing_subject.h"
#include "erase/preview.h"
#include "erase/verdict.h"
#include "execution/held_others.h"
#include "execution/redacted_text.h"
#include "execution/step.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/key.h"
#include "miscadmin.h"
#include "plan/planner.h"
#include "rule/rule.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(pvext_preview_erasure);
PG_FUNCTION_INFO_V1(pvext_verify_subject);
PG_FUNCTION_INFO_V1(pvext_verify_erasure);

/* Rows of one column, by what the verdict is on them. */
typedef struct Counts
{
	int64		due;
	int64		retained;
	int64		others;			/* of those retained, by holds on others */
	TimestampTz until;
} Counts;

/* Run a preview step: it counts what is there by now, without a lock. */
static void
count_rows(PvextStep *step, Counts *counts)
{
	bool		isnull;
	Datum		until;

	(void) pvext_run_step(step, false);
	counts->due = pvext_int(0, 1);
	counts->retained = pvext_int(0, 2);
	until = pvext_datum(0, 3, &isnull);
	counts->others = pvext_int(0, 4);
	counts->until = isnull ? DT_NOBEGIN : DatumGetTimestampTz(until);
}

/* Turn the plan to one subject's rows, as they are now. */
static void
look_at(PvextPlan *plan, PvextRow *row, const bytea *digest)
{
	PvextRequest request;

	pvext_set_rows(plan, list_make1(row));
	pvext_forget_slots(plan);
	pvext_collect(plan, false, false, false);
	pvext_read_others(plan);
	pvext_find_request(plan->subject, digest, &request);
	pvext_prepare_redaction(plan, digest, row->gone || (request.exists && request.executed));
	pvext_find_references(plan, false);
}

/* Say which rows: the first three columns; column is NULL for rows that go. */
static void
set_rows(Datum *values, bool *nulls, Name name, Oid relid, const char *column, int64 rows)
{
	memset(name, 0, sizeof(NameData));
	if (column)
		namestrcpy(name, column);
	values[0] = ObjectIdGetDatum(relid);
	values[1] = NameGetDatum(name);
	nulls[1] = column == NULL;
	values[2] = Int64GetDatum(rows);
}

/* One row of the preview, unless it is about no rows. */
static void
put_preview(FunctionCallInfo fcinfo, Oid relid, const char *column, int64 rows,
			const char *strategy, const char *verdict, TimestampTz until,
			const char *basis)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[7];
	bool		nulls[7] = {false};
	NameData	name;

	if (rows == 0)
		return;
	set_rows(values, nulls, &name, relid, column, rows);
	values[3] = CStringGetTextDatum(strategy);
	values[4] = CStringGetTextDatum(verdict);
	values[5] = TimestampTzGetDatum(until);
	nulls[5] = until == DT_NOBEGIN;
	values[6] = basis ? CStringGetTextDatum(basis) : (Datum) 0;
	nulls[6] = basis == NULL;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* What may be said of rows: why they are due, blocked or retained. */
typedef struct Reasons
{
	const char *due;
	const char *blocked;		/* NULL where they aren't */
	const char *retained;
	const char *others;
} Reasons;

/* A row for each verdict on a column: what is due, retained, and kept for others. */
static void
put_verdicts(FunctionCallInfo fcinfo, Oid relid, const char *column, Counts *counts,
			 const char *strategy, Reasons *why)
{
	if (why->blocked)
	{
		put_preview(fcinfo, relid, column, counts->due + counts->retained, strategy,
					"blocked", DT_NOBEGIN, why->blocked);
		return;
	}
	put_preview(fcinfo, relid, column, counts->due, strategy, "erase", DT_NOBEGIN, why->due);
	put_preview(fcinfo, relid, column, counts->retained - counts->others, strategy, "retain",
				counts->until, why->retained);
	put_preview(fcinfo, relid, column, counts->others, strategy, why->others ? "blocked" : "retain", DT_NOBEGIN,
				why->others ? why->others : "what it refers to is kept");
}

/* Texts as one, for people. */
static char *
join_texts(List *texts)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, texts)
		appendStringInfo(&buf, "%s%s", buf.len ? "; " : "", (char *) lfirst(lc));
	return buf.data;
}

/* What the functions below are called with. */
typedef struct Call
{
	FunctionCallInfo fcinfo;
	Oid			relid;
	char	   *key;			/* or NULL: */
	bytea	   *digest;
	bool		everywhere;		/* also where the map does not know it */
} Call;

/* The verdict on each column of a subject. */
static void
put_columns(FunctionCallInfo fcinfo, PvextPlan *plan, const char *key,
			PvextVerdict *verdict)
{
	List	   *in_force;
	List	   *ended = pvext_ended_purposes(plan->subject, key, &in_force);
	ListCell   *lc;
	int			i = 0;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		Reasons		why = {pvext_consent_due(target->column, ended, in_force)};
		Counts		counts;

		if (verdict->blocked && verdict->blocked[i] == '1')
			why.blocked = join_texts(verdict->reasons);
		why.others = verdict->others ? join_texts(verdict->others) : NULL;
		why.retained = target->basis;
		count_rows(target->preview, &counts);
		put_verdicts(fcinfo, target->table->relid, target->column->name, &counts,
					 pvext_strategy_name(target->column->strategy.kind), &why);
		i++;
	}
}

/* The verdict on each table whose rows are deleted. */
static void
put_removals(FunctionCallInfo fcinfo, PvextPlan *plan, const char *key, PvextVerdict *verdict)
{
	List	   *in_force;
	List	   *ended = pvext_ended_purposes(plan->subject, key, &in_force);
	ListCell   *lc;
	int			i = list_length(plan->targets);

	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);
		List	   *links = pvext_links_that_delete(removal->table, plan->subject);
		Reasons		why = {pvext_rows_consent_due(removal->table, links, ended, in_force)};
		Counts		counts;

		if (verdict->blocked && verdict->blocked[i] == '1')
			why.blocked = join_texts(verdict->reasons);
		why.others = verdict->others ? join_texts(verdict->others) : NULL;
		why.retained = removal->basis;
		count_rows(removal->preview, &counts);
		put_verdicts(fcinfo, removal->table->relid, NULL, &counts, "delete", &why);
		i++;
	}
}

/* The verdict on what names the subject in the ledgers of consents and agreements. */
static void
put_traces(FunctionCallInfo fcinfo, PvextTable *subject, const char *key,
		   const bytea *digest, const char *blocked)
{
	PvextTrace	traces[PVEXT_LEDGERS];

	pvext_find_traces(subject, key, digest, traces);
	for (int i = 0; i < PVEXT_LEDGERS; i++)
	{
		Reasons		why = {NULL, blocked, psprintf("proof, %s", traces[i].setting)};
		Counts		counts = {traces[i].due, traces[i].retained, 0, traces[i].until};

		put_verdicts(fcinfo, pvext_own_relation(traces[i].relation), "key", &counts, "forget", &why);
	}
}

/*
 * For pvext_with_map().  The verdict comes first, since it turns the plan to what
 * blockers look at; what is counted is found anew.
 */
static void
preview_by_map(PvextMap *map, void *arg)
{
	Call	   *call = arg;
	FunctionCallInfo fcinfo = call->fcinfo;
	PvextTable *subject = pvext_map_subject(map, call->relid);
	PvextPlan  *plan = pvext_plan(map, subject, NULL);
	List	   *rows;
	PvextVerdict verdict;
	bytea	   *digest;

	pvext_lock_plan(plan, AccessShareLock);
	rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, call->key)), false);
	if (rows == NIL)
	{
		PvextRow   *gone = pvext_find_gone(map, plan, call->key);

		if (gone == NULL)
			pvext_unknown_key(subject);
		rows = list_make1(gone);
	}
	digest = pvext_subject_digest(subject->id, ((PvextRow *) linitial(rows))->key);

	/* In the order of an erasure, with the locks left out. */
	pvext_set_rows(plan, rows);
	pvext_read_others(plan);
	pvext_verdict(plan, digest, true, false, NULL, &verdict);
	look_at(plan, linitial(rows), digest);
	put_columns(fcinfo, plan, ((PvextRow *) linitial(rows))->key, &verdict);
	put_removals(fcinfo, plan, ((PvextRow *) linitial(rows))->key, &verdict);
	put_traces(fcinfo, subject, ((PvextRow *) linitial(rows))->key, digest,
			   verdict.all_blocked ? join_texts(verdict.reasons) : NULL);
}

/*
 * pv.preview_erasure(subject, key): the verdict on each column and table, and how many
 * rows it is about.
 */
Datum
pvext_preview_erasure(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	Call		call = {fcinfo};

	pvext_require_arg(fcinfo, 0, "subject");
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	call.relid = PG_GETARG_OID(0);
	call.key = pvext_key_arg(fcinfo, 1);
	pvext_with_map(preview_by_map, &call);
	pvext_leave(&scope);
	return (Datum) 0;
}

/* One row of what is still personal, unless it is about no rows. */
static void
put_remainder(FunctionCallInfo fcinfo, Oid relid, const char *column, int64 rows)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[3];
	bool		nulls[3] = {false};
	NameData	name;

	if (rows == 0)
		return;
	set_rows(values, nulls, &name, relid, column, rows);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* How many rows a preview step finds, whatever the verdict on them. */
static int64
count_personal(PvextStep *step)
{
	Counts		counts;

	count_rows(step, &counts);
	return counts.due + counts.retained;
}

/* What of the ledgers names a subject still. */
static void
put_traces_left(FunctionCallInfo fcinfo, PvextTable *subject, const char *key,
				const bytea *digest)
{
	PvextTrace	traces[PVEXT_LEDGERS];

	pvext_find_traces(subject, key, digest, traces);
	for (int i = 0; i < PVEXT_LEDGERS; i++)
		put_remainder(fcinfo, pvext_own_relation(traces[i].relation), "key",
					  traces[i].due + traces[i].retained);
}

/* What of one subject's data is still personal. */
static void
put_remainders(FunctionCallInfo fcinfo, PvextPlan *plan, PvextRow *row)
{
	bytea	   *digest = pvext_subject_digest(plan->subject->id, row->key);
	ListCell   *lc;

	look_at(plan, row, digest);
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		put_remainder(fcinfo, target->table->relid, target->column->name,
					  count_personal(target->preview));
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		put_remainder(fcinfo, removal->table->relid, NULL, count_personal(removal->preview));
	}
	put_traces_left(fcinfo, plan->subject, row->key, digest);
}

/*
 * Is any of one subject's data in the tables still personal?  Between pvext_enter() and
 * pvext_leave(), under pvext_with_map().
 */
bool
pvext_has_remainder(PvextPlan *plan, PvextRow *row)
{
	ListCell   *lc;

	look_at(plan, row, pvext_subject_digest(plan->subject->id, row->key));
	foreach(lc, plan->targets)
		if (count_personal(((PvextTarget *) lfirst(lc))->preview) > 0)
			return true;
	foreach(lc, plan->removals)
		if (count_personal(((PvextRemoval *) lfirst(lc))->preview) > 0)
			return true;
	return false;
}

/*
 * The row whose key has the digest, found by reading them all: the ledger
 * knows no more of an erased subject.  NULL where it has been deleted since.
 */
static PvextRow *
find_by_digest(PvextPlan *plan, const bytea *digest)
{
	PvextTable *subject = plan->subject;
	uint64		n = pvext_run(subject->owner,
							  psprintf("SELECT %s FROM %s AS r", pvext_key_sql(subject),
									   subject->sql_name), NULL);

	for (uint64 i = 0; i < n; i++)
	{
		char	   *key = pvext_value(i, 1);
		bytea	   *found = pvext_subject_digest(subject->id, key);

		if (VARSIZE(found) == VARSIZE(digest) &&
			memcmp(VARDATA(found), VARDATA(digest), VARSIZE(digest) - VARHDRSZ) == 0)
		{
			List	   *rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, key)),
											   false);

			return rows == NIL ? NULL : linitial(rows);
		}
		pfree(found);
		pfree(key);
	}
	return NULL;
}

/* The digest that a subject of the ledger has now. */
static bytea *
digest_of_former(PvextTable *subject, const char *key)
{
	PvextArgs	args = {0};
	bool		isnull;

	pvext_arg_int4(&args, subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(pvext_subject_digest(subject->id, key)), false);
	if (pvext_own("SELECT subject_digest FROM pv.erasure_ledger WHERE relation_id = $1"
				  " AND (subject_digest = $2 OR former_digest = $2 AND former_digest <> subject_digest)"
				  " ORDER BY requested_at DESC LIMIT 1", &args) == 0)
		pvext_unknown_key(subject);
	return DatumGetByteaPCopy(pvext_datum(0, 1, &isnull));
}

/*
 * Where the subject's values stand that the map does not know, a row for each column; a
 * table that could not be searched is one, too, with a warning.
 */
static void
put_copies_left(Call *call, PvextMap *map, PvextTable *subject, PvextRow *row, const bytea *digest)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) call->fcinfo->resultinfo;
	List	   *copies;
	ListCell   *lc;

	pvext_record_event(psprintf("verify_erasure(%s), everywhere", subject->sql_name),
					   row ? pvext_subject_digest(subject->id, row->key) : digest);
	copies = pvext_copies_left(map, subject, call->key, row && !row->gone ? row->key : NULL, digest);
	foreach(lc, copies)
	{
		PvextCopy  *copy = lfirst(lc);
		Datum		values[3];
		bool		nulls[3] = {false};
		NameData	name;

		if (copy->column == NULL)
			ereport(WARNING,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("not all tables could be searched: %s", copy->why)));
		set_rows(values, nulls, &name, copy->relid, copy->column, copy->rows);
		nulls[2] = copy->column == NULL;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * For pvext_with_map().  The subject is looked for by the key, then by the digest that
 * the ledger has of it, in its own table and in what links hold.
 */
static void
verify_by_map(PvextMap *map, void *arg)
{
	Call	   *call = arg;
	PvextTable *subject = pvext_map_subject(map, call->relid);
	PvextPlan  *plan = pvext_plan(map, subject, NULL);
	List	   *rows = NIL;
	PvextRow   *row = NULL;
	bytea	   *digest = call->digest;

	pvext_lock_plan(plan, AccessShareLock);
	if (call->key)
		rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, call->key)), false);
	if (rows != NIL)
		row = linitial(rows);
	else if (call->key)
		row = pvext_find_gone(map, plan, call->key);
	if (row == NULL)
	{
		if (digest == NULL)
			digest = digest_of_former(subject, call->key);
		row = find_by_digest(plan, digest);
	}
	if (row == NULL)
		row = pvext_find_gone_by_digest(map, plan, digest);
	if (row)
		put_remainders(call->fcinfo, plan, row);
	else
		put_traces_left(call->fcinfo, subject, call->key, digest);
	if (call->everywhere)
		put_copies_left(call, map, subject, row, digest);
	/* Nobody knows whose it is. */
	if (pvext_is_audited(plan->tables))
		put_remainder(call->fcinfo, pvext_own_relation("audit_log"), "payload",
					  pvext_count_unread());
}

/*
 * pv.verify_erasure(subject, key, everywhere): what of a subject, erased or not, is still
 * personal.
 */
Datum
pvext_verify_subject(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	Call		call = {fcinfo};

	pvext_require_arg(fcinfo, 0, "subject");
	call.everywhere = PG_NARGS() > 2 && !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	if (call.everywhere)
		PreventCommandIfReadOnly("pv.verify_erasure(..., everywhere => true)");
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	call.relid = PG_GETARG_OID(0);
	call.key = pvext_key_arg(fcinfo, 1);
	pvext_with_map(verify_by_map, &call);
	pvext_leave(&scope);
	return (Datum) 0;
}

/* pv.verify_erasure(erasure): what of the subject of an erasure is still personal. */
Datum
pvext_verify_erasure(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	Call		call = {fcinfo};
	PvextArgs	args = {0};
	bool		isnull;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	if (pvext_own("SELECT subject, subject_digest FROM pv.erasure WHERE id = $1", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no such erasure"),
				 errhint("pv.erasure lists them.")));
	call.relid = (Oid) pvext_int(0, 1);
	call.digest = DatumGetByteaPCopy(pvext_datum(0, 2, &isnull));
	pvext_with_map(verify_by_map, &call);
	pvext_leave(&scope);
	return (Datum) 0;
}

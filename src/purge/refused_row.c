/*
 * refused_row.c
 *		Rows that a purge cannot take: a trigger refuses it, a constraint, an expression
 *		that fails for them.
 *
 * Such a row holds no other one back (purge.c).  It has a row of its own in
 * pv.duty_failure, named by its key where that says nothing of anybody, else by the digest
 * of its subject, and is left alone until its time has come; known by its place, for
 * whoever changes it moves it, and then it is tried again.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/catch.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "duty/failure.h"
#include "map/key.h"
#include "plan/row_subject.h"
#include "purge/refused_row.h"
#include "purge/scan.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/*
 * Is the error about a row, so that others may go?  Neither a conflict with others, nor a
 * want of something, nor a cancellation, nor a fault of the server's is.
 */
bool
pvext_is_of_row(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_INTERNAL_ERROR:
			return false;
		default:
			return error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
				error->sqlerrcode != ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	}
}

/* Do the columns of the key number rows, and are not personal themselves? */
static bool
is_surrogate(PvextTable *table, List *key)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, key)
	{
		Oid			type;

		(void) pvext_column(table->relid, lfirst(lc), &type, NULL);
		type = getBaseType(type);
		if (type != INT2OID && type != INT4OID && type != INT8OID && type != UUIDOID)
			return false;
		foreach(cell, table->columns)
			if (strcmp(((PvextColumn *) lfirst(cell))->name, lfirst(lc)) == 0)
				return false;
	}
	return key != NIL;
}

typedef struct Naming
{
	PvextTaking *taking;
	ItemPointer place;
	char	   *key;			/* of the row, by its primary key */
	bytea	   *digest;			/* of the subject */
} Naming;

/* For pvext_try(): the row's key. */
static void
read_key(void *arg)
{
	Naming	   *naming = arg;
	PvextTaking *taking = naming->taking;
	PvextArgs	args = {0};

	pvext_arg(&args, TIDOID, PointerGetDatum(naming->place), false);
	if (taking->plan->subject->key != NIL &&
		pvext_run(taking->leaf->owner, psprintf("SELECT %s FROM %s AS r WHERE r.ctid = $1",
												pvext_key_sql(taking->plan->subject),
												taking->leaf->sql_name), &args) > 0)
		naming->key = pvext_value(0, 1);
}

/* For pvext_try(): the digest of the subject that it belongs to. */
static void
find_subject(void *arg)
{
	Naming	   *naming = arg;
	PvextExamined	examined;
	PvextRowSubject *row_subject;

	pvext_examine(naming->taking, naming->place, 1, &examined);
	if (examined.row_subjects == NIL)
		return;
	row_subject = linitial(examined.row_subjects);
	naming->digest = pvext_subject_digest(row_subject->subject->id, row_subject->key);
}

/* What the row is called where it is reported. */
static char *
name_row(PvextTaking *taking, ItemPointer place)
{
	Naming		naming = {taking, place};
	PvextTable *table = taking->due->rows.table;

	(void) pvext_try(read_key, &naming);
	if (naming.key && is_surrogate(table, taking->plan->subject->key))
		return psprintf("row %s", naming.key);
	(void) pvext_try(find_subject, &naming);
	if (naming.digest == NULL && naming.key)
		naming.digest = pvext_hmac("row", psprintf("%d:%s", table->id, naming.key));
	if (naming.digest)
		return psprintf("row of %s",
						TextDatumGetCString(DirectFunctionCall2(binary_encode,
																PointerGetDatum(naming.digest),
																CStringGetTextDatum("hex"))));
	return psprintf("row at (%u,%u)", ItemPointerGetBlockNumber(place),
					ItemPointerGetOffsetNumber(place));
}

/*
 * A row that has been refused, and why, in the context given.  The error says no more
 * than may be recorded.
 */
PvextRefused *
pvext_refuse_row(PvextTaking *taking, Oid leaf, ItemPointer place, ErrorData *error,
				 MemoryContext context)
{
	char	   *name = name_row(taking, place);
	MemoryContext old = MemoryContextSwitchTo(context);
	PvextRefused *refused = palloc0(sizeof(PvextRefused));

	refused->name = pstrdup(name);
	refused->leaf = leaf;
	refused->place = *place;
	refused->error = palloc0(sizeof(ErrorData));
	refused->error->sqlerrcode = error->sqlerrcode;
	refused->error->message = pstrdup(error->message);
	refused->error->hint = error->hint ? pstrdup(error->hint) : NULL;
	MemoryContextSwitchTo(old);
	return refused;
}

/* What the duty calls the failure. */
static char *
failure_name(const char *rule, PvextRefused *refused)
{
	return psprintf("%s, %s", rule, refused->name);
}

typedef struct Places
{
	int32		relation_id;
	const char *rule;
	List	   *refused;
} Places;

/* For pvext_step(): at which places they are. */
static void
set_places(void *arg)
{
	Places	   *places = arg;
	ListCell   *lc;

	foreach(lc, places->refused)
	{
		PvextRefused *refused = lfirst(lc);
		PvextArgs	args = {0};

		pvext_arg_int4(&args, places->relation_id);
		pvext_arg_text(&args, failure_name(places->rule, refused));
		pvext_arg_oid(&args, OIDOID, refused->leaf);
		pvext_arg(&args, TIDOID, PointerGetDatum(&refused->place), false);
		(void) pvext_own("UPDATE pv.duty_failure SET leaf = $3, place = $4"
						 " WHERE duty = 'purge' AND relation_id = $1 AND name = $2", &args);
	}
}

/* Enter the rows that a rule could not take, in steps of their own. */
void
pvext_record_refused(PvextDutyRun *run, int32 relation_id, const char *rule, List *refused)
{
	Places		places = {relation_id, rule, refused};
	ListCell   *lc;

	foreach(lc, refused)
		pvext_failed(run, relation_id, failure_name(rule, lfirst(lc)),
					 ((PvextRefused *) lfirst(lc))->error);
	if (refused != NIL)
		(void) pvext_step(run, set_places, &places);
}

/* For bsearch(). */
static int
compare_places(const void *a, const void *b)
{
	return ItemPointerCompare((ItemPointer) a, (ItemPointer) b);
}

/*
 * Take out of the places, which are in order, those of rows whose time to be tried again
 * has not come.  Within a step.
 */
void
pvext_leave_refused(PvextDutyRun *run, int32 relation_id, const char *rule, Oid leaf,
					PvextPlaces *places)
{
	PvextArgs	args = {0};
	uint64		n;
	bool	   *leave;
	int			kept = 0;

	if (!run->patient || places->n == 0 || pvext_never_used("duty_failure"))
		return;
	pvext_arg_int4(&args, relation_id);
	pvext_arg_text(&args, rule);
	pvext_arg_oid(&args, OIDOID, leaf);
	n = pvext_own("SELECT place FROM pv.duty_failure WHERE duty = 'purge' AND relation_id = $1"
				  " AND starts_with(name, $2 || ', row ') AND leaf = $3 AND retry_at > now()", &args);
	if (n == 0)
		return;
	leave = palloc0(sizeof(bool) * places->n);
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		place = pvext_datum(i, 1, &isnull);
		ItemPointer found = isnull ? NULL : bsearch(DatumGetPointer(place), places->tids, places->n,
													sizeof(ItemPointerData), compare_places);

		if (found)
			leave[found - places->tids] = true;
	}
	for (int i = 0; i < places->n; i++)
		if (!leave[i])
			places->tids[kept++] = places->tids[i];
	places->n = kept;
}

typedef struct Forgetting
{
	PvextDutyRun   *run;
	int32		relation_id;
	const char *rule;
	TimestampTz begun;
} Forgetting;

/* For pvext_step(): forget those that did not fail again. */
static void
forget(void *arg)
{
	Forgetting *forgetting = arg;
	PvextArgs	args = {0};

	if (pvext_never_used("duty_failure"))
		return;
	pvext_arg_int4(&args, forgetting->relation_id);
	pvext_arg_text(&args, forgetting->rule);
	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(forgetting->begun), false);
	pvext_arg_bool(&args, forgetting->run->patient);
	(void) pvext_own("DELETE FROM pv.duty_failure WHERE duty = 'purge' AND relation_id = $1"
					 " AND starts_with(name, $2 || ', row ') AND last_at < $3"
					 " AND (NOT $4 OR retry_at <= $3)", &args);
}

/*
 * All that is due by a rule has been tried in a run that began then: rows that were
 * refused before, and not again, have gone.  In a step of its own.
 */
void
pvext_forget_refused(PvextDutyRun *run, int32 relation_id, const char *rule, TimestampTz begun)
{
	Forgetting	forgetting = {run, relation_id, rule, begun};

	(void) pvext_step(run, forget, &forgetting);
}

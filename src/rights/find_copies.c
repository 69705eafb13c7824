/*
 * find_copies.c
 *		Where else a person's values are: pv.find_copies().
 *
 * Before the first erasure it says what the map misses, and after that what it never knew:
 * imports, exports that were kept, columns that nobody thought of.  It shows no value, but
 * that there are such in a column; each call is on record.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/secret.h"
#include "copies/person_search.h"
#include "copies/readable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/key.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

/* The columns of the result. */
enum
{
	COPY_RELATION,
	COPY_COLUMN,
	COPY_ROWS,
	COPY_FOUND,
	COPY_WHOSE,
	COPY_REASON,
	COPY_COLUMNS
};

typedef struct Call
{
	Oid			relid;
	char	   *key;
	ReturnSetInfo *result;
} Call;

PG_FUNCTION_INFO_V1(pvext_find_copies);

/* Whose something is, for people. */
static const char *
name_whose(PvextWhose whose)
{
	switch (whose)
	{
		case PVEXT_OF_SUBJECT:
			return "of the subject";
		case PVEXT_OF_ANOTHER:
			return "of somebody else";
		case PVEXT_UNMAPPED:
			return "not mapped";
		case PVEXT_DECLARED_NOT_PERSONAL:
			return "declared not personal";
	}
	return NULL;				/* not reached */
}

/* A row of the result. */
static void
put_copy(Call *call, PvextCopy *copy)
{
	Datum		values[COPY_COLUMNS] = {0};
	bool		nulls[COPY_COLUMNS] = {false};
	NameData	name = {{0}};
	bool		searched = copy->column != NULL;

	if (searched)
		namestrcpy(&name, copy->column);
	values[COPY_RELATION] = ObjectIdGetDatum(copy->relid);
	values[COPY_COLUMN] = NameGetDatum(&name);
	values[COPY_ROWS] = Int64GetDatum(copy->rows);
	values[COPY_FOUND] = CStringGetTextDatum(!searched ? "not searched" :
											 copy->share == PVEXT_WHOLE ? "whole" : "within a text");
	values[COPY_WHOSE] = CStringGetTextDatum(name_whose(copy->whose));
	values[COPY_REASON] = CStringGetTextDatum(copy->why ? copy->why : "");
	nulls[COPY_COLUMN] = nulls[COPY_ROWS] = nulls[COPY_WHOSE] = !searched;
	nulls[COPY_REASON] = searched;
	tuplestore_putvalues(call->result->setResult, call->result->setDesc, values, nulls);
}

/* There is nothing to look for. */
static void
refuse_empty(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("nothing is known that identifies the subject"),
			 errdetail("No column of category identifying that is the subject's holds a value, or what it held has been erased."),
			 errhint("Declare such columns with pv.declare_personal(), and search before the erasure, or in its transaction by pv.verify_erasure(..., everywhere => true).")));
}

/* For pvext_with_map(). */
static void
find_by_map(PvextMap *map, void *arg)
{
	Call	   *call = arg;
	PvextTable *subject = pvext_map_subject(map, call->relid);
	PvextCopySearch search = {NULL};
	ListCell   *lc;

	pvext_record_event(psprintf("find_copies(%s)", subject->sql_name),
					   pvext_subject_digest(subject->id, call->key));
	pvext_begin_copy_search(&search, map, subject, pvext_reads_everything());
	if (!pvext_seek_persons(&search, list_make1(call->key), GetTransactionSnapshot()))
		pvext_unknown_key(subject);
	if (!pvext_prepare_copy_search(&search))
		refuse_empty();
	pvext_search_copies(&search);
	foreach(lc, search.copies)
		put_copy(call, lfirst(lc));
	pvext_tell_unsearched(&search);
}

/* pv.find_copies(subject, key): where a person's identifying values stand, mapped or not. */
Datum
pvext_find_copies(PG_FUNCTION_ARGS)
{
	Call		call = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	PvextScope	scope;

	pvext_require_arg(fcinfo, 0, "subject");
	PreventCommandIfReadOnly("pv.find_copies()");
	PreventCommandDuringRecovery("pv.find_copies()");
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	call.relid = PG_GETARG_OID(0);
	call.key = pvext_key_arg(fcinfo, 1);
	pvext_with_map(find_by_map, &call);
	pvext_leave(&scope);
	return (Datum) 0;
}

/*
 * import_set.c
 *		Many claims at once, out of a table or view of the caller's.
 *
 * The rows are read as the caller, with the caller's rights and search_path, a thousand at
 * a time, and nothing of pvext's is under way meanwhile; what they hold are values.  They
 * come in the order of their keys, numbers by their value, so that two imports, or one and
 * an erasure of many, lock subjects in one order.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/array.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "consent/import.h"
#include "consent/suppression.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "map/key.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* So many rows are held at a time, and so many keys listed of each outcome. */
#define ROWS_AT_A_TIME 1000
#define MAX_LISTED 100

PG_FUNCTION_INFO_V1(pvext_import_consents);

/* The columns of the caller's relation, in the order in which they are read. */
static const struct
{
	const char *name;
	const char *type;
	bool		required;
}			columns[] =
{
	{"key", "text", true},
	{"purpose", "text", true},
	{"action", "text", true},
	{"claimed_at", "timestamptz", true},
	{"version", "text", false},
	{"language", "text", false},
	{"channel", "text", false},
	{"expires", "timestamptz", false},
	{"evidence", "jsonb", false},
};

/* An import. */
typedef struct Import
{
	Oid			relid;			/* the subject table */
	const char *source;
	MemoryContext context;
	int64		counts[PVEXT_OUTCOMES];
	List	   *keys[PVEXT_OUTCOMES];	/* C strings, the first of each but recorded */
} Import;

/* Raise: the relation has no column of the name. */
static void
missing_column(Oid relation, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("relation %s has no column \"%s\"", pvext_relation_name(relation), name),
			 errhint("The columns are key, purpose, action and claimed_at and, where they are known, version, language, channel, expires and evidence. A view can give yours these names.")));
}

/* The order of the keys, and of what is claimed of each; where they are numbers, what looks like one comes as that. */
static char *
order_sql(PvextTable *subject)
{
	Oid			type;

	(void) pvext_column(subject->relid, linitial(subject->key), &type, NULL);
	type = getBaseType(type);
	if (list_length(subject->key) > 1 || (type != INT2OID && type != INT4OID && type != INT8OID))
		return "1, 4";
	return "CASE WHEN CAST(t.key AS pg_catalog.text) OPERATOR(pg_catalog.~) '^[0-9]{1,18}$'"
		" THEN CAST(CAST(t.key AS pg_catalog.text) AS pg_catalog.int8) END, 1, 4";
}

/* The query of the caller's rows. */
static char *
rows_sql(Oid relation, PvextTable *subject)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < lengthof(columns); i++)
	{
		bool		there = get_attnum(relation, columns[i].name) > 0;

		if (!there && columns[i].required)
			missing_column(relation, columns[i].name);
		appendStringInfo(&sql, "%s CAST(%s%s AS pg_catalog.%s)", i > 0 ? "," : "SELECT",
						 there ? "t." : "", there ? quote_identifier(columns[i].name) : "NULL",
						 columns[i].type);
	}
	appendStringInfo(&sql, " FROM %s AS t ORDER BY %s", pvext_relation_name(relation), order_sql(subject));
	return sql.data;
}

/* A text of a row that was fetched, in the current context. */
static char *
fetched_text(HeapTuple row, int column)
{
	return SPI_getvalue(row, SPI_tuptable->tupdesc, column);
}

/* A time of it, or what stands for none. */
static TimestampTz
fetched_time(HeapTuple row, int column, TimestampTz none)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? none : DatumGetTimestampTz(value);
}

/* The rows that were fetched, PvextClaims, in the current context. */
static List *
fetched_claims(void)
{
	List	   *claims = NIL;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		PvextClaim *claim = palloc0(sizeof(PvextClaim));
		bool		isnull;
		Datum		evidence = SPI_getbinval(row, SPI_tuptable->tupdesc, 9, &isnull);

		claim->evidence = isnull ? NULL : DatumGetJsonbPCopy(evidence);
		claim->key = fetched_text(row, 1);
		claim->purpose = fetched_text(row, 2);
		claim->action = fetched_text(row, 3);
		claim->claimed_at = fetched_time(row, 4, DT_NOBEGIN);
		claim->version = fetched_text(row, 5);
		claim->language = fetched_text(row, 6);
		claim->channel = fetched_text(row, 7);
		claim->expires = fetched_time(row, 8, DT_NOEND);
		claims = lappend(claims, claim);
	}
	return claims;
}

/* Keys to be read by their type's input, for pvext_try(). */
typedef struct Reading
{
	PvextTable *subject;
	List	   *keys;
} Reading;

/* Let the types of the key's columns read the keys. */
static void
read_keys(void *arg)
{
	Reading    *reading = arg;
	PvextTable *subject = reading->subject;
	PvextArgs	args = {0};
	StringInfoData sql;
	PvextStatement statement = {NULL};
	int			n = 1;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, subject->key)
	{
		Oid			type;
		char		column[32];

		(void) pvext_column(subject->relid, lfirst(lc), &type, NULL);
		snprintf(column, sizeof(column), "k.k%d", n++);
		appendStringInfo(&sql, "%s count(%s)", sql.len > 0 ? "," : "SELECT", pvext_cast_key(type, column));
	}
	appendStringInfo(&sql, " FROM %s", pvext_key_rows_sql(subject));
	pvext_arg_key_columns(&args, subject, reading->keys);
	statement.sql = sql.data;
	(void) pvext_run_keys(subject, &statement, &args, 0);
}

/* Are all of these keys of the table? */
static bool
are_readable(PvextTable *subject, List *keys)
{
	Reading		reading = {subject, keys};
	ErrorData  *error = keys == NIL ? NULL : pvext_try(read_keys, &reading);

	if (error && error->sqlerrcode != ERRCODE_INVALID_TEXT_REPRESENTATION)
		ReThrowError(error);
	return error == NULL;
}

/* Those that cannot be read are nobody's: take them out. */
static void
take_out_malformed(PvextTable *subject, List *claims)
{
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, claims)
		if (((PvextClaim *) lfirst(lc))->key)
			keys = lappend(keys, ((PvextClaim *) lfirst(lc))->key);
	if (are_readable(subject, keys))
		return;
	foreach(lc, claims)
	{
		PvextClaim *claim = lfirst(lc);

		if (claim->key && !are_readable(subject, list_make1(claim->key)))
			claim->malformed = true;
	}
}

/* Find out who is not to be written to, of those who are said to allow something. */
static void
find_suppressed(PvextTable *subject, List *claims)
{
	List	   *some = NIL;
	List	   *keys = NIL;
	bool	   *suppressed;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, claims)
	{
		PvextClaim *claim = lfirst(lc);

		if (claim->key == NULL || claim->malformed || claim->action == NULL || !pvext_is_permission(claim->action))
			continue;
		some = lappend(some, claim);
		keys = lappend(keys, claim->key);
	}
	PushActiveSnapshot(GetLatestSnapshot());
	suppressed = pvext_which_suppressed(pvext_map(), subject, keys);
	PopActiveSnapshot();
	foreach(lc, some)
		((PvextClaim *) lfirst(lc))->suppressed = suppressed[i++];
}

/* Note what has become of a claim. */
static void
note_outcome(Import *import, const PvextClaim *claim, PvextOutcome outcome)
{
	MemoryContext old = MemoryContextSwitchTo(import->context);

	import->counts[outcome]++;
	if (outcome != PVEXT_RECORDED && claim->key && list_length(import->keys[outcome]) < MAX_LISTED)
		import->keys[outcome] = lappend(import->keys[outcome], pstrdup(claim->key));
	MemoryContextSwitchTo(old);
}

/* Record the claims, in a transaction's middle and between two fetches. */
static void
record_claims(Import *import, List *claims)
{
	PvextScope	scope;
	PvextTable *subject;
	ListCell   *lc;

	pvext_enter(&scope);
	subject = pvext_map_subject(pvext_map(), import->relid);
	take_out_malformed(subject, claims);
	find_suppressed(subject, claims);
	foreach(lc, claims)
	{
		PvextClaim *claim = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		note_outcome(import, claim, pvext_import_claim(import->relid, import->source, claim));
	}
	pvext_leave(&scope);
}

/* Read the caller's rows by a query, as the caller, and record what they claim. */
static void
import_rows(Import *import, const char *rows)
{
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "pvext import",
												ALLOCSET_DEFAULT_SIZES);
	int			nestlevel = NewGUCNestLevel();
	Portal		portal;

	/* Keys are written as pvext reads them. */
	(void) set_config_option("DateStyle", "ISO", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	portal = SPI_cursor_open_with_args(NULL, rows, 0, NULL, NULL, NULL, false, 0);
	for (;;)
	{
		MemoryContext old;
		List	   *claims;

		SPI_cursor_fetch(portal, true, ROWS_AT_A_TIME);
		if (SPI_processed == 0)
			break;
		old = MemoryContextSwitchTo(batch);
		claims = fetched_claims();
		MemoryContextSwitchTo(old);
		SPI_freetuptable(SPI_tuptable);
		record_claims(import, claims);
		MemoryContextReset(batch);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	AtEOXact_GUC(false, nestlevel);
	MemoryContextDelete(batch);
}

/* The outcomes as rows of the result: which, how many, and whose the first of them are. */
static void
put_outcomes(ReturnSetInfo *rsinfo, Import *import)
{
	for (int i = 0; i < PVEXT_OUTCOMES; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, import->keys[i] == NIL};

		if (import->counts[i] == 0)
			continue;
		values[0] = CStringGetTextDatum(pvext_outcome_name(i));
		values[1] = Int64GetDatum(import->counts[i]);
		values[2] = nulls[2] ? (Datum) 0 : pvext_text_array(import->keys[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * pv.import_consents(subject, claims, source): record what the rows of a relation claim;
 * how many came to what.
 */
Datum
pvext_import_consents(PG_FUNCTION_ARGS)
{
	Import		import = {0};
	PvextScope	scope;
	char	   *rows;

	PreventCommandIfReadOnly("pv.import_consents()");
	pvext_require_arg(fcinfo, 0, "subject");
	pvext_require_arg(fcinfo, 1, "claims");
	import.relid = PG_GETARG_OID(0);
	import.source = pvext_required_text(fcinfo, 2, "source");
	import.context = CurrentMemoryContext;
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	rows = MemoryContextStrdup(import.context,
							   rows_sql(PG_GETARG_OID(1), pvext_map_subject(pvext_map(), import.relid)));
	pvext_leave(&scope);
	import_rows(&import, rows);
	pvext_enter(&scope);
	pvext_record_event(psprintf("import_consents(%s, %s)", pvext_relation_name(import.relid), import.source), NULL);
	pvext_leave(&scope);
	put_outcomes((ReturnSetInfo *) fcinfo->resultinfo, &import);
	return (Datum) 0;
}

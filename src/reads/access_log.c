/*
 * access_log.c
 *		Reading the audit log: who has read personal data.
 *
 * The counterpart of trail.c for the items that reads leave.  All values are
 * texts, by nobody's output functions.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/log_reader.h"
#include "audit/trail.h"
#include "base/compat.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "reads/access_log.h"
#include "reads/queue.h"
#include "storage/itemptr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* The columns that pv.access_records() returns. */
enum
{
	READ_N,
	READ_AT,
	READ_LOGIN,					/* and on as PVEXT_WHO_... */
	READ_PURPOSE = READ_LOGIN + PVEXT_WHO_COLUMNS,
	READ_RELATION_ID,
	READ_COLUMN_NAMES,
	READ_ROWS,
	READ_KEYS,
	READ_WAYS,
	READ_REFUSED,
	READ_REDACTED,
	READ_STATEMENT,
	READ_QUERY,
	READ_COLUMNS
};

/* The key of a subject whose rows were read. */
typedef struct Key
{
	int32		subject_id;
	char	   *text;
} Key;

/* What a chunk has said so far. */
typedef struct Reads
{
	Datum		values[READ_COLUMNS];
	bool		nulls[READ_COLUMNS];
	List	   *subjects;		/* Subject; in "context" */
	MemoryContext context;
	MemoryContext who_context;
} Reads;

/* A subject table's name. */
typedef struct Subject
{
	int32		id;
	char	   *name;
} Subject;

PG_FUNCTION_INFO_V1(pvext_access_records);
PG_FUNCTION_INFO_V1(pvext_access_counts);

/* Set a column of the result's row. */
static void
set(Reads *reads, int column, Datum value)
{
	reads->values[column] = value;
	reads->nulls[column] = false;
}

/*
 * Keys
 */

/* The name of a subject table, each asked for once. */
static char *
subject_name(Reads *reads, int32 id)
{
	MemoryContext old;
	Subject    *subject;
	ListCell   *lc;

	foreach(lc, reads->subjects)
		if (((Subject *) lfirst(lc))->id == id)
			return ((Subject *) lfirst(lc))->name;
	old = MemoryContextSwitchTo(reads->context);
	subject = palloc(sizeof(Subject));
	subject->id = id;
	subject->name = pvext_recorded_name(id);
	if (subject->name == NULL)
		subject->name = psprintf("%d", id);
	reads->subjects = lappend(reads->subjects, subject);
	MemoryContextSwitchTo(old);
	return subject->name;
}

/* Push a text, as a name or an element. */
static void
push_string(JsonbParseState **state, JsonbIteratorToken token, char *text)
{
	JsonbValue	json;

	json.type = jbvString;
	json.val.string.val = text;
	json.val.string.len = (int) strlen(text);
	(void) pushJsonbValue(state, token, &json);
}

/* Keys as {"subject's table": ["key", ...], ...}. */
static void
set_keys(Reads *reads, List *keys)
{
	JsonbParseState *state = NULL;
	List	   *done = NIL;
	ListCell   *lc;
	ListCell   *cell;

	reads->nulls[READ_KEYS] = keys == NIL;
	if (keys == NIL)
		return;
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	foreach(lc, keys)
	{
		int32		id = ((Key *) lfirst(lc))->subject_id;

		if (list_member_int(done, id))
			continue;
		done = lappend_int(done, id);
		push_string(&state, WJB_KEY, subject_name(reads, id));
		(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		foreach(cell, keys)
			if (((Key *) lfirst(cell))->subject_id == id)
				push_string(&state, WJB_ELEM, ((Key *) lfirst(cell))->text);
		(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	set(reads, READ_KEYS,
		JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL))));
}

/*
 * Records
 */

/* What the columns of an item are called in pv.access_log, and their types. */
static const struct
{
	uint32		column;
	int			output;
	const char *name;
	Oid			type;
}			item_columns[] =
{
	{PVEXT_READ_STATEMENT, READ_STATEMENT, "statement", INT8OID},
	{PVEXT_READ_RELATION, READ_RELATION_ID, "relation", INT4OID},
	{PVEXT_READ_COLUMNS, READ_COLUMN_NAMES, "columns", NAMEARRAYOID},
	{PVEXT_READ_PURPOSE, READ_PURPOSE, "purpose", TEXTOID},
	{PVEXT_READ_ROWS, READ_ROWS, "rows", INT8OID},
	{PVEXT_READ_WAYS, READ_WAYS, "ways", TEXTARRAYOID},
	{PVEXT_READ_REFUSED, READ_REFUSED, "refused", BOOLOID},
	{PVEXT_READ_QUERY, READ_QUERY, "queryid", INT8OID},
};

/*
 * The next element of the text of an array, as array_out() writes it, which is moved
 * behind its comma or brace.  NULL where it is none.
 */
static char *
next_element(const char **text)
{
	const char *p = *text;
	bool		quoted = *p == '"';
	StringInfoData element;

	initStringInfo(&element);
	for (p += quoted; *p && (quoted ? *p != '"' : *p != ',' && *p != '}'); p++)
	{
		if (*p == '\\' && *++p == '\0')
			return NULL;
		appendStringInfoChar(&element, *p);
	}
	p += quoted && *p == '"';
	if ((*p != ',' && *p != '}') || (*p == '}') != (p[1] == '\0') || (!quoted && element.len == 0))
		return NULL;
	*text = p + 1;
	return element.data;
}

/* The array of texts, or names, that a text says; false where it says none. */
static bool
parse_array(Oid element, const char *text, Datum *array)
{
	Datum	   *elements = palloc(sizeof(Datum) * (strlen(text) + 1));
	bool		is_name = element == NAMEOID;
	int			n = 0;

	if (*text++ != '{' || *text == '\0')
		return false;
	while (*text)
	{
		char	   *string = next_element(&text);

		if (string == NULL)
			return false;
		elements[n++] = is_name ? DirectFunctionCall1(namein, CStringGetDatum(string)) :
			CStringGetTextDatum(string);
	}
	*array = PointerGetDatum(construct_array(elements, n, element, is_name ? NAMEDATALEN : -1, false,
											 is_name ? TYPALIGN_CHAR : TYPALIGN_INT));
	return true;
}

/* A number that is all of the text. */
static bool
parse_number(const char *text, int64 *number)
{
	char	   *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno == 0 && end > text && *end == '\0';
}

/*
 * The value of a type that the text in a read's item stands for; false where it stands
 * for none.  Nothing of a user's runs.
 */
bool
pvext_parse_read(Oid type, char *text, Datum *value)
{
	int64		number;

	switch (type)
	{
		case INT4OID:
			if (!parse_number(text, &number) || number != (int32) number)
				return false;
			*value = Int32GetDatum((int32) number);
			return true;
		case INT8OID:
			if (!parse_number(text, &number))
				return false;
			*value = Int64GetDatum(number);
			return true;
		case BOOLOID:
			*value = BoolGetDatum(text[0] == 't');
			return strcmp(text, "t") == 0 || strcmp(text, "f") == 0;
		case TEXTOID:
			*value = CStringGetTextDatum(text);
			return true;
		default:
			return parse_array(type == NAMEARRAYOID ? NAMEOID : TEXTOID, text, value);
	}
}

/* A redacted column is named, once. */
static void
note_redacted(List **redacted, const char *name)
{
	ListCell   *lc;

	foreach(lc, *redacted)
		if (strcmp(lfirst(lc), name) == 0)
			return;
	*redacted = lappend(*redacted, unconstify(char *, name));
}

/* Set the names of what has been redacted. */
static void
set_redacted(Reads *reads, List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(names), 1));
	ListCell   *lc;
	int			n = 0;

	reads->nulls[READ_REDACTED] = names == NIL;
	foreach(lc, names)
		elements[n++] = CStringGetTextDatum(lfirst(lc));
	reads->values[READ_REDACTED] =
		PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* One of the columns that are no keys.  False where it cannot be read. */
static bool
read_column(Reads *reads, const PvextReadValue *value, char *text, List **redacted)
{
	for (int i = 0; i < lengthof(item_columns); i++)
	{
		if (item_columns[i].column != value->column)
			continue;
		if (value->form == PVEXT_IS_COMMITMENT)
			note_redacted(redacted, item_columns[i].name);
		else if (value->form == PVEXT_IS_VALUE)
		{
			Datum		datum;

			if (text == NULL || !pvext_parse_read(item_columns[i].type, text, &datum))
				return false;
			set(reads, item_columns[i].output, datum);
		}
	}
	return true;
}

/* Read an item as far as it can be; false where that is not all of it. */
static bool
read_item(Reads *reads, PvextReadItem *item)
{
	List	   *keys = NIL;
	List	   *redacted = NIL;
	bool		all = true;
	PvextReadValue value;

	for (int i = READ_PURPOSE; i < READ_COLUMNS; i++)
		reads->nulls[i] = true;
	set(reads, READ_REFUSED, BoolGetDatum(false));
	while (pvext_next_value(item, &value))
	{
		char	   *text = NULL;

		if (value.form == PVEXT_IS_VALUE && pg_verifymbstr(value.data, value.size, true))
			text = pnstrdup(value.data, value.size);
		if (value.column < PVEXT_READ_KEY)
			all = read_column(reads, &value, text, &redacted) && all;
		else if (value.form == PVEXT_IS_COMMITMENT)
			note_redacted(&redacted, "keys");
		else if (text)
		{
			Key		   *key = palloc(sizeof(Key));

			key->subject_id = (int32) (value.column - PVEXT_READ_KEY);
			key->text = text;
			keys = lappend(keys, key);
		}
		else
			all = all && value.form == PVEXT_IS_NULL;
	}
	set_keys(reads, keys);
	set_redacted(reads, redacted);
	return all && !item->broken;
}

/* What is kept from one call to the next, of one use of the function in a statement. */
static Reads *
begin_reads(FunctionCallInfo fcinfo)
{
	Reads	   *reads = fcinfo->flinfo->fn_extra;
	MemoryContext context = fcinfo->flinfo->fn_mcxt;

	if (reads == NULL)
	{
		reads = MemoryContextAllocZero(context, sizeof(Reads));
		reads->context = AllocSetContextCreate(context, "pvext subjects read",
											   ALLOCSET_SMALL_SIZES);
		reads->who_context = AllocSetContextCreate(context, "pvext who", ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = reads;
	}
	memset(reads->nulls, true, sizeof(reads->nulls));
	return reads;
}

/* Who made the reads that follow. */
static void
read_who(Reads *reads, PvextReadItem *item)
{
	MemoryContext old = MemoryContextSwitchTo(reads->who_context);

	MemoryContextReset(reads->who_context);
	pvext_read_who(item, &reads->values[READ_LOGIN], &reads->nulls[READ_LOGIN]);
	MemoryContextSwitchTo(old);
}

/* The reads of a chunk go into the result; why not all of it could be read, or NULL. */
static const char *
put_reads(Reads *reads, const PvextChunk *chunk, ReturnSetInfo *result)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pvext record read",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	PvextItems	items = pvext_items_of(chunk);
	PvextReadItem item;
	bool		all = true;

	for (int n = 0; pvext_next_item(&items, &item); n++)
	{
		if (item.kind == PVEXT_ITEM_TIME)
			set(reads, READ_AT, TimestampTzGetDatum(item.time));
		else if (item.kind == PVEXT_ITEM_WHO)
			read_who(reads, &item);
		else if (item.kind == PVEXT_ITEM_READ)
		{
			set(reads, READ_N, Int32GetDatum(n));
			all = read_item(reads, &item) && all;
			tuplestore_putvalues(result->setResult, result->setDesc, reads->values, reads->nulls);
		}
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return all && !items.broken ? NULL : PVEXT_MALFORMED;
}

/*
 * pv.access_records(partition, place): the reads in a chunk by its place in the log.
 */
Datum
pvext_access_records(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Reads	   *reads = begin_reads(fcinfo);
	PvextChunk	chunk;
	PvextScope	scope;
	const char *why;

	InitMaterializedSRF(fcinfo, 0);
	if (!pvext_find_chunk(PG_GETARG_OID(0), (ItemPointer) PG_GETARG_POINTER(1), &chunk, &why))
		return (Datum) 0;
	pvext_enter(&scope);
	if (why == NULL)
		why = put_reads(reads, &chunk, result);
	if (why)
		pvext_warn_unread(chunk.partition, chunk.id, why);
	pvext_leave(&scope);
	return (Datum) 0;
}

/*
 * pv.access_counts()
 */
Datum
pvext_access_counts(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	PvextQueueCounts counts;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!pvext_count_queue(&counts))
		memset(nulls, true, sizeof(nulls));
	values[0] = Int64GetDatum(counts.queued);
	values[1] = Int64GetDatum(counts.drained);
	values[2] = Int64GetDatum(counts.logged);
	values[3] = Int64GetDatum(counts.waiting);
	values[4] = Int64GetDatum(counts.size);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * trail.c
 *		Reading the audit log: records as rows of columns and jsonb.
 *
 * Values are read by the output functions of types that PostgreSQL's sources
 * give an OID, whatever type the column had or has: nothing of a user's runs
 * here.  Numbers, booleans, jsonb and NULLs are themselves in the jsonb, all
 * else is text.
 */
#include "postgres.h"
#include "base/message.h"

#include <math.h>

#include "base/catalog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "base/compat.h"
#include "funcapi.h"
#include "audit/log_reader.h"
#include "mb/pg_wchar.h"
#include "base/result.h"
#include "audit/shape.h"
#include "base/spi.h"
#include "storage/itemptr.h"
#include "audit/trail.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* The text of an object's values; jsonb holds less than 256 MB. */
#define LARGEST_OBJECT (200 * 1024 * 1024)

/* A jsonb object being made. */
typedef struct Object
{
	JsonbParseState *state;
	Size		size;
} Object;

PG_FUNCTION_INFO_V1(pvext_audit_records);

/* Set a column of the result's row. */
static void
set(PvextTrail *trail, int column, Datum value)
{
	trail->values[column] = value;
	trail->nulls[column] = false;
}

/*
 * Values as jsonb
 */

/* A text as a string. */
static void
set_string(JsonbValue *json, char *text, Size size)
{
	json->type = jbvString;
	json->val.string.val = text;
	json->val.string.len = (int) size;
}

/* What stands for a value that cannot be shown. */
static void
set_omitted(JsonbValue *json, const char *why, Size size)
{
	char	   *text = psprintf("{\"%s_bytes\": " UINT64_FORMAT "}", why, (uint64) size);
	Jsonb	   *object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));

	json->type = jbvBinary;
	json->val.binary.data = &object->root;
	json->val.binary.len = VARSIZE(object) - VARHDRSZ;
}

/* Numbers, booleans and jsonb as themselves; false for anything else. */
static bool
set_natural(JsonbValue *json, Oid type, Datum value)
{
	switch (type)
	{
		case BOOLOID:
			json->type = jbvBool;
			json->val.boolean = DatumGetBool(value);
			return true;
		case INT2OID:
			value = NumericGetDatum(int64_to_numeric(DatumGetInt16(value)));
			break;
		case INT4OID:
			value = NumericGetDatum(int64_to_numeric(DatumGetInt32(value)));
			break;
		case INT8OID:
			value = NumericGetDatum(int64_to_numeric(DatumGetInt64(value)));
			break;
		case FLOAT4OID:
			if (isnan(DatumGetFloat4(value)) || isinf(DatumGetFloat4(value)))
				return false;
			value = DirectFunctionCall3(numeric_in, DirectFunctionCall1(float4out, value),
										ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
			break;
		case FLOAT8OID:
			if (isnan(DatumGetFloat8(value)) || isinf(DatumGetFloat8(value)))
				return false;
			value = DirectFunctionCall3(numeric_in, DirectFunctionCall1(float8out, value),
										ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
			break;
		case NUMERICOID:
			if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
				return false;
			break;
		case JSONBOID:
			json->type = jbvBinary;
			json->val.binary.data = &DatumGetJsonbP(value)->root;
			json->val.binary.len = VARSIZE(DatumGetJsonbP(value)) - VARHDRSZ;
			return true;
		default:
			return false;
	}
	json->type = jbvNumeric;
	json->val.numeric = DatumGetNumeric(value);
	return true;
}

/*
 * A value as what stands for it in jsonb.  room is how many bytes there may still be;
 * larger ones, and such as are no value of their type, are named by their size.
 */
static void
set_value(JsonbValue *json, PvextOldShape *shape, const PvextReadValue *value, Size room)
{
	int			att = value->column - 1;
	Oid			type = shape->types[att];
	char	   *text;
	Datum		datum = (Datum) 0;
	Size		size = value->size;

	if (value->form == PVEXT_IS_NULL)
	{
		json->type = jbvNull;
		return;
	}
	if (size > room || (type == BYTEAOID && 2 * size > room))
	{
		set_omitted(json, "omitted", size);
		return;
	}
	if (OidIsValid(type) && !pvext_read_datum(shape, value, &datum))
	{
		set_omitted(json, "unreadable", size);
		return;
	}
	if (OidIsValid(type) && set_natural(json, type, datum))
		return;
	text = OidIsValid(type) ? OutputFunctionCall(&shape->outputs[att], datum) :
		pnstrdup(value->data, size);
	size = strlen(text);
	if (size > room)
		set_omitted(json, "omitted", value->size);
	else if (!pg_verifymbstr(text, (int) size, true) || (!OidIsValid(type) && size != value->size))
		set_omitted(json, "unreadable", value->size);
	else
		set_string(json, text, size);
}

/* Add a value under a name; the first begins the object. */
static void
add_member(Object *object, char *name, JsonbValue *value, Size size)
{
	JsonbValue	key;

	if (object->state == NULL)
		(void) pushJsonbValue(&object->state, WJB_BEGIN_OBJECT, NULL);
	set_string(&key, name, strlen(name));
	(void) pushJsonbValue(&object->state, WJB_KEY, &key);
	(void) pushJsonbValue(&object->state, WJB_VALUE, value);
	object->size += size;
}

/* Set a column to an object, or to NULL where it has no members. */
static void
set_object(PvextTrail *trail, int column, Object *object)
{
	trail->nulls[column] = object->state == NULL;
	if (object->state)
		set(trail, column,
			JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&object->state, WJB_END_OBJECT,
															NULL))));
}

/*
 * Records
 */

/* A shape by its number, looked up once for all chunks that are read. */
static PvextOldShape *
find_shape(PvextTrail *trail, uint32 number)
{
	MemoryContext old;
	PvextOldShape *shape;
	ListCell   *lc;

	foreach(lc, trail->shapes)
		if (((PvextOldShape *) lfirst(lc))->number == number)
			return lfirst(lc);
	old = MemoryContextSwitchTo(trail->context);
	shape = pvext_old_shape(number);
	trail->shapes = lappend(trail->shapes, shape);
	MemoryContextSwitchTo(old);
	return shape;
}

/*
 * The name of a relation by its id in pv.relation, now or as it was when it was
 * last there; NULL for none.  Between pvext_enter() and pvext_leave().
 */
char *
pvext_recorded_name(int32 id)
{
	static PvextStatement find = {
		"SELECT format('%I.%I', coalesce(n.nspname, r.schema), coalesce(c.relname, r.name))"
		" FROM pv.relation AS r LEFT JOIN pg_class AS c ON c.oid = r.relation"
		" LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE r.id = $1", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	return pvext_own_kept(&find, &args) > 0 ? pvext_value(0, 1) : NULL;
}

/* Read who it was: texts, in the order of PVEXT_WHO_... */
void
pvext_read_who(PvextReadItem *item, Datum *values, bool *nulls)
{
	PvextReadValue value;

	for (int i = 0; i < PVEXT_WHO_COLUMNS; i++)
		nulls[i] = true;
	while (pvext_next_value(item, &value))
		if (value.column >= PVEXT_WHO_LOGIN && value.column <= PVEXT_WHO_COLUMNS &&
			value.form == PVEXT_IS_VALUE && pg_verifymbstr(value.data, value.size, true))
		{
			values[value.column - PVEXT_WHO_LOGIN] =
				PointerGetDatum(cstring_to_text_with_len(value.data, value.size));
			nulls[value.column - PVEXT_WHO_LOGIN] = false;
		}
}

/*
 * Read who it was, for the records that follow, in memory that lasts until the next one.
 */
static void
read_who(PvextTrail *trail, PvextReadItem *item)
{
	MemoryContext old = MemoryContextSwitchTo(trail->who_context);

	MemoryContextReset(trail->who_context);
	pvext_read_who(item, &trail->values[PVEXT_RECORD_LOGIN], &trail->nulls[PVEXT_RECORD_LOGIN]);
	MemoryContextSwitchTo(old);
}

/* A redacted value is named, once. */
static void
note_redacted(List **redacted, char *name)
{
	if (!pvext_has_name(*redacted, name))
		*redacted = lappend(*redacted, name);
}

/* Set the names of what has been redacted. */
static void
set_redacted(PvextTrail *trail, List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(names), 1));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, names)
		elements[n++] = CStringGetTextDatum(lfirst(lc));
	trail->nulls[PVEXT_RECORD_REDACTED] = names == NIL;
	trail->values[PVEXT_RECORD_REDACTED] =
		PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Read a change; why what it says cannot be shown, or NULL. */
static const char *
read_change(PvextTrail *trail, PvextReadItem *item)
{
	PvextOldShape *shape = find_shape(trail, item->shape);
	Object		key = {NULL},
				old = {NULL},
				new = {NULL};
	List	   *redacted = NIL;
	PvextReadValue value;

	while (pvext_next_value(item, &value))
	{
		Object	   *object = value.side == PVEXT_OLD ? &old :
			value.side == PVEXT_NEW ? &new : &key;
		JsonbValue	json;
		int			att = value.column - 1;

		/*
		 * A number that the shape does not know, or there is no shape: of it nothing can
		 * be said.
		 */
		if (att < 0 || att >= shape->natts || shape->names[att] == NULL)
			continue;
		if (value.form == PVEXT_IS_COMMITMENT)
		{
			note_redacted(&redacted, shape->names[att]);
			continue;
		}
		set_value(&json, shape, &value, LARGEST_OBJECT - Min(object->size, LARGEST_OBJECT));
		add_member(object, shape->names[att], &json, value.size);
		if (object != &key && shape->is_key[att] &&
			(value.side == PVEXT_OLD || item->kind == PVEXT_ITEM_INSERT))
			add_member(&key, shape->names[att], &json, value.size);
	}
	set(trail, PVEXT_RECORD_RELATION_ID, Int32GetDatum(shape->relation_id));
	trail->nulls[PVEXT_RECORD_RELATION] = shape->relation == NULL;
	if (shape->relation)
		set(trail, PVEXT_RECORD_RELATION, CStringGetTextDatum(shape->relation));
	set(trail, PVEXT_RECORD_OPERATION, CStringGetTextDatum(pvext_operation_name(item->kind)));
	set_object(trail, PVEXT_RECORD_KEY, &key);
	set_object(trail, PVEXT_RECORD_OLD, &old);
	set_object(trail, PVEXT_RECORD_NEW, &new);
	set_redacted(trail, redacted);
	return shape->missing ? PVEXT_NO_SHAPE :
		item->broken ? PVEXT_MALFORMED : NULL;
}

/*
 * Begin to read chunks; what is read of each is in the current context, but for
 * what stays for the next.
 */
void
pvext_begin_trail(PvextTrail *trail)
{
	memset(trail, 0, sizeof(*trail));
	trail->context = AllocSetContextCreate(CurrentMemoryContext, "pvext shapes read",
										   ALLOCSET_SMALL_SIZES);
	trail->who_context = AllocSetContextCreate(CurrentMemoryContext, "pvext who",
											   ALLOCSET_SMALL_SIZES);
}

/* Go on to another chunk. */
void
pvext_begin_trail_chunk(PvextTrail *trail)
{
	memset(trail->nulls, true, sizeof(trail->nulls));
}

/*
 * Read the item in place n of the chunk.  True where it is a change, or a read, of
 * which the values are those of trail, as far as it can be read; trail->why says
 * why no further.
 */
bool
pvext_read_trail(PvextTrail *trail, PvextReadItem item, int n)
{
	trail->why = NULL;
	switch (item.kind)
	{
		case PVEXT_ITEM_TIME:
			set(trail, PVEXT_RECORD_AT, TimestampTzGetDatum(item.time));
			return false;
		case PVEXT_ITEM_WHO:
			read_who(trail, &item);
			return false;
		case PVEXT_ITEM_READ:
			set(trail, PVEXT_RECORD_N, Int32GetDatum(n));
			for (int i = PVEXT_RECORD_RELATION_ID; i < PVEXT_RECORD_COLUMNS; i++)
				trail->nulls[i] = true;
			trail->why = pvext_can_read(item) ? NULL : PVEXT_MALFORMED;
			return true;
		default:
			set(trail, PVEXT_RECORD_N, Int32GetDatum(n));
			trail->why = read_change(trail, &item);
			return true;
	}
}

/* The records of a chunk go into the result; why not all of it could be read, or NULL. */
static const char *
put_records(PvextTrail *trail, const PvextChunk *chunk, ReturnSetInfo *result)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pvext record read",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	PvextItems	items = pvext_items_of(chunk);
	PvextReadItem item;
	const char *why = NULL;

	pvext_begin_trail_chunk(trail);
	for (int n = 0; pvext_next_item(&items, &item); n++)
	{
		if (pvext_read_trail(trail, item, n) && item.kind != PVEXT_ITEM_READ)
			tuplestore_putvalues(result->setResult, result->setDesc, trail->values, trail->nulls);
		why = trail->why ? trail->why : why;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return items.broken ? PVEXT_MALFORMED : why;
}

/*
 * pv.audit_records(partition, place): the records of a chunk by its place in the
 * log.  It is not told the bytes: they come from nowhere but the log.
 */
Datum
pvext_audit_records(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PvextTrail *trail = fcinfo->flinfo->fn_extra;
	PvextChunk	chunk;
	PvextScope	scope;
	MemoryContext caller;
	const char *why;

	InitMaterializedSRF(fcinfo, 0);
	if (!pvext_find_chunk(PG_GETARG_OID(0), (ItemPointer) PG_GETARG_POINTER(1), &chunk, &why))
		return (Datum) 0;
	if (trail == NULL)
	{
		caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		trail = palloc(sizeof(PvextTrail));
		pvext_begin_trail(trail);
		MemoryContextSwitchTo(caller);
		fcinfo->flinfo->fn_extra = trail;
	}
	pvext_enter(&scope);
	if (why == NULL)
		why = put_records(trail, &chunk, result);
	if (why)
		pvext_warn_unread(chunk.partition, chunk.id, why);
	pvext_leave(&scope);
	return (Datum) 0;
}

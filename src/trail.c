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
#include "message.h"

#include <math.h>

#include "arg.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "compat.h"
#include "funcapi.h"
#include "key.h"
#include "map.h"
#include "mb/pg_wchar.h"
#include "record.h"
#include "shape.h"
#include "spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* The text of an object's values; jsonb holds less than 256 MB. */
#define LARGEST_OBJECT (200 * 1024 * 1024)

/* The columns that pv.audit_records() returns. */
enum
{
	RECORD_N,
	RECORD_AT,
	RECORD_LOGIN,
	RECORD_ROLE,
	RECORD_APPLICATION,
	RECORD_CLIENT,
	RECORD_ACTOR,
	RECORD_RELATION_ID,
	RECORD_RELATION,
	RECORD_OPERATION,
	RECORD_KEY,
	RECORD_OLD,
	RECORD_NEW,
	RECORD_REDACTED,
	RECORD_COLUMNS
};

/* A jsonb object being made. */
typedef struct Object
{
	JsonbParseState *state;
	Size		size;
} Object;

/* What a chunk has said so far. */
typedef struct Trail
{
	Datum		values[RECORD_COLUMNS];
	bool		nulls[RECORD_COLUMNS];
	List	   *shapes;			/* PvextOldShape; in "context" */
	MemoryContext context;
	MemoryContext who_context;	/* the values of who */
} Trail;

PG_FUNCTION_INFO_V1(pvext_audit_records);
PG_FUNCTION_INFO_V1(pvext_subject_trail);

static void
set(Trail *trail, int column, Datum value)
{
	trail->values[column] = value;
	trail->nulls[column] = false;
}

/*
 * Values as jsonb
 */

static void
set_string(JsonbValue *json, char *text, Size size)
{
	json->type = jbvString;
	json->val.string.val = text;
	json->val.string.len = (int) size;
}

/* What stands for a value that cannot be shown. */
static void
set_omitted(JsonbValue *json, Size size)
{
	char	   *text = psprintf("{\"omitted_bytes\": " UINT64_FORMAT "}", (uint64) size);
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

static void
set_value(JsonbValue *json, PvextOldShape *shape, const PvextReadValue *value, Size room)
{
	int			att = value->column - 1;
	Oid			type = shape->types[att];
	char	   *text;
	Size		size = value->size;

	if (value->form == PVEXT_IS_NULL)
	{
		json->type = jbvNull;
		return;
	}
	if (size > room || (type == BYTEAOID && 2 * size > room))
	{
		set_omitted(json, size);
		return;
	}
	if (!OidIsValid(type) || type == TEXTOID || type == VARCHAROID || type == BPCHAROID)
		text = pnstrdup(value->data, size);
	else
	{
		Datum		datum = pvext_read_datum(type, value);

		if (set_natural(json, type, datum))
			return;
		text = OutputFunctionCall(&shape->outputs[att], datum);
	}
	size = strlen(text);
	if (size > room || !pg_verifymbstr(text, (int) size, true))
		set_omitted(json, value->size);
	else
		set_string(json, text, size);
}

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

static void
set_object(Trail *trail, int column, Object *object)
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

static PvextOldShape *
find_shape(Trail *trail, uint32 number)
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

static void
read_who(Trail *trail, PvextReadItem *item)
{
	PvextReadValue value;
	MemoryContext old = MemoryContextSwitchTo(trail->who_context);

	MemoryContextReset(trail->who_context);
	for (int i = RECORD_LOGIN; i <= RECORD_ACTOR; i++)
		trail->nulls[i] = true;
	while (pvext_next_value(item, &value))
		if (value.column >= PVEXT_WHO_LOGIN && value.column <= PVEXT_WHO_COLUMNS &&
			value.form == PVEXT_IS_VALUE && pg_verifymbstr(value.data, value.size, true))
			set(trail, RECORD_LOGIN + value.column - PVEXT_WHO_LOGIN,
				PointerGetDatum(cstring_to_text_with_len(value.data, value.size)));
	MemoryContextSwitchTo(old);
}

static const char *
operation(uint8 kind)
{
	switch (kind)
	{
		case PVEXT_ITEM_INSERT:
			return "INSERT";
		case PVEXT_ITEM_UPDATE:
			return "UPDATE";
		case PVEXT_ITEM_DELETE:
			return "DELETE";
		default:
			return "TRUNCATE";
	}
}

/* A redacted value is named, once. */
static void
note_redacted(List **redacted, char *name)
{
	if (!pvext_has_name(*redacted, name))
		*redacted = lappend(*redacted, name);
}

static void
set_redacted(Trail *trail, List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(names), 1));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, names)
		elements[n++] = CStringGetTextDatum(lfirst(lc));
	trail->nulls[RECORD_REDACTED] = names == NIL;
	trail->values[RECORD_REDACTED] =
		PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
read_change(Trail *trail, PvextReadItem *item)
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
	set(trail, RECORD_RELATION_ID, Int32GetDatum(shape->relation_id));
	trail->nulls[RECORD_RELATION] = shape->relation == NULL;
	if (shape->relation)
		set(trail, RECORD_RELATION, CStringGetTextDatum(shape->relation));
	set(trail, RECORD_OPERATION, CStringGetTextDatum(operation(item->kind)));
	set_object(trail, RECORD_KEY, &key);
	set_object(trail, RECORD_OLD, &old);
	set_object(trail, RECORD_NEW, &new);
	set_redacted(trail, redacted);
}

/*
 * pv.audit_records(payload)
 */
Datum
pvext_audit_records(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bytea	   *payload = PG_GETARG_BYTEA_PP(0);
	PvextItems	items = {VARDATA_ANY(payload), VARDATA_ANY(payload) + VARSIZE_ANY_EXHDR(payload)};
	Trail	   *trail = fcinfo->flinfo->fn_extra;
	PvextReadItem item;
	PvextScope	scope;
	MemoryContext context;
	MemoryContext caller;

	InitMaterializedSRF(fcinfo, 0);
	if (trail == NULL)
	{
		trail = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Trail));
		trail->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "pvext shapes read",
											   ALLOCSET_SMALL_SIZES);
		trail->who_context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "pvext who",
												   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = trail;
	}
	memset(trail->nulls, true, sizeof(trail->nulls));
	pvext_enter(&scope);
	context = AllocSetContextCreate(CurrentMemoryContext, "pvext record read",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	for (int n = 0; pvext_next_item(&items, &item); n++)
	{
		if (item.kind == PVEXT_ITEM_TIME)
			set(trail, RECORD_AT, TimestampTzGetDatum(item.time));
		else if (item.kind == PVEXT_ITEM_WHO)
			read_who(trail, &item);
		else if (item.kind != PVEXT_ITEM_READ)
		{
			set(trail, RECORD_N, Int32GetDatum(n));
			read_change(trail, &item);
			tuplestore_putvalues(result->setResult, result->setDesc, trail->values, trail->nulls);
		}
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	pvext_leave(&scope);
	return (Datum) 0;
}

/*
 * What happened to a subject
 */

/* Begin an array of strings, a list of C strings. */
static void
push_texts(JsonbParseState **state, List *texts)
{
	ListCell   *lc;

	(void) pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, texts)
	{
		JsonbValue	json;

		set_string(&json, lfirst(lc), strlen(lfirst(lc)));
		(void) pushJsonbValue(state, WJB_ELEM, &json);
	}
}

static List *
append_target(List *targets, PvextTable *table, List *columns)
{
	return lappend(targets, list_make2(psprintf("%d", table->id), columns));
}

/*
 * Where the subject's key stands: in its own table, and in those linked to it by
 * its key.  Of a link with a condition the log cannot say if it held.
 */
static List *
key_targets(PvextMap *map, PvextTable *subject)
{
	List	   *targets = append_target(NIL, subject, subject->key);
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			List	   *columns = NIL;
			ListCell   *key;

			if (link->parent != subject || link->condition ||
				!pvext_same_names(link->parent_columns, subject->key))
				continue;
			foreach(key, subject->key)
			{
				ListCell   *a;
				ListCell   *b;

				forboth(a, link->columns, b, link->parent_columns)
					if (strcmp(lfirst(b), lfirst(key)) == 0)
						columns = lappend(columns, lfirst(a));
			}
			targets = append_target(targets, link->table, columns);
		}
	return targets;
}

/* The targets as [[relation_id, [column, ...]], ...]. */
static Datum
targets_json(List *targets)
{
	JsonbParseState *state = NULL;
	ListCell   *lc;

	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, targets)
	{
		List	   *target = lfirst(lc);

		push_texts(&state, list_make1(linitial(target)));	/* left open */
		push_texts(&state, lsecond(target));
		(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);
		(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}

static Datum
key_json(List *parts)
{
	JsonbParseState *state = NULL;

	push_texts(&state, parts);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}

/* What the records of $1, the targets, say of the key in $2 and of those that it was changed from or to. */
static const char trail_sql[] =
"WITH RECURSIVE target AS MATERIALIZED ("
"  SELECT CAST(g ->> 0 AS integer) AS relation_id, g -> 1 AS columns, o = 1 AS own"
"  FROM jsonb_array_elements($1) WITH ORDINALITY AS e(g, o)),"
" named AS MATERIALIZED ("
"  SELECT t.*, g.own, v.was, v.became FROM pv.audit_trail AS t"
"  JOIN target AS g USING (relation_id)"
"  CROSS JOIN LATERAL ("
"   SELECT jsonb_agg(t.key ->> c ORDER BY o) AS was,"
"          jsonb_agg(coalesce(t.new ->> c, t.key ->> c) ORDER BY o) AS became"
"   FROM jsonb_array_elements_text(g.columns) WITH ORDINALITY AS u(c, o)) AS v),"
" keys(key) AS (SELECT $2"
"  UNION SELECT CASE WHEN n.was = k.key THEN n.became ELSE n.was END"
"  FROM keys AS k JOIN named AS n ON n.own AND n.was <> n.became"
"   AND (n.was = k.key OR n.became = k.key))"
" SELECT DISTINCT ON (n.xid, n.id, n.n) n.id, n.n, n.at, n.login, n.role, n.application,"
"  n.client, n.actor, n.relation_id, n.relation, n.operation, n.key, n.old, n.new, n.redacted,"
"  n.xid, n.incarnation"
" FROM named AS n WHERE n.was IN (SELECT key FROM keys) OR n.became IN (SELECT key FROM keys)"
" ORDER BY n.xid, n.id, n.n";

/*
 * pv.subject_trail(subject, key)
 */
Datum
pvext_subject_trail(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextMap   *map;
	PvextTable *subject;
	char	   *key;
	char	   *found;
	uint64		n;

	pvext_require_arg(fcinfo, 0, "subject");
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	key = pvext_key_arg(fcinfo, 1);
	map = pvext_map();
	subject = pvext_map_subject(map, PG_GETARG_OID(0));
	found = pvext_find_subject(subject, key, PVEXT_TO_LOOK);
	pvext_arg(&args, JSONBOID, targets_json(key_targets(map, subject)), false);
	pvext_arg(&args, JSONBOID, key_json(pvext_split_key(subject, found ? found : key)), false);
	n = pvext_own(trail_sql, &args);
	for (uint64 i = 0; i < n; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
	pvext_leave(&scope);
	return (Datum) 0;
}

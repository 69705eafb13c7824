/*
 * shape.c
 *		Shapes of rows: what the numbers in the audit log's records mean.
 *
 * A record names columns by attribute number, and holds their values as a tuple
 * does.  Which table, which columns and which types these are says a row of
 * pv.audit_shape, which never changes: a table that is altered gets another one.
 * So what was written stays readable whatever happens to the table, and in any
 * server that a dump is restored into.
 *
 * The latter is true of types whose OID and bytes are the same everywhere, which
 * value_bytes.c knows.  Values of any other (enums, composites, extensions' types; OIDs
 * of objects, that is reg* and aclitem) are written as text.  A domain is written as its base type.
 *
 * The columns of keys and links, which every record has, are those of the data
 * map, read from pv's tables: a change may be audited while pvext_map() is in use.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/tupdesc.h"
#include "access/tupmacs.h"
#include "access/xact.h"
#include "audit/key_set.h"
#include "audit/shape.h"
#include "audit/value_bytes.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/expression.h"
#include "base/invalidation.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

static HTAB *shapes = NULL;		/* PvextShape */
static PvextShape *last = NULL;
static bool any_fresh = false;
static uint64 changes = 0;		/* invalidations that concern a shape, or might */

/*
 * Keeping
 */

/* No look at a catalog: shapes are only marked, since one may be in use. */
static void
relation_changed(Oid relid)
{
	HASH_SEQ_STATUS status;
	PvextShape *shape;

	if (shapes == NULL)
		return;
	if (OidIsValid(relid))
	{
		shape = hash_search(shapes, &relid, HASH_FIND, NULL);
		if (shape)
		{
			shape->valid = false;
			changes++;
		}
		return;
	}
	changes++;
	hash_seq_init(&status, shapes);
	while ((shape = hash_seq_search(&status)) != NULL)
		shape->valid = false;
}

/* A shape made by a transaction that aborts is none. */
static void
forget_fresh(void)
{
	HASH_SEQ_STATUS status;
	PvextShape *shape;

	if (!any_fresh)
		return;
	hash_seq_init(&status, shapes);
	while ((shape = hash_seq_search(&status)) != NULL)
		if (shape->fresh)
			shape->valid = false;
}

/* What an aborted subtransaction has made is not in pv.audit_shape. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_fresh();
}

/*
 * Nor what an aborted transaction has made, or one with a snapshot of its own has seen;
 * what is fresh is looked up again after a commit as well, which costs little.
 */
static void
end_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	forget_fresh();
	any_fresh = false;
}

/* From _PG_init(): hear of changes, and of the ends of transactions. */
void
pvext_init_shape(void)
{
	pvext_on_relation_change(relation_changed);
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
}

/*
 * Types
 */

/*
 * The type by which values can be read anywhere; InvalidOid: as text.
 */
static Oid
stored_type(Oid type)
{
	type = getBaseType(type);
	return pvext_has_image(type) ? type : InvalidOid;
}

/* Does the text of the type's values depend on nothing but them? */
static bool
is_plain_text(Oid type)
{
	Oid			element;

	type = getBaseType(type);
	element = get_element_type(type);
	return get_typtype(OidIsValid(element) ? element : type) == TYPTYPE_ENUM;
}

/* How values of a column are written. */
static void
init_column(PvextShape *shape, PvextShapeColumn *column, Form_pg_attribute att)
{
	Oid			output;
	bool		varlena;

	column->length = att->attlen;
	column->byval = att->attbyval;
	if (OidIsValid(stored_type(att->atttypid)))
	{
		column->store = att->attbyval ? PVEXT_STORE_BYVAL :
			att->attlen > 0 ? PVEXT_STORE_FIXED : PVEXT_STORE_VARLENA;
		return;
	}
	column->store = PVEXT_STORE_TEXT;
	getTypeOutputInfo(getBaseType(att->atttypid), &output, &varlena);
	column->output = MemoryContextAlloc(shape->context, sizeof(FmgrInfo));
	fmgr_info_cxt(output, column->output, shape->context);
	if (!is_plain_text(att->atttypid))
		shape->depends = true;
}

/*
 * Writing
 */

/*
 * The id in pv.relation of the relation, or of the one it is audited with; 0 for
 * one that is not audited.
 */
static int32
audited_id(Relation rel)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, RelationGetRelid(rel));
	if (pvext_own("WITH RECURSIVE up(relid) AS (SELECT $1"
				  "  UNION SELECT i.inhparent FROM pg_inherits i JOIN up ON i.inhrelid = up.relid)"
				  " SELECT a.relation_id FROM up"
				  " JOIN pv.relation r ON r.relation = up.relid"
				  " JOIN pv.audited a ON a.relation_id = r.id ORDER BY 1 LIMIT 1", &args) == 0)
		return 0;
	return (int32) pvext_int(0, 1);
}

/* All columns that are not made from others. */
static List *
own_columns(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *names = NIL;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && !TupleDescAttr(desc, i)->attgenerated)
			names = lappend(names, pstrdup(NameStr(TupleDescAttr(desc, i)->attname)));
	return names;
}

/*
 * The names of the row's key: the subject's, the primary key, or all columns,
 * without which nobody could tell which row has changed.
 */
static List *
key_names(Relation rel, int32 relation_id)
{
	PvextArgs	args = {0};
	List	   *key;

	pvext_arg_int4(&args, relation_id);
	if (pvext_own("SELECT key FROM pv.declared_subject WHERE relation_id = $1", &args) > 0)
		return pvext_names(0, 1);
	key = pvext_primary_key(RelationGetRelid(rel));
	return key ? key : own_columns(rel);
}

/*
 * The names of the columns by which rows belong to others, or others to them; and
 * those that conditions of links read.
 */
static List *
link_names(Relation rel, int32 relation_id)
{
	PvextArgs	args = {0};
	List	   *names;
	uint64		n;
	ListCell   *lc;

	pvext_arg_int4(&args, relation_id);
	(void) pvext_own("SELECT array_agg(DISTINCT c) FROM ("
					 "SELECT unnest(columns) FROM pv.declared_link WHERE relation_id = $1"
					 " UNION ALL SELECT unnest(parent_columns) FROM pv.declared_link"
					 "  WHERE parent_id = $1) AS l(c)", &args);
	names = pvext_names(0, 1);
	n = pvext_own("SELECT bound FROM pv.declared_link"
				  " WHERE relation_id = $1 AND bound IS NOT NULL", &args);
	for (uint64 i = 0; i < n; i++)
		foreach(lc, pvext_columns(RelationGetRelid(rel)))
			if (pvext_mentions(pvext_value(i, 1), lfirst(lc)))
				names = lappend(names, lfirst(lc));
	return names;
}

/* Add an array of so many values. */
static void
arg_array(PvextArgs *args, Oid element, Oid array, int length, char align, Datum *values,
		  int n)
{
	pvext_arg(args, array,
			  PointerGetDatum(construct_array(values, n, element, length, length > 0 && length <= 4,
											  align)),
			  false);
}

/* A column's collation, where it is not that of its type. */
static char *
collation_name(Form_pg_attribute att)
{
	if (!OidIsValid(att->attcollation) || att->attcollation == get_typcollation(att->atttypid))
		return "";
	return generate_collation_name(att->attcollation);
}

/* The attribute numbers of those columns that are named. */
static void
arg_attnums(PvextArgs *args, Relation rel, List *names)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Datum	   *values = palloc(sizeof(Datum) * Max(desc->natts, 1));
	int			n = 0;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			pvext_has_name(names, NameStr(TupleDescAttr(desc, i)->attname)))
			values[n++] = Int16GetDatum(i + 1);
	arg_array(args, INT2OID, INT2ARRAYOID, sizeof(int16), TYPALIGN_SHORT, values, n);
}

/* The values of a row of pv.audit_shape, in the order of its columns but the id. */
static void
describe(PvextArgs *args, PvextShape *shape, Relation rel, int32 relation_id, List *key,
		 List *links)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Size		size = sizeof(Datum) * Max(desc->natts, 1);
	Datum	   *attnums = palloc(size);
	Datum	   *types = palloc(size);
	Datum	   *collations = palloc(size);
	Datum	   *stored = palloc(size);
	List	   *names = NIL;
	int			n = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (shape->columns[i].store == PVEXT_STORE_NOT)
			continue;
		names = lappend(names, NameStr(att->attname));
		attnums[n] = Int16GetDatum(att->attnum);
		types[n] = CStringGetTextDatum(pvext_type_name(att->atttypid, att->atttypmod));
		collations[n] = CStringGetTextDatum(collation_name(att));
		stored[n++] = ObjectIdGetDatum(stored_type(att->atttypid));
	}
	pvext_arg_int4(args, relation_id);
	pvext_arg_names(args, names, false);
	arg_array(args, INT2OID, INT2ARRAYOID, sizeof(int16), TYPALIGN_SHORT, attnums, n);
	arg_array(args, TEXTOID, TEXTARRAYOID, -1, TYPALIGN_INT, types, n);
	arg_array(args, TEXTOID, TEXTARRAYOID, -1, TYPALIGN_INT, collations, n);
	arg_array(args, OIDOID, OIDARRAYOID, sizeof(Oid), TYPALIGN_INT, stored, n);
	arg_attnums(args, rel, key);
	arg_attnums(args, rel, links);
}

/* The shape's number; a new one where there was none like it. */
static uint32
number_of(PvextShape *shape, PvextArgs *args)
{
	if (pvext_own("SELECT id FROM pv.audit_shape WHERE relation_id = $1 AND columns = $2"
				  " AND attnums = $3 AND types = $4 AND collations = $5 AND stored = $6"
				  " AND keys = $7 AND links = $8 ORDER BY id LIMIT 1", args) == 0)
	{
		shape->fresh = true;
		(void) pvext_own("INSERT INTO pv.audit_shape (relation_id, columns, attnums, types,"
						 " collations, stored, keys, links)"
						 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id", args);
	}
	return (uint32) pvext_int(0, 1);
}

/*
 * Look the shape up, or make one; its number is 0 where the relation is not audited.
 * From within a trigger, that is in the middle of somebody's statement: by pvext's own
 * role, and with nothing of the data map, which may be in use.
 */
static void
make_shape(PvextShape *shape, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	PvextArgs	args = {0};
	PvextScope	scope;
	int32		relation_id;
	List	   *key;
	List	   *links;

	pvext_enter(&scope);
	pvext_watch_declarations();
	shape->number = 0;
	relation_id = audited_id(rel);
	if (relation_id == 0)
	{
		pvext_leave(&scope);
		return;
	}
	key = key_names(rel, relation_id);
	links = link_names(rel, relation_id);
	shape->natts = desc->natts;
	shape->columns = MemoryContextAllocZero(shape->context,
											sizeof(PvextShapeColumn) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		always = pvext_has_name(key, NameStr(att->attname)) ||
			pvext_has_name(links, NameStr(att->attname));

		/* What the server makes from other columns says of a person what they do, and is not declared. */
		if (att->attisdropped || (att->attgenerated && !always))
			continue;
		init_column(shape, &shape->columns[i], att);
		shape->columns[i].always = always;
	}
	describe(&args, shape, rel, relation_id, key, links);
	shape->number = number_of(shape, &args);
	pvext_leave(&scope);
}

/* The shape of an audited relation's rows, valid until the next call. */
PvextShape *
pvext_shape(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	PvextShape *shape = last;
	uint64		before;
	bool		found;

	if (likely(shape && shape->relid == relid && shape->valid))
		return shape;
	if (shapes == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(PvextShape);
		shapes = hash_create("pvext shapes", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	shape = hash_search(shapes, &relid, HASH_ENTER, &found);
	if (!found)
		memset((char *) shape + sizeof(Oid), 0, sizeof(PvextShape) - sizeof(Oid));
	if (!shape->valid)
	{
		if (shape->context)
			MemoryContextDelete(shape->context);
		shape->context = AllocSetContextCreate(TopMemoryContext, "pvext shape",
											   ALLOCSET_SMALL_SIZES);
		shape->depends = false;

		/* What an old snapshot sees of the map is not for the next one. */
		shape->fresh = IsolationUsesXactSnapshot();
		any_fresh = true;

		/*
		 * A change that comes while it is made leaves it invalid: it serves this call,
		 * which has the lock on its table, and is made again at the next.
		 */
		before = changes;
		make_shape(shape, rel);
		shape->valid = before == changes;
	}
	last = shape;
	return shape;
}

/*
 * Reading
 */

/* An array of int2 or oid of the last result, with so many elements, or any for -1. */
static Datum *
elements(int column, Oid type, int length, int *n)
{
	bool		isnull;
	Datum	   *values;
	int			expected = *n;

	deconstruct_array(DatumGetArrayTypeP(pvext_datum(0, column, &isnull)), type, length, true,
					  length == 2 ? TYPALIGN_SHORT : TYPALIGN_INT, &values, NULL, n);
	if (expected >= 0 && *n != expected)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a shape of the audit log cannot be read")));
	return values;
}

/*
 * What is known of each attribute number, up to the highest; numbers and types come from
 * a table that a superuser may have written to.
 */
static void
read_columns(PvextOldShape *shape, List *names, Datum *attnums, Datum *stored)
{
	ListCell   *lc;
	int			i;

	for (i = 0; i < list_length(names); i++)
		shape->natts = Max(shape->natts, DatumGetInt16(attnums[i]));
	shape->names = palloc0(sizeof(char *) * Max(shape->natts, 1));
	shape->types = palloc0(sizeof(Oid) * Max(shape->natts, 1));
	shape->lengths = palloc0(sizeof(int16) * Max(shape->natts, 1));
	shape->byvals = palloc0(sizeof(bool) * Max(shape->natts, 1));
	shape->is_key = palloc0(sizeof(bool) * Max(shape->natts, 1));
	shape->outputs = palloc0(sizeof(FmgrInfo) * Max(shape->natts, 1));
	i = 0;
	foreach(lc, names)
	{
		int			att = DatumGetInt16(attnums[i]) - 1;
		Oid			type = DatumGetObjectId(stored[i++]);
		Oid			output;
		bool		varlena;

		if (att < 0)
			continue;
		shape->names[att] = lfirst(lc);
		shape->types[att] = type;
		if (!OidIsValid(type) || !pvext_has_image(type))
			continue;			/* a text; or of a type as whose value nothing is sound */
		get_typlenbyval(type, &shape->lengths[att], &shape->byvals[att]);
		getTypeOutputInfo(type, &output, &varlena);
		fmgr_info_cxt(output, &shape->outputs[att], CurrentMemoryContext);
	}
}

/* Read a shape of a number: the body of pvext_try(). */
static void
read_shape(void *arg)
{
	static PvextStatement find = {
		"SELECT s.relation_id, CASE WHEN r.id IS NOT NULL THEN"
		" format('%I.%I', coalesce(n.nspname, r.schema), coalesce(c.relname, r.name)) END,"
		" s.columns, s.attnums, s.stored, s.keys || s.links"
		" FROM pv.audit_shape s LEFT JOIN pv.relation r ON r.id = s.relation_id"
		" LEFT JOIN pg_class c ON c.oid = r.relation"
		" LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE s.id = $1", NULL
	};
	PvextOldShape *shape = arg;
	PvextArgs	args = {0};
	List	   *names;
	Datum	   *keys;
	int			n;

	pvext_arg_int4(&args, (int32) shape->number);
	if (pvext_own_kept(&find, &args) == 0)
		return;
	shape->relation_id = (int32) pvext_int(0, 1);
	shape->relation = pvext_value(0, 2);
	names = pvext_names(0, 3);
	n = list_length(names);
	read_columns(shape, names, elements(4, INT2OID, 2, &n), elements(5, OIDOID, 4, &n));
	n = -1;
	keys = elements(6, INT2OID, 2, &n);
	for (int i = 0; i < n; i++)
		if (DatumGetInt16(keys[i]) >= 1 && DatumGetInt16(keys[i]) <= shape->natts)
			shape->is_key[DatumGetInt16(keys[i]) - 1] = true;
	shape->missing = false;
}

/*
 * The shape of a number, in the current context.  Where there is none, or it cannot be
 * read, it is "missing", and has no columns.  Between pvext_enter() and pvext_leave().
 */
PvextOldShape *
pvext_old_shape(uint32 number)
{
	PvextOldShape *shape = palloc0(sizeof(PvextOldShape));

	shape->number = number;
	shape->missing = true;
	(void) pvext_try(read_shape, shape);
	if (shape->missing)
		shape->natts = 0;
	return shape;
}

/*
 * The bytes of a value that is not kept as a text as the Datum that they were; false where
 * they are no value of its type.
 */
bool
pvext_read_datum(PvextOldShape *shape, const PvextReadValue *value, Datum *datum)
{
	int			att = value->column - 1;
	Oid			type = shape->types[att];
	int16		length = shape->lengths[att];
	char	   *copy;

	if (length > 0)
	{
		copy = palloc0(Max(value->size, sizeof(Datum)));
		memcpy(copy, value->data, value->size);
		if (!pvext_is_sound_of_length(type, length, copy, value->size))
			return false;
		*datum = shape->byvals[att] ? fetch_att(copy, true, length) : PointerGetDatum(copy);
		return true;
	}
	if (length == 0 || value->size > MaxAllocSize - VARHDRSZ)
		return false;
	copy = palloc(VARHDRSZ + value->size);
	SET_VARSIZE(copy, VARHDRSZ + value->size);
	memcpy(VARDATA(copy), value->data, value->size);
	*datum = PointerGetDatum(copy);
	return pvext_is_sound_of_length(type, length, VARDATA(copy), value->size);
}

/* Can a value of a record of the shape be read? */
bool
pvext_can_read_value(PvextOldShape *shape, const PvextReadValue *value)
{
	Oid			type;
	Datum		datum;

	if (value->form != PVEXT_IS_VALUE)
		return true;
	if (value->column < 1 || value->column > shape->natts ||
		shape->names[value->column - 1] == NULL)
		return false;
	type = shape->types[value->column - 1];
	return OidIsValid(type) ? pvext_read_datum(shape, value, &datum) :
		pvext_is_sound(type, value->data, value->size);
}

/*
 * A value's text, to be compared, where it is not NULL and has not been redacted; NULL
 * where it cannot be read.
 */
char *
pvext_read_text(PvextOldShape *shape, const PvextReadValue *value)
{
	int			att = value->column - 1;
	Oid			type = shape->types[att];
	Datum		datum;

	if (!OidIsValid(type) || type == TEXTOID || type == VARCHAROID || type == BPCHAROID)
		return pvext_is_sound(type, value->data, value->size) ?
			pvext_comparable(type, pnstrdup(value->data, value->size)) : NULL;
	if (!pvext_read_datum(shape, value, &datum))
		return NULL;
	if (type == NUMERICOID)
		return pvext_comparable_text(type, datum);
	return OutputFunctionCall(&shape->outputs[att], datum);
}

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
 * The latter is true of types whose OID is the same everywhere: those that have
 * it from PostgreSQL's sources.  Values of any other (enums, composites,
 * extensions' types; OIDs of objects, that is reg* and aclitem) are written as
 * text.  A domain is written as its base type.
 *
 * The columns of keys and links, which every record has, are those of the data
 * map, read from pv's tables: a change may be audited while pvext_map() is in use.
 */
#include "postgres.h"
#include "message.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/tupdesc.h"
#include "access/tupmacs.h"
#include "access/xact.h"
#include "catalog.h"
#include "change.h"
#include "catalog/pg_type.h"
#include "expression.h"
#include "fmgr.h"
#include "known.h"
#include "record.h"
#include "shape.h"
#include "spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

static HTAB *shapes = NULL;		/* PvextShape */
static PvextShape *last = NULL;
static bool any_fresh = false;
static uint64 changes = 0;		/* invalidations that concern a shape, or might */
static Oid map_relid = InvalidOid;	/* pv.relation, which stands for the map */

/*
 * Keeping
 */

static void
relation_changed(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	PvextShape *shape;

	if (shapes == NULL)
		return;
	if (OidIsValid(relid) && relid != map_relid)
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

static void
end_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_fresh();
}

static void
end_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	forget_fresh();
	any_fresh = false;
}

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

static bool
names_object(Oid type)
{
	switch (type)
	{
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGTYPEOID:
		case REGROLEOID:
		case REGNAMESPACEOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case ACLITEMOID:
			return true;
		default:
			return false;
	}
}

/* Has the type the same OID everywhere, and its values the same bytes? */
static bool
is_lasting(Oid type)
{
	char		typtype = get_typtype(type);

	return type < FirstGenbkiObjectId && !names_object(type) && get_typlen(type) != -2 &&
		(typtype == TYPTYPE_BASE || typtype == TYPTYPE_RANGE || typtype == TYPTYPE_MULTIRANGE);
}

/*
 * The type by which values can be read anywhere; InvalidOid: as text.  An array
 * is no better than its elements: those of pg_class[] differ from one major to
 * the next.
 */
static Oid
stored_type(Oid type)
{
	Oid			element;

	type = getBaseType(type);
	element = get_element_type(type);
	return is_lasting(type) && (!OidIsValid(element) || is_lasting(element)) ? type : InvalidOid;
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
	map_relid = pvext_own_relation("relation");
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

/* An array of int2 or oid of the last result. */
static Datum *
elements(int column, Oid type, int length, int *n)
{
	bool		isnull;
	Datum	   *values;

	deconstruct_array(DatumGetArrayTypeP(pvext_datum(0, column, &isnull)), type, length, true,
					  length == 2 ? TYPALIGN_SHORT : TYPALIGN_INT, &values, NULL, n);
	return values;
}

static void
read_columns(PvextOldShape *shape, List *names, Datum *attnums, Datum *stored)
{
	ListCell   *lc;
	int			i;

	for (i = 0; i < list_length(names); i++)
		shape->natts = Max(shape->natts, DatumGetInt16(attnums[i]));
	shape->names = palloc0(sizeof(char *) * Max(shape->natts, 1));
	shape->types = palloc0(sizeof(Oid) * Max(shape->natts, 1));
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
		shape->types[att] = type < FirstGenbkiObjectId ? type : InvalidOid;
		if (!OidIsValid(shape->types[att]))
			continue;
		getTypeOutputInfo(type, &output, &varlena);
		fmgr_info_cxt(output, &shape->outputs[att], CurrentMemoryContext);
	}
}

/*
 * The shape of a number, in the current context.  Raises where there is none.
 * Between pvext_enter() and pvext_leave().
 */
PvextOldShape *
pvext_old_shape(uint32 number)
{
	static PvextStatement find = {
		"SELECT s.relation_id, CASE WHEN r.id IS NOT NULL THEN"
		" format('%I.%I', coalesce(n.nspname, r.schema), coalesce(c.relname, r.name)) END,"
		" s.columns, s.attnums, s.stored, s.keys || s.links"
		" FROM pv.audit_shape s LEFT JOIN pv.relation r ON r.id = s.relation_id"
		" LEFT JOIN pg_class c ON c.oid = r.relation"
		" LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE s.id = $1", NULL
	};
	PvextOldShape *shape = palloc0(sizeof(PvextOldShape));
	PvextArgs	args = {0};
	Datum	   *keys;
	int			n;

	pvext_arg_int4(&args, (int32) number);
	if (pvext_own_kept(&find, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("shape %u of the audit log is missing", number),
				 errhint("pv.audit_shape belongs to the log; restore it together with it.")));
	shape->number = number;
	shape->relation_id = (int32) pvext_int(0, 1);
	shape->relation = pvext_value(0, 2);
	read_columns(shape, pvext_names(0, 3), elements(4, INT2OID, 2, &n),
				 elements(5, OIDOID, 4, &n));
	keys = elements(6, INT2OID, 2, &n);
	for (int i = 0; i < n; i++)
		if (DatumGetInt16(keys[i]) >= 1 && DatumGetInt16(keys[i]) <= shape->natts)
			shape->is_key[DatumGetInt16(keys[i]) - 1] = true;
	return shape;
}

/* A value's bytes as the Datum that they were. */
Datum
pvext_read_datum(Oid type, const PvextReadValue *value)
{
	int16		length;
	bool		byval;
	char	   *copy;

	get_typlenbyval(type, &length, &byval);
	if (length > 0 && value->size != length)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a record of the audit log cannot be read"),
				 errhint("It was not written by pvext.")));
	if (length > 0)
	{
		copy = palloc0(Max(value->size, sizeof(Datum)));
		memcpy(copy, value->data, value->size);
		return byval ? fetch_att(copy, true, length) : PointerGetDatum(copy);
	}
	copy = palloc(VARHDRSZ + value->size);
	SET_VARSIZE(copy, VARHDRSZ + value->size);
	memcpy(VARDATA(copy), value->data, value->size);
	return PointerGetDatum(copy);
}

/*
 * A value's text, to be compared, where it is not NULL and has not been redacted.
 */
char *
pvext_read_text(PvextOldShape *shape, const PvextReadValue *value)
{
	int			att = value->column - 1;
	Oid			type = shape->types[att];
	Datum		datum;

	if (!OidIsValid(type) || type == TEXTOID || type == VARCHAROID || type == BPCHAROID)
		return pvext_comparable(type, pnstrdup(value->data, value->size));
	datum = pvext_read_datum(type, value);
	if (type == NUMERICOID)
		return pvext_comparable_text(type, datum);
	return OutputFunctionCall(&shape->outputs[att], datum);
}

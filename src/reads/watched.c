/*
 * watched.c
 *		Which columns of which relations are watched: who reads them is recorded.
 *
 * These are the personal columns of audited tables and of the partitions and
 * children of them, and of parents through which their rows are read.  Each statement
 * asks here, so the answer is kept for each relation, whether it is watched or not, until
 * the data map or the relation changes, or of a parent any relation: one of its children's
 * may have got children.  Where nothing is audited at all, or the database has no pvext,
 * that is known without a look.
 *
 * With them goes what the rows say of whose they are: the columns that hold a
 * subject's key.
 *
 * pv's tables are read as the server reads its catalogs: without a statement,
 * by no one's privileges, and as they are now, whatever the transaction's
 * snapshot shows.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "base/array.h"
#include "base/catalog.h"
#include "base/invalidation.h"
#include "base/relation.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "reads/watched.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* The columns of pv's tables that are looked at, by number. */
#define AUDITED_RELATION_ID		1
#define RELATION_ID				1
#define RELATION_RELATION		2
#define PERSONAL_RELATION_ID	1
#define PERSONAL_COLUMN_NAME	2
#define SUBJECT_RELATION_ID		1
#define SUBJECT_KEY				2
#define LINK_RELATION_ID		1
#define LINK_COLUMNS			3
#define LINK_PARENT_ID			4
#define LINK_PARENT_COLUMNS		5
#define LINK_CONDITION			6
#define LINK_EXPRESSION			12
#define LINK_ELEMENTS			15
#define LINK_IGNORE_CASE		16

/* What is known of the database. */
static enum
{
	NOT_KNOWN,
	NOTHING_WATCHED,
	SOMETHING_WATCHED
}			state = NOT_KNOWN;

static HTAB *relations = NULL;	/* PvextWatched */
static PvextWatched *renewed = NULL;	/* the one that is being looked at */
static PvextWatched *recent = NULL; /* the one that was asked for last */
static uint64 changes = 0;		/* invalidations that concern what is kept */
static bool any_by_children = false;	/* is one of them so by its children? */

/*
 * Keeping
 */

/*
 * One that is watched may be in use, and so may the one that is being looked at;
 * any other goes, since temporary tables come and go by the million.
 */
static void
forget(PvextWatched *relation)
{
	recent = NULL;
	relation->valid = false;
	if (relation->relation_id == 0 && relation != renewed)
		(void) hash_search(relations, &relation->relid, HASH_REMOVE, NULL);
}

/* The data map has changed, or anything may have. */
static void
forget_all(void)
{
	HASH_SEQ_STATUS status;
	PvextWatched *relation;

	state = NOT_KNOWN;
	changes++;
	if (relations == NULL)
		return;
	hash_seq_init(&status, relations);
	while ((relation = hash_seq_search(&status)) != NULL)
		forget(relation);
}

/* A relation that some are the parents of, at any distance, may have changed. */
static void
forget_by_children(void)
{
	HASH_SEQ_STATUS status;
	PvextWatched *relation;

	any_by_children = false;
	changes++;
	hash_seq_init(&status, relations);
	while ((relation = hash_seq_search(&status)) != NULL)
		if (relation->by_children)
			forget(relation);
}

/*
 * No look at a catalog.  It may come while a relation is being looked at, whose entry
 * stays then, but is no longer valid.
 */
static void
relation_changed(Oid relid)
{
	PvextWatched *relation;

	if (!OidIsValid(relid))
	{
		forget_all();
		return;
	}
	relation = relations ? hash_search(relations, &relid, HASH_FIND, NULL) : NULL;
	if (relation)
	{
		forget(relation);
		changes++;
	}
	if (any_by_children)
		forget_by_children();
}

/* Schema pv may have come or gone. */
static void
schema_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	state = NOT_KNOWN;
	changes++;
}

/* From _PG_init(): hear of changes. */
void
pvext_init_watch(void)
{
	pvext_on_relation_change(relation_changed);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
}

/*
 * Reading pv's tables
 */

/*
 * Call each for the rows of a table, or those whose column has the value, until
 * one returns false.
 */
static void
scan(Oid table, Oid index, AttrNumber column, RegProcedure equal, Datum value,
	 bool (*each) (HeapTuple row, TupleDesc desc, void *arg), void *arg)
{
	Relation	rel = OidIsValid(table) ? try_table_open(table, AccessShareLock) : NULL;
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	row;

	if (rel == NULL)
		return;					/* the extension has just been dropped */
	if (column > 0)
		ScanKeyInit(&key, column, BTEqualStrategyNumber, equal, value);

	/* No snapshot: the one of the catalogs, which is of now. */
	rows = systable_beginscan(rel, index, OidIsValid(index), NULL, column > 0 ? 1 : 0, &key);
	while (HeapTupleIsValid(row = systable_getnext(rows)))
		if (!each(row, RelationGetDescr(rel), arg))
			break;
	systable_endscan(rows);
	table_close(rel, AccessShareLock);
}

/* There is a row: that is all that was asked. */
static bool
note_row(HeapTuple row, TupleDesc desc, void *arg)
{
	*(bool *) arg = true;
	return false;
}

/* Is schema pv there, and pvext's, with all that is in it? */
static bool
has_extension(bool *lacks)
{
	Oid			schema = get_namespace_oid("pv", true);

	*lacks = !OidIsValid(schema) ||
		getExtensionOfObject(NamespaceRelationId, schema) != get_extension_oid("pvext", true);
	return !*lacks && OidIsValid(pvext_own_relation("audited")) &&
		OidIsValid(pvext_own_relation("declared_personal"));
}

/* Is anything watched in this database? */
bool
pvext_is_watching(void)
{
	bool		lacks;
	bool		any = false;
	uint64		before;

	if (likely(state != NOT_KNOWN))
		return state == SOMETHING_WATCHED;
	before = changes;
	if (has_extension(&lacks))
	{
		pvext_watch_declarations();
		scan(pvext_own_relation("audited"), InvalidOid, 0, InvalidOid, (Datum) 0, note_row, &any);
	}
	else if (!lacks)
		return false;			/* it is being made */
	if (before == changes)
		state = any ? SOMETHING_WATCHED : NOTHING_WATCHED;
	return any;
}

/*
 * A relation
 */

/* The relation's id in pv.relation. */
static bool
note_id(HeapTuple row, TupleDesc desc, void *arg)
{
	bool		isnull;

	*(int32 *) arg = DatumGetInt32(heap_getattr(row, RELATION_ID, desc, &isnull));
	return false;
}

/* Is the table of this id audited? */
static bool
is_audited(int32 id)
{
	bool		found = false;

	scan(pvext_own_relation("audited"), pvext_own_relation("audited_pkey"),
		 AUDITED_RELATION_ID, F_INT4EQ, Int32GetDatum(id), note_row, &found);
	return found;
}

/* A personal column, if the relation has one of the name. */
static bool
note_column(HeapTuple row, TupleDesc desc, void *arg)
{
	PvextWatched *relation = arg;
	bool		isnull;
	char	   *name = NameStr(*DatumGetName(heap_getattr(row, PERSONAL_COLUMN_NAME, desc,
														  &isnull)));
	AttrNumber	attnum = get_attnum(relation->relid, name);

	if (attnum > 0)
		relation->columns = bms_add_member(relation->columns,
										   attnum - FirstLowInvalidHeapAttributeNumber);
	return true;
}

/* Put the columns in order, with their names. */
static void
list_columns(PvextWatched *relation)
{
	int			n = bms_num_members(relation->columns);
	int			column = -1;

	relation->attnums = palloc(sizeof(AttrNumber) * n);
	relation->names = palloc(sizeof(char *) * n);
	while ((column = bms_next_member(relation->columns, column)) >= 0)
	{
		AttrNumber	attnum = column + FirstLowInvalidHeapAttributeNumber;

		relation->attnums[relation->ncolumns] = attnum;
		relation->names[relation->ncolumns++] = get_attname(relation->relid, attnum, false);
	}
}

/*
 * Whose its rows are
 */

/* A name[] of a row as a list. */
static List *
names_of(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;

	return pvext_array_names(heap_getattr(row, column, desc, &isnull));
}

/* Only these are written the same whatever the settings, and by nobody's code. */
static bool
is_key_type(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case NUMERICOID:
		case UUIDOID:
			return true;
		default:
			return false;
	}
}

/* The columns hold the key of a subject; nothing is noted unless all can be written down. */
static void
add_source(PvextWatched *relation, int32 subject_id, List *columns)
{
	PvextKeySource *source = palloc(sizeof(PvextKeySource));
	ListCell   *lc;

	source->subject_id = subject_id;
	source->n = 0;
	source->columns = palloc(sizeof(PvextKeyColumn) * list_length(columns));
	foreach(lc, columns)
	{
		PvextKeyColumn *column = &source->columns[source->n++];

		column->attnum = get_attnum(relation->relid, lfirst(lc));
		if (column->attnum <= 0)
			return;
		get_atttypetypmodcoll(relation->relid, column->attnum, &column->type,
							  &column->typmod, &column->collation);
		if (!is_key_type(column->type))
			return;
	}
	relation->sources = lappend(relation->sources, source);
}

/* The columns of a subject's key. */
static bool
note_key(HeapTuple row, TupleDesc desc, void *arg)
{
	*(List **) arg = names_of(row, desc, SUBJECT_KEY);
	return false;
}

/* The key of the subjects in a table; NIL where they are none. */
static List *
subject_key(int32 id)
{
	List	   *key = NIL;

	scan(pvext_own_relation("declared_subject"), pvext_own_relation("declared_subject_pkey"),
		 SUBJECT_RELATION_ID, F_INT4EQ, Int32GetDatum(id), note_key, &key);
	return key;
}

/* Do the columns of a link say by themselves whose the row is, as the key is spelled? */
static bool
says_whose(HeapTuple row, TupleDesc desc)
{
	bool		always;
	bool		plain;
	bool		isnull;

	(void) heap_getattr(row, LINK_CONDITION, desc, &always);
	(void) heap_getattr(row, LINK_EXPRESSION, desc, &plain);
	return always && plain &&
		!DatumGetBool(heap_getattr(row, LINK_ELEMENTS, desc, &isnull)) &&
		!DatumGetBool(heap_getattr(row, LINK_IGNORE_CASE, desc, &isnull));
}

/* A link to a subject by its key, of which the columns are the key. */
static bool
note_link(HeapTuple row, TupleDesc desc, void *arg)
{
	PvextWatched *relation = arg;
	bool		isnull;
	int32		parent = DatumGetInt32(heap_getattr(row, LINK_PARENT_ID, desc, &isnull));
	List	   *key = subject_key(parent);
	List	   *columns = names_of(row, desc, LINK_COLUMNS);
	List	   *parent_columns = names_of(row, desc, LINK_PARENT_COLUMNS);
	List	   *ordered = NIL;
	ListCell   *lc;
	ListCell   *a;
	ListCell   *b;

	if (!says_whose(row, desc) || key == NIL || !pvext_same_names(key, parent_columns))
		return true;
	foreach(lc, key)
		forboth(a, columns, b, parent_columns)
			if (strcmp(lfirst(b), lfirst(lc)) == 0)
				ordered = lappend(ordered, lfirst(a));
	add_source(relation, parent, ordered);
	return true;
}

/* Does another server have a part of the relation?  It may not show the key. */
static bool
is_elsewhere(Oid relid)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
			return true;
	return false;
}

/* By its own key, and by links to those of others, as declared for a table. */
static void
find_sources(PvextWatched *relation, int32 id)
{
	List	   *key = subject_key(id);

	if (key)
		add_source(relation, id, key);
	scan(pvext_own_relation("declared_link"), pvext_own_relation("declared_link_pkey"),
		 LINK_RELATION_ID, F_INT4EQ, Int32GetDatum(id), note_link, relation);
}

/* Take in what is declared of a table; returns its id in pv.relation, or 0. */
static int32
look_at_declared(PvextWatched *relation, Oid relid)
{
	int32		id = 0;

	scan(pvext_own_relation("relation"), pvext_own_relation("relation_relation_key"), RELATION_RELATION,
		 F_OIDEQ, ObjectIdGetDatum(relid), note_id, &id);
	if (id == 0 || get_rel_name(relid) == NULL) /* a child may just have been dropped */
		return 0;
	if ((relation->relation_id == 0 || id < relation->relation_id) && is_audited(id))
	{
		relation->relation_id = id;
		relation->relation = pvext_relation_name(relid);
	}
	scan(pvext_own_relation("declared_personal"), pvext_own_relation("declared_personal_pkey"),
		 PERSONAL_RELATION_ID, F_INT4EQ, Int32GetDatum(id), note_column, relation);
	return id;
}

/*
 * Which table it is audited as, and which of its columns are personal, as that
 * or an ancestor of it was declared; where none was, as children were, whose rows are
 * read through it.
 */
static void
look_at(PvextWatched *relation)
{
	List	   *declared = NIL;
	ListCell   *lc;

	foreach(lc, pvext_with_parents(relation->relid))
		declared = lappend_int(declared, look_at_declared(relation, lfirst_oid(lc)));
	if (relation->columns == NULL && get_rel_relkind(relation->relid) == RELKIND_RELATION &&
		has_subclass(relation->relid))
	{
		relation->by_children = any_by_children = true;
		foreach(lc, find_all_inheritors(relation->relid, NoLock, NULL))
			if (lfirst_oid(lc) != relation->relid)
				declared = lappend_int(declared, look_at_declared(relation, lfirst_oid(lc)));
	}
	if (relation->columns == NULL)
		relation->relation_id = 0;
	if (relation->relation_id == 0)
		return;
	list_columns(relation);
	if (is_elsewhere(relation->relid))
		return;
	foreach(lc, declared)
		if (lfirst_int(lc) != 0)
			find_sources(relation, lfirst_int(lc));
}

/* Look at a relation anew, whatever was known of it. */
static void
renew(PvextWatched *relation)
{
	uint64		before = changes;
	MemoryContext old;

	if (relation->context)
		MemoryContextDelete(relation->context);
	memset((char *) relation + sizeof(Oid), 0, sizeof(PvextWatched) - sizeof(Oid));
	relation->context = AllocSetContextCreate(TopMemoryContext, "pvext watched relation",
											  ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(relation->context);
	renewed = relation;			/* after an error until the next one */
	look_at(relation);
	renewed = NULL;
	MemoryContextSwitchTo(old);
	if (relation->relation_id == 0)
	{
		MemoryContextDelete(relation->context);
		relation->context = NULL;
	}

	/*
	 * A change that came meanwhile may not be in it: it serves this statement, and the
	 * next one looks again.
	 */
	relation->valid = before == changes;
}

/*
 * What is watched of a relation, valid until the next call; NULL for nothing.
 * After pvext_is_watching() has said that there is any.
 */
PvextWatched *
pvext_watched(Oid relid)
{
	PvextWatched *relation;
	bool		found;

	if (relid < FirstNormalObjectId)
		return NULL;
	if (recent && recent->relid == relid)
		return recent->relation_id != 0 ? recent : NULL;
	if (relations == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(PvextWatched);
		relations = hash_create("pvext watched relations", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	relation = hash_search(relations, &relid, HASH_ENTER, &found);
	if (!found)
		memset((char *) relation + sizeof(Oid), 0, sizeof(PvextWatched) - sizeof(Oid));
	if (!relation->valid)
		renew(relation);
	recent = relation->valid ? relation : NULL;
	return relation->relation_id != 0 ? relation : NULL;
}

/* The columns that an index can return by itself, as a range table entry has them. */
static Bitmapset *
returned_columns(Oid index_relid)
{
	Relation	index = index_open(index_relid, AccessShareLock);
	Bitmapset  *columns = NULL;

	for (int i = 0; i < index->rd_index->indnatts; i++)
	{
		AttrNumber	attnum = index->rd_index->indkey.values[i];

		if (attnum > 0 && index_can_return(index, i + 1))
			columns = bms_add_member(columns, attnum - FirstLowInvalidHeapAttributeNumber);
	}
	index_close(index, AccessShareLock);
	return columns;
}

/*
 * What the indexes of a watched relation, which the caller has locked, can return by
 * themselves: a list of Bitmapset.
 */
List *
pvext_watched_indexes(PvextWatched *relation)
{
	Relation	rel;
	List	   *relids;
	ListCell   *lc;
	MemoryContext old;

	if (relation->knows_indexes)
		return relation->indexes;
	rel = table_open(relation->relid, NoLock);
	relids = RelationGetIndexList(rel);
	table_close(rel, NoLock);
	old = MemoryContextSwitchTo(relation->context);
	foreach(lc, relids)
	{
		Bitmapset  *columns = returned_columns(lfirst_oid(lc));

		if (columns)
			relation->indexes = lappend(relation->indexes, columns);
	}
	MemoryContextSwitchTo(old);
	relation->knows_indexes = true;
	return relation->indexes;
}

/*
 * stray_value.c
 *		A person's values in rows that triggers write where the data map does not know them.
 *
 * An UPDATE or DELETE of pvext's fires triggers and rules, of the application's own or of
 * tables that foreign keys reach.  One that keeps what the row was (a history, an audit
 * log) writes the person down anew, and the erasure would be complete in name only.  So
 * once it has written, the tables that have got rows meanwhile (written_rows.c) are looked at:
 * where their rows hold a value that tells who the person is, the erasure fails.  Others
 * may be written to, such as counters and queues of keys.
 *
 * Which values these are is read then, and only then, as they were before: by a
 * snapshot of that time.  What is declared not to be personal is not looked at, and what
 * stays lawfully in rows of the person's own is no stray (staying_value.c).  Of tables that the
 * plan is about, rows that were there have been verified as far as they are the person's.
 * They are looked at where more rows have been changed than by pvext's own statements: a
 * trigger may have written the person into somebody else's, or handed one over.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "execution/identifying_value.h"
#include "execution/own_writes.h"
#include "execution/retained_value.h"
#include "execution/staying_value.h"
#include "execution/stray_value.h"
#include "map/key.h"
#include "map/unclassified.h"
#include "mb/pg_wchar.h"
#include "strategy/free_text.h"
#include "text/matcher.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* A table that has got rows. */
typedef struct Place
{
	PvextGrown *grown;
	bool		in_plan;		/* rows that were there are verified, as far as they are the person's */
	bool		changed;		/* others than pvext have changed some */
	bool		mapped;
	List	   *columns;		/* names of those that are looked at */
	List	   *personal;		/* those among them that are declared */
	List	   *links;			/* names of columns that say whose a row is */
	List	   *relids;			/* the table and its parents */
} Place;

/* The look at one of them. */
typedef struct Look
{
	Place	   *place;
	List	   *matchers;
	TupleDesc	desc;
	bool		many;
	bool	   *columns;		/* are they looked at? */
	List	  **staying;		/* of each: PvextTarget by which its values may stay */
	MemoryContext context;		/* of a row */
	Snapshot	snapshot;		/* of the time before */
	PvextTable	table;			/* with its primary key, if it has one */
	PvextStatement find_before;
	List	   *found;			/* ItemPointer: rows that hold one of the values */
} Look;

/*
 * The run in hand begins to write, its rows being locked.  Until pvext_check_strays(), in
 * the current context and resource owner: where it fails in between, the abort of the
 * (sub)transaction lets go of the snapshot.
 */
void
pvext_begin_strays(PvextStrays *strays)
{
	pvext_begin_written(&strays->written);
	strays->before = RegisterSnapshot(GetTransactionSnapshot());
	strays->own = NIL;
	strays->rekeyed = false;
}

/*
 * Tables
 */

/* The table of the plan that one with these parents is a part of, or NULL. */
static PvextTable *
table_of_plan(PvextPlan *plan, List *relids)
{
	ListCell   *lc;

	foreach(lc, plan->tables)
		if (list_member_oid(relids, ((PvextTable *) lfirst(lc))->relid))
			return lfirst(lc);
	return NULL;
}

/* Has pvext changed all rows of the table, as far as that is known? */
static bool
is_own_work(PvextStrays *strays, PvextTable *table, PvextGrown *grown, List *all)
{
	return strays->rekeyed || pvext_is_own_work(strays->own, table, grown, all);
}

/* Has the table, which is one of the plan's own, but been changed, and by pvext alone?  Most are. */
static bool
is_changed_by_plan(PvextStrays *strays, PvextPlan *plan, PvextGrown *grown, List *all)
{
	ListCell   *lc;

	if (grown->inserted != 0)
		return false;
	foreach(lc, plan->tables)
		if (((PvextTable *) lfirst(lc))->relid == grown->relid)
			return is_own_work(strays, lfirst(lc), grown, all);
	return false;
}

/* What is declared of a table with its parents, relids. */
static void
read_declarations(Place *place, List *relids)
{
	static PvextStatement find = {
		"SELECT EXISTS (SELECT FROM pv.declared_subject AS d WHERE d.relation_id = r.id)"
		"  OR EXISTS (SELECT FROM pv.declared_link AS d WHERE d.relation_id = r.id)"
		"  OR EXISTS (SELECT FROM pv.declared_personal AS d WHERE d.relation_id = r.id),"
		" ARRAY(SELECT p.column_name FROM pv.declared_personal AS p WHERE p.relation_id = r.id),"
		" ARRAY(SELECT DISTINCT unnest(l.columns) FROM pv.declared_link AS l WHERE l.relation_id = r.id AND l.expression IS NULL)"
		" FROM pv.relation AS r WHERE r.relation = ANY ($1)", NULL
	};
	PvextArgs	args = {0};
	uint64		n;

	pvext_arg_oids(&args, relids);
	n = pvext_own_kept(&find, &args);
	for (uint64 i = 0; i < n; i++)
	{
		place->mapped = place->mapped || pvext_bool(i, 1);
		place->personal = list_concat(place->personal, pvext_names(i, 2));
		place->links = list_concat(place->links, pvext_names(i, 3));
	}
}

/*
 * The columns that are looked at: what is not classified, keys that are surrogate being so
 * without a word, and what is declared of somebody.  What a purge leaves of that is there
 * by rules of its own.
 */
static void
choose_columns(Place *place, List *relids, bool purging)
{
	ListCell   *lc;
	ListCell   *cell;

	read_declarations(place, relids);
	foreach(lc, relids)
		foreach(cell, pvext_unclassified_columns(lfirst_oid(lc)))
			if (!pvext_has_name(place->columns, lfirst(cell)) && !pvext_has_name(place->personal, lfirst(cell)))
				place->columns = lappend(place->columns, lfirst(cell));
	if (!purging)
		place->columns = list_concat(place->columns, place->personal);
}

/* A table that is to be looked at; NULL where it is not. */
static Place *
make_place(PvextStrays *strays, PvextPlan *plan, PvextGrown *grown, List *all, bool purging)
{
	PvextTable *table;
	Place	   *place;
	List	   *relids;

	if (IsCatalogRelationOid(grown->relid) ||
		get_rel_relkind(grown->relid) != RELKIND_RELATION ||
		is_changed_by_plan(strays, plan, grown, all) ||
		get_rel_namespace(grown->relid) == get_namespace_oid("pv", false))
		return NULL;
	relids = pvext_with_parents(grown->relid);
	place = palloc0(sizeof(Place));
	place->grown = grown;
	place->relids = relids;
	table = table_of_plan(plan, relids);
	place->in_plan = table != NULL;
	place->changed = table == NULL || !is_own_work(strays, table, grown, all);
	if (grown->inserted == 0 && (grown->updated == 0 || !place->changed))
		return NULL;
	choose_columns(place, relids, purging);
	return place->columns != NIL ? place : NULL;
}

/* The tables that are to be looked at, of all that have got rows. */
static List *
find_places(PvextStrays *strays, PvextPlan *plan, List *all, bool purging)
{
	List	   *places = NIL;
	ListCell   *lc;

	foreach(lc, all)
	{
		Place	   *place = make_place(strays, plan, lfirst(lc), all, purging);

		if (place)
			places = lappend(places, place);
	}
	return places;
}

/*
 * Rows
 */

/* The text of a value; NULL where it has none. */
static char *
text_of(Oid type, Datum value)
{
	Oid			output;
	bool		varlena;
	bytea	   *bytes;

	if (getBaseType(type) != BYTEAOID)
	{
		getTypeOutputInfo(type, &output, &varlena);
		return OidOutputFunctionCall(output, value);
	}
	bytes = DatumGetByteaPP(value);
	if (!pg_verifymbstr(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), true))
		return NULL;
	return pnstrdup(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

/*
 * Does a value's text hold one of those that are looked for?  Its output function is
 * whoever's made the type: it runs as the table's owner.
 */
static bool
holds_value(Look *look, Oid type, Datum value)
{
	char	   *text = text_of(type, value);
	bool		json;
	ListCell   *lc;

	if (text == NULL)
		return false;
	json = pvext_is_json(type) || strchr(text, '\\') != NULL;
	foreach(lc, look->matchers)
	{
		int			n;

		(void) pvext_find_values(lfirst(lc), text, strlen(text), json, &n);
		if (n > 0)
			return true;
	}
	return false;
}

/* A row as it was before, by its primary key; NULL where it was not there or has none. */
static HeapTuple
fetch_before(Look *look, HeapTuple row)
{
	PvextTable *table = &look->table;
	PvextArgs	args = {0};
	HeapTuple	before;
	HeapTupleHeader header;
	bool		isnull;
	uint64		n;
	ListCell   *lc;

	if (table->key == NIL)
		return NULL;
	foreach(lc, table->key)
	{
		Oid			type;
		AttrNumber	attnum = pvext_column(table->relid, lfirst(lc), &type, NULL);
		Datum		value = heap_getattr(row, attnum, look->desc, &isnull);

		pvext_arg_text(&args, isnull ? NULL : text_of(type, value));
	}
	if (look->find_before.sql == NULL)
		look->find_before =
			pvext_statement(MemoryContextStrdup(GetMemoryChunkContext(table->key),
												psprintf("SELECT r FROM ONLY %s AS r WHERE %s", table->sql_name,
														 pvext_key_match_sql(table, "$%d", 1))));
	look->find_before.read_only = true;

	/* A statement that is read only goes by the active snapshot: the one of before. */
	PushActiveSnapshot(look->snapshot);
	n = pvext_run_kept(table->owner, &look->find_before, &args, CURSOR_OPT_GENERIC_PLAN);
	PopActiveSnapshot();
	if (n == 0)
		return NULL;
	header = DatumGetHeapTupleHeader(pvext_datum(0, 1, &isnull));
	before = palloc0(sizeof(HeapTupleData));
	before->t_len = HeapTupleHeaderGetDatumLength(header);
	before->t_data = header;
	return before;
}

/* Is a column's value what it was before? */
static bool
is_unchanged(Look *look, int column, HeapTuple row, HeapTuple before)
{
	Form_pg_attribute att = TupleDescAttr(look->desc, column);
	bool		isnull;
	bool		was_null;
	Datum		value = heap_getattr(row, column + 1, look->desc, &isnull);
	Datum		old = heap_getattr(before, column + 1, look->desc, &was_null);

	if (isnull || was_null)
		return isnull && was_null;
	return datum_image_eq(old, value, att->attbyval, att->attlen);
}

/* Does a row say that it is somebody else's than before? */
static bool
is_handed_over(Look *look, HeapTuple row, HeapTuple before)
{
	for (int i = 0; i < look->desc->natts; i++)
		if (pvext_has_name(look->place->links, NameStr(TupleDescAttr(look->desc, i)->attname)) &&
			!is_unchanged(look, i, row, before))
			return true;
	return false;
}

/*
 * Has the row come by a column's value meanwhile?  Of a table that is mapped only what has
 * changed counts, also whose it is.
 */
static bool
is_new(Look *look, int column, HeapTuple row, HeapTuple before)
{
	Place	   *place = look->place;
	bool		updated = (row->t_data->t_infomask & HEAP_UPDATED) != 0;

	if (!place->mapped || (before == NULL && !updated))
		return true;
	if (before == NULL)
		before = fetch_before(look, row);
	if (before == NULL)
		return !place->in_plan || look->table.key != NIL || place->grown->inserted != 0;
	return !is_unchanged(look, column, row, before) ||
		(place->in_plan && is_handed_over(look, row, before) &&
		 pvext_has_name(place->personal, NameStr(TupleDescAttr(look->desc, column)->attname)));
}

/* Does a row's column hold one of the values? */
static bool
holds_in_column(Look *look, int column, HeapTuple row)
{
	bool		isnull;
	Datum		value = heap_getattr(row, column + 1, look->desc, &isnull);

	return !isnull && holds_value(look, TupleDescAttr(look->desc, column)->atttypid, value);
}

/*
 * Does the column's value stay lawfully in the row: is the row the person's own, and was
 * the value in it before, or the whole row not there?
 */
static bool
may_stay(Look *look, int column, HeapTuple row, HeapTuple before)
{
	if (look->staying[column] == NIL)
		return false;
	if (before == NULL && (row->t_data->t_infomask & HEAP_UPDATED))
		before = fetch_before(look, row);
	if (before != NULL && !holds_in_column(look, column, before))
		return false;
	return pvext_stays(look->staying[column], row, look->many);
}

/* Does a row hold one where it should not? */
static bool
holds_any(Look *look, HeapTuple row, HeapTuple before)
{
	for (int i = 0; i < look->desc->natts; i++)
		if (look->columns[i] && holds_in_column(look, i, row) && is_new(look, i, row, before) &&
			!may_stay(look, i, row, before))
			return true;
	return false;
}

/* A row as it is now. */
static void
look_at_row(Relation rel, HeapTuple row, HeapTuple before, void *arg)
{
	Look	   *look = arg;
	MemoryContext old;
	bool		holds;
	ListCell   *lc;

	/* What was added and then changed may be met twice. */
	foreach(lc, look->place->mapped ? look->found : NIL)
		if (ItemPointerEquals(lfirst(lc), &row->t_self))
			return;
	old = MemoryContextSwitchTo(look->context);
	holds = holds_any(look, row, before);
	MemoryContextSwitchTo(old);
	MemoryContextReset(look->context);
	if (holds)
	{
		ItemPointer tid = palloc(sizeof(ItemPointerData));

		*tid = row->t_self;
		look->found = lappend(look->found, tid);
	}
}

/* Which columns are looked at, by their order, and by which targets their values may stay. */
static void
flag_columns(Look *look, PvextPlan *plan)
{
	Place	   *place = look->place;
	int			natts = look->desc->natts;

	look->columns = palloc0(sizeof(bool) * Max(natts, 1));
	look->staying = palloc0(sizeof(List *) * Max(natts, 1));
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(look->desc, i);

		look->columns[i] = !att->attisdropped && att->atttypid != BOOLOID &&
			pvext_has_name(place->columns, NameStr(att->attname));
		if (look->columns[i])
			look->staying[i] = pvext_staying_targets(plan, place->relids, NameStr(att->attname));
	}
}

/* How many of the rows that a table has got hold one of the values. */
static int64
look_at(PvextStrays *strays, PvextPlan *plan, Place *place, List *matchers, bool many)
{
	Relation	rel = table_open(place->grown->relid, AccessShareLock);
	Look		look = {place, matchers, RelationGetDescr(rel), many};
	PvextUser	back;

	if (rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		ereport(WARNING,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("whether rows that were added to %s hold a person's values is not known",
						pvext_relation_name(place->grown->relid)),
				 errdetail("It is kept by another access method than heap.")));
	else
	{
		flag_columns(&look, plan);
		look.context = AllocSetContextCreate(CurrentMemoryContext, "pvext row",
											 ALLOCSET_DEFAULT_SIZES);
		look.snapshot = strays->before;
		look.table.relid = RelationGetRelid(rel);
		look.table.owner = rel->rd_rel->relowner;
		look.table.sql_name = pvext_relation_name(look.table.relid);
		look.table.key = pvext_primary_key(look.table.relid);

		/* Types of the owner's write their values as text; an error's abort switches back. */
		pvext_switch_user(rel->rd_rel->relowner, &back);
		PushActiveSnapshot(GetTransactionSnapshot());	/* for values out of line */
		pvext_each_written(&strays->written, rel, place->grown, !place->changed, look_at_row, &look);
		PopActiveSnapshot();
		pvext_restore_user(&back);
		MemoryContextDelete(look.context);
	}
	table_close(rel, NoLock);
	return list_length(look.found);
}

/* Say which tables, and in how many of their rows; no value is named. */
static void
refuse(const char *names, const char *counts)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("triggers or rules have written the person's values where the data map does not know them: %s",
					names),
			 errdetail("Rows that hold some: %s.", counts),
			 errhint("Map them with pv.declare_link() and pv.declare_personal(), or say with pv.declare_not_personal() that nobody is identified by them; else change the trigger.")));
}

/*
 * Raise where triggers have written values of the persons whom the plan, which has been
 * carried out, is about, or changed what it was to leave alone.  leaf is the table that a
 * purge takes rows of, else NULL.  Ends what pvext_begin_strays() began.
 *
 * Triggers that have been deferred are not seen, they come at commit: that is why
 * constraints are made immediate before (pvext_run_deferred_triggers()).
 */
void
pvext_check_strays(PvextStrays *strays, PvextPlan *plan, PvextTable *leaf, bool many)
{
	List	   *all = pvext_grown_tables(&strays->written);
	List	   *places = find_places(strays, plan, all, leaf != NULL);
	List	   *matchers = NIL;
	List	   *names = NIL;
	StringInfoData counts;
	ListCell   *lc;

	if (places != NIL)
		matchers = pvext_make_matchers(pvext_telling_values(plan, leaf, strays->before, many));
	initStringInfo(&counts);
	foreach(lc, matchers != NIL ? places : NIL)
	{
		Place	   *place = lfirst(lc);
		int64		n = look_at(strays, plan, place, matchers, many);
		char	   *name;

		if (n == 0)
			continue;
		name = pvext_relation_name(pvext_partition_root(place->grown->relid));
		if (!pvext_has_name(names, name))
			names = lappend(names, name);
		appendStringInfo(&counts, "%s%lld of %s", counts.len ? ", " : "", (long long) n,
						 pvext_relation_name(place->grown->relid));
	}
	if (names == NIL && leaf == NULL && !plan->decided && !strays->rekeyed)
		pvext_check_retained(plan, pvext_touched_tables(strays->own, plan, all), strays->before, many);
	UnregisterSnapshot(strays->before);
	if (names != NIL)
		refuse(pvext_join_names(names, ", ", false), counts.data);
}

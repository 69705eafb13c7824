/*
 * stray.c
 *		A person's values in rows that triggers write where the data map does not know them.
 *
 * An UPDATE or DELETE of pvext's fires triggers and rules, of the application's own or of
 * tables that foreign keys reach.  One that keeps what the row was (a history, an audit
 * log) writes the person down anew, and the erasure would be complete in name only.  So
 * once it has written, the tables that have got rows meanwhile (written.c) are looked at:
 * where their rows hold a value that tells who the person is, the erasure fails.  Others
 * may be written to, such as counters and queues of keys.
 *
 * Which values these are is read then, and only then, as they were before: by a
 * snapshot of that time.  What is declared not to be personal is not looked at, nor what
 * stays lawfully where it is.  Of tables that the plan is about only rows that have been
 * added are looked at: those that were there have been verified.
 */
#include "postgres.h"
#include "message.h"

#include "access/table.h"
#include "catalog.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "check.h"
#include "free_text.h"
#include "matcher.h"
#include "mb/pg_wchar.h"
#include "phrase.h"
#include "stray.h"
#include "telling.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* A table that has got rows. */
typedef struct Place
{
	PvextGrown *grown;
	bool		in_plan;		/* rows that were there are verified */
	bool		mapped;
	List	   *columns;		/* names of those that are looked at */
} Place;

/* The look at one of them. */
typedef struct Look
{
	Place	   *place;
	List	   *matchers;
	TupleDesc	desc;
	bool	   *columns;		/* are they looked at? */
	MemoryContext context;		/* of a row */
	List	   *found;			/* ItemPointer: rows that hold one of the values */
} Look;

/*
 * The run in hand begins to write, its rows being locked.  Until pvext_check_strays(), in
 * the current context and resource owner.
 */
void
pvext_begin_strays(PvextStrays *strays)
{
	pvext_begin_written(&strays->written);
	strays->before = RegisterSnapshot(GetTransactionSnapshot());
}

/*
 * Tables
 */

static bool
is_in_plan(PvextPlan *plan, List *relids)
{
	ListCell   *lc;

	foreach(lc, plan->tables)
		if (list_member_oid(relids, ((PvextTable *) lfirst(lc))->relid))
			return true;
	return false;
}

/* Has the table, which is one of the plan's own, but been changed?  Most are. */
static bool
is_changed_by_plan(PvextPlan *plan, PvextGrown *grown)
{
	ListCell   *lc;

	if (grown->inserted != 0)
		return false;
	foreach(lc, plan->tables)
		if (((PvextTable *) lfirst(lc))->relid == grown->relid)
			return true;
	return false;
}

/*
 * What is declared of a table with its parents, relids.  Returns the names of its personal
 * columns.
 */
static List *
read_declarations(Place *place, List *relids)
{
	static PvextStatement find = {
		"SELECT EXISTS (SELECT FROM pv.declared_subject AS d WHERE d.relation_id = r.id)"
		"  OR EXISTS (SELECT FROM pv.declared_link AS d WHERE d.relation_id = r.id)"
		"  OR EXISTS (SELECT FROM pv.declared_personal AS d WHERE d.relation_id = r.id),"
		" ARRAY(SELECT p.column_name FROM pv.declared_personal AS p WHERE p.relation_id = r.id)"
		" FROM pv.relation AS r WHERE r.relation = ANY ($1)", NULL
	};
	PvextArgs	args = {0};
	List	   *personal = NIL;
	uint64		n;

	pvext_arg_oids(&args, relids);
	n = pvext_own_kept(&find, &args);
	for (uint64 i = 0; i < n; i++)
	{
		place->mapped = place->mapped || pvext_bool(i, 1);
		personal = list_concat(personal, pvext_names(i, 2));
	}
	return personal;
}

/* Do values of the column stay for a while, as the plan's verdict is? */
static bool
is_held(PvextPlan *plan, List *relids, const char *column)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if ((target->blocked || target->until || (target->others && plan->any_held)) && strcmp(target->column->name, column) == 0 &&
			list_member_oid(relids, target->table->relid))
			return true;
	}
	return false;
}

/*
 * The columns that are looked at: what is not classified, keys that are surrogate being so
 * without a word, and what is declared of somebody.  What a purge leaves of that is there
 * by rules of its own.
 */
static void
choose_columns(Place *place, PvextPlan *plan, List *relids, bool purging)
{
	List	   *personal = read_declarations(place, relids);
	ListCell   *lc;

	foreach(lc, relids)
		place->columns = list_concat(place->columns, pvext_unclassified_columns(lfirst_oid(lc)));
	foreach(lc, purging ? NIL : personal)
		if (!is_held(plan, relids, lfirst(lc)))
			place->columns = lappend(place->columns, lfirst(lc));
}

/* A table that is to be looked at; NULL where it is not. */
static Place *
make_place(PvextPlan *plan, PvextGrown *grown, bool purging)
{
	Place	   *place;
	List	   *relids;

	if (IsCatalogRelationOid(grown->relid) || is_changed_by_plan(plan, grown) ||
		get_rel_relkind(grown->relid) != RELKIND_RELATION ||
		get_rel_namespace(grown->relid) == get_namespace_oid("pv", false))
		return NULL;
	relids = pvext_with_parents(grown->relid);
	place = palloc0(sizeof(Place));
	place->grown = grown;
	place->in_plan = is_in_plan(plan, relids);
	if (place->in_plan && grown->inserted == 0)
		return NULL;
	choose_columns(place, plan, relids, purging);
	return place->columns != NIL ? place : NULL;
}

static List *
find_places(PvextStrays *strays, PvextPlan *plan, bool purging)
{
	List	   *places = NIL;
	ListCell   *lc;

	foreach(lc, pvext_grown_tables(&strays->written))
	{
		Place	   *place = make_place(plan, lfirst(lc), purging);

		if (place)
			places = lappend(places, place);
	}
	return places;
}

/*
 * Rows
 */

/* Matchers that together look for all values. */
static List *
make_matchers(List *values)
{
	int			half = list_length(values) / 2;
	List	   *rest;

	if (values == NIL)
		return NIL;
	if (half == 0 || pvext_can_phrase(values))
	{
		PvextMatcher *matcher = pvext_make_matcher(values);

		return pvext_matches_nothing(matcher) ? NIL : list_make1(matcher);
	}
	rest = list_copy_tail(values, half);
	return list_concat(make_matchers(list_truncate(values, half)), make_matchers(rest));
}

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

/* Is the column's value what it was before? */
static bool
is_unchanged(Look *look, int column, Datum value, HeapTuple before)
{
	Form_pg_attribute att = TupleDescAttr(look->desc, column);
	bool		isnull;
	Datum		old;

	if (before == NULL)
		return false;
	old = heap_getattr(before, column + 1, look->desc, &isnull);
	return !isnull && datum_image_eq(old, value, att->attbyval, att->attlen);
}

static bool
holds_any(Look *look, HeapTuple row, HeapTuple before)
{
	for (int i = 0; i < look->desc->natts; i++)
	{
		bool		isnull;
		Datum		value;

		if (!look->columns[i])
			continue;
		value = heap_getattr(row, i + 1, look->desc, &isnull);
		if (!isnull && !is_unchanged(look, i, value, before) &&
			holds_value(look, TupleDescAttr(look->desc, i)->atttypid, value))
			return true;
	}
	return false;
}

/* A row as it is now.  Of another's in a mapped table only what has changed counts. */
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
	holds = holds_any(look, row, look->place->mapped ? before : NULL);
	MemoryContextSwitchTo(old);
	MemoryContextReset(look->context);
	if (holds)
	{
		ItemPointer tid = palloc(sizeof(ItemPointerData));

		*tid = row->t_self;
		look->found = lappend(look->found, tid);
	}
}

/* Which columns are looked at, by their order. */
static bool *
flag_columns(Place *place, TupleDesc desc)
{
	bool	   *columns = palloc(sizeof(bool) * Max(desc->natts, 1));

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		columns[i] = !att->attisdropped && att->atttypid != BOOLOID &&
			pvext_has_name(place->columns, NameStr(att->attname));
	}
	return columns;
}

/* How many of the rows that a table has got hold one of the values. */
static int64
look_at(PvextStrays *strays, Place *place, List *matchers)
{
	Relation	rel = table_open(place->grown->relid, AccessShareLock);
	Look		look = {place, matchers, RelationGetDescr(rel)};
	PvextUser	back;

	if (rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		ereport(WARNING,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("whether rows that were added to %s hold a person's values is not known",
						pvext_relation_name(place->grown->relid)),
				 errdetail("It is kept by another access method than heap.")));
	else
	{
		look.columns = flag_columns(place, look.desc);
		look.context = AllocSetContextCreate(CurrentMemoryContext, "pvext row",
											 ALLOCSET_DEFAULT_SIZES);
		pvext_switch_user(rel->rd_rel->relowner, &back);
		PushActiveSnapshot(GetTransactionSnapshot());	/* for values out of line */
		pvext_each_written(&strays->written, rel, place->grown, place->in_plan, look_at_row, &look);
		PopActiveSnapshot();
		pvext_restore_user(&back);
		MemoryContextDelete(look.context);
	}
	table_close(rel, NoLock);
	return list_length(look.found);
}

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
 * carried out, is about.  leaf is the table that a purge takes rows of, else NULL.
 */
void
pvext_check_strays(PvextStrays *strays, PvextPlan *plan, PvextTable *leaf, bool many)
{
	List	   *places = find_places(strays, plan, leaf != NULL);
	List	   *matchers = NIL;
	List	   *names = NIL;
	StringInfoData counts;
	ListCell   *lc;

	if (places != NIL)
		matchers = make_matchers(pvext_telling_values(plan, leaf, strays->before, many));
	UnregisterSnapshot(strays->before);
	initStringInfo(&counts);
	foreach(lc, matchers != NIL ? places : NIL)
	{
		Place	   *place = lfirst(lc);
		int64		n = look_at(strays, place, matchers);
		char	   *name;

		if (n == 0)
			continue;
		name = pvext_relation_name(pvext_partition_root(place->grown->relid));
		if (!pvext_has_name(names, name))
			names = lappend(names, name);
		appendStringInfo(&counts, "%s%lld of %s", counts.len ? ", " : "", (long long) n,
						 pvext_relation_name(place->grown->relid));
	}
	if (names != NIL)
		refuse(pvext_join_names(names, ", ", false), counts.data);
}

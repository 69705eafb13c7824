/*
 * copy_search.c
 *		Where in the database somebody's values stand.
 *
 * Every table is read once, by itself: a partition or child as such, though what is found
 * in it is counted for the table that has the column first.  No statement is run for it:
 * rows are read as the server does, so that neither policies nor rules nor anybody's
 * functions have a say, or run.  Each table is locked (ACCESS SHARE) only while it is
 * read, has a snapshot of its own, and a row's memory is given back after it.
 *
 * What cannot be read, for a lock that is not had or a page that is damaged, is part of
 * the result: a search that left it out would say that all is well.
 *
 * Not read: system catalogs, schema pv, tables of others' sessions, foreign tables (which
 * the result names), views, which have no rows.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/result.h"
#include "base/type.h"
#include "catalog/pg_class.h"
#include "copies/copy_search.h"
#include "copies/readable.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* So many rows are asked about at once. */
#define HITS 500

/* A column that is read. */
typedef struct Column
{
	char	   *name;
	Oid			counted_for;	/* the table that has it first */
	PvextReader *reader;
} Column;

/* The search of one table. */
typedef struct Look
{
	PvextCopySearch *search;
	Oid			relid;
	PvextPart	part;
	Column	   *columns;		/* by number from 0; without a reader it is not read */
	PvextClaim *claims;
	int			last;			/* columns up to this are read; 0: none */
	PvextHit	hits[HITS];
	int			nhits;
	MemoryContext context;		/* of the table */
	MemoryContext row_context;
	MemoryContext result;		/* where the result is */
} Look;

/*
 * Results
 */

/* Count rows of a column. */
static void
count_rows(Look *look, int column, PvextShare share, PvextWhose whose, int64 rows)
{
	Column	   *of = &look->columns[column];
	PvextCopy  *copy;
	MemoryContext old;
	ListCell   *lc;

	foreach(lc, look->search->copies)
	{
		copy = lfirst(lc);
		if (copy->relid == of->counted_for && copy->column && strcmp(copy->column, of->name) == 0 &&
			copy->share == share && copy->whose == whose)
		{
			copy->rows += rows;
			return;
		}
	}
	old = MemoryContextSwitchTo(look->result);
	copy = palloc0(sizeof(PvextCopy));
	*copy = (PvextCopy) {of->counted_for, pstrdup(of->name), rows, share, whose, NULL, false};
	look->search->copies = lappend(look->search->copies, copy);
	MemoryContextSwitchTo(old);
}

/* Note that a table could not be searched. */
static void
note_unsearched(PvextCopySearch *search, Oid relid, const char *why, bool elsewhere)
{
	PvextCopy  *copy = palloc0(sizeof(PvextCopy));

	copy->relid = relid;
	copy->why = pstrdup(why);
	copy->elsewhere = elsewhere;
	search->copies = lappend(search->copies, copy);
}

/* Ask whose the rows are that have been found, and count them. */
static void
flush_hits(Look *look)
{
	MemoryContext old = MemoryContextSwitchTo(look->row_context);

	pvext_ask_whose(look->search->plan, &look->part, look->claims, look->hits, look->nhits);
	for (int i = 0; i < look->nhits; i++)
	{
		PvextHit   *hit = &look->hits[i];

		count_rows(look, hit->column, hit->share,
				   hit->own ? PVEXT_OF_SUBJECT : look->claims[hit->column].otherwise, 1);
	}
	look->nhits = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(look->row_context);
}

/*
 * Columns
 */

/* The table that has a column first: the table, or the farthest of its parents. */
static Oid
first_with(List *relids, const char *name)
{
	Oid			first = linitial_oid(relids);
	ListCell   *lc;

	foreach(lc, relids)
		if (pvext_has_column(lfirst_oid(lc), name))
			first = lfirst_oid(lc);
	return first;
}

/* Remember a type whose columns are not read. */
static void
note_type(Look *look, Oid type)
{
	MemoryContext old = MemoryContextSwitchTo(look->result);
	char	   *name = pvext_type_name(type, -1);

	if (!pvext_has_name(look->search->unread_types, name))
		look->search->unread_types = lappend(look->search->unread_types, name);
	MemoryContextSwitchTo(old);
}

/* Prepare to read a column, unless its values are none that are looked for in. */
static void
prepare_column(Look *look, Form_pg_attribute att)
{
	Column	   *column = &look->columns[att->attnum - 1];
	PvextReader *reader;

	if (att->attisdropped || pvext_is_computed_when_read(att))
		return;
	if (pvext_is_unread_type(att->atttypid))
		note_type(look, att->atttypid);
	reader = pvext_make_reader(&look->search->sought, att->atttypid);
	if (reader == NULL)
		return;
	column->name = pstrdup(NameStr(att->attname));
	if (!look->search->everything && !pvext_may_read(look->relid, column->name))
	{
		look->search->unreadable++;
		return;
	}
	column->counted_for = first_with(look->part.relids, column->name);
	pvext_claim_column(&look->claims[att->attnum - 1], &look->part, look->search->plan, column->name);
	column->reader = reader;
	look->last = att->attnum;
}

/* Prepare to read a table's columns. */
static void
prepare_columns(Look *look, TupleDesc desc)
{
	look->columns = palloc0(sizeof(Column) * Max(desc->natts, 1));
	look->claims = palloc0(sizeof(PvextClaim) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
		prepare_column(look, TupleDescAttr(desc, i));
}

/*
 * Rows
 */

/* Look for the values in a row. */
static void
look_at_row(Look *look, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(look->row_context);

	slot_getsomeattrs(slot, look->last);
	for (int i = 0; i < look->last; i++)
	{
		PvextShare	share;

		if (look->columns[i].reader == NULL || slot->tts_isnull[i])
			continue;
		share = pvext_find_in_value(&look->search->sought, look->columns[i].reader,
									slot->tts_values[i]);
		if (share == PVEXT_NOT_FOUND)
			continue;
		if (look->claims[i].sets == NIL)
		{
			count_rows(look, i, share, look->claims[i].otherwise, 1);
			continue;
		}
		look->hits[look->nhits++] = (PvextHit) {slot->tts_tid, i, share, false};
		if (look->nhits == HITS)
			flush_hits(look);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(look->row_context);
}

/* Read all rows of a table, by a snapshot of now. */
static void
read_rows(Look *look, Relation rel)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan;

	PushActiveSnapshot(GetTransactionSnapshot());
	scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		look_at_row(look, slot);
	}
	if (look->nhits > 0)
		flush_hits(look);
	table_endscan(scan);
	PopActiveSnapshot();
	ExecDropSingleTupleTableSlot(slot);
}

/* Search one table, unless it has gone.  For pvext_catch(). */
static void
search_table(void *arg)
{
	Look	   *look = arg;
	Relation	rel = try_relation_open(look->relid, AccessShareLock);
	MemoryContext old;

	if (rel == NULL)
		return;
	old = MemoryContextSwitchTo(look->context);
	pvext_read_part(&look->part, look->search->map, look->relid);
	prepare_columns(look, RelationGetDescr(rel));
	if (look->last > 0)
		read_rows(look, rel);
	MemoryContextSwitchTo(old);
	relation_close(rel, AccessShareLock);
}

/* Why a table could not be read.  Messages of other errors may hold values. */
static char *
why_not(Oid relid, ErrorData *error)
{
	bool		tells = error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTERNAL_ERROR;

	return psprintf("table %s could not be read: SQLSTATE %s%s%s", pvext_relation_name(relid),
					unpack_sql_state(error->sqlerrcode), tells ? ", " : "", tells ? error->message : "");
}

/* Search a table; what cannot be read is noted. */
static void
search_relation(PvextCopySearch *search, Oid relid, char relkind)
{
	Look	   *look;
	ErrorData  *error = NULL;

	if (relkind == RELKIND_FOREIGN_TABLE)
	{
		note_unsearched(search, pvext_partition_root(relid),
						psprintf("foreign table %s: its rows are elsewhere", pvext_relation_name(relid)),
						true);
		return;
	}
	look = palloc0(sizeof(Look));
	look->search = search;
	look->relid = relid;
	look->result = CurrentMemoryContext;
	look->context = AllocSetContextCreate(CurrentMemoryContext, "pvext copies of a table",
										  ALLOCSET_DEFAULT_SIZES);
	look->row_context = AllocSetContextCreate(look->context, "pvext copies of a row",
											  ALLOCSET_DEFAULT_SIZES);
	if (search->strict)
		search_table(look);
	else
		error = pvext_catch(search_table, look);
	if (error)
		note_unsearched(search, pvext_partition_root(relid), why_not(relid, error), false);
	MemoryContextDelete(look->context);
	pfree(look);
}

/*
 * Search the database for what is sought.  Between pvext_enter() and pvext_leave(); the
 * result is in the current context.
 */
void
pvext_search_copies(PvextCopySearch *search)
{
	uint64		n;
	SPITupleTable *tables;

	n = pvext_own("SELECT c.oid, CAST(c.relkind AS text) FROM pg_class AS c"
				  " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
				  " WHERE c.relkind IN ('r', 'm', 'f') AND c.relispopulated"
				  "  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pv')"
				  "  AND (c.relpersistence <> 't' OR n.oid = pg_my_temp_schema())"
				  " ORDER BY n.nspname, c.relname", NULL);
	tables = SPI_tuptable;
	for (uint64 i = 0; i < n; i++)
	{
		SPI_tuptable = tables;
		search_relation(search, (Oid) pvext_int(i, 1), *pvext_value(i, 2));
	}
	SPI_freetuptable(tables);
}

/* Tell the caller what has not been searched, and is no row of the result. */
void
pvext_tell_unsearched(PvextCopySearch *search)
{
	if (search->unreadable > 0)
		ereport(WARNING,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%lld columns have not been searched: you may not read them, or not all of their rows",
						(long long) search->unreadable),
				 errhint("An officer's search reads every table: see pv.grant_role().")));
	if (search->unread_types != NIL)
		ereport(NOTICE,
				(errmsg("columns of these types are not searched: %s",
						pvext_join_names(search->unread_types, ", ", false))));
}

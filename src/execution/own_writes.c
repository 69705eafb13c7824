/*
 * own_writes.c
 *		What pvext's own statements have changed, and so what others have.
 *
 * pvext knows how many rows each of its statements has changed or deleted, the server how
 * many have been by all (written_rows.c).  What is more than pvext's own is the work of triggers
 * and rules.  Nothing that is not one row of pvext's, changed where it is, may be counted
 * as such: it would stand for one that a trigger has changed.  Called by stray_value.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/foreign_rows.h"
#include "catalog/pg_inherits.h"
#include "execution/own_writes.h"
#include "utils/rel.h"

/* What is noted of a table; NULL where nothing is. */
static PvextOwnWrites *
own_writes(List *writes, Oid relid)
{
	ListCell   *lc;

	foreach(lc, writes)
		if (((PvextOwnWrites *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	return NULL;
}

/*
 * One of pvext's own statements has changed, or deleted, so many rows: note it in writes, a
 * list of PvextOwnWrites.  In the context of that.
 */
void
pvext_note_own_writes(List **writes, PvextTable *table, int64 updated, int64 deleted)
{
	PvextOwnWrites *own = own_writes(*writes, table->relid);

	if (own == NULL)
	{
		own = palloc0(sizeof(PvextOwnWrites));
		own->relid = table->relid;
		*writes = lappend(*writes, own);
	}
	own->updated += updated;
	own->deleted += deleted;
}

/*
 * May a trigger of the table change what an UPDATE of pvext's writes?  The table has been
 * written to, so this transaction has it locked.
 */
static bool
has_before_trigger(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	bool		has = rel->trigdesc && rel->trigdesc->trig_update_before_row;

	table_close(rel, NoLock);
	return has;
}

/* Is it the table, or a part of it, that has been written to? */
static bool
is_part(PvextGrown *grown, Oid relid, bool has_parts)
{
	return grown->relid == relid ||
		(has_parts && list_member_oid(pvext_with_parents(grown->relid), relid));
}

/*
 * Find out whether all rows of the table and its parts that have been changed where they
 * are have been so by pvext's own statements.  The server counts a row that an UPDATE moves
 * to another partition as one deleted and one inserted: there are no more of them than of
 * either.  It does not count what is changed elsewhere.
 */
static void
sum_up(PvextOwnWrites *own, List *all)
{
	bool		has_parts = has_subclass(own->relid);
	int64		left = own->updated;
	int64		inserted = 0;
	int64		deleted = 0;
	bool		known = true;
	ListCell   *lc;

	foreach(lc, all)
	{
		PvextGrown *grown = lfirst(lc);

		if (!is_part(grown, own->relid, has_parts))
			continue;
		known = known && grown->updated >= 0;
		left -= grown->updated;
		inserted += grown->inserted;
		deleted += grown->deleted;
	}
	if (has_parts)
		left -= Min(inserted, deleted);
	own->all = known && left >= 0 && !(has_parts && pvext_is_foreign(own->relid));
	own->summed = true;
}

/*
 * Has pvext changed all the rows that have been changed in a table, which is one of the
 * plan's or a part of one, and as it said?  all is what pvext_grown_tables() has found.
 */
bool
pvext_is_own_work(List *writes, PvextTable *table, PvextGrown *grown, List *all)
{
	PvextOwnWrites *own = own_writes(writes, table->relid);

	if (grown->updated == 0)
		return true;
	if (own == NULL || has_before_trigger(grown->relid))
		return false;
	if (!own->summed)
		sum_up(own, all);
	return own->all;
}

/* The plan's tables of which rows have been changed or deleted by others than its statements. */
List *
pvext_touched_tables(List *writes, PvextPlan *plan, List *all)
{
	List	   *tables = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->tables)
	{
		PvextTable *table = lfirst(lc);
		PvextOwnWrites *own = own_writes(writes, table->relid);
		int64		left = own ? own->updated + own->deleted : 0;
		bool		has_parts = has_subclass(table->relid);

		foreach(cell, all)
		{
			PvextGrown *grown = lfirst(cell);

			if (is_part(grown, table->relid, has_parts))
				left -= grown->updated < 0 || (grown->updated > 0 && has_before_trigger(grown->relid)) ?
					PG_INT64_MAX / 2 : grown->updated + grown->deleted;
		}
		if (left < 0 || (own && has_parts && pvext_is_foreign(table->relid)))
			tables = lappend(tables, table);
	}
	return tables;
}

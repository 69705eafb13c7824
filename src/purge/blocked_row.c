/*
 * blocked_row.c
 *		Rows that are due and that blockers keep, as far as the query that finds due rows can tell.
 *
 * Where most of what is due is kept by blockers, to look at each of the rows and at whose it
 * is, batch by batch, would be most of what a purge costs.  So where very much is due the query
 * that finds it (scan.c) is asked once more, without the rows that are about somebody whom a
 * blocker keeps them for, as far as one role owns all the tables on the way.  Nothing is
 * decided by that but that a row stays for this run, which needs no lock: what is found is
 * looked at, and judged, as ever (row_fate.c).  So it leaves a row out only by ways, and for
 * reasons, by which judging it would spare it.  Where the query fails, since a condition does
 * for somebody, all that is due is looked at.
 *
 * To ask of the places that have been found was tried: a join by place costs more than it saves,
 * and "= ANY" as long to plan, element by element, as to run.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/expression.h"
#include "base/type.h"
#include "map/link_match.h"
#include "map/link_path.h"
#include "plan/planner.h"
#include "plan/subject_step.h"
#include "purge/blocked_row.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* The links on from a table by which a path that is left goes; NIL where one of them is no more. */
static List *
links_of(PvextTable *table, List *names)
{
	List	   *links = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		PvextLink  *link = pvext_map_link(table, lfirst(lc));

		if (link == NULL)
			return NIL;
		links = lappend(links, link);
		table = link->parent;
	}
	return links;
}

/* The ways to the subject on which rows are about it, lists of links; some that go on from where a path ends are left out. */
static List *
ways_to(PvextRows *rows, PvextTable *subject)
{
	List	   *ways = NIL;
	ListCell   *lc;

	if (rows->any_path || (rows->paths == NIL && !rows->table->is_subject))
		return pvext_paths(rows->table, subject);
	foreach(lc, rows->paths)
	{
		List	   *links = links_of(rows->table, lfirst(lc));

		if (links != NIL && ((PvextLink *) llast(links))->parent == subject)
			ways = lappend(ways, links);
	}
	return ways;
}

/* May a statement of the owner go that way, and does it say whose a row is? */
static bool
is_open_way(List *way, Oid owner)
{
	ListCell   *lc;

	foreach(lc, way)
		if (((PvextLink *) lfirst(lc))->table->owner != owner || ((PvextLink *) lfirst(lc))->shared ||
			((PvextLink *) lfirst(lc))->parent->owner != owner)
			return false;
	return true;
}

/* SQL over row o, a subject's, for each of the blockers that keep what is due: it blocks. */
static List *
kept_sqls(PvextPlan *plan, PvextDue *due)
{
	List	   *sqls = NIL;
	ListCell   *lc;
	ListCell   *cell;

	forboth(lc, plan->subject->blockers, cell, plan->blocker_sets)
	{
		PvextBlocker *blocker = lfirst(lc);
		PvextSet   *set = lfirst(cell);
		char	   *blocks;

		if (!pvext_keeps_due(plan, due, blocker))
			continue;
		pvext_check_bound_owner(set->table, blocker->owner, "the condition of a blocker");
		blocks = pvext_blocks_sql(plan, blocker, set);
		if (blocks)
			sqls = lappend(sqls, blocks);
	}
	return sqls;
}

/* SQL: row o is a person's, as the subject table's condition says. */
static char *
is_person_sql(PvextTable *subject)
{
	if (subject->condition == NULL)
		return "";
	pvext_check_bound_owner(subject, subject->condition_owner, "the condition");
	return psprintf(" AND (%s)", pvext_bound_as(subject->relid, subject->condition, "o"));
}

/* SQL: row o is row r, which is a subject's own. */
static char *
own_row_sql(PvextTable *subject)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, subject->key)
	{
		const char *column = quote_identifier(lfirst(lc));
		Oid			type;

		(void) pvext_column(subject->relid, lfirst(lc), &type, NULL);
		appendStringInfo(&sql, " AND o.%s %s r.%s", column, pvext_equality(type, type), column);
	}
	return sql.data;
}

/*
 * Leave out rows that belong by a way, "from" and "where" of it, to subjects whom blockers keep
 * them for: a condition each, of which the server makes joins.
 */
static void
append_not_kept(PvextSql *sql, PvextTable *subject, const char *from, const char *where, List *kept)
{
	ListCell   *lc;

	foreach(lc, kept)
		appendStringInfo(&sql->text, " AND NOT EXISTS (SELECT FROM %s AS o%s WHERE true%s%s AND %s)",
						 subject->sql_name, from, where, is_person_sql(subject), (char *) lfirst(lc));
}

/* The same, by all ways to the subjects of one table.  False: there are none. */
static bool
append_ways(PvextTaking *taking, PvextSql *sql, PvextTable *subject)
{
	PvextRows  *rows = &taking->due->rows;
	List	   *kept;
	ListCell   *lc;
	bool		own = rows->table == subject && (rows->any_path || rows->paths == NIL);
	bool		any = own;

	if (subject->owner != taking->leaf->owner ||
		(kept = kept_sqls(pvext_judging_plan(taking->map, subject), taking->due)) == NIL)
		return false;
	if (own)
		append_not_kept(sql, subject, "", own_row_sql(subject), kept);
	foreach(lc, ways_to(rows, subject))
	{
		StringInfoData from;
		StringInfoData where;

		if (!is_open_way(lfirst(lc), subject->owner))
			continue;
		initStringInfo(&from);
		initStringInfo(&where);
		pvext_append_path(&from, &where, lfirst(lc), "r", "o", "l");
		append_not_kept(sql, subject, from.data, where.data, kept);
		any = true;
	}
	return any;
}

/* Is anybody whom blockers may keep something for?  At a glance, for who then asks for the query. */
bool
pvext_may_be_blocked(PvextTaking *taking)
{
	ListCell   *lc;

	foreach(lc, taking->map->tables)
	{
		PvextTable *table = lfirst(lc);

		if (table->is_subject && table->blockers != NIL && table->owner == taking->leaf->owner)
			return true;
	}
	return false;
}

/* Build the query. */
static PvextStep *
build(PvextTaking *taking)
{
	PvextSql	sql;
	ListCell   *lc;
	bool		any = false;

	pvext_sql_init(&sql);
	sql.params = list_copy(taking->scan->params);
	appendStringInfoString(&sql.text, taking->scan->few.sql);
	foreach(lc, taking->map->tables)
	{
		PvextTable *table = lfirst(lc);

		if (table->is_subject && table->blockers != NIL)
			any = append_ways(taking, &sql, table) || any;
	}
	return any ? pvext_sql_step(&sql, taking->leaf) : NULL;
}

/*
 * The query for the places of the rows that are due and that no blocker keeps, as far as it can
 * tell; NULL where it can tell of none.  Made once, in the context of the others, by the map
 * and the catalogs as they are: it may raise.
 */
PvextStep *
pvext_unblocked_scan(PvextTaking *taking)
{
	MemoryContext old;

	if (!taking->unblocked_built)
	{
		old = MemoryContextSwitchTo(GetMemoryChunkContext(taking));
		taking->unblocked_built = true; /* where it fails, too */
		taking->unblocked = build(taking);
		MemoryContextSwitchTo(old);
	}
	return taking->unblocked;
}

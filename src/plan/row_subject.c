/*
 * row_subject.c
 *		Whom rows are about.
 *
 * An erasure goes from a subject down to its rows (row_set.c); a retention rule begins at
 * rows, and goes up.  A row is about the subjects that its columns' links lead to, table by
 * table, each read as its owner, keys travelling as texts.  One that leads to somebody whose
 * own row is gone is still about him or her.  Where rows go, others go with them (the
 * children): whose those are counts, too.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "map/key.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "miscadmin.h"
#include "plan/climb.h"
#include "plan/held_key.h"
#include "plan/met_key.h"
#include "plan/row_subject.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Rows that ways have come to and have not been read yet: parents by a link, whatever they came by. */
typedef struct OpenWay
{
	PvextClimb	climb;			/* at the parents */
	PvextLink  *link;
	Datum	  **keys;			/* texts, an array for each of the link's columns */
	int		   *from;			/* which of the first rows each came from */
	int			n;
} OpenWay;

/* SQL: the key k1, k2, ... of a subject that has no row r, where the way comes by keys. */
static char *
gone_key_sql(PvextClimb *climb)
{
	StringInfoData keys;
	ListCell   *lc;
	ListCell   *other;

	if (!pvext_climbs_by_key(climb))
		return "";
	initStringInfo(&keys);
	foreach(lc, climb->table->key)
	{
		int			n = 0;

		foreach(other, climb->by->parent_columns)
		{
			n++;
			if (strcmp(lfirst(other), lfirst(lc)) == 0)
				appendStringInfo(&keys, "%sk.k%d", keys.len > 0 ? ", " : "", n);
		}
	}
	return psprintf(list_length(climb->table->key) == 1 ? " WHEN r.ctid IS NULL THEN %s" :
					" WHEN r.ctid IS NULL THEN CAST(ROW(%s) AS text)", keys.data);
}

/*
 * SQL: what of row r is needed to go on: its key, and whether it has no row; and each
 * link's columns, as texts.
 */
static void
append_columns(StringInfo columns, PvextClimb *climb)
{
	ListCell   *lc;

	if (pvext_climb_ends(climb))
	{
		bool		some = climb->table->condition && !climb->anybody;
		const char *person = some ? climb->table->condition : "true";

		if (some)
			pvext_check_bound_owner(climb->table, climb->table->condition_owner, "the condition");
		appendStringInfo(columns, ", CASE%s WHEN %s THEN %s END, %s", gone_key_sql(climb), person,
						 pvext_key_sql(climb->table), pvext_climbs_by_key(climb) ? "r.ctid IS NULL" : "false");
	}
	foreach(lc, pvext_climb_links(climb))
	{
		PvextLink  *link = lfirst(lc);

		for (int n = 0; n < list_length(link->parent_columns); n++)
			if (link->condition)
				appendStringInfo(columns, ", CASE WHEN true%s THEN %s END",
								 pvext_link_condition(link), pvext_link_text(link, n));
			else
				appendStringInfo(columns, ", %s", pvext_link_text(link, n));
	}
}

/* SQL: what of row r its children are found by, as texts. */
static void
append_keys(StringInfo columns, PvextRows *start, PvextTable *table)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_links_down(start, table))
		foreach(cell, ((PvextLink *) lfirst(lc))->parent_columns)
			appendStringInfo(columns, ", CAST(r.%s AS text)", quote_identifier(lfirst(cell)));
}

/* SQL: what pvext_find_row_subjects() reads of a row that is due. */
void
pvext_append_row_subjects(StringInfo columns, PvextRows *start)
{
	PvextClimb	climb;

	pvext_begin_climb(&climb, start);
	append_columns(columns, &climb);
	append_keys(columns, start, start->table);
}

/*
 * The rows that a link leads to from some others: their parents, for which keys holds
 * the texts of the link's columns, or with start their children, for which it holds the
 * parent's.  The result has the number of the row, and what is needed to go on.
 */
static uint64
read_linked(PvextLink *link, PvextClimb *climb, PvextRows *start, Datum **keys, int n)
{
	PvextTable *table = climb->table;
	StringInfoData sql;
	PvextArgs	args = {0};

	initStringInfo(&sql);
	for (int i = 0; i < list_length(link->parent_columns); i++)
		pvext_arg(&args, TEXTARRAYOID,
				  PointerGetDatum(construct_array(keys[i], n, TEXTOID, -1, false, TYPALIGN_INT)),
				  false);
	appendStringInfoString(&sql, "SELECT k.n");
	append_columns(&sql, climb);
	if (start)
		append_keys(&sql, start, table);
	appendStringInfo(&sql, " FROM %s %s %s AS r ON ",
					 pvext_array_rows_sql(list_length(link->parent_columns), true),
					 start == NULL && pvext_climbs_by_key(climb) ? "LEFT JOIN" : "JOIN",
					 table->sql_name);
	pvext_append_key_match(&sql, link, start != NULL);
	if (start)
		appendStringInfoString(&sql, pvext_link_condition(link));
	return pvext_run(table->owner, sql.data, &args);
}

/* Does the way go on by any links, rather than by those that are named? */
static bool
goes_anywhere(PvextClimb *climb)
{
	return climb->any || (list_length(climb->paths) == 1 && linitial(climb->paths) == NIL);
}

/*
 * Keep those of the keys by which no way has been there: where the link leads to a table that
 * this one has come through, and two tables up from where it began, since where tables refer
 * to each other there are more ways than rows.  What follows is the same whichever way came.
 * Paths that are named end by themselves, and are few.
 */
static int
leave_out_met(PvextClimb *climb, PvextLink *link, Datum **keys, int *from, int n)
{
	int			kept = 0;

	if (!goes_anywhere(climb) || link->parent->is_subject ||
		(list_length(climb->tables) < 2 && !list_member_ptr(climb->tables, link->parent)))
		return n;
	for (int i = 0; i < n; i++)
	{
		if (pvext_has_met(climb->met, link, from[i], keys, i))
			continue;
		for (int c = 0; c < list_length(link->parent_columns); c++)
			keys[c][kept] = keys[c][i];
		from[kept++] = from[i];
	}
	return kept;
}

/* Which of the first rows those that read_linked() has found came from. */
static int *
origins(const int *from, uint64 found)
{
	int		   *next = palloc(sizeof(int) * Max(found, 1));

	for (uint64 i = 0; i < found; i++)
		next[i] = from[pvext_int(i, 1) - 1];
	return next;
}

/* A boolean of a result that is not the last one any more. */
static bool
says_true(SPITupleTable *rows, uint64 n, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(rows->vals[n], rows->tupdesc, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/* Leave parents to be read with others of the same link that are as far up. */
static void
leave_open(PvextClimb *climb, PvextLink *link, Datum **keys, int *from, int n)
{
	OpenWay    *way;
	ListCell   *lc;

	foreach(lc, *climb->open)
	{
		way = lfirst(lc);
		if (way->link != link)
			continue;
		for (int c = 0; c < list_length(link->parent_columns); c++)
		{
			way->keys[c] = repalloc(way->keys[c], sizeof(Datum) * (way->n + n));
			memcpy(way->keys[c] + way->n, keys[c], sizeof(Datum) * n);
		}
		way->from = repalloc(way->from, sizeof(int) * (way->n + n));
		memcpy(way->from + way->n, from, sizeof(int) * n);
		way->n += n;
		return;
	}
	way = palloc(sizeof(OpenWay));
	pvext_follow(&way->climb, climb, link);
	way->link = link;
	way->keys = keys;
	way->from = from;
	way->n = n;
	*climb->open = lappend(*climb->open, way);
}

/*
 * Go up from rows whose columns, as append_columns() has them, begin with *column of
 * the result, which is moved behind them; origin says which of the first rows
 * each came from.  Where any link leads on, the way is left open.
 */
static List *
climb_on(PvextClimb *climb, SPITupleTable *rows, uint64 n, int *column, const int *origin,
		 List *row_subjects)
{
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	if (pvext_climb_ends(climb))
	{
		for (uint64 i = 0; i < n; i++)
		{
			char	   *key = SPI_getvalue(rows->vals[i], rows->tupdesc, *column);
			PvextRowSubject *row_subject;

			if (key == NULL)
				continue;
			row_subject = palloc0(sizeof(PvextRowSubject));
			row_subject->row = origin[i];
			row_subject->subject = climb->table;
			row_subject->key = key;
			row_subject->gone = says_true(rows, i, *column + 1);
			if (row_subject->gone && !pvext_is_a_key(climb->table, climb->by, key))
				continue;		/* nobody's: a text that is no number */
			row_subjects = lappend(row_subjects, row_subject);
		}
		*column += 2;
	}
	foreach(lc, pvext_climb_links(climb))
	{
		PvextLink  *link = lfirst(lc);
		Datum	  **keys;
		int		   *from;
		int			width = list_length(link->parent_columns);
		int			nkeys = link->elements ? pvext_read_elements(rows, n, *column, origin, &keys, &from) :
			pvext_read_keys(rows, n, *column, width, origin, &keys, &from);
		PvextClimb	parent;
		uint64		found;
		SPITupleTable *parents;
		int			next = 2;

		*column += width;
		nkeys = leave_out_met(climb, link, keys, from, nkeys);
		if (nkeys == 0)
			continue;
		if (goes_anywhere(climb))
		{
			leave_open(climb, link, keys, from, nkeys);
			continue;
		}
		pvext_follow(&parent, climb, link);
		found = read_linked(link, &parent, NULL, keys, nkeys);
		parents = SPI_tuptable;
		row_subjects = climb_on(&parent, parents, found, &next, origins(from, found), row_subjects);
	}
	return row_subjects;
}

/* Go on where ways are open by one link. */
static List *
climb_way(OpenWay *way, List *row_subjects)
{
	uint64		found;
	SPITupleTable *parents;
	int			next = 2;

	if (way->n == 0)
		return row_subjects;
	found = read_linked(way->link, &way->climb, NULL, way->keys, way->n);
	parents = SPI_tuptable;
	return climb_on(&way->climb, parents, found, &next, origins(way->from, found), row_subjects);
}

/* Go on no further from rows of which enough is known. */
static void
leave_settled(List *ways, const bool *settled)
{
	ListCell   *lc;

	foreach(lc, ways)
	{
		OpenWay    *way = lfirst(lc);
		int			kept = 0;

		for (int i = 0; i < way->n; i++)
		{
			if (settled[way->from[i]])
				continue;
			for (int c = 0; c < list_length(way->link->parent_columns); c++)
				way->keys[c][kept] = way->keys[c][i];
			way->from[kept++] = way->from[i];
		}
		way->n = kept;
	}
}

/* Go down from rows that go to those that go with them, and up from these. */
static List *
descend(PvextRows *start, PvextClimb *climb, SPITupleTable *rows, uint64 n, int column,
		const int *origin, List *row_subjects)
{
	ListCell   *lc;

	foreach(lc, pvext_links_down(start, climb->table))
	{
		PvextLink  *link = lfirst(lc);
		Datum	  **keys;
		int		   *from;
		int			nkeys = pvext_read_keys(rows, n, column, list_length(link->parent_columns), origin,
									  &keys, &from);
		PvextClimb	child = *climb;
		uint64		found;
		SPITupleTable *children;
		int		   *origin_of_child;
		int			next = 2;

		column += list_length(link->parent_columns);
		if (nkeys == 0 || list_member_ptr(climb->tables, link->table))
			continue;
		child.table = link->table;
		child.tables = lappend(list_copy(climb->tables), link->table);
		found = read_linked(link, &child, start, keys, nkeys);
		children = SPI_tuptable;
		origin_of_child = origins(from, found);
		row_subjects = climb_on(&child, children, found, &next, origin_of_child, row_subjects);
		row_subjects = descend(start, &child, children, found, next, origin_of_child, row_subjects);
	}
	return row_subjects;
}

/*
 * Whom rows are about.  Ways that any link leads on by are gone on all that are as far up at once: so a
 * row is come to by the shortest way, and tables that refer to each other are not gone round row by row.
 * With settle, what has been found by then is handed to it each time.
 */
static List *
climb_all(PvextRows *start, SPITupleTable *rows, uint64 n, int column, PvextSettle settle, void *arg, bool *settled)
{
	int		   *origin = palloc(sizeof(int) * Max(n, 1));
	HTAB	   *met = NULL;
	List	   *open = NIL;
	PvextClimb	climb;
	List	   *row_subjects;

	for (uint64 i = 0; i < n; i++)
		origin[i] = (int) i;
	pvext_begin_climb(&climb, start);
	climb.met = &met;
	climb.open = &open;
	row_subjects = climb_on(&climb, rows, n, &column, origin, NIL);
	row_subjects = descend(start, &climb, rows, n, column, origin, row_subjects);
	while (open != NIL)
	{
		List	   *ways = open;
		ListCell   *lc;

		open = NIL;
		if (settle)
		{
			settle(row_subjects, settled, arg);
			row_subjects = NIL;
			leave_settled(ways, settled);
		}
		foreach(lc, ways)
			row_subjects = climb_way(lfirst(lc), row_subjects);
	}
	return row_subjects;
}

/*
 * The PvextRowSubjects of rows: what pvext_append_row_subjects() asked for begins with
 * that column of the result.  In the current context; between pvext_enter() and pvext_leave().
 * Takes no lock: who acts on it locks the subjects, and asks again.
 */
List *
pvext_find_row_subjects(PvextRows *start, SPITupleTable *rows, uint64 n, int column)
{
	return climb_all(start, rows, n, column, NULL, NULL, NULL);
}

/*
 * The same, as far as it has to be known: settle gets the PvextRowSubjects, some at a time, the
 * nearest first, and says for which rows it has heard enough; settled has an element for each row, false at
 * first.
 */
void
pvext_settle_rows(PvextRows *start, SPITupleTable *rows, uint64 n, int column, PvextSettle settle, void *arg,
				  bool *settled)
{
	settle(climb_all(start, rows, n, column, settle, arg, settled), settled, arg);
}

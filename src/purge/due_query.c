/*
 * due_query.c
 *		How many rows are due, and who keeps them, as one query tells.
 *
 * Where blockers keep much of what is due, to look at each row, and at whose it is, would
 * be most of what it costs to say how much that is.  So the rows are joined with the
 * subjects whom they are about, on all ways (plan/climb.c), and grouped by what the blockers
 * say of each of these: a number, of which each blocker is a bit.  The query decides nothing:
 * what a blocker's answer keeps is asked once a group of what decides for single rows
 * (row_fate.c).
 *
 * It tells only where one role owns all the tables on the way, a row has one parent by each
 * link, a key tells one subject, and blockers can be asked of many.  Rows that are about
 * somebody who is held, or whose own row is gone, are only found by it: they are to be looked
 * at each, as all are where it cannot tell, or fails, since a condition does for somebody.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/expression.h"
#include "base/index.h"
#include "base/key_match.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "erase/blocker_answer.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "plan/climb.h"
#include "plan/planner.h"
#include "plan/subject_step.h"
#include "purge/due_query.h"
#include "purge/row_fate.h"
#include "rule/hold.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* More ways than this are not joined, and more blockers are no bits of a number. */
#define MAX_WAYS 6
#define MAX_BLOCKERS 62

/* What the query says of a subject instead of its blockers' answers; NULL: has no row. */
#define IS_NOBODY (-1)
#define IS_HELD (-2)

/* A way on which rows may be about somebody who is blocked or held. */
typedef struct Way
{
	PvextTable *subject;
	List	   *links;			/* as in PvextWay */
	bool		by_key;
	List	   *blocks;			/* C strings: SQL over o, as subject->blockers */
	PvextParam	held;			/* text[]: keys */
	char	   *name;			/* what the subject's row is called */
	char	   *child;			/* and the one before it */
} Way;

/*
 * Can it tell?
 */

/* Does a row have one parent at most by the link, which a statement of the owner may join? */
static bool
is_plain(PvextLink *link, Oid owner)
{
	PvextTable *parent = link->parent;

	if (link->shared || link->elements || link->value || link->ignore_case ||
		link->table->owner != owner || parent->owner != owner ||
		!pvext_is_one_row(parent->relid, link->parent_columns))
		return false;
	for (int n = 0; n < list_length(link->parent_columns); n++)
	{
		PvextMatch	match;

		pvext_link_match(link, n, &match);
		if (match.as_text || match.array || match.folded || match.key_collate[0] != '\0')
			return false;
	}
	return true;
}

/* Are all links of the way so, and does a key tell one subject? */
static bool
is_joined(PvextWay *way, Oid owner)
{
	ListCell   *lc;

	foreach(lc, way->links)
		if (!is_plain(lfirst(lc), owner))
			return false;
	return way->subject->owner == owner && pvext_is_one_row(way->subject->relid, way->subject->key);
}

/* Read who of the subjects is held.  False where a query does not know them. */
static bool
read_held(Way *way)
{
	bool		all;
	List	   *keys = pvext_held_keys(way->subject->id, &all);
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(keys), 1));
	ListCell   *lc;

	foreach(lc, keys)
		elements[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	way->held.type = TEXTARRAYOID;
	way->held.isnull = keys == NIL;
	way->held.value = PointerGetDatum(construct_array(elements, list_length(keys), TEXTOID, -1, false,
													  TYPALIGN_INT));
	return all;
}

/* Have SQL for each of the subjects' blockers.  False where one cannot be asked of many. */
static bool
read_blockers(PvextMap *map, Way *way)
{
	PvextTable *subject = way->subject;
	PvextPlan  *plan;
	ListCell   *lc;
	ListCell   *cell;

	if (list_length(subject->blockers) > MAX_BLOCKERS)
		return false;
	if (subject->blockers == NIL)
		return true;
	plan = pvext_judging_plan(map, subject);
	forboth(lc, subject->blockers, cell, plan->blocker_sets)
	{
		PvextBlocker *blocker = lfirst(lc);
		PvextSet   *set = lfirst(cell);
		char	   *blocks = NULL;

		if (set)
		{
			pvext_check_bound_owner(set->table, blocker->owner, "the condition of a blocker");
			blocks = pvext_blocks_sql(plan, blocker, set);
		}
		if (blocks == NULL)
			return false;
		way->blocks = lappend(way->blocks, blocks);
	}
	return true;
}

/* Are they the same, one after the other? */
static bool
equal_links(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth(x, a, y, b)
		if (lfirst(x) != lfirst(y))
			return false;
	return true;
}

/* The same way, of those there are; or NULL. */
static Way *
find_way(PvextDueQuery *query, PvextWay *way)
{
	ListCell   *lc;

	foreach(lc, query->ways)
	{
		Way		   *other = lfirst(lc);

		if (other->subject == way->subject && equal_links(other->links, way->links))
			return other;
	}
	return NULL;
}

/* Add a way on which rows are about somebody.  False where it cannot be joined. */
static bool
add_way(PvextDueQuery *query, PvextWay *found, List **ways)
{
	Way		   *way = find_way(query, found);
	int			last = list_length(found->links) - 1;

	if (way == NULL)
	{
		way = palloc0(sizeof(Way));
		way->subject = found->subject;
		way->links = found->links;
		way->by_key = found->by_key;
		if (!read_held(way))
			return false;
		if (way->held.isnull && found->subject->blockers == NIL)
			return true;		/* nothing keeps what is about them */
		if (!is_joined(found, query->table->owner) || !read_blockers(query->map, way) ||
			list_length(query->ways) == MAX_WAYS)
			return false;
		query->ways = lappend(query->ways, way);
		way->name = psprintf("w%d", list_length(query->ways));
		way->child = last > 0 ? psprintf("%s_%d", way->name, last) : "r";
	}
	*ways = lappend(*ways, way);
	return true;
}

/* Is somebody held, of whatever table? */
static bool
is_anybody_held(PvextMap *map)
{
	ListCell   *lc;

	foreach(lc, map->tables)
		if (((PvextTable *) lfirst(lc))->is_subject && pvext_any_hold(((PvextTable *) lfirst(lc))->id))
			return true;
	return false;
}

/*
 * A query for what is due of a table, all by one rule, and who keeps it; NULL where none could
 * tell.  In the current context, between pvext_enter() and pvext_leave(); lives no longer than
 * the map.  May raise, where what is declared does not fit any more.
 */
PvextDueQuery *
pvext_due_query(PvextMap *map, PvextTable *table, List *dues)
{
	PvextDueQuery *query = palloc0(sizeof(PvextDueQuery));
	ListCell   *lc;
	ListCell   *cell;

	query->map = map;
	query->table = table;
	query->dues = dues;
	foreach(lc, dues)
	{
		PvextDue   *due = lfirst(lc);
		List	   *found;
		List	   *ways = NIL;

		/* Texts are known to be clean subject by subject, and those of who is held may be others'. */
		if (due->texts != NIL || (due->redacts && is_anybody_held(map)) ||
			!pvext_ways_of_rows(&due->rows, &found))
			return NULL;
		foreach(cell, found)
			if (!add_way(query, lfirst(cell), &ways))
				return NULL;
		query->due_ways = lappend(query->due_ways, ways);
	}
	return query;
}

/*
 * The statements
 */

/* SQL: the key of row o as text. */
static char *
key_sql(PvextTable *subject)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, subject->key)
		appendStringInfo(&sql, "%so.%s", sql.len > 0 ? ", " : "", quote_identifier(lfirst(lc)));
	return psprintf(list_length(subject->key) == 1 ? "CAST(%s AS text)" : "CAST(ROW(%s) AS text)", sql.data);
}

/* SQL over row o, a subject's: what its blockers answer. */
static void
append_answers(PvextSql *sql, Way *way)
{
	PvextTable *subject = way->subject;
	ListCell   *lc;

	appendStringInfoString(&sql->text, "CAST(CASE");
	if (subject->condition)
	{
		pvext_check_bound_owner(subject, subject->condition_owner, "the condition");
		appendStringInfo(&sql->text, " WHEN (%s) IS NOT TRUE THEN %d",
						 pvext_bound_as(subject->relid, subject->condition, "o"), IS_NOBODY);
	}
	if (!way->held.isnull)
		appendStringInfo(&sql->text, " WHEN %s = ANY ($%d) THEN %d", key_sql(subject),
						 pvext_sql_param(sql, &way->held), IS_HELD);
	appendStringInfo(&sql->text, "%sCAST(0 AS bigint)",
					 subject->condition || !way->held.isnull ? " ELSE " : " WHEN true THEN ");
	foreach(lc, way->blocks)
		appendStringInfo(&sql->text, " + CASE WHEN %s THEN CAST(" INT64_FORMAT " AS bigint) ELSE 0 END",
						 (char *) lfirst(lc), INT64CONST(1) << foreach_current_index(lc));
	appendStringInfoString(&sql->text, " END AS bigint) AS answers");
}

/* SQL: the subjects, by what a link's rows hold of them, with their blockers' answers. */
static void
append_subjects(PvextSql *sql, Way *way, PvextLink *link)
{
	ListCell   *lc;

	appendStringInfoString(&sql->text, "(SELECT ");
	foreach(lc, link->parent_columns)
		appendStringInfo(&sql->text, "o.%s, ", quote_identifier(lfirst(lc)));
	append_answers(sql, way);
	appendStringInfo(&sql->text, " FROM %s AS o)", way->subject->sql_name);
}

/* Join the rows, r, with the subjects whom they are about on a way. */
static void
append_way(PvextSql *sql, Way *way)
{
	const char *child = "r";
	PvextLink  *link;
	ListCell   *lc;
	StringInfoData match;

	initStringInfo(&match);
	if (way->links == NIL)
	{
		appendStringInfoString(&sql->text, " CROSS JOIN LATERAL (SELECT ");
		append_answers(sql, way);
		appendStringInfo(&sql->text, " FROM (SELECT r.*) AS o) AS %s", way->name);
		return;
	}
	foreach(lc, way->links)
	{
		bool		last = lc == list_tail(way->links);
		const char *parent = last ? way->name : psprintf("%s_%d", way->name, foreach_current_index(lc) + 1);

		link = lfirst(lc);
		resetStringInfo(&match);
		pvext_append_link_match(&match, link, child, parent);
		appendStringInfoString(&match, pvext_link_condition_of(link, child));
		appendStringInfoString(&sql->text, " LEFT JOIN ");
		if (last)
			append_subjects(sql, way, link);
		else
			appendStringInfoString(&sql->text, link->parent->sql_name);
		appendStringInfo(&sql->text, " AS %s ON %s", parent, match.data);
		child = parent;
	}
}

/* SQL: the row is about somebody who is held or whose row is gone; "" where that cannot be. */
static void
append_unsure(StringInfo sql, Way *way)
{
	PvextLink  *link = way->links ? llast(way->links) : NULL;

	if (!way->held.isnull)
		appendStringInfo(sql, " OR coalesce(%s.answers = %d, false)", way->name, IS_HELD);
	if (!way->by_key)
		return;
	appendStringInfo(sql, " OR (%s.answers IS NULL", way->name);
	for (int n = 0; n < list_length(link->parent_columns); n++)
		appendStringInfo(sql, " AND %s IS NOT NULL", pvext_link_value(link, n, way->child));
	appendStringInfo(sql, "%s)", pvext_link_condition_of(link, way->child));
}

/* SQL: row r has to be looked at by itself. */
static char *
is_unsure_sql(PvextDueQuery *query)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "(false");
	foreach(lc, query->ways)
		append_unsure(&sql, lfirst(lc));
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/* FROM and WHERE: the rows of a relation that are due, with whom they are about. */
static void
append_rows(PvextDueQuery *query, PvextSql *sql, const char *relation)
{
	ListCell   *lc;

	appendStringInfo(&sql->text, " FROM %s AS r", relation);
	foreach(lc, query->ways)
		append_way(sql, lfirst(lc));
	appendStringInfoString(&sql->text, " WHERE ");
	pvext_append_any_due(sql, query->dues);
}

/*
 * SQL, and the values that it takes: the places of rows that have to be looked at each, of one
 * relation.
 */
char *
pvext_unsure_sql(PvextDueQuery *query, const char *relation, List **params)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfoString(&sql.text, "SELECT r.ctid");
	append_rows(query, &sql, relation);
	appendStringInfo(&sql.text, " AND %s", is_unsure_sql(query));
	*params = sql.params;
	return sql.text.data;
}

/* SQL: is each due one of the rows', each way's answers, are they unsure; how many, and since when by each due. */
static void
append_groups(PvextDueQuery *query, PvextSql *sql)
{
	bool		single = list_length(query->dues) == 1;
	int			n = list_length(query->dues) + list_length(query->ways) + 1;
	ListCell   *lc;

	appendStringInfoString(&sql->text, "SELECT ");
	foreach(lc, query->dues)
	{
		if (single)
			appendStringInfoString(&sql->text, "true");
		else
			pvext_append_due(sql, lfirst(lc), false);
		appendStringInfoString(&sql->text, ", ");
	}
	foreach(lc, query->ways)
		appendStringInfo(&sql->text, "%s.answers, ", ((Way *) lfirst(lc))->name);
	appendStringInfo(&sql->text, "%s, count(*)", is_unsure_sql(query));
	foreach(lc, query->dues)
		appendStringInfo(&sql->text, ", min(%s)", ((PvextDue *) lfirst(lc))->until);
	append_rows(query, sql, query->table->sql_name);
	for (int i = 1; i <= n; i++)
		appendStringInfo(&sql->text, "%s%d", i == 1 ? " GROUP BY " : ", ", i);
}

/*
 * Asking
 */

/* The names of one list, and of another that are not in it. */
static List *
add_names(List *names, List *more)
{
	ListCell   *lc;

	foreach(lc, more)
		if (!pvext_has_name(names, lfirst(lc)))
			names = lappend(names, lfirst(lc));
	return names;
}

/* What the answers of a way's blockers, in a row of the result, keep of what is due. */
static List *
reasons_of(PvextDueQuery *query, PvextDue *due, Way *way, uint64 row)
{
	int			column = list_length(query->dues) + 1;
	char		answers[MAX_BLOCKERS + 1] = {0};
	bool		isnull;
	int64		said;
	ListCell   *lc;

	foreach(lc, query->ways)
		if (lfirst(lc) == way)
			column += foreach_current_index(lc);
	said = DatumGetInt64(pvext_datum(row, column, &isnull));
	if (isnull || said <= 0)
		return NIL;
	for (int n = 0; n < list_length(way->blocks); n++)
		answers[n] = (said >> n) & 1 ? PVEXT_BLOCKS : PVEXT_DOES_NOT_BLOCK;
	return pvext_reasons_by_answers(query->map, way->subject, due, answers);
}

/*
 * What becomes of the rows of a group: those that are due for several reasons are kept where
 * each is.
 */
static void
decide(PvextDueQuery *query, uint64 row, PvextDueRows *group)
{
	int			since = list_length(query->dues) + list_length(query->ways) + 3;
	bool		goes = false;
	ListCell   *lc;
	ListCell   *ways;
	ListCell   *cell;

	group->oldest = DT_NOEND;
	forboth(lc, query->dues, ways, query->due_ways)
	{
		int			n = foreach_current_index(lc);
		List	   *reasons = NIL;
		bool		isnull;
		TimestampTz until;

		if (!pvext_bool(row, n + 1))
			continue;
		foreach(cell, (List *) lfirst(ways))
			reasons = add_names(reasons, reasons_of(query, lfirst(lc), lfirst(cell), row));
		until = DatumGetTimestampTz(pvext_datum(row, since + n, &isnull));
		if (reasons == NIL && !goes)
		{
			goes = true;
			group->oldest = DT_NOEND;
			group->reasons = NIL;
		}
		if (goes && reasons != NIL)
			continue;
		group->reasons = add_names(group->reasons, reasons);
		group->oldest = Min(group->oldest, until);
	}
}

/* Ask it, as the table's owner.  May raise, where a condition fails for somebody. */
void
pvext_ask_due(PvextDueQuery *query)
{
	int			first = list_length(query->dues) + list_length(query->ways) + 1;
	PvextSql	sql;
	PvextArgs	args = {0};
	uint64		n;
	ListCell   *lc;

	pvext_sql_init(&sql);
	append_groups(query, &sql);
	foreach(lc, sql.params)
	{
		PvextParam *param = lfirst(lc);

		pvext_arg(&args, param->type, param->value, param->isnull);
	}
	n = pvext_run(query->table->owner, sql.text.data, &args);
	for (uint64 i = 0; i < n; i++)
	{
		PvextDueRows *group;

		if (pvext_bool(i, first))
		{
			query->unsure = true;
			continue;
		}
		group = palloc0(sizeof(PvextDueRows));
		group->rows = pvext_int(i, first + 1);
		decide(query, i, group);
		query->groups = lappend(query->groups, group);
	}
	SPI_freetuptable(SPI_tuptable);
}

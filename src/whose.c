/*
 * whose.c
 *		Whose rows are, and what holds those subjects.
 *
 * An erasure goes from a subject down to its rows; a retention rule begins at rows,
 * and goes up.  A row is about the subjects that its columns' links lead to, table by
 * table, each read as its owner, keys travelling as texts.  A row that leads to
 * nobody is due all the same; one that leads to somebody whose own row is gone is, unless
 * a hold or a blocker says otherwise.  Where rows go, others go with them (the children): whose
 * those are counts, too.
 *
 * Subjects are locked in the order of their keys.  One that somebody else has
 * locked is passed over, with all its rows, till the next run.
 */
#include "postgres.h"
#include "message.h"

#include "belong.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "hold.h"
#include "key.h"
#include "match.h"
#include "miscadmin.h"
#include "others.h"
#include "ownership.h"
#include "result.h"
#include "rule.h"
#include "run.h"
#include "secret.h"
#include "type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "verdict.h"
#include "whose.h"

/* On the way up, at rows of one table. */
typedef struct Climb
{
	PvextTable *table;
	bool		any;			/* by any link, else by "paths" */
	List	   *paths;			/* what is left of them from here */
	bool		first;			/* these are the rows that are due */
	PvextLink  *by;				/* on which the way came here; or NULL */
	List	   *tables;			/* on the way here: links may go in circles */
} Climb;

/* Does one of the paths end here? */
static bool
ends_here(Climb *climb)
{
	return !climb->any && list_member_ptr(climb->paths, NIL);
}

/* Are subjects of this table what the way was to? */
static bool
is_end(Climb *climb)
{
	return climb->table->is_subject && (climb->any || ends_here(climb));
}

/* Those that any way leads on by. */
static List *
any_links(Climb *climb)
{
	List	   *links = NIL;
	ListCell   *lc;

	if (climb->table->is_subject && !(climb->any && climb->first))
		return NIL;
	foreach(lc, climb->table->links)
	{
		PvextLink  *link = lfirst(lc);

		/* Where it comes to a subject table, be it the one that it began at, it ends. */
		if ((link->parent->is_subject || !list_member_ptr(climb->tables, link->parent)) &&
			(climb->first || link->inherited))
			links = lappend(links, link);
	}
	return links;
}

/* The links that lead on. */
static List *
links_on(Climb *climb)
{
	List	   *links = NIL;
	ListCell   *lc;

	if (climb->any || ends_here(climb))
		links = any_links(climb);
	if (climb->any)
		return links;
	foreach(lc, climb->paths)
	{
		PvextLink  *link = lfirst(lc) == NIL ? NULL :
			pvext_map_link(climb->table, linitial(lfirst(lc)));

		if (link)
			links = list_append_unique_ptr(links, link);
	}
	return links;
}

static void
begin_climb(Climb *climb, PvextDue *due)
{
	memset(climb, 0, sizeof(Climb));
	climb->table = due->table;
	climb->any = due->any_path;
	climb->paths = due->paths ? due->paths : list_make1(NIL);
	climb->first = true;
	climb->tables = list_make1(due->table);
}

static void
follow(Climb *climb, const Climb *from, PvextLink *link)
{
	*climb = *from;
	climb->table = link->parent;
	climb->first = false;
	climb->by = link;
	climb->tables = lappend(list_copy(from->tables), link->parent);
	if (climb->any)
		return;
	climb->paths = pvext_paths_after(from->paths, link->name);
	if (climb->paths == NIL)
		climb->paths = list_make1(NIL);	/* one that ended before a subject */
}

/* Does the way come to subjects by their key, which tells who they are without a row? */
static bool
by_key(Climb *climb)
{
	return is_end(climb) && climb->by && climb->by->parent == climb->table &&
		pvext_same_names(climb->by->parent_columns, climb->table->key);
}

/* SQL: the key k1, k2, ... of a subject that has no row r, where the way comes by keys. */
static char *
gone_key_sql(Climb *climb)
{
	StringInfoData keys;
	ListCell   *lc;
	ListCell   *other;

	if (!by_key(climb))
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
append_columns(StringInfo columns, Climb *climb)
{
	ListCell   *lc;
	ListCell   *cell;

	if (is_end(climb))
	{
		const char *person = climb->table->condition ? climb->table->condition : "true";

		if (climb->table->condition)
			pvext_check_bound_owner(climb->table, climb->table->condition_owner, "the condition");
		appendStringInfo(columns, ", CASE%s WHEN %s THEN %s END, %s", gone_key_sql(climb), person,
						 pvext_key_sql(climb->table), by_key(climb) ? "r.ctid IS NULL" : "false");
	}
	foreach(lc, links_on(climb))
	{
		PvextLink  *link = lfirst(lc);

		foreach(cell, link->columns)
		{
			const char *name = quote_identifier(lfirst(cell));

			if (link->condition)
				appendStringInfo(columns, ", CASE WHEN true%s THEN CAST(r.%s AS text) END",
								 pvext_link_condition(link), name);
			else
				appendStringInfo(columns, ", CAST(r.%s AS text)", name);
		}
	}
}

/* May rows that go by the link be anybody's whose the others are not? */
static bool
brings_owners(PvextDue *due, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, due->children)
		if (((PvextLink *) lfirst(lc))->parent == link->table)
			return true;
	return link->table->is_subject || list_length(link->table->links) > 1;
}

/* The links by which rows go with those of a table that are due, and bring owners. */
static List *
links_down(PvextDue *due, PvextTable *table)
{
	List	   *links = NIL;
	ListCell   *lc;

	foreach(lc, due->children)
		if (((PvextLink *) lfirst(lc))->parent == table && brings_owners(due, lfirst(lc)))
			links = lappend(links, lfirst(lc));
	return links;
}

/* SQL: what of row r its children are found by, as texts. */
static void
append_keys(StringInfo columns, PvextDue *due, PvextTable *table)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, links_down(due, table))
		foreach(cell, ((PvextLink *) lfirst(lc))->parent_columns)
			appendStringInfo(columns, ", CAST(r.%s AS text)", quote_identifier(lfirst(cell)));
}

/* SQL: what pvext_find_owners() reads of a row that is due. */
void
pvext_append_whose(StringInfo columns, PvextDue *due)
{
	Climb		climb;

	begin_climb(&climb, due);
	append_columns(columns, &climb);
	append_keys(columns, due, due->table);
}


/*
 * The rows that a link leads to from some others: their parents, for which keys holds
 * the texts of the link's columns, or with due their children, for which it holds the
 * parent's.  The result has the number of the row, and what is needed to go on.
 */
static uint64
read_linked(PvextLink *link, Climb *climb, PvextDue *due, Datum **keys, int n)
{
	PvextTable *table = climb->table;
	StringInfoData sql;
	StringInfoData arrays;
	StringInfoData names;
	PvextArgs	args = {0};

	initStringInfo(&sql);
	initStringInfo(&arrays);
	initStringInfo(&names);
	for (int i = 0; i < list_length(link->columns); i++)
	{
		appendStringInfo(&arrays, "%s$%d", i > 0 ? ", " : "", i + 1);
		appendStringInfo(&names, "k%d, ", i + 1);
		pvext_arg(&args, TEXTARRAYOID,
				  PointerGetDatum(construct_array(keys[i], n, TEXTOID, -1, false, TYPALIGN_INT)),
				  false);
	}
	appendStringInfoString(&sql, "SELECT k.n");
	append_columns(&sql, climb);
	if (due)
		append_keys(&sql, due, table);
	appendStringInfo(&sql, " FROM unnest(%s) WITH ORDINALITY AS k(%sn) %s %s AS r ON ",
					 arrays.data, names.data, due == NULL && by_key(climb) ? "LEFT JOIN" : "JOIN",
					 table->sql_name);
	pvext_append_key_match(&sql, link, due != NULL);
	if (due)
		appendStringInfoString(&sql, pvext_link_condition(link));
	return pvext_run(table->owner, sql.data, &args);
}

/*
 * The keys in some columns of the result, from "column" on, of rows in which none is
 * NULL.  *from says which of the due rows each came from.
 */
static int
read_keys(SPITupleTable *rows, uint64 n, int column, int ncolumns, const int *origin,
		  Datum ***keys, int **from)
{
	int			nkeys = 0;

	*keys = palloc(sizeof(Datum *) * ncolumns);
	*from = palloc(sizeof(int) * Max(n, 1));
	for (int c = 0; c < ncolumns; c++)
		(*keys)[c] = palloc(sizeof(Datum) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull = false;

		for (int c = 0; c < ncolumns && !isnull; c++)
			(*keys)[c][nkeys] = SPI_getbinval(rows->vals[i], rows->tupdesc, column + c, &isnull);
		if (!isnull)
			(*from)[nkeys++] = origin[i];
	}
	return nkeys;
}

/* Which of the due rows those that read_linked() has found came from. */
static int *
origins(const int *from, uint64 found)
{
	int		   *next = palloc(sizeof(int) * Max(found, 1));

	for (uint64 i = 0; i < found; i++)
		next[i] = from[pvext_int(i, 1) - 1];
	return next;
}

static bool
says_true(SPITupleTable *rows, uint64 n, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(rows->vals[n], rows->tupdesc, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/*
 * Go up from rows whose columns, as append_columns() has them, begin with *column of
 * the result, which is moved behind them; origin says which of the rows that are due
 * each came from.
 */
static List *
climb_on(Climb *climb, SPITupleTable *rows, uint64 n, int *column, const int *origin,
		 List *owners)
{
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	if (is_end(climb))
	{
		for (uint64 i = 0; i < n; i++)
		{
			char	   *key = SPI_getvalue(rows->vals[i], rows->tupdesc, *column);
			PvextOwner *owner;

			if (key == NULL)
				continue;
			owner = palloc0(sizeof(PvextOwner));
			owner->row = origin[i];
			owner->subject = climb->table;
			owner->key = key;
			owner->gone = says_true(rows, i, *column + 1);
			owners = lappend(owners, owner);
		}
		*column += 2;
	}
	foreach(lc, links_on(climb))
	{
		PvextLink  *link = lfirst(lc);
		Datum	  **keys;
		int		   *from;
		int			nkeys = read_keys(rows, n, *column, list_length(link->columns), origin,
									  &keys, &from);
		Climb		parent;
		uint64		found;
		SPITupleTable *parents;
		int			next = 2;

		*column += list_length(link->columns);
		if (nkeys == 0)
			continue;
		follow(&parent, climb, link);
		found = read_linked(link, &parent, NULL, keys, nkeys);
		parents = SPI_tuptable;
		owners = climb_on(&parent, parents, found, &next, origins(from, found), owners);
	}
	return owners;
}

/* Go down from rows that go to those that go with them, and up from these. */
static List *
descend(PvextDue *due, Climb *climb, SPITupleTable *rows, uint64 n, int column,
		const int *origin, List *owners)
{
	ListCell   *lc;

	foreach(lc, links_down(due, climb->table))
	{
		PvextLink  *link = lfirst(lc);
		Datum	  **keys;
		int		   *from;
		int			nkeys = read_keys(rows, n, column, list_length(link->columns), origin,
									  &keys, &from);
		Climb		child = *climb;
		uint64		found;
		SPITupleTable *children;
		int		   *origin_of_child;
		int			next = 2;

		column += list_length(link->columns);
		if (nkeys == 0 || list_member_ptr(climb->tables, link->table))
			continue;
		child.table = link->table;
		child.tables = lappend(list_copy(climb->tables), link->table);
		found = read_linked(link, &child, due, keys, nkeys);
		children = SPI_tuptable;
		origin_of_child = origins(from, found);
		owners = climb_on(&child, children, found, &next, origin_of_child, owners);
		owners = descend(due, &child, children, found, next, origin_of_child, owners);
	}
	return owners;
}

/*
 * The PvextOwners of rows that are due: what pvext_append_whose() asked for begins with
 * that column of the result.  In the current context.
 */
List *
pvext_find_owners(PvextDue *due, SPITupleTable *rows, uint64 n, int column)
{
	int		   *origin = palloc(sizeof(int) * Max(n, 1));
	Climb		climb;
	List	   *owners;

	for (uint64 i = 0; i < n; i++)
		origin[i] = (int) i;
	begin_climb(&climb, due);
	owners = climb_on(&climb, rows, n, &column, origin, NIL);
	return descend(due, &climb, rows, n, column, origin, owners);
}

/*
 * What holds them
 */

static int
compare_owners(const ListCell *a, const ListCell *b)
{
	const PvextOwner *x = lfirst(a);
	const PvextOwner *y = lfirst(b);

	if (x->subject != y->subject)
		return x->subject->id < y->subject->id ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Subjects of one table, each once, with what was found of them. */
typedef struct Subjects
{
	PvextTable *table;
	List	   *keys;			/* C strings */
	bool	   *gone;			/* as keys: there is no row to lock */
	PvextFate  *fates;			/* as keys */
} Subjects;

/* Lock the subjects that nobody else has locked; the others are spared. */
static void
lock_subjects(Subjects *subjects)
{
	PvextTable *table = subjects->table;
	StringInfoData names;
	StringInfoData arrays;
	StringInfoData order;
	PvextArgs	args = {0};
	PvextStatement lock = {NULL};
	ListCell   *lc;
	uint64		n;
	int			i = 0;

	initStringInfo(&names);
	initStringInfo(&arrays);
	initStringInfo(&order);
	foreach(lc, table->key)
	{
		appendStringInfo(&names, "k%d, ", ++i);
		appendStringInfo(&arrays, "%s$%d", i > 1 ? ", " : "", i);
		appendStringInfo(&order, "%sr.%s", i > 1 ? ", " : "", quote_identifier(lfirst(lc)));
	}
	pvext_arg_key_columns(&args, table, subjects->keys);
	lock.sql = psprintf("SELECT k.n FROM unnest(%s) WITH ORDINALITY AS k(%sn) JOIN %s AS r ON %s"
						" ORDER BY %s FOR UPDATE OF r SKIP LOCKED", arrays.data, names.data,
						table->sql_name, pvext_key_match_sql(table, "k.k%d", 1), order.data);
	n = pvext_run(table->owner, lock.sql, &args);
	for (i = 0; i < list_length(subjects->keys); i++)
		subjects->fates[i].spared = !subjects->gone[i];
	for (uint64 row = 0; row < n; row++)
		subjects->fates[pvext_int(row, 1) - 1].spared = false;
}

/* Do blockers keep rows of the table, or any that go with them? */
static bool
keep_rows(List *blockers, PvextDue *due)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, blockers)
	{
		if (pvext_blocks_rows(lfirst(lc), due->table))
			return true;
		foreach(cell, due->children)
			if (pvext_blocks_rows(lfirst(lc), ((PvextLink *) lfirst(cell))->table))
				return true;
	}
	return false;
}

/* Does the subject plan's verdict keep what is due? */
static bool
keeps(PvextPlan *plan, PvextDue *due, PvextVerdict *verdict)
{
	ListCell   *lc;
	int			i = 0;

	if (verdict->all_blocked)
		return true;
	if (due->redacts && verdict->others != NIL)
		return true;			/* a text that is to lose the values must not, yet */
	if (due->columns == NIL)
		return keep_rows(verdict->blockers, due);
	if (verdict->blocked == NULL)
		return false;
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table == due->table && list_member_ptr(due->columns, target->column) &&
			verdict->blocked[i] == '1')
			return true;
		i++;
	}
	return false;
}

/* Ask for the verdict on one subject. */
static void
judge(PvextMap *map, PvextDue *due, PvextTable *table, const char *key, bool gone, bool held,
	  bool lock, PvextFate *fate)
{
	PvextPlan  *plan = pvext_judging_plan(map, table);
	List	   *parts = pvext_split_key(table, key);
	List	   *rows = gone ? list_make1(pvext_row_of_key(plan, parts)) :
		pvext_lock_rows(plan, list_make1(parts), lock);
	PvextVerdict verdict;

	if (rows == NIL)
		return;					/* not there any more, or no person any more */
	pvext_set_rows(plan, rows);
	plan->any_held = plan->any_held && due->redacts;
	pvext_verdict(plan, pvext_subject_digest(table->id, key), held, lock, &verdict);
	if (!keeps(plan, due, &verdict))
	{
		fate->blocked = verdict.blocked;
		return;
	}
	fate->spared = true;
	fate->reasons = pvext_reasons(&verdict);
}

/* Which of the subjects are held? */
static bool *
find_held(Subjects *subjects)
{
	List	   *digests = NIL;
	ListCell   *lc;

	if (!pvext_any_hold(subjects->table->id))
		return palloc0(sizeof(bool) * list_length(subjects->keys));
	foreach(lc, subjects->keys)
		digests = lappend(digests, pvext_subject_digest(subjects->table->id, lfirst(lc)));
	return pvext_which_held(digests);
}

/* Is anybody held whose texts may be those of the plan's subjects, too? */
static bool
read_others(PvextPlan *plan)
{
	pvext_read_others(plan);
	return plan->any_held;
}

static void
judge_subjects(PvextMap *map, PvextDue *due, Subjects *subjects, bool lock)
{
	bool	   *held;
	bool		texts = false;
	ListCell   *lc;
	int			i = 0;

	/* The rows that are due have been locked as they were chosen. */
	if (lock && !(subjects->table == due->table && due->paths == NIL && !due->any_path))
		lock_subjects(subjects);
	held = find_held(subjects);
	if (due->redacts)
		texts = read_others(pvext_judging_plan(map, subjects->table));
	foreach(lc, subjects->keys)
	{
		if (!subjects->fates[i].spared && (held[i] || texts || subjects->table->blockers != NIL))
			judge(map, due, subjects->table, lfirst(lc), subjects->gone[i], held[i], lock,
				  &subjects->fates[i]);
		i++;
	}
}

/*
 * Lock the owners, if asked, and ask for the verdict on them: fates, one a row and
 * zeroes at first, say which rows stay, and why.  The owners are put in order.
 */
void
pvext_judge_owners(PvextMap *map, PvextDue *due, List *owners, bool lock, PvextFate *fates)
{
	int			n = list_length(owners);
	int			begin = 0;

	list_sort(owners, compare_owners);
	while (begin < n)
	{
		Subjects	subjects = {((PvextOwner *) list_nth(owners, begin))->subject, NIL,
		palloc0(sizeof(bool) * n), palloc0(sizeof(PvextFate) * n)};
		int			end = begin;
		int			which = -1;

		for (; end < n && ((PvextOwner *) list_nth(owners, end))->subject == subjects.table; end++)
		{
			char	   *key = ((PvextOwner *) list_nth(owners, end))->key;

			if (subjects.keys == NIL || strcmp(llast(subjects.keys), key) != 0)
				subjects.keys = lappend(subjects.keys, key);
			subjects.gone[list_length(subjects.keys) - 1] = ((PvextOwner *) list_nth(owners, end))->gone;
		}
		judge_subjects(map, due, &subjects, lock);
		for (int i = begin; i < end; i++)
		{
			PvextOwner *owner = list_nth(owners, i);

			if (which < 0 || strcmp(list_nth(subjects.keys, which), owner->key) != 0)
				which++;
			owner->blocked = subjects.fates[which].blocked;
			if (!subjects.fates[which].spared)
				continue;
			fates[owner->row].spared = true;
			fates[owner->row].reasons = list_concat_unique_ptr(fates[owner->row].reasons,
															   subjects.fates[which].reasons);
		}
		begin = end;
	}
}

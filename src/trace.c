/*
 * trace.c
 *		Which records of the audit log are about a subject.
 *
 * The sets of a plan say which rows belong to a subject: its own, those linked
 * to them, those linked to these.  Here the same is asked of rows as they
 * were.  A record shows a row before and after a change, its two sides; a side
 * belongs where it holds what is known of rows of the parent set (a "way").
 * What is known begins with the rows of now, and gains what is read of the rows
 * that are found: those deleted long ago, with what was linked to them, and the
 * keys that the subject had before.  So the log is read until a pass over it
 * finds nothing new to go by; mostly that is once.
 *
 * A record names columns as they were called then.  They are found again by
 * their numbers where they have been renamed since.
 *
 * What the log cannot say: whether a key that was somebody else's before is
 * his or hers in a record.  Keys of which that is true find too much.
 */
#include "postgres.h"
#include "message.h"

#include "audit.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "key.h"
#include "sets.h"
#include "spi.h"
#include "trace.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define MAX_COLUMNS INDEX_MAX_KEYS	/* of a key, or of a link to one */

/* Where columns of a table stand in a shape's records. */
typedef struct Place
{
	PvextTable *table;
	List	   *columns;
	int		   *atts;			/* 0: nowhere */
} Place;

/* What a side has of some columns. */
typedef enum Tuple
{
	TUPLE_MISSING,				/* not all of them are on record */
	TUPLE_REDACTED,				/* one was somebody's who has been erased */
	TUPLE_NULL,					/* one is NULL */
	TUPLE_THERE
} Tuple;

/*
 * Sets
 */

static PvextTracedSet *
add_set(PvextTracing *tracing, PvextTable *table, PvextSet *set)
{
	PvextTracedSet *traced = palloc0(sizeof(PvextTracedSet));
	List	   *key = pvext_primary_key(table->relid);

	traced->table = table;
	traced->set = set;
	if (key != NIL)
		traced->rows = pvext_make_known(key);
	tracing->sets = lappend(tracing->sets, traced);
	return traced;
}

static bool
same_list(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth(x, a, y, b)
		if (strcmp(lfirst(x), lfirst(y)) != 0)
			return false;
	return true;
}

/* What is known of a set's rows by these columns, which others are found by. */
static PvextKnown *
known_by(PvextTracing *tracing, PvextTracedSet *traced, List *columns)
{
	PvextKnown *known;
	ListCell   *lc;

	if (traced == linitial(tracing->sets) && same_list(tracing->keys->columns, columns))
		return tracing->keys;
	foreach(lc, traced->known)
		if (same_list(((PvextKnown *) lfirst(lc))->columns, columns))
			return lfirst(lc);
	known = pvext_make_known(columns);
	known->fold = pvext_folds(traced->table->relid, columns);
	traced->known = lappend(traced->known, known);
	return known;
}

static void
add_way(PvextTracing *tracing, PvextTracedSet *traced, PvextLink *link, PvextTracedSet *parent)
{
	PvextWay   *way = palloc0(sizeof(PvextWay));

	way->columns = link->columns;
	way->parents = known_by(tracing, parent, link->parent_columns);
	way->parents->fold = way->parents->fold ||
		pvext_folds(link->table->relid, link->columns);
	way->condition = pvext_make_past(link);
	traced->ways = lappend(traced->ways, way);
}

/* What is traced of a set of the plan. */
PvextTracedSet *
pvext_traced_set(PvextTracing *tracing, PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, tracing->sets)
		if (((PvextTracedSet *) lfirst(lc))->set == set)
			return lfirst(lc);
	return NULL;
}

/* Trace the rows that a link leads to from those of a set. */
PvextTracedSet *
pvext_trace_link(PvextTracing *tracing, PvextTracedSet *parent, PvextLink *link)
{
	MemoryContext old = MemoryContextSwitchTo(tracing->context);
	PvextTracedSet *traced = add_set(tracing, link->table, NULL);

	traced->link = link;
	add_way(tracing, traced, link, parent);
	MemoryContextSwitchTo(old);
	return traced;
}

/*
 * Begin to trace the subjects of a plan, of which nothing is known yet.  In the
 * current context.
 */
PvextTracing *
pvext_begin_tracing(PvextPlan *plan, bool forwards)
{
	PvextTracing *tracing = palloc0(sizeof(PvextTracing));
	ListCell   *lc;
	ListCell   *cell;

	tracing->context = CurrentMemoryContext;
	tracing->subject = plan->subject;
	tracing->forwards = forwards;
	tracing->keys = pvext_make_known(plan->subject->key);
	tracing->keys->fold = pvext_folds(plan->subject->relid, plan->subject->key);
	tracing->size = 64;
	tracing->values = palloc(sizeof(PvextReadValue) * tracing->size);
	(void) add_set(tracing, plan->subject, plan->self);
	foreach(lc, plan->sets)
		if (((PvextSet *) lfirst(lc))->productive)
			(void) add_set(tracing, ((PvextSet *) lfirst(lc))->table, lfirst(lc));
	foreach(lc, tracing->sets)
	{
		PvextTracedSet *traced = lfirst(lc);

		if (traced->set->with_self)
			traced->keys = tracing->keys;
		foreach(cell, traced->set->arms)
		{
			PvextArm   *arm = lfirst(cell);

			add_way(tracing, traced, arm->link, pvext_traced_set(tracing, arm->parent));
		}
	}
	return tracing;
}

/*
 * What is known from now
 */

/* A key of one of the subjects. */
void
pvext_trace_key(PvextTracing *tracing, const char *key)
{
	char	   *texts[MAX_COLUMNS];
	List	   *parts = pvext_split_key(tracing->subject, key);

	for (int i = 0; i < list_length(parts); i++)
		texts[i] = pvext_comparable_column(tracing->subject->relid,
										   list_nth(tracing->keys->columns, i),
										   list_nth(parts, i));
	(void) pvext_learn(tracing->keys, texts);
}

/* The texts of what a slot holds; NULL where it holds nothing. */
static char **
slot_texts(PvextSet *set, PvextSlot *slot, int *n)
{
	Datum	   *values;
	bool	   *nulls;
	char	  **texts;
	Oid			type;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	if (slot->param.isnull)
		return NULL;
	(void) pvext_column(set->table->relid, slot->column, &type, NULL);
	get_typlenbyvalalign(slot->element, &typlen, &typbyval, &typalign);
	deconstruct_array(DatumGetArrayTypeP(slot->param.value), slot->element, typlen, typbyval,
					  typalign, &values, &nulls, n);
	texts = palloc0(sizeof(char *) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		if (!nulls[i])
			texts[i] = slot->as_text ?
				pvext_comparable(getBaseType(type), TextDatumGetCString(values[i])) :
				pvext_comparable_text(slot->element, values[i]);
	return texts;
}

/* Learn what the slots hold of a tuple's columns. */
static void
learn_slots(PvextKnown *known, PvextSet *set)
{
	char	  **columns[MAX_COLUMNS];
	int			n = 0;
	int			ncolumns = 0;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, known->columns)
	{
		columns[ncolumns] = NULL;
		foreach(cell, set->slots)
		{
			PvextSlot  *slot = lfirst(cell);

			if (strcmp(slot->column, lfirst(lc)) == 0)
			{
				columns[ncolumns] = slot_texts(set, slot, &n);
				break;
			}
		}
		if (columns[ncolumns++] == NULL)
			return;
	}
	for (int i = 0; i < n; i++)
	{
		char	   *texts[MAX_COLUMNS];

		for (int c = 0; c < ncolumns; c++)
			texts[c] = columns[c][i];
		(void) pvext_learn(known, texts);
	}
}

/* The rows of now, as the plan's slots hold them. */
void
pvext_trace_rows(PvextTracing *tracing, PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, tracing->sets)
	{
		PvextTracedSet *traced = lfirst(lc);

		if (traced->set == NULL)
			continue;
		foreach(cell, traced->known)
			learn_slots(lfirst(cell), traced->set);
		if (traced->rows)
			learn_slots(traced->rows, traced->set);
	}
}

/* The rows' primary keys: records from before a link was declared may lack its columns. */
static void
add_key_slots(PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, pvext_primary_key(set->table->relid))
		(void) pvext_set_slot(set, lfirst(lc), true);
}

/* What links that lead on from a personal key go by, also where nothing else is linked. */
static void
add_leading_slots(PvextMap *map, PvextTarget *target)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			ListCell   *column;

			if (link->parent != target->table ||
				!pvext_has_name(link->parent_columns, target->column->name) ||
				!pvext_is_audited(list_make1(link->table)))
				continue;
			foreach(column, link->parent_columns)
				(void) pvext_set_slot(target->set, lfirst(column), true);
		}
}

/*
 * Let a plan's sets hold what records of the log are found by, where their tables
 * are, or have been, audited.
 */
void
pvext_add_traced_slots(PvextMap *map, PvextPlan *plan)
{
	ListCell   *lc;

	if (pvext_is_audited(list_make1(plan->subject)))
		add_key_slots(plan->self);
	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		if (set->productive && pvext_is_audited(list_make1(set->table)))
			add_key_slots(set);
	}
	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->column->leads)
			add_leading_slots(map, lfirst(lc));
}

/*
 * Shapes
 */

/* The sets of the tables whose rows a relation's may be. */
static List *
sets_of_relation(PvextTracing *tracing, int32 relation_id)
{
	static PvextStatement related = {
		"WITH RECURSIVE self(relid) AS ("
		"  SELECT CAST(relation AS oid) FROM pv.relation WHERE id = $1),"
		" up(relid) AS (SELECT relid FROM self UNION"
		"  SELECT i.inhparent FROM pg_inherits AS i JOIN up ON i.inhrelid = up.relid),"
		" down(relid) AS (SELECT relid FROM self UNION"
		"  SELECT i.inhrelid FROM pg_inherits AS i JOIN down ON i.inhparent = down.relid)"
		" SELECT r.id FROM pv.relation AS r"
		" WHERE r.relation IN (SELECT relid FROM up UNION SELECT relid FROM down)", NULL
	};
	PvextArgs	args = {0};
	List	   *sets = NIL;
	uint64		n;
	ListCell   *lc;

	pvext_arg_int4(&args, relation_id);
	n = pvext_own_kept(&related, &args);
	foreach(lc, tracing->sets)
		for (uint64 i = 0; i < n; i++)
			if (((PvextTracedSet *) lfirst(lc))->table->id == (int32) pvext_int(i, 1))
				sets = lappend(sets, lfirst(lc));
	SPI_freetuptable(SPI_tuptable);
	return sets;
}

static PvextTracedShape *
find_shape(PvextTracing *tracing, uint32 number)
{
	MemoryContext old;
	PvextTracedShape *traced;
	ListCell   *lc;

	foreach(lc, tracing->shapes)
		if (((PvextTracedShape *) lfirst(lc))->shape->number == number)
			return lfirst(lc);
	old = MemoryContextSwitchTo(tracing->context);
	traced = palloc0(sizeof(PvextTracedShape));
	traced->shape = pvext_old_shape(number);
	traced->sets = sets_of_relation(tracing, traced->shape->relation_id);
	for (int side = PVEXT_OLD; side <= PVEXT_NEW; side++)
		traced->at[side] = palloc(sizeof(int) * Max(traced->shape->natts, 1));
	tracing->shapes = lcons(traced, tracing->shapes);
	MemoryContextSwitchTo(old);
	return traced;
}

static int
att_named(PvextOldShape *shape, const char *name)
{
	for (int i = 0; i < shape->natts; i++)
		if (shape->names[i] && strcmp(shape->names[i], name) == 0)
			return i + 1;
	return 0;
}

/*
 * Where a column of now stood: by its name, unless what had that name then has
 * another now; else by its number, unless what has that number is somewhere
 * else now, as after a restore.
 */
static int
find_att(PvextOldShape *shape, Oid relid, const char *column)
{
	int			named = att_named(shape, column);
	int			now = get_attnum(relid, column);
	char	   *other;

	if (named > 0 && named != now)
	{
		other = get_attname(relid, named, true);
		if (other && strcmp(other, column) != 0 && att_named(shape, other) == 0 &&
			now > shape->natts)
			named = 0;
	}
	if (named > 0 || now <= 0 || now > shape->natts || shape->names[now - 1] == NULL)
		return named;
	if (get_attnum(relid, shape->names[now - 1]) != InvalidAttrNumber &&
		get_attnum(relid, shape->names[now - 1]) <= shape->natts)
		return 0;
	return now;
}

/*
 * The attribute numbers, in the record looked at, of columns of a table; 0 where it
 * has none.
 */
int *
pvext_traced_atts(PvextTracing *tracing, PvextTable *table, List *columns)
{
	PvextTracedShape *traced = tracing->shape;
	MemoryContext old;
	Place	   *place;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, traced->places)
	{
		place = lfirst(lc);
		if (place->columns == columns && place->table == table)
			return place->atts;
	}
	old = MemoryContextSwitchTo(tracing->context);
	place = palloc0(sizeof(Place));
	place->table = table;
	place->columns = columns;
	place->atts = palloc(sizeof(int) * Max(list_length(columns), 1));
	foreach(lc, columns)
		place->atts[n++] = find_att(traced->shape, table->relid, lfirst(lc));
	traced->places = lappend(traced->places, place);
	MemoryContextSwitchTo(old);
	return place->atts;
}

/*
 * Records
 */

/* Take a change's values apart.  What they are is where the payload is. */
static void
read_values(PvextTracing *tracing, PvextReadItem *item)
{
	PvextTracedShape *traced = tracing->shape;
	PvextReadValue value;

	tracing->nvalues = 0;
	for (int side = PVEXT_OLD; side <= PVEXT_NEW; side++)
		memset(traced->at[side], 0, sizeof(int) * traced->shape->natts);
	while (pvext_next_value(item, &value))
	{
		if (value.column < 1 || value.column > traced->shape->natts ||
			traced->shape->names[value.column - 1] == NULL)
			continue;
		if (tracing->nvalues == tracing->size)
		{
			tracing->size *= 2;
			tracing->values = repalloc(tracing->values, sizeof(PvextReadValue) * tracing->size);
		}
		tracing->values[tracing->nvalues++] = value;
		if (value.side != PVEXT_NEW)
			traced->at[PVEXT_OLD][value.column - 1] = tracing->nvalues;
		if (value.side != PVEXT_OLD)
			traced->at[PVEXT_NEW][value.column - 1] = tracing->nvalues;
	}
}

/* What a side holds of some columns of a table. */
static Tuple
read_tuple(PvextTracing *tracing, PvextTable *table, List *columns, PvextSide side,
		   char **texts)
{
	PvextTracedShape *traced = tracing->shape;
	int		   *atts = pvext_traced_atts(tracing, table, columns);
	int			n = list_length(columns);
	Tuple		tuple = TUPLE_THERE;

	Assert(n <= MAX_COLUMNS);
	for (int i = 0; i < n; i++)
		if (atts[i] == 0 || traced->at[side][atts[i] - 1] == 0)
			return TUPLE_MISSING;
	for (int i = 0; i < n; i++)
	{
		PvextReadValue *value = &tracing->values[traced->at[side][atts[i] - 1] - 1];

		texts[i] = NULL;
		if (value->form == PVEXT_IS_VALUE)
			texts[i] = pvext_read_text(traced->shape, value);
		else
			tuple = Min(tuple, value->form == PVEXT_IS_NULL ? TUPLE_NULL : TUPLE_REDACTED);
	}
	return tuple;
}

/* Is what a side holds of the columns known? */
bool
pvext_side_is_known(PvextTracing *tracing, PvextTable *table, PvextKnown *known,
					PvextSide side)
{
	char	   *texts[MAX_COLUMNS];

	return read_tuple(tracing, table, known->columns, side, texts) == TUPLE_THERE &&
		pvext_knows(known, texts);
}

/* Did the way's condition hold of a side?  Yes where that can no longer be told. */
static bool
condition_held(PvextTracing *tracing, PvextTable *table, PvextWay *way, PvextSide side)
{
	char	   *texts[MAX_COLUMNS];
	Tuple		tuple;

	if (way->condition == NULL || list_length(way->condition->columns) > MAX_COLUMNS)
		return true;
	tuple = read_tuple(tracing, table, way->condition->columns, side, texts);
	if (tuple == TUPLE_MISSING || tuple == TUPLE_REDACTED)
		return true;
	return pvext_held_then(way->condition, texts);
}

/* Does a side say by no link whose it is?  Then the row is whose it is at other times. */
static bool
row_belongs(PvextTracing *tracing, PvextTracedSet *traced, PvextSide side)
{
	char	   *texts[MAX_COLUMNS];

	if (traced->rows == NULL ||
		read_tuple(tracing, traced->table, traced->rows->columns, side, texts) != TUPLE_THERE)
		return false;
	if (pvext_knows(traced->rows, texts))
		return true;
	tracing->missed = true;
	return false;
}

static bool
side_belongs(PvextTracing *tracing, PvextTracedSet *traced, PvextSide side)
{
	char	   *texts[MAX_COLUMNS];
	bool		unsaid = false;
	Tuple		tuple;
	ListCell   *lc;

	if (traced->keys)
	{
		tuple = read_tuple(tracing, traced->table, traced->keys->columns, side, texts);
		if (tuple == TUPLE_THERE && pvext_knows(traced->keys, texts))
		{
			tracing->any_key = true;
			return true;
		}
		unsaid = tuple == TUPLE_MISSING;
	}
	foreach(lc, traced->ways)
	{
		PvextWay   *way = lfirst(lc);

		tuple = read_tuple(tracing, traced->table, way->columns, side, texts);
		if (tuple == TUPLE_THERE && pvext_knows(way->parents, texts) &&
			condition_held(tracing, traced->table, way, side))
			return true;
		unsaid = unsaid || tuple == TUPLE_MISSING || tuple == TUPLE_NULL;
	}
	return unsaid && row_belongs(tracing, traced, side);
}

/* Others are found by what is on a side that belongs. */
static void
learn_side(PvextTracing *tracing, PvextTracedSet *traced, PvextSide side)
{
	char	   *texts[MAX_COLUMNS];
	ListCell   *lc;

	foreach(lc, traced->known)
	{
		PvextKnown *known = lfirst(lc);

		if (read_tuple(tracing, traced->table, known->columns, side, texts) == TUPLE_THERE &&
			pvext_learn(known, texts))
			tracing->grew = true;
	}
	if (traced->rows &&
		read_tuple(tracing, traced->table, traced->rows->columns, side, texts) == TUPLE_THERE &&
		pvext_learn(traced->rows, texts))
		tracing->rows_grew = true;
}

/* A key that a subject's has come from is the subject's, too. */
static void
follow_key(PvextTracing *tracing)
{
	PvextTable *subject = tracing->subject;
	PvextKnown *keys = tracing->keys;
	char	   *old[MAX_COLUMNS];
	char	   *new[MAX_COLUMNS];

	if (read_tuple(tracing, subject, keys->columns, PVEXT_OLD, old) != TUPLE_THERE ||
		read_tuple(tracing, subject, keys->columns, PVEXT_NEW, new) != TUPLE_THERE)
		return;
	if ((pvext_knows(keys, new) && pvext_learn(keys, old)) ||
		(tracing->forwards && pvext_knows(keys, old) && pvext_learn(keys, new)))
		tracing->grew = true;
	if (pvext_knows(keys, old) && !pvext_knows(keys, new))
		tracing->left = true;
}

static bool
trace_change(PvextTracing *tracing, PvextReadItem *item)
{
	bool		any = false;
	ListCell   *lc;

	tracing->shape = find_shape(tracing, item->shape);
	if (tracing->shape->sets == NIL)
		return false;
	read_values(tracing, item);
	if (item->kind == PVEXT_ITEM_UPDATE)
		foreach(lc, tracing->shape->sets)
			if (lfirst(lc) == linitial(tracing->sets))
				follow_key(tracing);
	foreach(lc, tracing->shape->sets)
	{
		PvextTracedSet *traced = lfirst(lc);

		for (int side = PVEXT_OLD; side <= PVEXT_NEW; side++)
		{
			traced->belongs[side] = side_belongs(tracing, traced, side);
			if (traced->belongs[side])
				learn_side(tracing, traced, side);
			any = any || traced->belongs[side];
		}
	}
	return any;
}

/* Is a read's value the key of one of the subjects? */
bool
pvext_read_is_known(PvextTracing *tracing, const PvextReadValue *value)
{
	char	   *texts[MAX_COLUMNS];
	List	   *parts;
	int			n = 0;
	ListCell   *lc;

	if (value->form != PVEXT_IS_VALUE ||
		value->column != PVEXT_READ_KEY + tracing->subject->id)
		return false;
	parts = pvext_try_split_key(tracing->subject, pnstrdup(value->data, value->size));
	foreach(lc, parts)
	{
		texts[n] = pvext_comparable_column(tracing->subject->relid,
										   list_nth(tracing->keys->columns, n), lfirst(lc));
		n++;
	}
	return n > 0 && pvext_knows(tracing->keys, texts);
}

/*
 * Is an item about the subjects?  Of a change, the sets of tracing->shape then
 * say which sides belong to them.
 */
bool
pvext_trace_item(PvextTracing *tracing, PvextReadItem item)
{
	PvextReadValue value;

	tracing->shape = NULL;
	switch (item.kind)
	{
		case PVEXT_ITEM_INSERT:
		case PVEXT_ITEM_UPDATE:
		case PVEXT_ITEM_DELETE:
			return trace_change(tracing, &item);
		case PVEXT_ITEM_READ:
			while (pvext_next_value(&item, &value))
				if (pvext_read_is_known(tracing, &value))
					return true;
			return false;
		default:
			return false;
	}
}

static void
trace_chunk(const PvextChunk *chunk, void *arg)
{
	PvextTracing *tracing = arg;
	PvextItems	items = {chunk->data, chunk->data + chunk->size};
	PvextReadItem item;
	bool		any = false;

	while (pvext_next_item(&items, &item))
		if (pvext_trace_item(tracing, item))
			any = true;
	if (any)
		pvext_note_chunk(tracing->found, chunk);
}

/* Find the chunks with records about the subjects, and all that is known by them. */
void
pvext_trace_log(PvextTracing *tracing, Snapshot snapshot, PvextChunkList *found)
{
	tracing->found = found;
	do
	{
		found->n = 0;
		tracing->grew = tracing->rows_grew = tracing->missed = false;
		pvext_each_chunk(snapshot, trace_chunk, tracing);
	} while (tracing->grew || (tracing->rows_grew && tracing->missed));
}

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

#include "catalog.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "digest.h"
#include "image.h"
#include "key.h"
#include "result.h"
#include "secret.h"
#include "trace.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

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
		traced->rows = pvext_make_known(table->relid, key);
	tracing->sets = lappend(tracing->sets, traced);
	return traced;
}

/* What is known of a set's rows by these columns, which others are found by. */
static PvextKnown *
known_by(PvextTracing *tracing, PvextTracedSet *traced, List *columns)
{
	PvextKnown *known;
	ListCell   *lc;

	if (traced == linitial(tracing->sets) && pvext_equal_names(tracing->keys->columns, columns))
		return tracing->keys;
	foreach(lc, traced->known)
		if (pvext_equal_names(((PvextKnown *) lfirst(lc))->columns, columns))
			return lfirst(lc);
	known = pvext_make_known(traced->table->relid, columns);
	traced->known = lappend(traced->known, known);
	return known;
}

static void
add_way(PvextTracing *tracing, PvextTracedSet *traced, PvextLink *link, PvextTracedSet *parent)
{
	PvextWay   *way = palloc0(sizeof(PvextWay));

	way->columns = link->columns;
	way->parents = known_by(tracing, parent, link->parent_columns);
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
 * Begin to trace the subjects of a plan, of which nothing is known yet, to erase
 * them, or to show what happened to them.  In the current context.
 */
PvextTracing *
pvext_begin_tracing(PvextPlan *plan, bool erases)
{
	PvextTracing *tracing = palloc0(sizeof(PvextTracing));
	ListCell   *lc;
	ListCell   *cell;

	tracing->context = CurrentMemoryContext;
	tracing->subject = plan->subject;
	tracing->erases = erases;
	tracing->unread.context = CurrentMemoryContext;
	tracing->keys = pvext_make_known(plan->subject->relid, plan->subject->key);
	tracing->reader = plan->subject;
	tracing->read_keys = tracing->keys;
	pvext_init_sides(&tracing->sides);
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
 * Reads name the subjects by the key that was declared for their table, which may be
 * another than that of the plan.
 */
void
pvext_trace_readers(PvextTracing *tracing, PvextTable *subject)
{
	MemoryContext old = MemoryContextSwitchTo(tracing->context);

	tracing->reader = subject;
	tracing->read_keys = known_by(tracing, linitial(tracing->sets), subject->key);
	MemoryContextSwitchTo(old);
}

/*
 * What is known from now
 */

/* A key of one of the subjects; keys is tracing->keys, or others of theirs. */
void
pvext_trace_key(PvextTracing *tracing, PvextKnown *keys, const char *key)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	List	   *parts = pvext_split_key(tracing->subject, key);

	for (int i = 0; i < list_length(parts); i++)
		texts[i] = pvext_comparable_column(tracing->subject->relid,
										   list_nth(tracing->keys->columns, i),
										   list_nth(parts, i));
	(void) pvext_learn(keys, texts);
}

/* What is known of others as well, by the same plan. */
void
pvext_trace_others(PvextTracing *tracing, PvextTracing *other)
{
	ListCell   *a;
	ListCell   *b;

	pvext_learn_all(tracing->keys, other->keys);
	tracing->former = list_concat(tracing->former, other->former);
	forboth(a, tracing->sets, b, other->sets)
	{
		PvextTracedSet *traced = lfirst(a);
		PvextTracedSet *others = lfirst(b);
		ListCell   *x;
		ListCell   *y;

		forboth(x, traced->known, y, others->known)
			pvext_learn_all(lfirst(x), lfirst(y));
		if (traced->rows)
			pvext_learn_all(traced->rows, others->rows);
	}
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
	char	  **columns[PVEXT_TUPLE_COLUMNS];
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
		char	   *texts[PVEXT_TUPLE_COLUMNS];

		for (int c = 0; c < ncolumns; c++)
			texts[c] = columns[c][i];
		(void) pvext_learn(known, texts);
	}
}

/*
 * The rows of now, as the plan's slots hold them.  Its argument is a PvextTracing, as
 * pvext_run_plan() passes it on, or NULL.
 */
void
pvext_trace_rows(void *arg)
{
	PvextTracing *tracing = arg;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, tracing ? tracing->sets : NIL)
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

/*
 * Records
 */

/* The sets of a table's own rows. */
static List *
own_sets(PvextTracing *tracing, int32 relation_id)
{
	List	   *sets = NIL;
	ListCell   *lc;

	foreach(lc, tracing->sets)
		if (((PvextTracedSet *) lfirst(lc))->table->id == relation_id)
			sets = lappend(sets, lfirst(lc));
	return sets;
}

/* Is the table neither part of another nor has it parts? */
static bool
stands_alone(Oid relid)
{
	return !has_subclass(relid) && !has_superclass(relid);
}

/* The sets of the tables whose rows a relation's may be.  In the current context. */
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
	List	   *sets = own_sets(tracing, relation_id);
	uint64		n;
	ListCell   *lc;

	if (sets != NIL && stands_alone(((PvextTracedSet *) linitial(sets))->table->relid))
		return sets;
	sets = NIL;
	pvext_arg_int4(&args, relation_id);
	n = pvext_own_kept(&related, &args);
	foreach(lc, tracing->sets)
		for (uint64 i = 0; i < n; i++)
			if (((PvextTracedSet *) lfirst(lc))->table->id == (int32) pvext_int(i, 1))
				sets = lappend(sets, lfirst(lc));
	SPI_freetuptable(SPI_tuptable);
	return sets;
}

/* Is what a side holds of the columns known? */
bool
pvext_side_is_known(PvextTracing *tracing, PvextTable *table, List *columns,
					PvextKnown *known, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];

	return pvext_side_tuple(&tracing->sides, table->relid, columns, side,
							texts) == PVEXT_TUPLE_THERE &&
		pvext_knows(known, texts);
}

/* Did the way's condition hold of a side?  Yes where that can no longer be told. */
static bool
condition_held(PvextTracing *tracing, PvextTable *table, PvextWay *way, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	PvextTuple	tuple;

	if (way->condition == NULL || list_length(way->condition->columns) > PVEXT_TUPLE_COLUMNS)
		return true;
	tuple = pvext_side_tuple(&tracing->sides, table->relid, way->condition->columns, side, texts);
	if (tuple == PVEXT_TUPLE_MISSING || tuple == PVEXT_TUPLE_UNREAD || tuple == PVEXT_TUPLE_REDACTED)
		return true;
	return pvext_held_then(way->condition, texts);
}

/* Does a side say by no link whose it is?  Then the row is whose it is at other times. */
static bool
row_belongs(PvextTracing *tracing, PvextTracedSet *traced, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];

	if (traced->rows == NULL ||
		pvext_side_tuple(&tracing->sides, traced->table->relid, traced->rows->columns, side, texts) != PVEXT_TUPLE_THERE)
		return false;
	if (pvext_knows(traced->rows, texts))
		return true;
	tracing->missed = true;
	return false;
}

static bool
side_belongs(PvextTracing *tracing, PvextTracedSet *traced, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	bool		unsaid = false;
	bool		unread = false;
	PvextTuple	tuple;
	ListCell   *lc;

	if (traced->keys)
	{
		tuple = pvext_side_tuple(&tracing->sides, traced->table->relid, traced->keys->columns, side, texts);
		if (tuple == PVEXT_TUPLE_THERE && pvext_knows(traced->keys, texts))
		{
			tracing->any_key = true;
			return true;
		}
		unread = tuple == PVEXT_TUPLE_UNREAD;
		unsaid = tuple == PVEXT_TUPLE_MISSING;
	}
	foreach(lc, traced->ways)
	{
		PvextWay   *way = lfirst(lc);

		tuple = pvext_side_tuple(&tracing->sides, traced->table->relid, way->columns, side, texts);
		if (tuple == PVEXT_TUPLE_THERE && pvext_knows(way->parents, texts) &&
			condition_held(tracing, traced->table, way, side))
			return true;
		unread = unread || tuple == PVEXT_TUPLE_UNREAD;
		unsaid = unsaid || tuple == PVEXT_TUPLE_MISSING || tuple == PVEXT_TUPLE_NULL ||
			(tuple == PVEXT_TUPLE_REDACTED && !tracing->erases);
	}
	if ((unsaid || unread) && row_belongs(tracing, traced, side))
		return true;
	if (unread)
		tracing->why = "the key or a link of a row is no value of its type";
	return false;
}

/* Others are found by what is on a side that belongs. */
static void
learn_side(PvextTracing *tracing, PvextTracedSet *traced, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	ListCell   *lc;

	foreach(lc, traced->known)
	{
		PvextKnown *known = lfirst(lc);

		if (pvext_side_tuple(&tracing->sides, traced->table->relid, known->columns, side, texts) == PVEXT_TUPLE_THERE &&
			pvext_learn(known, texts))
			tracing->grew = true;
	}
	if (traced->rows &&
		pvext_side_tuple(&tracing->sides, traced->table->relid, traced->rows->columns, side, texts) == PVEXT_TUPLE_THERE &&
		pvext_learn(traced->rows, texts))
		tracing->rows_grew = true;
}

/* A key that a subject's has come from is the subject's, too. */
static void
follow_key(PvextTracing *tracing)
{
	PvextTable *subject = tracing->subject;
	PvextKnown *keys = tracing->keys;
	char	   *old[PVEXT_TUPLE_COLUMNS];
	char	   *new[PVEXT_TUPLE_COLUMNS];

	if (pvext_side_tuple(&tracing->sides, subject->relid, keys->columns, PVEXT_OLD, old) != PVEXT_TUPLE_THERE ||
		pvext_side_tuple(&tracing->sides, subject->relid, keys->columns, PVEXT_NEW, new) != PVEXT_TUPLE_THERE)
		return;
	if ((pvext_knows(keys, new) && pvext_learn(keys, old)) ||
		(!tracing->erases && pvext_knows(keys, old) && pvext_learn(keys, new)))
		tracing->grew = true;
	if (pvext_knows(keys, old) && !pvext_knows(keys, new))
		tracing->left = true;
}

/*
 * A link that has come to a subject's key from one that the ledger knows by its digest
 * as the former: the subject was re-keyed, by an erasure in part, and its own table
 * is perhaps not audited.
 */
static void
follow_link(PvextTracing *tracing, PvextTracedSet *traced, PvextWay *way)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	bytea	   *digest;
	ListCell   *lc;

	if (way->parents != tracing->keys || list_length(way->columns) > 1 ||
		!pvext_side_is_known(tracing, traced->table, way->columns, tracing->keys, PVEXT_NEW) ||
		pvext_side_tuple(&tracing->sides, traced->table->relid, way->columns, PVEXT_OLD,
						 texts) != PVEXT_TUPLE_THERE ||
		pvext_knows(tracing->keys, texts))
		return;
	digest = pvext_subject_digest(tracing->subject->id, texts[0]);
	foreach(lc, tracing->former)
		if (pvext_same_digest(digest, lfirst(lc)) && pvext_learn(tracing->keys, texts))
			tracing->grew = true;
}

static void
follow_links(PvextTracing *tracing)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, tracing->change->sets)
		foreach(cell, ((PvextTracedSet *) lfirst(lc))->ways)
			follow_link(tracing, lfirst(lc), lfirst(cell));
}

static bool
trace_change(PvextTracing *tracing, PvextReadItem *item)
{
	bool		any = false;
	ListCell   *lc;

	if (pvext_meet_shape(&tracing->sides, item->shape))
	{
		MemoryContext old = MemoryContextSwitchTo(tracing->context);

		tracing->sides.met->sets = sets_of_relation(tracing, tracing->sides.met->shape->relation_id);
		MemoryContextSwitchTo(old);
	}
	tracing->change = tracing->sides.met;
	if (tracing->change->shape->missing)
		tracing->why = PVEXT_NO_SHAPE;
	if (tracing->change->sets == NIL)
		return false;
	pvext_read_sides(&tracing->sides, item);
	if (item->kind == PVEXT_ITEM_UPDATE &&
		list_member_ptr(tracing->change->sets, linitial(tracing->sets)))
		follow_key(tracing);
	if (item->kind == PVEXT_ITEM_UPDATE && tracing->former != NIL)
		follow_links(tracing);
	foreach(lc, tracing->change->sets)
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
	if (item->broken && !any)
		tracing->why = PVEXT_MALFORMED;
	return any;
}

/* Is a read's value one of some keys of the subjects? */
bool
pvext_read_is_known(PvextTracing *tracing, PvextKnown *keys, const PvextReadValue *value)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	List	   *parts;
	int			n = 0;
	ListCell   *lc;

	if (value->form != PVEXT_IS_VALUE ||
		value->column != PVEXT_READ_KEY + tracing->reader->id ||
		!pvext_is_sound(InvalidOid, value->data, value->size))
		return false;
	parts = pvext_try_split_key(tracing->reader, pnstrdup(value->data, value->size));
	foreach(lc, parts)
	{
		texts[n] = pvext_comparable_column(tracing->reader->relid,
										   list_nth(tracing->read_keys->columns, n), lfirst(lc));
		n++;
	}
	return n > 0 && n == list_length(keys->columns) && pvext_knows(keys, texts);
}

/*
 * Is an item about the subjects?  Of a change, the sets of tracing->change
 * then say which sides belong to them.  Where it cannot be told, tracing->why says
 * why.
 */
bool
pvext_trace_item(PvextTracing *tracing, PvextReadItem item)
{
	PvextReadValue value;

	tracing->change = NULL;
	tracing->why = NULL;
	switch (item.kind)
	{
		case PVEXT_ITEM_INSERT:
		case PVEXT_ITEM_UPDATE:
		case PVEXT_ITEM_DELETE:
			return trace_change(tracing, &item);
		case PVEXT_ITEM_READ:
			while (pvext_next_value(&item, &value))
				if (pvext_read_is_known(tracing, tracing->read_keys, &value))
					return true;
			if (item.broken)
				tracing->why = PVEXT_MALFORMED;
			return false;
		default:
			return false;
	}
}

static void
trace_chunk(const PvextChunk *chunk, void *arg)
{
	PvextTracing *tracing = arg;
	PvextItems	items = pvext_items_of(chunk);
	PvextReadItem item;
	bool		any = false;

	while (pvext_next_item(&items, &item))
	{
		if (pvext_trace_item(tracing, item))
			any = true;
		if (tracing->why)
			pvext_note_unread(&tracing->unread, chunk->partition, chunk->id, tracing->why);
	}
	if (items.broken)
		pvext_note_unread(&tracing->unread, chunk->partition, chunk->id, PVEXT_MALFORMED);
	if (any)
		pvext_note_chunk(tracing->found, chunk);
}

/*
 * Find the chunks with records about the subjects, and all that is known by them; what
 * cannot be read is in tracing->unread.
 */
void
pvext_trace_log(PvextTracing *tracing, Snapshot snapshot, PvextChunkList *found)
{
	tracing->found = found;
	do
	{
		found->n = 0;
		tracing->unread.chunks = NIL;
		tracing->grew = tracing->rows_grew = tracing->missed = false;
		pvext_each_chunk(snapshot, trace_chunk, tracing, &tracing->unread);
	} while (tracing->grew || (tracing->rows_grew && tracing->missed));
}

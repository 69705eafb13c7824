/*
 * subject_records.c
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
#include "base/message.h"

#include "audit/value_bytes.h"
#include "base/catalog.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_inherits.h"
#include "execution/living.h"
#include "map/key.h"
#include "redact/subject_records.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/*
 * Sets
 */

/* Search for rows of a table, of a set of the plan's or, for NULL, of others. */
static PvextSearchedSet *
add_set(PvextRecordSearch *search, PvextTable *table, PvextSet *set)
{
	PvextSearchedSet *traced = palloc0(sizeof(PvextSearchedSet));
	List	   *key = pvext_primary_key(table->relid);

	traced->table = table;
	traced->set = set;
	if (key != NIL)
		traced->rows = pvext_make_key_set(table->relid, key);
	if (key != NIL && set && set->referred && search->erases)
	{
		traced->taken = pvext_make_key_set(table->relid, key);
		traced->kept = pvext_make_key_set(table->relid, key);
	}
	search->sets = lappend(search->sets, traced);
	return traced;
}

/* What is known of a set's rows by these columns, which others are found by. */
static PvextKeySet *
known_by(PvextRecordSearch *search, PvextSearchedSet *traced, List *columns, bool ignore_case)
{
	PvextKeySet *known;
	ListCell   *lc;

	if (traced == linitial(search->sets) && !ignore_case && pvext_equal_names(search->keys->columns, columns))
		return search->keys;
	foreach(lc, traced->known)
		if (pvext_equal_names(((PvextKeySet *) lfirst(lc))->columns, columns) &&
			((PvextKeySet *) lfirst(lc))->ignore_case == ignore_case)
			return lfirst(lc);
	known = pvext_make_key_set(traced->table->relid, columns);
	if (ignore_case)
		pvext_ignore_case(known);
	traced->known = lappend(traced->known, known);
	return known;
}

/* Rows belong by the link, as its condition says now or said then. */
static void
add_way(PvextRecordSearch *search, PvextSearchedSet *traced, PvextLink *link, bool last,
		PvextSearchedSet *parent)
{
	PvextSearchedLink   *way = palloc0(sizeof(PvextSearchedLink));

	way->columns = link->columns;
	way->parents = known_by(search, parent, link->parent_columns, link->ignore_case);
	way->keys = pvext_make_past_keys(link);
	way->condition = pvext_make_past_condition(link);
	way->kept = traced->kept && last;
	traced->ways = lappend(traced->ways, way);
}

/* What is searched for of a set of the plan; NULL where nothing leads to it. */
PvextSearchedSet *
pvext_searched_set(PvextRecordSearch *search, PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, search->sets)
		if (((PvextSearchedSet *) lfirst(lc))->set == set)
			return lfirst(lc);
	return NULL;
}

/* Search for the rows that a link leads to from those of a set, too. */
PvextSearchedSet *
pvext_search_by_link(PvextRecordSearch *search, PvextSearchedSet *parent, PvextLink *link)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);
	PvextSearchedSet *traced = add_set(search, link->table, NULL);

	traced->link = link;
	add_way(search, traced, link, pvext_goes_with_last(link), parent);
	MemoryContextSwitchTo(old);
	return traced;
}

/*
 * Begin to search for the subjects of a plan, of which nothing is known yet, to erase
 * them, or to show what happened to them.  In the current context.
 */
PvextRecordSearch *
pvext_begin_search(PvextPlan *plan, bool erases)
{
	PvextRecordSearch *search = palloc0(sizeof(PvextRecordSearch));
	ListCell   *lc;
	ListCell   *cell;

	search->context = CurrentMemoryContext;
	search->subject = plan->subject;
	search->erases = erases;
	search->unread.context = CurrentMemoryContext;
	search->keys = pvext_make_key_set(plan->subject->relid, plan->subject->key);
	search->reader = plan->subject;
	search->read_keys = search->keys;
	pvext_init_images(&search->sides);
	(void) add_set(search, plan->subject, plan->self);
	foreach(lc, plan->sets)
		if (((PvextSet *) lfirst(lc))->productive)
			(void) add_set(search, ((PvextSet *) lfirst(lc))->table, lfirst(lc));
	foreach(lc, search->sets)
	{
		PvextSearchedSet *traced = lfirst(lc);

		if (traced->set->with_self)
			traced->keys = search->keys;
		foreach(cell, traced->set->arms)
		{
			PvextArm   *arm = lfirst(cell);

			add_way(search, traced, arm->link, arm->last, pvext_searched_set(search, arm->parent));
		}
	}
	return search;
}

/*
 * What others of the same table were erased by the same call, by another plan: they do not
 * live.
 */
void
pvext_search_among(PvextRecordSearch *search, PvextRecordSearch *other)
{
	MemoryContext old;

	if (other->subject->id != search->subject->id || !search->erases)
		return;
	old = MemoryContextSwitchTo(search->context);
	if (search->erased == NULL)
		search->erased = pvext_make_key_set(search->subject->relid, search->subject->key);
	pvext_add_key_set(search->erased, other->keys);
	MemoryContextSwitchTo(old);
}

/*
 * Reads name the subjects by the key that was declared for their table, which may be
 * another than that of the plan.
 */
void
pvext_search_readers(PvextRecordSearch *search, PvextTable *subject)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);

	search->reader = subject;
	search->read_keys = known_by(search, linitial(search->sets), subject->key, false);
	MemoryContextSwitchTo(old);
}

/*
 * What is known from now
 */

/* A key of one of the subjects; keys is search->keys, or others of theirs. */
void
pvext_search_for_key(PvextRecordSearch *search, PvextKeySet *keys, const char *key)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	List	   *parts = pvext_split_key(search->subject, key);

	for (int i = 0; i < list_length(parts); i++)
		texts[i] = pvext_comparable_column(search->subject->relid,
										   list_nth(search->keys->columns, i),
										   list_nth(parts, i));
	(void) pvext_add_to_key_set(keys, texts);
}

/* What is known of others as well, by the same plan. */
void
pvext_search_with(PvextRecordSearch *search, PvextRecordSearch *other)
{
	ListCell   *a;
	ListCell   *b;

	pvext_add_key_set(search->keys, other->keys);
	search->former = list_concat(search->former, other->former);
	forboth(a, search->sets, b, other->sets)
	{
		PvextSearchedSet *traced = lfirst(a);
		PvextSearchedSet *others = lfirst(b);
		ListCell   *x;
		ListCell   *y;

		forboth(x, traced->known, y, others->known)
			pvext_add_key_set(lfirst(x), lfirst(y));
		if (traced->rows)
			pvext_add_key_set(traced->rows, others->rows);
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
learn_slots(PvextKeySet *known, PvextSet *set)
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
		(void) pvext_add_to_key_set(known, texts);
	}
}

/*
 * The rows of now, as the plan's slots hold them.  Its argument is a PvextRecordSearch, as
 * pvext_run_plan() passes it on, or NULL.
 */
void
pvext_search_for_rows(void *arg)
{
	PvextRecordSearch *search = arg;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, search ? search->sets : NIL)
	{
		PvextSearchedSet *traced = lfirst(lc);

		if (traced->set == NULL)
			continue;
		foreach(cell, traced->known)
			learn_slots(lfirst(cell), traced->set);
		if (traced->rows)
			learn_slots(traced->rows, traced->set);
		if (traced->taken)
			learn_slots(traced->taken, traced->set->referred->taken);
	}
}

/*
 * Records
 */

/* The sets of a table's own rows. */
static List *
own_sets(PvextRecordSearch *search, int32 relation_id)
{
	List	   *sets = NIL;
	ListCell   *lc;

	foreach(lc, search->sets)
		if (((PvextSearchedSet *) lfirst(lc))->table->id == relation_id)
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
sets_of_relation(PvextRecordSearch *search, int32 relation_id)
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
	List	   *sets = own_sets(search, relation_id);
	uint64		n;
	ListCell   *lc;

	if (sets != NIL && stands_alone(((PvextSearchedSet *) linitial(sets))->table->relid))
		return sets;
	sets = NIL;
	pvext_arg_int4(&args, relation_id);
	n = pvext_own_kept(&related, &args);
	foreach(lc, search->sets)
		for (uint64 i = 0; i < n; i++)
			if (((PvextSearchedSet *) lfirst(lc))->table->id == (int32) pvext_int(i, 1))
				sets = lappend(sets, lfirst(lc));
	SPI_freetuptable(SPI_tuptable);
	return sets;
}

/* Is what a side holds of the columns known? */
bool
pvext_side_is_known(PvextRecordSearch *search, PvextTable *table, List *columns,
					PvextKeySet *known, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];

	return pvext_image_tuple(&search->sides, table->relid, columns, side,
							texts) == PVEXT_TUPLE_THERE &&
		pvext_is_in_key_set(known, texts);
}

/*
 * What a side holds that a link compares: *found says whether it is among what is known.  As
 * PVEXT_TUPLE_NULL where nothing comes of the columns.
 */
static PvextTuple
way_tuple(PvextRecordSearch *search, PvextTable *table, PvextSearchedLink *way, PvextKeySet *known,
		  PvextSide side, bool *found)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	PvextTuple	tuple = pvext_image_tuple(&search->sides, table->relid, way->columns, side, texts);
	List	   *keys;
	ListCell   *lc;

	*found = false;
	if (way->keys == NULL)
	{
		*found = tuple == PVEXT_TUPLE_THERE && pvext_is_in_key_set(known, texts);
		return tuple;
	}
	if (tuple != PVEXT_TUPLE_THERE && tuple != PVEXT_TUPLE_NULL)
		return tuple;
	keys = pvext_keys_then(way->keys, texts);
	foreach(lc, keys)
	{
		char	   *key = lfirst(lc);

		*found = *found || pvext_is_in_key_set(known, &key);
	}
	return keys == NIL ? PVEXT_TUPLE_NULL : PVEXT_TUPLE_THERE;
}

/* Is what a side holds that a link compares known? */
bool
pvext_way_is_known(PvextRecordSearch *search, PvextTable *table, PvextSearchedLink *way,
				   PvextKeySet *known, PvextSide side)
{
	bool		found;

	(void) way_tuple(search, table, way, known, side, &found);
	return found;
}

/* Did the way's condition hold of a side?  Yes where that can no longer be told. */
static bool
condition_held(PvextRecordSearch *search, PvextTable *table, PvextSearchedLink *way, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	PvextTuple	tuple;

	if (way->condition == NULL || list_length(way->condition->columns) > PVEXT_TUPLE_COLUMNS)
		return true;
	tuple = pvext_image_tuple(&search->sides, table->relid, way->condition->columns, side, texts);
	if (tuple == PVEXT_TUPLE_MISSING || tuple == PVEXT_TUPLE_UNREAD || tuple == PVEXT_TUPLE_REDACTED)
		return true;
	return pvext_held_then(way->condition, texts);
}

/* Does a side say by no link whose it is?  Then the row is whose it is at other times. */
static bool
row_belongs(PvextRecordSearch *search, PvextSearchedSet *traced, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];

	if (traced->rows == NULL ||
		pvext_image_tuple(&search->sides, traced->table->relid, traced->rows->columns, side, texts) != PVEXT_TUPLE_THERE)
		return false;
	if (pvext_is_in_key_set(traced->rows, texts))
		return true;
	search->missed = true;
	return false;
}

/* A PvextIsOwn: is it one of those who are searched for, or erased with them? */
static bool
is_own(PvextTable *subject, const char *key, void *arg)
{
	PvextRecordSearch *search = arg;
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	int			n = 0;
	ListCell   *lc;

	if (subject->id != search->subject->id)
		return false;
	foreach(lc, pvext_split_key(subject, key))
	{
		texts[n] = pvext_comparable_column(subject->relid, list_nth(search->keys->columns, n), lfirst(lc));
		n++;
	}
	return pvext_is_in_key_set(search->keys, texts) ||
		(search->erased && pvext_is_in_key_set(search->erased, texts));
}

/*
 * Does the row of a side stay, since somebody else who lives refers to it?  Of those that
 * the subjects refer to now, and that stayed with them, that is known; the others are those
 * that they referred to before, or that stayed with somebody who has gone since.
 */
static bool
row_stays(PvextRecordSearch *search, PvextSearchedSet *traced, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	List	   *key = NIL;
	bool		stays;

	if (pvext_image_tuple(&search->sides, traced->table->relid, traced->rows->columns, side, texts) != PVEXT_TUPLE_THERE ||
		pvext_is_in_key_set(traced->taken, texts))
		return false;
	if (pvext_is_in_key_set(traced->kept, texts))
		return true;
	for (int i = 0; i < list_length(traced->rows->columns); i++)
		key = lappend(key, texts[i]);
	stays = pvext_is_kept_for_others(traced->set, key, is_own, search);
	(void) pvext_add_to_key_set(stays ? traced->kept : traced->taken, texts);
	return stays;
}

/*
 * Does a side of the record looked at belong to a set's rows?  By the subject's own key,
 * by a link, or, where it says none of them, by the row's primary key, of which another
 * record may have said it.
 */
static bool
side_belongs(PvextRecordSearch *search, PvextSearchedSet *traced, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	bool		unsaid = false;
	bool		unread = false;
	PvextTuple	tuple;
	ListCell   *lc;

	if (traced->keys)
	{
		tuple = pvext_image_tuple(&search->sides, traced->table->relid, traced->keys->columns, side, texts);
		if (tuple == PVEXT_TUPLE_THERE && pvext_is_in_key_set(traced->keys, texts))
		{
			search->any_key = true;
			return true;
		}
		unread = tuple == PVEXT_TUPLE_UNREAD;
		unsaid = tuple == PVEXT_TUPLE_MISSING;
	}
	foreach(lc, traced->ways)
	{
		PvextSearchedLink   *way = lfirst(lc);
		bool		found;

		tuple = way_tuple(search, traced->table, way, way->parents, side, &found);
		if (found && condition_held(search, traced->table, way, side) &&
			!(way->kept && row_stays(search, traced, side)))
			return true;
		unread = unread || tuple == PVEXT_TUPLE_UNREAD;
		unsaid = unsaid || tuple == PVEXT_TUPLE_MISSING || tuple == PVEXT_TUPLE_NULL ||
			(tuple == PVEXT_TUPLE_REDACTED && !search->erases);
	}
	if ((unsaid || unread) && row_belongs(search, traced, side))
		return true;
	if (unread)
		search->why = "the key or a link of a row is no value of its type";
	return false;
}

/* Others are found by what is on a side that belongs. */
static void
learn_side(PvextRecordSearch *search, PvextSearchedSet *traced, PvextSide side)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	ListCell   *lc;

	foreach(lc, traced->known)
	{
		PvextKeySet *known = lfirst(lc);

		if (pvext_image_tuple(&search->sides, traced->table->relid, known->columns, side, texts) == PVEXT_TUPLE_THERE &&
			pvext_add_to_key_set(known, texts))
			search->grew = true;
	}
	if (traced->rows &&
		pvext_image_tuple(&search->sides, traced->table->relid, traced->rows->columns, side, texts) == PVEXT_TUPLE_THERE &&
		pvext_add_to_key_set(traced->rows, texts))
		search->rows_grew = true;
}

/* A key that a subject's has come from is the subject's, too. */
static void
follow_key(PvextRecordSearch *search)
{
	PvextTable *subject = search->subject;
	PvextKeySet *keys = search->keys;
	char	   *old[PVEXT_TUPLE_COLUMNS];
	char	   *new[PVEXT_TUPLE_COLUMNS];

	if (pvext_image_tuple(&search->sides, subject->relid, keys->columns, PVEXT_OLD, old) != PVEXT_TUPLE_THERE ||
		pvext_image_tuple(&search->sides, subject->relid, keys->columns, PVEXT_NEW, new) != PVEXT_TUPLE_THERE)
		return;
	if ((pvext_is_in_key_set(keys, new) && pvext_add_to_key_set(keys, old)) ||
		(!search->erases && pvext_is_in_key_set(keys, old) && pvext_add_to_key_set(keys, new)))
		search->grew = true;
	if (pvext_is_in_key_set(keys, old) && !pvext_is_in_key_set(keys, new))
		search->left = true;
}

/*
 * A link that has come to a subject's key from one that the ledger knows by its digest
 * as the former: the subject was re-keyed, by an erasure in part, and its own table
 * is perhaps not audited.
 */
static void
follow_link(PvextRecordSearch *search, PvextSearchedSet *traced, PvextSearchedLink *way)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	bytea	   *digest;
	ListCell   *lc;

	if (way->parents != search->keys || way->keys || list_length(way->columns) > 1 ||
		!pvext_side_is_known(search, traced->table, way->columns, search->keys, PVEXT_NEW) ||
		pvext_image_tuple(&search->sides, traced->table->relid, way->columns, PVEXT_OLD,
						 texts) != PVEXT_TUPLE_THERE ||
		pvext_is_in_key_set(search->keys, texts))
		return;
	digest = pvext_subject_digest(search->subject->id, texts[0]);
	foreach(lc, search->former)
		if (pvext_same_digest(digest, lfirst(lc)) && pvext_add_to_key_set(search->keys, texts))
			search->grew = true;
}

/* The same for all links of the record looked at. */
static void
follow_links(PvextRecordSearch *search)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, search->change->sets)
		foreach(cell, ((PvextSearchedSet *) lfirst(lc))->ways)
			follow_link(search, lfirst(lc), lfirst(cell));
}

/*
 * Is a change about the subjects, by either side?  What is learned from it counts for the
 * records that follow; for those before, another pass is made.
 */
static bool
trace_change(PvextRecordSearch *search, PvextReadItem *item)
{
	bool		any = false;
	ListCell   *lc;

	if (pvext_meet_shape(&search->sides, item->shape))
	{
		MemoryContext old = MemoryContextSwitchTo(search->context);

		search->sides.met->sets = sets_of_relation(search, search->sides.met->shape->relation_id);
		MemoryContextSwitchTo(old);
	}
	search->change = search->sides.met;
	if (search->change->shape->missing)
		search->why = PVEXT_NO_SHAPE;
	if (search->change->sets == NIL)
		return false;
	pvext_read_images(&search->sides, item);
	if (item->kind == PVEXT_ITEM_UPDATE &&
		list_member_ptr(search->change->sets, linitial(search->sets)))
		follow_key(search);
	if (item->kind == PVEXT_ITEM_UPDATE && search->former != NIL)
		follow_links(search);
	foreach(lc, search->change->sets)
	{
		PvextSearchedSet *traced = lfirst(lc);

		for (int side = PVEXT_OLD; side <= PVEXT_NEW; side++)
		{
			traced->belongs[side] = side_belongs(search, traced, side);
			if (traced->belongs[side])
				learn_side(search, traced, side);
			any = any || traced->belongs[side];
		}
	}
	if (item->broken && !any)
		search->why = PVEXT_MALFORMED;
	return any;
}

/* Is a read's value one of some keys of the subjects? */
bool
pvext_read_is_known(PvextRecordSearch *search, PvextKeySet *keys, const PvextReadValue *value)
{
	char	   *texts[PVEXT_TUPLE_COLUMNS];
	List	   *parts;
	int			n = 0;
	ListCell   *lc;

	if (value->form != PVEXT_IS_VALUE ||
		value->column != PVEXT_READ_KEY + search->reader->id ||
		!pvext_is_sound(InvalidOid, value->data, value->size))
		return false;
	parts = pvext_try_split_key(search->reader, pnstrdup(value->data, value->size));
	foreach(lc, parts)
	{
		texts[n] = pvext_comparable_column(search->reader->relid,
										   list_nth(search->read_keys->columns, n), lfirst(lc));
		n++;
	}
	return n > 0 && n == list_length(keys->columns) && pvext_is_in_key_set(keys, texts);
}

/*
 * Is an item about the subjects?  Of a change, the sets of search->change
 * then say which sides belong to them.  Where it cannot be told, search->why says
 * why.
 */
bool
pvext_is_found_item(PvextRecordSearch *search, PvextReadItem item)
{
	PvextReadValue value;

	search->change = NULL;
	search->why = NULL;
	switch (item.kind)
	{
		case PVEXT_ITEM_INSERT:
		case PVEXT_ITEM_UPDATE:
		case PVEXT_ITEM_DELETE:
			return trace_change(search, &item);
		case PVEXT_ITEM_READ:
			while (pvext_next_value(&item, &value))
				if (pvext_read_is_known(search, search->read_keys, &value))
					return true;
			if (item.broken)
				search->why = PVEXT_MALFORMED;
			return false;
		default:
			return false;
	}
}

/* For pvext_each_chunk(): note the chunk if anything in it is found. */
static void
trace_chunk(const PvextChunk *chunk, void *arg)
{
	PvextRecordSearch *search = arg;
	PvextItems	items = pvext_items_of(chunk);
	PvextReadItem item;
	bool		any = false;

	while (pvext_next_item(&items, &item))
	{
		if (pvext_is_found_item(search, item))
			any = true;
		if (search->why)
			pvext_note_unread(&search->unread, chunk->partition, chunk->id, search->why);
	}
	if (items.broken)
		pvext_note_unread(&search->unread, chunk->partition, chunk->id, PVEXT_MALFORMED);
	if (any)
		pvext_note_chunk(search->found, chunk);
}

/*
 * Find the chunks with records about the subjects, and all that is known by them; what
 * cannot be read is in search->unread.
 */
void
pvext_search_log(PvextRecordSearch *search, Snapshot snapshot, PvextChunkList *found)
{
	search->found = found;
	do
	{
		found->n = 0;
		search->unread.chunks = NIL;
		search->grew = search->rows_grew = search->missed = false;
		pvext_each_chunk(snapshot, trace_chunk, search, &search->unread);
	} while (search->grew || (search->rows_grew && search->missed));
}

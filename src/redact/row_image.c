/*
 * row_image.c
 *		A change in the audit log: its row before and after, by columns of now.
 *
 * A record has values by numbers of columns, and its shape says how these were
 * called.  Here a side of it is asked for columns of a table as they are
 * called now: some have been renamed since, some dropped, some came later.
 */
#include "postgres.h"
#include "base/message.h"

#include "redact/row_image.h"
#include "utils/lsyscache.h"

#define FIRST_VALUES 64

/* Where columns of a table stand in a shape's records. */
typedef struct Place
{
	Oid			relid;
	List	   *columns;		/* the very list that is asked for */
	int		   *atts;			/* 0: nowhere */
} Place;

/* What is read lives in the current context. */
void
pvext_init_images(PvextRowImages *sides)
{
	memset(sides, 0, sizeof(*sides));
	sides->context = CurrentMemoryContext;
	sides->size = FIRST_VALUES;
	sides->values = palloc(sizeof(PvextImageValue) * sides->size);
}

/* Go on to a shape; true where it has not been met before. */
bool
pvext_meet_shape(PvextRowImages *sides, uint32 number)
{
	MemoryContext old;
	ListCell   *lc;

	if (sides->met && sides->met->shape->number == number)
		return false;
	foreach(lc, sides->shapes)
	{
		sides->met = lfirst(lc);
		if (sides->met->shape->number == number)
			return false;
	}
	old = MemoryContextSwitchTo(sides->context);
	sides->met = palloc0(sizeof(PvextMetShape));
	sides->met->shape = pvext_old_shape(number);
	for (int side = 0; side < PVEXT_SIDES; side++)
		sides->met->at[side] = palloc(sizeof(int) * Max(sides->met->shape->natts, 1));
	sides->shapes = lappend(sides->shapes, sides->met);
	MemoryContextSwitchTo(old);
	return true;
}

/*
 * Take a change of that shape apart.  Its values stay where the payload is, and its texts
 * live in the current context: both as long as it is looked at.
 */
void
pvext_read_images(PvextRowImages *sides, PvextReadItem *item)
{
	PvextMetShape *met = sides->met;
	PvextReadValue value;

	sides->nvalues = 0;
	sides->values_context = CurrentMemoryContext;
	for (int side = 0; side < PVEXT_SIDES; side++)
		memset(met->at[side], 0, sizeof(int) * met->shape->natts);
	while (pvext_next_value(item, &value))
	{
		if (value.column < 1 || value.column > met->shape->natts ||
			met->shape->names[value.column - 1] == NULL)
			continue;
		if (sides->nvalues == sides->size)
		{
			sides->size *= 2;
			sides->values = repalloc(sides->values, sizeof(PvextImageValue) * sides->size);
		}
		sides->values[sides->nvalues].read = false;
		sides->values[sides->nvalues++].value = value;
		if (value.side != PVEXT_NEW)
			met->at[PVEXT_OLD][value.column - 1] = sides->nvalues;
		if (value.side != PVEXT_OLD)
			met->at[PVEXT_NEW][value.column - 1] = sides->nvalues;
	}
}

/*
 * Columns
 */

/* The number of the attribute that was called so; 0 where there was none. */
static int
att_named(PvextOldShape *shape, const char *name)
{
	for (int i = 0; i < shape->natts; i++)
		if (shape->names[i] && strcmp(shape->names[i], name) == 0)
			return i + 1;
	return 0;
}

/*
 * Has the column that had the name then another one now, and the name has gone to
 * a column that came later?
 */
static bool
was_renamed(PvextOldShape *shape, Oid relid, int att, int now)
{
	char	   *name = get_attname(relid, att, true);

	return name && get_attnum(relid, name) == att && att_named(shape, name) == 0 &&
		now > shape->natts;
}

/*
 * Where a column of now stood: by its name, unless what had that name then has
 * another now; else by its number, unless what had that number has another
 * now, as after a restore.
 */
static int
find_att(PvextOldShape *shape, Oid relid, const char *column)
{
	int			now = get_attnum(relid, column);
	int			named = att_named(shape, column);
	int			moved;

	if (named > 0 && (named == now || !was_renamed(shape, relid, named, now)))
		return named;
	if (now <= 0 || now > shape->natts || shape->names[now - 1] == NULL)
		return 0;
	moved = get_attnum(relid, shape->names[now - 1]);
	return moved > 0 && moved <= shape->natts ? 0 : now;
}

/*
 * The numbers of columns of a table in the change's values; 0 where it has none.
 * The list is to be the same one each time.
 */
int *
pvext_places(PvextRowImages *sides, Oid relid, List *columns)
{
	MemoryContext old;
	Place	   *place;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, sides->met->places)
	{
		place = lfirst(lc);
		if (place->columns == columns && place->relid == relid)
			return place->atts;
	}
	old = MemoryContextSwitchTo(sides->context);
	place = palloc0(sizeof(Place));
	place->relid = relid;
	place->columns = columns;
	place->atts = palloc(sizeof(int) * Max(list_length(columns), 1));
	foreach(lc, columns)
		place->atts[n++] = find_att(sides->met->shape, relid, lfirst(lc));
	sides->met->places = lappend(sides->met->places, place);
	MemoryContextSwitchTo(old);
	return place->atts;
}

/* A value's text, to be compared; NULL where it has none.  It may be asked for often. */
static char *
side_text(PvextRowImages *sides, PvextImageValue *value)
{
	if (!value->read)
	{
		MemoryContext old = MemoryContextSwitchTo(sides->values_context);

		value->text = value->value.form == PVEXT_IS_VALUE ?
			pvext_read_text(sides->met->shape, &value->value) : NULL;
		value->read = true;
		MemoryContextSwitchTo(old);
	}
	return value->text;
}

/*
 * What a side holds of columns of a table: their texts, to be compared, NULL for
 * each that has none.
 */
PvextTuple
pvext_image_tuple(PvextRowImages *sides, Oid relid, List *columns, PvextSide side, char **texts)
{
	PvextMetShape *met = sides->met;
	int		   *atts = pvext_places(sides, relid, columns);
	int			n = list_length(columns);
	PvextTuple	tuple = PVEXT_TUPLE_THERE;

	Assert(n <= PVEXT_TUPLE_COLUMNS);
	for (int i = 0; i < n; i++)
		if (atts[i] == 0 || met->at[side][atts[i] - 1] == 0)
			return PVEXT_TUPLE_MISSING;
	for (int i = 0; i < n; i++)
	{
		PvextImageValue *value = &sides->values[met->at[side][atts[i] - 1] - 1];
		PvextForm	form = value->value.form;

		texts[i] = side_text(sides, value);
		if (texts[i] == NULL)
			tuple = Min(tuple, form == PVEXT_IS_VALUE ? PVEXT_TUPLE_UNREAD :
						form == PVEXT_IS_NULL ? PVEXT_TUPLE_NULL : PVEXT_TUPLE_REDACTED);
	}
	return tuple;
}

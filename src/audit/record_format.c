/*
 * record_format.c
 *		How changes are written down in the audit log.
 *
 * A row of pv.audit_log is a chunk: its payload holds items, one after the
 * other, mostly no more than fit on a page.  An item is known by the chunk's id
 * and its place in the chunk, counted from 0.  Within a transaction that is
 * the order in which the items were made.
 *
 *	item	:= length kind body
 *	length	:= uint16, of kind and body; 0xffff: the length is in the uint32 that follows
 *	kind	:= one byte, PVEXT_ITEM_...
 *	body	:= time								of 't': int64, microseconds as timestamptz has them
 *			|  seed value*						of 'w': who; columns are PVEXT_WHO_...
 *			|  shape seed value*				of 'i', 'u', 'd', 'x': a change
 *			|  seed value*						of 'r': a read; columns are PVEXT_READ_...
 *	shape	:= number, pv.audit_shape.id
 *	seed	:= 16 random bytes, from which the salts of the item's values are derived
 *	value	:= column form data
 *	column	:= number, column * 4 + side (0 old, 1 new, 2 the same before and after);
 *			   of a change the column's attribute number, as the shape names it
 *	form	:= number: 0 NULL, 1 a commitment of 32 bytes, n + 2: a value of n bytes
 *	number	:= 7 bits a byte, the lowest first, the highest bit set on all but the last
 *
 * Every chunk begins with a time and a who; both are repeated within it as they
 * change, and hold for the changes that follow.
 *
 * An INSERT has the new values of all columns, a DELETE the old ones, an UPDATE
 * old and new of those that changed and, as the same, the key and link columns
 * that did not.  Values of types whose OIDs never change (see shape.c) are what
 * a tuple holds of them, without header, compression or alignment; those of
 * other types are what their output functions say.  Integers of more than a
 * byte are in the machine's order.
 *
 * To redact a value, its salt and those of the item's other values are derived
 * from the seed; the item is written anew with PVEXT_ITEM_SALTED in its kind,
 * without the seed; each value that stays is followed by its salt of 16 bytes (so is
 * each NULL), and the redacted one is its commitment, without a salt.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/record_format.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#define LENGTH_SIZE		6		/* room for the longest length */
#define LONG_LENGTH		0xffff
#define FIRST_SIZE		1024
#define SHRINK_ABOVE	(64 * 1024)
#define SEEDS			256

/* A row of this size, or the tuple made from it, would not fit in memory. */
#define LARGEST_ITEM	(MaxAllocSize - 64 * 1024)

/*
 * Writing
 */

/* Make room for so many bytes more. */
void
pvext_enlarge_item(PvextItem *item, Size needed)
{
	Size		size = Max(item->size, FIRST_SIZE);

	if (item->used + needed > LARGEST_ITEM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the change is too large to be audited"),
				 errdetail("A record of the audit log holds less than 1 GB, old and new values together."),
				 errhint("Change fewer of the large columns at a time.")));
	while (size < item->used + needed)
		size *= 2;
	size = Min(size, MaxAllocSize);
	item->data = item->data ? repalloc(item->data, size) :
		MemoryContextAlloc(TopMemoryContext, size);
	item->size = size;
}

/* Random bytes are drawn many at a time: a call costs more than its bytes. */
static inline void
put_seed(PvextItem *item)
{
	static char seeds[SEEDS * PVEXT_SEED_SIZE];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(seeds, sizeof(seeds)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		left = SEEDS;
	}
	left--;
	memcpy(item->data + item->used, seeds + left * PVEXT_SEED_SIZE, PVEXT_SEED_SIZE);
	memset(seeds + left * PVEXT_SEED_SIZE, 0, PVEXT_SEED_SIZE);
	item->used += PVEXT_SEED_SIZE;
}

/*
 * Begin an item of a kind, without values or with salts of its own.  Its memory is kept
 * from one item to the next, and outlives transactions.
 */
void
pvext_begin_item(PvextItem *item, uint8 kind)
{
	item->used = 0;
	pvext_reserve(item, LENGTH_SIZE + 1);
	item->used = LENGTH_SIZE;
	item->data[item->used++] = (char) kind;
}

/* One with values; shape is 0 where the kind has none. */
void
pvext_begin_seeded_item(PvextItem *item, uint8 kind, uint32 shape)
{
	pvext_begin_item(item, kind);
	pvext_reserve(item, 5 + PVEXT_SEED_SIZE);
	if (shape != 0)
		pvext_put_number(item, shape);
	put_seed(item);
}

/* The time of an item that is one. */
void
pvext_put_time(PvextItem *item, int64 time)
{
	pvext_reserve(item, sizeof(time));
	memcpy(item->data + item->used, &time, sizeof(time));
	item->used += sizeof(time);
}

/* Do two items say the same?  Of one that has not been ended the length is not there yet. */
bool
pvext_same_items(const PvextItem *a, const PvextItem *b)
{
	return a->used == b->used &&
		memcmp(a->data + LENGTH_SIZE, b->data + LENGTH_SIZE, a->used - LENGTH_SIZE) == 0;
}

/* The item as it is to be written, valid until the next one is begun. */
const char *
pvext_end_item(PvextItem *item, Size *size)
{
	Size		length = item->used - LENGTH_SIZE;
	uint16		brief = (uint16) Min(length, LONG_LENGTH);
	uint32		full = (uint32) length;
	char	   *begin = item->data + LENGTH_SIZE - sizeof(brief);

	if (brief == LONG_LENGTH)
	{
		memcpy(begin + sizeof(brief) - sizeof(full), &full, sizeof(full));
		begin = item->data;
	}
	memcpy(begin, &brief, sizeof(brief));
	*size = item->data + item->used - begin;
	return begin;
}

/* Give back what a large item took. */
void
pvext_shrink_item(PvextItem *item)
{
	if (item->size <= SHRINK_ABOVE)
		return;
	pfree(item->data);
	memset(item, 0, sizeof(*item));
}

/*
 * Reading.  Whatever bytes there are, no more of them are read than there are, and
 * nothing is raised: one record that cannot be read is no reason to stop for.
 */

/* The next bytes; NULL where there are not so many. */
static inline const char *
take(const char **next, const char *end, Size size)
{
	const char *taken = *next;

	if (size > (Size) (end - taken))
		return NULL;
	*next += size;
	return taken;
}

/* Take a number; false where the bytes end within it, or it has more than 32 bits. */
static inline bool
take_number(const char **next, const char *end, uint32 *number)
{
	*number = 0;
	for (int shift = 0; shift < 32; shift += 7)
	{
		const char *byte = take(next, end, 1);

		if (byte == NULL)
			return false;
		*number |= (uint32) (*byte & 0x7f) << shift;
		if ((uint8) *byte < 0x80)
			return true;
	}
	return false;
}

/* Take an item's bytes; what is left of them is the rest of it. */
static bool
take_item(PvextItems *items, PvextReadItem *item)
{
	const char *bytes = take(&items->next, items->end, sizeof(uint16));
	uint16		brief;
	uint32		length;

	if (bytes == NULL)
		return false;
	memcpy(&brief, bytes, sizeof(brief));
	length = brief;
	if (brief == LONG_LENGTH)
	{
		bytes = take(&items->next, items->end, sizeof(length));
		if (bytes == NULL)
			return false;
		memcpy(&length, bytes, sizeof(length));
	}
	item->next = take(&items->next, items->end, length);
	item->end = items->next;
	return item->next != NULL;
}

/* What comes before the values of an item of a kind that has any. */
static bool
take_head(PvextReadItem *item)
{
	switch (item->kind)
	{
		case PVEXT_ITEM_INSERT:
		case PVEXT_ITEM_UPDATE:
		case PVEXT_ITEM_DELETE:
		case PVEXT_ITEM_TRUNCATE:
			if (!take_number(&item->next, item->end, &item->shape))
				return false;
			break;
		case PVEXT_ITEM_WHO:
		case PVEXT_ITEM_READ:
			break;
		default:
			return false;
	}
	if (item->salted)
		return true;
	item->seed = take(&item->next, item->end, PVEXT_SEED_SIZE);
	return item->seed != NULL;
}

/* Take what a time consists of, and nothing else. */
static bool
take_time(PvextReadItem *item)
{
	const char *time = take(&item->next, item->end, sizeof(item->time));

	if (time == NULL || item->salted || item->next != item->end)
		return false;
	memcpy(&item->time, time, sizeof(item->time));
	return true;
}

/*
 * Read the next item of a chunk; false at its end, and where it cannot be read:
 * items->next stays before it then, and items->broken says so.
 */
bool
pvext_next_item(PvextItems *items, PvextReadItem *item)
{
	const char *begin = items->next;
	const char *kind;

	memset(item, 0, sizeof(*item));
	if (begin == items->end || items->broken)
		return false;
	if (take_item(items, item) && (kind = take(&item->next, item->end, 1)) != NULL)
	{
		item->kind = (uint8) *kind & ~PVEXT_ITEM_SALTED;
		item->salted = ((uint8) *kind & PVEXT_ITEM_SALTED) != 0;
		if (item->kind == PVEXT_ITEM_TIME ? take_time(item) : take_head(item))
			return true;
	}
	items->next = begin;
	items->broken = true;
	return false;
}

/*
 * Read the next value of an item; false at its end, and where it cannot be read:
 * item->broken says so.
 */
bool
pvext_next_value(PvextReadItem *item, PvextReadValue *value)
{
	uint32		column;
	uint32		form;

	if (item->next == item->end || item->broken)
		return false;
	item->broken = true;
	if (!take_number(&item->next, item->end, &column) || (column & 3) > PVEXT_SAME ||
		!take_number(&item->next, item->end, &form))
		return false;
	value->side = (PvextSide) (column & 3);
	value->column = column >> 2;
	value->form = (PvextForm) Min(form, PVEXT_IS_VALUE);
	value->size = value->form == PVEXT_IS_VALUE ? form - PVEXT_IS_VALUE :
		value->form == PVEXT_IS_COMMITMENT ? PVEXT_COMMITMENT_SIZE : 0;
	value->data = take(&item->next, item->end, value->size);
	value->salt = NULL;
	if (value->data == NULL)
		return false;
	if (item->salted && value->form != PVEXT_IS_COMMITMENT)
	{
		value->salt = take(&item->next, item->end, PVEXT_SEED_SIZE);
		if (value->salt == NULL)
			return false;
	}
	item->broken = false;
	return true;
}

/* Can all values be read of an item just read, of which none has been? */
bool
pvext_can_read(PvextReadItem item)
{
	PvextReadValue value;

	while (item.kind != PVEXT_ITEM_TIME && pvext_next_value(&item, &value))
		;
	return !item.broken;
}

/* What a kind of item (PVEXT_ITEM_...) is called; NULL for one that is unknown. */
const char *
pvext_operation_name(uint8 kind)
{
	switch (kind)
	{
		case PVEXT_ITEM_INSERT:
			return "INSERT";
		case PVEXT_ITEM_UPDATE:
			return "UPDATE";
		case PVEXT_ITEM_DELETE:
			return "DELETE";
		case PVEXT_ITEM_TRUNCATE:
			return "TRUNCATE";
		case PVEXT_ITEM_READ:
			return "READ";
		default:
			return NULL;
	}
}

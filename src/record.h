/*
 * record.h
 *		How changes are written down in the audit log; the format is in record.c.
 */
#ifndef PVEXT_RECORD_H
#define PVEXT_RECORD_H

#define PVEXT_SEED_SIZE			16
#define PVEXT_COMMITMENT_SIZE	32

/* What an item is. */
#define PVEXT_ITEM_TIME		't'
#define PVEXT_ITEM_WHO		'w'
#define PVEXT_ITEM_INSERT	'i'
#define PVEXT_ITEM_UPDATE	'u'
#define PVEXT_ITEM_DELETE	'd'
#define PVEXT_ITEM_TRUNCATE	'x'
#define PVEXT_ITEM_READ		'r'
#define PVEXT_ITEM_SALTED	0x80	/* added to it: salts instead of a seed */

/* Which value of a column it is. */
typedef enum PvextSide
{
	PVEXT_OLD,					/* what the column was */
	PVEXT_NEW,					/* what it became */
	PVEXT_SAME					/* what it was and still is: of keys and links */
} PvextSide;

/* What stands in the place of a value. */
typedef enum PvextForm
{
	PVEXT_IS_NULL,
	PVEXT_IS_COMMITMENT,		/* the value has been redacted */
	PVEXT_IS_VALUE
} PvextForm;

/* The columns of PVEXT_ITEM_WHO. */
enum
{
	PVEXT_WHO_LOGIN = 1,
	PVEXT_WHO_ROLE,
	PVEXT_WHO_APPLICATION,
	PVEXT_WHO_CLIENT,
	PVEXT_WHO_ACTOR,
	PVEXT_WHO_COLUMNS = PVEXT_WHO_ACTOR
};

/*
 * The columns of PVEXT_ITEM_READ, whose values are texts: one item for each
 * relation that a statement read personal columns of.
 */
enum
{
	PVEXT_READ_STATEMENT = 1,	/* ties the items of a statement together */
	PVEXT_READ_RELATION,		/* its id in pv.relation */
	PVEXT_READ_COLUMNS,			/* names, as the text of a name[] */
	PVEXT_READ_PURPOSE,
	PVEXT_READ_ROWS,			/* how many were returned; none while it was not known */
	PVEXT_READ_WAYS,			/* as the text of a text[]: view, function, copy, ... */
	PVEXT_READ_REFUSED,			/* "t", or none */
	PVEXT_READ_KEY = 16			/* and up: a key of the subject table of id n - 16 */
};

/* An item being written; begins as zeroes and is used again and again. */
typedef struct PvextItem
{
	char	   *data;
	Size		used;
	Size		size;
} PvextItem;

extern void pvext_begin_item(PvextItem *item, uint8 kind);
extern void pvext_begin_seeded_item(PvextItem *item, uint8 kind, uint32 shape);
extern void pvext_put_time(PvextItem *item, int64 time);
extern const char *pvext_end_item(PvextItem *item, Size *size);
extern void pvext_shrink_item(PvextItem *item);
extern void pvext_enlarge_item(PvextItem *item, Size needed);

static inline void
pvext_reserve(PvextItem *item, Size needed)
{
	if (unlikely(item->used + needed > item->size))
		pvext_enlarge_item(item, needed);
}

/* Room for the number has been reserved: 5 bytes at most. */
static inline void
pvext_put_number(PvextItem *item, uint32 number)
{
	while (number >= 0x80)
	{
		item->data[item->used++] = (char) (number | 0x80);
		number >>= 7;
	}
	item->data[item->used++] = (char) number;
}

static inline void
pvext_put_null(PvextItem *item, PvextSide side, uint32 column)
{
	pvext_reserve(item, 10);
	pvext_put_number(item, column << 2 | side);
	pvext_put_number(item, PVEXT_IS_NULL);
}

static inline void
pvext_put_value(PvextItem *item, PvextSide side, uint32 column, const char *value,
				Size size)
{
	pvext_reserve(item, 10 + size);
	pvext_put_number(item, column << 2 | side);
	pvext_put_number(item, (uint32) size + PVEXT_IS_VALUE);
	memcpy(item->data + item->used, value, size);
	item->used += size;
}

/* In the place of a value that has been redacted. */
static inline void
pvext_put_commitment(PvextItem *item, PvextSide side, uint32 column, const void *commitment)
{
	pvext_reserve(item, 10 + PVEXT_COMMITMENT_SIZE);
	pvext_put_number(item, column << 2 | side);
	pvext_put_number(item, PVEXT_IS_COMMITMENT);
	memcpy(item->data + item->used, commitment, PVEXT_COMMITMENT_SIZE);
	item->used += PVEXT_COMMITMENT_SIZE;
}

/* After a value of a salted item. */
static inline void
pvext_put_salt(PvextItem *item, const char *salt)
{
	pvext_reserve(item, PVEXT_SEED_SIZE);
	memcpy(item->data + item->used, salt, PVEXT_SEED_SIZE);
	item->used += PVEXT_SEED_SIZE;
}

/* Items being read. */
typedef struct PvextItems
{
	const char *next;
	const char *end;
} PvextItems;

/* An item that has been read; its values follow. */
typedef struct PvextReadItem
{
	uint8		kind;			/* without PVEXT_ITEM_SALTED */
	bool		salted;
	uint32		shape;			/* 0 where it has none */
	int64		time;			/* of PVEXT_ITEM_TIME */
	const char *seed;			/* NULL where it has none */
	const char *next;
	const char *end;
} PvextReadItem;

typedef struct PvextReadValue
{
	PvextSide	side;
	PvextForm	form;
	uint32		column;
	const char *data;			/* the value, or its commitment */
	Size		size;
	const char *salt;			/* of a value of a salted item, or NULL */
} PvextReadValue;

extern bool pvext_next_item(PvextItems *items, PvextReadItem *item);
extern bool pvext_next_value(PvextReadItem *item, PvextReadValue *value);

#endif							/* PVEXT_RECORD_H */

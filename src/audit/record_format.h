/*
 * record_format.h
 *		How changes are written down in the audit log; the format is in record_format.c.
 */
#ifndef PVEXT_RECORD_FORMAT_H
#define PVEXT_RECORD_FORMAT_H

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
	PVEXT_READ_QUERY,			/* the server's id of such statements, or none */
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
extern bool pvext_same_items(const PvextItem *a, const PvextItem *b);
extern const char *pvext_end_item(PvextItem *item, Size *size);
extern void pvext_shrink_item(PvextItem *item);
extern void pvext_enlarge_item(PvextItem *item, Size needed);

static inline void
pvext_reserve(PvextItem *item, Size needed)
{
	if (unlikely(item->used + needed > item->size))
		pvext_enlarge_item(item, needed);
}

/* Write a number, which takes 5 bytes at most; returns where it ends. */
static inline char *
pvext_write_number(char *to, uint32 number)
{
	while (number >= 0x80)
	{
		*to++ = (char) (number | 0x80);
		number >>= 7;
	}
	*to++ = (char) number;
	return to;
}

/* Room for the number has been reserved. */
static inline void
pvext_put_number(PvextItem *item, uint32 number)
{
	item->used = pvext_write_number(item->data + item->used, number) - item->data;
}

/*
 * Begin a value, of a PvextForm or of PVEXT_IS_VALUE and its size; returns where its data,
 * for which there is room, is to be written.
 */
static inline char *
pvext_begin_value(PvextItem *item, PvextSide side, uint32 column, uint32 form, Size size)
{
	char	   *to;
	char	   *data;

	pvext_reserve(item, 10 + size);
	to = item->data + item->used;
	data = pvext_write_number(pvext_write_number(to, column << 2 | side), form);
	item->used += data - to + size;
	return data;
}

static inline void
pvext_put_null(PvextItem *item, PvextSide side, uint32 column)
{
	(void) pvext_begin_value(item, side, column, PVEXT_IS_NULL, 0);
}

static inline void
pvext_put_value(PvextItem *item, PvextSide side, uint32 column, const char *value,
				Size size)
{
	memcpy(pvext_begin_value(item, side, column, (uint32) size + PVEXT_IS_VALUE, size), value, size);
}

/* In the place of a value that has been redacted. */
static inline void
pvext_put_commitment(PvextItem *item, PvextSide side, uint32 column, const void *commitment)
{
	memcpy(pvext_begin_value(item, side, column, PVEXT_IS_COMMITMENT, PVEXT_COMMITMENT_SIZE),
		   commitment, PVEXT_COMMITMENT_SIZE);
}

/* After a value of a salted item. */
static inline void
pvext_put_salt(PvextItem *item, const char *salt)
{
	pvext_reserve(item, PVEXT_SEED_SIZE);
	memcpy(item->data + item->used, salt, PVEXT_SEED_SIZE);
	item->used += PVEXT_SEED_SIZE;
}

/* Items being read; begins with where they are. */
typedef struct PvextItems
{
	const char *next;
	const char *end;
	bool		broken;			/* what is next cannot be read, nor what follows */
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
	bool		broken;			/* its next value cannot be read */
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
extern bool pvext_can_read(PvextReadItem item);
extern const char *pvext_operation_name(uint8 kind);

#endif							/* PVEXT_RECORD_FORMAT_H */

/*
 * row_image.h
 *		A change in the audit log: its row before and after, by columns of now.
 */
#ifndef PVEXT_ROW_IMAGE_H
#define PVEXT_ROW_IMAGE_H

#include "audit/shape.h"

#define PVEXT_SIDES 2			/* PVEXT_OLD, PVEXT_NEW */
#define PVEXT_TUPLE_COLUMNS INDEX_MAX_KEYS	/* of a key, or of a link to one */

/* What a side has of some columns. */
typedef enum PvextTuple
{
	PVEXT_TUPLE_MISSING,		/* not all of them are on record */
	PVEXT_TUPLE_UNREAD,			/* one cannot be read */
	PVEXT_TUPLE_REDACTED,		/* one was somebody's who has been erased */
	PVEXT_TUPLE_NULL,			/* one is NULL */
	PVEXT_TUPLE_THERE
} PvextTuple;

/* A shape that has been met. */
typedef struct PvextMetShape
{
	PvextOldShape *shape;
	List	   *places;			/* see row_image.c */
	int		   *at[PVEXT_SIDES];	/* by attribute: number of the value, or 0 */
	List	   *sets;			/* of who searches, see subject_records.h */
} PvextMetShape;

/* A value of the change, and its text once that has been asked for. */
typedef struct PvextImageValue
{
	PvextReadValue value;
	bool		read;
	char	   *text;			/* NULL: it has none, or cannot be read */
} PvextImageValue;

/* The change that is looked at. */
typedef struct PvextRowImages
{
	MemoryContext context;
	List	   *shapes;			/* PvextMetShape */
	PvextMetShape *met;
	MemoryContext values_context;	/* of the texts */
	PvextImageValue *values;
	int			nvalues;
	int			size;
} PvextRowImages;

extern void pvext_init_images(PvextRowImages *sides);
extern bool pvext_meet_shape(PvextRowImages *sides, uint32 number);
extern void pvext_read_images(PvextRowImages *sides, PvextReadItem *item);
extern int *pvext_places(PvextRowImages *sides, Oid relid, List *columns);
extern PvextTuple pvext_image_tuple(PvextRowImages *sides, Oid relid, List *columns, PvextSide side,
								   char **texts);

#endif							/* PVEXT_ROW_IMAGE_H */

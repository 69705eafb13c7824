/*
 * take.h
 *		Taking what is due from the rows of one table.
 */
#ifndef PVEXT_TAKE_H
#define PVEXT_TAKE_H

#include "datatype/timestamp.h"
#include "due.h"
#include "storage/itemptr.h"
#include "whose.h"

/* What is due of a table that holds rows itself: the due's, or one below it. */
typedef struct PvextTaking PvextTaking;

/* Places of rows, in their order; begins as zeroes but for the context. */
typedef struct PvextPlaces
{
	MemoryContext context;
	ItemPointerData *tids;
	int			n;
	int			size;
} PvextPlaces;

/* Rows that were looked at and found due. */
typedef struct PvextPicks
{
	int			n;
	ItemPointerData *tids;
	TimestampTz *until;			/* since when they are due */
	PvextFate  *fates;
	List	   *owners;			/* PvextOwner */
	char	  **keys;			/* primary keys as texts, for the audit log; or NULL */
} PvextPicks;

extern PvextTaking *pvext_begin_taking(PvextMap *map, PvextDue *due, Oid relid, bool lock);
extern void pvext_lock_taking(PvextTaking *taking, LOCKMODE mode);
extern bool pvext_reads_log(PvextTaking *taking);
extern bool pvext_find_places(PvextTaking *taking, PvextPlaces *places, int limit,
							  ItemPointer after, bool all);
extern void pvext_pick(PvextTaking *taking, ItemPointerData *tids, int n, PvextPicks *picks);
extern int64 pvext_take(PvextTaking *taking, PvextPicks *picks);

#endif							/* PVEXT_TAKE_H */

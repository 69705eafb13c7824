/*
 * taking.h
 *		What is due of the rows of one table, and the statements that take it: data that prepare.c makes.
 */
#ifndef PVEXT_TAKING_H
#define PVEXT_TAKING_H

#include "datatype/timestamp.h"
#include "purge/row_fate.h"
#include "storage/itemptr.h"
#include "storage/lockdefs.h"

/* What is due of a table that holds rows itself: the due's, or one below it. */
typedef struct PvextTaking
{
	PvextMap   *map;
	PvextDue   *due;
	PvextTable *leaf;			/* the due's table, but its name: this relation only */
	PvextPlan  *plan;			/* its subjects are the rows */
	bool		lock;			/* it is for taking, not just for looking */
	bool		logged;			/* the audit log has records of it */
	PvextParam	places;			/* tid[] */
	PvextStep  *scan;
	PvextStep  *unblocked;		/* scan without rows that blockers keep; or NULL */
	bool		unblocked_built;	/* it has been looked whether there can be one */
	PvextStep  *examine;
	int			whose;			/* from which column of examine on */
	List	   *clocks;			/* PvextStep: lock what clocks that go up read of them */
	PvextStep  *decide;			/* locks them and says which are due, once; NULL: each statement says */
	PvextStep  *confirm;		/* says it again, once what goes with them is locked; or NULL */
	PvextStep  *left;			/* with decide: those that are there still */
	PvextStep  *collect;		/* keys of the rows, for what goes with them; or NULL */
	List	   *children;		/* PvextStep: deletes what goes with them, leaves first */
	List	   *unlinks;		/* PvextStep: large objects of rows that are deleted */
	List	   *followers;		/* PvextStep: keys of what goes with them */
	PvextStep  *take;			/* updates or deletes */
	PvextStatement verify;		/* counts those of some keys that are still due; or no sql */
	List	   *subject_plans;	/* PvextPlan */
} PvextTaking;

/* Places of rows, in their order; begins as zeroes but for the context. */
typedef struct PvextPlaces
{
	MemoryContext context;
	ItemPointerData *tids;
	int			n;
	int			size;
} PvextPlaces;

/* Rows that were looked at and found due. */
typedef struct PvextExamined
{
	int			n;
	ItemPointerData *tids;
	TimestampTz *until;			/* since when they are due */
	PvextFate  *fates;
	List	   *row_subjects;			/* PvextRowSubject */
	char	  **keys;			/* primary keys as texts, for the audit log; or NULL */
} PvextExamined;

#endif							/* PVEXT_TAKING_H */

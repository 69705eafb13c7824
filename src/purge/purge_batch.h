/*
 * purge_batch.h
 *		A batch of a purge: as many of the rows at hand as may be taken at once.
 */
#ifndef PVEXT_PURGE_BATCH_H
#define PVEXT_PURGE_BATCH_H

#include "duty/duty_run.h"
#include "purge/taking.h"

/* A table with an active rule. */
typedef struct PvextPurgeTable
{
	int32		id;				/* in pv.relation */
	Oid			relid;			/* or InvalidOid: it has been dropped */
	char	   *schema;
	char	   *name;
} PvextPurgeTable;

/* What is to be purged, by names that outlive the map. */
typedef struct PvextPurgeWork
{
	Oid			relid;
	int32		relation_id;
	char	   *rule;
	List	   *columns;		/* C strings; NIL: the rows */
	bool		failed;
} PvextPurgeWork;

/* Where a run stopped, by names that may be of nothing any more. */
typedef struct PvextPurgePosition
{
	int32		table;			/* in pv.relation; 0 for none */
	int			work;			/* which of the table's, from 0 */
	Oid			leaf;			/* or InvalidOid: from the first one on */
	ItemPointerData place;		/* the last one that was taken; invalid for none */
} PvextPurgePosition;

typedef struct PvextPurge
{
	PvextDutyRun   *run;
	List	   *tables;			/* PvextPurgeTable */
	PvextPurgeTable *table;			/* the one whose works are looked for */
	List	   *works;			/* PvextPurgeWork */
	PvextPurgePosition from;			/* what was done before it is passed over */
	TimestampTz batch_at;		/* when the last batch was taken, or 0 */
	int			work_number;	/* which of the works is in hand */
	TimestampTz begun;
	bool		any_refused;	/* rows may have been refused before that */

	/* the work in hand */
	PvextPurgeWork *work;
	List	   *leaves;			/* Oid: relations that hold rows */
	Oid			leaf;
	PvextPlaces places;
	bool		more;			/* there are more after these places */
	ItemPointerData last;		/* of the places before these; invalid for none */
	int			next;			/* of the places */
	int			batch;			/* places in the batch in hand; 0: not begun */
	int			passed_over;	/* batches in which somebody kept a row locked */
	int			affordable;		/* rows, by the WAL that those before have written */

	/* where a batch could not be taken: its places that are taken by halves, and of them */
	int			careful;		/* 0: at once */
	int			tries;			/* subtransactions that the batch may still have */
	int64		taken;
	List	   *refused;		/* PvextRefused */
	int			nrefused;		/* of the work */
	bool		blind;			/* rows are not even found: all places are looked at */

	/* what was made of it by the map of this number */
	MemoryContext context;
	uint64		map_number;
	PvextDue   *due;
	PvextTaking *taking;
} PvextPurge;

extern List *pvext_column_names(List *columns);
extern void pvext_forget_taking(PvextPurge *purge);
extern bool pvext_prepare_work(PvextPurge *purge, PvextMap *map);
extern bool pvext_lock_work(PvextPurge *purge);
extern void pvext_take_batch(void *purge);
extern bool pvext_take_by_halves(PvextPurge *purge, ErrorData *error);
extern bool pvext_pass_batch_over(PvextPurge *purge, ErrorData *error);

#endif							/* PVEXT_PURGE_BATCH_H */

/*
 * written_rows.h
 *		The rows that a part of this transaction has written, whoever's code did it.
 */
#ifndef PVEXT_WRITTEN_ROWS_H
#define PVEXT_WRITTEN_ROWS_H

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/* How many rows this transaction has written into a table so far. */
typedef struct PvextCount
{
	Oid			relid;
	int64		inserted;
	int64		updated;
	int64		deleted;
	bool		truncated;		/* the counts have begun anew */
} PvextCount;

/* Where the part begins. */
typedef struct PvextWritten
{
	CommandId	since;
	PvextCount *counts;			/* in order of relid */
	int			n;
} PvextWritten;

/* A table that has been written to since then: how many rows; -1 where that is not known. */
typedef struct PvextGrown
{
	Oid			relid;
	int64		inserted;
	int64		updated;
	int64		deleted;
} PvextGrown;

/*
 * Told of a row as it is now: before is what it was when the part began, NULL for a row
 * that was not there, or of which that is not known.
 */
typedef void (*PvextEachWritten) (Relation rel, HeapTuple row, HeapTuple before, void *arg);

extern void pvext_begin_written(PvextWritten *written);
extern List *pvext_grown_tables(const PvextWritten *written);
extern void pvext_each_written(const PvextWritten *written, Relation rel, const PvextGrown *grown,
							   bool inserted_only, PvextEachWritten each, void *arg);

#endif							/* PVEXT_WRITTEN_ROWS_H */

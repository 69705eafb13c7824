/*
 * dead_tuple.h
 *		Old values that a heap still keeps in its tuples.
 */
#ifndef PVEXT_DEAD_TUPLE_H
#define PVEXT_DEAD_TUPLE_H

#include "nodes/pg_list.h"
#include "storage/block.h"
#include "storage/buf.h"
#include "utils/relcache.h"

/* What is looked for in a heap, and what was found. */
typedef struct PvextRemnants
{
	Relation	rel;
	TransactionId before;		/* what was deleted before this one has to be gone */
	TransactionId oldest;		/* what VACUUM may not remove yet begins here */
	List	   *dropped;			/* attribute numbers of dropped columns */
	int64		dead;			/* tuples that VACUUM could have removed */
	BlockNumber dead_block;		/* the first page with one */
	int64		kept;			/* tuples that somebody may still see */
	int64		stale;			/* tuples with a value in a dropped column */
} PvextRemnants;

extern void pvext_begin_remnants(PvextRemnants *remnants, Relation rel, TransactionId before);
extern void pvext_find_remnants(PvextRemnants *remnants, Buffer buffer);
extern void pvext_find_dead(PvextRemnants *remnants);
extern bool pvext_has_dropped_values(Relation rel);

#endif							/* PVEXT_DEAD_TUPLE_H */

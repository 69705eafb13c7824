/*
 * chunk.h
 *		A chunk of the audit log: what one of its rows holds.
 */
#ifndef PVEXT_CHUNK_H
#define PVEXT_CHUNK_H

#include "audit/record_format.h"
#include "storage/itemptr.h"

/* A chunk, while it is looked at. */
typedef struct PvextChunk
{
	int64		id;
	uint64		xid;
	int64		incarnation;
	const char *data;			/* its items */
	Size		size;
	Oid			partition;
	ItemPointerData tid;
} PvextChunk;

/* Its items, from the first; without any it cannot be read. */
static inline PvextItems
pvext_items_of(const PvextChunk *chunk)
{
	PvextItems	items = {chunk->data, chunk->data + chunk->size, chunk->size == 0};

	return items;
}

#endif							/* PVEXT_CHUNK_H */

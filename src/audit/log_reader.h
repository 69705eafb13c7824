/*
 * log_reader.h
 *		Rows of pv.audit_log, read and replaced without statements.
 */
#ifndef PVEXT_LOG_READER_H
#define PVEXT_LOG_READER_H

#include "audit/unreadable.h"
#include "executor/tuptable.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* Where a chunk is. */
typedef struct PvextChunkAt
{
	int64		id;
	Oid			partition;
	ItemPointerData tid;
} PvextChunkAt;

/* Places of chunks; begins with none. */
typedef struct PvextChunkList
{
	MemoryContext context;
	PvextChunkAt *chunks;
	int			n;
	int			size;
} PvextChunkList;

/* Reads chunks by their places; begins as zeroes but for the context. */
typedef struct PvextChunkReader
{
	MemoryContext context;		/* that lives as long */
	Relation	rel;
} PvextChunkReader;

/* Items being put together. */
typedef struct PvextPayload
{
	char	   *data;			/* a varlena, without its header yet */
	Size		used;
	Size		size;
} PvextPayload;

extern void pvext_each_chunk(Snapshot snapshot,
							 void (*each) (const PvextChunk *chunk, void *arg), void *arg,
							 PvextUnreadable *unread);
extern void pvext_each_of_chunks(PvextChunkList *list, Snapshot snapshot,
								 void (*each) (const PvextChunk *chunk, void *arg), void *arg);
extern const char *pvext_fetch_chunk(PvextChunkReader *reader, Oid partition, ItemPointer tid,
									 PvextChunk *chunk);
extern void pvext_end_fetch(PvextChunkReader *reader);
extern bool pvext_find_chunk(Oid partition, ItemPointer place, PvextChunk *chunk,
							 const char **why);
extern void pvext_note_chunk(PvextChunkList *list, const PvextChunk *chunk);
extern void pvext_replace_chunks(PvextChunkList *list, Snapshot snapshot,
								 bool (*replace) (const PvextChunk *chunk,
												  PvextPayload *payload, void *arg),
								 void *arg);
extern void pvext_put_bytes(PvextPayload *payload, const char *bytes, Size size);

#endif							/* PVEXT_LOG_READER_H */

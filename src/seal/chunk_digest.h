/*
 * chunk_digest.h
 *		Leaves: what a seal holds of each chunk of the audit log.
 */
#ifndef PVEXT_CHUNK_DIGEST_H
#define PVEXT_CHUNK_DIGEST_H

#include "audit/commitment.h"
#include "audit/log_reader.h"
#include "lib/stringinfo.h"

#define PVEXT_MARK_SIZE 4

typedef struct PvextChunkDigest
{
	int64		id;
	uint64		xid;
	uint8		raw[PVEXT_DIGEST_SIZE];
	uint8		root[PVEXT_DIGEST_SIZE];
	uint32		items;			/* 0 where they could not be read */
	const char *marks;			/* PVEXT_MARK_SIZE bytes of each item's digest */
} PvextChunkDigest;

extern bool pvext_digest_items(PvextHashing *hashing, const PvextChunk *chunk,
							   StringInfo digests, StringInfo shapes, int64 *records);
extern void pvext_chunk_root(PvextHashing *hashing, const PvextChunk *chunk,
							 const StringInfoData *digests, uint8 *root);
extern int64 pvext_put_chunk_digest(PvextHashing *hashing, StringInfo leaves, StringInfo shapes,
							const PvextChunk *chunk);
extern bool pvext_next_chunk_digest(const char **next, const char *end, PvextChunkDigest *leaf);
extern int64 pvext_highest_in_digests(const char *leaves, Size size);

#endif							/* PVEXT_CHUNK_DIGEST_H */

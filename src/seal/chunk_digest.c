/*
 * chunk_digest.c
 *		Leaves: what a seal holds of each chunk of the audit log.
 *
 *	leaf	:= id xid raw root items mark*
 *	raw		:= sha256(payload), as it was when it was sealed
 *	root	:= sha256(id xid incarnation digest*)	of each item; see commitment.c
 *	mark	:= the first 4 bytes of an item's digest
 *
 * id, xid and incarnation have 64 bits, items 32, in the machine's order.
 *
 * As long as nothing has been redacted, raw is all it takes to see that a chunk
 * is what it was.  Afterwards root is, which costs more to compute.  The marks
 * tell which record has been changed.  None of them gives away what was redacted:
 * the payload had a seed of 128 random bits for each item.
 *
 * A payload that cannot be read is sealed as well, with no items and a root of zeros:
 * one forged chunk must not keep others from being sealed.  Where its bytes cannot be had
 * at all, raw is the digest of none.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "fmgr.h"
#include "funcapi.h"
#include "seal/chunk_digest.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

#define FIXED_SIZE (8 + 8 + PVEXT_DIGEST_SIZE + PVEXT_DIGEST_SIZE + 4)

PG_FUNCTION_INFO_V1(pvext_audit_leaves);

/* Add the number of an item's shape, which is mostly that of the item before. */
static void
note_shape(StringInfo shapes, uint32 shape)
{
	if (shapes->len == 0 ||
		memcmp(shapes->data + shapes->len - sizeof(shape), &shape, sizeof(shape)) != 0)
		appendBinaryStringInfo(shapes, (char *) &shape, sizeof(shape));
}

/*
 * The digests of a chunk's items, one after the other, and how many of them are
 * records; the numbers of their shapes are added to those that there are, unless
 * that is NULL.  False where the payload cannot be read.
 */
bool
pvext_digest_items(PvextHashing *hashing, const PvextChunk *chunk, StringInfo digests,
				   StringInfo shapes, int64 *records)
{
	PvextItems	items = pvext_items_of(chunk);
	PvextReadItem item;

	resetStringInfo(digests);
	*records = 0;
	while (pvext_next_item(&items, &item))
	{
		uint8		digest[PVEXT_DIGEST_SIZE];

		if (!pvext_item_digest(hashing, &item, digest))
			return false;
		appendBinaryStringInfo(digests, (char *) digest, sizeof(digest));
		if (shapes && item.shape != 0)
			note_shape(shapes, item.shape);
		if (item.kind != PVEXT_ITEM_TIME && item.kind != PVEXT_ITEM_WHO)
			(*records)++;
	}
	return !items.broken;
}

/*
 * The root of a chunk, from the digests of its items: what ties them to the chunk, and to
 * its transaction.
 */
void
pvext_chunk_root(PvextHashing *hashing, const PvextChunk *chunk,
				 const StringInfoData *digests, uint8 *root)
{
	PvextPiece	pieces[] = {{&chunk->id, sizeof(chunk->id)},
	{&chunk->xid, sizeof(chunk->xid)}, {&chunk->incarnation, sizeof(chunk->incarnation)},
	{digests->data, digests->len}};

	pvext_hash(hashing, pieces, lengthof(pieces), root);
}

/*
 * Leaves
 */

/*
 * Add the leaf of a chunk, and its shapes; returns how many records that has, -1 where
 * it cannot be read.
 */
int64
pvext_put_chunk_digest(PvextHashing *hashing, StringInfo leaves, StringInfo shapes,
			   const PvextChunk *chunk)
{
	PvextPiece	payload = {chunk->data, chunk->size};
	StringInfoData digests;
	uint8		raw[PVEXT_DIGEST_SIZE];
	uint8		root[PVEXT_DIGEST_SIZE] = {0};
	uint32		items = 0;
	int64		records = 0;

	initStringInfo(&digests);
	pvext_hash(hashing, &payload, 1, raw);
	if (pvext_digest_items(hashing, chunk, &digests, shapes, &records))
	{
		pvext_chunk_root(hashing, chunk, &digests, root);
		items = digests.len / PVEXT_DIGEST_SIZE;
	}
	enlargeStringInfo(leaves, FIXED_SIZE + items * PVEXT_MARK_SIZE);
	appendBinaryStringInfo(leaves, (char *) &chunk->id, sizeof(chunk->id));
	appendBinaryStringInfo(leaves, (char *) &chunk->xid, sizeof(chunk->xid));
	appendBinaryStringInfo(leaves, (char *) raw, sizeof(raw));
	appendBinaryStringInfo(leaves, (char *) root, sizeof(root));
	appendBinaryStringInfo(leaves, (char *) &items, sizeof(items));
	for (uint32 i = 0; i < items; i++)
		appendBinaryStringInfo(leaves, digests.data + i * PVEXT_DIGEST_SIZE, PVEXT_MARK_SIZE);
	pfree(digests.data);
	return items > 0 ? records : -1;
}

/* Read the next leaf; false at the end, and where there is no more to be read. */
bool
pvext_next_chunk_digest(const char **next, const char *end, PvextChunkDigest *leaf)
{
	const char *p = *next;

	if (end - p < FIXED_SIZE)
		return false;
	memcpy(&leaf->id, p, 8);
	memcpy(&leaf->xid, p + 8, 8);
	memcpy(leaf->raw, p + 16, PVEXT_DIGEST_SIZE);
	memcpy(leaf->root, p + 16 + PVEXT_DIGEST_SIZE, PVEXT_DIGEST_SIZE);
	memcpy(&leaf->items, p + FIXED_SIZE - 4, 4);
	p += FIXED_SIZE;
	if ((Size) leaf->items * PVEXT_MARK_SIZE > (Size) (end - p))
		return false;
	leaf->marks = p;
	*next = p + leaf->items * PVEXT_MARK_SIZE;
	return true;
}

/* The highest number of a chunk among leaves; -1 for none. */
int64
pvext_highest_in_digests(const char *leaves, Size size)
{
	const char *end = leaves + size;
	int64		highest = -1;
	PvextChunkDigest	leaf;

	while (pvext_next_chunk_digest(&leaves, end, &leaf))
		highest = Max(highest, leaf.id);
	return highest;
}

/*
 * pv.audit_leaves(leaves)
 */
Datum
pvext_audit_leaves(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bytea	   *leaves = PG_GETARG_BYTEA_PP(0);
	const char *next = VARDATA_ANY(leaves);
	const char *end = next + VARSIZE_ANY_EXHDR(leaves);
	struct
	{
		int32		header;
		uint8		digest[PVEXT_DIGEST_SIZE];
	}			raw;
	PvextChunkDigest	leaf;

	InitMaterializedSRF(fcinfo, 0);
	SET_VARSIZE(&raw, sizeof(raw));
	for (int n = 0; pvext_next_chunk_digest(&next, end, &leaf); n++)
	{
		Datum		values[] = {Int32GetDatum(n), Int64GetDatum(leaf.id),
			FullTransactionIdGetDatum(FullTransactionIdFromU64(leaf.xid)),
		PointerGetDatum(&raw)};
		bool		nulls[] = {false, false, false, leaf.items == 0};

		memcpy(raw.digest, leaf.raw, sizeof(raw.digest));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * seal.h
 *		Seals of the audit log.
 */
#ifndef PVEXT_SEAL_H
#define PVEXT_SEAL_H

#include "audit/commitment.h"
#include "datatype/timestamp.h"

/* A row of pv.audit_seal without what it covers. */
typedef struct PvextSeal
{
	int64		id;
	TimestampTz sealed_at;
	int64		incarnation;
	uint64		until;
	int64		settled;
	int64		dropped;
	int64		reach;			/* the highest chunk that those before it cover, or -1 */
	int64		first;
	uint8		first_prior[PVEXT_DIGEST_SIZE];
	uint8		prior[PVEXT_DIGEST_SIZE];
	uint8		seal[PVEXT_DIGEST_SIZE];
} PvextSeal;

/* What a seal covers: chunks, and the shapes of their records. */
typedef struct PvextCovered
{
	const char *leaves;			/* see chunk_digest.c */
	Size		leaves_size;
	const char *shapes;			/* of each what PVEXT_SHAPE_DIGEST gives */
	Size		shapes_size;
} PvextCovered;

/* What pvext_read_seal() reads; leaves may follow, as this column. */
#define PVEXT_SEAL_COLUMNS \
	"id, sealed_at, incarnation, until, settled, dropped, first, first_prior, prior, seal, reach"
#define PVEXT_SEAL_LEAVES	12

/* SQL: the number of a row of pv.audit_shape and the digest of the rest of it. */
#define PVEXT_SHAPE_DIGEST \
	"int4send(id) || sha256(convert_to(CAST(ROW(relation_id, columns, attnums, types, collations," \
	" stored, keys, links) AS text), getdatabaseencoding()))"
#define PVEXT_SHAPE_DIGEST_SIZE "36"

extern void pvext_lock_seals(const char *function);
extern void pvext_read_seal(uint64 row, PvextSeal *seal);
extern void pvext_last_seal(PvextSeal *last);
extern void pvext_seal_digest(PvextHashing *hashing, const PvextSeal *seal,
							  const PvextCovered *covered, uint8 *digest);
extern void pvext_append_seal(PvextHashing *hashing, PvextSeal *seal,
							  const PvextCovered *covered);
extern void pvext_remove_seal(int64 id);

#endif							/* PVEXT_SEAL_H */

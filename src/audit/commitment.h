/*
 * commitment.h
 *		Commitments: what stays of a value once it has been redacted.
 */
#ifndef PVEXT_COMMITMENT_H
#define PVEXT_COMMITMENT_H

#include "audit/record_format.h"

#define PVEXT_DIGEST_SIZE PVEXT_COMMITMENT_SIZE

/* What hashing takes, to be used many times. */
typedef struct PvextHashing PvextHashing;

/* A piece of what is hashed. */
typedef struct PvextPiece
{
	const void *data;
	Size		size;
} PvextPiece;

extern PvextHashing *pvext_begin_hashing(void);
extern void pvext_end_hashing(PvextHashing *hashing);
extern void pvext_hash(PvextHashing *hashing, const PvextPiece *pieces, int n, uint8 *digest);
extern bool pvext_item_digest(PvextHashing *hashing, const PvextReadItem *item, uint8 *digest);
extern bool pvext_redact_item(PvextHashing *hashing, PvextItem *out, const PvextReadItem *item,
							  bool (*goes) (const PvextReadValue *value, void *arg), void *arg);

#endif							/* PVEXT_COMMITMENT_H */

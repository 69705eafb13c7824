/*
 * bitmap.h
 *		Which subjects with an integer for a key have consented, as bits.
 */
#ifndef PVEXT_BITMAP_H
#define PVEXT_BITMAP_H

#include "datatype/timestamp.h"

/* A subject's code, two bits. */
#define PVEXT_GIVEN		1
#define PVEXT_EXPIRING	2

#define PVEXT_BUCKET_BITS 12
#define PVEXT_BUCKET_SIZE (1 << PVEXT_BUCKET_BITS)
#define PVEXT_CODE_BYTES (PVEXT_BUCKET_SIZE / 4)

/* So many subjects with neighbouring keys; its padding is zero. */
typedef struct PvextBucket
{
	Oid			bitmap;			/* pv.consent_bitmap: of which installation */
	int32		relation_id;
	int32		purpose_id;
	int64		number;			/* their keys >> PVEXT_BUCKET_BITS */
} PvextBucket;

/* What a snapshot sees of a bucket. */
typedef struct PvextCodes
{
	PvextBucket bucket;
	uint64		generation;		/* of the snapshot */
	TimestampTz next_expiry;	/* no consent expires before */
	uint8		codes[PVEXT_CODE_BYTES];
} PvextCodes;

static inline int64
pvext_bucket_of(int64 key)
{
	return key >> PVEXT_BUCKET_BITS;
}

static inline int
pvext_code(const uint8 *codes, int64 key)
{
	int			n = (int) (key & (PVEXT_BUCKET_SIZE - 1));

	return codes[n / 4] >> (n % 4 * 2) & 3;
}

extern void pvext_init_bitmap(void);
extern bool pvext_has_bits(const char *key, int64 *value);
extern void pvext_set_bucket(PvextBucket *bucket, int32 relation_id, int32 purpose_id,
							 int64 number);
extern void pvext_note_code(int32 relation_id, int32 purpose_id, const char *key,
							int before, int after, TimestampTz expires);
extern bool pvext_any_pending(void);
extern bool pvext_is_pending(const PvextBucket *bucket);
extern uint64 pvext_snapshot_generation(void);
extern const PvextCodes *pvext_read_codes(const PvextBucket *bucket);
extern bool pvext_can_trust_bits(void);
extern void pvext_each_bucket(int32 relation_id, int32 purpose_id,
							  void (*each) (const PvextCodes *codes, void *arg), void *arg);

#endif							/* PVEXT_BITMAP_H */

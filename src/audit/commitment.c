/*
 * commitment.c
 *		Commitments: what stays of a value once it has been redacted.
 *
 * Each value of an item has a salt of its own, and is committed to by
 *
 *	commitment	:= sha256(salt length value)	length: uint32; of NULL 0xffffffff
 *	digest		:= sha256(kind shape (column commitment)*)	of an item with values
 *				 | sha256(kind time)						of a time
 *
 * where column is the uint32 column * 4 + side, and shape a uint32, 0 where the
 * kind has none.  A seal is over digests.  Redacting a value leaves its
 * commitment in its place and takes its salt away, by which it could be
 * guessed; so the digest is the same before and after.
 *
 * An item that has not been redacted holds a seed in place of the salts: block
 * n of sha256(seed n), n a uint32, is the salts of its values 2n and 2n + 1.
 * Who knows salts does not know the seed, nor so the salts of other values.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/commitment.h"
#include "common/cryptohash.h"
#include "common/sha2.h"

#define SALTS_PER_BLOCK (PG_SHA256_DIGEST_LENGTH / PVEXT_SEED_SIZE)
#define LENGTH_OF_NULL 0xffffffff

StaticAssertDecl(PG_SHA256_DIGEST_LENGTH == PVEXT_COMMITMENT_SIZE,
				 "commitments are SHA-256");

/* The salts of an item's values, in their order. */
typedef struct Salts
{
	const char *seed;			/* NULL where the values have their own */
	uint32		next;
	uint8		block[PG_SHA256_DIGEST_LENGTH];
} Salts;

/* Two contexts: values are hashed while the item is. */
struct PvextHashing
{
	pg_cryptohash_ctx *item;
	pg_cryptohash_ctx *value;
};

/* Raise that a digest could not be computed. */
static void
failed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not compute %s hash", "SHA-256")));
}

/* Go on with a digest. */
static inline void
add(pg_cryptohash_ctx *hash, const void *data, Size size)
{
	if (pg_cryptohash_update(hash, (const uint8 *) data, size) < 0)
		failed();
}

/* End a digest. */
static inline void
finish(pg_cryptohash_ctx *hash, uint8 *digest)
{
	if (pg_cryptohash_final(hash, digest, PVEXT_DIGEST_SIZE) < 0)
		failed();
}

/*
 * To make a context costs more than to hash a value.  These belong to the
 * current resource owner: an error frees them, else pvext_end_hashing() is to.
 */
PvextHashing *
pvext_begin_hashing(void)
{
	PvextHashing *hashing = palloc(sizeof(PvextHashing));

	hashing->item = pg_cryptohash_create(PG_SHA256);
	hashing->value = pg_cryptohash_create(PG_SHA256);
	if (hashing->item == NULL || hashing->value == NULL)
		failed();
	return hashing;
}

/* Free what pvext_begin_hashing() made; not after an error. */
void
pvext_end_hashing(PvextHashing *hashing)
{
	pg_cryptohash_free(hashing->item);
	pg_cryptohash_free(hashing->value);
	pfree(hashing);
}

/* Begin a digest anew. */
static inline void
begin(pg_cryptohash_ctx *hash)
{
	if (pg_cryptohash_init(hash) < 0)
		failed();
}

/* SHA-256 of pieces, one after the other. */
void
pvext_hash(PvextHashing *hashing, const PvextPiece *pieces, int n, uint8 *digest)
{
	pg_cryptohash_ctx *hash = hashing->value;

	begin(hash);
	for (int i = 0; i < n; i++)
		add(hash, pieces[i].data, pieces[i].size);
	finish(hash, digest);
}

/* The salt of the next value, valid until the one after it. */
static const char *
next_salt(PvextHashing *hashing, Salts *salts, const PvextReadValue *value)
{
	uint32		n = salts->next++;

	if (salts->seed == NULL)
		return value->salt;
	if (n % SALTS_PER_BLOCK == 0)
	{
		uint32		block = n / SALTS_PER_BLOCK;
		PvextPiece	pieces[] = {{salts->seed, PVEXT_SEED_SIZE}, {&block, sizeof(block)}};

		pvext_hash(hashing, pieces, lengthof(pieces), salts->block);
	}
	return (const char *) salts->block + n % SALTS_PER_BLOCK * PVEXT_SEED_SIZE;
}

/*
 * The commitment of a value; where it has been redacted, the one that stands in its
 * place.
 */
static void
commit_to(PvextHashing *hashing, const PvextReadValue *value, const char *salt,
		  uint8 *commitment)
{
	uint32		length = value->form == PVEXT_IS_NULL ? LENGTH_OF_NULL : (uint32) value->size;
	PvextPiece	pieces[] = {{salt, PVEXT_SEED_SIZE}, {&length, sizeof(length)},
	{value->data, value->size}};

	if (value->form == PVEXT_IS_COMMITMENT)
		memcpy(commitment, value->data, PVEXT_COMMITMENT_SIZE);
	else
		pvext_hash(hashing, pieces, lengthof(pieces), commitment);
}

/*
 * The digest of an item just read, of whose values none has been; the same
 * before and after it is redacted.  False where it cannot be read.
 */
bool
pvext_item_digest(PvextHashing *hashing, const PvextReadItem *item, uint8 *digest)
{
	pg_cryptohash_ctx *hash = hashing->item;
	PvextReadItem rest = *item;
	PvextReadValue value;
	Salts		salts = {item->seed};
	uint8		commitment[PVEXT_COMMITMENT_SIZE];

	begin(hash);
	add(hash, &item->kind, sizeof(item->kind));
	if (item->kind == PVEXT_ITEM_TIME)
		add(hash, &item->time, sizeof(item->time));
	else
		add(hash, &item->shape, sizeof(item->shape));
	while (item->kind != PVEXT_ITEM_TIME && pvext_next_value(&rest, &value))
	{
		uint32		column = value.column << 2 | value.side;

		commit_to(hashing, &value, next_salt(hashing, &salts, &value), commitment);
		add(hash, &column, sizeof(column));
		add(hash, commitment, sizeof(commitment));
	}
	finish(hash, digest);
	return !rest.broken;
}

/*
 * Write an item just read, of whose values none has been, anew: of those that
 * go their commitments, the others as they are, with their salts.  NULLs stay.
 * An item that has been redacted before may be redacted again.  Of one that
 * cannot be read to its end the rest is left out, and false is returned.
 */
bool
pvext_redact_item(PvextHashing *hashing, PvextItem *out, const PvextReadItem *item,
				  bool (*goes) (const PvextReadValue *value, void *arg), void *arg)
{
	PvextReadItem rest = *item;
	PvextReadValue value;
	Salts		salts = {item->seed};
	uint8		commitment[PVEXT_COMMITMENT_SIZE];

	pvext_begin_item(out, item->kind | PVEXT_ITEM_SALTED);
	pvext_reserve(out, 5);
	if (item->shape != 0)
		pvext_put_number(out, item->shape);
	while (pvext_next_value(&rest, &value))
	{
		/*
		 * Also for those that need none: which is whose goes by the place of the value.
		 */
		const char *salt = next_salt(hashing, &salts, &value);

		if (value.form == PVEXT_IS_COMMITMENT)
			pvext_put_commitment(out, value.side, value.column, value.data);
		else if (value.form == PVEXT_IS_VALUE && goes(&value, arg))
		{
			commit_to(hashing, &value, salt, commitment);
			pvext_put_commitment(out, value.side, value.column, commitment);
		}
		else
		{
			if (value.form == PVEXT_IS_NULL)
				pvext_put_null(out, value.side, value.column);
			else
				pvext_put_value(out, value.side, value.column, value.data, value.size);
			pvext_put_salt(out, salt);
		}
	}
	return !rest.broken;
}

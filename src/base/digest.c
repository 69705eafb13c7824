/*
 * digest.c
 *		Digests without a key.
 *
 * For what need not be kept secret but must not change, such as the words that
 * a consent was given to, and for random values, such as tokens.  What a
 * person could be guessed from takes the keyed digests of secret.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/digest.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"

/* SHA-256, in the current context. */
bytea *
pvext_sha256(const void *data, size_t len)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	bytea	   *digest = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	if (ctx == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, data, len) < 0 ||
		pg_cryptohash_final(ctx, (uint8 *) VARDATA(digest), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(ctx));
	pg_cryptohash_free(ctx);
	return digest;
}

/* SHA-256 of a text, the same whatever the encoding of the database. */
bytea *
pvext_text_digest(const char *text)
{
	char	   *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);

	return pvext_sha256(utf8, strlen(utf8));
}

/* Are two digests equal?  Takes as long wherever they differ. */
bool
pvext_same_digest(const bytea *a, const bytea *b)
{
	const uint8 *x = (const uint8 *) VARDATA_ANY(a);
	const uint8 *y = (const uint8 *) VARDATA_ANY(b);
	size_t		len = VARSIZE_ANY_EXHDR(a);
	volatile uint8 difference = 0;

	if (len != VARSIZE_ANY_EXHDR(b))
		return false;
	for (size_t i = 0; i < len; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

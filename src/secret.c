/*
 * secret.c
 *		Keyed digests: HMAC-SHA-256 under the installation's secret.
 *
 * The secret is the content of pvext.secret_file or, where that is not set, a
 * random value made at its first use and kept in pv.secret.  Digests are
 * always computed here, before pvext switches to a table's owner: no SQL that
 * such an owner could write ever sees the secret.
 */
#include "postgres.h"

#include <sys/stat.h>

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "guc.h"
#include "secret.h"
#include "spi.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define MIN_SECRET 32

/*
 * Read pvext.secret_file into the current context.
 */
static bytea *
read_secret_file(void)
{
	FILE	   *file = AllocateFile(pvext_secret_file, PG_BINARY_R);
	char		buf[4096];
	size_t		len;
	bytea	   *secret;

	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open the file that \"pvext.secret_file\" names: %m"),
				 errhint("Make it readable to the server's user, and to nobody else.")));
	len = fread(buf, 1, sizeof(buf), file);
	FreeFile(file);
	if (len < MIN_SECRET)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("the file that \"pvext.secret_file\" names holds less than %d bytes",
						MIN_SECRET),
				 errhint("Fill it with random bytes, such as those of \"openssl rand -hex 32\".")));
	secret = palloc(VARHDRSZ + len);
	SET_VARSIZE(secret, VARHDRSZ + len);
	memcpy(VARDATA(secret), buf, len);
	return secret;
}

/*
 * Read the secret of the database, made now if there is none.
 */
static bytea *
read_secret_table(void)
{
	static PvextStatement read = {"SELECT value FROM pv.secret", NULL};
	bool		isnull;

	if (pvext_own_kept(&read, NULL) == 0)
	{
		PvextArgs	args = {0};
		bytea	   *fresh = palloc(VARHDRSZ + MIN_SECRET);

		SET_VARSIZE(fresh, VARHDRSZ + MIN_SECRET);
		if (!pg_strong_random(VARDATA(fresh), MIN_SECRET))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random bytes")));
		pvext_arg(&args, BYTEAOID, PointerGetDatum(fresh), false);
		(void) pvext_own("INSERT INTO pv.secret (value) VALUES ($1)"
						 " ON CONFLICT DO NOTHING", &args);
		(void) pvext_own_kept(&read, NULL);
	}
	return DatumGetByteaPCopy(pvext_datum(0, 1, &isnull));
}

static bytea *cached = NULL;	/* in TopMemoryContext */

/* Called when pv's tables have changed: the secret may be another. */
void
pvext_forget_secret(void)
{
	if (cached == NULL)
		return;
	explicit_bzero(VARDATA(cached), VARSIZE(cached) - VARHDRSZ);
	pfree(cached);
	cached = NULL;
}

static bytea *
secret(void)
{
	MemoryContext old;
	bytea	   *found;

	if (cached)
		return cached;
	found = pvext_secret_file && pvext_secret_file[0] ?
		read_secret_file() : read_secret_table();
	old = MemoryContextSwitchTo(TopMemoryContext);
	cached = (bytea *) pg_detoast_datum_copy((struct varlena *) found);
	MemoryContextSwitchTo(old);
	explicit_bzero(VARDATA(found), VARSIZE(found) - VARHDRSZ);
	pfree(found);
	return cached;
}

/*
 * HMAC-SHA-256 of a value, under the secret.  The domain ("subject", "token")
 * keeps digests of different use apart.  Between pvext_enter() and
 * pvext_leave(); the result is in the current context.
 */
bytea *
pvext_hmac(const char *domain, const char *value)
{
	bytea	   *key = secret();
	pg_hmac_ctx *ctx = pg_hmac_create(PG_SHA256);
	bytea	   *digest = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (pg_hmac_init(ctx, (uint8 *) VARDATA(key), VARSIZE(key) - VARHDRSZ) < 0 ||
		pg_hmac_update(ctx, (const uint8 *) domain, strlen(domain) + 1) < 0 ||
		pg_hmac_update(ctx, (const uint8 *) value, strlen(value)) < 0 ||
		pg_hmac_final(ctx, (uint8 *) VARDATA(digest), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute HMAC: %s", pg_hmac_error(ctx));
	pg_hmac_free(ctx);
	return digest;
}

/*
 * The digest by which pvext remembers a subject: of its key and of the id of
 * its table in pv.relation, which a dump keeps.
 */
bytea *
pvext_subject_digest(int32 relation_id, const char *key)
{
	return pvext_hmac("subject", psprintf("%d:%s", relation_id, key));
}

/*
 * secret.c
 *		Keyed digests: HMAC-SHA-256 under the installation's secret.
 *
 * The secret is the content of pvext.secret_file or, where that is not set, a
 * random value made by the first declaring call and kept in pv.secret; a fingerprint there
 * tells when it is not the one that was used before.  Digests are
 * always computed here, before pvext switches to a table's owner: no SQL that
 * such an owner could write ever sees the secret.
 */
#include "postgres.h"
#include "base/message.h"

#include <sys/stat.h>

#include "catalog/pg_type.h"
#include "base/invalidation.h"
#include "common/cryptohash.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "base/guc.h"
#include "base/identity.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/spi.h"
#include "storage/fd.h"
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

/* A new secret, in the current context. */
static bytea *
random_secret(void)
{
	bytea	   *secret = palloc(VARHDRSZ + MIN_SECRET);

	SET_VARSIZE(secret, VARHDRSZ + MIN_SECRET);
	if (!pg_strong_random(VARDATA(secret), MIN_SECRET))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
	return secret;
}

/*
 * HMAC-SHA-256 of a domain and a value, in the current context.  The domain goes in with
 * its end, so that no domain and value are taken for another pair.
 */
static bytea *
hmac(const bytea *key, const char *domain, const char *value)
{
	pg_hmac_ctx *ctx = pg_hmac_create(PG_SHA256);
	bytea	   *digest = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (pg_hmac_init(ctx, (const uint8 *) VARDATA(key), VARSIZE(key) - VARHDRSZ) < 0 ||
		pg_hmac_update(ctx, (const uint8 *) domain, strlen(domain) + 1) < 0 ||
		pg_hmac_update(ctx, (const uint8 *) value, strlen(value)) < 0 ||
		pg_hmac_final(ctx, (uint8 *) VARDATA(digest), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute HMAC: %s", pg_hmac_error(ctx));
	pg_hmac_free(ctx);
	return digest;
}

/* Under another secret no hold or request would be found again. */
static void
check_fingerprint(const bytea *secret, const bytea *expected)
{
	bytea	   *found = hmac(secret, "fingerprint", "");

	if (VARSIZE(found) != VARSIZE(expected) ||
		memcmp(VARDATA(found), VARDATA(expected), VARSIZE(found) - VARHDRSZ) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the secret is not the one that this database's digests were made with"),
				 errhint("Let \"pvext.secret_file\" name the file with the former secret.")));
}

/*
 * While a dump is being restored, its secret is still to come; one that was made here
 * would stand in its way.
 */
static void
check_may_make(void)
{
	if (!pvext_may_act())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the secret of this database is not there"),
				 errhint("A restore brings it. If it is complete, and has none, call pv.resume().")));
}

/*
 * Read the secret, made now if there is none.
 */
static bytea *
read_secret(void)
{
	bool		from_file = pvext_secret_file && pvext_secret_file[0];
	bytea	   *file = from_file ? read_secret_file() : NULL;
	PvextArgs	args = {0};
	Datum		stored;
	bool		isnull;
	bytea	   *secret = file;

	if (pvext_own("SELECT value, fingerprint FROM pv.secret", NULL) == 0)
	{
		check_may_make();
		if (secret == NULL)
			secret = random_secret();
		pvext_arg(&args, BYTEAOID, PointerGetDatum(secret), from_file);
		pvext_arg(&args, BYTEAOID, PointerGetDatum(hmac(secret, "fingerprint", "")), false);

		/*
		 * Another session may be doing the same: then its row is waited for, and is the
		 * one.
		 */
		(void) pvext_own("INSERT INTO pv.secret (value, fingerprint) VALUES ($1, $2)"
						 " ON CONFLICT DO NOTHING", &args);
		(void) pvext_own("SELECT value, fingerprint FROM pv.secret", NULL);
	}
	stored = pvext_datum(0, 1, &isnull);
	if (file == NULL && isnull)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the secret of this database is in a file"),
				 errhint("Let \"pvext.secret_file\" name it.")));
	secret = file ? file : DatumGetByteaPCopy(stored);
	check_fingerprint(secret, DatumGetByteaP(pvext_datum(0, 2, &isnull)));
	return secret;
}

static bytea *cached = NULL;	/* in TopMemoryContext */

/* When pv's tables have changed the secret may be another. */
static void
relation_changed(Oid relid)
{
	if (cached == NULL || OidIsValid(relid))
		return;
	explicit_bzero(VARDATA(cached), VARSIZE(cached) - VARHDRSZ);
	pfree(cached);
	cached = NULL;
}

/* From _PG_init(): hear of changes, by which the secret may be another. */
void
pvext_init_secret(void)
{
	pvext_on_relation_change(relation_changed);
}

/*
 * The secret; callers may be in the middle of a result, which stays.  It is good until
 * relations are looked at next, when relation_changed() may free it: hmac() looks at
 * none.
 */
static const bytea *
secret(void)
{
	SPITupleTable *tuptable = SPI_tuptable;
	uint64		processed = SPI_processed;
	MemoryContext old;
	bytea	   *found;

	if (cached)
		return cached;

	/* Before it is read: a change that comes later is then heard of. */
	pvext_watch_declarations();
	found = read_secret();

	/* The result of read_secret()'s statements goes with SPI's memory context. */
	SPI_tuptable = tuptable;
	SPI_processed = processed;
	old = MemoryContextSwitchTo(TopMemoryContext);
	cached = (bytea *) pg_detoast_datum_copy((struct varlena *) found);
	MemoryContextSwitchTo(old);
	explicit_bzero(VARDATA(found), VARSIZE(found) - VARHDRSZ);
	pfree(found);
	return cached;
}

/*
 * Make the secret if there is none, where it is not to come with a dump: so each dump
 * has it.  Between pvext_enter() and pvext_leave().
 */
void
pvext_make_secret(void)
{
	(void) secret();
}

/*
 * HMAC-SHA-256 of a value, under the secret.  The domain ("subject", "token")
 * keeps digests of different use apart.  Between pvext_enter() and
 * pvext_leave(); the result is in the current context.
 */
bytea *
pvext_hmac(const char *domain, const char *value)
{
	return hmac(secret(), domain, value);
}

/*
 * The digest by which pvext remembers a subject: of its key and of the id of its table in
 * pv.relation, which a dump keeps.  Between pvext_enter() and pvext_leave().
 */
bytea *
pvext_subject_digest(int32 relation_id, const char *key)
{
	return pvext_hmac("subject", psprintf("%d:%s", relation_id, key));
}

/*
 * evidence.c
 *		Evidence of consents and agreements, encrypted under a key per subject.
 *
 * A subject has a random key of 256 bits for each ledger, kept in
 * pv.evidence_key wrapped under the secret.  Evidence is encrypted with AES and
 * then authenticated with HMAC-SHA-256, under keys that are derived from the
 * subject's.  An erasure destroys the subject's key: what the ledger still holds is
 * nobody's from then on, without being touched.  The keys that an erasure replaces are
 * encrypted likewise ("erasure"), for as long as it is to look for them.
 *
 * AES is pgcrypto's, called through the function manager: no statement, plan
 * or log ever holds a plain value.  All but the trigger is called between
 * pvext_enter() and pvext_leave().
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/spi.h"
#include "catalog/dependency.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "consent/evidence.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define KEY_SIZE	32
#define IV_SIZE		16
#define MAC_SIZE	PG_SHA256_DIGEST_LENGTH

/* A function of pgcrypto's; its oid is found again after any change of one. */
typedef struct CipherFunction
{
	const char *name;
	Oid			oid;
} CipherFunction;

static CipherFunction encrypt_iv = {"encrypt_iv", InvalidOid};
static CipherFunction decrypt_iv = {"decrypt_iv", InvalidOid};

PG_FUNCTION_INFO_V1(pvext_refuse_change);

/*
 * Trigger of the ledgers, BEFORE UPDATE OR DELETE OR TRUNCATE.
 */
Datum
pvext_refuse_change(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						"refuse_change")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table %s is only ever added to",
					pvext_relation_name(RelationGetRelid(((TriggerData *) fcinfo->context)->tg_relation))),
			 errhint("What it holds is proof of what was done. Record what is done now with a call of its own.")));
	return (Datum) 0;			/* not reached */
}

/* Syscache callback: pgcrypto may have been made anew. */
static void
forget_functions(Datum arg, int cacheid, uint32 hashvalue)
{
	encrypt_iv.oid = InvalidOid;
	decrypt_iv.oid = InvalidOid;
}

/* The function of this name (bytea, bytea, bytea, text) that pgcrypto owns. */
static Oid
look_up(const char *name)
{
	static const Oid types[] = {BYTEAOID, BYTEAOID, BYTEAOID, TEXTOID};
	Oid			extension = get_extension_oid("pgcrypto", false);
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	Oid			found = InvalidOid;

	for (int i = 0; i < list->n_members && !OidIsValid(found); i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronargs == lengthof(types) &&
			memcmp(form->proargtypes.values, types, sizeof(types)) == 0 &&
			getExtensionOfObject(ProcedureRelationId, form->oid) == extension)
			found = form->oid;
	}
	ReleaseSysCacheList(list);
	if (!OidIsValid(found))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("extension \"pgcrypto\" has no function \"%s\"", name),
				 errhint("Update it with ALTER EXTENSION pgcrypto UPDATE.")));
	return found;
}

/* Bytes as a bytea. */
static bytea *
make_bytea(const void *data, size_t size)
{
	bytea	   *result = palloc(VARHDRSZ + size);

	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), data, size);
	return result;
}

/* Overwrite what was secret, before its memory is free. */
static void
wipe(bytea *value)
{
	explicit_bzero(VARDATA(value), VARSIZE(value) - VARHDRSZ);
	pfree(value);
}

/* Call encrypt_iv() or decrypt_iv(): AES-256-CBC, by the length of the key. */
static bytea *
cipher(CipherFunction *function, const void *data, size_t size,
	   const uint8 *key, const uint8 *iv, const char *type)
{
	static bool registered = false;
	bytea	   *input = make_bytea(data, size);
	bytea	   *key_copy;
	bytea	   *result;

	if (!registered)
		CacheRegisterSyscacheCallback(PROCOID, forget_functions, (Datum) 0);
	registered = true;
	if (!OidIsValid(function->oid))
		function->oid = look_up(function->name);
	key_copy = make_bytea(key, KEY_SIZE);
	result = DatumGetByteaP(OidFunctionCall4Coll(function->oid, InvalidOid,
												 PointerGetDatum(input),
												 PointerGetDatum(key_copy),
												 PointerGetDatum(make_bytea(iv, IV_SIZE)),
												 CStringGetTextDatum(type)));
	wipe(key_copy);
	wipe(input);
	return result;
}

/* HMAC-SHA-256; result has MAC_SIZE, or KEY_SIZE, bytes. */
static void
hmac(const uint8 *key, const void *data, size_t size, uint8 *result)
{
	pg_hmac_ctx *ctx = pg_hmac_create(PG_SHA256);

	if (pg_hmac_init(ctx, key, KEY_SIZE) < 0 ||
		pg_hmac_update(ctx, data, size) < 0 ||
		pg_hmac_final(ctx, result, MAC_SIZE) < 0)
		elog(ERROR, "could not compute HMAC: %s", pg_hmac_error(ctx));
	pg_hmac_free(ctx);
}

/* The key that a subject's key gives for one use in one ledger. */
static void
derive(const uint8 *key, const char *use, const char *ledger, uint8 *derived)
{
	char	   *label = psprintf("%s %s", use, ledger);

	hmac(key, label, strlen(label), derived);
}

/* Are the MACs equal?  How long it takes doesn't say where they differ. */
static bool
same_mac(const uint8 *a, const uint8 *b)
{
	uint8		difference = 0;

	for (int i = 0; i < MAC_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

/* Random bytes that nobody can guess, for keys. */
static void
random_bytes(uint8 *to, size_t size)
{
	if (!pg_strong_random(to, size))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
}

/* The key that a subject's key is wrapped under: the secret's. */
static void
wrapping_key(const char *ledger, const bytea *digest, uint8 *key)
{
	int			size = VARSIZE_ANY_EXHDR(digest);
	char	   *value = palloc(2 * size + strlen(ledger) + 2);
	bytea	   *derived;

	hex_encode(VARDATA_ANY(digest), size, value);
	sprintf(value + 2 * size, " %s", ledger);
	derived = pvext_hmac("evidence", value);
	memcpy(key, VARDATA(derived), KEY_SIZE);
	wipe(derived);
}

/* Keep a subject's new key, encrypted by one that the secret gives for it. */
static void
insert_wrapped(const char *ledger, const bytea *digest, const uint8 *key)
{
	static PvextStatement insert = {
		"INSERT INTO pv.evidence_key (ledger, subject_digest, wrapped)"
		" VALUES ($1, $2, $3)", NULL
	};
	PvextArgs	args = {0};
	uint8		wrapped[IV_SIZE + KEY_SIZE];
	uint8		wrapping[KEY_SIZE];
	bytea	   *encrypted;

	wrapping_key(ledger, digest, wrapping);
	random_bytes(wrapped, IV_SIZE);
	encrypted = cipher(&encrypt_iv, key, KEY_SIZE, wrapping, wrapped, "aes-cbc/pad:none");
	explicit_bzero(wrapping, sizeof(wrapping));
	memcpy(wrapped + IV_SIZE, VARDATA(encrypted), KEY_SIZE);

	pvext_arg_text(&args, ledger);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(make_bytea(wrapped, sizeof(wrapped))), false);
	(void) pvext_own_kept(&insert, &args);
}

/* Raise: it was not written by pvext, or not with this secret. */
static void
tampered(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("the evidence has been changed since it was recorded"),
			 errhint("Look for it, and for its key in pv.evidence_key, in a backup.")));
}

/* The key that was kept, in memory of the caller's, which is to wipe it. */
static void
unwrap(const char *ledger, const bytea *digest, const bytea *wrapped, uint8 *key)
{
	const uint8 *data = (const uint8 *) VARDATA(wrapped);
	uint8		wrapping[KEY_SIZE];
	bytea	   *plain;

	if (VARSIZE(wrapped) - VARHDRSZ != IV_SIZE + KEY_SIZE)
		tampered();
	wrapping_key(ledger, digest, wrapping);
	plain = cipher(&decrypt_iv, data + IV_SIZE, KEY_SIZE, wrapping, data, "aes-cbc/pad:none");
	explicit_bzero(wrapping, sizeof(wrapping));
	memcpy(key, VARDATA(plain), KEY_SIZE);
	wipe(plain);
}

/*
 * A subject's wrapped keys in a ledger: none or one, but for a subject that
 * bears the pseudonym of one erased before, whose key stays with its own.
 */
static List *
wrapped_keys(const char *ledger, const bytea *digest)
{
	static PvextStatement select = {
		"SELECT wrapped FROM pv.evidence_key"
		" WHERE subject_digest = $1 AND ledger = $2", NULL
	};
	PvextArgs	args = {0};
	List	   *keys = NIL;
	uint64		n;

	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_text(&args, ledger);
	n = pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		keys = lappend(keys, DatumGetByteaPCopy(pvext_datum(i, 1, &isnull)));
	}
	SPI_freetuptable(SPI_tuptable);
	return keys;
}

/*
 * Encrypt evidence under the subject's key, made now if there is none:
 * initialization vector, ciphertext, MAC of both.  NULL for no evidence.
 */
bytea *
pvext_encrypt_evidence(const char *ledger, const bytea *subject_digest, Jsonb *evidence)
{
	char	   *text;
	List	   *keys;
	uint8		key[KEY_SIZE],
				derived[KEY_SIZE],
				iv[IV_SIZE];
	bytea	   *encrypted,
			   *result;
	size_t		size;

	if (evidence == NULL)
		return NULL;
	text = JsonbToCString(NULL, &evidence->root, VARSIZE(evidence));
	text = pg_server_to_any(text, strlen(text), PG_UTF8);
	keys = wrapped_keys(ledger, subject_digest);
	if (keys)
		unwrap(ledger, subject_digest, linitial(keys), key);
	else
	{
		random_bytes(key, KEY_SIZE);
		insert_wrapped(ledger, subject_digest, key);
	}

	random_bytes(iv, IV_SIZE);
	derive(key, "encrypt", ledger, derived);
	encrypted = cipher(&encrypt_iv, text, strlen(text), derived, iv, "aes-cbc/pad:pkcs");
	size = VARSIZE(encrypted) - VARHDRSZ;
	result = palloc(VARHDRSZ + IV_SIZE + size + MAC_SIZE);
	SET_VARSIZE(result, VARHDRSZ + IV_SIZE + size + MAC_SIZE);
	memcpy(VARDATA(result), iv, IV_SIZE);
	memcpy(VARDATA(result) + IV_SIZE, VARDATA(encrypted), size);
	derive(key, "authenticate", ledger, derived);
	hmac(derived, VARDATA(result), IV_SIZE + size,
		 (uint8 *) VARDATA(result) + IV_SIZE + size);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(derived, sizeof(derived));
	return result;
}

/* Was this evidence, as it is now, encrypted under the key? */
static bool
is_authentic(const uint8 *key, const char *ledger, const uint8 *data, size_t size)
{
	uint8		derived[KEY_SIZE],
				mac[MAC_SIZE];

	derive(key, "authenticate", ledger, derived);
	hmac(derived, data, size - MAC_SIZE, mac);
	explicit_bzero(derived, sizeof(derived));
	return same_mac(mac, data + size - MAC_SIZE);
}

/* What was encrypted, once its MAC has been found right. */
static Jsonb *
decrypt(const uint8 *key, const char *ledger, const uint8 *data, size_t size)
{
	uint8		derived[KEY_SIZE];
	bytea	   *plain;
	char	   *text;

	derive(key, "encrypt", ledger, derived);
	plain = cipher(&decrypt_iv, data + IV_SIZE, size - IV_SIZE - MAC_SIZE,
				   derived, data, "aes-cbc/pad:pkcs");
	explicit_bzero(derived, sizeof(derived));
	text = pnstrdup(VARDATA(plain), VARSIZE(plain) - VARHDRSZ);
	text = pg_any_to_server(text, strlen(text), PG_UTF8);
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/*
 * Decrypt what pvext_encrypt_evidence() gave; NULL where the subject's key has
 * been destroyed.  Raises where it is not what was recorded.
 */
Jsonb *
pvext_decrypt_evidence(const char *ledger, const bytea *subject_digest,
					   const bytea *encrypted)
{
	const uint8 *data = (const uint8 *) VARDATA_ANY(encrypted);
	size_t		size = VARSIZE_ANY_EXHDR(encrypted);
	List	   *keys = wrapped_keys(ledger, subject_digest);
	Jsonb	   *evidence = NULL;
	ListCell   *lc;

	if (keys == NIL)
		return NULL;
	if (size <= IV_SIZE + MAC_SIZE)
		tampered();
	foreach(lc, keys)
	{
		uint8		key[KEY_SIZE];

		unwrap(ledger, subject_digest, lfirst(lc), key);
		if (evidence == NULL && is_authentic(key, ledger, data, size))
			evidence = decrypt(key, ledger, data, size);
		explicit_bzero(key, sizeof(key));
	}
	if (evidence == NULL)
		tampered();
	return evidence;
}

/*
 * From now on the subject is known by another digest: wrap its keys, which
 * stay what they are, anew.
 */
void
pvext_move_evidence_key(const bytea *former, const bytea *digest)
{
	static const char *const ledgers[] = {"consent", "agreement", "erasure"};
	static PvextStatement delete = {
		"DELETE FROM pv.evidence_key WHERE subject_digest = $1 AND ledger = $2", NULL
	};

	if (DatumGetBool(DirectFunctionCall2(byteaeq, PointerGetDatum(former),
										 PointerGetDatum(digest))))
		return;
	for (int i = 0; i < lengthof(ledgers); i++)
	{
		List	   *keys = wrapped_keys(ledgers[i], former);
		PvextArgs	args = {0};
		ListCell   *lc;

		if (keys == NIL)
			continue;
		foreach(lc, keys)
		{
			uint8		key[KEY_SIZE];

			unwrap(ledgers[i], former, lfirst(lc), key);
			insert_wrapped(ledgers[i], digest, key);
			explicit_bzero(key, sizeof(key));
		}
		pvext_arg(&args, BYTEAOID, PointerGetDatum(former), false);
		pvext_arg_text(&args, ledgers[i]);
		(void) pvext_own_kept(&delete, &args);
	}
}

/* Destroy the subjects' keys, and with them their evidence in the ledger. */
void
pvext_destroy_evidence_keys(const char *ledger, List *subject_digests)
{
	static PvextStatement delete = {
		"DELETE FROM pv.evidence_key WHERE subject_digest = ANY ($1) AND ledger = $2", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_digests(&args, subject_digests);
	pvext_arg_text(&args, ledger);
	(void) pvext_own_kept(&delete, &args);
}

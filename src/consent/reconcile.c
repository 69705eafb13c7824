/*
 * reconcile.c
 *		Do the ledger of consents, what it led to, and the texts agree?
 *
 * pv.verify_consents() tells what somebody has changed by force, by reading
 * all of it: the words against their digests, the ledger against the words, the
 * state against the ledger, and the bits of bitmap.c against the state.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/bitmap.h"
#include "consent/moved_rows.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(pvext_verify_consents);

/* Each gives rows of (subject, key, purpose, problem). */
static const char *const queries[] = {
	"SELECT CAST(NULL AS text), CAST(NULL AS text), p.name,"
	" format('the words of version %s in %s are not those that were declared', t.version, t.language)"
	" FROM pv.consent_text AS t LEFT JOIN pv.purpose AS p ON p.id = t.purpose_id"
	" WHERE sha256(convert_to(t.body, 'UTF8')) <> t.digest",

	"SELECT r.schema || '.' || r.name, coalesce(s.key, s.former_key), p.name,"
	" format('event %s names other words than those of version %s in %s', e.id, e.version, e.language)"
	" FROM pv.consent_event AS e"
	" LEFT JOIN pv.consent_text AS t ON t.purpose_id = e.purpose_id"
	"  AND t.version = e.version AND t.language = e.language"
	" LEFT JOIN pv.relation AS r ON r.id = e.relation_id"
	" LEFT JOIN pv.purpose AS p ON p.id = e.purpose_id"
	" LEFT JOIN pv.consent_state AS s ON s.id = e.consent_id"
	" WHERE e.language IS NOT NULL AND t.digest IS DISTINCT FROM e.text_digest",

	"SELECT r.schema || '.' || r.name, coalesce(s.key, s.former_key), NULL, 'the purpose is gone'"
	" FROM pv.consent_state AS s LEFT JOIN pv.relation AS r ON r.id = s.relation_id"
	" WHERE NOT EXISTS (SELECT FROM pv.purpose AS p WHERE p.id = s.purpose_id)",

	"SELECT r.schema || '.' || r.name, coalesce(s.key, s.former_key), p.name,"
	" CASE WHEN s.key IS NULL THEN format('the state is %s, and nobody''s', s.state)"
	"  ELSE 'the subject has been erased, and is named' END"
	" FROM pv.consent_state AS s LEFT JOIN pv.relation AS r ON r.id = s.relation_id"
	" LEFT JOIN pv.purpose AS p ON p.id = s.purpose_id"
	" WHERE (s.key IS NULL) <> (s.state = 'erased')",

	PVEXT_WAYS "SELECT r.schema || '.' || r.name, NULL, p.name,"
	" format('event %s is of a consent that has no state', e.id)"
	" FROM pv.consent_event AS e"
	" LEFT JOIN pv.relation AS r ON r.id = e.relation_id"
	" LEFT JOIN pv.purpose AS p ON p.id = e.purpose_id"
	" WHERE NOT EXISTS (SELECT FROM pv.consent_state AS s WHERE s.id = e.consent_id"
	"  AND s.purpose_id = e.purpose_id AND " PVEXT_CAME_ALONG ")",

	/* A request changes nothing of a consent that there is.  In the order of state.c. */
	"WITH said AS (SELECT DISTINCT ON (consent_id) consent_id, id, action, expires FROM"
	"  (SELECT *, max(id) FILTER (WHERE source IS NULL) OVER (PARTITION BY consent_id) AS witnessed"
	"   FROM pv.consent_event WHERE action NOT IN ('requested', 'expired')) AS e"
	"  WHERE source IS NOT NULL OR id = witnessed"
	"  ORDER BY consent_id, coalesce(claimed_at, at) DESC, source IS NULL DESC,"
	"   action IN ('withdrawn', 'objected') DESC, id DESC),"
	" ended AS (SELECT consent_id, max(id) AS id FROM pv.consent_event WHERE action = 'expired' GROUP BY 1),"
	" last AS (SELECT consent_id, CASE WHEN x.id > s.id OR s.id IS NULL THEN 'expired' ELSE s.action END AS action,"
	"   CASE WHEN x.id > s.id OR s.id IS NULL THEN NULL ELSE s.expires END AS expires"
	"  FROM said AS s FULL JOIN ended AS x USING (consent_id))"
	"SELECT r.schema || '.' || r.name, coalesce(s.key, s.former_key), p.name,"
	" format('the state is %s, the ledger''s last entry %s', s.state, coalesce(l.action, 'none'))"
	" FROM pv.consent_state AS s LEFT JOIN last AS l ON l.consent_id = s.id"
	" LEFT JOIN pv.relation AS r ON r.id = s.relation_id"
	" LEFT JOIN pv.purpose AS p ON p.id = s.purpose_id"
	" WHERE s.given IS DISTINCT FROM coalesce(l.action = 'given', false)"
	" OR (s.state <> coalesce(l.action, 'requested') AND (s.given OR s.state <> 'requested'))"
	" OR (s.given AND s.expires IS DISTINCT FROM l.expires)"
	" OR NOT EXISTS (SELECT FROM pv.consent_event AS e WHERE e.consent_id = s.id)"
};

/*
 * The buckets that there are bits or consents of, with the consents' keys,
 * whether they expire, and when the first does.
 */
static const char buckets[] =
	"SELECT relation_id, purpose_id, bucket, s.keys, s.expiring, s.next_expiry,"
	" r.schema || '.' || r.name, p.name"
	" FROM (SELECT relation_id, purpose_id, CAST(key AS bigint) >> 12 AS bucket,"
	"   array_agg(CAST(key AS bigint)) AS keys, array_agg(expires IS NOT NULL) AS expiring,"
	"   min(expires) AS next_expiry"
	"  FROM (SELECT * FROM pv.consent_state WHERE given AND CASE"
	"   WHEN key ~ '^(0|-?[1-9][0-9]{0,18})$'"
	"   THEN CAST(key AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 END"
	"   OFFSET 0) AS integers"
	"  GROUP BY 1, 2, 3) AS s"
	" FULL JOIN (SELECT DISTINCT relation_id, purpose_id, bucket FROM pv.consent_bitmap) AS b USING (relation_id, purpose_id, bucket)"
	" LEFT JOIN pv.relation AS r ON r.id = relation_id"
	" LEFT JOIN pv.purpose AS p ON p.id = purpose_id";

/* One row of the result. */
static void
put_problem(ReturnSetInfo *rsinfo, const char *subject, const char *key,
			const char *purpose, const char *problem)
{
	const char *texts[] = {subject, key, purpose, problem};
	Datum		values[4];
	bool		nulls[4];

	for (int i = 0; i < 4; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = texts[i] ? CStringGetTextDatum(texts[i]) : (Datum) 0;
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The same, for pvext_own_each(). */
static void
put_row(uint64 row, void *arg)
{
	put_problem(arg, pvext_value(row, 1), pvext_value(row, 2), pvext_value(row, 3),
				pvext_value(row, 4));
}

/* Whose consent it is, said twice: by the key and by its digest. */
static const char keys[] =
	"SELECT s.relation_id, s.key, s.subject_digest, r.schema || '.' || r.name, p.name"
	" FROM pv.consent_state AS s LEFT JOIN pv.relation AS r ON r.id = s.relation_id"
	" LEFT JOIN pv.purpose AS p ON p.id = s.purpose_id WHERE s.key IS NOT NULL";

/* The codes that the consents of a row of "buckets" come to. */
static void
expected_codes(uint64 row, uint8 *codes)
{
	bool		isnull;
	Datum		keys = pvext_datum(row, 4, &isnull);
	Datum	   *key;
	Datum	   *expiring;
	int			n;

	memset(codes, 0, PVEXT_CODE_BYTES);
	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(keys), INT8OID, 8, FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &key, NULL, &n);
	deconstruct_array(DatumGetArrayTypeP(pvext_datum(row, 5, &isnull)), BOOLOID, 1, true,
					  TYPALIGN_CHAR, &expiring, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		int			at = (int) (DatumGetInt64(key[i]) & (PVEXT_BUCKET_SIZE - 1));
		int			code = PVEXT_GIVEN | (DatumGetBool(expiring[i]) ? PVEXT_EXPIRING : 0);

		codes[at / 4] |= code << (at % 4 * 2);
	}
}

/* Compare the digest of a state with its key. */
static void
compare_key(uint64 row, void *arg)
{
	int32		relation_id = (int32) pvext_int(row, 1);
	char	   *key = pvext_value(row, 2);
	bool		isnull;
	Datum		digest = pvext_datum(row, 3, &isnull);

	if (isnull || !pvext_same_digest(DatumGetByteaPP(digest),
									 pvext_subject_digest(relation_id, key)))
		put_problem(arg, pvext_value(row, 4), key, pvext_value(row, 5),
					"the state is of another subject than its digest");
}

/* Compare the bits of a bucket with its consents. */
static void
compare_bucket(uint64 row, void *arg)
{
	PvextBucket bucket;
	char	   *subject = pvext_value(row, 7);
	char	   *purpose = pvext_value(row, 8);
	const PvextCodes *found;
	uint8		expected[PVEXT_CODE_BYTES];
	bool		isnull;
	Datum		next_expiry = pvext_datum(row, 6, &isnull);

	CHECK_FOR_INTERRUPTS();
	pvext_set_bucket(&bucket, (int32) pvext_int(row, 1), (int32) pvext_int(row, 2),
					 pvext_int(row, 3));
	if (pvext_is_pending(&bucket))
		return;					/* its bits are written at commit */
	expected_codes(row, expected);
	(void) pvext_snapshot_generation();
	found = pvext_read_codes(&bucket);
	for (int i = 0; i < PVEXT_BUCKET_SIZE; i++)
		if (pvext_code(found->codes, i) != pvext_code(expected, i))
			put_problem(arg, subject,
						psprintf("%lld", (long long) (bucket.number * PVEXT_BUCKET_SIZE + i)),
						purpose, "the bitmap does not say what the state does");
	if (!isnull && found->next_expiry > DatumGetTimestampTz(next_expiry))
		put_problem(arg, subject, NULL, purpose,
					psprintf("a consent of bitmap bucket %lld expires before the bitmap says",
							 (long long) bucket.number));
}

/* pv.verify_consents(): where ledger, states and bits disagree; no row is the proof. */
Datum
pvext_verify_consents(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PvextScope	scope;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	for (int i = 0; i < lengthof(queries); i++)
		pvext_own_each(queries[i], NULL, put_row, rsinfo);
	pvext_own_each(keys, NULL, compare_key, rsinfo);
	pvext_own_each(buckets, NULL, compare_bucket, rsinfo);
	pvext_leave(&scope);
	return (Datum) 0;
}

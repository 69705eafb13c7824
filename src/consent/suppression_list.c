/*
 * suppression_list.c
 *		Lists, from other systems, of who is not to be written to.
 *
 * What a list holds is digested and not kept: an address as an erasure's is, and a digest
 * of an e-mail address (SHA-256 or MD5 of it in small letters, in hexadecimal, as mail
 * services export them) once more, with the secret.  Who is on it has said no somewhere,
 * so what is only claimed for them, a consent that was imported, ends.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "consent/recording.h"
#include "consent/suppression.h"
#include "funcapi.h"
#include "map/key.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* So many entries that are of no use are listed. */
#define MAX_LISTED 100

PG_FUNCTION_INFO_V1(pvext_import_suppressions);

/* What has become of a list's entries. */
typedef struct Listing
{
	List	   *digests;
	int64		unusable;
	List	   *listed;			/* C strings: the first that are */
	int64		ended;			/* consents that were only claimed */
} Listing;

/* Digest the entries; those that are NULL are passed over. */
static void
digest_entries(ArrayType *entries, Listing *listing)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(entries, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		List	   *digests;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			continue;
		digests = pvext_list_digests(TextDatumGetCString(elements[i]));
		listing->digests = list_concat(listing->digests, digests);
		if (digests != NIL)
			continue;
		listing->unusable++;
		if (list_length(listing->listed) < MAX_LISTED)
			listing->listed = lappend(listing->listed, TextDatumGetCString(elements[i]));
	}
}

/* Remember them; how many are new. */
static int64
remember(Listing *listing, const char *source)
{
	PvextArgs	args = {0};

	pvext_arg_digests(&args, listing->digests);
	pvext_arg_text(&args, source);
	return (int64) pvext_own("INSERT INTO pv.suppression (digest, source) SELECT DISTINCT d, $2 FROM unnest($1) AS d"
							 " ORDER BY d ON CONFLICT DO NOTHING", &args);
}

/* Is the consent, whose subject is locked, still there, and only claimed? */
static bool
is_claim(const PvextConsentCall *call)
{
	static PvextStatement find = {
		"SELECT FROM pv.consent_state WHERE relation_id = $1 AND purpose_id = $2 AND key = $3"
		" AND given AND imported", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, call->subject->id);
	pvext_arg_int4(&args, call->purpose->id);
	pvext_arg_text(&args, call->key);
	return pvext_own_kept(&find, &args) > 0;
}

/* End one consent, unless somebody has given it here meanwhile. */
static void
end_claim(Listing *listing, Oid relid, const char *key, const char *purpose)
{
	PvextConsentCall call;
	PvextConsentChange change = {.action = "withdrawn", .channel = "suppression list", .expires = DT_NOEND,
	.by_list = true};

	if (!pvext_find_consent_call(&call, relid, key, purpose) || !is_claim(&call))
		return;
	(void) pvext_record_consent(&call, &change);
	pvext_forget_requests(&call);
	listing->ended++;
}

/* End what was imported of those among some subjects, one row, who are suppressed now; for pvext_run_each(). */
static void
end_some(uint64 n, void *arg)
{
	Oid			relid = (Oid) pvext_int(0, 1);
	List	   *keys = pvext_texts(0, 2);
	List	   *purposes = pvext_texts(0, 3);
	PvextMap   *map = pvext_map();
	bool	   *suppressed = pvext_which_suppressed(map, pvext_map_subject(map, relid), keys);

	for (int i = 0; i < list_length(keys); i++)
		if (suppressed[i])
			end_claim(arg, relid, list_nth(keys, i), list_nth(purposes, i));
}

/* End what was imported of those who are suppressed, by a snapshot that sees the list. */
static void
end_claims(Listing *listing)
{
	CommandCounterIncrement();
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	pvext_run_each(pvext_role(), "SELECT relation, array_agg(key ORDER BY key, purpose), array_agg(purpose ORDER BY key, purpose) FROM"
				   " (SELECT r.relation::oid AS relation, s.key, p.name AS purpose,"
				   "   row_number() OVER (PARTITION BY r.id ORDER BY s.key) / 1000 AS n FROM pv.consent_state AS s"
				   "  JOIN pv.relation AS r ON r.id = s.relation_id JOIN pg_class AS c ON c.oid = r.relation"
				   "  JOIN pv.declared_subject AS d ON d.relation_id = r.id"
				   "  JOIN pv.purpose AS p ON p.id = s.purpose_id"
				   "  WHERE s.given AND s.imported AND s.key IS NOT NULL) AS k GROUP BY relation, n ORDER BY relation, n",
				   NULL, 1, end_some, listing);
	PopActiveSnapshot();
}

/* One row of the result, where it is about any entry. */
static void
put_outcome(ReturnSetInfo *rsinfo, const char *outcome, int64 rows, List *entries)
{
	Datum		values[3] = {CStringGetTextDatum(outcome), Int64GetDatum(rows)};
	bool		nulls[3] = {false, false, entries == NIL};

	if (rows == 0)
		return;
	if (entries != NIL)
		values[2] = pvext_text_array(entries);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * pv.import_suppressions(entries, source): remember who is not to be written to; how many
 * of them are new, and which are of no use.
 */
Datum
pvext_import_suppressions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Listing		listing = {NIL};
	PvextScope	scope;
	char	   *source = pvext_required_text(fcinfo, 1, "source");
	int64		added;

	PreventCommandIfReadOnly("pv.import_suppressions()");
	pvext_require_arg(fcinfo, 0, "entries");
	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	digest_entries(PG_GETARG_ARRAYTYPE_P(0), &listing);
	added = listing.digests == NIL ? 0 : remember(&listing, source);
	if (listing.digests != NIL)
		end_claims(&listing);
	pvext_record_event(psprintf("import_suppressions(%s)", source), NULL);
	put_outcome(rsinfo, "added", added, NIL);
	put_outcome(rsinfo, "known", list_length(listing.digests) - added, NIL);
	put_outcome(rsinfo, "unusable", listing.unusable, listing.listed);
	put_outcome(rsinfo, "consents ended", listing.ended, NIL);
	pvext_leave(&scope);
	return (Datum) 0;
}

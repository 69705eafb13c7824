/*
 * petition_receipt.c
 *		What a person can be given of a request: pv.request_receipt().
 *
 * It says nothing of the person but the request's own number, so that it can be given
 * whoever asks, and after an erasure, too.  Whatever became of it, it names the authority
 * and the way to the courts (GDPR articles 12(4), 15(1)(f), 77 and 79).
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "rights/petition.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(pvext_request_receipt);

/* pv.request_receipt(request): what a person can be given of it. */
Datum
pvext_request_receipt(PG_FUNCTION_ARGS)
{
	static PvextStatement make = {
		"SELECT jsonb_strip_nulls(jsonb_build_object("
		"  'request', q.id, 'kind', q.kind, 'state', q.state, 'channel', q.channel, 'received_at', q.received_at,"
		"  'due_at', q.due_at, 'authority', CAST($2 AS text), 'digest', encode(q.digest, 'hex'),"
		"  'identity', CASE WHEN num_nonnulls(l.identity_asked_at, l.identity_confirmed_at) > 0 THEN jsonb_build_object("
		"   'asked_at', l.identity_asked_at, 'reason', l.identity_reason, 'confirmed_at', l.identity_confirmed_at,"
		"   'method', l.identity_method) END,"
		"  'extension', CASE WHEN q.extended_to IS NOT NULL THEN jsonb_build_object("
		"   'until', q.extended_to, 'reason', l.extension_reason, 'told_at', l.told_at) END,"
		"  'answer', CASE WHEN q.answered_at IS NOT NULL THEN jsonb_build_object('how', q.answer, 'at', q.answered_at,"
		"   CASE q.answer WHEN 'refused' THEN 'reason' ELSE 'reference' END, l.reference) END,"
		"  'cancelled', CASE WHEN q.state = 'cancelled' THEN l.reference END,"
		"  'withheld', (SELECT jsonb_agg(jsonb_build_object('relation', format('%I.%I', r.schema, r.name),"
		"    'columns', w.columns, 'some_rows', w.rows IS NOT NULL, 'ground', w.ground) ORDER BY w.id)"
		"   FROM pv.request_withheld AS w JOIN pv.relation AS r ON r.id = w.relation_id WHERE w.request = q.id),"
		"  'erasure', CASE WHEN e.id IS NOT NULL THEN jsonb_build_object('erasure', e.id, 'state', e.state,"
		"   'completed_at', e.completed_at, 'retained_until', e.retained_until, 'scrubbed_at', e.scrubbed_at) END,"
		"  'complaint', format('A complaint can be lodged with the supervisory authority, %s (GDPR article 77).', $2),"
		"  'judicial_remedy', 'Whoever considers their rights infringed can go to court (GDPR article 79).'))"
		" FROM pv.request AS q JOIN pv.request_ledger AS l ON l.id = q.id"
		" LEFT JOIN pv.erasure_ledger AS e ON e.id = q.erasure WHERE q.id = $1", NULL, true
	};
	PvextScope	scope;
	PvextArgs	args = {0};
	Jsonb	   *receipt;
	bool		isnull;

	pvext_enter(&scope);
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	pvext_arg_text(&args, pvext_authority);
	if (pvext_own_kept(&make, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no such request"),
				 errhint("pv.request lists them.")));
	receipt = DatumGetJsonbP(SPI_datumTransfer(pvext_datum(0, 1, &isnull), false, -1));
	pvext_leave(&scope);
	PG_RETURN_JSONB_P(receipt);
}

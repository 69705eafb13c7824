/*
 * petition_entry.c
 *		What enters the register by itself, and what leaves it.
 *
 * Erasures, objections and withdrawals are requests, whoever calls for them: each makes its
 * row in the transaction that it is made in (erase/register.c, consent/recording.c), unless
 * the subject's open request of the kind is there, which an erasure then fulfils.  Of an
 * erasure the ledger says how far it is, and its row follows.
 *
 * From the subject's erasure on its rows know the person by digest alone: the key goes, and
 * with the keys of what was claimed that, too.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/event.h"
#include "base/guc.h"
#include "base/own_change.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/recording.h"
#include "erase/register.h"
#include "rights/petition.h"
#include "rights/petition_entry.h"
#include "rule/clock.h"
#include "utils/array.h"
#include "utils/timestamp.h"

/* SQL: $1 are requests for erasure, $2 the digests of their subjects until now. */
#define ENTERED " FROM unnest($1, $2) AS n(id, before) JOIN pv.erasure_ledger AS e ON e.id = n.id"

/* SQL: does a row r say who the person is? */
#define SAYS_WHO "(r.key IS NOT NULL OR r.claimed IS NOT NULL OR r.identity_evidence IS NOT NULL)"

/* SQL: which rows r a request e of the ledger is about: its own, and those of its subject. */
#define ABOUT " r.relation_id = e.relation_id AND (r.erasure = e.id OR (r.subject_digest = n.before AND " SAYS_WHO "))"

/*
 * SQL: those rows, each found by an index: a plan that is kept from when the register was
 * small reads no more of it, however large it is then.
 */
#define ROWS_ABOUT " CROSS JOIN LATERAL" \
	" (SELECT r.id, r.relation_id, r.erasure, r.state FROM pv.request_ledger AS r WHERE r.erasure = e.id" \
	"  UNION ALL SELECT r.id, r.relation_id, r.erasure, r.state FROM pv.request_ledger AS r" \
	"   WHERE r.subject_digest = n.before AND r.erasure IS DISTINCT FROM e.id AND " SAYS_WHO ") AS r"

/* SQL: the same where they have been found: $1 are rows of the register, $2 and $3 as $1 and $2 of ENTERED. */
#define FOUND " FROM unnest($1, $2, $3) AS n(about, id, before) JOIN pv.erasure_ledger AS e ON e.id = n.id" \
	" WHERE r.id = n.about AND" ABOUT

/* SQL: has the erasure e taken anything? */
#define TAKEN "(e.state IN ('partial', 'verifying', 'completed'))"

/* SQL: how far a request is that the erasure e fulfils. */
#define STATE_BY_LEDGER \
	"CASE e.state WHEN 'completed' THEN CAST('answered' AS pv.request_state) WHEN 'cancelled' THEN 'cancelled' ELSE 'open' END"

/* SQL: does the end of the erasure e close its row r? */
#define CLOSES "(r.erasure = e.id AND r.state IN " PVEXT_OPEN_PETITION " AND e.state IN ('completed', 'cancelled'))"

/* SQL: does the row r keep no more who asked?  Of one that is cancelled nobody has to be told anything. */
#define LETS_GO "(" TAKEN " OR (" CLOSES " AND e.state = 'cancelled'))"

/* Requests as a uuid[]. */
static void
arg_ids(PvextArgs *args, List *ids)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(ids));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, ids)
		elements[n++] = UUIDPGetDatum(lfirst(lc));
	pvext_arg(args, UUIDARRAYOID,
			  PointerGetDatum(construct_array(elements, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR)), false);
}

/* The ids in a column of the n rows of the last result. */
static List *
result_ids(uint64 n, int column)
{
	List	   *ids = NIL;

	for (uint64 i = 0; i < n; i++)
	{
		pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
		bool		isnull;

		*id = *DatumGetUUIDP(pvext_datum(i, column, &isnull));
		ids = lappend(ids, id);
	}
	return ids;
}

/* The ids and the digests of requests, as $1 and $2. */
static void
arg_entered(PvextArgs *args, List *entered)
{
	List	   *ids = NIL;
	List	   *digests = NIL;
	ListCell   *lc;

	foreach(lc, entered)
	{
		PvextEntered *request = lfirst(lc);

		ids = lappend(ids, &request->id);
		digests = lappend(digests, unconstify(bytea *, request->before));
	}
	arg_ids(args, ids);
	pvext_arg_digests(args, digests);
}

/* What was encrypted for requests goes, and which rows were withheld. */
static void
forget_details(List *ids)
{
	static PvextStatement update = {
		"UPDATE pv.request_withheld SET rows = '{}' WHERE request = ANY ($1) AND rows IS NOT NULL", NULL
	};
	PvextArgs	args = {0};

	if (ids == NIL)
		return;
	pvext_destroy_petition_keys(ids);
	arg_ids(&args, ids);
	(void) pvext_own_change(&update, &args);
}

/*
 * Erasures
 */

/*
 * Which rows requests of the ledger are about: the number of pairs, of which the result has the
 * row's id, the request's, the digest of its subject until now, and whether the row lets go who asked.
 */
static uint64
find_about(List *entered)
{
	static PvextStatement select = {
		"SELECT r.id, e.id, n.before, " LETS_GO ENTERED ROWS_ABOUT " WHERE r.relation_id = e.relation_id", NULL
	};
	PvextArgs	args = {0};

	arg_entered(&args, entered);
	return pvext_own_kept(&select, &args);
}

/* What find_about() has found, as $1, $2 and $3. */
static void
arg_found(PvextArgs *args, uint64 n)
{
	List	   *digests = NIL;

	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		digests = lappend(digests, DatumGetByteaPCopy(pvext_datum(i, 3, &isnull)));
	}
	arg_ids(args, result_ids(n, 1));
	arg_ids(args, result_ids(n, 2));
	pvext_arg_digests(args, digests);
}

/* Of what find_about() has found, the rows that let go who asked. */
static List *
list_let_go(uint64 n)
{
	List	   *let_go = NIL;
	ListCell   *lc;

	foreach(lc, result_ids(n, 1))
		if (pvext_bool(foreach_current_index(lc), 4))
			let_go = lappend(let_go, lfirst(lc));
	return let_go;
}

/* The subject's open request for erasure, of which it is known who asks, is this one; of what find_about() has found. */
static void
attach(uint64 n)
{
	static const char *const sql =
		"UPDATE pv.request_ledger AS r SET erasure = e.id" FOUND " AND r.subject_digest = n.before AND r.key IS NOT NULL"
		" AND r.kind = 'erasure' AND r.erasure IS NULL AND r.state IN " PVEXT_KNOWN_PETITION
		" AND NOT EXISTS (SELECT FROM pv.request_ledger AS o WHERE o.erasure = e.id)";
	PvextArgs	args = {0};

	arg_found(&args, n);
	(void) pvext_own_change_once(sql, &args);
}

/* Those that have no row get one, as they are now: a key that is gone was never there. */
static void
insert_entered(List *entered)
{
	static PvextStatement insert = {
		"INSERT INTO pv.request_ledger (id, kind, relation_id, key, subject_digest, state, received_at, due_at,"
		"  answered_at, answer, handled_by, erasure, recorded_by)"
		" SELECT e.id, 'erasure', e.relation_id, e.key, e.subject_digest, " STATE_BY_LEDGER ", e.requested_at,"
		"  (e.requested_at AT TIME ZONE $3 + interval '1 month') AT TIME ZONE $3, e.completed_at,"
		"  CASE WHEN e.state = 'completed' THEN 'delivered' END, coalesce(e.executed_by, e.requested_by), e.id,"
		"  e.requested_by" ENTERED
		" WHERE NOT EXISTS (SELECT FROM pv.request_ledger AS o WHERE o.erasure = e.id)", NULL
	};
	PvextArgs	args = {0};

	arg_entered(&args, entered);
	pvext_arg_text(&args, pvext_database_time_zone());
	(void) pvext_own_kept(&insert, &args);
}

/* The rows that requests are about follow the ledger; of what find_about() has found. */
static void
follow(uint64 n)
{
	static const char *const sql =
		"UPDATE pv.request_ledger AS r SET"
		" key = CASE WHEN r.key IS NULL OR (e.state = 'cancelled' AND r.erasure = e.id) THEN NULL"
		"  WHEN e.state = 'cancelled' THEN r.key ELSE e.key END,"
		" subject_digest = CASE WHEN e.state = 'cancelled' THEN r.subject_digest ELSE e.subject_digest END,"
		" claimed = CASE WHEN NOT " LETS_GO " THEN r.claimed END,"
		" identity_evidence = CASE WHEN NOT " LETS_GO " THEN r.identity_evidence END,"
		" received_as = CASE WHEN NOT " TAKEN " AND NOT " CLOSES " THEN r.received_as END,"
		" state = CASE WHEN " CLOSES " THEN " STATE_BY_LEDGER " ELSE r.state END,"
		" answered_at = CASE WHEN " CLOSES " THEN e.completed_at ELSE r.answered_at END,"
		" answer = CASE WHEN " CLOSES " AND e.state = 'completed' THEN 'delivered' ELSE r.answer END,"
		" handled_by = CASE WHEN " CLOSES " THEN coalesce(e.executed_by, r.handled_by) ELSE r.handled_by END"
		FOUND " AND (e.state NOT IN ('requested', 'blocked') OR n.before <> e.subject_digest)";
	PvextArgs	args = {0};

	arg_found(&args, n);
	(void) pvext_own_change_once(sql, &args);
}

/* For the ledger of erasures: requests have been entered, or have changed. */
static void
hear_entered(List *entered)
{
	uint64		n = find_about(entered);
	List	   *let_go = list_let_go(n);

	if (n > 0)
		attach(n);
	insert_entered(entered);
	if (n > 0)
		follow(find_about(entered));
	forget_details(let_go);
}

/*
 * For the same, and a purge: the subject's row is gone, or nobody's.  A request that its
 * ledger has completed by this is answered.
 */
static int64
hear_ended(PvextTable *subject, const bytea *before, const bytea *digest)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger AS r SET key = NULL, claimed = NULL, identity_evidence = NULL, received_as = NULL,"
		" subject_digest = $3, state = CASE WHEN " CLOSES " THEN " STATE_BY_LEDGER " ELSE r.state END,"
		" answered_at = CASE WHEN " CLOSES " THEN e.completed_at ELSE r.answered_at END,"
		" answer = CASE WHEN " CLOSES " AND e.state = 'completed' THEN 'delivered' ELSE r.answer END"
		" FROM pv.request_ledger AS o LEFT JOIN pv.erasure_ledger AS e ON e.id = o.erasure"
		" WHERE o.id = r.id AND r.relation_id = $1 AND r.subject_digest = $2 AND (" SAYS_WHO " OR " CLOSES ")"
		" RETURNING r.id", NULL
	};
	PvextArgs	args = {0};
	uint64		n;

	if (pvext_never_used("request_ledger"))
		return 0;
	pvext_arg_int4(&args, subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(before), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	n = pvext_own_change(&update, &args);
	forget_details(result_ids(n, 1));
	return n;
}

/*
 * Objections and withdrawals
 */

/*
 * For consents: a subject has objected, or withdrawn what it had consented to.  The call has
 * done what was asked for, unless that is in the register already, to be answered.
 */
static void
hear_refusal(const PvextConsentCall *call, const PvextConsentChange *change, const bytea *digest)
{
	static PvextStatement insert = {
		"INSERT INTO pv.request_ledger (kind, relation_id, key, subject_digest, state, received_at, due_at, answered_at,"
		"  answer, channel, reference, handled_by, recorded_by)"
		" SELECT CAST($3 AS pv.request_kind), $4, $5, $6, 'answered', $1, " PVEXT_MONTH_AFTER("$1", "interval '0'") ", $1,"
		"  'delivered', $7, $8, $9, $9 WHERE NOT EXISTS (SELECT FROM pv.request_ledger AS r WHERE r.relation_id = $4"
		"  AND r.subject_digest = $6 AND r.key IS NOT NULL AND r.kind = CAST($3 AS pv.request_kind)"
		"  AND r.state IN " PVEXT_KNOWN_PETITION ")", NULL
	};
	PvextArgs	args = {0};

	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()), false);
	pvext_arg_text(&args, pvext_database_time_zone());
	pvext_arg_text(&args, strcmp(change->action, "objected") == 0 ? "objection" : "withdrawal");
	pvext_arg_int4(&args, call->subject->id);
	pvext_arg_text(&args, call->key);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_text(&args, change->channel);
	pvext_arg_text(&args, call->purpose->name);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own_kept(&insert, &args);
}

/*
 * What leaves it
 */

/*
 * Destroy what was claimed in requests that were answered pvext.request_keep ago, and what
 * proved it.  Returns of how many.
 */
int64
pvext_destroy_old_claims(void)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger SET claimed = NULL, identity_evidence = NULL"
		" WHERE (claimed IS NOT NULL OR identity_evidence IS NOT NULL)"
		" AND answered_at < now() - make_interval(secs => $1) RETURNING id", NULL
	};
	PvextArgs	args = {0};
	uint64		n;

	pvext_arg_int4(&args, pvext_request_keep);
	n = pvext_own_change(&update, &args);
	pvext_destroy_petition_keys(result_ids(n, 1));
	return n;
}

/* When the library is loaded: let those who do what persons ask for tell of it. */
void
pvext_init_register(void)
{
	static const PvextRegister own = {hear_entered, hear_ended};

	pvext_keep_register(&own);
	pvext_hear_refusals(hear_refusal);
}

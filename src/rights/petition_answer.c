/*
 * petition_answer.c
 *		From an open request to its answer: extending, withholding, answering, cancelling.
 *
 * Article 12(3) of the GDPR: a month, which can be extended by up to two more, and the
 * person is told so within the first.  The end is computed once, from the day of receipt:
 * what was received on 30 November and is extended by two months is due on 28 February.
 * Article 12(4): who is refused learns why.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/digest.h"
#include "base/event.h"
#include "base/own_change.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "erase/approval.h"
#include "erase/ledger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "rights/petition_answer.h"
#include "rule/clock.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(pvext_extend_request);
PG_FUNCTION_INFO_V1(pvext_withhold);
PG_FUNCTION_INFO_V1(pvext_answer_request);
PG_FUNCTION_INFO_V1(pvext_cancel_request);

/*
 * Extending
 */

/* Raise unless the person was told within the first month, which is not over. */
static void
check_first_month(const PvextPetition *petition, TimestampTz told_at)
{
	TimestampTz now = GetCurrentTimestamp();

	if (TIMESTAMP_NOT_FINITE(told_at) || told_at > now || told_at < petition->received_at)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the person would have been told before the request came in, or in the future"),
				 errhint("Pass as told_at when the person was told of the extension.")));
	if (now > petition->due_at || told_at > petition->due_at)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the first month is over"),
				 errdetail("Of an extension the person has to be told within a month of the receipt (GDPR article 12(3)).")));
}

/* Raise that an extension is none, or is too long. */
static void
refuse_extension(bool adds)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 adds ? errmsg("the extension would be more than two months in all") :
			 errmsg("the request would not be extended"),
			 errhint("Pass an interval of up to two months, less what it has been extended by.")));
}

/* The same for one that is out of all bounds, and would be of what is computed with it. */
static void
check_bounds(const Interval *extension)
{
	if (extension->month > 12 || extension->day > 366 || extension->time > 366 * USECS_PER_DAY)
		refuse_extension(true);
	if (extension->month < -12 || extension->day < -366 || extension->time < -366 * USECS_PER_DAY)
		refuse_extension(false);
}

/*
 * Extend it, all extensions together counting from the receipt, and the time that the clock
 * has stood still.  The row of the last result says whether something is added, and whether
 * it is two months at most: nothing is written where not.
 */
static void
write_extension(const PvextPetition *petition, Interval *extension, const char *reason, TimestampTz told_at)
{
	static PvextStatement compute = {
		"SELECT s.added > interval '0', s.until <= s.latest, s.until + s.stood, s.total FROM (SELECT"
		"  CAST($4 AS interval) AS added, t.total, " PVEXT_MONTH_AFTER("$1", "t.total") " AS until,"
		"  " PVEXT_MONTH_AFTER("$1", "interval '2 months'") " AS latest,"
		"  make_interval(secs => extract(epoch FROM l.due_at - " PVEXT_MONTH_AFTER("$1", "interval '0'") ")) AS stood"
		"  FROM pv.request_ledger AS l, LATERAL (SELECT coalesce(l.extended_by, '0') + CAST($4 AS interval) AS total) AS t"
		"  WHERE l.id = $3) AS s", NULL
	};
	static PvextStatement update = {
		"UPDATE pv.request_ledger SET extended_to = $2, extended_by = $3, extension_reason = $4, told_at = $5,"
		" handled_by = $6 WHERE id = $1", NULL
	};
	PvextArgs	args = {0};
	PvextArgs	new = {0};
	bool		isnull;

	pvext_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(petition->received_at), false);
	pvext_arg_text(&args, pvext_database_time_zone());
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&petition->id), false);
	pvext_arg(&args, INTERVALOID, IntervalPGetDatum(extension), false);
	(void) pvext_own_kept(&compute, &args);
	if (!pvext_bool(0, 1) || !pvext_bool(0, 2))
		refuse_extension(pvext_bool(0, 1));
	pvext_arg(&new, UUIDOID, UUIDPGetDatum(&petition->id), false);
	pvext_arg(&new, TIMESTAMPTZOID, pvext_datum(0, 3, &isnull), false);
	pvext_arg(&new, INTERVALOID, pvext_datum(0, 4, &isnull), false);
	pvext_arg_text(&new, reason);
	pvext_arg(&new, TIMESTAMPTZOID, TimestampTzGetDatum(told_at), false);
	pvext_arg_name(&new, pvext_doer_name());
	(void) pvext_own_change(&update, &new);
}

/* pv.extend_request(request, extension, reason, told_at): more time for the answer. */
Datum
pvext_extend_request(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextPetition petition;
	char	   *reason;

	PreventCommandIfReadOnly("pv.extend_request()");
	pvext_require_arg(fcinfo, 0, "request");
	pvext_require_arg(fcinfo, 1, "extension");
	check_bounds(PG_GETARG_INTERVAL_P(1));
	reason = pvext_required_text(fcinfo, 2, "reason");
	pvext_require_arg(fcinfo, 3, "told_at");
	pvext_enter(&scope);
	pvext_lock_open_petition(PG_GETARG_UUID_P(0), &petition);
	check_first_month(&petition, PG_GETARG_TIMESTAMPTZ(3));
	write_extension(&petition, PG_GETARG_INTERVAL_P(1), reason, PG_GETARG_TIMESTAMPTZ(3));
	pvext_record_petition_event("extend_request", &petition);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * Withholding
 */

/* Raise for columns that the table doesn't have; there must be one. */
static void
check_columns(PvextTable *table, List *columns)
{
	ListCell   *lc;

	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is empty", "columns"),
				 errhint("Name the columns that are withheld.")));
	foreach(lc, columns)
		if (get_attnum(table->relid, lfirst(lc)) <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table %s does not exist", (char *) lfirst(lc), table->sql_name),
					 errhint("Name columns that the table has.")));
}

/* The rows that something is withheld of, by their primary keys; NULL for all. */
static Datum
rows_arg(FunctionCallInfo fcinfo, int arg)
{
	List	   *rows;

	if (PG_ARGISNULL(arg))
		return (Datum) 0;
	rows = pvext_texts_arg(fcinfo, arg, "rows");
	if (rows == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is empty", "rows"),
				 errhint("Name the rows by their primary keys, or pass NULL for all.")));
	return pvext_text_array(rows);
}

/* The table of the map that something is withheld of. */
static PvextTable *
find_table(Oid relid)
{
	PvextTable *table = pvext_map_table(pvext_map(), relid);

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("nothing is declared of table %s", pvext_relation_name(relid)),
				 errhint("What is not in the data map is not handed out.")));
	return table;
}

/* pv.withhold(request, relation, columns, ground, rows): what is not handed out, and why. */
Datum
pvext_withhold(PG_FUNCTION_ARGS)
{
	static PvextStatement insert = {
		"INSERT INTO pv.request_withheld (request, relation_id, columns, ground, by, rows)"
		" VALUES ($1, $2, $3, $4, $5, $6)", NULL
	};
	PvextScope	scope;
	PvextPetition petition;
	PvextTable *table;
	PvextArgs	args = {0};
	List	   *columns;
	char	   *ground;
	Datum		rows;

	PreventCommandIfReadOnly("pv.withhold()");
	pvext_require_arg(fcinfo, 0, "request");
	pvext_require_arg(fcinfo, 1, "relation");
	pvext_require_arg(fcinfo, 2, "columns");
	columns = pvext_names_arg(fcinfo, 2);
	ground = pvext_required_text(fcinfo, 3, "ground");
	rows = rows_arg(fcinfo, 4);
	pvext_enter(&scope);
	table = find_table(PG_GETARG_OID(1));
	check_columns(table, columns);
	pvext_lock_open_petition(PG_GETARG_UUID_P(0), &petition);
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	pvext_arg_int4(&args, table->id);
	pvext_arg_names(&args, columns, false);
	pvext_arg_text(&args, ground);
	pvext_arg_name(&args, pvext_doer_name());
	pvext_arg(&args, TEXTARRAYOID, rows, PG_ARGISNULL(4));
	(void) pvext_own_kept(&insert, &args);
	pvext_review_petition(&petition.id);
	pvext_record_petition_event("withhold", &petition);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * Handing out
 */

/*
 * Raise unless the request is this subject's, whom the digest is of, and it is open and known
 * who asks: nothing is handed out with any other.  For who makes the answer, before that.
 */
void
pvext_check_petition_of(const pg_uuid_t *id, int32 relation_id, const bytea *digest)
{
	PvextPetition petition;

	pvext_read_petition(id, false, &petition);
	if (!pvext_is_known_petition(&petition))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 pvext_is_open_petition(&petition) ? errmsg("it is not known who asks") : errmsg("the request is closed"),
				 errdetail("Its state is \"%s\".", petition.state),
				 errhint("Only what is asked for by a subject that is known is handed out.")));
	if (petition.relation_id != relation_id || petition.digest == NULL ||
		!pvext_same_digest(petition.digest, digest))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the request is another subject's"),
				 errhint("Pass the subject and the key that the request is of.")));
}

/* What is handed out with the answer has this SHA-256. */
void
pvext_record_handed_out(const pg_uuid_t *id, const bytea *sha256)
{
	static PvextStatement update = {"UPDATE pv.request_ledger SET digest = $2 WHERE id = $1", NULL};
	PvextPetition petition;
	PvextArgs	args = {0};

	pvext_lock_open_petition(id, &petition);
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(sha256), false);
	(void) pvext_own_change(&update, &args);
	pvext_review_petition(id);
}

/*
 * Answering
 */

/* Raise for what is no answer, and for a refusal without reasons. */
static void
check_answer(const char *how, const char *reference)
{
	if (strcmp(how, "delivered") != 0 && strcmp(how, "partly") != 0 && strcmp(how, "refused") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("answer \"%s\" is not known", how),
				 errhint("The answers are delivered, partly and refused.")));
	if (strcmp(how, "refused") == 0 && reference == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a refusal needs its reasons"),
				 errhint("Pass them as reference: the person has a right to them (GDPR article 12(4)).")));
}

/*
 * Nothing is handed out to somebody of whom it is not known who that is.  Where no subject
 * is known there is nothing to hand out, and an answer says so.
 */
static void
check_who(const PvextPetition *petition, const char *how)
{
	if (!pvext_is_known_petition(petition) && petition->digest && strcmp(how, "refused") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("it is not known who asks"),
				 errhint("Record how that is known with pv.confirm_identity().")));
}

/* Has the erasure that the request has led to taken nothing yet? */
static bool
can_be_refused(const PvextPetition *petition)
{
	return strcmp(petition->erasure_state, "requested") == 0 || strcmp(petition->erasure_state, "blocked") == 0;
}

/* Has another request of the subject led to an erasure of which a part is still to come? */
static bool
is_erased_in_part(const PvextPetition *petition)
{
	static PvextStatement find = {
		"SELECT FROM pv.erasure_ledger WHERE relation_id = $1 AND subject_digest = $2 AND state IN ('partial', 'verifying')", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, petition->relation_id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(petition->digest), false);
	return pvext_own_kept(&find, &args) > 0;
}

/*
 * What an answer to a request for erasure says is so.  Of whom no key is known there is
 * nothing to erase, or nothing any more.
 */
static void
check_erasure(const PvextPetition *petition, const char *how)
{
	bool		begun = petition->erasure_state != NULL;

	if (strcmp(petition->kind, "erasure") != 0 || (!begun && petition->key == NULL))
		return;
	if (!begun && strcmp(how, "refused") != 0 && !(strcmp(how, "partly") == 0 && is_erased_in_part(petition)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing has been erased by this request"),
				 errhint("Call pv.erase_subject().")));
	if (begun && strcmp(how, "delivered") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the erasure is not complete"),
				 errdetail("Its state is \"%s\".", petition->erasure_state),
				 errhint("Once it is, the request is answered by itself; until then it can be answered partly.")));
	if (begun && strcmp(how, "refused") == 0 && !can_be_refused(petition))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the erasure has begun"),
				 errdetail("Its state is \"%s\".", petition->erasure_state),
				 errhint("Answer partly, and say what is kept and why.")));
}

/*
 * Lock the request that is answered.  The ledger of erasures comes first, as in an erasure,
 * where the answer may end one.
 */
static void
lock_to_answer(const pg_uuid_t *id, PvextPetition *petition)
{
	PvextRequest erasure;

	pvext_read_petition(id, false, petition);
	if (petition->erasure_state)
		pvext_read_request(&petition->erasure, true, &erasure);
	pvext_lock_open_petition(id, petition);
}

/*
 * pv.answer_request(request, how, reference): it was answered.  What is refused is not erased
 * later, once its blockers have gone.
 */
Datum
pvext_answer_request(PG_FUNCTION_ARGS)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger SET state = CASE $2 WHEN 'refused' THEN CAST('refused' AS pv.request_state)"
		" ELSE 'answered' END, answer = $2, answered_at = now(), reference = $3, handled_by = $4, received_as = NULL"
		" WHERE id = $1", NULL
	};
	PvextScope	scope;
	PvextPetition petition;
	PvextArgs	args = {0};
	char	   *how;
	char	   *reference;

	PreventCommandIfReadOnly("pv.answer_request()");
	pvext_require_arg(fcinfo, 0, "request");
	how = pvext_required_text(fcinfo, 1, "how");
	reference = PG_ARGISNULL(2) ? NULL : pvext_required_text(fcinfo, 2, "reference");
	check_answer(how, reference);
	pvext_enter(&scope);
	lock_to_answer(PG_GETARG_UUID_P(0), &petition);
	check_who(&petition, how);
	check_erasure(&petition, how);
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	pvext_arg_text(&args, how);
	pvext_arg_text(&args, reference);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own_change(&update, &args);
	pvext_record_petition_event("answer_request", &petition);
	if (petition.erasure_state && strcmp(how, "refused") == 0)
		pvext_end_request(&petition.erasure, reference);
	return pvext_return_petition(fcinfo, &scope, &petition.id);
}

/* pv.cancel_request(request, reason): nothing is asked for any more. */
Datum
pvext_cancel_request(PG_FUNCTION_ARGS)
{
	static PvextStatement update = {
		"UPDATE pv.request_ledger SET state = 'cancelled', reference = $2, handled_by = $3, received_as = NULL,"
		" claimed = NULL, identity_evidence = NULL WHERE id = $1", NULL
	};
	PvextScope	scope;
	PvextPetition petition;
	PvextArgs	args = {0};
	char	   *reason;

	PreventCommandIfReadOnly("pv.cancel_request()");
	pvext_require_arg(fcinfo, 0, "request");
	reason = pvext_required_text(fcinfo, 1, "reason");
	pvext_enter(&scope);
	pvext_lock_open_petition(PG_GETARG_UUID_P(0), &petition);
	if (petition.erasure_state)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the request is being carried out by an erasure"),
				 errdetail("Its state is \"%s\".", petition.erasure_state),
				 errhint("Cancel that with pv.cancel_erasure(), as long as it can be.")));
	pvext_arg(&args, UUIDOID, PG_GETARG_DATUM(0), false);
	pvext_arg_text(&args, reason);
	pvext_arg_name(&args, pvext_doer_name());
	(void) pvext_own_change(&update, &args);
	pvext_destroy_petition_keys(list_make1(&petition.id));
	pvext_record_petition_event("cancel_request", &petition);
	return pvext_return_petition(fcinfo, &scope, &petition.id);
}

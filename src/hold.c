/*
 * hold.c
 *		What keeps a subject from being erased: blockers and holds.
 *
 * A blocker is a condition, declared once, over a subject table's row or over
 * the rows of a table linked to it; verdict.c evaluates it for each subject.
 * A hold is placed on one subject, by hand.  It names the subject by digest,
 * and by key until the subject is erased.
 *
 * A condition that fails blocks, so one that fails already when it is declared
 * would block everybody: it is tried first.
 */
#include "postgres.h"
#include "message.h"

#include "access/xact.h"
#include "arg.h"
#include "belong.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "catch.h"
#include "event.h"
#include "expression.h"
#include "fmgr.h"
#include "compat.h"
#include "funcapi.h"
#include "gone.h"
#include "hold.h"
#include "key.h"
#include "miscadmin.h"
#include "others.h"
#include "relation.h"
#include "result.h"
#include "secret.h"
#include "spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* How many subjects a blocker blocks; -1 where that can't be counted. */
typedef struct BlockedCount
{
	PvextTable *subject;
	PvextBlocker *blocker;
	int64		blocked;
} BlockedCount;

/* An expression being tried. */
typedef struct Trial
{
	Oid			role;
	const char *sql;
} Trial;

PG_FUNCTION_INFO_V1(pvext_declare_blocker);
PG_FUNCTION_INFO_V1(pvext_undeclare_blocker);
PG_FUNCTION_INFO_V1(pvext_check_blockers);
PG_FUNCTION_INFO_V1(pvext_place_hold);
PG_FUNCTION_INFO_V1(pvext_release_hold);

static void
run_trial(void *arg)
{
	Trial	   *trial = arg;

	(void) pvext_run(trial->role, trial->sql, NULL);
}

/*
 * Is the error about the catalog (what doesn't exist, what is not permitted)?
 * The message of any other may hold a value of the row.
 */
static bool
is_about_catalog(ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION;
}

/*
 * Evaluate an expression over row r of up to so many rows of the table, as its
 * owner.  Raises what that raises, without a message that may hold values.
 */
void
pvext_try_expression(PvextTable *table, const char *sql, int rows,
					 const char *what)
{
	Trial		trial = {table->owner};
	ErrorData  *error;

	trial.sql = psprintf("SELECT count(s.v) FROM (SELECT (%s) AS v FROM %s AS r LIMIT %d) AS s",
						 sql, table->sql_name, rows);
	error = pvext_try(run_trial, &trial);
	if (error == NULL)
		return;
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg("%s fails on rows of %s", what, table->sql_name),
			 is_about_catalog(error) ? errdetail("The server says: %s.", error->message) : 0,
			 errhint("Try the expression in a SELECT on the table, as the table's owner.")));
}

/* Every purpose of a text[] must have been declared. */
static void
check_purposes(Datum purposes)
{
	ArrayType  *array = DatumGetArrayTypeP(purposes);
	PvextArgs	args = {0};

	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the list of purposes is empty"),
				 errhint("Leave it out to block what every purpose needs.")));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a purpose is null"),
				 errhint("Name purposes declared with pv.declare_purpose().")));
	pvext_arg(&args, TEXTARRAYOID, purposes, false);
	if (pvext_own("SELECT p FROM unnest($1) AS p WHERE NOT EXISTS"
				  " (SELECT FROM pv.purpose AS d WHERE d.name = p)", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("purpose \"%s\" is not declared", pvext_value(0, 1)),
				 errhint("Declare it with pv.declare_purpose().")));
}

/*
 * The table that a blocker's condition is over, in the map: the subject's, or
 * relid where links lead from it to the subject.
 */
static PvextTable *
blocking_table(PvextMap *map, PvextTable *subject, Oid relid)
{
	PvextTable *over;

	if (!OidIsValid(relid))
		return subject;
	over = pvext_map_table(map, relid);
	if (over == NULL || pvext_paths(over, subject) == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is not linked to %s", pvext_relation_name(relid),
						subject->sql_name),
				 relid == subject->relid ?
				 errhint("Leave the relation out for a condition over the subject's own row.") :
				 errhint("Link it to the subject, or to a table that is linked, with pv.declare_link().")));
	return over;
}

/*
 * pv.declare_blocker(subject, name, condition, reason, relation, purposes)
 */
Datum
pvext_declare_blocker(PG_FUNCTION_ARGS)
{
	Oid			subjectid,
				relid;
	char	   *name,
			   *condition,
			   *reason,
			   *bound;
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextMap   *map;
	PvextTable *subject,
			   *over;

	pvext_require_arg(fcinfo, 0, "subject");
	subjectid = PG_GETARG_OID(0);
	name = pvext_required_text(fcinfo, 1, "name");
	condition = pvext_required_text(fcinfo, 2, "condition");
	reason = pvext_required_text(fcinfo, 3, "reason");
	relid = PG_ARGISNULL(4) ? InvalidOid : PG_GETARG_OID(4);

	pvext_check_table(subjectid);
	pvext_check_owner(subjectid);
	if (OidIsValid(relid))
		pvext_check_table(relid);
	pvext_check_expression_owner(OidIsValid(relid) ? relid : subjectid);
	bound = pvext_bind(OidIsValid(relid) ? relid : subjectid,
					   OidIsValid(relid) ? get_rel_name(relid) : "subject",
					   condition, BOOLOID,
					   PVEXT_EXPR_STABLE | PVEXT_EXPR_SUBQUERY,
					   "condition of the blocker", NULL);

	pvext_enter(&scope);
	map = pvext_map();
	subject = pvext_map_subject(map, subjectid);
	over = blocking_table(map, subject, relid);
	if (!PG_ARGISNULL(5))
		check_purposes(PG_GETARG_DATUM(5));
	pvext_try_expression(over, bound, PVEXT_TRIAL_ROWS, "condition of the blocker");

	pvext_arg_int4(&args, subject->id);
	pvext_arg_text(&args, name);
	pvext_arg(&args, INT4OID, Int32GetDatum(over->id), !OidIsValid(relid));
	pvext_arg_text(&args, condition);
	pvext_arg_text(&args, bound);
	pvext_arg_name(&args, GetUserNameFromId(over->owner, false));
	pvext_arg_text(&args, reason);
	pvext_arg(&args, TEXTARRAYOID, PG_ARGISNULL(5) ? (Datum) 0 : PG_GETARG_DATUM(5),
			  PG_ARGISNULL(5));
	(void) pvext_own("WITH old AS (SELECT * FROM pv.declared_blocker WHERE relation_id = $1 AND name = $2)"
					 " INSERT INTO pv.declared_blocker AS n"
					 " (relation_id, name, over_id, condition, bound, owner, reason, purposes)"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
					 " ON CONFLICT (relation_id, name) DO UPDATE SET"
					 " (over_id, condition, bound, owner, reason, purposes)"
					 " = (excluded.over_id, excluded.condition, excluded.bound,"
					 " excluded.owner, excluded.reason, excluded.purposes)"
					 " RETURNING (SELECT (o.over_id, o.condition, o.reason, o.purposes)"
					 "  IS DISTINCT FROM (n.over_id, n.condition, n.reason, n.purposes) FROM old AS o)", &args);
	pvext_note_replaced(psprintf("blocker \"%s\" of %s", name, subject->sql_name));
	pvext_record_event(psprintf("declare_blocker(%s, %s)", subject->sql_name, name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pv.undeclare_blocker(subject, name)
 */
Datum
pvext_undeclare_blocker(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *relation = pvext_relation_name(relid);
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_check_owner(relid);
	pvext_enter(&scope);
	pvext_arg_int4(&args, pvext_relation_id(relid));
	pvext_arg_text(&args, name);
	if (pvext_own("DELETE FROM pv.declared_blocker WHERE relation_id = $1 AND name = $2",
				  &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("blocker \"%s\" of %s is not declared", name, relation),
				 errhint("The view pv.blocker shows what is.")));
	pvext_record_event(psprintf("undeclare_blocker(%s, %s)", relation, name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* SQL: a subject table with the rows that are persons, as row r. */
static char *
persons_sql(PvextTable *subject)
{
	if (subject->condition == NULL)
		return psprintf("%s AS r", subject->sql_name);
	pvext_check_bound_owner(subject, subject->condition_owner, "the condition");
	return psprintf("%s AS r WHERE (%s)", subject->sql_name, subject->condition);
}

static int64
count_persons(PvextTable *subject)
{
	pvext_check_children(subject->relid);
	(void) pvext_run(subject->owner,
					 psprintf("SELECT count(*) FROM %s", persons_sql(subject)), NULL);
	return pvext_int(0, 1);
}

/*
 * SQL: the keys held by blocking rows, by one SELECT a link; NULL where the
 * rows don't hang on the subject directly, or on different keys of it.
 */
static char *
blocked_keys_sql(PvextTable *subject, PvextBlocker *blocker)
{
	StringInfoData buf;
	const char *keys = NULL;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, pvext_paths(blocker->over, subject))
	{
		List	   *path = lfirst(lc);
		PvextLink  *link = linitial(path);
		const char *parent = pvext_join_names(link->parent_columns, ",", true);
		ListCell   *cell;

		if (list_length(path) > 1 || (keys && strcmp(keys, parent) != 0))
			return NULL;
		keys = parent;
		appendStringInfo(&buf, "%sSELECT ", buf.len > 0 ? " UNION " : "");
		foreach(cell, link->columns)
			appendStringInfo(&buf, "%sr.%s", cell == list_head(link->columns) ? "" : ", ",
							 quote_identifier(lfirst(cell)));
		appendStringInfo(&buf, " FROM %s AS r WHERE ((%s) IS NOT FALSE)",
						 blocker->over->sql_name, blocker->condition);
		foreach(cell, link->columns)
			appendStringInfo(&buf, " AND r.%s IS NOT NULL", quote_identifier(lfirst(cell)));
		appendStringInfoString(&buf, pvext_link_condition(link));
	}
	return buf.data;
}

/*
 * Count the subjects that a blocker blocks, as pvext_try()'s body.  Where the
 * rows have another owner than the subjects, only the keys that they hold can
 * be counted.
 */
static void
count_blocked(void *arg)
{
	BlockedCount *count = arg;
	PvextTable *subject = count->subject;
	PvextTable *over = count->blocker->over;
	char	   *condition = count->blocker->condition;
	Oid			role = subject->owner;
	char	   *sql;

	pvext_check_children(subject->relid);
	if (over)
		pvext_check_children(over->relid);
	pvext_check_bound_owner(over ? over : subject, count->blocker->owner, "the blocker");
	if (over == NULL)
		sql = psprintf("SELECT count(*) FILTER (WHERE (%s) IS NOT FALSE) FROM %s",
					   condition, persons_sql(subject));
	else if (pvext_same_owner(over, subject))
		sql = psprintf("SELECT count(*) FROM (SELECT r.* FROM %s) AS o"
					   " WHERE EXISTS (SELECT FROM %s AS r WHERE ((%s) IS NOT FALSE) AND (%s))",
					   persons_sql(subject), over->sql_name, condition,
					   pvext_belongs_sql(over, subject));
	else if ((sql = blocked_keys_sql(subject, count->blocker)) != NULL)
	{
		role = over->owner;
		sql = psprintf("SELECT count(*) FROM (%s) AS s", sql);
	}
	else
	{
		count->blocked = -1;
		return;
	}
	(void) pvext_run(role, sql, NULL);
	count->blocked = pvext_int(0, 1);
}

/*
 * Warn of a blocker that blocks nobody or everybody, which is seldom meant.
 */
static void
warn_of_count(PvextBlocker *blocker, int64 blocked, int64 subjects, ErrorData *error)
{
	if (error)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("blocker \"%s\" fails, and so blocks every subject", blocker->name),
				 is_about_catalog(error) ? errdetail("The server says: %s.", error->message) : 0,
				 errhint("Declare it again, with a condition that works on every row.")));
	else if (blocked == 0 && subjects > 0)
		ereport(WARNING,
				(errmsg("blocker \"%s\" blocks none of %lld subjects", blocker->name,
						(long long) subjects)));
	else if (blocked == subjects && subjects > 0)
		ereport(WARNING,
				(errmsg("blocker \"%s\" blocks all of %lld subjects", blocker->name,
						(long long) subjects)));
}

/*
 * pv.check_blockers(subject)
 */
Datum
pvext_check_blockers(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PvextScope	scope;
	PvextTable *subject;
	int64		subjects;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	subject = pvext_map_subject(pvext_map(), relid);
	subjects = count_persons(subject);
	foreach(lc, subject->blockers)
	{
		PvextBlocker *blocker = lfirst(lc);
		BlockedCount count = {subject, blocker, 0};
		ErrorData  *error = pvext_try(count_blocked, &count);
		int64		blocked = error ? subjects : count.blocked;
		Datum		values[3] = {CStringGetTextDatum(blocker->name),
		Int64GetDatum(blocked), Int64GetDatum(subjects)};
		bool		nulls[3] = {false, blocked < 0, false};

		warn_of_count(blocker, blocked, subjects, error);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	pvext_leave(&scope);
	return (Datum) 0;
}

/*
 * pv.place_hold(subject, key, reason, expires)
 *
 * The row's lock is the one that an erasure takes first: a hold is either seen
 * by the erasure, or waits and finds the subject erased.  So it is with erasures of others
 * who share rows with the subject (others.c).
 */
Datum
pvext_place_hold(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextTable *subject;
	char	   *reason,
			   *key;
	bytea	   *digest;
	int64		hold;

	pvext_require_arg(fcinfo, 0, "subject");
	reason = pvext_required_text(fcinfo, 2, "reason");
	if (!PG_ARGISNULL(3) && PG_GETARG_TIMESTAMPTZ(3) <= GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the hold would have expired already"),
				 errhint("Pass a time in the future, or none for a hold until released.")));

	pvext_enter(&scope);
	pvext_begin_hold();
	subject = pvext_map_subject(pvext_map(), PG_GETARG_OID(0));
	key = pvext_find_subject(subject, pvext_key_arg(fcinfo, 1), PVEXT_TO_HOLD);
	if (key == NULL)
		key = pvext_lock_gone(subject, pvext_key_arg(fcinfo, 1));
	if (key == NULL)
		pvext_unknown_key(subject);
	digest = pvext_subject_digest(subject->id, key);

	pvext_arg_int4(&args, subject->id);
	pvext_arg_text(&args, key);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_text(&args, reason);
	pvext_arg_name(&args, pvext_doer_name());
	pvext_arg(&args, TIMESTAMPTZOID, PG_ARGISNULL(3) ? (Datum) 0 : PG_GETARG_DATUM(3),
			  PG_ARGISNULL(3));
	(void) pvext_own("INSERT INTO pv.hold"
					 " (relation_id, key, subject_digest, reason, placed_by, expires)"
					 " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id", &args);
	hold = pvext_int(0, 1);
	pvext_record_event(psprintf("place_hold(%s)", subject->sql_name), digest);
	pvext_leave(&scope);
	PG_RETURN_INT64(hold);
}

/*
 * pv.release_hold(hold, reason)
 */
Datum
pvext_release_hold(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	int64		hold;
	char	   *reason;
	bytea	   *digest;
	bool		isnull;

	pvext_require_arg(fcinfo, 0, "hold");
	hold = PG_GETARG_INT64(0);
	reason = pvext_required_text(fcinfo, 1, "reason");

	pvext_enter(&scope);
	pvext_arg(&args, INT8OID, Int64GetDatum(hold), false);
	if (pvext_own("SELECT subject_digest, released_at IS NOT NULL"
				  " FROM pv.hold WHERE id = $1 FOR UPDATE", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no hold %lld", (long long) hold),
				 errhint("The table pv.hold shows the holds.")));
	if (pvext_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("hold %lld has been released before", (long long) hold)));
	digest = DatumGetByteaPCopy(pvext_datum(0, 1, &isnull));
	pvext_arg_name(&args, pvext_doer_name());
	pvext_arg_text(&args, reason);
	(void) pvext_own("UPDATE pv.hold SET released_at = now(), released_by = $2,"
					 " release_reason = $3 WHERE id = $1", &args);
	pvext_record_event(psprintf("release_hold(%lld)", (long long) hold), digest);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * Is there a hold, in force or not, on any of the subjects?  Nobody can place
 * one while their rows are locked.
 */
bool
pvext_any_held(List *subject_digests)
{
	static PvextStatement select = {
		"SELECT EXISTS (SELECT FROM pv.hold WHERE subject_digest = ANY ($1))", NULL
	};
	PvextArgs	args = {0};

	if (pvext_never_used("hold"))
		return false;
	pvext_arg_digests(&args, subject_digests);
	(void) pvext_own_kept(&select, &args);
	return pvext_bool(0, 1);
}

/* Is a hold in force on any subject of a table (its id in pv.relation)? */
bool
pvext_any_hold(int32 relation_id)
{
	static PvextStatement select = {
		"SELECT EXISTS (SELECT FROM pv.hold WHERE relation_id = $1 AND released_at IS NULL"
		" AND (expires IS NULL OR expires > now()))", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, relation_id);
	(void) pvext_own_kept(&select, &args);
	return pvext_bool(0, 1);
}

/* On which of the subjects is a hold in force? */
bool *
pvext_which_held(List *subject_digests)
{
	static PvextStatement select = {
		"SELECT d.n FROM unnest($1) WITH ORDINALITY AS d(digest, n)"
		" WHERE EXISTS (SELECT FROM pv.hold AS h WHERE h.subject_digest = d.digest"
		"  AND h.released_at IS NULL AND (h.expires IS NULL OR h.expires > now()))", NULL
	};
	PvextArgs	args = {0};
	bool	   *held = palloc0(sizeof(bool) * Max(list_length(subject_digests), 1));
	uint64		n;

	pvext_arg_digests(&args, subject_digests);
	n = pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < n; i++)
		held[pvext_int(i, 1) - 1] = true;
	return held;
}

/*
 * The holds in force on a subject, as texts such as "hold 12: court case".
 * *any says whether there are holds at all, expired and released ones too.
 */
List *
pvext_held_by(const bytea *subject_digest, bool *any)
{
	static PvextStatement select = {
		"SELECT 'hold ' || id || ': ' || reason,"
		" released_at IS NULL AND (expires IS NULL OR expires > now())"
		" FROM pv.hold WHERE subject_digest = $1 ORDER BY id", NULL
	};
	PvextArgs	args = {0};
	List	   *holds = NIL;
	uint64		n;

	*any = false;
	if (pvext_never_used("hold"))
		return NIL;
	pvext_arg(&args, BYTEAOID, PointerGetDatum(subject_digest), false);
	n = pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < n; i++)
		if (pvext_bool(i, 2))
			holds = lappend(holds, pvext_value(i, 1));
	*any = n > 0;
	SPI_freetuptable(SPI_tuptable);
	return holds;
}

/*
 * After a subject's erasure: its holds, released or expired ones too, no
 * longer name its key, and know it by its digest from now on.
 */
void
pvext_forget_held_key(const bytea *former, const bytea *digest)
{
	static PvextStatement update = {
		"UPDATE pv.hold SET key = NULL, subject_digest = $2"
		" WHERE subject_digest = $1", NULL
	};
	PvextArgs	args = {0};

	pvext_arg(&args, BYTEAOID, PointerGetDatum(former), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	(void) pvext_own_kept(&update, &args);
}

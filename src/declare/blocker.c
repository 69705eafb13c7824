/*
 * blocker.c
 *		Declaring blockers: conditions under which a subject is not to be erased.
 *
 * A blocker is a condition, declared once, over a subject table's row or over
 * the rows of a table linked to it; verdict.c evaluates it for each subject.
 * A condition that fails blocks, so one that fails already when it is declared
 * would block everybody: it is tried first.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/expression.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "declare/undeclare.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "map/purpose.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

/* How many subjects a blocker blocks; -1 where that can't be counted. */
typedef struct BlockedCount
{
	PvextTable *subject;
	PvextBlocker *blocker;
	int64		blocked;
} BlockedCount;

PG_FUNCTION_INFO_V1(pvext_declare_blocker);
PG_FUNCTION_INFO_V1(pvext_undeclare_blocker);
PG_FUNCTION_INFO_V1(pvext_check_blockers);

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
 * pv.declare_blocker(subject, name, condition, reason, relation, purposes): declare what
 * keeps subjects from being erased, or change it.
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
	relid = pvext_relation_arg(fcinfo, 4, "relation");

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
		pvext_check_purposes(PG_GETARG_DATUM(5), "Leave it out to block what every purpose needs.");
	pvext_try_expression(over->owner, over->sql_name, bound, PVEXT_TRIAL_ROWS, "condition of the blocker");

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

/* pv.undeclare_blocker(subject, name): take a blocker away. */
Datum
pvext_undeclare_blocker(PG_FUNCTION_ARGS)
{
	if (!pvext_undeclare_by_name(fcinfo, "DELETE FROM pv.declared_blocker WHERE relation_id = $1 AND name = $2",
								 "undeclare_blocker"))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("blocker \"%s\" of %s is not declared", text_to_cstring(PG_GETARG_TEXT_PP(1)),
						pvext_relation_name(PG_GETARG_OID(0))),
				 errhint("The view pv.blocker shows what is.")));
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

/* How many rows of the subject table are persons; as its owner. */
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
		int			width = list_length(link->parent_columns);

		if (list_length(path) > 1 || (keys && strcmp(keys, parent) != 0))
			return NULL;
		keys = parent;
		appendStringInfo(&buf, "%sSELECT ", buf.len > 0 ? " UNION " : "");
		for (int n = 0; n < width; n++)
			appendStringInfo(&buf, link->elements ? "%sunnest(%s)" : "%s%s", n > 0 ? ", " : "",
							 pvext_link_value(link, n, "r"));
		appendStringInfo(&buf, " FROM %s AS r WHERE ((%s) IS NOT FALSE)",
						 blocker->over->sql_name, blocker->condition);
		for (int n = 0; n < width; n++)
			appendStringInfo(&buf, " AND %s IS NOT NULL", pvext_link_value(link, n, "r"));
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
				 pvext_is_about_catalog(error) ? errdetail("The server says: %s.", error->message) : 0,
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

/* pv.check_blockers(subject): how many subjects each blocks now. */
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

/*
 * subject.c
 *		Subjects: tables whose rows are persons.
 *
 * A subject is known by a key: as text in what holds, requests, consents and agreements
 * say of it, and by keyed digests of that text where the person is not to be named.  So
 * the columns must name one row, and cannot become others as long as consents or
 * agreements know somebody by them; whoever is recording one is waited for.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/expression.h"
#include "base/relation.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "consent/opt_in.h"
#include "consent/recording.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "rule/hold.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(pvext_declare_subject);
PG_FUNCTION_INFO_V1(pvext_undeclare_subject);

/*
 * The key to name subjects by: what was asked for, or the primary key.  It
 * must name one row, so the columns must be unique; a row with a NULL among
 * them cannot be named.
 */
static List *
check_key(Oid relid, List *key)
{
	ListCell   *lc;

	if (key == NIL)
		key = pvext_primary_key(relid);
	if (key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("table %s has no primary key", pvext_relation_name(relid)),
				 errhint("Name the columns of another unique key.")));
	foreach(lc, key)
	{
		Oid			type;

		(void) pvext_column(relid, lfirst(lc), &type, NULL);
		if (pvext_equality(type, type) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of type %s cannot be a key",
							(char *) lfirst(lc), format_type_be(type)),
					 errhint("Name columns of a type that has an equality operator.")));
	}
	if (!pvext_is_unique(relid, key))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("columns %s of table %s are not unique",
						pvext_join_names(key, ", ", true), pvext_relation_name(relid)),
				 errhint("Create a unique index on them that is neither partial nor on an expression, or name other columns.")));
	return key;
}

/*
 * Consents and agreements name subjects by key, and must go on to mean them.
 * Once nobody can add any, raise where there are some.  Links that were sent
 * out for the keys die.
 */
static void
forget_keys(Oid relid, int32 id, const char *hint)
{
	PvextArgs	args = {0};

	pvext_stop_new_consents();
	(void) pvext_own("LOCK TABLE pv.agreement_state IN SHARE MODE", NULL);
	pvext_arg_int4(&args, id);
	if (pvext_own("(SELECT FROM pv.consent_state WHERE relation_id = $1 AND key IS NOT NULL LIMIT 1)"
				  " UNION ALL (SELECT FROM pv.agreement_state WHERE relation_id = $1"
				  "  AND key IS NOT NULL LIMIT 1)", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("consents or agreements name subjects of table %s by their key",
						pvext_relation_name(relid)),
				 errhint("%s", hint)));
	pvext_forget_tokens(id);
}

/*
 * The same of holds, which must go on to keep whom they are on, and of open requests.  As
 * above, nobody adds one before the transaction has ended.  The ledger is locked after
 * consents, as an erasure does.
 */
static void
check_no_holds(Oid relid, int32 id)
{
	PvextArgs	args = {0};

	pvext_keep_holds();
	(void) pvext_own("LOCK TABLE pv.erasure_ledger IN SHARE MODE", NULL);
	pvext_arg_int4(&args, id);
	if (pvext_own("SELECT FROM pv.hold WHERE relation_id = $1 AND released_at IS NULL"
				  " UNION ALL SELECT FROM pv.erasure_ledger WHERE relation_id = $1"
				  "  AND state NOT IN ('completed', 'cancelled')", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("holds or open requests name subjects of table %s by their key",
						pvext_relation_name(relid)),
				 errhint("Keep the key that the table is declared with, or release the holds, and complete or cancel the erasures, first.")));
}

/*
 * The same of the register of what persons ask for, which goes on to say who they are until
 * they are erased.  Last: an erasure writes it after its ledger.
 */
static void
check_no_petitions(Oid relid, int32 id, const char *hint)
{
	PvextArgs	args = {0};

	(void) pvext_own("LOCK TABLE pv.request_ledger IN SHARE MODE", NULL);
	pvext_arg_int4(&args, id);
	if (pvext_own("SELECT FROM pv.request_ledger WHERE relation_id = $1 AND key IS NOT NULL LIMIT 1", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("requests in the register name subjects of table %s by their key",
						pvext_relation_name(relid)),
				 errhint("%s", hint)));
}

/* Raise where subjects are on record by another key than this. */
static void
check_same_key(Oid relid, int32 id, List *key)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	pvext_arg_names(&args, key, false);
	if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1 AND key <> $2",
				  &args) == 0)
		return;
	/* An erasure that has seen the old key is waited for; one that comes reads the map anew. */
	LockRelationOid(relid, ShareLock);
	forget_keys(relid, id, "Keep the key that the table is declared with.");
	check_no_holds(relid, id);
	check_no_petitions(relid, id, "Keep the key that the table is declared with.");
}

/*
 * pv.declare_subject(relation, key, description, condition): declare that rows are
 * persons, or change what is declared of it.
 *
 * The condition is bound before pvext_enter(), by the caller's own search_path, and then
 * tried as the table's owner.
 */
Datum
pvext_declare_subject(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	Oid			relid;
	int32		id;
	List	   *key = NIL;
	char	   *condition = pvext_text_arg(fcinfo, 3);
	char	   *bound = NULL;

	pvext_require_arg(fcinfo, 0, "relation");
	relid = PG_GETARG_OID(0);
	if (!PG_ARGISNULL(1))
		key = pvext_names_arg(fcinfo, 1);
	pvext_check_table(relid);
	pvext_check_owner(relid);
	if (condition)
	{
		pvext_check_expression_owner(relid);
		bound = pvext_bind(relid, get_rel_name(relid), condition, BOOLOID,
						   PVEXT_EXPR_STABLE, "condition of the subject", NULL);
	}
	key = check_key(relid, key);

	pvext_enter(&scope);
	if (bound)
		(void) pvext_run(pvext_owner(relid),
						 psprintf("SELECT (%s) FROM (SELECT * FROM %s LIMIT 1000) AS r",
								  bound, pvext_relation_name(relid)), NULL);
	id = pvext_register_relation(relid);
	check_same_key(relid, id, key);
	pvext_arg_int4(&args, id);
	pvext_arg_names(&args, key, false);
	pvext_arg_text(&args, pvext_text_arg(fcinfo, 2));
	pvext_arg_text(&args, condition);
	pvext_arg_text(&args, bound);
	pvext_arg_name(&args, bound ? GetUserNameFromId(pvext_owner(relid), false) : NULL);
	(void) pvext_own("WITH old AS (SELECT * FROM pv.declared_subject WHERE relation_id = $1)"
					 " INSERT INTO pv.declared_subject AS n VALUES ($1, $2, $3, $4, $5, $6)"
					 " ON CONFLICT (relation_id) DO UPDATE SET key = excluded.key,"
					 " description = excluded.description, condition = excluded.condition,"
					 " bound = excluded.bound, owner = excluded.owner"
					 " RETURNING (SELECT (o.key, o.description, o.condition)"
					 "  IS DISTINCT FROM (n.key, n.description, n.condition) FROM old AS o)", &args);
	pvext_note_replaced(psprintf("subject %s", pvext_relation_name(relid)));
	pvext_record_event(psprintf("declare_subject(%s)", pvext_relation_name(relid)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pv.undeclare_subject(relation): take a subject table back that no hold, blocker or open
 * request needs.
 */
Datum
pvext_undeclare_subject(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	PvextScope	scope;
	PvextArgs	args = {0};
	int32		id;

	pvext_check_owner(relid);
	pvext_enter(&scope);
	id = pvext_relation_id(relid);
	forget_keys(relid, id, "The table stays declared until those subjects have been erased.");
	pvext_arg_int4(&args, id);
	if (pvext_own("SELECT FROM pv.declared_blocker WHERE relation_id = $1"
				  " UNION ALL SELECT FROM pv.hold WHERE relation_id = $1 AND released_at IS NULL"
				  " UNION ALL SELECT FROM pv.erasure_ledger WHERE relation_id = $1"
				  "  AND state NOT IN ('completed', 'cancelled')", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("subject table %s is still needed", pvext_relation_name(relid)),
				 errhint("Undeclare its blockers, release its holds, and complete or cancel its erasures first.")));
	check_no_petitions(relid, id, "The table stays declared until those subjects have been erased.");
	if (pvext_own("DELETE FROM pv.declared_subject WHERE relation_id = $1", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is not declared as a subject", pvext_relation_name(relid)),
				 errhint("pv.subject lists those that are.")));
	pvext_record_event(psprintf("undeclare_subject(%s)", pvext_relation_name(relid)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

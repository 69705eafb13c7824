/*
 * orphan.c
 *		Declarations of tables that have been dropped.
 *
 * They stay, so that a table that is made anew under its name is mapped as the
 * one before was; who knows that none will come takes them away here.  What the
 * ledgers know of its subjects stays.
 *
 * Consents, holds and requests go with them.  So only a table of the same owner takes
 * them up by itself: whoever may create a table in the schema could get them by its
 * name.  Of any other, pv.resume() says that it is the same.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "declare/orphan.h"
#include "fmgr.h"
#include "map/stand_in.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pvext_take_up_orphan);
PG_FUNCTION_INFO_V1(pvext_undeclare_orphan);

/*
 * Let tables of an orphan's name and owner, or with confirmed of its name alone, take up
 * its declarations.  Returns the ids in pv.relation.  Between pvext_enter() and
 * pvext_leave().
 */
List *
pvext_take_up_orphans(bool confirmed)
{
	static PvextStatement find = {
		"SELECT min(r.id)" PVEXT_NAMESAKES " AND ($1 OR r.owner = pg_get_userbyid(c.relowner))"
		" GROUP BY c.oid ORDER BY 1", NULL
	};
	PvextArgs	args = {0};
	List	   *ids = NIL;
	ListCell   *lc;

	pvext_arg_bool(&args, confirmed);
	if (pvext_own_kept(&find, &args) == 0)
		return NIL;
	for (uint64 i = 0; i < SPI_processed; i++)
		ids = lappend_int(ids, (int) pvext_int(i, 1));
	foreach(lc, ids)
	{
		PvextArgs	id = {0};

		pvext_arg_int4(&id, lfirst_int(lc));
		(void) pvext_own("UPDATE pv.relation AS u SET relation = f.relid, owner = f.owner FROM ("
						 "SELECT r.id, c.oid AS relid, pg_get_userbyid(c.relowner) AS owner" PVEXT_NAMESAKES
						 ") AS f WHERE u.id = $1 AND f.id = $1 RETURNING"
						 " format('%I.%I', u.schema, u.name), u.owner", &id);
		if (confirmed && SPI_processed > 0)
			ereport(NOTICE,
					(errmsg("table %s of role \"%s\" takes up the declarations, consents and requests of the one before",
							pvext_value(0, 1), pvext_value(0, 2))));
	}
	return ids;
}

/*
 * Take over who owns the tables now.  In a restored database the owners may be others, and
 * whoever resumes is told (tell).  Between pvext_enter() and pvext_leave().
 */
void
pvext_refresh_owners(bool tell)
{
	static PvextStatement find = {
		"SELECT format('%I.%I', r.schema, r.name), pg_get_userbyid(c.relowner), r.owner"
		" FROM pv.relation AS r JOIN pg_class AS c ON c.oid = r.relation"
		" WHERE r.owner <> pg_get_userbyid(c.relowner) ORDER BY 1", NULL
	};
	uint64		n = pvext_own_kept(&find, NULL);

	if (n == 0)
		return;					/* the transaction may be one that only reads */
	for (uint64 i = 0; tell && i < n; i++)
		ereport(NOTICE,
				(errmsg("table %s belongs to role \"%s\", and belonged to role \"%s\" when it was dumped",
						pvext_value(i, 1), pvext_value(i, 2), pvext_value(i, 3))));
	(void) pvext_own("UPDATE pv.relation AS r SET owner = pg_get_userbyid(c.relowner) FROM pg_class AS c"
					 " WHERE c.oid = r.relation AND r.owner <> pg_get_userbyid(c.relowner)", NULL);
}

/* What a table's declarations, and those that refer to it, are kept in. */
static const char *const deletions[] = {
	"DELETE FROM pv.declared_personal WHERE relation_id = $1",
	"DELETE FROM pv.not_personal WHERE relation_id = $1",
	"DELETE FROM pv.declared_not_link WHERE relation_id = $1",
	"DELETE FROM pv.declared_retention WHERE relation_id = $1 OR over_id = $1 OR through_id = $1",
	"DELETE FROM pv.declared_blocker WHERE relation_id = $1 OR over_id = $1",
	"DELETE FROM pv.declared_link WHERE relation_id = $1 OR parent_id = $1",
	"DELETE FROM pv.declared_subject WHERE relation_id = $1"
};

/* Delete them; returns how many there were.  Between pvext_enter() and pvext_leave(). */
uint64
pvext_delete_declarations(int32 relation_id)
{
	PvextArgs	args = {0};
	uint64		n = 0;

	pvext_arg_int4(&args, relation_id);
	for (int i = 0; i < lengthof(deletions); i++)
		n += pvext_own(deletions[i], &args);
	return n;
}

/* Raise: nothing is declared of such a table, or it is there. */
static void
no_orphan(const char *schema, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there are no declarations of a dropped table %s",
					quote_qualified_identifier(schema, name)),
			 errhint("pv.check_map() lists those that there are; what is declared of a table that is there is undeclared one by one.")));
}

/* The id of the orphan of a name, which is locked; it was owner's.  Raises where there is none. */
static int32
find_orphan(const char *schema, const char *name, char **owner)
{
	PvextArgs	names = {0};

	pvext_arg_name(&names, schema);
	pvext_arg_name(&names, name);
	if (pvext_own("SELECT r.id, r.owner FROM pv.relation AS r WHERE schema = $1 AND name = $2"
				  " AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.relation)"
				  " AND " PVEXT_IS_DECLARED " ORDER BY 1 FOR UPDATE", &names) == 0)
		no_orphan(schema, name);
	*owner = pvext_value(0, 2);
	return (int32) pvext_int(0, 1);
}

/* Whoever the orphan's owner was must own the table, and nothing be declared of it. */
static void
check_successor(Oid relid, const char *owner)
{
	pvext_check_table(relid);
	if (strcmp(GetUserNameFromId(pvext_owner(relid), false), owner) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("table %s is not owned by role \"%s\", whose table was dropped",
						pvext_relation_name(relid), owner),
				 errhint("Give it to that role first; expressions are bound to their owner.")));
	if (pvext_relation_id(relid) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("table %s has declarations of its own", pvext_relation_name(relid)),
				 errhint("Call pv.undeclare_orphan() for those of the dropped table.")));
}

/*
 * pv.take_up_orphan(schema, name, relation): let a table take up what is declared of one
 * that was dropped.
 */
Datum
pvext_take_up_orphan(PG_FUNCTION_ARGS)
{
	const char *schema = NameStr(*PG_GETARG_NAME(0));
	const char *name = NameStr(*PG_GETARG_NAME(1));
	Oid			relid = PG_GETARG_OID(2);
	PvextArgs	args = {0};
	PvextScope	scope;
	char	   *owner;
	int32		id;

	pvext_enter(&scope);
	LockRelationOid(relid, AccessShareLock);	/* it is there, and whose it is, until the end */
	id = find_orphan(schema, name, &owner);
	check_successor(relid, owner);
	pvext_arg_int4(&args, id);
	pvext_arg_oid(&args, REGCLASSOID, relid);
	(void) pvext_own("UPDATE pv.relation AS r SET relation = $2, schema = n.nspname, name = c.relname, former = '{}'"
					 " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
					 " WHERE r.id = $1 AND c.oid = $2", &args);
	(void) pvext_own("DELETE FROM pv.part WHERE relation_id = $1 AND relation = $2", &args);
	pvext_note_parts();
	pvext_complete_audit();
	pvext_record_event(psprintf("take_up_orphan(%s, %s)", quote_qualified_identifier(schema, name),
								pvext_relation_name(relid)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pv.undeclare_orphan(schema, name): take back all that is declared of one that was
 * dropped.
 */
Datum
pvext_undeclare_orphan(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	names = {0};
	SPITupleTable *found;
	uint64		ids;
	const char *schema = NameStr(*PG_GETARG_NAME(0));
	const char *name = NameStr(*PG_GETARG_NAME(1));
	uint64		n = 0;

	pvext_enter(&scope);
	pvext_arg_name(&names, schema);
	pvext_arg_name(&names, name);
	ids = pvext_own("SELECT id FROM pv.relation AS r WHERE schema = $1 AND name = $2"
					" AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.relation)"
					" FOR UPDATE", &names);
	found = SPI_tuptable;
	for (uint64 row = 0; row < ids; row++)
	{
		SPI_tuptable = found;
		n += pvext_delete_declarations((int32) pvext_int(row, 1));
	}
	if (n == 0)
		no_orphan(schema, name);
	pvext_record_event(psprintf("undeclare_orphan(%s)",
								quote_qualified_identifier(schema, name)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

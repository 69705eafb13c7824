/*
 * relation.c
 *		Tables of schema pv, and the tables that its pv.relation names.
 *
 * What is declared of a table names it by its id in pv.relation, which a dump keeps.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/table_part.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * A relation of schema pv by its name; InvalidOid where it isn't there, as once
 * the extension has been dropped.
 */
Oid
pvext_own_relation(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("pv", true));
}

/*
 * For heap functions that write a table of schema pv with a TOAST table: what they
 * put there is looked at by a snapshot, of which there is none when a transaction or
 * a savepoint ends.  Returns if one was pushed, for the caller to pop.
 */
bool
pvext_ensure_snapshot(void)
{
	if (HaveRegisteredOrActiveSnapshot())
		return false;
	PushActiveSnapshot(GetTransactionSnapshot());
	return true;
}

/* Has a table of schema pv never had a row?  Cheaper than to look for one. */
bool
pvext_never_used(const char *name)
{
	Relation	rel = table_open(pvext_own_relation(name), AccessShareLock);
	bool		empty = RelationGetNumberOfBlocks(rel) == 0;

	table_close(rel, AccessShareLock);
	return empty;
}

/*
 * The id of a relation in pv.relation, 0 where no declaration names it.  Between
 * pvext_enter() and pvext_leave().
 */
int32
pvext_relation_id(Oid relid)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, REGCLASSOID, relid);
	if (pvext_own("SELECT id FROM pv.relation WHERE relation OPERATOR(pg_catalog.=) $1",
				  &args) == 0)
		return 0;
	return (int32) pvext_int(0, 1);
}

/*
 * The relation of an id in pv.relation; raises where it is an orphan.  Between
 * pvext_enter() and pvext_leave().
 */
Oid
pvext_relation_by_id(int32 id)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	if (pvext_own("SELECT relation FROM pv.relation WHERE id = $1 AND relation IS NOT NULL",
				  &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the subject's table has been dropped"),
				 errhint("pv.check_map() lists such orphans.")));
	return (Oid) pvext_int(0, 1);
}

/*
 * The id of a relation in pv.relation, entered there if need be.  A dropped table's
 * declarations are taken up by the table that has its name and owner again.  Between
 * pvext_enter() and pvext_leave().
 */
int32
pvext_register_relation(Oid relid)
{
	PvextArgs	args = {0};
	int32		id = pvext_relation_id(relid);

	if (id != 0)
		return id;
	pvext_arg_oid(&args, REGCLASSOID, relid);
	pvext_arg_name(&args, get_namespace_name(get_rel_namespace(relid)));
	pvext_arg_name(&args, get_rel_name(relid));
	pvext_arg_name(&args, GetUserNameFromId(pvext_owner(relid), false));
	if (pvext_own("UPDATE pv.relation SET relation = $1 WHERE id = (SELECT min(id) FROM pv.relation"
				  " WHERE relation IS NULL AND schema = $2 AND name = $3 AND owner = $4)"
				  " RETURNING id", &args) == 0)
		(void) pvext_own("INSERT INTO pv.relation (relation, schema, name, owner)"
						 " VALUES ($1, $2, $3, $4) RETURNING id", &args);
	id = (int32) pvext_int(0, 1);
	pvext_note_parts();
	return id;
}

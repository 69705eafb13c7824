/*
 * foreign_rows.c
 *		Tables whose rows are not in this server's files, or not in files that pvext knows.
 *
 * A statement reaches the rows of a foreign partition or of a table that Citus has
 * distributed.  A scrub does not: what it would find here is an empty shell, and a
 * receipt for that would be a lie.  Nor does a purge, which reads the files.  Neither does it know the pages of other table
 * access methods than heap.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/foreign_rows.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/*
 * Tables of a set of (id, relation) and why they are elsewhere, in one query; %s is
 * where the set comes from.  Citus says in pg_dist_partition what it has distributed;
 * somebody else's table of that name says nothing.
 */
#define ELSEWHERE \
	"SELECT CAST(CAST(c.oid AS regclass) AS text)," \
	" CASE WHEN c.relkind = 'f' THEN 'foreign' WHEN c.oid = ANY ($1) THEN 'distributed'" \
	"  ELSE (SELECT m.amname FROM pg_am AS m WHERE m.oid = c.relam) END," \
	" c.relkind = 'f' OR c.oid = ANY ($1)" \
	" FROM pg_class AS c WHERE c.oid IN (SELECT relation FROM %s)" \
	" AND (c.relkind = 'f' OR c.oid = ANY ($1)" \
	"  OR c.relkind = 'r' AND c.relam NOT IN (SELECT m.oid FROM pg_am AS m WHERE m.amname = 'heap'))" \
	" ORDER BY 1"

/* The tables of the map, with their partitions and children. */
#define MAPPED \
	"(WITH RECURSIVE mapped (relation) AS (" \
	" SELECT CAST(r.relation AS oid) FROM pv.relation AS r WHERE r.relation IS NOT NULL" \
	"  AND r.id IN (SELECT relation_id FROM pv.declared_subject" \
	"   UNION SELECT relation_id FROM pv.declared_link UNION SELECT relation_id FROM pv.declared_personal)" \
	" UNION SELECT i.inhrelid FROM mapped AS m JOIN pg_inherits AS i ON i.inhparent = m.relation)" \
	" SELECT relation FROM mapped) AS s"

/* Can there be tables that Citus has distributed: is there a table of that name, anybody's? */
static bool
may_be_distributed(void)
{
	CatCList   *named = SearchSysCacheList1(RELNAMENSP, CStringGetDatum("pg_dist_partition"));
	bool		any = named->n_members > 0;

	ReleaseSysCacheList(named);
	return any;
}

/* The tables that Citus has distributed, as oid[]. */
static void
arg_distributed(PvextArgs *args)
{
	char	   *sql;
	bool		isnull;

	if (!may_be_distributed())
	{
		pvext_arg(args, OIDARRAYOID, PointerGetDatum(construct_empty_array(OIDOID)), false);
		return;
	}
	(void) pvext_own("SELECT 'SELECT coalesce(array_agg(d), ''{}'') FROM (SELECT CAST(NULL AS oid) AS d WHERE false'"
					 " || coalesce(string_agg(format(' UNION ALL SELECT CAST(logicalrelid AS oid) FROM %s',"
					 "  CAST(c.oid AS regclass)), ''), '') || ') AS s'"
					 " FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'logicalrelid'"
					 "  AND a.atttypid = CAST('regclass' AS regtype)"
					 " JOIN pg_roles AS o ON o.oid = c.relowner AND o.rolsuper"
					 " WHERE c.relname = 'pg_dist_partition' AND c.relkind IN ('r', 'v')", NULL);
	sql = pvext_value(0, 1);
	(void) pvext_own(sql, NULL);
	pvext_arg(args, OIDARRAYOID, pvext_datum(0, 1, &isnull), false);
}

/*
 * Declared tables that a scrub does not reach, or an erasure only as far as others let
 * it.  Between pvext_enter() and pvext_leave().
 */
void
pvext_check_elsewhere(PvextCheck *check)
{
	PvextArgs	args = {0};
	uint64		n;

	arg_distributed(&args);
	n = pvext_own(psprintf(ELSEWHERE, MAPPED), &args);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *why = pvext_value(i, 2);

		if (strcmp(why, "foreign") == 0)
			pvext_add_finding(check, pvext_value(i, 1), NULL, false,
							  "its rows are on another server: an erasure reaches them by the foreign data wrapper, a scrub does not",
							  "Take its files, backups and log there into account.");
		else if (strcmp(why, "distributed") == 0)
			pvext_add_finding(check, pvext_value(i, 1), NULL, true,
							  "its rows are on other nodes: it is distributed, and pvext does not support that",
							  "Use pvext in the databases of the nodes, or undistribute the table.");
		else
			pvext_add_finding(check, pvext_value(i, 1), NULL, false,
							  psprintf("its pages are those of access method \"%s\", which a scrub does not know", why),
							  NULL);
	}
}

/* Is a table foreign, or one of its partitions and children? */
bool
pvext_is_foreign(Oid relid)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
			return true;
	return false;
}

/*
 * Refuse to look for rows of a table in its files, where they are not in its own or not
 * in those of its partitions and children.  Between pvext_enter() and pvext_leave().
 */
void
pvext_check_rows_here(Oid relid)
{
	PvextArgs	args = {0};

	if (!may_be_distributed() && !pvext_is_foreign(relid))
		return;
	arg_distributed(&args);
	pvext_arg_oid(&args, OIDOID, relid);
	if (pvext_own("WITH RECURSIVE tree (relation) AS (SELECT $2"
				  "  UNION SELECT i.inhrelid FROM tree AS t JOIN pg_inherits AS i ON i.inhparent = t.relation)"
				  " SELECT CAST(CAST(c.oid AS regclass) AS text) FROM pg_class AS c"
				  " WHERE c.oid IN (SELECT relation FROM tree) AND (c.relkind = 'f' OR c.oid = ANY ($1))"
				  " ORDER BY 1 LIMIT 1", &args) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a purge does not reach the rows of %s, which are on another server", pvext_value(0, 1)),
			 errhint("Let a rule purge them where they are, and detach it from the table here.")));
}

/*
 * Refuse a scrub of what is elsewhere.  What is not in its scope, since nothing of it is
 * erased, may be.  Between pvext_enter() and pvext_leave().
 */
void
pvext_refuse_elsewhere(void)
{
	PvextArgs	args = {0};
	char	   *name;

	arg_distributed(&args);
	if (pvext_own(psprintf(ELSEWHERE, "pv.scrub_scope AS s"), &args) == 0)
		return;
	name = pvext_value(0, 1);
	if (pvext_bool(0, 3))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows of %s are not in this server's files", name),
				 strcmp(pvext_value(0, 2), "foreign") == 0 ?
				 errdetail("It is a foreign table.") :
				 errdetail("It is a distributed table, whose rows are on other nodes."),
				 errhint("Scrub them where they are. Here, a receipt is given only for what is here.")));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s cannot be scrubbed", name),
			 errdetail("What the pages of access method \"%s\" hold is not known.", pvext_value(0, 2))));
}

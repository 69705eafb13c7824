/*
 * replica_identity.c
 *		What logical replication asks of tables whose rows are erased.
 *
 * The server refuses to update or delete rows of a table that publishes this and has no
 * replica identity, or one that the publication's row filters and column lists do not
 * agree with.  An erasure finds that only when it comes to the table: so what the server would
 * say is asked here, after the declaration, after DDL, and by pv.check_map().
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/result.h"
#include "base/spi.h"
#include "declare/replica_identity.h"
#include "declare/writable.h"
#include "executor/executor.h"

/* A command on a table, as pvext_try()'s argument. */
typedef struct Write
{
	Oid			relid;
	CmdType		command;
} Write;

/* Tables with rows that are written to, and how.  Nothing where nothing is published. */
#define WRITTEN \
	PVEXT_WRITTEN ", tree (relation, deletes) AS (SELECT CAST(r.relation AS oid), w.deletes FROM written AS w" \
	"  JOIN pv.relation AS r ON r.id = w.id WHERE r.relation IS NOT NULL AND " PVEXT_ONLY \
	"  UNION SELECT i.inhrelid, t.deletes FROM tree AS t JOIN pg_inherits AS i ON i.inhparent = t.relation)" \
	" SELECT c.oid, t.deletes FROM tree AS t JOIN pg_class AS c ON c.oid = t.relation" \
	" WHERE c.relkind = 'r' AND EXISTS (SELECT FROM pg_publication)"

/* Ask the server if a command may be run.  For pvext_try(). */
static void
check_command(void *arg)
{
	Write	   *write = arg;
	Relation	rel = table_open(write->relid, AccessShareLock);

	CheckCmdReplicaIdentity(rel, write->command);
	table_close(rel, AccessShareLock);
}

/* What to do about a table without a replica identity. */
static char *
identity_hint(Oid relid)
{
	PvextArgs	args = {0};
	char	   *name = pvext_relation_name(relid);

	pvext_arg_oid(&args, OIDOID, relid);
	if (pvext_own("SELECT i.indisprimary, quote_ident(c.relname) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
				  " WHERE i.indrelid = $1 AND i.indisunique AND i.indimmediate AND i.indisvalid"
				  " AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (SELECT FROM pg_attribute AS a"
				  "  WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)"
				  " ORDER BY 1 DESC, 2 LIMIT 1", &args) == 0)
		return psprintf("ALTER TABLE %s REPLICA IDENTITY FULL;", name);
	if (pvext_bool(0, 1))
		return psprintf("ALTER TABLE %s REPLICA IDENTITY DEFAULT;", name);
	return psprintf("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s;", name, pvext_value(0, 2));
}

/* Add a finding for each of some Writes that the server would refuse. */
static void
check_writes(PvextCheck *check, List *writes)
{
	ListCell   *lc;

	foreach(lc, writes)
	{
		Write	   *write = lfirst(lc);
		ErrorData  *error = pvext_try(check_command, write);

		if (error == NULL)
			continue;
		pvext_add_finding(check, pvext_relation_name(write->relid), NULL, true,
						  psprintf("an erasure would fail: %s%s%s", error->message,
								   error->detail ? ": " : "", error->detail ? error->detail : ""),
						  error->sqlerrcode == ERRCODE_INVALID_COLUMN_REFERENCE ?
						  "Change the publication or the replica identity: FULL agrees with any row filter, and with no column list." :
						  identity_hint(write->relid));
	}
}

/* The tables of the last result, (oid, deletes), as Writes. */
static List *
list_writes(void)
{
	List	   *writes = NIL;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Write	   *write = palloc(sizeof(Write));

		write->relid = (Oid) pvext_int(i, 1);
		write->command = pvext_bool(i, 2) ? CMD_DELETE : CMD_UPDATE;
		writes = lappend(writes, write);
	}
	return writes;
}

/*
 * Report the writes to tables for which the condition, SQL, holds, that replication would
 * refuse.
 */
static void
check_tables(PvextCheck *check, const char *condition)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, check->only);
	(void) pvext_own(psprintf(WRITTEN "%s ORDER BY CAST(CAST(c.oid AS regclass) AS text), 2", condition), &args);
	check_writes(check, list_writes());
}

/* Report tables that cannot be written to since they are published. */
void
pvext_check_replica(PvextCheck *check)
{
	check_tables(check, "");
}

/* The same after the command of an event trigger.  Between pvext_enter() and pvext_leave(). */
List *
pvext_check_replica_of_command(PvextReplicaScope scope)
{
	static const char *const scopes[] = {
		"",
		" AND c.oid IN (WITH RECURSIVE named (relation) AS ("
		"  SELECT d.objid FROM pg_event_trigger_ddl_commands() AS d WHERE d.classid = CAST('pg_class' AS regclass)"
		"  UNION SELECT i.inhrelid FROM named AS n JOIN pg_inherits AS i ON i.inhparent = n.relation)"
		"  SELECT relation FROM named)",
		" AND c.relreplident = 'i'"
	};
	PvextCheck	check = {0, NIL};

	check_tables(&check, scopes[scope]);
	return check.findings;
}

/*
 * Warn of what a declaration has made a table that is to be written to.  It stands: who
 * publishes may be somebody else, and pv.check_map() goes on to say it.
 */
void
pvext_warn_of_replica(int32 relation_id)
{
	PvextCheck	check = {relation_id, NIL};
	ListCell   *lc;

	pvext_check_replica(&check);
	foreach(lc, check.findings)
	{
		PvextFinding *finding = lfirst(lc);

		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s: %s", finding->relation, finding->problem),
				 errhint("%s", finding->hint)));
	}
}

/*
 * table_part.c
 *		Partitions and children of declared tables.
 *
 * They are reached through the table that is declared.  One that leaves it is not reached
 * any more, and whoever detaches it says nothing of that: so pv.part has those that there
 * are.  The event triggers carry the declarations over to it (detach.c); where they did not
 * fire, pv.check_map() says so.
 *
 * DETACH PARTITION ... CONCURRENTLY is two transactions.  Between them, or for ever where
 * the second one fails, the partition is neither a part of the table nor one of its own:
 * nothing is erased meanwhile.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/spi.h"
#include "base/table_part.h"
#include "catalog/pg_class.h"
#include "partitioning/partdesc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/*
 * Take down which tables are parts of declared ones.  Writes only where there are new ones,
 * since the transaction may be one that only reads.  Between pvext_enter() and
 * pvext_leave().
 */
void
pvext_note_parts(void)
{
	static PvextStatement find = {
		PVEXT_PARTS " SELECT FROM tree AS t WHERE NOT EXISTS (SELECT FROM pv.part AS p"
		" WHERE p.relation = t.relation AND p.relation_id = t.id) LIMIT 1", NULL
	};

	if (pvext_own_kept(&find, NULL) > 0)
		(void) pvext_own(PVEXT_PARTS " INSERT INTO pv.part (relation, relation_id) SELECT relation, id FROM tree"
						 " ON CONFLICT DO NOTHING", NULL);
}

/* The partitioned table, this one or one below it, that a partition is being detached from. */
static Oid
detached_from(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);

	/*
	 * Those that are being detached are included, so that detached_exist says if there
	 * are any.
	 */
	PartitionDesc desc = RelationGetPartitionDesc(rel, false);
	Oid			found = desc->detached_exist ? relid : InvalidOid;

	for (int i = 0; i < desc->nparts && !OidIsValid(found); i++)
		if (!desc->is_leaf[i] && get_rel_relkind(desc->oids[i]) == RELKIND_PARTITIONED_TABLE)
			found = detached_from(desc->oids[i]);
	table_close(rel, NoLock);
	return found;
}

/*
 * Raise where a partition of the table, which is locked, is being detached: its rows are
 * not found.  To be called before statements that must reach all rows and, since the
 * command does not wait for the locks to begin, after them; to end it waits.  It is raised
 * as a lock that is not had: a request is carried out later.
 */
void
pvext_refuse_detaching(Oid relid)
{
	Oid			parent = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ?
		detached_from(relid) : InvalidOid;

	if (OidIsValid(parent))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("a partition of %s is being detached: its rows are not reached",
						pvext_relation_name(parent)),
				 errhint("Wait until that has ended; where it was interrupted, finish it with ALTER TABLE ... DETACH PARTITION ... FINALIZE.")));
}

/* Partitions of declared tables that are neither detached nor parts. */
static void
check_detaching(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
				PVEXT_PARTS " SELECT DISTINCT CAST(i.inhrelid AS regclass), CAST(i.inhparent AS regclass) FROM tree AS t"
				" JOIN pg_inherits AS i ON i.inhrelid = t.relation WHERE i.inhdetachpending AND $1 IN (0, t.id)"
				" ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, true,
						  psprintf("it is being detached from %s: nothing is erased meanwhile", row[1]),
						  psprintf("Where that was interrupted: ALTER TABLE %s DETACH PARTITION %s FINALIZE;",
								   row[1], row[0]));
	}
}

/* Tables that left when no event trigger fired. */
static void
check_left(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
				PVEXT_PARTS " SELECT p.relation, r.relation" PVEXT_FORMER_PARTS " AND $1 IN (0, r.id) AND " PVEXT_IS_DECLARED
				" ORDER BY CAST(p.relation AS text), 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, true,
						  psprintf("it has left %s, when pvext's event triggers did not fire: nothing in it is erased",
								   row[1]),
						  "Enable the event triggers: the next ALTER TABLE carries over what is declared.");
	}
}

/* Clocks over the rows of a table that has lost a part; see carry_over_clocks() of detach.c. */
static void
check_clocks(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
				"SELECT r.relation, t.name, o.relation, min(CAST(p.relation AS text))"
				" FROM pv.declared_retention AS t JOIN (" PVEXT_LIVE_RELATION ") ON r.id = t.relation_id"
				" JOIN pv.relation AS o ON o.id IN (t.over_id, t.through_id) JOIN pv.part AS p ON p.relation_id = o.id"
				" JOIN pg_class AS k ON k.oid = p.relation"
				" WHERE t.state = 'proposed' AND t.otherwise IS NULL AND p.left_at IS NOT NULL AND " PVEXT_ONLY
				" GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, true,
						  psprintf("the clock of retention rule \"%s\" is over %s and does not see the rows of %s, which has left it",
								   row[1], row[2], row[3]),
						  "Declare the rule again, with otherwise and with another one over that table; or activate it as it is.");
	}
}

/*
 * Tables that are no longer reached through a declared one.  Between pvext_enter() and
 * pvext_leave().
 */
void
pvext_check_parts(PvextCheck *check)
{
	check_detaching(check);
	check_left(check);
	check_clocks(check);
}

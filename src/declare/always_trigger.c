/*
 * always_trigger.c
 *		Triggers that fire always, and go on to.
 *
 * Those on pv's own tables fire in every session_replication_role, and so do those of
 * tables that are audited "always".  ALTER TABLE ... ENABLE TRIGGER ALL makes ordinary
 * ones of them, which is what pg_restore --disable-triggers says after a table's data;
 * so after such a command they are made what they were.  One that is disabled, or made an
 * ordinary one by its name, stays so: somebody wants that, and pv.check_map() says it.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "declare/always_trigger.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/inval.h"

/* Triggers are being enabled: what this does fires event triggers. */
static bool keeping = false;

/* The triggers that are to fire always, as t, c being their table. */
#define TO_FIRE_ALWAYS \
	"WITH RECURSIVE down(relid) AS (" \
	"SELECT CAST(r.relation AS oid) FROM pv.audited AS a JOIN pv.relation AS r ON r.id = a.relation_id" \
	" WHERE a.always AND r.relation IS NOT NULL" \
	" UNION SELECT i.inhrelid FROM pg_inherits AS i JOIN down ON i.inhparent = down.relid)" \
	" SELECT CAST(CAST(c.oid AS regclass) AS text), t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid" \
	" JOIN pg_proc AS p ON p.oid = t.tgfoid" \
	" WHERE NOT t.tgisinternal AND p.pronamespace = 'pv'::regnamespace" \
	" AND (c.relnamespace = 'pv'::regnamespace" \
	"  OR (c.oid IN (SELECT relid FROM down) AND t.tgname IN ('" PVEXT_ROW_TRIGGER "', '" PVEXT_TRUNCATE_TRIGGER "')))"

/* Does a command enable triggers without naming them, and perhaps some of ours? */
bool
pvext_enables_triggers(Node *parsetree)
{
	ListCell   *lc;

	if (!IsA(parsetree, AlterTableStmt))
		return false;
	foreach(lc, ((AlterTableStmt *) parsetree)->cmds)
	{
		switch (lfirst_node(AlterTableCmd, lc)->subtype)
		{
			case AT_EnableTrigAll:
			case AT_EnableTrigUser:
				return true;
			default:
				break;
		}
	}
	return false;
}

/*
 * Let those that fire no longer always do so again.  What was written while they were
 * disabled may have changed the data map.  Between pvext_enter() and pvext_leave().
 */
void
pvext_keep_always(void)
{
	uint64		n = pvext_own(TO_FIRE_ALWAYS " AND t.tgenabled = 'O' ORDER BY 1, 2", NULL);
	SPITupleTable *found = SPI_tuptable;

	keeping = true;
	PG_TRY();
	{
		for (uint64 i = 0; i < n; i++)
		{
			SPI_tuptable = found;
			(void) pvext_own(psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", pvext_value(i, 1),
									  quote_identifier(pvext_value(i, 2))), NULL);
		}
	}
	PG_FINALLY();
	{
		keeping = false;
	}
	PG_END_TRY();
	if (n > 0)
		CacheInvalidateRelcacheByRelid(pvext_own_relation("relation"));
}

/* Are the commands those of pvext_keep_always()?  Event triggers leave them alone. */
bool
pvext_is_keeping_always(void)
{
	return keeping;
}

/* Report those on pv's tables that do not fire always; pvext_check_audit() has the others. */
void
pvext_check_always(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check, TO_FIRE_ALWAYS
								 " AND t.tgenabled <> 'A' AND c.relnamespace = 'pv'::regnamespace AND $1 = 0"
								 " ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, true,
						  psprintf("trigger \"%s\" is disabled, or does not fire always", row[1]),
						  psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s;", row[0],
								   quote_identifier(row[1])));
	}
}

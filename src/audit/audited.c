/*
 * audited.c
 *		Which tables are audited.
 *
 * An audited table has two triggers that call pv.audit_change(): one for rows,
 * which partitions get by themselves, and one for TRUNCATE, which they do not.
 * They go with the extension.  By their name they fire before those of foreign keys
 * and nearly all of others', whose changes follow from the one recorded (not before one
 * whose name begins with a digit before theirs); where that is asked for, also for what a
 * subscription applies.  As long as the table
 * is in pv.audited what they record has a shape.
 *
 * Whoever makes a partition of an audited table needs EXECUTE on their function,
 * so everybody has it: as a trigger of another name it raises.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/relation.h"
#include "base/result.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "map/map.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* Triggers are being made or dropped: what this does fires event triggers. */
static bool changing = false;

PG_FUNCTION_INFO_V1(pvext_enable_audit);
PG_FUNCTION_INFO_V1(pvext_disable_audit);

/* Are the commands those of this file?  Event triggers leave them alone. */
bool
pvext_is_changing_audit(void)
{
	return changing;
}

/*
 * Which tables are audited
 */

/*
 * Is one of the tables, a list of PvextTable, or one above or below it in an inheritance,
 * audited, or has it been?  There are changes of it in the log, or there will be.
 * Between pvext_enter() and pvext_leave().
 */
bool
pvext_is_audited(List *tables)
{
	static PvextStatement find = {
		"WITH RECURSIVE self(relid) AS ("
		"  SELECT CAST(relation AS oid) FROM pv.relation WHERE id = ANY ($1)),"
		" down(relid) AS (SELECT relid FROM self UNION"
		"  SELECT i.inhrelid FROM pg_inherits AS i JOIN down ON i.inhparent = down.relid),"
		" up(relid) AS (SELECT relid FROM self UNION"
		"  SELECT i.inhparent FROM pg_inherits AS i JOIN up ON i.inhrelid = up.relid)"
		" SELECT FROM pv.relation AS r"
		" WHERE r.relation IN (SELECT relid FROM down UNION SELECT relid FROM up)"
		" AND (EXISTS (SELECT FROM pv.audited AS a WHERE a.relation_id = r.id)"
		"  OR EXISTS (SELECT FROM pv.audit_shape AS s WHERE s.relation_id = r.id)) LIMIT 1", NULL
	};
	Datum	   *ids;
	PvextArgs	args = {0};
	ListCell   *lc;
	int			n = 0;

	if (pvext_never_used("audited") && pvext_never_used("audit_shape"))
		return false;
	ids = palloc(sizeof(Datum) * Max(list_length(tables), 1));
	foreach(lc, tables)
		ids[n++] = Int32GetDatum(((PvextTable *) lfirst(lc))->id);
	pvext_arg(&args, INT4ARRAYOID,
			  PointerGetDatum(construct_array(ids, n, INT4OID, 4, true, TYPALIGN_INT)), false);
	return pvext_own_kept(&find, &args) > 0;
}

/* Is it one that can be audited, and the current user's? */
static void
check_relation(Oid relid)
{
	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE || pvext_is_partition(relid))
		pvext_check_table(relid);
	pvext_check_owner(relid);
}

/* Has the relation a trigger of this name? */
static bool
has_trigger(Oid relid, const char *name)
{
	return OidIsValid(get_trigger_oid(relid, name, true));
}

/* Let a trigger fire, always or not when changes are replayed. */
static void
enable_trigger(Oid relid, const char *name, bool always)
{
	if (has_trigger(relid, name))
		(void) pvext_own(psprintf("ALTER TABLE %s ENABLE %s TRIGGER \"%s\"",
								  pvext_relation_name(relid), always ? "ALWAYS" : "", name), NULL);
}

/* Make a trigger that goes with the extension, where there is none. */
static void
make_trigger(Oid relid, const char *name, const char *fires, bool always)
{
	char	   *relation = pvext_relation_name(relid);

	if (has_trigger(relid, name))
		return;
	(void) pvext_own(psprintf("CREATE TRIGGER \"%s\" AFTER %s ON %s FOR EACH %s"
							  " EXECUTE FUNCTION pv.audit_change()", name, fires, relation,
							  strcmp(name, PVEXT_ROW_TRIGGER) == 0 ? "ROW" : "STATEMENT"), NULL);
	(void) pvext_own(psprintf("ALTER TRIGGER \"%s\" ON %s DEPENDS ON EXTENSION pvext", name,
							  relation), NULL);
	if (always)
		enable_trigger(relid, name, always);
}

/* A foreign table may have a TRUNCATE trigger since PostgreSQL 16. */
static void
make_triggers(Oid relid, bool always)
{
	if (!pvext_is_partition(relid))
		make_trigger(relid, PVEXT_ROW_TRIGGER, "INSERT OR UPDATE OR DELETE", always);
	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE || PVEXT_FOREIGN_TRUNCATE_TRIGGER)
		make_trigger(relid, PVEXT_TRUNCATE_TRIGGER, "TRUNCATE", always);
}

/* Those that there are may have been disabled. */
static void
enable_triggers(Oid relid, bool always)
{
	enable_trigger(relid, PVEXT_ROW_TRIGGER, always);
	enable_trigger(relid, PVEXT_TRUNCATE_TRIGGER, always);
}

/* Drop a trigger, if it is there. */
static void
drop_trigger(Oid relid, const char *name)
{
	if (has_trigger(relid, name))
		(void) pvext_own(psprintf("DROP TRIGGER \"%s\" ON %s", name, pvext_relation_name(relid)),
						 NULL);
}

/* Drop those of a table, which its partitions' row triggers go with. */
static void
drop_triggers(Oid relid, bool always)
{
	if (!pvext_is_partition(relid))
		drop_trigger(relid, PVEXT_ROW_TRIGGER);
	drop_trigger(relid, PVEXT_TRUNCATE_TRIGGER);
}

/* Call a function on tables, while event triggers leave them alone. */
static void
for_each_table(List *relids, void (*act) (Oid relid, bool always), bool always)
{
	ListCell   *lc;

	/* In a static variable, which no abort sets back. */
	changing = true;
	PG_TRY();
	{
		foreach(lc, relids)
			act(lfirst_oid(lc), always);
	}
	PG_FINALLY();
	{
		changing = false;
	}
	PG_END_TRY();
}

/* The relation, its partitions and its children, locked. */
static List *
tables_below(Oid relid)
{
	return find_all_inheritors(relid, ShareRowExclusiveLock, NULL);
}

/* Has the relation the trigger for rows, by which its partitions get theirs? */
bool
pvext_has_row_trigger(Oid relid)
{
	return has_trigger(relid, PVEXT_ROW_TRIGGER);
}

/* For for_each_table(). */
static void
drop_row_trigger(Oid relid, bool always)
{
	drop_trigger(relid, PVEXT_ROW_TRIGGER);
}

/* Drop it.  Between pvext_enter() and pvext_leave(). */
void
pvext_drop_row_trigger(Oid relid)
{
	for_each_table(list_make1_oid(relid), drop_row_trigger, false);
}

/*
 * After DDL: partitions and children that have come to an audited table get the
 * triggers that are missing.  Between pvext_enter() and pvext_leave().
 */
void
pvext_complete_audit(void)
{
	List	   *relids[2] = {NIL, NIL};
	uint64		n;

	if (changing)
		return;
	n = pvext_own("WITH RECURSIVE down(relid, always) AS ("
				  "SELECT CAST(r.relation AS oid), a.always FROM pv.audited a"
				  " JOIN pv.relation r ON r.id = a.relation_id"
				  " UNION SELECT i.inhrelid, down.always FROM pg_inherits i"
				  " JOIN down ON i.inhparent = down.relid)"
				  " SELECT d.relid, bool_or(d.always) FROM down d"
				  " JOIN pg_class c ON c.oid = d.relid"
				  " WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = d.relid"
				  "  AND t.tgname = '" PVEXT_TRUNCATE_TRIGGER "')"
				  " OR NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = d.relid"
				  "  AND t.tgname = '" PVEXT_ROW_TRIGGER "')"
				  " GROUP BY d.relid ORDER BY d.relid", NULL);
	for (uint64 i = 0; i < n; i++)
	{
		bool		always = pvext_bool(i, 2);

		relids[always] = lappend_oid(relids[always], (Oid) pvext_int(i, 1));
	}
	for_each_table(relids[false], make_triggers, false);
	for_each_table(relids[true], make_triggers, true);
}

/*
 * Report audited tables of which not every change is recorded: their owners can disable
 * and drop the triggers.  Between pvext_enter() and pvext_leave().
 */
void
pvext_check_audit(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
		"WITH RECURSIVE down(relid, id, always) AS ("
		" SELECT CAST(r.relation AS oid), r.id, a.always FROM pv.audited a"
		"  JOIN pv.relation r ON r.id = a.relation_id WHERE " PVEXT_ONLY
		" UNION SELECT i.inhrelid, down.id, down.always FROM pg_inherits i"
		"  JOIN down ON i.inhparent = down.relid)"
		" SELECT CAST(d.relid AS regclass), w.name FROM down d JOIN pg_class c ON c.oid = d.relid"
		" CROSS JOIN (VALUES ('" PVEXT_ROW_TRIGGER "', 29), ('" PVEXT_TRUNCATE_TRIGGER "', 32)) AS w(name, type)"
		" WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
		"  WHERE t.tgrelid = d.relid AND t.tgname = w.name AND t.tgtype = w.type"
		"  AND p.pronamespace = 'pv'::regnamespace AND p.proname = 'audit_change'"
		"  AND t.tgenabled = ANY (CASE WHEN d.always THEN '{A}' ELSE '{O,A}' END::\"char\"[])"
		"  AND t.tgqual IS NULL AND cardinality(t.tgattr) = 0 AND NOT t.tgdeferrable)"
		" AND (c.relkind <> 'f' OR w.type <> 32)"
		" ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, false,
						  psprintf("trigger \"%s\" is missing, disabled or not pvext's: changes are not recorded",
								   row[1]),
						  "Find out who did that, drop the trigger if there is one, and call pv.enable_audit() again.");
	}
}

/*
 * pv.enable_audit(relation, always)
 */
Datum
pvext_enable_audit(PG_FUNCTION_ARGS)
{
	Oid			relid;
	bool		always;
	List	   *relids;
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_require_arg(fcinfo, 0, "relation");
	pvext_require_arg(fcinfo, 1, "always");
	relid = PG_GETARG_OID(0);
	always = PG_GETARG_BOOL(1);
	check_relation(relid);

	/*
	 * As CREATE TRIGGER does: whoever has changed rows has ended, and from here on all is
	 * recorded.  It may have waited, so that its owner is looked at again.
	 */
	LockRelationOid(relid, ShareRowExclusiveLock);
	check_relation(relid);

	pvext_enter(&scope);
	pvext_arg_int4(&args, pvext_register_relation(relid));
	pvext_arg_name(&args, pvext_doer_name());
	pvext_arg_bool(&args, always);
	if (pvext_own("INSERT INTO pv.audited AS a (relation_id, enabled_by, always) VALUES ($1, $2, $3)"
				  " ON CONFLICT (relation_id) DO UPDATE SET always = excluded.always"
				  " WHERE a.always <> excluded.always RETURNING relation_id", &args) > 0)
		pvext_record_event(psprintf("enable_audit(%s%s)", pvext_relation_name(relid),
									always ? ", always" : ""), NULL);
	relids = tables_below(relid);
	for_each_table(relids, make_triggers, always);
	for_each_table(relids, enable_triggers, always);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pv.disable_audit(relation)
 */
Datum
pvext_disable_audit(PG_FUNCTION_ARGS)
{
	Oid			relid;
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_require_arg(fcinfo, 0, "relation");
	relid = PG_GETARG_OID(0);
	check_relation(relid);

	/*
	 * As DROP TRIGGER does, taken at once: a weaker one that was made stronger could be a
	 * deadlock.
	 */
	LockRelationOid(relid, AccessExclusiveLock);
	check_relation(relid);

	pvext_enter(&scope);
	pvext_arg_oid(&args, REGCLASSOID, relid);
	if (pvext_own("DELETE FROM pv.audited AS a USING pv.relation AS r"
				  " WHERE a.relation_id = r.id AND r.relation OPERATOR(pg_catalog.=) $1"
				  " RETURNING a.relation_id", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table %s is not audited", pvext_relation_name(relid)),
				 errhint("pv.audited lists the tables that are.")));
	pvext_record_event(psprintf("disable_audit(%s)", pvext_relation_name(relid)), NULL);
	for_each_table(tables_below(relid), drop_triggers, false);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * writable.c
 *		Whether the server lets an erasure write to a table.
 *
 * An erasure runs as the owner of each table.  He may have no right to it any more, or a rule
 * may make something else of the statement.  (What publications ask for is in replica_identity.c.)
 */
#include "postgres.h"
#include "base/message.h"

#include "declare/writable.h"
#include "utils/builtins.h"

/* Rights that owners have given up. */
static void
check_rights(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
				PVEXT_WRITTEN " SELECT DISTINCT r.relation, v.lacks, v.object, quote_ident(pg_get_userbyid(c.relowner)), v.kind"
				" FROM " PVEXT_LIVE_RELATION " LEFT JOIN written AS w ON w.id = r.id, LATERAL (VALUES"
				"  ('USAGE', 'SCHEMA ', CAST(CAST(c.relnamespace AS regnamespace) AS text), has_schema_privilege(c.relowner, c.relnamespace, 'USAGE')),"
				"  ('SELECT', '', CAST(r.relation AS text), has_any_column_privilege(c.relowner, c.oid, 'SELECT')),"
				"  ('DELETE', '', CAST(r.relation AS text), w.deletes IS NOT TRUE OR has_table_privilege(c.relowner, c.oid, 'DELETE')),"
				"  ('UPDATE', '', CAST(r.relation AS text), w.deletes IS NOT FALSE OR NOT EXISTS (SELECT FROM erased AS e"
				"   JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = e.column_name AND NOT a.attisdropped"
				"   WHERE e.relation_id = r.id AND NOT has_column_privilege(c.relowner, c.oid, a.attnum, 'UPDATE'))))"
				"  AS v (lacks, kind, object, has)"
				" WHERE NOT v.has AND (w.id IS NOT NULL OR r.id IN (SELECT relation_id FROM pv.declared_subject"
				"  UNION ALL SELECT relation_id FROM pv.declared_link)) AND " PVEXT_ONLY " ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, true,
						  psprintf("an erasure would fail: its owner %s has no %s on %s%s", row[3], row[1], row[4], row[2]),
						  psprintf("GRANT %s ON %s%s TO %s;", row[1], row[4], row[2], row[3]));
	}
}

/* Rules that do something else in place of what an erasure says. */
static void
check_rules(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
				PVEXT_WRITTEN " SELECT DISTINCT r.relation, quote_ident(u.rulename)"
				" FROM " PVEXT_LIVE_RELATION " JOIN written AS w ON w.id = r.id"
				" JOIN pg_rewrite AS u ON u.ev_class = c.oid AND u.ev_enabled IN ('O', 'A') AND u.is_instead"
				"  AND u.ev_type = CASE WHEN w.deletes THEN '4' ELSE '2' END WHERE " PVEXT_ONLY " ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, true,
						  psprintf("an erasure would fail: rule %s puts something else in its place", row[1]),
						  psprintf("Make a trigger of it, and DROP RULE %s ON %s;", row[1], row[0]));
	}
}

/* Report tables whose owner cannot write to them. */
void
pvext_check_writable(PvextCheck *check)
{
	check_rights(check);
	check_rules(check);
}

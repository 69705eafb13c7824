/*
 * unclassified.c
 *		Columns of which nobody has said whether they are personal.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/table_part.h"
#include "catalog/pg_type.h"
#include "map/unclassified.h"

/*
 * The columns of a table that nobody has said anything about: neither that they are
 * personal nor that they aren't, no surrogate key, no link, which follows its parent's
 * key, and not computed; nor a key of which is said that it is no link.  One that is inherited from a table that the map reaches is
 * asked for there, where it is declared for all children.  Between pvext_enter() and
 * pvext_leave().
 */
List *
pvext_unclassified_columns(Oid relid)
{
	static PvextStatement find = {
		"SELECT a.attname FROM pg_attribute a"
		" LEFT JOIN pv.relation r ON r.relation = a.attrelid"
		" WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped"
		" AND a.attgenerated = ''"
		" AND NOT (a.attinhcount > 0 AND (EXISTS (SELECT FROM pg_inherits i"
		"   JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname"
		"   WHERE i.inhrelid = a.attrelid AND " PVEXT_IS_REACHED("i.inhparent") ")"
		"  OR EXISTS (" PVEXT_UP("a.attrelid") " SELECT FROM up"
		"   JOIN pv.relation m ON m.relation = up.relid WHERE a.attname IN"
		"    (SELECT column_name FROM pv.declared_personal WHERE relation_id = m.id"
		"     UNION ALL SELECT column_name FROM pv.not_personal WHERE relation_id = m.id))))"
		" AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid"
		"  AND i.indisprimary AND a.attnum = ANY (i.indkey) AND a.atttypid IN"
		"  ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype))"
		" AND NOT (a.atttypid IN"
		"  ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)"
		"  AND (EXISTS (SELECT FROM pv.declared_subject s"
		"    WHERE s.relation_id = r.id AND a.attname = ANY (s.key))"
		"   OR EXISTS (SELECT FROM pv.declared_link l"
		"    WHERE l.parent_id = r.id AND a.attname = ANY (l.parent_columns))))"
		" AND NOT EXISTS (SELECT FROM pv.declared_link l"
		"  WHERE l.relation_id = r.id AND a.attname = ANY (l.columns) AND l.expression IS NULL)"
		" AND NOT (EXISTS (SELECT FROM pv.declared_not_link n"
		"   WHERE n.relation_id = r.id AND a.attname = ANY (n.columns))"
		"  AND (a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)"
		"   OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f'"
		"    AND k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey))))"
		" AND NOT EXISTS (SELECT FROM pv.declared_personal p"
		"  WHERE p.relation_id = r.id AND p.column_name = a.attname)"
		" AND NOT EXISTS (SELECT FROM pv.not_personal n"
		"  WHERE n.relation_id = r.id AND n.column_name = a.attname)"
		" ORDER BY a.attnum", NULL
	};
	PvextArgs	args = {0};
	List	   *names = NIL;

	pvext_arg_oid(&args, REGCLASSOID, relid);
	(void) pvext_own_kept(&find, &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		names = lappend(names, pvext_value(i, 1));
	return names;
}

/*
 * Unclassified columns of subject tables and linked ones; of only, where given.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_check_unclassified(PvextCheck *check, List *only)
{
	ListCell   *lc;
	ListCell   *column;

	foreach(lc, pvext_mapped_relations(check))
	{
		char	  **row = lfirst(lc);

		foreach(column, pvext_unclassified_columns(atooid(row[0])))
		{
			char	   *name = lfirst(column);

			if (only != NIL && !pvext_has_name(only, name))
				continue;
			pvext_add_finding(check, row[1], name, false, "the column is not classified",
						psprintf("SELECT pv.declare_personal(%s, %s, ...); or pv.declare_not_personal().",
								 pvext_print_literal(row[1]),
								 pvext_print_names(list_make1(name))));
		}
	}
}

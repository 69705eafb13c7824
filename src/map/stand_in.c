/*
 * stand_in.c
 *		Tables that may have taken the place of one that was dropped.
 *
 * What is declared of a table that has been dropped stays (orphan.c), and a table of the same
 * name and owner takes it up.  One of another owner does not, nor does one that has a name
 * which the orphan had before it was renamed: it is warned of when it is made, found by
 * check_map(), and until somebody has said what it is nobody is erased whose rows may be there.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/print.h"
#include "base/result.h"
#include "base/spi.h"
#include "map/stand_in.h"
#include "utils/builtins.h"

/*
 * Tables that the command in hand, of an event trigger, has given an orphan's name, but
 * that are another owner's: those are warned of.  Between pvext_enter() and
 * pvext_leave().
 */
List *
pvext_strange_namesakes(void)
{
	PvextCheck	check = {0, NIL};
	ListCell   *lc;

	foreach(lc, pvext_check_rows(&check,
				"SELECT DISTINCT format('%I.%I', r.schema, r.name), r.owner" PVEXT_NAMESAKES
				" AND r.owner <> pg_get_userbyid(c.relowner) AND $1 = 0"
				" AND c.oid IN (SELECT d.objid FROM pg_event_trigger_ddl_commands() AS d"
				"  WHERE d.classid = 'pg_class'::regclass) ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(&check, row[0], NULL, false,
						  psprintf("it has the name of a table that was dropped and whose owner was \"%s\": it does not take up its declarations",
								   row[1]),
						  "If it is the same, give it to that role, or let an officer call pv.resume().");
	}
	return check.findings;
}

/* What can be done about an orphan whose place a table may have taken; texts are SQL literals. */
char *
pvext_stand_in_hint(const char *schema, const char *name, const char *table)
{
	return psprintf("If table %s has taken its place, call pv.take_up_orphan(%s, %s, %s), else pv.undeclare_orphan(%s, %s).",
					table, pvext_print_literal(schema), pvext_print_literal(name),
					pvext_print_literal(table), pvext_print_literal(schema), pvext_print_literal(name));
}

/*
 * Tables that may have taken the place of one that was renamed and then dropped, now that
 * the command in hand, of an event trigger, has dropped it or, unless dropped, made
 * them.  They are warned of: what is declared is not of them.  Between pvext_enter() and
 * pvext_leave().
 */
List *
pvext_stand_ins(bool dropped)
{
	PvextCheck	check = {dropped, NIL};
	ListCell   *lc;

	if (pvext_own("SELECT" PVEXT_STAND_INS " LIMIT 1", NULL) == 0)
		return NIL;
	foreach(lc, pvext_check_rows(&check, dropped ?
				"SELECT f.name, r.schema, r.name" PVEXT_STAND_INS " AND $1 = 1"
				" AND (r.schema, r.name) IN (SELECT d.schema_name, d.object_name FROM pg_event_trigger_dropped_objects() AS d"
				"  WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0) ORDER BY r.id, f.n DESC" :
				"SELECT f.name, r.schema, r.name" PVEXT_STAND_INS " AND $1 = 0"
				" AND c.oid IN (SELECT d.objid FROM pg_event_trigger_ddl_commands() AS d"
				"  WHERE d.classid = 'pg_class'::regclass) ORDER BY r.id, f.n DESC"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(&check, row[0], NULL, false,
						  psprintf("it has the name that %s had, which was dropped: it does not take up its declarations",
								   quote_qualified_identifier(row[1], row[2])),
						  pvext_stand_in_hint(row[1], row[2], row[0]));
	}
	/* What is erased depends on it: plans are made anew. */
	if (check.findings != NIL)
		(void) pvext_own("UPDATE pv.relation SET relation = NULL WHERE relation IS NULL", NULL);
	return check.findings;
}

/*
 * Tables that have a former name of one that is declared and still there: they may be
 * filled in its place.  Between pvext_enter() and pvext_leave().
 */
void
pvext_check_stand_ins(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
				"SELECT f.name, r.relation FROM " PVEXT_LIVE_RELATION
				" CROSS JOIN LATERAL unnest(r.former) WITH ORDINALITY AS f(name, n)"
				" JOIN pg_class AS t ON t.oid = to_regclass(f.name)"
				" WHERE " PVEXT_ONLY " AND t.relkind IN ('r', 'p') AND NOT t.relispartition"
				" AND NOT EXISTS (SELECT FROM pv.relation AS o WHERE o.relation = t.oid) AND " PVEXT_IS_DECLARED
				" ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, false,
						  psprintf("it has the name that %s had, and nothing is declared of it", row[1]),
						  "Declare what it holds, or call pv.declare_not_personal().");
	}
}

/*
 * Raise where rows of the subject may be in a table that nothing is declared of, for what
 * linked them is an orphan's, and there is a table that may have taken its place.
 * Between pvext_enter() and pvext_leave().
 */
void
pvext_refuse_stand_ins(int32 subject_id)
{
	PvextArgs	args = {0};
	char	   *orphan;

	pvext_arg_int4(&args, subject_id);
	if (pvext_own("WITH RECURSIVE below (id) AS (SELECT CAST($1 AS integer) UNION"
				  " SELECT l.relation_id FROM pv.declared_link AS l JOIN below ON l.parent_id = below.id)"
				  " SELECT f.name, r.schema, r.name" PVEXT_STAND_INS " AND r.id IN (SELECT id FROM below)"
				  " UNION ALL SELECT format('%I.%I', r.schema, r.name), r.schema, r.name" PVEXT_NAMESAKES
				  " AND r.id IN (SELECT id FROM below) AND " PVEXT_IS_DECLARED " LIMIT 1", &args) == 0)
		return;
	orphan = quote_qualified_identifier(pvext_value(0, 2), pvext_value(0, 3));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table %s may have taken the place of a dropped one, and nothing is declared of it",
					pvext_value(0, 1)),
			 strcmp(orphan, pvext_value(0, 1)) == 0 ?
			 errdetail("It has the name of one that is linked to the subject, and another owner.") :
			 errdetail("It has the name that %s, which is linked to the subject, had before.", orphan),
			 errhint("pv.check_map() says what can be done.")));
}

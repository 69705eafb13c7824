/*
 * fired_trigger.c
 *		The triggers that pvext's statements fire, and what their functions need.
 *
 * An erasure or a purge updates personal columns and deletes rows.  That fires
 * triggers of mapped tables, of their partitions and children, and of what foreign
 * keys take along.  A function among them that names something by a search_path
 * which is not to be trusted, or which does not lead there, is found here before an
 * erasure fails by it (see trigger_path.c).  Called by check.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "code/fired_trigger.h"
#include "code/path_trust.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/*
 * The triggers: relation, trigger, function's OID and name, whether it is SECURITY
 * DEFINER, the role that it runs as, the schemas of the function and of the table.
 */
static const char triggers_query[] =
PVEXT_FIRING
" SELECT DISTINCT r.id::regclass::text, t.tgname, p.oid, p.oid::regprocedure::text, p.prosecdef,"
"  CASE WHEN p.prosecdef THEN p.proowner ELSE r.role END, p.pronamespace, c.relnamespace"
PVEXT_FIRED_TRIGGERS
"  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS s WHERE s LIKE 'search\\_path=%')"
" ORDER BY 1, 2, 6";

/* Schemas in which a name may be looked for although the path does not lead there. */
static List *
schemas_beside(char **row, List *schemas)
{
	List	   *beside = NIL;

	for (int i = 6; i < 8; i++)
		if (atooid(row[i]) != PG_CATALOG_NAMESPACE &&
			!list_member_oid(schemas, atooid(row[i])))
			beside = list_append_unique_oid(beside, atooid(row[i]));
	return beside;
}

/* A function that sees pg_catalog alone, or what its role's path leads to. */
static void
check_reach(PvextCheck *check, char **row, PvextPath *path)
{
	bool		definer = pvext_says_true(row[4]);
	List	   *beside = schemas_beside(row, path->schemas);
	char	   *name;

	name = pvext_unqualified_name(atooid(row[2]),
								  definer ? list_concat_copy(path->schemas, beside) : beside);
	if (name == NULL)
		return;
	pvext_add_finding(check, row[0], NULL, false,
					  definer ?
					  psprintf("trigger \"%s\" calls %s, which is SECURITY DEFINER, has no search_path of its own and names \"%s\" without a schema",
							   row[1], row[3], name) :
					  psprintf("trigger \"%s\" calls %s, which names \"%s\" without a schema, while search_path is %s for \"%s\", as whom it runs",
							   row[1], row[3], name, path->setting,
							   GetUserNameFromId(path->role, false)),
					  psprintf("ALTER FUNCTION %s SET search_path = %s, pg_temp;", row[3],
							   quote_identifier(get_namespace_name(atooid(row[6])))));
}

/*
 * Triggers whose functions need a search_path of their own.  Between pvext_enter() and
 * pvext_leave().
 */
void
pvext_check_triggers(PvextCheck *check)
{
	List	   *rows = pvext_check_rows(check, triggers_query);
	ListCell   *lc;

	foreach(lc, rows)
	{
		char	  **row = lfirst(lc);
		PvextPath  *path = pvext_role_path(atooid(row[5]));
		char	   *name;

		if (path->doubt == NULL || pvext_says_true(row[4]))
		{
			check_reach(check, row, path);
			continue;
		}
		name = pvext_unqualified_name(atooid(row[2]), path->schemas);
		if (name)
			pvext_add_finding(check, row[0], NULL, true,
							  psprintf("trigger \"%s\" calls %s, which names \"%s\" without a schema, while %s, which is in the search_path of \"%s\", as whom it runs",
									   row[1], row[3], name, path->doubt,
									   GetUserNameFromId(path->role, false)),
							  pvext_path_hint(row[3], path));
	}
}

/*
 * trigger_writes.c
 *		Where triggers and rules write that pvext's statements fire.
 *
 * What keeps a row's former values in a table of which nothing is declared lets an erasure
 * fail (stray_value.c).  As far as that can be seen before, it is said here: rules know what
 * they write to; of a trigger the source of its function is read, and of what that calls,
 * and its arguments, which may name a table.  A table that is mapped may keep for ever what
 * is purged of another, for no retention rule is about it.  Called by check.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "base/catalog.h"
#include "base/print.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "code/fired_trigger.h"
#include "code/function_source.h"
#include "code/path_trust.h"
#include "declare/trigger_writes.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "rewrite/prs2lock.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

/* Relation, trigger, function's OID, the role as which it runs, the table's schema, arguments. */
static const char triggers_query[] =
PVEXT_FIRING
" SELECT DISTINCT r.id::regclass::text, t.tgname, p.oid,"
"  CASE WHEN p.prosecdef THEN p.proowner ELSE r.role END, c.relnamespace, encode(t.tgargs, 'escape')"
PVEXT_FIRED_TRIGGERS
" ORDER BY 1, 2, 4";

/* Relation, its OID, the rule's OID and name. */
static const char rules_query[] =
PVEXT_FIRING
" SELECT DISTINCT r.id::regclass::text, r.id, w.oid, w.rulename FROM reached AS r"
" JOIN pg_rewrite AS w ON w.ev_class = r.id AND w.ev_enabled IN ('O', 'A')"
" WHERE r.named AND (w.ev_type = '2' AND r.columns <> '{}' OR w.ev_type = '4' AND r.deleted)"
" ORDER BY 1, 4";

/* The look at triggers and rules, one after the other. */
typedef struct Walk
{
	PvextCheck *check;
	List	   *told;			/* tables: each is reported once */
	char	  **row;			/* of triggers_query */
	List	   *schemas;		/* in which names without one are looked for */
	List	   *seen;			/* functions */
} Walk;

/*
 * Tables
 */

/* Is something declared of the table, or of one that it is a part of? */
static bool
is_declared(Oid relid)
{
	static PvextStatement find = {
		"SELECT FROM pv.relation AS r WHERE r.relation = ANY ($1)"
		"  AND (EXISTS (SELECT FROM pv.declared_subject AS d WHERE d.relation_id = r.id)"
		"   OR EXISTS (SELECT FROM pv.declared_link AS d WHERE d.relation_id = r.id)"
		"   OR EXISTS (SELECT FROM pv.declared_personal AS d WHERE d.relation_id = r.id)"
		"   OR EXISTS (SELECT FROM pv.not_personal AS d WHERE d.relation_id = r.id))", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_oids(&args, pvext_with_parents(relid));
	return pvext_own_kept(&find, &args) > 0;
}

/* May the table come to hold what nobody has declared? */
static bool
is_unknown(Oid relid)
{
	char		kind = get_rel_relkind(relid);

	return (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ||
			kind == RELKIND_FOREIGN_TABLE) &&
		!IsCatalogRelationOid(relid) &&
		get_rel_persistence(relid) != RELPERSISTENCE_TEMP &&
		get_rel_namespace(relid) != get_namespace_oid("pv", false) && !is_declared(relid);
}

/* What to do about writes to the table. */
static char *
hint_for(Oid relid)
{
	if (get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE)
		return "What it writes there pvext cannot see: change it, unless nobody is identified by that.";
	return psprintf("Map it with pv.declare_link() and pv.declare_personal(), or say that it identifies nobody: SELECT pv.declare_not_personal(%s);",
					pvext_print_literal(pvext_relation_name(relid)));
}

/* Does a retention rule take something of a table, or of one that it is a part of? */
static bool
is_purged(const char *table)
{
	static PvextStatement find = {
		"SELECT FROM pv.declared_retention AS t JOIN pv.relation AS r ON r.id = t.relation_id"
		" WHERE r.relation = ANY ($1)", NULL
	};
	PvextArgs	args = {0};
	Oid			relid = DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(table)));

	pvext_arg_oids(&args, pvext_with_parents(relid));
	return pvext_own_kept(&find, &args) > 0;
}

/* The personal columns of a table that no retention rule is about; NULL where there are none. */
static char *
unruled_columns(Oid relid)
{
	static PvextStatement find = {
		"SELECT string_agg(DISTINCT quote_ident(p.column_name), ', ' ORDER BY quote_ident(p.column_name))"
		" FROM pv.declared_personal AS p JOIN pv.relation AS r ON r.id = p.relation_id"
		" WHERE r.relation = ANY ($1) AND NOT EXISTS (SELECT FROM pv.declared_retention AS t"
		"  WHERE t.relation_id = r.id AND (t.columns IS NULL OR p.column_name = ANY (t.columns)))", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_oids(&args, pvext_with_parents(relid));
	(void) pvext_own_kept(&find, &args);
	return pvext_value(0, 1);
}

/*
 * What is to be said of a table that is written to when rows of another are changed; NULL
 * where nothing is.
 */
static char *
problem_of(Oid relid, const char *of, char **hint)
{
	char	   *columns;

	if (is_unknown(relid))
	{
		*hint = hint_for(relid);
		return "of which nothing is declared";
	}
	if (relid == DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(of))) ||
		!is_purged(of) || (columns = unruled_columns(relid)) == NULL)
		return NULL;
	*hint = psprintf("If it keeps what the row was, declare a retention rule for %s.", columns);
	return psprintf("where no retention rule takes what is purged of %s", of);
}

/* The table of a name, or InvalidOid. */
static Oid
find_table(PvextNamed *named, List *schemas)
{
	Oid			schema = named->schema ? get_namespace_oid(named->schema, true) : InvalidOid;
	ListCell   *lc;

	if (named->schema)
		return OidIsValid(schema) ? get_relname_relid(named->name, schema) : InvalidOid;
	foreach(lc, schemas)
	{
		Oid			relid = get_relname_relid(named->name, lfirst_oid(lc));

		if (OidIsValid(relid))
			return relid;
	}
	return InvalidOid;
}

/*
 * Triggers
 */

/* Report a table that has not been reported. */
static void
tell(Walk *walk, PvextNamed *target, List *schemas, const char *how)
{
	Oid			relid = pvext_partition_root(find_table(target, schemas));
	char	   *problem;
	char	   *hint;

	if (!OidIsValid(relid) || list_member_oid(walk->told, relid) ||
		(problem = problem_of(relid, walk->row[0], &hint)) == NULL)
		return;
	walk->told = lappend_oid(walk->told, relid);
	pvext_add_finding(walk->check, walk->row[0], NULL, false,
					  psprintf("trigger \"%s\" %s %s, %s", walk->row[1], how,
							   pvext_relation_name(relid), problem), hint);
}

/* The schemas in which a function, as another calls it, looks for names. */
static List *
schemas_of(Walk *walk, char *setting, Oid schema)
{
	List	   *schemas = NIL;
	List	   *names;
	ListCell   *lc;

	if (setting && SplitIdentifierString(setting, ',', &names))
		foreach(lc, names)
		{
			Oid			found = get_namespace_oid(lfirst(lc), true);

			if (OidIsValid(found))
				schemas = lappend_oid(schemas, found);
		}
	else
		schemas = list_append_unique_oid(list_copy(walk->schemas), schema);
	return schemas;
}

/* The functions of a name. */
static List *
find_functions(PvextNamed *named, List *schemas)
{
	CatCList   *found = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(named->name));
	Oid			schema = named->schema ? get_namespace_oid(named->schema, true) : InvalidOid;
	List	   *functions = NIL;

	for (int i = 0; i < found->n_members; i++)
	{
		Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(&found->members[i]->tuple);

		if (named->schema ? proc->pronamespace == schema :
			list_member_oid(schemas, proc->pronamespace))
			functions = lappend_oid(functions, proc->oid);
	}
	ReleaseSysCacheList(found);
	return functions;
}

/* What a function's source names, and that of what it calls; way ends before its own name. */
static void
read_function(Walk *walk, Oid function, const char *way)
{
	static PvextStatement find = {
		"SELECT coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), p.pronamespace, p.oid::regprocedure::text,"
		" (SELECT substr(s, 13) FROM unnest(p.proconfig) AS s WHERE s LIKE 'search\\_path=%')"
		" FROM pg_proc AS p WHERE p.oid = $1 AND p.pronamespace <> 'pv'::regnamespace"
		" AND p.prolang NOT IN (SELECT l.oid FROM pg_language AS l WHERE l.lanname IN ('c', 'internal'))", NULL
	};
	PvextArgs	args = {0};
	char	   *how;
	List	   *schemas;
	List	   *targets;
	List	   *calls;
	ListCell   *lc;
	ListCell   *cell;

	check_stack_depth();
	if (list_member_oid(walk->seen, function))
		return;
	walk->seen = lappend_oid(walk->seen, function);
	pvext_arg_oid(&args, OIDOID, function);
	if (pvext_own_kept(&find, &args) == 0)
		return;
	how = psprintf("%s%s", way, pvext_value(0, 3));
	schemas = schemas_of(walk, pvext_value(0, 4), (Oid) pvext_int(0, 2));
	pvext_read_source(pvext_value(0, 1), &targets, &calls);
	foreach(lc, targets)
		tell(walk, lfirst(lc), schemas, psprintf("%s, which writes to", how));
	foreach(lc, calls)
		foreach(cell, find_functions(lfirst(lc), schemas))
			read_function(walk, lfirst_oid(cell), psprintf("%s, and that ", how));
}

/* Arguments that name a table, or are SQL; each ends with a zero, as encode() writes it. */
static void
read_arguments(Walk *walk, char *arguments)
{
	char	   *end;

	for (; (end = strstr(arguments, "\\000")) != NULL; arguments = end + 4)
	{
		char	   *argument = pnstrdup(arguments, end - arguments);
		PvextNamed *named = pvext_read_name(argument);
		List	   *targets;
		List	   *calls;
		ListCell   *lc;

		if (named)
			tell(walk, named, walk->schemas, "is given the name of");
		pvext_read_source(argument, &targets, &calls);
		foreach(lc, targets)
			tell(walk, lfirst(lc), walk->schemas, "is given a statement that writes to");
	}
}

/*
 * Read the function that a trigger calls, and what it goes on to call, for writes to
 * tables where persons are not looked for.  By the search_path of the role that it runs
 * as when pvext fires it.
 */
static void
check_trigger(Walk *walk, char **row)
{
	PvextPath  *path = pvext_role_path(atooid(row[3]));

	walk->row = row;
	walk->schemas = list_append_unique_oid(list_copy(path->schemas), atooid(row[4]));
	walk->seen = NIL;
	read_function(walk, atooid(row[2]), "calls ");
	if (row[5])
		read_arguments(walk, row[5]);
}

/*
 * Rules
 */

/* Does an action of a rule write to such a table? */
static void
check_action(Walk *walk, char **row, Query *action)
{
	Oid			relid;
	char	   *problem;
	char	   *hint;

	if (action->resultRelation == 0 || action->commandType == CMD_DELETE)
		return;
	relid = pvext_partition_root(rt_fetch(action->resultRelation, action->rtable)->relid);
	if (list_member_oid(walk->told, relid) || (problem = problem_of(relid, row[0], &hint)) == NULL)
		return;
	walk->told = lappend_oid(walk->told, relid);
	pvext_add_finding(walk->check, row[0], NULL, false,
					  psprintf("rule \"%s\" writes to %s, %s", row[3], pvext_relation_name(relid),
							   problem), hint);
}

/* The actions of a rule, which say by their trees what they write to. */
static void
check_rule(Walk *walk, char **row)
{
	Relation	rel = table_open(atooid(row[1]), AccessShareLock);
	ListCell   *lc;

	for (int i = 0; rel->rd_rules && i < rel->rd_rules->numLocks; i++)
	{
		RewriteRule *rule = rel->rd_rules->rules[i];

		if (rule->ruleId == atooid(row[2]))
			foreach(lc, rule->actions)
				check_action(walk, row, lfirst_node(Query, lc));
	}
	table_close(rel, AccessShareLock);
}

/* Triggers and rules that write to tables of which nothing is declared. */
void
pvext_check_writing(PvextCheck *check)
{
	Walk		walk = {check};
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check, triggers_query))
		check_trigger(&walk, lfirst(lc));
	foreach(lc, pvext_check_rows(check, rules_query))
		check_rule(&walk, lfirst(lc));
}

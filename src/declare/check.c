/*
 * check.c
 *		What of the data map no longer fits the database.
 *
 * Declarations are checked when they are made; afterwards the tables go on
 * changing.  Each check here is one function that reads what is declared and
 * adds findings.  An error is what would make an erasure fail or miss data, a
 * warning what a person should look at.
 *
 * Called by pv.check_map(), for all tables, and by the event triggers of
 * ddl.c, for a table that a command has just changed.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/unreadable.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/foreign_rows.h"
#include "base/index.h"
#include "base/print.h"
#include "base/result.h"
#include "code/fired_trigger.h"
#include "declare/always_trigger.h"
#include "declare/check.h"
#include "declare/clock_way.h"
#include "declare/coverage.h"
#include "declare/endless_rule.h"
#include "declare/finding_group.h"
#include "declare/replica_identity.h"
#include "declare/resolve_strategy.h"
#include "declare/shared_link.h"
#include "declare/stored_expression.h"
#include "declare/trigger_writes.h"
#include "declare/writable.h"
#include "erase/reappeared.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/link_match.h"
#include "map/stand_in.h"
#include "map/unclassified.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "plan/planner.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(pvext_check_map);

/*
 * What can be done about an orphan: its name, schema and name apart, who owns a table of
 * its name, one that has a former name of it, tables that have left it with its
 * declarations, and one that has without them.
 */
static char *
orphan_hint(char **row)
{
	char	   *undeclare = psprintf("pv.undeclare_orphan(%s, %s)", pvext_print_literal(row[1]),
									 pvext_print_literal(row[2]));

	if (row[3])
		return psprintf("A table of that name is there, but it is another role's: if it is the same, let an officer call pv.resume(), else %s.",
						undeclare);
	if (row[4])
		return pvext_stand_in_hint(row[1], row[2], row[4]);
	if (row[6])
		return psprintf("%s has left it and nothing is declared of it. %s", row[6],
						pvext_stand_in_hint(row[1], row[2], row[6]));
	if (row[5])
		return psprintf("What left it before has taken its declarations along, and keeps them: %s. Create the table again, or call %s.",
						row[5], undeclare);
	return psprintf("Create it again, or call %s.", undeclare);
}

/* Declarations whose table has been dropped. */
static void
check_orphans(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT format('%I.%I', r.schema, r.name), r.schema, r.name, s.owner,"
					  " (SELECT f.name FROM unnest(r.former) WITH ORDINALITY AS f(name, n) JOIN pg_class AS t ON t.oid = to_regclass(f.name)"
					  "  WHERE t.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pv.relation AS o WHERE o.relation = t.oid)"
					  "  ORDER BY f.n DESC LIMIT 1),"
					  " (SELECT string_agg(CAST(CAST(t.oid AS regclass) AS text), ', ' ORDER BY CAST(CAST(t.oid AS regclass) AS text))"
					  "  FROM pv.part AS p JOIN pg_class AS t ON t.oid = p.relation WHERE p.relation_id = r.id AND p.left_at IS NOT NULL),"
					  " (SELECT min(CAST(CAST(t.oid AS regclass) AS text))"
					  "  FROM pv.part AS p JOIN pg_class AS t ON t.oid = p.relation WHERE p.relation_id = r.id AND p.left_at IS NULL"
					  "  AND NOT t.relispartition AND NOT EXISTS (SELECT FROM pv.relation AS o WHERE o.relation = t.oid))"
					  " FROM pv.relation r"
					  " LEFT JOIN pg_class c ON c.oid = r.relation"
					  " LEFT JOIN LATERAL (SELECT pg_get_userbyid(t.relowner) AS owner FROM pg_class AS t"
					  "  JOIN pg_namespace AS n ON n.oid = t.relnamespace WHERE n.nspname = r.schema AND t.relname = r.name"
					  "  AND t.relkind IN ('r', 'p')) AS s ON true"
					  " WHERE c.oid IS NULL AND " PVEXT_ONLY
					  " AND (r.id IN (SELECT relation_id FROM pv.declared_subject)"
					  "  OR r.id IN (SELECT relation_id FROM pv.declared_link)"
					  "  OR r.id IN (SELECT parent_id FROM pv.declared_link)"
					  "  OR r.id IN (SELECT relation_id FROM pv.declared_personal)"
					  "  OR r.id IN (SELECT relation_id FROM pv.declared_retention)"
					  "  OR r.id IN (SELECT over_id FROM pv.declared_retention)"
					  "  OR r.id IN (SELECT through_id FROM pv.declared_retention)"
					  "  OR r.id IN (SELECT over_id FROM pv.declared_blocker)) ORDER BY 1"))
	{
		pvext_add_finding(check, ((char **) lfirst(lc))[0], NULL, true,
						  "the table has been dropped, its declarations have not",
						  orphan_hint(lfirst(lc)));
	}
}

/* For pvext_try(): may it still be declared? */
static void
check_table(void *arg)
{
	pvext_check_table(*(Oid *) arg);
}

/* Tables that could not be declared any more, such as a new partition. */
static void
check_tables(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check, "SELECT r.relation::oid, r.relation FROM " PVEXT_LIVE_RELATION
					  " WHERE " PVEXT_ONLY " AND " PVEXT_IS_DECLARED " ORDER BY 2::text"))
	{
		char	  **row = lfirst(lc);
		Oid			relid = atooid(row[0]);
		ErrorData  *error = OidIsValid(pvext_foreign_child(relid)) ? NULL :
			pvext_try(check_table, &relid);

		if (error)
			pvext_add_finding(check, row[1], NULL, true, error->message, error->hint);
	}
}

/* Columns that are declared and don't exist. */
static void
check_columns(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "WITH declared (relation_id, name, what, error) AS ("
					  " SELECT relation_id, unnest(key), 'subject', true FROM pv.declared_subject"
					  " UNION SELECT relation_id, unnest(columns), 'link', true FROM pv.declared_link"
					  " UNION SELECT parent_id, unnest(parent_columns), 'link', true FROM pv.declared_link"
					  " UNION SELECT relation_id, column_name, 'personal', true FROM pv.declared_personal"
					  " UNION SELECT relation_id, unnest(columns), 'retention', true FROM pv.declared_retention"
					  " UNION SELECT relation_id, column_name, 'not_personal', false FROM pv.not_personal"
					  " UNION SELECT relation_id, unnest(columns), 'not_link', false FROM pv.declared_not_link)"
					  " SELECT r.relation, d.name, d.what, d.error"
					  " FROM declared d JOIN (" PVEXT_LIVE_RELATION ") ON r.id = d.relation_id"
					  " WHERE " PVEXT_ONLY " AND NOT EXISTS (SELECT FROM pg_attribute a"
					  "  WHERE a.attrelid = c.oid AND a.attname = d.name"
					  "  AND a.attnum > 0 AND NOT a.attisdropped)"
					  " ORDER BY r.relation::text, d.name, d.what"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], row[1], pvext_says_true(row[3]),
					psprintf("the column does not exist, but is declared (%s)", row[2]),
					psprintf("Undeclare it with pv.undeclare_%s(), or declare what takes its place.",
							 row[2]));
	}
}

/* Keys of subjects, and what links lead to, must name one row. */
static void
check_keys(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT DISTINCT r.relation::oid, r.relation, k.columns::text"
					  " FROM (SELECT relation_id, key AS columns FROM pv.declared_subject"
					  "  UNION SELECT parent_id, parent_columns FROM pv.declared_link WHERE shared IS NULL AND NOT ignore_case) k"
					  " JOIN (" PVEXT_LIVE_RELATION ") ON r.id = k.relation_id"
					  " WHERE " PVEXT_ONLY " ORDER BY 2, 3"))
	{
		char	  **row = lfirst(lc);
		List	   *columns = pvext_parse_names(row[2]);

		if (!pvext_is_unique(atooid(row[0]), columns))
			pvext_add_finding(check, row[1], linitial(columns), true,
						psprintf("the key (%s) is no longer unique",
								 pvext_join_names(columns, ", ", true)),
						psprintf("CREATE UNIQUE INDEX ON %s (%s);", row[1],
								 pvext_join_names(columns, ", ", true)));
	}
}

/* What links lead to whatever its case must name one row by that. */
static void
check_folded_keys(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT DISTINCT r.relation::oid, r.relation, l.parent_columns::text"
					  " FROM pv.declared_link l JOIN (" PVEXT_LIVE_RELATION ") ON r.id = l.parent_id"
					  " WHERE l.ignore_case AND l.shared IS NULL AND " PVEXT_ONLY " ORDER BY 2, 3"))
	{
		char	  **row = lfirst(lc);
		List	   *columns = pvext_parse_names(row[2]);

		if (!pvext_is_unique_lower(atooid(row[0]), columns))
			pvext_add_finding(check, row[1], linitial(columns), true,
						psprintf("the key (%s) is not unique whatever its case, as a link takes it",
								 pvext_join_names(columns, ", ", true)),
						pvext_unique_lower_sql(atooid(row[0]), columns));
	}
}

/* How a link's rows are looked for, and what is said where they are found by reading the whole table. */
typedef struct Indexing
{
	PvextSearch search;
	char	   *sql;			/* of the index that is missing; NULL: none is */
} Indexing;

/* For pvext_try(): an expression may no longer mean anything, which is told otherwise. */
static void
look_for_index(void *arg)
{
	Indexing   *indexing = arg;

	if (!pvext_is_indexed(&indexing->search))
		indexing->sql = pvext_link_index_sql(&indexing->search);
}

/* The index by which it is found who else refers to rows that the link shares, where it is missing. */
static void
check_reference_index(PvextCheck *check, char **row)
{
	Oid			parent = row[5] ? atooid(row[5]) : InvalidOid;
	List	   *columns = pvext_parse_names(row[6]);
	PvextSearch search = pvext_reference_search(parent, columns, pvext_says_true(row[8]));
	char	   *sql;
	ListCell   *lc;

	if (!pvext_says_true(row[9]) || !OidIsValid(parent) || pvext_is_indexed(&search))
		return;
	sql = pvext_link_index_sql(&search);
	foreach(lc, check->findings)
		if (((PvextFinding *) lfirst(lc))->hint && strcmp(((PvextFinding *) lfirst(lc))->hint, sql) == 0)
			return;
	pvext_add_finding(check, pvext_relation_name(parent), linitial(columns), false,
					  psprintf("there is no index to find who refers to rows of %s by link \"%s\"", row[1], row[3]), sql);
}

/* Links whose rows are found by reading the whole table: one finding for all of a table, and each index once. */
static void
check_indexes(PvextCheck *check)
{
	PvextFinding *last = NULL;	/* of those that are found here */
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT r.relation::oid, r.relation, l.columns, l.name, l.bound,"
					  " (SELECT p.relation::oid FROM pv.relation p WHERE p.id = l.parent_id), l.parent_columns,"
					  " l.expression_bound, l.ignore_case, l.shared IS NOT NULL"
					  " FROM pv.declared_link l JOIN (" PVEXT_LIVE_RELATION ") ON r.id = l.relation_id"
					  " WHERE " PVEXT_ONLY " AND (l.expression IS NULL OR l.owner = pg_get_userbyid(c.relowner))"
					  " ORDER BY r.relation::text, l.name"))
	{
		char	  **row = lfirst(lc);
		Indexing	indexing = {.search = {.relid = atooid(row[0]), .columns = pvext_parse_names(row[2]),
				.expression = row[7], .ignore_case = pvext_says_true(row[8]),
				.parent = row[5] ? atooid(row[5]) : InvalidOid, .parent_columns = pvext_parse_names(row[6]),
		.condition = row[4]}};

		check_reference_index(check, row);
		if (pvext_try(look_for_index, &indexing) != NULL || indexing.sql == NULL)
			continue;
		if (last == NULL || strcmp(last->relation, row[1]) != 0)
		{
			pvext_add_finding(check, row[1], linitial(indexing.search.columns), false,
							  psprintf("link \"%s\" has no index", row[3]), indexing.sql);
			last = llast(check->findings);
			continue;
		}
		last->problem = psprintf("%s, nor has \"%s\"", last->problem, row[3]);
		if (strstr(last->hint, indexing.sql) == NULL)
			last->hint = psprintf("%s %s", last->hint, indexing.sql);
	}
}

/* For pvext_try(): does the expression still mean what it is to? */
static void
rebind(void *arg)
{
	(void) pvext_rebind_stored(arg, NULL, true);
}

/* Expressions that no longer mean anything, or that belong to a former owner. */
static void
check_expressions(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_stored_expressions(check->only))
	{
		PvextStored *stored = lfirst(lc);
		char	   *column = stored->kind == PVEXT_PERSONAL_VALUE ? stored->name : NULL;
		char	   *owner = GetUserNameFromId(pvext_owner(stored->relid), false);
		bool		same_owner = strcmp(owner, stored->owner) == 0;
		ErrorData  *error = same_owner ? pvext_try(rebind, stored) : NULL;

		if (error)
			pvext_add_finding(check, stored->relation, column, true,
						psprintf("%s no longer works: %s", pvext_describe_stored(stored), error->message),
						"Declare it again.");
		if (!same_owner)
			pvext_add_finding(check, stored->relation, column, true,
						psprintf("%s was declared for \"%s\", the table is now owned by \"%s\"",
								 pvext_describe_stored(stored), stored->owner, owner),
						"Let the table's owner declare it again.");
	}
}

/* Expressions are tried on all rows where there is time for it. */
static void
try_on_all_rows(void *arg)
{
	char	  **row = arg;

	pvext_try_on_all_rows(atooid(row[0]), row[2], row[4]);
}

/* For pvext_try(): does the strategy still fit the column? */
static void
resolve_strategy(void *arg)
{
	char	  **row = arg;
	char	   *argument;

	(void) pvext_resolve_strategy(atooid(row[0]), row[2], row[3], row[4], row[5],
								  pvext_says_true(row[6]), &argument);
}

/*
 * Strategies that would fail now, as they are kept: with what "auto" came to
 * and the arguments that were found.  The expression of a former owner's isn't
 * tried.
 */
static void
check_strategies(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT r.relation::oid, r.relation, p.column_name, p.strategy,"
					  " p.argument,"
					  " CASE WHEN p.strategy = 'expression' THEN p.argument END,"
					  " EXISTS (SELECT FROM pv.declared_link l WHERE l.parent_id = r.id"
					  "  AND p.column_name = ANY (l.parent_columns) AND l.shared IS NULL)"
					  " OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f'"
					  "  AND k.confrelid = c.oid AND a.attnum = ANY (k.confkey)),"
					  " p.strategy <> 'expression' OR p.owner = pg_get_userbyid(c.relowner)"
					  " FROM pv.declared_personal p JOIN (" PVEXT_LIVE_RELATION ") ON r.id = p.relation_id"
					  " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = p.column_name"
					  " WHERE " PVEXT_ONLY " AND NOT a.attisdropped"
					  " ORDER BY r.relation::text, a.attnum"))
	{
		char	  **row = lfirst(lc);
		ErrorData  *error;

		if (!pvext_says_true(row[7]) || OidIsValid(pvext_foreign_child(atooid(row[0]))))
			continue;
		error = pvext_try(resolve_strategy, row);
		if (error)
			pvext_add_finding(check, row[1], row[2], true,
						psprintf("the strategy no longer works: %s", error->message),
						error->hint ? error->hint : "Declare the column with another strategy.");
		if (error || check->only != 0 || strcmp(row[3], "expression") != 0)
			continue;
		error = pvext_try(try_on_all_rows, row);
		if (error)
			pvext_add_finding(check, row[1], row[2], true,
						psprintf("the expression does not work on all rows: %s",
								 error->detail ? error->detail : error->message), error->hint);
	}
}

/* Partitions and children, which a statement of the root's owner must reach. */
static void
check_children(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "WITH RECURSIVE child (root, relowner, id) AS ("
					  " SELECT r.relation, c.relowner, i.inhrelid FROM " PVEXT_LIVE_RELATION
					  "  JOIN pg_inherits i ON i.inhparent = c.oid WHERE " PVEXT_ONLY
					  " UNION SELECT child.root, child.relowner, i.inhrelid"
					  "  FROM child JOIN pg_inherits i ON i.inhparent = child.id)"
					  " SELECT k.oid::regclass, child.root, quote_ident(pg_get_userbyid(child.relowner))"
					  " FROM child JOIN pg_class k ON k.oid = child.id"
					  " WHERE k.relowner <> child.relowner ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, true,
					psprintf("its owner is another than that of %s, which it is a part of", row[1]),
					psprintf("ALTER TABLE %s OWNER TO %s;", row[0], row[2]));
	}
}

/*
 * For pvext_try(): can the plan be made?  Where it can it is kept, and serves erasures of
 * this session.
 */
static void
make_plan(void *arg)
{
	PvextMap   *map = pvext_map();

	(void) pvext_plan(map, pvext_map_subject(map, *(Oid *) arg), NULL);
}

/* Subjects of whom nobody could be erased, whatever the reason. */
static void
check_plans(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT r.relation::oid, r.relation FROM pv.declared_subject s"
					  " JOIN (" PVEXT_LIVE_RELATION ") ON r.id = s.relation_id WHERE " PVEXT_ONLY
					  " ORDER BY r.relation::text"))
	{
		char	  **row = lfirst(lc);
		Oid			relid = atooid(row[0]);
		ErrorData  *error = pvext_try(make_plan, &relid);

		if (error)
			pvext_add_finding(check, row[1], NULL, true,
						psprintf("no erasure is possible: %s", error->message), error->hint);
	}
}

/* Foreign keys by which deleted rows would take others along, or not go for them. */
static void
check_deletes(PvextCheck *check)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_check_rows(check,
					  "SELECT r.relation::oid, r.relation, r.id FROM " PVEXT_LIVE_RELATION
					  " WHERE " PVEXT_ONLY " AND EXISTS (SELECT FROM pv.declared_link d"
					  "  WHERE d.relation_id = r.id AND d.on_erase = 'delete')"
					  " ORDER BY r.relation::text"))
	{
		char	  **row = lfirst(lc);

		foreach(cell, pvext_foreign_keys_to(atooid(row[0])))
		{
			PvextForeignKey *fk = lfirst(cell);

			bool		keeps = fk->on_delete == FKCONSTR_ACTION_NOACTION ||
				fk->on_delete == FKCONSTR_ACTION_RESTRICT;
			bool		others;

			if (fk->relid == atooid(row[0]) || pvext_is_linked(fk, atoi(row[2]), true) ||
				(pvext_is_reference(fk, atoi(row[2]), &others) && pvext_reference_goes(fk, others)))
				continue;
			pvext_add_finding(check, pvext_relation_name(fk->relid), NULL, !keeps,
						psprintf(keeps ? "foreign key \"%s\" lets no erasure delete the rows of %s to which its own refer" :
								 "foreign key \"%s\" lets its rows change when those of %s are deleted",
								 fk->name, row[1]),
						psprintf(keeps ? "Declare a link to %s with on_erase => 'delete', or link that table with on_erase => 'anonymise'." :
								 "Declare a link to %s with on_erase => 'delete', or make the foreign key NO ACTION.",
								 row[1]));
		}
	}
}

/*
 * Publications of the audit log: it has no key, which would cost every writer, so a
 * subscriber stops at the first record that an erasure changes.
 */
static void
check_publications(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT format('%I', p.pubname) FROM pg_publication AS p"
					  " WHERE $1 = 0 AND p.pubupdate AND EXISTS (SELECT FROM pv.audited)"
					  " AND (p.puballtables OR EXISTS (SELECT FROM pg_publication_namespace AS n"
					  "   WHERE n.pnpubid = p.oid AND n.pnnspid = 'pv'::regnamespace)"
					  "  OR EXISTS (SELECT FROM pg_publication_rel AS r WHERE r.prpubid = p.oid"
					  "   AND r.prrelid IN (SELECT relid FROM pg_partition_tree('pv.audit_log'))))"
					  " ORDER BY 1"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, "pv.audit_log", NULL, true,
						  psprintf("publication %s publishes the audit log, and its subscribers stop at the next erasure",
								   row[0]),
						  "Publish the application's tables by name, without those of schema pv.");
	}
}

/* What is in the audit log, and nobody can read. */
static void
check_unread(PvextCheck *check)
{
	int64		n = pvext_count_unread();

	if (n > 0)
		pvext_add_finding(check, "pv.audit_log", NULL, false,
						  psprintf("chunks of the audit log that cannot be read: %lld", (long long) n),
						  "pv.unread names them. What they hold of a person who is erased stays until their partition expires.");
}

/*
 * What is wrong with one relation after a command: with its declarations, and
 * with those of its columns that are in new_columns, or with all_columns any,
 * and aren't classified.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_check_relation(int32 relation_id, bool all_columns, List *new_columns)
{
	PvextCheck	check = {relation_id, NIL};

	check_tables(&check);
	check_columns(&check);
	check_keys(&check);
	check_folded_keys(&check);
	check_expressions(&check);
	check_strategies(&check);
	check_children(&check);
	check_deletes(&check);
	if (all_columns || new_columns != NIL)
		pvext_check_unclassified(&check, all_columns ? NIL : new_columns);
	return check.findings;
}

/* What is wrong with any expression, now that something has another name. */
List *
pvext_check_expressions(void)
{
	PvextCheck	check = {0, NIL};

	check_expressions(&check);
	return check.findings;
}

/* What is wrong with tables that have columns of the domain that a command altered, or of one over it. */
List *
pvext_check_domain(void)
{
	List	   *ids = NIL;
	List	   *findings = NIL;
	ListCell   *lc;

	(void) pvext_own("WITH RECURSIVE over (type) AS (SELECT d.objid FROM pg_event_trigger_ddl_commands() AS d"
					 "  WHERE d.classid = CAST('pg_type' AS regclass)"
					 "  UNION SELECT t.oid FROM pg_type AS t JOIN over ON t.typbasetype = over.type)"
					 " SELECT DISTINCT r.id FROM over JOIN pg_attribute AS a ON a.atttypid = over.type AND NOT a.attisdropped"
					 " JOIN pv.relation AS r ON r.relation = a.attrelid ORDER BY 1", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		ids = lappend_int(ids, (int) pvext_int(i, 1));
	foreach(lc, ids)
		findings = list_concat(findings, pvext_check_relation(lfirst_int(lc), false, NIL));
	return findings;
}

/*
 * The errors among what one of the checks finds; of_command: those of tables that the
 * command of an event trigger gave a rule or trigger.
 */
List *
pvext_errors_of(void (*check_all) (PvextCheck *check), bool of_command)
{
	PvextCheck	check = {0, NIL};
	List	   *names = NIL;
	List	   *errors = NIL;
	ListCell   *lc;

	if (of_command)
		(void) pvext_own("SELECT CAST(CAST(coalesce(w.ev_class, t.tgrelid) AS regclass) AS text)"
						 " FROM pg_event_trigger_ddl_commands() AS d"
						 " LEFT JOIN pg_rewrite AS w ON d.classid = CAST('pg_rewrite' AS regclass) AND w.oid = d.objid"
						 " LEFT JOIN pg_trigger AS t ON d.classid = CAST('pg_trigger' AS regclass) AND t.oid = d.objid"
						 " WHERE coalesce(w.ev_class, t.tgrelid) IS NOT NULL", NULL);
	for (uint64 i = 0; of_command && i < SPI_processed; i++)
		names = lappend(names, pvext_value(i, 1));
	check_all(&check);
	foreach(lc, check.findings)
	{
		PvextFinding *finding = lfirst(lc);

		if (finding->error && (!of_command || pvext_has_name(names, finding->relation)))
			errors = lappend(errors, finding);
	}
	return errors;
}

/* pv.check_map(): what no longer fits in the data map, with what to do about it. */
Datum
pvext_check_map(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PvextCheck	check = {0, NIL};
	PvextAdvice *advice;
	PvextScope	scope;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	check_orphans(&check);
	pvext_check_stand_ins(&check);
	pvext_check_parts(&check);
	pvext_check_always(&check);
	pvext_check_again(&check);
	check_tables(&check);
	check_columns(&check);
	check_keys(&check);
	check_folded_keys(&check);
	check_expressions(&check);
	check_strategies(&check);
	check_children(&check);
	check_deletes(&check);
	pvext_check_shared_deletes(&check);
	pvext_check_triggers(&check);
	pvext_check_writing(&check);
	pvext_check_elsewhere(&check);
	check_indexes(&check);
	advice = pvext_check_omissions(&check);
	pvext_check_endless(&check);
	pvext_check_circles(&check);
	check_plans(&check);
	check_unread(&check);
	check_publications(&check);
	pvext_check_replica(&check);
	pvext_check_writable(&check);

	foreach(lc, pvext_group_findings(check.findings, advice))
	{
		PvextFinding *finding = lfirst(lc);
		bool		nulls[6] = {false, finding->column == NULL, false, false,
		finding->hint == NULL, finding->statement == NULL};
		NameData	column;
		Datum		values[6] = {CStringGetTextDatum(finding->relation)};

		if (finding->column)
			namestrcpy(&column, finding->column);
		values[1] = NameGetDatum(&column);
		values[2] = CStringGetTextDatum(finding->error ? "error" : "warning");
		values[3] = CStringGetTextDatum(finding->problem);
		if (finding->hint)
			values[4] = CStringGetTextDatum(finding->hint);
		if (finding->statement)
			values[5] = CStringGetTextDatum(finding->statement);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	pvext_leave(&scope);
	return (Datum) 0;
}

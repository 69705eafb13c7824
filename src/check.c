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
#include "message.h"

#include "fmgr.h"
#include "compat.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "check.h"
#include "ending.h"
#include "expression.h"
#include "funcapi.h"
#include "hold.h"
#include "miscadmin.h"
#include "plan.h"
#include "spi.h"
#include "stored.h"
#include "strategy.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(pvext_check_map);

/* A run of checks. */
typedef struct Check
{
	int32		only;			/* a relation's id, 0 for all */
	List	   *findings;		/* PvextFinding */
} Check;

/* A declared relation that is there, as r; c is its row of pg_class. */
#define LIVE_RELATION "pv.relation r JOIN pg_class c ON c.oid = r.relation"
#define ONLY "($1 = 0 OR r.id = $1)"

static void
add_finding(Check *check, const char *relation, const char *column, bool error,
			char *problem, char *hint)
{
	PvextFinding *finding = palloc(sizeof(PvextFinding));

	finding->relation = pstrdup(relation);
	finding->column = column ? pstrdup(column) : NULL;
	finding->error = error;
	finding->problem = problem;
	finding->hint = hint;
	check->findings = lappend(check->findings, finding);
}

/*
 * Run a query on pvext's own tables, $1 being the relation the checks are
 * limited to.  Returns its rows as arrays of C strings, which, other than
 * SPI's result, survive the next query.
 */
static List *
fetch(Check *check, const char *sql)
{
	PvextArgs	args = {0};
	List	   *rows = NIL;

	pvext_arg_int4(&args, check->only);
	(void) pvext_own(sql, &args);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		int			n = SPI_tuptable->tupdesc->natts;
		char	  **row = palloc(sizeof(char *) * n);

		for (int column = 0; column < n; column++)
			row[column] = pvext_value(i, column + 1);
		rows = lappend(rows, row);
	}
	return rows;
}

/* The text of a name[] as a list of C strings. */
static List *
parse_names(char *text)
{
	Datum		array = OidInputFunctionCall(F_ARRAY_IN, text, NAMEOID, -1);
	Datum	   *elements;
	int			n;
	List	   *names = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), NAMEOID, NAMEDATALEN, false,
					  TYPALIGN_CHAR, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		names = lappend(names, NameStr(*DatumGetName(elements[i])));
	return names;
}

static bool
is_true(const char *value)
{
	return value != NULL && value[0] == 't';
}

/* Subject tables and linked ones: OID and name. */
static List *
mapped_relations(Check *check)
{
	return fetch(check,
				 "SELECT r.relation::oid, r.relation FROM " LIVE_RELATION " WHERE " ONLY
				 " AND (r.id IN (SELECT relation_id FROM pv.declared_subject)"
				 "  OR r.id IN (SELECT relation_id FROM pv.declared_link))"
				 " ORDER BY r.relation::text");
}

/* Declarations whose table has been dropped. */
static void
check_orphans(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "SELECT format('%I.%I', r.schema, r.name) FROM pv.relation r"
					  " LEFT JOIN pg_class c ON c.oid = r.relation"
					  " WHERE c.oid IS NULL AND " ONLY
					  " AND (r.id IN (SELECT relation_id FROM pv.declared_subject)"
					  "  OR r.id IN (SELECT relation_id FROM pv.declared_link)"
					  "  OR r.id IN (SELECT parent_id FROM pv.declared_link)"
					  "  OR r.id IN (SELECT relation_id FROM pv.declared_personal)"
					  "  OR r.id IN (SELECT relation_id FROM pv.declared_retention)"
					  "  OR r.id IN (SELECT over_id FROM pv.declared_retention)"
					  "  OR r.id IN (SELECT over_id FROM pv.declared_blocker)) ORDER BY 1"))
	{
		char	  **row = lfirst(lc);

		add_finding(check, row[0], NULL, true,
					"the table has been dropped, its declarations have not",
					"Create it again, or create an empty table of that name, undeclare it and drop it.");
	}
}

static void
check_table(void *arg)
{
	pvext_check_table(*(Oid *) arg);
}

/* Tables that could not be declared any more, such as a new partition. */
static void
check_tables(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check, "SELECT r.relation::oid, r.relation FROM " LIVE_RELATION
					  " WHERE " ONLY " ORDER BY 2::text"))
	{
		char	  **row = lfirst(lc);
		Oid			relid = atooid(row[0]);
		ErrorData  *error = OidIsValid(pvext_foreign_child(relid)) ? NULL :
			pvext_try(check_table, &relid);

		if (error)
			add_finding(check, row[1], NULL, true, error->message, error->hint);
	}
}

/* Columns that are declared and don't exist. */
static void
check_columns(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "WITH declared (relation_id, name, what, error) AS ("
					  " SELECT relation_id, unnest(key), 'subject', true FROM pv.declared_subject"
					  " UNION SELECT relation_id, unnest(columns), 'link', true FROM pv.declared_link"
					  " UNION SELECT parent_id, unnest(parent_columns), 'link', true FROM pv.declared_link"
					  " UNION SELECT relation_id, column_name, 'personal', true FROM pv.declared_personal"
					  " UNION SELECT relation_id, unnest(columns), 'retention', true FROM pv.declared_retention"
					  " UNION SELECT relation_id, column_name, 'not_personal', false FROM pv.not_personal)"
					  " SELECT r.relation, d.name, d.what, d.error"
					  " FROM declared d JOIN (" LIVE_RELATION ") ON r.id = d.relation_id"
					  " WHERE " ONLY " AND NOT EXISTS (SELECT FROM pg_attribute a"
					  "  WHERE a.attrelid = c.oid AND a.attname = d.name"
					  "  AND a.attnum > 0 AND NOT a.attisdropped)"
					  " ORDER BY r.relation::text, d.name, d.what"))
	{
		char	  **row = lfirst(lc);

		add_finding(check, row[0], row[1], is_true(row[3]),
					psprintf("the column does not exist, but is declared (%s)", row[2]),
					psprintf("Undeclare it with pv.undeclare_%s(), or declare what takes its place.",
							 row[2]));
	}
}

/* Keys of subjects, and what links lead to, must name one row. */
static void
check_keys(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "SELECT DISTINCT r.relation::oid, r.relation, k.columns::text"
					  " FROM (SELECT relation_id, key AS columns FROM pv.declared_subject"
					  "  UNION SELECT parent_id, parent_columns FROM pv.declared_link) k"
					  " JOIN (" LIVE_RELATION ") ON r.id = k.relation_id"
					  " WHERE " ONLY " ORDER BY 2, 3"))
	{
		char	  **row = lfirst(lc);
		List	   *columns = parse_names(row[2]);

		if (!pvext_is_unique(atooid(row[0]), columns))
			add_finding(check, row[1], linitial(columns), true,
						psprintf("the key (%s) is no longer unique",
								 pvext_join_names(columns, ", ", true)),
						psprintf("CREATE UNIQUE INDEX ON %s (%s);", row[1],
								 pvext_join_names(columns, ", ", true)));
	}
}

/* Links whose rows are found by reading the whole table. */
static void
check_indexes(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "SELECT r.relation::oid, r.relation, l.columns, l.name, l.bound"
					  " FROM pv.declared_link l JOIN (" LIVE_RELATION ") ON r.id = l.relation_id"
					  " WHERE " ONLY " ORDER BY r.relation::text, l.name"))
	{
		char	  **row = lfirst(lc);
		List	   *columns = parse_names(row[2]);

		if (!pvext_is_indexed(atooid(row[0]), columns, row[4]))
			add_finding(check, row[1], linitial(columns), false,
						psprintf("link \"%s\" has no index", row[3]),
						psprintf("CREATE INDEX ON %s (%s);", row[1],
								 pvext_join_names(columns, ", ", true)));
	}
}

static void
rebind(void *arg)
{
	(void) pvext_rebind_stored(arg, NULL, true);
}

/* Expressions that no longer mean anything, or that belong to a former owner. */
static void
check_expressions(Check *check)
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
			add_finding(check, stored->relation, column, true,
						psprintf("%s no longer works: %s", pvext_describe_stored(stored), error->message),
						"Declare it again.");
		if (!same_owner)
			add_finding(check, stored->relation, column, true,
						psprintf("%s was declared for \"%s\", the table is now owned by \"%s\"",
								 pvext_describe_stored(stored), stored->owner, owner),
						"Let the table's owner declare it again.");
	}
}

static void
resolve_strategy(void *arg)
{
	char	  **row = arg;
	char	   *argument;

	(void) pvext_resolve_strategy(atooid(row[0]), row[2], row[3], row[4], row[5],
								  is_true(row[6]), &argument);
}

/*
 * Strategies that would fail now, as they are kept: with what "auto" came to
 * and the arguments that were found.  The expression of a former owner's isn't
 * tried.
 */
static void
check_strategies(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "SELECT r.relation::oid, r.relation, p.column_name, p.strategy,"
					  " p.argument,"
					  " CASE WHEN p.strategy = 'expression' THEN p.argument END,"
					  " EXISTS (SELECT FROM pv.declared_link l WHERE l.parent_id = r.id"
					  "  AND p.column_name = ANY (l.parent_columns))"
					  " OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f'"
					  "  AND k.confrelid = c.oid AND a.attnum = ANY (k.confkey)),"
					  " p.strategy <> 'expression' OR p.owner = pg_get_userbyid(c.relowner)"
					  " FROM pv.declared_personal p JOIN (" LIVE_RELATION ") ON r.id = p.relation_id"
					  " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = p.column_name"
					  " WHERE " ONLY " AND NOT a.attisdropped"
					  " ORDER BY r.relation::text, a.attnum"))
	{
		char	  **row = lfirst(lc);
		ErrorData  *error;

		if (!is_true(row[7]) || OidIsValid(pvext_foreign_child(atooid(row[0]))))
			continue;
		error = pvext_try(resolve_strategy, row);
		if (error)
			add_finding(check, row[1], row[2], true,
						psprintf("the strategy no longer works: %s", error->message),
						error->hint ? error->hint : "Declare the column with another strategy.");
	}
}

/*
 * The columns of a table that nobody has said anything about: neither that
 * they are personal nor that they aren't, no surrogate key, no link, which
 * follows its parent's key, and not computed.
 */
List *
pvext_unclassified_columns(Oid relid)
{
	PvextArgs	args = {0};
	List	   *names = NIL;

	pvext_arg_oid(&args, REGCLASSOID, relid);
	(void) pvext_own("SELECT a.attname FROM pg_attribute a"
					 " LEFT JOIN pv.relation r ON r.relation = a.attrelid"
					 " WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped"
					 " AND a.attgenerated = '' AND a.attinhcount = 0"
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
					 "  WHERE l.relation_id = r.id AND a.attname = ANY (l.columns))"
					 " AND NOT EXISTS (SELECT FROM pv.declared_personal p"
					 "  WHERE p.relation_id = r.id AND p.column_name = a.attname)"
					 " AND NOT EXISTS (SELECT FROM pv.not_personal n"
					 "  WHERE n.relation_id = r.id AND n.column_name = a.attname)"
					 " ORDER BY a.attnum", &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		names = lappend(names, pvext_value(i, 1));
	return names;
}

/* Unclassified columns of subject tables and linked ones; of only, where given. */
static void
check_unclassified(Check *check, List *only)
{
	ListCell   *lc;
	ListCell   *column;

	foreach(lc, mapped_relations(check))
	{
		char	  **row = lfirst(lc);

		foreach(column, pvext_unclassified_columns(atooid(row[0])))
		{
			char	   *name = lfirst(column);

			if (only != NIL && !pvext_has_name(only, name))
				continue;
			add_finding(check, row[1], name, false, "the column is not classified",
						psprintf("SELECT pv.declare_personal(%s, %s, ...); or pv.declare_not_personal().",
								 quote_literal_cstr(row[1]),
								 quote_literal_cstr(psprintf("{%s}", quote_identifier(name)))));
		}
	}
}

/* A statement to run as the owner of a table, and the number it returns. */
typedef struct Counting
{
	Oid			relid;
	char	   *sql;
	int64		count;
} Counting;

static void
count_rows(void *arg)
{
	Counting   *counting = arg;

	(void) pvext_run(pvext_owner(counting->relid), counting->sql, NULL);
	counting->count = pvext_int(0, 1);
}

/*
 * SQL, true where one of a table's links holds for the row r: no column is
 * NULL and the condition is met.  Takes the columns and condition of each.
 */
static char *
owned_sql(List *columns, const char *condition)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, columns)
		appendStringInfo(&sql, "%s%s.%s IS NOT NULL", sql.len > 0 ? " AND " : "",
						 PVEXT_ROW, quote_identifier(lfirst(lc)));
	if (condition)
		appendStringInfo(&sql, " AND (%s)", condition);
	return sql.data;
}

/*
 * Rows with personal data that no link leads from, which no erasure reaches.
 * Reads each table whole.  A condition of a former owner's is not run.
 */
static void
check_unowned(Check *check)
{
	StringInfoData any;
	ListCell   *lc;

	initStringInfo(&any);
	foreach(lc, fetch(check,
					  "SELECT r.relation::oid, r.relation, l.columns, l.bound,"
					  " l.name = max(l.name) OVER (PARTITION BY r.id)"
					  " FROM pv.declared_link l JOIN (" LIVE_RELATION ") ON r.id = l.relation_id"
					  " WHERE " ONLY
					  " AND r.id IN (SELECT relation_id FROM pv.declared_personal)"
					  " AND r.id NOT IN (SELECT relation_id FROM pv.declared_subject)"
					  " AND NOT EXISTS (SELECT FROM pv.declared_link o WHERE o.relation_id = r.id"
					  "  AND o.owner <> pg_get_userbyid(c.relowner))"
					  " ORDER BY r.relation::text, l.name"))
	{
		char	  **row = lfirst(lc);
		Counting	counting;
		ErrorData  *error;

		appendStringInfo(&any, "%s(%s)", any.len > 0 ? " OR " : "",
						 owned_sql(parse_names(row[2]), row[3]));
		if (!is_true(row[4]))
			continue;
		counting.relid = atooid(row[0]);
		counting.sql = psprintf("SELECT count(*) FROM %s AS %s WHERE (%s) IS NOT TRUE",
								row[1], PVEXT_ROW, any.data);
		counting.count = 0;
		error = OidIsValid(pvext_foreign_child(counting.relid)) ? NULL :
			pvext_try(count_rows, &counting);
		if (error)
			add_finding(check, row[1], NULL, true,
						"rows that belong to nobody cannot be counted",
						psprintf("%s;", counting.sql));
		else if (counting.count > 0)
			add_finding(check, row[1], NULL, false,
						psprintf(INT64_FORMAT " rows belong to nobody", counting.count),
						"No erasure reaches them: give them an owner, or declare another link.");
		resetStringInfo(&any);
	}
}

/*
 * Foreign keys to mapped tables from tables of which nothing is declared, not
 * even that they hold nothing personal.
 */
static void
check_undeclared(Check *check)
{
	ListCell   *lc;
	ListCell   *key;

	foreach(lc, mapped_relations(check))
	{
		char	  **row = lfirst(lc);

		foreach(key, pvext_foreign_keys_to(atooid(row[0])))
		{
			PvextForeignKey *fk = lfirst(key);
			PvextArgs	args = {0};

			if (fk->relid == atooid(row[0]) || pvext_is_partition(fk->relid))
				continue;
			pvext_arg_int4(&args, pvext_relation_id(fk->relid));
			if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1"
						  " UNION ALL SELECT FROM pv.declared_link WHERE relation_id = $1"
						  " UNION ALL SELECT FROM pv.not_personal WHERE relation_id = $1",
						  &args) == 0)
				add_finding(check, pvext_relation_name(fk->relid), linitial(fk->columns), false,
							psprintf("a foreign key refers to %s, but no link is declared", row[1]),
							"Declare the link with pv.declare_link(), or that the table holds nothing personal with pv.declare_not_personal().");
		}
	}
}

/* What is declared below no subject: no erasure ever gets there. */
static void
check_unreached(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "WITH RECURSIVE reached (id) AS ("
					  " SELECT relation_id FROM pv.declared_subject"
					  " UNION SELECT l.relation_id FROM pv.declared_link l"
					  "  JOIN reached ON reached.id = l.parent_id)"
					  " SELECT r.relation, NULL, format('link \"%s\" leads to no subject', l.name)"
					  " FROM pv.declared_link l JOIN (" LIVE_RELATION ") ON r.id = l.relation_id"
					  " WHERE " ONLY " AND l.parent_id NOT IN (SELECT id FROM reached)"
					  " UNION ALL SELECT r.relation, p.column_name,"
					  "  'the column is personal, but no link leads from the table to a subject'"
					  " FROM pv.declared_personal p JOIN (" LIVE_RELATION ") ON r.id = p.relation_id"
					  " WHERE " ONLY " AND r.id NOT IN (SELECT id FROM reached)"
					  " ORDER BY 1, 2, 3"))
	{
		char	  **row = lfirst(lc);

		add_finding(check, row[0], row[1], false, row[2],
					"Declare the subject, or the link that leads to one.");
	}
}

/* Partitions and children, which a statement of the root's owner must reach. */
static void
check_children(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "WITH RECURSIVE child (root, relowner, id) AS ("
					  " SELECT r.relation, c.relowner, i.inhrelid FROM " LIVE_RELATION
					  "  JOIN pg_inherits i ON i.inhparent = c.oid WHERE " ONLY
					  " UNION SELECT child.root, child.relowner, i.inhrelid"
					  "  FROM child JOIN pg_inherits i ON i.inhparent = child.id)"
					  " SELECT k.oid::regclass, child.root, quote_ident(pg_get_userbyid(child.relowner))"
					  " FROM child JOIN pg_class k ON k.oid = child.id"
					  " WHERE k.relowner <> child.relowner ORDER BY 1, 2"))
	{
		char	  **row = lfirst(lc);

		add_finding(check, row[0], NULL, true,
					psprintf("its owner is another than that of %s, which it is a part of", row[1]),
					psprintf("ALTER TABLE %s OWNER TO %s;", row[0], row[2]));
	}
}

static void
make_plan(void *arg)
{
	PvextMap   *map = pvext_map();

	(void) pvext_plan(map, pvext_map_subject(map, *(Oid *) arg), NULL);
}

/* Subjects of whom nobody could be erased, whatever the reason. */
static void
check_plans(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "SELECT r.relation::oid, r.relation FROM pv.declared_subject s"
					  " JOIN (" LIVE_RELATION ") ON r.id = s.relation_id WHERE " ONLY
					  " ORDER BY r.relation::text"))
	{
		char	  **row = lfirst(lc);
		Oid			relid = atooid(row[0]);
		ErrorData  *error = pvext_try(make_plan, &relid);

		if (error)
			add_finding(check, row[1], NULL, true,
						psprintf("no erasure is possible: %s", error->message), error->hint);
	}
}

/* A subject table whose subjects are looked for, as pvext_try()'s argument. */
typedef struct Strangers
{
	Oid			relid;
	int64		count;
} Strangers;

static void
count_strangers(void *arg)
{
	Strangers  *strangers = arg;

	strangers->count = pvext_count_strangers(pvext_map_subject(pvext_map(), strangers->relid));
}

/* Consents and agreements of subjects that are no longer there. */
static void
check_strangers(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "SELECT r.relation::oid, r.relation FROM pv.declared_subject s"
					  " JOIN (" LIVE_RELATION ") ON r.id = s.relation_id WHERE " ONLY
					  " ORDER BY r.relation::text"))
	{
		char	  **row = lfirst(lc);
		Strangers	strangers = {atooid(row[0])};

		if (pvext_try(count_strangers, &strangers) != NULL)
			add_finding(check, row[1], NULL, false,
						"subjects with consents or agreements cannot be looked for",
						"Has the type of the key changed? pv.consent and pv.agreement_state show the keys.");
		else if (strangers.count > 0)
			add_finding(check, row[1], NULL, false,
						psprintf(INT64_FORMAT " subjects with consents or agreements have no row",
								 strangers.count),
						"Their rows were deleted, or their keys changed. End what they left with pv.erase_subject(): whoever gets such a key would inherit it.");
	}
}

/* Foreign keys by which deleted rows would take others along. */
static void
check_deletes(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "SELECT DISTINCT k.conrelid::regclass, r.relation, k.conname"
					  " FROM pv.declared_link d JOIN (" LIVE_RELATION ") ON r.id = d.relation_id"
					  " JOIN pg_constraint k ON k.contype = 'f' AND k.confrelid = c.oid"
					  "  AND k.conparentid = 0 AND k.conrelid <> c.oid AND k.confdeltype IN ('c', 'n', 'd')"
					  " WHERE d.on_erase = 'delete' AND ($1 = 0 OR r.id = $1)"
					  " AND NOT EXISTS (SELECT FROM pv.declared_link l JOIN pv.relation x ON x.id = l.relation_id"
					  "  WHERE x.relation = k.conrelid AND l.parent_id = r.id AND l.on_erase = 'delete')"
					  " ORDER BY 1, 3"))
	{
		char	  **row = lfirst(lc);

		add_finding(check, row[0], NULL, true,
					psprintf("foreign key \"%s\" lets its rows change when those of %s are deleted",
							 row[2], row[1]),
					psprintf("Declare a link to %s with on_erase => 'delete', or make the foreign key NO ACTION.",
							 row[1]));
	}
}

/* Columns that only an inheritance child of a mapped table has. */
static void
check_child_columns(Check *check)
{
	ListCell   *lc;

	foreach(lc, fetch(check,
					  "WITH RECURSIVE child (id) AS ("
					  " SELECT i.inhrelid FROM " LIVE_RELATION
					  "  JOIN pg_inherits i ON i.inhparent = c.oid WHERE " ONLY
					  " UNION SELECT i.inhrelid FROM child JOIN pg_inherits i ON i.inhparent = child.id)"
					  " SELECT a.attrelid::regclass, a.attname FROM child"
					  " JOIN pg_attribute a ON a.attrelid = child.id AND a.attnum > 0"
					  "  AND NOT a.attisdropped AND a.attinhcount = 0 AND a.attgenerated = ''"
					  " WHERE NOT EXISTS (SELECT FROM pv.relation x"
					  "  JOIN pv.declared_personal p ON p.relation_id = x.id"
					  "  WHERE x.relation = child.id AND p.column_name = a.attname)"
					  " AND NOT EXISTS (SELECT FROM pv.relation x"
					  "  JOIN pv.not_personal n ON n.relation_id = x.id"
					  "  WHERE x.relation = child.id AND n.column_name = a.attname)"
					  " ORDER BY 1, a.attnum"))
	{
		char	  **row = lfirst(lc);

		add_finding(check, row[0], row[1], false, "the column is not classified",
					"Link the child table as its parent is, and declare the column there.");
	}
}

/*
 * What is wrong with one relation after a command: with its declarations, and
 * with those of its columns that are in new_columns, or with all_columns any,
 * and aren't classified.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_check_relation(int32 relation_id, bool all_columns, List *new_columns)
{
	Check		check = {relation_id, NIL};

	check_tables(&check);
	check_columns(&check);
	check_keys(&check);
	check_expressions(&check);
	check_strategies(&check);
	check_children(&check);
	check_deletes(&check);
	if (all_columns || new_columns != NIL)
		check_unclassified(&check, all_columns ? NIL : new_columns);
	return check.findings;
}

/* What is wrong with any expression, now that something has another name. */
List *
pvext_check_expressions(void)
{
	Check		check = {0, NIL};

	check_expressions(&check);
	return check.findings;
}

/* pv.check_map() */
Datum
pvext_check_map(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Check		check = {0, NIL};
	PvextScope	scope;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	check_orphans(&check);
	check_tables(&check);
	check_columns(&check);
	check_keys(&check);
	check_expressions(&check);
	check_strategies(&check);
	check_children(&check);
	check_deletes(&check);
	check_indexes(&check);
	check_unclassified(&check, NIL);
	check_child_columns(&check);
	check_unreached(&check);
	check_undeclared(&check);
	check_unowned(&check);
	check_plans(&check);
	check_strangers(&check);

	foreach(lc, check.findings)
	{
		PvextFinding *finding = lfirst(lc);
		bool		nulls[5] = {false, finding->column == NULL, false, false,
		finding->hint == NULL};
		NameData	column;
		Datum		values[5] = {CStringGetTextDatum(finding->relation)};

		if (finding->column)
			namestrcpy(&column, finding->column);
		values[1] = NameGetDatum(&column);
		values[2] = CStringGetTextDatum(finding->error ? "error" : "warning");
		values[3] = CStringGetTextDatum(finding->problem);
		if (finding->hint)
			values[4] = CStringGetTextDatum(finding->hint);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	pvext_leave(&scope);
	return (Datum) 0;
}

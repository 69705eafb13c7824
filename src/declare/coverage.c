/*
 * coverage.c
 *		What the data map says nothing about.
 *
 * Columns that nobody has classified (unclassified.c), tables (unmapped_table.c) and rows (unowned_row.c) that no
 * link leads to, and subjects that only the ledgers know: what an erasure would not
 * reach, because nobody has declared it.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/print.h"
#include "base/relation.h"
#include "base/table_part.h"
#include "consent/ending.h"
#include "declare/coverage.h"
#include "declare/unowned_row.h"
#include "declare/unsettled_link.h"
#include "detect/unmapped_table.h"
#include "map/link_match.h"
#include "map/link_path.h"
#include "map/map.h"
#include "map/not_link.h"
#include "map/unclassified.h"

/*
 * Foreign keys to mapped tables from tables of which nothing is declared, not
 * even that they hold nothing personal.
 */
static void
check_undeclared(PvextCheck *check, PvextAdvice *advice)
{
	List	   *not_links = pvext_not_links();
	ListCell   *lc;
	ListCell   *key;

	foreach(lc, pvext_mapped_relations(check))
	{
		char	  **row = lfirst(lc);

		foreach(key, pvext_foreign_keys_to(atooid(row[0])))
		{
			PvextForeignKey *fk = lfirst(key);
			PvextArgs	args = {0};

			if (fk->relid == atooid(row[0]) || pvext_is_partition(fk->relid) ||
				pvext_is_not_link(not_links, fk->relid, fk->columns) ||
				pvext_is_linked(fk, pvext_relation_id(atooid(row[0])), false))
				continue;
			pvext_arg_int4(&args, pvext_relation_id(fk->relid));
			if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1"
						  " UNION ALL SELECT FROM pv.declared_link WHERE relation_id = $1"
						  " UNION ALL SELECT FROM pv.not_personal WHERE relation_id = $1",
						  &args) > 0)
				continue;
			pvext_add_finding(check, pvext_relation_name(fk->relid), linitial(fk->columns), false,
						psprintf("a foreign key refers to %s, but no link is declared", row[1]),
						"Declare the link with pv.declare_link(), that it is none with pv.declare_not_link(), or that the table holds nothing personal with pv.declare_not_personal().");
			pvext_settle_by(check, pvext_settle_undeclared(advice, fk->relid, fk->columns, atooid(row[0]), fk->parent_columns));
		}
	}
}

/* What is declared below no subject: no erasure ever gets there. */
static void
check_unreached(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "WITH RECURSIVE reached (id) AS ("
					  " SELECT relation_id FROM pv.declared_subject"
					  " UNION SELECT l.relation_id FROM pv.declared_link l"
					  "  JOIN reached ON reached.id = l.parent_id)"
					  " SELECT r.relation, NULL, format('link \"%s\" leads to no subject', l.name)"
					  " FROM pv.declared_link l JOIN (" PVEXT_LIVE_RELATION ") ON r.id = l.relation_id"
					  " WHERE " PVEXT_ONLY " AND l.parent_id NOT IN (SELECT id FROM reached)"
					  " UNION ALL SELECT r.relation, p.column_name,"
					  "  'the column is personal, but no link leads from the table to a subject'"
					  " FROM pv.declared_personal p JOIN (" PVEXT_LIVE_RELATION ") ON r.id = p.relation_id"
					  " WHERE " PVEXT_ONLY " AND r.id NOT IN (SELECT id FROM reached)"
					  " ORDER BY 1, 2, 3"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], row[1], false, row[2],
					"Declare the subject, or the link that leads to one.");
	}
}

/* Is the table one of those that the check is about? */
static bool
is_checked(PvextCheck *check, PvextTable *table)
{
	return check->only == 0 || check->only == table->id;
}

/* Columns, and rows that are deleted, of which nobody has said with whom they go. */
static void
check_unsaid(PvextCheck *check, PvextTable *table, PvextAdvice *advice)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (column->unsaid)
		{
			pvext_add_finding(check, table->sql_name, column->name, true,
						psprintf("the column is about several subjects: rows of %s may belong to several",
								 column->unsaid->sql_name),
						column->unsaid == table ? "Declare it again with the links that it goes by." :
						"Declare it again with the links that it goes by, or a link of that table with inherit => false.");
			pvext_settle_by(check, pvext_declare_again_sql(advice, table, list_make1(column->name)));
		}
	}
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (link->unsaid)
			pvext_add_finding(check, table->sql_name, NULL, true,
						psprintf("rows would be deleted with any of several subjects: link \"%s\" goes by %s, whose rows may belong to several",
								 link->name, link->unsaid->sql_name),
						"Declare a link of that table with inherit => false.");
	}
}

/* Does the column stay another's where the rows are deleted with the subject of a link? */
static bool
is_anothers(PvextTable *table, PvextColumn *column)
{
	ListCell   *lc;

	foreach(lc, column->paths)
	{
		PvextLink  *link = pvext_map_link(table, linitial(lfirst(lc)));

		if (link && !link->delete_rows)
			return true;
	}
	return false;
}

/* Columns about one person in rows that are deleted with another. */
static void
check_deleted_with(PvextCheck *check, PvextTable *table)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, table->links)
		foreach(cell, ((PvextLink *) lfirst(lc))->delete_rows ? table->columns : NIL)
		{
			PvextColumn *column = lfirst(cell);

			if (is_anothers(table, column))
				pvext_add_finding(check, table->sql_name, column->name, false,
							psprintf("the column is about another subject than that of link \"%s\", with whom the rows are deleted",
									 ((PvextLink *) lfirst(lc))->name),
							"Is that meant? If not, declare the link with on_erase => 'anonymise'.");
		}
}

/* Whom columns and rows go with, by the map as it is. */
static void
check_ownership(PvextCheck *check, PvextAdvice *advice)
{
	PvextMap   *map = pvext_map();
	ListCell   *lc;

	foreach(lc, map->tables)
		if (is_checked(check, lfirst(lc)))
		{
			check_unsaid(check, lfirst(lc), advice);
			check_deleted_with(check, lfirst(lc));
		}
	foreach(lc, pvext_idle_links(map))
	{
		PvextLink  *link = lfirst(lc);

		if (!is_checked(check, link->table))
			continue;
		pvext_add_finding(check, link->table->sql_name, linitial(link->columns), false,
						psprintf("by link \"%s\" no column is anybody's", link->name),
						"Declare again the columns that are about its subject, with link => or '*'; or say that none is, with pv.undeclare_link() and pv.declare_not_link().");
		pvext_settle_by(check, pvext_settle_idle(advice, link));
	}
}

/*
 * Columns that only an inheritance child of a mapped table has, or that it has from another
 * parent.  Of a child that is mapped itself pvext_check_unclassified() asks for them.
 */
static void
check_child_columns(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "WITH RECURSIVE child (id) AS ("
					  " SELECT i.inhrelid FROM " PVEXT_LIVE_RELATION
					  "  JOIN pg_inherits i ON i.inhparent = c.oid WHERE " PVEXT_ONLY
					  " UNION SELECT i.inhrelid FROM child JOIN pg_inherits i ON i.inhparent = child.id)"
					  " SELECT a.attrelid::regclass, a.attname FROM child"
					  " JOIN pg_class k ON k.oid = child.id AND NOT k.relispartition"
					  " JOIN pg_attribute a ON a.attrelid = child.id AND a.attnum > 0"
					  "  AND NOT a.attisdropped AND a.attgenerated = ''"
					  " WHERE NOT EXISTS (SELECT FROM pg_inherits i"
					  "  JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname"
					  "  WHERE i.inhrelid = child.id AND (i.inhparent IN (SELECT id FROM child)"
					  "   OR i.inhparent IN (SELECT relation FROM pv.relation)))"
					  " AND NOT EXISTS (SELECT FROM pv.relation x WHERE x.relation = child.id"
					  "  AND x.id IN (SELECT relation_id FROM pv.declared_subject"
					  "   UNION ALL SELECT relation_id FROM pv.declared_link))"
					  " AND NOT EXISTS (SELECT FROM pv.relation x"
					  "  JOIN pv.declared_personal p ON p.relation_id = x.id"
					  "  WHERE x.relation = child.id AND p.column_name = a.attname)"
					  " AND NOT EXISTS (SELECT FROM pv.relation x"
					  "  JOIN pv.not_personal n ON n.relation_id = x.id"
					  "  WHERE x.relation = child.id AND n.column_name = a.attname)"
					  " ORDER BY 1, a.attnum"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], row[1], false, "the column is not classified",
					psprintf("SELECT pv.declare_personal(%s, %s, ...); or pv.declare_not_personal().",
							 pvext_print_literal(row[0]), pvext_print_names(list_make1(row[1]))));
	}
}

/*
 * What check_child_columns() finds of one child, of its columns in only where that is given.
 * Between pvext_enter() and pvext_leave().
 */
List *
pvext_columns_of_child(Oid child, List *only)
{
	PvextCheck	check = {0, NIL};
	char	   *name = pvext_relation_name(child);
	ListCell   *lc;

	check_child_columns(&check);
	foreach(lc, check.findings)
	{
		PvextFinding *finding = lfirst(lc);

		if (strcmp(finding->relation, name) != 0 || (only != NIL && !pvext_has_name(only, finding->column)))
			check.findings = foreach_delete_current(check.findings, lc);
	}
	return check.findings;
}

/*
 * Columns that are declared for a child and for a parent of it, which has come to be in the
 * map, or to be its parent, later; and rules of parents, which hold what is declared there.
 */
static void
check_twice(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT r.relation, p.column_name, up.relid::regclass, q.column_name IS NOT NULL, t.name"
					  " FROM " PVEXT_LIVE_RELATION " JOIN pv.declared_personal p ON p.relation_id = r.id"
					  " CROSS JOIN LATERAL (" PVEXT_UP("c.oid") " SELECT relid FROM up WHERE relid <> c.oid) AS up"
					  " JOIN pv.relation m ON m.relation = up.relid"
					  " LEFT JOIN pv.declared_personal q ON q.relation_id = m.id AND q.column_name = p.column_name"
					  " LEFT JOIN pv.declared_retention t ON t.relation_id = m.id AND q.column_name IS NULL"
					  "  AND (t.columns IS NULL OR p.column_name = ANY (t.columns))"
					  "  AND NOT EXISTS (SELECT FROM pv.declared_retention o WHERE o.relation_id = r.id"
					  "   AND (o.columns IS NULL OR p.column_name = ANY (o.columns)))"
					  " WHERE " PVEXT_ONLY " AND (q.column_name IS NOT NULL OR t.name IS NOT NULL)"
					  " ORDER BY r.relation::text, 2, 3, t.name"))
	{
		char	  **row = lfirst(lc);

		if (pvext_says_true(row[3]))
			pvext_add_finding(check, row[0], row[1], true,
						psprintf("the column is declared personal here and for %s, which it is inherited from", row[2]),
						psprintf("SELECT pv.undeclare_personal(%s, %s);", pvext_print_literal(row[0]),
								 pvext_print_names(list_make1(row[1]))));
		else
			pvext_add_finding(check, row[0], row[1], false,
						psprintf("retention rule \"%s\" of %s does not hold the column, which is declared here", row[4], row[2]),
						"Declare the rule for this table, too.");
	}
}

/*
 * Rules of children that do not hold what is declared for a parent of theirs: by that one
 * their rows lose what they have inherited, or go.
 */
static void
check_rules_of_children(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT DISTINCT r.relation, up.relid::regclass, t.name"
					  " FROM " PVEXT_LIVE_RELATION " JOIN pv.declared_retention t ON t.relation_id = r.id"
					  " CROSS JOIN LATERAL (" PVEXT_UP("c.oid") " SELECT relid FROM up WHERE relid <> c.oid) AS up"
					  " JOIN pv.relation m ON m.relation = up.relid"
					  " WHERE " PVEXT_ONLY " AND NOT c.relispartition"
					  " AND (EXISTS (SELECT FROM pv.declared_link l WHERE l.relation_id = m.id AND l.on_erase = 'delete')"
					  "  OR EXISTS (SELECT FROM pv.declared_personal p WHERE p.relation_id = m.id"
					  "   AND (t.columns IS NULL OR p.column_name = ANY (t.columns))))"
					  " AND NOT EXISTS (SELECT FROM pv.declared_retention o WHERE o.relation_id = m.id AND o.name = t.name)"
					  " ORDER BY r.relation, 2, t.name"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, false,
					psprintf("retention rule \"%s\" does not hold what is declared for %s, which it is a child of", row[2], row[1]),
					psprintf("Declare a rule of that name for %s, too, with a clock that tells the child's rows by tableoid.", row[1]));
	}
}

/* A subject table whose subjects are looked for, as pvext_try()'s argument. */
typedef struct Strangers
{
	Oid			relid;
	int64		count;
} Strangers;

/* For pvext_try(): the owner's code runs for it. */
static void
count_strangers(void *arg)
{
	Strangers  *strangers = arg;

	strangers->count = pvext_count_strangers(pvext_map_subject(pvext_map(), strangers->relid));
}

/* Consents and agreements of subjects that are no longer there. */
static void
check_strangers(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
					  "SELECT r.relation::oid, r.relation FROM pv.declared_subject s"
					  " JOIN (" PVEXT_LIVE_RELATION ") ON r.id = s.relation_id WHERE " PVEXT_ONLY
					  " ORDER BY r.relation::text"))
	{
		char	  **row = lfirst(lc);
		Strangers	strangers = {atooid(row[0])};

		if (pvext_try(count_strangers, &strangers) != NULL)
			pvext_add_finding(check, row[1], NULL, false,
						"subjects with consents or agreements cannot be looked for",
						"Has the type of the key changed? pv.consent and pv.agreement_state show the keys.");
		else if (strangers.count > 0)
			pvext_add_finding(check, row[1], NULL, false,
						psprintf(INT64_FORMAT " subjects with consents or agreements have no row",
								 strangers.count),
						"Their rows were deleted, or their keys changed. End what they left with pv.erase_subject(): whoever gets such a key would inherit it.");
	}
}

/* Tables (OIDs) of which columns have been found to be not classified. */
static List *
find_unclassified(PvextCheck *check)
{
	List	   *relids = NIL;
	ListCell   *lc;

	foreach(lc, pvext_mapped_relations(check))
	{
		Oid			relid = atooid(((char **) lfirst(lc))[0]);

		if (pvext_unclassified_columns(relid) != NIL)
			relids = lappend_oid(relids, relid);
	}
	return relids;
}

/* All of it.  Returns what is proposed, by which the findings are settled. */
PvextAdvice *
pvext_check_omissions(PvextCheck *check)
{
	PvextAdvice *advice = pvext_advise(find_unclassified(check));

	pvext_check_unclassified(check, NIL);
	pvext_check_asked(check, advice);
	check_child_columns(check);
	check_twice(check);
	check_rules_of_children(check);
	check_unreached(check);
	check_undeclared(check, advice);
	pvext_check_unmapped(check, advice);
	pvext_check_nobodys(check);
	check_strangers(check);
	check_ownership(check, advice);
	pvext_check_audit(check);
	return advice;
}

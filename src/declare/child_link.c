/*
 * child_link.c
 *		What a table's links say of its children's rows.
 *
 * The rows of an inheritance child are its parent's, too: whose they are has been said
 * there, and statements on the parent reach the columns that the child has from it.  The
 * columns that only the child has need statements on the child, which go by links of its
 * own.  So with the first of them that is declared, and with the first link that leads to
 * the child, it gets the links of those above it, for everybody to see in pv.link; whoever
 * declares a column that may then be about several says which, as everywhere.  The child
 * of a subject table is linked to that, by its key: each row to itself.  Where the rows go
 * altogether it is the parent's link by which they do, once.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/index.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/table_part.h"
#include "declare/child_link.h"

/* SQL: the declared tables that table $1 is a child of, at any distance. */
#define ABOVE PVEXT_UP("$1") " SELECT m.id, m.relation FROM up JOIN pv.relation AS m ON m.relation = up.relid" \
	" WHERE up.relid <> $1"

/* SQL: does $2 have such a link already? */
#define HAS_SAME(columns, parent, parent_columns, bound, expression) \
	"EXISTS (SELECT FROM pv.declared_link AS o WHERE o.relation_id = $2 AND o.columns = " columns \
	" AND o.parent_id = " parent " AND o.parent_columns = " parent_columns \
	" AND o.bound IS NOT DISTINCT FROM " bound \
	" AND o.expression_bound IS NOT DISTINCT FROM " expression ")"

/* SQL: the name, or one made of it that no link of $2 has. */
#define FREE_NAME(name) \
	"(SELECT CAST(left(" name ", 60) || n.suffix AS name)" \
	" FROM (SELECT 0, '' UNION ALL SELECT i, '_' || i FROM generate_series(2, 99) AS i) AS n (i, suffix)" \
	" WHERE NOT EXISTS (SELECT FROM pv.declared_link AS o WHERE o.relation_id = $2" \
	"  AND o.name = CAST(left(" name ", 60) || n.suffix AS name)) ORDER BY n.i LIMIT 1)"

/* The links of one that is above; the names of those of several may be the same. */
static const char *const take_link =
	"INSERT INTO pv.declared_link (relation_id, name, columns, parent_id, parent_columns, condition, bound,"
	"  owner, on_erase, inherited, shared, expression, expression_bound, elements, ignore_case)"
	" SELECT $2, " FREE_NAME("l.name") ", l.columns, l.parent_id, l.parent_columns, l.condition, l.bound,"
	"  l.owner, 'anonymise', l.inherited, l.shared, l.expression, l.expression_bound, l.elements, l.ignore_case"
	" FROM (" ABOVE ") AS a JOIN pv.declared_link AS l ON l.relation_id = a.id AND l.parent_id <> a.id"
	" WHERE NOT " HAS_SAME("l.columns", "l.parent_id", "l.parent_columns", "l.bound", "l.expression_bound")
	" ORDER BY a.id, l.name LIMIT 1"
	" RETURNING name, columns, parent_id, parent_columns, bound, expression_bound, ignore_case";

/* To the subject table that is above. */
static const char *const take_key =
	"INSERT INTO pv.declared_link (relation_id, name, columns, parent_id, parent_columns, on_erase)"
	" SELECT $2, " FREE_NAME("array_to_string(s.key, '_')") ", s.key, s.relation_id, s.key, 'anonymise'"
	" FROM (" ABOVE ") AS a JOIN pv.declared_subject AS s ON s.relation_id = a.id"
	" WHERE NOT " HAS_SAME("s.key", "s.relation_id", "s.key", "NULL", "NULL")
	" ORDER BY a.id LIMIT 1"
	" RETURNING name, columns, parent_id, parent_columns, bound, expression_bound, ignore_case";

/* Take one over; false where there is none.  Its owner hears of it. */
static bool
take_one(const char *sql, Oid relid, PvextArgs *args)
{
	char	   *name;
	PvextSearch search = {.relid = relid};
	PvextArgs	of_parent = {0};

	if (pvext_own(sql, args) == 0)
		return false;
	name = pvext_value(0, 1);
	search.columns = pvext_names(0, 2);
	search.parent_columns = pvext_names(0, 4);
	search.condition = pvext_value(0, 5);
	search.expression = pvext_value(0, 6);
	search.ignore_case = pvext_bool(0, 7);
	pvext_arg_int4(&of_parent, (int32) pvext_int(0, 3));
	if (pvext_own("SELECT relation::oid FROM pv.relation WHERE id = $1 AND relation IS NOT NULL", &of_parent) == 0)
		return true;
	search.parent = (Oid) pvext_int(0, 1);
	ereport(NOTICE,
			(errmsg("table %s has got link \"%s\" to %s from the table that it is a child of",
					pvext_relation_name(relid), name, pvext_relation_name(search.parent))));
	if (!pvext_is_indexed(&search))
		ereport(WARNING,
				(errmsg("link \"%s\" of table %s has no index", name, pvext_relation_name(relid)),
				 errhint("%s", pvext_link_index_sql(&search))));
	return true;
}

/*
 * Declare of a child, of which no column is declared yet, what links say of its rows where
 * they are those of tables above it.  Between pvext_enter() and pvext_leave().
 */
void
pvext_take_parents_links(Oid relid, int32 id)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, relid);
	pvext_arg_int4(&args, id);
	if (pvext_own("SELECT FROM pg_inherits WHERE inhrelid = $1 AND NOT EXISTS"
				  " (SELECT FROM pv.declared_subject WHERE relation_id = $2"
				  "  UNION ALL SELECT FROM pv.declared_personal WHERE relation_id = $2)", &args) == 0)
		return;
	while (take_one(take_link, relid, &args))
		;
	while (take_one(take_key, relid, &args))
		;
}

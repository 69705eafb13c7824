/*
 * twin_link.c
 *		Links to a declared table that lead to what has left it, too.
 *
 * Where no foreign key says that a row's key is one of the declared table's own, it may be
 * that of a row which has left with a partition (detach.c).  The link gets a twin that leads
 * there, and the columns that go by the one go by the other as well.  A row belongs to one
 * of them at most, so twins make nothing ambiguous.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "declare/twin_link.h"
#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"

/* A link to the root, which gets a twin that leads to the part. */
typedef struct Led
{
	int32		relation_id;
	Oid			relid;			/* InvalidOid of an orphan */
	char	   *name;
	List	   *columns;
	List	   *parent_columns;
} Led;

/*
 * The steps of the paths that columns go by, one after the other: at is the table that a
 * path has come to, with the link path[n].
 */
#define STEPS \
	"WITH RECURSIVE step (relation_id, column_name, path, n, at) AS (" \
	"SELECT p.relation_id, p.column_name, string_to_array(u.path, '.'), 1, p.relation_id" \
	" FROM pv.declared_personal AS p, unnest(p.paths) AS u (path)" \
	" UNION ALL SELECT s.relation_id, s.column_name, s.path, s.n + 1, l.parent_id" \
	" FROM step AS s JOIN pv.declared_link AS l ON l.relation_id = s.at AND CAST(l.name AS text) = s.path[s.n]) "

/*
 * Run a statement on pvext's tables: $1 is the part's id, $2 the root's, $3 the part, and $4
 * what is given.
 */
void
pvext_run_parting(const char *sql, const PvextParting *parting, const char *suffix)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, parting->part_id);
	pvext_arg_int4(&args, parting->root_id);
	pvext_arg_oid(&args, OIDOID, parting->part);
	pvext_arg_text(&args, suffix);
	(void) pvext_own(sql, &args);
}

/* Links of a table that the part has no twin of yet. */
static List *
list_led(const PvextParting *parting)
{
	List	   *list = NIL;

	pvext_run_parting("SELECT l.relation_id, CAST(c.oid AS oid), l.name,"
		" CASE WHEN l.expression IS NULL THEN l.columns ELSE '{}' END, l.parent_columns"
		" FROM pv.declared_link AS l JOIN pv.relation AS r ON r.id = l.relation_id"
		" LEFT JOIN pg_class AS c ON c.oid = r.relation"
		" WHERE l.parent_id = $2 AND NOT EXISTS (SELECT FROM pv.declared_link AS o"
		"  WHERE o.relation_id = l.relation_id AND o.parent_id = $1 AND o.columns = l.columns"
		"  AND o.parent_columns = l.parent_columns AND o.bound IS NOT DISTINCT FROM l.bound"
		"  AND o.expression_bound IS NOT DISTINCT FROM l.expression_bound)"
		" ORDER BY 1, 3", parting, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Led		   *led = palloc0(sizeof(Led));

		led->relation_id = (int32) pvext_int(i, 1);
		led->relid = pvext_value(i, 2) ? (Oid) pvext_int(i, 2) : InvalidOid;
		led->name = pvext_value(i, 3);
		led->columns = pvext_names(i, 4);
		led->parent_columns = pvext_names(i, 5);
		list = lappend(list, led);
	}
	return list;
}

/* Does a foreign key to the root see to it that no row refers to one that has left? */
static bool
stays_with(const Led *led, Oid root)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(root))
		if (pvext_is_key_of(lfirst(lc), led->relid, led->columns, led->parent_columns))
			return true;
	return false;
}

/* A name for the twin that its table has no other link of. */
static char *
twin_name(const Led *led, Oid part)
{
	const char *relation = get_rel_name(part);

	for (int i = 1;; i++)
	{
		char	   *end = i == 1 ? pstrdup("") : psprintf("_%d", i);
		char	   *name = psprintf("%s_%s", led->name, relation);
		PvextArgs	args = {0};

		name[pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1 - strlen(end))] = '\0';
		for (char *p = name; *p; p++)
			*p = *p == '.' ? '_' : *p;	/* paths are names joined by dots */
		name = psprintf("%s%s", name, end);
		pvext_arg_int4(&args, led->relation_id);
		pvext_arg_name(&args, name);
		if (pvext_own("SELECT FROM pv.declared_link WHERE relation_id = $1 AND name = $2", &args) == 0)
			return name;
	}
}

/* Let a link lead to the part, too, and whatever goes by it. */
static void
add_twin(const Led *led, const PvextParting *parting)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, led->relation_id);
	pvext_arg_text(&args, led->name);
	pvext_arg_text(&args, twin_name(led, parting->part));
	pvext_arg_int4(&args, parting->part_id);
	(void) pvext_own("INSERT INTO pv.declared_link (relation_id, name, columns, parent_id, parent_columns,"
					 "  condition, bound, owner, on_erase, inherited,"
					 "  shared, expression, purposes, expression_bound, elements, ignore_case)"
					 " SELECT relation_id, CAST($3 AS name), columns, $4, parent_columns, condition, bound, owner,"
					 "  on_erase, inherited, shared, expression, purposes, expression_bound, elements, ignore_case"
					 " FROM pv.declared_link"
					 " WHERE relation_id = $1 AND name = CAST($2 AS name)", &args);
	args.n = 3;
	(void) pvext_own(STEPS ", more AS (SELECT relation_id, column_name,"
					 "  array_agg(array_to_string(path[:n - 1] || $3 || path[n + 1:], '.')) AS paths"
					 "  FROM step WHERE at = $1 AND path[n] = $2 GROUP BY 1, 2)"
					 " UPDATE pv.declared_personal AS p SET paths = ARRAY("
					 "  SELECT DISTINCT u.path COLLATE \"C\" FROM unnest(p.paths || m.paths) AS u (path) ORDER BY 1)"
					 " FROM more AS m WHERE m.relation_id = p.relation_id AND m.column_name = p.column_name",
					 &args);
}

/*
 * Let what leads to the root lead to the part, too.  Between pvext_enter() and pvext_leave(),
 * as the others.
 */
void
pvext_add_twins(const PvextParting *parting)
{
	ListCell   *lc;

	foreach(lc, list_led(parting))
		if (!stays_with(lfirst(lc), parting->root))
			add_twin(lfirst(lc), parting);
}

/*
 * No column goes by a twin any more, where there is another way; the links themselves are the
 * caller's to delete.
 */
void
pvext_remove_twins(const PvextParting *parting)
{
	pvext_run_parting(STEPS ", gone AS (SELECT s.relation_id, s.column_name, array_agg(array_to_string(s.path, '.')) AS paths"
		"  FROM step AS s JOIN pv.declared_link AS l ON l.relation_id = s.at"
		"   AND CAST(l.name AS text) = s.path[s.n] WHERE " PVEXT_TWIN_OF_ROOT " GROUP BY 1, 2)"
		" UPDATE pv.declared_personal AS p SET paths = ARRAY("
		"  SELECT u.path FROM unnest(p.paths) AS u (path) WHERE u.path <> ALL (g.paths))"
		" FROM gone AS g WHERE g.relation_id = p.relation_id AND g.column_name = p.column_name"
		" AND NOT p.paths <@ g.paths", parting, NULL);
}


/*
 * link.c
 *		Links: which table's rows belong to which other table's rows.
 *
 * A link may follow a foreign key or not, lead to any unique key, and hold
 * under a condition only.  What of a row it compares is link_value.c's.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/expression.h"
#include "base/index.h"
#include "base/relation.h"
#include "base/result.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "declare/child_link.h"
#include "declare/declare_not_link.h"
#include "declare/link.h"
#include "declare/owner_path.h"
#include "declare/replica_identity.h"
#include "declare/shared_link.h"
#include "fmgr.h"
#include "map/link_match.h"
#include "map/purpose.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(pvext_declare_link);
PG_FUNCTION_INFO_V1(pvext_undeclare_link);

/* The parent's columns name one row, and rows do not belong to themselves. */
static void
check_parent_columns(const PvextLinkDeclaration *link)
{
	if (link->relid == link->parent && link->value == NULL &&
		pvext_equal_names(link->columns, link->parent_columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("columns of table %s cannot be linked to themselves",
						pvext_relation_name(link->relid))));
}

/* The key that links lead to by default: the subject's, or the primary key. */
static List *
default_parent_columns(Oid parent)
{
	PvextArgs	args = {0};
	List	   *columns;

	pvext_arg_int4(&args, pvext_relation_id(parent));
	if (pvext_own("SELECT key FROM pv.declared_subject WHERE relation_id = $1", &args) > 0)
		return pvext_names(0, 1);
	columns = pvext_primary_key(parent);
	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("table %s has no primary key", pvext_relation_name(parent)),
				 errhint("Name the columns of another unique key with parent_columns.")));
	return columns;
}

/* A link's default name: its columns joined by "_". */
static char *
default_name(List *columns)
{
	char	   *name = pvext_join_names(columns, "_", false);

	name[pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1)] = '\0';
	return name;
}

/*
 * The same of a shared link: those of one row may all be by its primary key, so where that
 * name is taken it is called by what refers.
 */
static char *
shared_name(const PvextLinkDeclaration *link)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_relation_id(link->relid));
	pvext_arg_name(&args, link->name);
	if (pvext_own("SELECT FROM pv.declared_link WHERE relation_id = $1 AND name = $2", &args) == 0)
		return pstrdup(link->name);
	return default_name(lcons(get_rel_name(link->parent), list_copy(link->parent_columns)));
}

/*
 * What goes with rows that are deleted must have been declared to go: else a
 * CASCADE, SET NULL or SET DEFAULT would take, by the side, what a retention
 * rule or another subject still needs.
 */
static void
check_cascades(Oid relid)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(relid))
	{
		PvextForeignKey *fk = lfirst(lc);
		bool		others;

		if (fk->relid == relid ||
			fk->on_delete == FKCONSTR_ACTION_NOACTION ||
			fk->on_delete == FKCONSTR_ACTION_RESTRICT)
			continue;
		if (pvext_is_reference(fk, pvext_relation_id(relid), &others) ? !pvext_reference_goes(fk, others) :
			!pvext_is_linked(fk, pvext_relation_id(relid), true))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("deleting rows of table %s would change rows of table %s",
							pvext_relation_name(relid), pvext_relation_name(fk->relid)),
					 errdetail("Foreign key \"%s\" is ON DELETE CASCADE, SET NULL or SET DEFAULT.",
							   fk->name),
					 errhint("First declare a link of %s to %s with on_erase => 'delete', or link %s with on_erase => 'anonymise'.",
							 pvext_relation_name(fk->relid), pvext_relation_name(relid),
							 pvext_relation_name(relid))));
	}
}

/* Raise where rows of the table cannot go with others; what foreign keys do is checked apart. */
static void
check_on_erase(Oid relid, const char *on_erase)
{
	if (strcmp(on_erase, "anonymise") != 0 && strcmp(on_erase, "delete") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized on_erase \"%s\"", on_erase),
				 errhint("It is 'anonymise' or 'delete'.")));
	if (strcmp(on_erase, "delete") == 0)
	{
		PvextArgs	args = {0};

		pvext_arg_int4(&args, pvext_relation_id(relid));
		if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1", &args) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("rows of subject table %s are persons of their own",
							pvext_relation_name(relid)),
					 errhint("Link them with on_erase => 'anonymise'.")));
	}
}

/*
 * A table that is ON DELETE CASCADE under rows to be deleted may not become
 * one whose rows stay.
 */
static void
check_parent_deletes(Oid relid, List *columns, Oid parent, List *parent_columns,
					 const char *on_erase)
{
	PvextArgs	args = {0};
	ListCell   *lc;

	if (strcmp(on_erase, "delete") == 0)
		return;
	pvext_arg_int4(&args, pvext_relation_id(parent));
	if (pvext_own("SELECT FROM pv.declared_link WHERE relation_id = $1 AND on_erase = 'delete'",
				  &args) == 0)
		return;
	foreach(lc, pvext_foreign_keys_to(parent))
	{
		PvextForeignKey *fk = lfirst(lc);

		if (pvext_is_key_of(fk, relid, columns, parent_columns) &&
			fk->on_delete != FKCONSTR_ACTION_NOACTION &&
			fk->on_delete != FKCONSTR_ACTION_RESTRICT)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("rows of table %s go with those of table %s, which are deleted",
							pvext_relation_name(relid), pvext_relation_name(parent)),
					 errhint("Declare this link with on_erase => 'delete'.")));
	}
}

/*
 * Where the parent's key is itself erased, the link's columns get its new value
 * in the same statement: by the foreign key, or as one owner.
 */
static void
check_key_follows(Oid relid, List *columns, Oid parent, List *parent_columns)
{
	PvextArgs	args = {0};
	ListCell   *lc;

	if (pvext_owner(relid) == pvext_owner(parent))
		return;
	pvext_arg_int4(&args, pvext_relation_id(parent));
	pvext_arg_names(&args, parent_columns, false);
	if (pvext_own("SELECT FROM pv.declared_personal WHERE relation_id = $1"
				  " AND column_name = ANY ($2)", &args) == 0)
		return;
	foreach(lc, pvext_foreign_keys_to(parent))
	{
		PvextForeignKey *fk = lfirst(lc);

		if (fk->on_update == FKCONSTR_ACTION_CASCADE &&
			pvext_is_key_of(fk, relid, columns, parent_columns))
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table %s has another owner than the personal key that it is linked to",
					pvext_relation_name(relid)),
			 errhint("Give both tables to one role, or make the foreign key ON UPDATE CASCADE.")));
}

/*
 * Enter a link.  Its condition is bound to the owner of now: after the table has changed
 * hands it is not run.
 */
static void
insert_link(const PvextLinkDeclaration *link)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_register_relation(link->relid));
	pvext_arg_name(&args, link->name);
	pvext_arg_names(&args, link->columns, false);
	pvext_arg_int4(&args, pvext_register_relation(link->parent));
	pvext_arg_names(&args, link->parent_columns, false);
	pvext_arg_text(&args, link->condition);
	pvext_arg_text(&args, link->bound);
	pvext_arg_name(&args, link->bound || link->value ? GetUserNameFromId(pvext_owner(link->relid), false) : NULL);
	pvext_arg_text(&args, link->on_erase);
	pvext_arg_bool(&args, link->inherit);
	pvext_arg_text(&args, link->shared);
	pvext_arg_text(&args, link->expression);
	pvext_arg(&args, TEXTARRAYOID, PointerGetDatum(link->purposes), link->purposes == NULL);
	pvext_arg_text(&args, link->value);
	pvext_arg_bool(&args, link->elements);
	pvext_arg_bool(&args, link->ignore_case);
	if (pvext_own("INSERT INTO pv.declared_link (relation_id, name, columns, parent_id, parent_columns, condition,"
				  "  bound, owner, on_erase, inherited, shared, expression, purposes, expression_bound, elements,"
				  "  ignore_case)"
				  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
				  " ON CONFLICT DO NOTHING", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("table %s has a link named \"%s\"", pvext_relation_name(link->relid), link->name),
				 errhint("Pass another name, or take the link back with pv.undeclare_link() first.")));
}

/*
 * Warn of columns that go on from the table by the only link that there was when they were
 * declared: from now on there is another.
 */
static void
warn_of_unsaid(Oid relid, Oid parent, const char *name, bool inherit)
{
	PvextArgs	args = {0};

	if (parent == relid)
		return;					/* to another row, which is no other person */
	pvext_arg_int4(&args, pvext_relation_id(relid));
	pvext_arg_text(&args, name);
	pvext_arg_bool(&args, inherit);
	(void) pvext_own("WITH RECURSIVE step (id, column_name, at, path) AS ("
					 " SELECT p.relation_id, p.column_name, p.relation_id, string_to_array(u.path, '.')"
					 "  FROM pv.declared_personal AS p, unnest(p.paths) AS u (path) WHERE p.named IS NULL"
					 " UNION SELECT s.id, s.column_name, l.parent_id, s.path[2:] FROM step AS s"
					 "  JOIN pv.declared_link AS l ON l.relation_id = s.at AND CAST(l.name AS text) = s.path[1])"
					 " SELECT string_agg(DISTINCT format('%s, column \"%s\"', r.relation, s.column_name), '; ')"
					 " FROM step AS s JOIN pv.relation AS r ON r.id = s.id"
					 " WHERE s.at = $1 AND s.path[1] <> $2 AND ($3 OR s.id = s.at)", &args);
	if (pvext_value(0, 1))
		ereport(WARNING,
				(errcode(ERRCODE_AMBIGUOUS_COLUMN),
				 errmsg("rows of table %s may belong to several subjects now", pvext_relation_name(relid)),
				 errdetail("Columns were declared while there was one link: %s.", pvext_value(0, 1)),
				 errhint("Declare them again with the links that they go by: no erasure takes them until then.")));
}

/* Raise where the name would not do in paths of names joined by dots. */
static void
check_name(const char *name)
{
	if (strcmp(name, "*") == 0 || strchr(name, '.') || name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("\"%s\" cannot be the name of a link", name),
				 errhint("Choose a name that is not empty, not \"*\" and has no dot.")));
}

/* Purposes are of rows that go; where rows stay, it is their columns that have some. */
static void
check_purposes(const PvextLinkDeclaration *link)
{
	if (strcmp(link->on_erase, "delete") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("only links whose rows are deleted have purposes"),
				 errhint("Give the purposes with the columns, by pv.declare_personal(), or use on_erase => 'delete'.")));
	pvext_check_purposes(PointerGetDatum(link->purposes), "Leave it out for rows of every purpose.");
}

/* Try the condition on rows that are there, as the table's owner. */
static void
try_condition(const PvextLinkDeclaration *link)
{
	if (link->bound)
		(void) pvext_run(pvext_owner(link->relid),
						 psprintf("SELECT (%s) FROM (SELECT * FROM %s LIMIT 1000) AS r",
								  link->bound, pvext_relation_name(link->relid)), NULL);
}

/* Warn where the link's rows are found by reading the whole table. */
static void
warn_of_index(const PvextLinkDeclaration *link)
{
	PvextSearch search = {.relid = link->relid, .columns = link->columns, .expression = link->value,
		.ignore_case = link->ignore_case, .parent = link->parent, .parent_columns = link->parent_columns,
	.condition = link->bound};

	if (!pvext_is_indexed(&search))
		ereport(WARNING,
				(errmsg("link \"%s\" of table %s has no index", link->name,
						pvext_relation_name(link->relid)),
				 errhint("%s", pvext_link_index_sql(&search))));
}

/*
 * Declare a link, all checks included; fills in the defaults.  Between pvext_enter() and
 * pvext_leave().
 */
void
pvext_declare_link_internal(PvextLinkDeclaration *link)
{
	Oid			relid = link->relid;
	Oid			parent = link->parent;

	pvext_check_table(relid);
	pvext_check_table(parent);
	pvext_check_owner(relid);
	pvext_check_owner(parent);
	if (link->parent_columns == NIL)
		link->parent_columns = default_parent_columns(parent);
	pvext_complete_link_expression(link);
	if (link->name == NULL)
		link->name = default_name(link->columns);
	check_name(link->name);
	pvext_check_link_values(link);
	check_parent_columns(link);
	pvext_resolve_shared(link);
	if (link->shared && !link->named)
		link->name = shared_name(link);
	check_on_erase(relid, link->on_erase);
	if (!link->inherit && strcmp(link->on_erase, "delete") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("what belongs to rows that are deleted goes with them"),
				 errhint("Leave inherit out where on_erase is 'delete'.")));
	if (link->purposes)
		check_purposes(link);
	pvext_take_parents_links(parent, pvext_register_relation(parent));
	if (link->value == NULL)
	{
		check_parent_deletes(relid, link->columns, parent, link->parent_columns, link->on_erase);
		if (link->shared == NULL)
			check_key_follows(relid, link->columns, parent, link->parent_columns);
		pvext_forget_not_link(relid, link->columns);
	}
	pvext_check_references(link);
	try_condition(link);
	insert_link(link);
	if (strcmp(link->on_erase, "delete") == 0)
		check_cascades(relid);
	pvext_check_deleted_with(pvext_relation_id(relid));
	if (link->shared && pvext_all_shared(pvext_relation_id(relid)))
		pvext_extend_shared_paths(link);
	else
		warn_of_unsaid(relid, parent, link->name, link->inherit);
	pvext_warn_of_replica(pvext_relation_id(relid));
	if (link->value)
		pvext_warn_of_held_key(pvext_relation_id(parent), linitial(link->parent_columns));
	warn_of_index(link);
	pvext_warn_of_reference_index(link);
	pvext_record_event(psprintf("declare_link(%s, %s)", pvext_relation_name(relid), link->name), NULL);
}

/* The link's condition, bound by the caller's own search_path. */
static char *
bind_condition(Oid relid, const char *condition)
{
	pvext_check_table(relid);
	pvext_check_expression_owner(relid);
	return pvext_bind(relid, get_rel_name(relid), condition, BOOLOID,
					  PVEXT_EXPR_STABLE, "condition of the link", NULL);
}

/*
 * pv.declare_link(relation, columns, parent, parent_columns, name, condition, on_erase,
 * inherit, shared, expression, purposes, ignore_case): declare that rows belong to those of
 * another table.  Returns the link's name.
 *
 * Condition and expression are bound before pvext_enter().
 */
Datum
pvext_declare_link(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextLinkDeclaration link = {0};
	Name		name = palloc0(sizeof(NameData));

	pvext_require_arg(fcinfo, 0, "relation");
	if (PG_ARGISNULL(9))
		pvext_require_arg(fcinfo, 1, "columns");
	pvext_require_arg(fcinfo, 2, "parent");
	pvext_require_arg(fcinfo, 6, "on_erase");
	pvext_require_arg(fcinfo, 7, "inherit");
	pvext_require_arg(fcinfo, 11, "ignore_case");
	link.relid = PG_GETARG_OID(0);
	link.columns = PG_ARGISNULL(1) ? NIL : pvext_names_arg(fcinfo, 1);
	link.parent = PG_GETARG_OID(2);
	link.parent_columns = PG_ARGISNULL(3) ? NIL : pvext_names_arg(fcinfo, 3);
	link.named = !PG_ARGISNULL(4);
	link.name = link.named ? pstrdup(NameStr(*PG_GETARG_NAME(4))) : NULL;
	link.condition = pvext_text_arg(fcinfo, 5);
	link.on_erase = pvext_text_arg(fcinfo, 6);
	link.inherit = PG_GETARG_BOOL(7);
	link.shared = pvext_text_arg(fcinfo, 8);
	link.expression = pvext_text_arg(fcinfo, 9);
	link.purposes = PG_ARGISNULL(10) ? NULL : PG_GETARG_ARRAYTYPE_P(10);
	link.ignore_case = PG_GETARG_BOOL(11);
	if (link.condition)
		link.bound = bind_condition(link.relid, link.condition);
	if (link.expression)
		pvext_bind_link_expression(&link);
	pvext_enter(&scope);
	pvext_declare_link_internal(&link);
	namestrcpy(name, link.name);
	pvext_leave(&scope);
	PG_RETURN_NAME(name);
}

/*
 * pv.undeclare_link(relation, name): take a link back by which no personal column goes,
 * at any distance.
 */
Datum
pvext_undeclare_link(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_check_owner(relid);
	pvext_enter(&scope);
	pvext_arg_int4(&args, pvext_relation_id(relid));
	pvext_arg(&args, NAMEOID, PG_GETARG_DATUM(1), false);
	if (pvext_own("WITH RECURSIVE step (relation_id, path, name) AS ("
				  " SELECT p.relation_id, string_to_array(u.path, '.'), split_part(u.path, '.', 1)"
				  "  FROM pv.declared_personal p, unnest(p.paths) AS u (path)"
				  " UNION SELECT l.parent_id, s.path[2:], s.path[2] FROM step s"
				  "  JOIN pv.declared_link l ON l.relation_id = s.relation_id AND l.name::text = s.name)"
				  " SELECT FROM step WHERE relation_id = $1 AND name = $2::text", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("a personal column of table %s is about the subject of link \"%s\"",
						pvext_relation_name(relid), NameStr(*PG_GETARG_NAME(1))),
				 errhint("Undeclare the column, or declare it with another link, first.")));
	if (pvext_own("DELETE FROM pv.declared_link WHERE relation_id = $1 AND name = $2",
				  &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table %s has no link named \"%s\"", pvext_relation_name(relid),
						NameStr(*PG_GETARG_NAME(1))),
				 errhint("pv.link lists those that are declared.")));
	pvext_record_event(psprintf("undeclare_link(%s, %s)", pvext_relation_name(relid),
								NameStr(*PG_GETARG_NAME(1))), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

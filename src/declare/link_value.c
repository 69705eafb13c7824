/*
 * link_value.c
 *		What of a row a link compares, as it is declared.
 *
 * Columns, one for each of the parent's, or what an expression makes of the row.  An
 * expression that is but a column is one.  Whether it can be compared is found out when it is
 * declared, and what it does with the rows that are there.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/expression.h"
#include "base/index.h"
#include "base/key_match.h"
#include "base/print.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "declare/link_value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* No expression reads more columns: what the log has of a row is looked at by so many. */
#define MAX_COLUMNS INDEX_MAX_KEYS

/*
 * Bind the expression, by the caller's own search_path: it must be immutable, for records of
 * the log are asked with it too, and an index may be on it.  Before pvext_enter().
 */
void
pvext_bind_link_expression(PvextLinkDeclaration *link)
{
	pvext_check_table(link->relid);
	pvext_check_expression_owner(link->relid);
	if (link->columns != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("both columns and an expression are given"),
				 errhint("Pass NULL as columns: those that the expression reads are found.")));
	link->value = pvext_bind(link->relid, get_rel_name(link->relid), link->expression, InvalidOid, 0,
							 "expression of the link", NULL);
}

/* The columns that the expression reads; where it is but one of them, the link goes by that. */
void
pvext_complete_link_expression(PvextLinkDeclaration *link)
{
	if (link->value == NULL && link->columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a link needs at least one column"),
				 errhint("Name the columns that hold the parent's key, or pass an expression.")));
	if (link->value == NULL)
		return;
	link->columns = pvext_columns_read(link->relid, link->value);
	if (link->columns == NIL || list_length(link->columns) > MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 link->columns == NIL ? errmsg("the expression of the link reads no column") :
				 errmsg("the expression of the link reads more than %d columns", MAX_COLUMNS),
				 errhint("Write what of the row is the parent's key.")));
	if (IsA(pvext_bound_node(link->relid, link->value), Var) && list_length(link->columns) == 1)
		link->value = link->expression = NULL;
}

/* Type and collation of what is compared with the parent's column of that number; *name says it to people. */
static void
held_type(const PvextLinkDeclaration *link, int n, Oid *type, Oid *collation, char **name)
{
	const char *column;

	if (link->value)
	{
		pvext_bound_type(link->relid, link->value, type, collation);
		*name = "the expression";
		return;
	}
	column = list_nth(link->columns, n);
	(void) pvext_column(link->relid, column, type, NULL);
	*collation = pvext_column_collation(link->relid, column);
	*name = psprintf("column \"%s\"", column);
}

/* It compares with the parent's column; what is an array by its elements. */
static void
check_value(PvextLinkDeclaration *link, int n)
{
	const char *parent_column = list_nth(link->parent_columns, n);
	Oid			type;
	Oid			collation;
	Oid			parent_type;
	char	   *name;
	PvextMatch	match;

	(void) pvext_column(link->parent, parent_column, &parent_type, NULL);
	held_type(link, n, &type, &collation, &name);
	pvext_match_value(type, collation, link->parent, parent_column, link->ignore_case, &match);
	if (match.equals == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s of type %s does not compare with \"%s\" of type %s", name, format_type_be(type),
						parent_column, format_type_be(parent_type)),
				 link->ignore_case ? errhint("The case of letters is ignored of single strings alone.") :
				 errhint("Both must have one equality operator in common, or one of them be text.")));
	if (!match.array)
		return;
	if (list_length(link->parent_columns) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("elements of %s cannot be part of a key of several columns", name),
				 errhint("Name a key of one column with parent_columns.")));
	if (strcmp(link->on_erase, "delete") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows that belong to several by elements of %s cannot go with one of them", name),
				 errhint("Declare what is about any of them with pv.declare_personal() and the name of this link.")));
	link->elements = true;
}

/* The parent's columns name one row whatever their case. */
static void
check_unique_lower(const PvextLinkDeclaration *link)
{
	if (!pvext_is_unique_lower(link->parent, link->parent_columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("columns %s of table %s are not unique whatever their case",
						pvext_join_names(link->parent_columns, ", ", true), pvext_relation_name(link->parent)),
				 errdetail("Two persons may have names that differ in their case alone."),
				 errhint("%s", pvext_unique_lower_sql(link->parent, link->parent_columns))));
}

/*
 * What the link compares is there, is as much as the parent's columns, and compares with them;
 * an expression works on the rows that are there.  Between pvext_enter() and pvext_leave().
 */
void
pvext_check_link_values(PvextLinkDeclaration *link)
{
	int			width = link->value ? 1 : list_length(link->columns);

	if (width != list_length(link->parent_columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("the link has %d columns, the parent's key has %d",
						width, list_length(link->parent_columns)),
				 errhint("The parent's columns are %s; name others with parent_columns.",
						 pvext_join_names(link->parent_columns, ", ", true))));
	for (int n = 0; n < width; n++)
		check_value(link, n);
	if (link->ignore_case && link->shared == NULL)
		check_unique_lower(link);
	if (link->value)
		pvext_try_expression(pvext_owner(link->relid), pvext_relation_name(link->relid), link->value,
							 PVEXT_TRIAL_ROWS, "the expression of the link");
}

/*
 * Warn of expressions that lead to a key, a column of the relation of the id, that is personal:
 * what holds it is not given its new value, but erased by itself, and so has to be declared.
 * No erasure is possible until it is.  Between pvext_enter() and pvext_leave().
 */
void
pvext_warn_of_held_key(int32 id, const char *column)
{
	PvextArgs	args = {0};
	uint64		n;

	pvext_arg_int4(&args, id);
	pvext_arg_name(&args, column);
	n = pvext_own("SELECT r.relation::oid, l.name, l.columns FROM pv.declared_link AS l"
				  " JOIN pv.relation AS r ON r.id = l.relation_id AND r.relation IS NOT NULL"
				  " JOIN pv.declared_personal AS p ON p.relation_id = $1 AND p.column_name = $2"
				  " WHERE l.parent_id = $1 AND $2 = ANY (l.parent_columns) AND l.expression IS NOT NULL"
				  " AND NOT EXISTS (SELECT FROM pv.declared_personal AS h"
				  "  WHERE h.relation_id = l.relation_id AND h.column_name = ANY (l.columns)) ORDER BY 1, 2", &args);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *relation = pvext_relation_name((Oid) pvext_int(i, 1));

		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("link \"%s\" of table %s leads to a key that is personal", pvext_value(i, 2), relation),
				 errhint("Declare what holds it, too: SELECT pv.declare_personal(%s, %s, ...);",
						 pvext_print_literal(relation), pvext_print_names(pvext_names(i, 3)))));
	}
}

/*
 * expression.c
 *		SQL expressions that a declaration carries.
 *
 * An expression is parsed once, when it is declared, under the caller's own
 * search_path, and kept "bound": deparsed with every name qualified, its row
 * called "r", so that it means the same under pvext's pinned search_path for
 * ever.  It is parsed and evaluated as the table's owner only: parsing a
 * literal already runs the checks of domains in it.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/expression.h"
#include "base/spi.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

/* Raise that a text is not an expression, and why. */
static void
bad_expression(const char *what, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s is not a single expression", what),
			 errdetail("%s", detail),
			 errhint("Write one SQL expression, without SELECT, FROM or a semicolon.")));
}

/*
 * The raw parse tree of one expression, nothing before or after it.
 */
static Node *
parse_one(const char *text, const char *what)
{
	List	   *raw = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select;
	ResTarget  *target;

	if (list_length(raw) != 1)
		bad_expression(what, "There is more than one statement.");
	select = (SelectStmt *) linitial_node(RawStmt, raw)->stmt;
	if (!IsA(select, SelectStmt) || list_length(select->targetList) != 1)
		bad_expression(what, "There is not exactly one value.");
	if (select->distinctClause || select->intoClause || select->fromClause ||
		select->whereClause || select->groupClause || select->havingClause ||
		select->windowClause || select->valuesLists || select->sortClause ||
		select->limitOffset || select->limitCount ||
		select->lockingClause || select->withClause || select->op != SETOP_NONE)
		bad_expression(what, "A clause follows the expression.");
	target = linitial_node(ResTarget, select->targetList);
	if (target->name)
		bad_expression(what, "The value has an alias.");
	return target->val;
}

/*
 * An unqualified column inside a subquery binds to the inner table whenever
 * that happens to have a column of the name, and silently changes meaning.
 */
static bool
unqualified_walker(Node *node, bool *inside)
{
	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef) && *inside)
	{
		ColumnRef  *ref = (ColumnRef *) node;

		if (list_length(ref->fields) == 1 && IsA(linitial(ref->fields), String))
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_COLUMN),
					 errmsg("column \"%s\" inside a subquery is not qualified",
							strVal(linitial(ref->fields))),
					 errhint("Name the table of every column inside a subquery, such as \"subject.%s\".",
							 strVal(linitial(ref->fields)))));
	}
	if (IsA(node, SubLink))
	{
		SubLink    *sublink = (SubLink *) node;
		bool		now_inside = true;

		unqualified_walker(sublink->testexpr, inside);
		return unqualified_walker(sublink->subselect, &now_inside);
	}
	return raw_expression_tree_walker(node, unqualified_walker, inside);
}

/* p_post_columnref_hook: what is not found any more may have been renamed. */
static Node *
renamed_column(ParseState *pstate, ColumnRef *cref, Node *var)
{
	PvextRenaming *renaming = pstate->p_ref_hook_state;
	ParseState *inner = pstate;
	Node	   *last = llast(cref->fields);
	ListCell   *lc;

	if (var != NULL || !IsA(last, String) ||
		strcmp(strVal(last), renaming->oldname) != 0)
		return NULL;
	for (int up = 0; pstate; pstate = pstate->parentParseState, up++)
		foreach(lc, pstate->p_namespace)
		{
			ParseNamespaceItem *item = lfirst(lc);
			const char *alias = item->p_rte->eref->aliasname;

			if (item->p_rte->relid != renaming->relid)
				continue;
			if (list_length(cref->fields) == 2 &&
				strcmp(strVal(linitial(cref->fields)), alias) != 0)
				continue;
			return scanNSItemForColumn(inner, item, up, renaming->newname,
									   cref->location);
		}
	return NULL;
}

/* Let a subquery that names a table by its old name find it by the new one. */
static bool
renamed_table_walker(Node *node, void *arg)
{
	PvextRenaming *renaming = arg;

	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
	{
		RangeVar   *table = (RangeVar *) node;

		if (table->schemaname && strcmp(table->schemaname, renaming->oldschema) == 0 &&
			strcmp(table->relname, renaming->oldname) == 0)
		{
			table->schemaname = get_namespace_name(get_rel_namespace(renaming->relid));
			table->relname = get_rel_name(renaming->relid);
			if (table->alias == NULL)
				table->alias = makeAlias(renaming->oldname, NIL);
		}
		return false;
	}
	return raw_expression_tree_walker(node, renamed_table_walker, arg);
}

/*
 * Mutability
 */

/* A function's arguments that are its defaults. */
static List *
with_default_arguments(Oid function, Oid result, List *args)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	args = expand_function_arguments(args, false, result, tuple);
	ReleaseSysCache(tuple);
	return args;
}

/* The expression, its subqueries too, with all arguments that its functions are called with. */
static Node *
default_arguments_mutator(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, default_arguments_mutator, context, 0);
	node = expression_tree_mutator(node, default_arguments_mutator, context);
	if (IsA(node, FuncExpr))
	{
		FuncExpr   *call = (FuncExpr *) node;

		call->args = with_default_arguments(call->funcid, call->funcresulttype, call->args);
	}
	else if (IsA(node, WindowFunc))
	{
		WindowFunc *call = (WindowFunc *) node;

		call->args = with_default_arguments(call->winfnoid, call->wintype, call->args);
	}
	return node;
}

/*
 * The expression as it is executed, as the server looks at those of indexes: what an
 * argument is by default, and what a function is made of, may be mutable where the
 * function itself is said not to be.
 */
static Node *
as_executed(Node *expr)
{
	return (Node *) expression_planner((Expr *) default_arguments_mutator(copyObject(expr), NULL));
}

/*
 * May an expression, analyzed, give another result for the same row?  Immutable functions of
 * the table's owner may be run: as the owner.
 */
bool
pvext_is_mutable(Node *expr)
{
	return contain_mutable_functions(as_executed(expr));
}

/* May it from one evaluation to the next?  Likewise as the owner. */
bool
pvext_is_volatile(Node *expr)
{
	return contain_volatile_functions(as_executed(expr));
}

/*
 * Parse analysis of a raw expression over one row of relid, called alias, and
 * the checks that flags ask for.
 */
static Node *
analyze(Oid relid, const char *alias, Node *raw, Oid want, int flags,
		const char *what, PvextRenaming *renaming, const char *source)
{
	ParseState *pstate = make_parsestate(NULL);
	Relation	rel = table_open(relid, AccessShareLock);
	ParseNamespaceItem *item;
	Node	   *expr;
	PvextUser	back;

	/*
	 * Analysis and planning run code of whoever made functions, domains and types of his:
	 * as the owner, who the expression is going to run as, and never as who declares it.
	 */
	pvext_switch_user(RelationGetForm(rel)->relowner, &back);
	pstate->p_sourcetext = source;
	if (renaming && renaming->oldschema)
		renamed_table_walker(raw, renaming);
	else if (renaming)
	{
		pstate->p_ref_hook_state = renaming;
		pstate->p_post_columnref_hook = renamed_column;
	}
	item = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
										 makeAlias(alias, NIL), false, true);
	addNSItemToQuery(pstate, item, false, true, true);
	expr = transformExpr(pstate, raw,
						 (flags & PVEXT_EXPR_AGGREGATE) ? EXPR_KIND_SELECT_TARGET
						 : EXPR_KIND_WHERE);
	if (want == BOOLOID)
		expr = coerce_to_boolean(pstate, expr, what);
	else if (exprType(expr) == UNKNOWNOID)
		expr = coerce_type(pstate, expr, UNKNOWNOID, TEXTOID, -1,
						   COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
	assign_expr_collations(pstate, expr);

	if (pstate->p_hasSubLinks && !(flags & PVEXT_EXPR_SUBQUERY))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot use a subquery", what)));
	if (pstate->p_hasWindowFuncs || pstate->p_hasTargetSRFs)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot use a window function or a set", what)));
	if ((flags & PVEXT_EXPR_AGGREGATE) && !(flags & PVEXT_EXPR_ROW) && !pstate->p_hasAggs)
		ereport(ERROR,
				(errcode(ERRCODE_GROUPING_ERROR),
				 errmsg("%s is not an aggregate", what),
				 errhint("Write it over the rows of the other table, such as max(issued_on).")));
	if (pvext_is_volatile(expr))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("%s uses a volatile function", what),
				 errhint("Its result must not change from one evaluation to the next.")));
	if (!(flags & PVEXT_EXPR_STABLE) && pvext_is_mutable(expr))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("%s uses a function that is not immutable", what),
				 errhint("Use functions that are marked IMMUTABLE, and casts that depend on no setting.")));
	pvext_restore_user(&back);
	table_close(rel, NoLock);
	return expr;
}

/* The text of an analyzed expression whose row is called so.  See pvext_deparse(). */
static char *
deparse_as(Oid relid, Node *expr, const char *row, bool prefix)
{
	int			nestlevel = pvext_pin_settings();
	char	   *text;

	text = deparse_expression(expr, deparse_context_for(row, relid), prefix, false);
	AtEOXact_GUC(false, nestlevel);
	return text;
}

/*
 * The text of an analyzed expression, names qualified, its row called "r" (or columns
 * bare where prefix is false, as a person would write it).  Under the pinned search_path,
 * by which names outside of pg_catalog are qualified.
 */
char *
pvext_deparse(Oid relid, Node *expr, bool prefix)
{
	return deparse_as(relid, expr, PVEXT_ROW, prefix);
}

/*
 * Bind the text of an expression over a row of relid, which the text may call
 * alias.  want is BOOLOID for a condition or InvalidOid; what names it in
 * messages ("condition of the link").  To be called before pvext_enter(),
 * under the caller's search_path.  Raises a clear error for anything that is
 * not one expression of the kind that flags allow.
 */
char *
pvext_bind(Oid relid, const char *alias, const char *text, Oid want,
		   int flags, const char *what, Oid *type)
{
	Node	   *raw = parse_one(text, what);
	Node	   *expr;
	bool		inside = false;

	unqualified_walker(raw, &inside);
	expr = analyze(relid, alias, raw, want, flags, what, NULL, text);
	if (type)
		*type = exprType(expr);
	return pvext_deparse(relid, expr, true);
}

/*
 * Bind a bound expression anew: raises what has become wrong with it since.
 * renaming says what has another name since, or is NULL.  To be called between pvext_enter() and pvext_leave().
 */
char *
pvext_rebind(Oid relid, const char *bound, Oid want, int flags,
			 PvextRenaming *renaming, bool prefix)
{
	Node	   *expr;

	expr = analyze(relid, PVEXT_ROW, parse_one(bound, "expression"), want,
				   flags, "expression", renaming, bound);
	return pvext_deparse(relid, expr, prefix);
}

/*
 * A bound expression, analyzed: its row is the first of a range table.  In the current
 * context; between pvext_enter() and pvext_leave().
 */
Node *
pvext_bound_node(Oid relid, const char *bound)
{
	return analyze(relid, PVEXT_ROW, parse_one(bound, "expression"), InvalidOid,
				   PVEXT_EXPR_STABLE, "expression", NULL, bound);
}

/* A bound expression over a row that is called otherwise.  Likewise. */
char *
pvext_bound_as(Oid relid, const char *bound, const char *row)
{
	return deparse_as(relid, pvext_bound_node(relid, bound), row, true);
}

/* Type and collation of what a bound expression gives.  Likewise. */
void
pvext_bound_type(Oid relid, const char *bound, Oid *type, Oid *collation)
{
	Node	   *expr = pvext_bound_node(relid, bound);

	*type = exprType(expr);
	*collation = exprCollation(expr);
}

/* The columns of its row that a bound expression reads; all, where it reads the row.  Likewise. */
List *
pvext_columns_read(Oid relid, const char *bound)
{
	List	   *names = NIL;
	Bitmapset  *attnums = NULL;
	int			attnum = -1;

	pull_varattnos(pvext_bound_node(relid, bound), 1, &attnums);
	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
	{
		AttrNumber	column = attnum + FirstLowInvalidHeapAttributeNumber;

		if (column == InvalidAttrNumber)
			return pvext_columns(relid);
		if (column < 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("the expression reads a system column"),
					 errhint("Write it over the columns of the table.")));
		names = lappend(names, get_attname(relid, column, false));
	}
	return names;
}

/* Does a bound expression name a column of its row? */
bool
pvext_mentions(const char *expression, const char *column)
{
	char	   *name = psprintf("r.%s", quote_identifier(column));
	size_t		len = strlen(name);

	for (const char *p = expression; p && (p = strstr(p, name)) != NULL; p += len)
		if (!isalnum((unsigned char) p[len]) && p[len] != '_' && p[len] != '$' &&
			!IS_HIGHBIT_SET(p[len]))
			return true;
	return false;
}

/* An expression being tried. */
typedef struct Trial
{
	Oid			role;
	const char *sql;
} Trial;

/* The body of pvext_try(). */
static void
run_trial(void *arg)
{
	Trial	   *trial = arg;

	(void) pvext_run(trial->role, trial->sql, NULL);
}

/*
 * Evaluate an expression over row r of up to so many rows of a relation, as its
 * owner.  Raises what that raises, without a message that may hold values.
 */
void
pvext_try_expression(Oid owner, const char *relation, const char *sql, int rows,
					 const char *what)
{
	Trial		trial = {owner};
	ErrorData  *error;

	trial.sql = psprintf("SELECT count(s.v) FROM (SELECT (%s) AS v FROM %s AS r LIMIT %d) AS s",
						 sql, relation, rows);
	error = pvext_try(run_trial, &trial);
	if (error == NULL)
		return;
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg("%s fails on rows of %s", what, relation),
			 pvext_is_about_catalog(error) ? errdetail("The server says: %s.", error->message) : 0,
			 errhint("Try the expression in a SELECT on the table, as the table's owner.")));
}

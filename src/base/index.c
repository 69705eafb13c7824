/*
 * index.c
 *		Which indexes serve a search.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/index.h"
#include "base/key_match.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* The access method of an index. */
static Oid
index_method(Oid indexid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(indexid));
	Oid			method;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", indexid);
	method = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	ReleaseSysCache(tuple);
	return method;
}

/* A link's columns as they are compared. */
typedef struct Search
{
	List	   *columns;
	PvextMatch *matches;		/* of each */
	const char *condition;		/* the link's, bound, or NULL */
} Search;

/* What is compared of a link's columns; without a parent, the columns as they are. */
static void
init_search(Search *search, Oid relid, List *columns, Oid parent, List *parent_columns)
{
	int			n = list_length(columns);

	search->columns = columns;
	search->condition = NULL;
	search->matches = palloc0(sizeof(PvextMatch) * Max(n, 1));
	for (int i = 0; i < n && OidIsValid(parent); i++)
		if (pvext_has_column(relid, list_nth(columns, i)) &&
			pvext_has_column(parent, list_nth(parent_columns, i)))
			pvext_match(relid, list_nth(columns, i), parent, list_nth(parent_columns, i),
						&search->matches[i]);
}

/* Is it made another string type for the comparison?  An index has to be over that. */
static bool
is_cast(const PvextMatch *match)
{
	return OidIsValid(match->cast) && !match->as_text;
}

/* Is the expression the column, cast to the type? */
static bool
is_cast_column(Node *expr, AttrNumber attnum, Oid type)
{
	Node	   *arg = NULL;

	if (exprType(expr) != type)
		return false;
	if (IsA(expr, RelabelType))
		arg = (Node *) ((RelabelType *) expr)->arg;
	else if (IsA(expr, FuncExpr))
		arg = linitial(((FuncExpr *) expr)->args);
	return arg && IsA(arg, Var) && ((Var *) arg)->varattno == attnum;
}

/* Does a column of an index, or its expression, hold one of the columns as it is compared? */
static bool
holds_column(Relation rel, AttrNumber held, Node *expr, Oid collation, Search *search)
{
	for (int c = 0; c < list_length(search->columns); c++)
	{
		PvextMatch *match = &search->matches[c];
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), list_nth(search->columns, c));

		if (is_cast(match) ? expr && is_cast_column(expr, attnum, match->cast) :
			held == attnum)
			return !OidIsValid(match->collation) || match->collation == collation;
	}
	return false;
}

/*
 * Does the index lead to rows by one of the columns?  Columns before it may be
 * those of a link's condition, such as item_type before item_id.
 */
static bool
index_serves(Relation rel, HeapTuple tuple, Search *search)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);
	bool		isnull;
	Datum		tree = SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indexprs, &isnull);
	List	   *expressions = isnull ? NIL : (List *) stringToNode(TextDatumGetCString(tree));
	oidvector  *collations = (oidvector *)
		DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indcollation, &isnull));
	ListCell   *next = list_head(expressions);

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber	attnum = index->indkey.values[i];
		Node	   *expr = attnum == 0 ? lfirst(next) : NULL;
		char	   *name;

		if (holds_column(rel, attnum, expr, collations->values[i], search))
			return true;
		if (attnum <= 0)
			return false;
		name = NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname);
		if (search->condition == NULL ||
			strstr(search->condition, psprintf("r.%s", quote_identifier(name))) == NULL)
			return false;
	}
	return false;
}

/*
 * Is there a whole, valid btree or hash index for a link's columns, as they are
 * compared with the parent's?  condition is the link's, bound, or NULL.
 */
bool
pvext_is_indexed(Oid relid, List *columns, Oid parent, List *parent_columns,
				 const char *condition)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		result = false;
	Search		search;
	ListCell   *lc;

	init_search(&search, relid, columns, parent, parent_columns);
	search.condition = condition;
	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Oid			method = index_method(lfirst_oid(lc));

		if (!HeapTupleIsValid(tuple))
			continue;
		if (((Form_pg_index) GETSTRUCT(tuple))->indisvalid &&
			(method == BTREE_AM_OID || method == HASH_AM_OID) &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
			result = result || index_serves(rel, tuple, &search);
		ReleaseSysCache(tuple);
	}
	relation_close(rel, AccessShareLock);
	return result;
}

/* The CREATE INDEX that a link's columns need. */
char *
pvext_link_index_sql(Oid relid, List *columns, Oid parent, List *parent_columns)
{
	StringInfoData sql;
	Search		search;

	init_search(&search, relid, columns, parent, parent_columns);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE INDEX ON %s (", pvext_relation_name(relid));
	for (int i = 0; i < list_length(columns); i++)
	{
		const char *column = quote_identifier(list_nth(columns, i));
		PvextMatch *match = &search.matches[i];

		appendStringInfoString(&sql, i > 0 ? ", " : "");
		if (is_cast(match))
			appendStringInfo(&sql, "(CAST(%s AS %s))", column, pvext_type_name(match->cast, -1));
		else
			appendStringInfoString(&sql, column);
		appendStringInfoString(&sql, match->collate ? match->collate : "");
	}
	appendStringInfoString(&sql, ");");
	return sql.data;
}

/* Is an index over all rows that a condition (or NULL: none) holds of? */
static bool
index_covers(Oid indexid, Node *condition)
{
	Relation	index = index_open(indexid, AccessShareLock);
	List	   *predicate = RelationGetIndexPredicate(index);
	bool		covers = predicate == NIL ||
		(condition && predicate_implied_by(predicate, list_make1(condition), false));

	index_close(index, AccessShareLock);
	return covers;
}

/*
 * Is there an index that finds the rows that a condition over them (analyzed, or NULL)
 * holds of by what a column is at most?
 */
bool
pvext_is_ordered(Oid relid, const char *column, Node *condition)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	AttrNumber	attnum = get_attnum(relid, column);
	bool		result = false;
	PvextUser	back;
	ListCell   *lc;

	/* Immutable functions of the owner's, in the condition or in predicates, may be run. */
	pvext_switch_user(pvext_owner(relid), &back);
	if (condition)
		condition = (Node *) canonicalize_qual((Expr *) eval_const_expressions(NULL, condition), false);
	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Oid			method = index_method(lfirst_oid(lc));

		if (!HeapTupleIsValid(tuple))
			continue;
		result = result || ((method == BTREE_AM_OID || method == BRIN_AM_OID) &&
							((Form_pg_index) GETSTRUCT(tuple))->indisvalid &&
							((Form_pg_index) GETSTRUCT(tuple))->indkey.values[0] == attnum &&
							index_covers(lfirst_oid(lc), condition));
		ReleaseSysCache(tuple);
	}
	pvext_restore_user(&back);
	relation_close(rel, AccessShareLock);
	return result;
}

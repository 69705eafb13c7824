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
#include "base/expression.h"
#include "base/index.h"
#include "base/key_match.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

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

/* What is searched by, of each of the parent's columns. */
typedef struct Needle
{
	AttrNumber	attnum;			/* a column as it is; else 0 */
	Node	   *expr;			/* what it is made into, as it is executed; or NULL */
	Oid			equals;			/* the operator of its type */
	char	   *text;			/* how a person would write that */
	PvextMatch	match;
} Needle;

/* Search by an expression, as the server keeps those of indexes and compares them with. */
static void
set_expression(Needle *needle, Oid relid, const char *sql)
{
	PvextUser	back;
	Node	   *expr;

	expr = pvext_bound_node(relid, sql);
	needle->equals = lookup_type_cache(exprType(expr), TYPECACHE_EQ_OPR)->eq_opr;
	needle->text = pvext_deparse(relid, expr, false);
	pvext_switch_user(pvext_owner(relid), &back);
	expr = eval_const_expressions(NULL, expr);
	pvext_restore_user(&back);
	while (IsA(expr, RelabelType))
		expr = (Node *) ((RelabelType *) expr)->arg;
	needle->expr = expr;
}

/* Is it compared as it is, or as a text as which its own index serves as well? */
static bool
is_as_it_is(const PvextSearch *search, const PvextMatch *match)
{
	return search->expression == NULL && !match->folded &&
		(!OidIsValid(match->cast) || (match->as_text && !match->array));
}

/* What is searched by; without a parent, the columns as they are.  False where one is not there. */
static bool
init_needle(Needle *needle, const PvextSearch *search, int n)
{
	const char *column = search->expression ? NULL : list_nth(search->columns, n);
	const char *parent_column = OidIsValid(search->parent) ? list_nth(search->parent_columns, n) : NULL;
	char	   *held;
	Oid			type;
	Oid			collation;

	memset(needle, 0, sizeof(*needle));
	needle->match.collate = "";
	if ((column && !pvext_has_column(search->relid, column)) ||
		(parent_column && !pvext_has_column(search->parent, parent_column)))
		return false;
	if (column)
	{
		(void) pvext_column(search->relid, column, &type, NULL);
		collation = pvext_column_collation(search->relid, column);
		held = psprintf(PVEXT_ROW ".%s", quote_identifier(column));
	}
	else
	{
		pvext_bound_type(search->relid, search->expression, &type, &collation);
		held = psprintf("(%s)", search->expression);
	}
	if (parent_column)
		pvext_match_value(type, collation, search->parent, parent_column, search->ignore_case, &needle->match);
	if (is_as_it_is(search, &needle->match))
	{
		needle->attnum = get_attnum(search->relid, column);
		needle->text = psprintf("%s%s", quote_identifier(column), needle->match.collate);
		return true;
	}
	set_expression(needle, search->relid, pvext_match_held(&needle->match, held));
	if (column && !needle->match.folded)
		needle->text = pvext_match_held(&needle->match, quote_identifier(column));
	return true;
}

/* Does a column of an index, or its expression, hold it? */
static bool
holds_needle(Needle *needle, AttrNumber attnum, Node *expr, Oid collation, Oid family)
{
	/* It may be there as another type, which it is only relabelled to. */
	if (needle->expr && !needle->match.array && !op_in_opfamily(needle->equals, family))
		return false;
	while (expr && IsA(expr, RelabelType))
		expr = (Node *) ((RelabelType *) expr)->arg;
	if (needle->expr && expr)
	{
		if (!equal(expr, needle->expr))
			return false;
	}
	else if (attnum == 0 || attnum != (needle->expr && IsA(needle->expr, Var) ? ((Var *) needle->expr)->varattno : needle->attnum))
		return false;
	return !OidIsValid(needle->match.collation) || needle->match.collation == collation;
}

/* Are the elements of what the index is of its keys, by the server's own operators? */
static bool
has_elements(Oid family)
{
	Oid			elements = GetDefaultOpClass(INT4ARRAYOID, GIN_AM_OID);

	return OidIsValid(elements) && family == get_opclass_family(elements);
}

/*
 * Does the index lead to rows by one of the columns?  Columns before it may be
 * those of a link's condition, such as item_type before item_id.
 */
static bool
index_serves(Relation rel, HeapTuple tuple, Oid method, Relation index_rel, const PvextSearch *search, List *needles)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);
	bool		isnull;
	List	   *expressions = RelationGetIndexExpressions(index_rel);
	oidvector  *collations = (oidvector *)
		DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indcollation, &isnull));
	ListCell   *next = list_head(expressions);

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber	attnum = index->indkey.values[i];
		Node	   *expr = attnum == 0 ? lfirst(next) : NULL;
		char	   *name;
		ListCell   *lc;

		if (attnum == 0)
			next = lnext(expressions, next);
		foreach(lc, needles)
		{
			Needle	   *needle = lfirst(lc);

			if (needle->match.array ? method != GIN_AM_OID || !has_elements(index_rel->rd_opfamily[i]) : method == GIN_AM_OID)
				continue;
			if (holds_needle(needle, attnum, expr, collations->values[i],
							 index_rel->rd_opfamily[i]))
				return true;
		}
		if (method == GIN_AM_OID)
			continue;			/* its columns serve each by itself */
		if (attnum <= 0)
			return false;
		name = NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname);
		if (search->condition == NULL ||
			strstr(search->condition, psprintf("r.%s", quote_identifier(name))) == NULL)
			return false;
	}
	return false;
}

/* What is searched by, of each of the parent's columns that is there. */
static List *
find_needles(const PvextSearch *search)
{
	List	   *needles = NIL;
	int			n = search->expression ? 1 : list_length(search->columns);

	for (int i = 0; i < n; i++)
	{
		Needle	   *needle = palloc(sizeof(Needle));

		if (init_needle(needle, search, i))
			needles = lappend(needles, needle);
	}
	return needles;
}

/*
 * Is there a whole, valid index for what is searched by, as that is compared with the
 * parent's: btree or hash, or gin for the elements of an array?
 */
bool
pvext_is_indexed(const PvextSearch *search)
{
	List	   *needles = find_needles(search);
	Relation	rel = relation_open(search->relid, AccessShareLock);
	bool		result = false;
	PvextUser	back;
	ListCell   *lc;

	/* Immutable functions of the owner's, in expressions of indexes, may be run. */
	pvext_switch_user(pvext_owner(search->relid), &back);
	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Oid			method = index_method(lfirst_oid(lc));
		Relation	index;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = index_open(lfirst_oid(lc), AccessShareLock);
		if (((Form_pg_index) GETSTRUCT(tuple))->indisvalid &&
			(method == BTREE_AM_OID || method == HASH_AM_OID || method == GIN_AM_OID) &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
			result = result || index_serves(rel, tuple, method, index, search, needles);
		index_close(index, AccessShareLock);
		ReleaseSysCache(tuple);
	}
	pvext_restore_user(&back);
	relation_close(rel, AccessShareLock);
	return result;
}

/* The CREATE INDEX for what is searched by. */
char *
pvext_link_index_sql(const PvextSearch *search)
{
	StringInfoData sql;
	ListCell   *lc;
	List	   *needles = find_needles(search);
	bool		array = needles != NIL && ((Needle *) linitial(needles))->match.array;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE INDEX ON %s %s(", pvext_relation_name(search->relid), array ? "USING gin " : "");
	foreach(lc, needles)
	{
		Needle	   *needle = lfirst(lc);

		appendStringInfo(&sql, needle->expr ? "%s(%s)" : "%s%s",
						 lc == list_head(needles) ? "" : ", ", needle->text);
	}
	appendStringInfoString(&sql, ");");
	return sql.data;
}

/* The columns of a key, strings as they are in lower case; false where one is not there. */
static bool
find_lower(Oid relid, List *columns, List **needles)
{
	ListCell   *lc;

	*needles = NIL;
	foreach(lc, columns)
	{
		Needle	   *needle = palloc0(sizeof(Needle));
		char	   *name = psprintf(PVEXT_ROW ".%s", quote_identifier(lfirst(lc)));
		Oid			type;

		if (!pvext_has_column(relid, lfirst(lc)))
			return false;
		(void) pvext_column(relid, lfirst(lc), &type, NULL);
		if (pvext_is_text(type))
			set_expression(needle, relid, psprintf("lower(CAST(%s AS text))", name));
		else
		{
			needle->attnum = get_attnum(relid, lfirst(lc));
			needle->text = pstrdup(quote_identifier(lfirst(lc)));
		}
		*needles = lappend(*needles, needle);
	}
	return true;
}

/* Is all that the index is of among these? */
static bool
is_of_needles(Relation index, List *needles)
{
	List	   *expressions = RelationGetIndexExpressions(index);
	ListCell   *next = list_head(expressions);
	bool		all = true;

	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
	{
		AttrNumber	attnum = index->rd_index->indkey.values[i];
		Node	   *expr = attnum == 0 ? lfirst(next) : NULL;
		bool		any = false;
		ListCell   *lc;

		if (attnum == 0)
			next = lnext(expressions, next);
		foreach(lc, needles)
			any = any || holds_needle(lfirst(lc), attnum, expr, InvalidOid, index->rd_opfamily[i]);
		all = all && any;
	}
	return all;
}

/* Does the index compare the column as the column's own equality does? */
static bool
compares_alike(Relation rel, Relation index, int n)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), index->rd_index->indkey.values[n] - 1);
	Oid			collation = index->rd_indcollation[n];

	if (lookup_type_cache(getBaseType(att->atttypid), TYPECACHE_BTREE_OPFAMILY)->btree_opf != index->rd_opfamily[n])
		return false;
	return collation == att->attcollation || !OidIsValid(att->attcollation) ||
		(get_collation_isdeterministic(collation) && get_collation_isdeterministic(att->attcollation));
}

/* Is at any moment but one row at most, of the index's, equal to some values in these columns? */
static bool
tells_one(Relation rel, Relation index, List *columns)
{
	if (!index->rd_index->indisunique || !index->rd_index->indisvalid || !index->rd_index->indimmediate ||
		RelationGetIndexPredicate(index) != NIL)
		return false;
	for (int n = 0; n < index->rd_index->indnkeyatts; n++)
	{
		AttrNumber	attnum = index->rd_index->indkey.values[n];

		if (attnum <= 0 || !pvext_has_name(columns, get_attname(RelationGetRelid(rel), attnum, false)) ||
			!compares_alike(rel, index, n))
			return false;
	}
	return true;
}

/*
 * Is at any moment but one row at most of the table, and of what inherits from it, equal to some
 * values in these columns, by the columns' own equality?  More than pvext_is_unique(), for who
 * joins rows and counts them: one index may be under another collation than the column, or wait
 * for the end of the transaction.
 */
bool
pvext_is_one_row(Oid relid, List *columns)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		alone = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE || !has_subclass(relid);
	bool		result = false;
	ListCell   *lc;

	foreach(lc, alone ? RelationGetIndexList(rel) : NIL)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		result = result || tells_one(rel, index, columns);
		index_close(index, AccessShareLock);
	}
	relation_close(rel, AccessShareLock);
	return result;
}

/* Does an index see to it that no two rows have the columns' values but for their case? */
bool
pvext_is_unique_lower(Oid relid, List *columns)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	List	   *needles;
	bool		there = find_lower(relid, columns, &needles);
	bool		result = false;
	PvextUser	back;
	ListCell   *lc;

	/* As in pvext_is_indexed(). */
	pvext_switch_user(pvext_owner(relid), &back);
	foreach(lc, there ? RelationGetIndexList(rel) : NIL)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		result = result || (index->rd_index->indisunique && index->rd_index->indisvalid &&
							RelationGetIndexPredicate(index) == NIL && is_of_needles(index, needles));
		index_close(index, AccessShareLock);
	}
	pvext_restore_user(&back);
	relation_close(rel, AccessShareLock);
	return result;
}

/* The CREATE UNIQUE INDEX that does. */
char *
pvext_unique_lower_sql(Oid relid, List *columns)
{
	StringInfoData sql;
	List	   *needles;
	ListCell   *lc;

	(void) find_lower(relid, columns, &needles);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE UNIQUE INDEX ON %s (", pvext_relation_name(relid));
	foreach(lc, needles)
		appendStringInfo(&sql, ((Needle *) lfirst(lc))->expr ? "%s(%s)" : "%s%s",
						 lc == list_head(needles) ? "" : ", ", ((Needle *) lfirst(lc))->text);
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

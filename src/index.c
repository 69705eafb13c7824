/*
 * index.c
 *		Which indexes serve a search.
 */
#include "postgres.h"
#include "message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "compat.h"
#include "index.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

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

/*
 * Does the index lead to rows by one of the columns?  Columns before it may be
 * those of a link's condition, such as item_type before item_id.
 */
static bool
index_serves(Relation rel, Form_pg_index index, List *columns, const char *condition)
{
	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber	attnum = index->indkey.values[i];
		char	   *name;

		if (attnum <= 0)
			return false;
		name = NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname);
		if (pvext_has_name(columns, name))
			return true;
		if (condition == NULL ||
			strstr(condition, psprintf("r.%s", quote_identifier(name))) == NULL)
			return false;
	}
	return false;
}

/*
 * Is there a whole, valid btree or hash index for a link's columns?  condition
 * is the link's, bound, or NULL.
 */
bool
pvext_is_indexed(Oid relid, List *columns, const char *condition)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		result = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Oid			method = index_method(lfirst_oid(lc));

		if (!HeapTupleIsValid(tuple))
			continue;
		if (((Form_pg_index) GETSTRUCT(tuple))->indisvalid &&
			(method == BTREE_AM_OID || method == HASH_AM_OID) &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
			result = result || index_serves(rel, (Form_pg_index) GETSTRUCT(tuple),
											columns, condition);
		ReleaseSysCache(tuple);
	}
	relation_close(rel, AccessShareLock);
	return result;
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

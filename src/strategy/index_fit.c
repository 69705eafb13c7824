/*
 * index_fit.c
 *		What unique and exclusion indexes allow to become of a column's values.
 *
 * Indexes over expressions and partial ones count, and those over generated columns.
 * Called by fit.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/sysattr.h"
#include "base/expression.h"
#include "base/spi.h"
#include "catalog/pg_index.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "strategy/index_fit.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* The columns that an expression reads, as attribute numbers. */
Bitmapset *
pvext_columns_of(Node *expr)
{
	Bitmapset  *offset = NULL;
	Bitmapset  *result = NULL;
	int			i = -1;

	pull_varattnos(expr, 1, &offset);
	while ((i = bms_next_member(offset, i)) >= 0)
		result = bms_add_member(result, Max(i + FirstLowInvalidHeapAttributeNumber, 0));
	return result;
}

/*
 * NULL can collide in a unique index over expressions, where these make
 * something else of it, such as coalesce().
 */
static void
add_null_condition(PvextFit *fit, List *predicate, List *expressions)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, predicate)
		appendStringInfo(&buf, "(%s) AND ", pvext_deparse(fit->relid, lfirst(lc), true));
	foreach(lc, expressions)
		appendStringInfo(&buf, "%s(%s) IS NOT NULL", lc == list_head(expressions) ? "" : " AND ",
						 pvext_deparse(fit->relid, lfirst(lc), true));
	fit->null_unique = lappend(fit->null_unique, buf.data);
}

/* Does an expression read one of the columns, or the whole row? */
static bool
reads(Node *expr, Bitmapset *columns)
{
	Bitmapset  *read = pvext_columns_of(expr);

	return bms_is_member(0, read) || bms_overlap(read, columns);
}

/*
 * What must differ by the column's values alone: what the index is over, where it does not
 * hold the column itself but what is computed from it.  A part of the predicate that does not
 * read it may hold for any row.
 */
static void
add_distinct(PvextFit *fit, Relation index, List *predicate, List *expressions,
			 Bitmapset *affected)
{
	Form_pg_index form = index->rd_index;
	PvextDistinct *distinct = palloc0(sizeof(PvextDistinct));
	ListCell   *next = list_head(expressions);
	ListCell   *lc;

	distinct->index = pstrdup(RelationGetRelationName(index));
	distinct->nulls_collide = form->indnullsnotdistinct;
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];
		Node	   *expr = attnum == 0 ? lfirst(next) : NULL;
		char	   *sql = expr ? psprintf("(%s)", pvext_deparse(fit->relid, expr, true)) :
			psprintf("%s.%s", PVEXT_ROW,
					 quote_identifier(get_attname(fit->relid, attnum, false)));

		if (attnum == fit->attnum)
			return;
		distinct->keys = lappend(distinct->keys, sql);
		if (expr ? reads(expr, affected) : bms_is_member(attnum, affected))
			distinct->computed = lappend(distinct->computed, sql);
		next = expr ? lnext(expressions, next) : next;
	}
	foreach(lc, predicate ? make_ands_implicit(linitial(predicate)) : NIL)
		if (reads(lfirst(lc), affected))
			distinct->conditions = lappend(distinct->conditions,
										   pvext_deparse(fit->relid, lfirst(lc), true));
	if (distinct->computed != NIL)
		fit->distinct = lappend(fit->distinct, distinct);
}

/*
 * The expressions or the predicate of an index, as they are stored.  (What the
 * relation cache has of them has been evaluated where it is constant: that
 * would run the owner's functions as the caller.)
 */
static List *
index_tree(Relation index, AttrNumber attribute)
{
	bool		isnull;
	Datum		tree = SysCacheGetAttr(INDEXRELID, index->rd_indextuple, attribute, &isnull);
	Node	   *node = isnull ? NULL : stringToNode(TextDatumGetCString(tree));

	return node == NULL || IsA(node, List) ? (List *) node : list_make1(node);
}

/* Is the column a range that the constraint only compares by "&&"? */
static bool
excludes_overlaps(const PvextFit *fit, Relation index)
{
	Form_pg_index form = index->rd_index;
	Oid		   *operators;
	Oid		   *functions;
	uint16	   *strategies;

	if (!type_is_range(getBaseType(fit->type)) && !type_is_multirange(getBaseType(fit->type)))
		return false;
	RelationGetExclusionInfo(index, &operators, &functions, &strategies);
	for (int i = 0; i < form->indnkeyatts; i++)
		if (form->indkey.values[i] == fit->attnum)
			return strcmp(get_opname(operators[i]), "&&") == 0;
	return false;
}

/* Note what a unique or exclusion index means for the column. */
void
pvext_fit_index(PvextFit *fit, Relation index, Bitmapset *affected)
{
	Form_pg_index form = index->rd_index;
	List	   *expressions = index_tree(index, Anum_pg_index_indexprs);
	List	   *predicate = index_tree(index, Anum_pg_index_indpred);
	Bitmapset  *within = bms_union(pvext_columns_of((Node *) expressions),
								   pvext_columns_of((Node *) predicate));
	bool		plain = false;

	if (!form->indisunique && !form->indisexclusion)
		return;
	for (int i = 0; i < form->indnkeyatts; i++)
		plain = plain || bms_is_member(form->indkey.values[i], affected);
	if (!plain && !bms_overlap(within, affected) && !bms_is_member(0, within))
		return;
	if (form->indisexclusion)
	{
		fit->only_empty = excludes_overlaps(fit, index) &&
			(fit->exclusion == NULL || fit->only_empty);
		fit->exclusion = pstrdup(RelationGetRelationName(index));
		return;
	}
	fit->unique = pstrdup(RelationGetRelationName(index));
	fit->not_null = fit->not_null || form->indisprimary;
	fit->nulls_collide = fit->nulls_collide || form->indnullsnotdistinct;
	if (form->indnkeyatts == 1 && form->indkey.values[0] == fit->attnum)
		fit->unique_alone = true;
	if (expressions != NIL)
		add_null_condition(fit, predicate, expressions);
	add_distinct(fit, index, predicate, expressions, affected);
}

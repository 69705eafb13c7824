/*
 * key_source.c
 *		Where in a plan the keys of subjects come by.
 *
 * A node that scans a table has the key of each row at hand, in the row, or in the index
 * alone that it scans.  But the rows that the statement is about are those that are left
 * further up: so a key is followed from there as far as it goes along with the row.
 *
 * It does so in two ways.  Where a node hands over a row just when those below it have handed
 * over theirs, the scan still holds its row.  And where the key is among the columns
 * that a node hands over (see carried_key.c), it goes with them through whatever gathers rows
 * first, such as a sort or the table of a hash join.  Where neither goes on, and where many
 * rows become one, as in an aggregate, the key is collected below: then of the rows that go
 * into that.
 *
 * Of what runs in workers of a parallel plan the leader knows what is in columns; the rest is
 * collected by the workers.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "reads/carried_key.h"
#include "reads/columns_read.h"
#include "reads/key_source.h"
#include "reads/key_text.h"
#include "utils/lsyscache.h"

/* A key that goes along with the rows of a node. */
typedef struct Along
{
	PvextScannedKey *key;
	bool		current;		/* the node that scans holds it meanwhile */
	TupleTableSlot **slot;		/* which holds it meanwhile, or NULL */
	AttrNumber *attnums;		/* in there */
	AttrNumber *columns;		/* of the row that is handed over, or NULL */
} Along;

/* The search through a plan. */
typedef struct Whence
{
	PvextCollection *collection;
	QueryDesc  *query;
	Bitmapset  *read;			/* audited tables, by their ids in pv.relation */
	Index	   *parents;		/* of partitions and children, by range table; NULL: none */
	List	   *budgets;
	int			shared;			/* beneath nodes whose rows come from workers */
} Whence;

static List *follow(Whence *whence, PlanState *node);

/*
 * What a node scans
 */

/* The table of the statement that one in its range table is a partition or a child of. */
static Index
table_of(Whence *whence, Index rti)
{
	PlannedStmt *statement = whence->query->plannedstmt;
	ListCell   *lc;

	if (statement->appendRelations == NIL)
		return rti;
	if (whence->parents == NULL)
	{
		whence->parents = palloc0(sizeof(Index) * (list_length(statement->rtable) + 1));
		foreach(lc, statement->appendRelations)
		{
			AppendRelInfo *child = lfirst(lc);

			whence->parents[child->child_relid] = child->parent_relid;
		}
	}
	while (whence->parents[rti] > 0 &&
		   pvext_permission_of(statement, exec_rt_fetch(rti, whence->query->estate)) == NULL)
		rti = whence->parents[rti];
	return rti;
}

/* How many keys may be collected of a table, its partitions together. */
static PvextBudget *
budget_of(Whence *whence, Index rti)
{
	Index		table = table_of(whence, rti);
	PvextBudget *budget;
	ListCell   *lc;

	foreach(lc, whence->budgets)
		if (((PvextBudget *) lfirst(lc))->table == table)
			return lfirst(lc);
	budget = palloc0(sizeof(PvextBudget));
	budget->table = table;
	whence->budgets = lcons(budget, whence->budgets);
	return budget;
}

/* The audited tables of which the statement reads, each with its partitions. */
static const Bitmapset *
read_tables(Whence *whence)
{
	if (whence->read == NULL)
		whence->read = pvext_read_tables(whence->query->plannedstmt);
	return whence->read;
}

/*
 * The watched relation that stands there in the range table, if the statement reads
 * personal columns of it; what comes by inheritance is not named by a privilege, nor
 * are a trigger's transition tables.
 */
static PvextWatched *
watched_at(Whence *whence, Index rti)
{
	RangeTblEntry *entry = exec_rt_fetch(rti, whence->query->estate);
	PvextPermission *permission = pvext_permission_of(whence->query->plannedstmt, entry);
	PvextWatched *relation;

	if (permission)
		return pvext_read_relation(permission);
	relation = pvext_watched(entry->relid);
	if (entry->rtekind == RTE_NAMEDTUPLESTORE)
		return relation;
	return relation && bms_is_member(relation->relation_id, read_tables(whence)) ? relation : NULL;
}

/* Where the columns are in a target list, of which varno is the input; NULL where one is not. */
static AttrNumber *
find_columns(List *targets, int varno, const AttrNumber *columns, int n)
{
	AttrNumber *result;

	if (columns == NULL)
		return NULL;
	result = palloc0(sizeof(AttrNumber) * n);
	for (int i = 0; i < n; i++)
	{
		ListCell   *lc;

		foreach(lc, targets)
		{
			TargetEntry *entry = lfirst(lc);
			Var		   *var = (Var *) entry->expr;

			if (IsA(var, Var) && var->varno == varno && var->varattno == columns[i])
				result[i] = entry->resno;
		}
		if (result[i] == 0)
			return NULL;
	}
	return result;
}

/* The columns of an index that can be had of it, as what a node scans. */
static List *
returned_by_index(IndexOnlyScan *plan)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, plan->indextlist)
		if (!((TargetEntry *) lfirst(lc))->resjunk)
			result = lappend(result, lfirst(lc));
	return result;
}

/* A key of the rows that a node scans. */
static Along *
scanned_key(Whence *whence, ScanState *scan, int32 relation_id, const PvextKeySource *source)
{
	Scan	   *plan = (Scan *) scan->ps.plan;
	PvextScannedKey *key = palloc0(sizeof(PvextScannedKey));
	Along	   *along = palloc0(sizeof(Along));
	PvextKeyColumn *columns = palloc(sizeof(PvextKeyColumn) * source->n);
	AttrNumber *attnums = palloc(sizeof(AttrNumber) * source->n);
	int			varno = plan->scanrelid;

	memcpy(columns, source->columns, sizeof(PvextKeyColumn) * source->n);
	for (int i = 0; i < source->n; i++)
	{
		attnums[i] = columns[i].attnum;
		columns[i].type = getBaseType(columns[i].type);
	}
	if (IsA(plan, IndexOnlyScan))
	{
		attnums = find_columns(returned_by_index((IndexOnlyScan *) plan), varno, attnums, source->n);
		varno = INDEX_VAR;
	}
	key->scan = scan;
	key->relation_id = relation_id;
	key->subject_id = source->subject_id;
	key->n = source->n;
	key->columns = columns;
	key->attnums = attnums;
	key->budget = budget_of(whence, plan->scanrelid);
	whence->collection->keys = lappend(whence->collection->keys, key);

	along->key = key;
	along->current = true;
	along->slot = attnums ? &scan->ss_ScanTupleSlot : NULL;
	along->attnums = attnums;
	along->columns = find_columns(plan->plan.targetlist, varno, attnums, source->n);
	return along;
}

/* The keys that are in the rows which a node scans. */
static List *
scanned_keys(Whence *whence, ScanState *scan)
{
	PvextWatched *relation = watched_at(whence, ((Scan *) scan->ps.plan)->scanrelid);
	List	   *result = NIL;
	ListCell   *lc;

	if (relation == NULL)
		return NIL;
	foreach(lc, relation->sources)
		result = lappend(result, scanned_key(whence, scan, relation->relation_id, lfirst(lc)));
	return result;
}

/*
 * Following them
 */

/* The collector of a node.  If it has one, that is the last that has been made. */
static PvextCollector *
collector_of(PvextCollection *collection, PlanState *node)
{
	PvextCollector *collector = collection->collectors ? llast(collection->collectors) : NULL;

	if (collector && collector->node == node)
		return collector;
	collector = palloc0(sizeof(PvextCollector));
	collector->node = node;
	collection->collectors = lappend(collection->collectors, collector);
	return collector;
}

/* Collect the keys from the rows that the node hands over. */
static void
collect_at(Whence *whence, PlanState *node, List *keys)
{
	PvextCollector *collector;
	ListCell   *lc;

	if (keys == NIL || whence->shared > 0)
		return;
	collector = collector_of(whence->collection, node);
	foreach(lc, keys)
	{
		Along	   *along = lfirst(lc);
		PvextKeySite *site = palloc0(sizeof(PvextKeySite));

		site->key = along->key;
		site->integer = pvext_key_is_integer(along->key->columns, along->key->n);
		site->slot = along->columns ? &collector->row : along->slot;
		site->attnums = along->columns ? along->columns : along->attnums;
		collector->sites = lappend(collector->sites, site);
	}
}

/* Nothing goes on from a child: collect there what comes along with its rows. */
static void
collect_below(Whence *whence, PlanState *child)
{
	if (child)
		collect_at(whence, child, follow(whence, child));
}

/*
 * The keys of a child's rows that go on along with those of the node, of which varno is the
 * input: what is in columns of these, or is current.  The others are collected from the child.
 */
static List *
hand_on(Whence *whence, PlanState *node, PlanState *child, int varno, List *keys)
{
	List	   *result = NIL;
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		Along	   *along = lfirst(lc);
		AttrNumber *columns = find_columns(node->plan->targetlist, varno, along->columns,
										   along->key->n);

		if (columns == NULL && !along->current)
		{
			rest = lappend(rest, along);
			continue;
		}
		along->columns = columns;
		result = lappend(result, along);
	}
	collect_at(whence, child, rest);
	return result;
}

/*
 * Of the keys that go along with a child's rows those that are in columns; the others are
 * collected from the child.
 */
static List *
only_columns(Whence *whence, PlanState *child)
{
	List	   *keys = follow(whence, child);
	List	   *result = NIL;
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		Along	   *along = lfirst(lc);

		if (along->columns)
			result = lappend(result, along);
		else
			rest = lappend(rest, along);
		along->current = false;
	}
	collect_at(whence, child, rest);
	return result;
}

/*
 * The keys that go along with one side of a join.  Its rows may be older than what was
 * scanned last, unless in_step says that they are not; they are held by the join.
 */
static List *
joined_keys(Whence *whence, PlanState *join, PlanState *child, int varno, bool in_step)
{
	List	   *keys = in_step ? follow(whence, child) : only_columns(whence, child);
	ListCell   *lc;

	foreach(lc, keys)
	{
		Along	   *along = lfirst(lc);

		if (along->current || along->columns == NULL)
			continue;
		along->slot = varno == OUTER_VAR ? &join->ps_ExprContext->ecxt_outertuple :
			&join->ps_ExprContext->ecxt_innertuple;
		along->attnums = along->columns;
		along->current = true;
	}
	return hand_on(whence, join, child, varno, keys);
}

/* The keys in columns of the rows of several nodes, one after the other or merged. */
static List *
appended_keys(Whence *whence, PlanState **children, int n)
{
	List	   *result = NIL;

	for (int i = 0; i < n; i++)
		result = list_concat(result, only_columns(whence, children[i]));
	return result;
}

/* The keys that go along with the rows of a node that gathers them first. */
static List *
gathered_keys(Whence *whence, PlanState *node, bool shared)
{
	PlanState  *child = outerPlanState(node);
	List	   *keys;

	whence->shared += shared;
	keys = hand_on(whence, node, child, OUTER_VAR, only_columns(whence, child));
	whence->shared -= shared;
	return keys;
}

/* The keys that go along with the rows of a node that hands on each one as it comes. */
static List *
passed_keys(Whence *whence, PlanState *node, PlanState *child, int varno)
{
	return child ? hand_on(whence, node, child, varno, follow(whence, child)) : NIL;
}

/* Many rows become one, or what comes of them is not known. */
static List *
end_here(Whence *whence, PlanState *node)
{
	ListCell   *lc;

	if (IsA(node, CustomScanState))
		foreach(lc, ((CustomScanState *) node)->custom_ps)
			collect_below(whence, lfirst(lc));
	collect_below(whence, outerPlanState(node));
	collect_below(whence, innerPlanState(node));
	return NIL;
}

/* The keys that go along with the rows of a node. */
static List *
follow_node(Whence *whence, PlanState *node)
{
	switch (nodeTag(node->plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_NamedTuplestoreScan:
			return scanned_keys(whence, (ScanState *) node);
		case T_SubqueryScan:
			return passed_keys(whence, node, ((SubqueryScanState *) node)->subplan,
							   ((Scan *) node->plan)->scanrelid);
		case T_Limit:
		case T_LockRows:
		case T_Result:
		case T_ProjectSet:
			return passed_keys(whence, node, outerPlanState(node), OUTER_VAR);
		case T_Hash:
		case T_Sort:
		case T_IncrementalSort:
		case T_Material:
		case T_Memoize:
			return gathered_keys(whence, node, false);
		case T_Gather:
		case T_GatherMerge:
			return gathered_keys(whence, node, true);
		case T_NestLoop:
			return list_concat(joined_keys(whence, node, outerPlanState(node), OUTER_VAR, true),
							   joined_keys(whence, node, innerPlanState(node), INNER_VAR, true));
		case T_HashJoin:
		case T_MergeJoin:
			return list_concat(joined_keys(whence, node, outerPlanState(node), OUTER_VAR, false),
							   joined_keys(whence, node, innerPlanState(node), INNER_VAR, false));
		case T_Append:
			return appended_keys(whence, ((AppendState *) node)->appendplans,
								 ((AppendState *) node)->as_nplans);
		case T_MergeAppend:
			return appended_keys(whence, ((MergeAppendState *) node)->mergeplans,
								 ((MergeAppendState *) node)->ms_nplans);
		default:
			return end_here(whence, node);
	}
}

/*
 * The keys that go along with the rows of a node, which may have any number of nodes
 * below.
 */
static List *
follow(Whence *whence, PlanState *node)
{
	check_stack_depth();
	return follow_node(whence, node);
}

/* Is the column of the statement's rows known to hold a key? */
static bool
is_known(PvextCollector *collector, AttrNumber column)
{
	ListCell   *lc;

	foreach(lc, collector->sites)
	{
		PvextKeySite *site = lfirst(lc);

		for (int i = 0; i < site->key->n; i++)
			if (site->slot == &collector->row && site->attnums[i] == column)
				return true;
	}
	return false;
}

/* A key whose first column is that one, and the others the next. */
static void
collect_carried(Whence *whence, PvextCollector *collector, const PvextCarried *carried,
				const TargetEntry *entry)
{
	PvextScannedKey *key = palloc0(sizeof(PvextScannedKey));
	PvextKeyColumn *columns = palloc0(sizeof(PvextKeyColumn) * carried->parts);
	PvextKeySite *site = palloc0(sizeof(PvextKeySite));

	key->relation_id = carried->relation_id;
	key->subject_id = carried->subject_id;
	key->n = carried->parts;
	key->columns = columns;
	key->attnums = palloc(sizeof(AttrNumber) * key->n);
	for (int i = 0; i < key->n; i++)
	{
		TargetEntry *part = list_nth(whence->query->planstate->plan->targetlist, entry->resno - 1 + i);

		key->attnums[i] = part->resno;
		columns[i].type = getBaseType(exprType((Node *) part->expr));
	}
	key->budget = palloc0(sizeof(PvextBudget));
	whence->collection->keys = lappend(whence->collection->keys, key);
	site->key = key;
	site->slot = &collector->row;
	site->attnums = key->attnums;
	site->integer = pvext_key_is_integer(key->columns, key->n);
	collector->sites = lappend(collector->sites, site);
}

/*
 * Columns that carry keys, from where could not be seen: beneath a node of another
 * extension's.
 */
static void
find_carried(Whence *whence)
{
	PvextCollector *collector = NULL;
	PvextCarried carried;
	ListCell   *lc;

	foreach(lc, whence->collection->collectors)
		if (((PvextCollector *) lfirst(lc))->node == whence->query->planstate)
			collector = lfirst(lc);
	foreach(lc, whence->query->planstate->plan->targetlist)
	{
		TargetEntry *entry = lfirst(lc);

		if (!pvext_is_carried(entry, &carried) || carried.part > 0 ||
			(collector && is_known(collector, entry->resno)))
			continue;
		if (collector == NULL)
			collector = collector_of(whence->collection, whence->query->planstate);
		collect_carried(whence, collector, &carried, entry);
	}
}

/* In a worker of a parallel plan: what goes along in columns is collected by its leader. */
static void
collect_led(Whence *whence, PlanState *node)
{
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, follow(whence, node))
		if (((Along *) lfirst(lc))->columns == NULL)
			rest = lappend(rest, lfirst(lc));
	collect_at(whence, node, rest);
}

/*
 * Find the nodes from whose rows the keys are to be collected, in the current context,
 * which lives as long as the statement, which has been started; led says that it is a
 * worker's share.
 */
void
pvext_find_keys(PvextCollection *collection, QueryDesc *query, bool led)
{
	Whence		whence = {collection, query};
	ListCell   *lc;

	if (led)
		collect_led(&whence, query->planstate);
	else
	{
		collect_below(&whence, query->planstate);
		find_carried(&whence);
	}
	foreach(lc, query->estate->es_subplanstates)
		if (lfirst(lc))
			collect_below(&whence, lfirst(lc));
}

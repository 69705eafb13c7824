/*
 * columns_read.c
 *		What a statement reads, as the privileges say that it needs.
 *
 * Each relation that a statement names, or a view in it, has the columns that
 * are selected, wherever in the statement that is; so whoever has a column
 * checked against the privileges has it on record, too.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "base/compat.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "reads/columns_read.h"
#include "reads/reading.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define WHOLE_ROW (InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber)

/* Is the column among those selected, by name or as part of the whole row? */
static bool
is_selected(const Bitmapset *selected, AttrNumber attnum)
{
	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, selected) ||
		bms_is_member(WHOLE_ROW, selected);
}

/* The relation of which the statement may read a personal column, or NULL. */
PvextWatched *
pvext_read_relation(const PvextPermission *permission)
{
	PvextWatched *relation;

	if (!(permission->requiredPerms & ACL_SELECT) || !OidIsValid(permission->relid) ||
		bms_is_empty(permission->selectedCols))
		return NULL;
	relation = pvext_watched(permission->relid);
	if (relation == NULL)
		return NULL;
	return bms_is_member(WHOLE_ROW, permission->selectedCols) ||
		bms_overlap(relation->columns, permission->selectedCols) ? relation : NULL;
}

/* Do any of the privileges let a personal column of an audited table be read? */
bool
pvext_reads_personal(List *permissions)
{
	ListCell   *lc;

	foreach(lc, permissions)
		if (pvext_read_relation(lfirst(lc)))
			return true;
	return false;
}

/* The audited tables of which a statement reads, by their ids in pv.relation. */
Bitmapset *
pvext_read_tables(PlannedStmt *statement)
{
	Bitmapset  *tables = NULL;
	ListCell   *lc;

	foreach(lc, PVEXT_PERMISSIONS(statement))
	{
		PvextWatched *relation = pvext_read_relation(lfirst(lc));

		if (relation)
			tables = bms_add_member(tables, relation->relation_id);
	}
	return tables;
}

/* What a trigger's statement reads of its transition tables, for which no privilege is needed. */
typedef struct Transitions
{
	QueryDesc  *query;
	StringInfo	buf;			/* NULL: none is added */
	bool		any;
} Transitions;

/* Look for scans of transition tables below a node. */
static bool
find_transitions(PlanState *node, void *arg)
{
	Transitions *transitions = arg;
	Bitmapset  *columns = NULL;
	PvextWatched *relation;
	Scan	   *scan;
	RangeTblEntry *entry;

	if (!IsA(node, NamedTuplestoreScanState))
		return planstate_tree_walker(node, find_transitions, arg);
	scan = (Scan *) node->plan;
	entry = exec_rt_fetch(scan->scanrelid, transitions->query->estate);
	pull_varattnos((Node *) scan->plan.targetlist, scan->scanrelid, &columns);
	pull_varattnos((Node *) scan->plan.qual, scan->scanrelid, &columns);
	relation = pvext_watched(entry->relid);
	if (relation == NULL ||
		!(bms_is_member(WHOLE_ROW, columns) || bms_overlap(relation->columns, columns)))
		return false;
	transitions->any = true;
	if (transitions->buf)
		(void) pvext_add_columns(transitions->buf, entry->relid, columns);
	return false;
}

/*
 * Does a statement that has been started read personal columns of a transition table of an
 * audited table?  They are added to the reading, if there is one.
 */
bool
pvext_reads_transitions(QueryDesc *query, StringInfo buf)
{
	Transitions transitions = {query, buf};

	if (query->queryEnv)
		(void) find_transitions(query->planstate, &transitions);
	return transitions.any;
}

/*
 * Does the statement name a view that leaves the privileges to who uses it?  Then
 * a relation may have been reached by it.
 */
bool
pvext_has_invoker_view(PlannedStmt *statement)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, statement->rtable)
	{
		RangeTblEntry *entry = lfirst(lc);
		Relation	view;

		if (found || entry->relkind != RELKIND_VIEW)
			continue;
		view = relation_open(entry->relid, AccessShareLock);
		found = RelationHasSecurityInvoker(view);
		relation_close(view, NoLock);
	}
	return found;
}

/*
 * Add those of the columns that are selected and not there yet, from the offset on; "*"
 * where they are too many to be named.
 */
static void
add_columns(StringInfo buf, int from, const PvextWatched *relation, const Bitmapset *selected)
{
	for (int i = 0; i < relation->ncolumns; i++)
	{
		int			at = from;

		if (!is_selected(selected, relation->attnums[i]))
			continue;
		if (buf->len > PVEXT_MOST_NAMES)
		{
			buf->len = from;
			pvext_add_column(buf, "*");
			return;
		}
		while (at < buf->len && strcmp(buf->data + at, relation->names[i]) != 0)
			at += strlen(buf->data + at) + 1;
		if (at >= buf->len)
			pvext_add_column(buf, relation->names[i]);
	}
}

/* By any of these privileges, is the audited table read through a view? */
static bool
is_by_view(List *permissions, int32 relation_id)
{
	ListCell   *lc;

	foreach(lc, permissions)
	{
		const PvextPermission *permission = lfirst(lc);
		PvextWatched *relation;

		if (!OidIsValid(permission->checkAsUser))
			continue;
		relation = pvext_read_relation(permission);
		if (relation && relation->relation_id == relation_id)
			return true;
	}
	return false;
}

/*
 * Add to a reading what the privileges let be read, each audited table once,
 * however often it, its partitions and children are named; view says that all
 * is by a view.
 */
void
pvext_add_privileges(StringInfo buf, List *permissions, bool view)
{
	Bitmapset  *done = NULL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, permissions)
	{
		PvextWatched *relation = pvext_read_relation(lfirst(lc));
		int32		id = relation ? relation->relation_id : 0;
		bool		by_view;
		int			from;

		if (relation == NULL || bms_is_member(id, done))
			continue;
		if (list_length(permissions) > 1)
			done = bms_add_member(done, id);
		by_view = view || is_by_view(permissions, id);
		relation = pvext_read_relation(lfirst(lc));	/* looked at others since */
		if (relation == NULL)
			continue;
		pvext_add_table(buf, id, relation->relation, by_view);
		from = buf->len;
		for_each_cell(cell, permissions, lc)
		{
			relation = pvext_read_relation(lfirst(cell));
			if (relation && relation->relation_id == id)
				add_columns(buf, from, relation,
							((const PvextPermission *) lfirst(cell))->selectedCols);
		}
		pvext_end_table(buf);
	}
}

/* The privileges that a statement and all that is in it need. */
static bool
collect_permissions(Node *node, void *arg)
{
	List	  **permissions = arg;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, collect_permissions, arg);
	*permissions = list_concat(*permissions, PVEXT_QUERY_PERMISSIONS((Query *) node));
	return query_tree_walker((Query *) node, collect_permissions, arg, 0);
}

/*
 * The privileges that a query that has not been planned needs, its subqueries' included;
 * views' are not in it yet.
 */
List *
pvext_query_privileges(Query *query)
{
	List	   *permissions = NIL;

	(void) collect_permissions((Node *) query, &permissions);
	return permissions;
}

/* The columns that COPY of a table reads, as a range table entry has them. */
static Bitmapset *
copied_columns(Oid relid, List *names)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	if (names == NIL)
		return bms_make_singleton(WHOLE_ROW);
	foreach(lc, names)
	{
		AttrNumber	attnum = get_attnum(relid, strVal(lfirst(lc)));

		if (attnum != InvalidAttrNumber)
			columns = bms_add_member(columns, attnum - FirstLowInvalidHeapAttributeNumber);
	}
	return columns;
}

/*
 * Add to a reading the personal ones among columns of a relation; false where there are none,
 * or it is not watched.
 */
bool
pvext_add_columns(StringInfo buf, Oid relid, const Bitmapset *columns)
{
	PvextWatched *relation = pvext_watched(relid);

	if (relation == NULL ||
		!(bms_is_member(WHOLE_ROW, columns) || bms_overlap(relation->columns, columns)))
		return false;
	pvext_add_table(buf, relation->relation_id, relation->relation, false);
	add_columns(buf, buf->len, relation, columns);
	pvext_end_table(buf);
	return true;
}

/* Add to a reading what COPY of a table reads; false where that is nothing personal. */
bool
pvext_add_copied(StringInfo buf, Oid relid, List *names)
{
	return pvext_add_columns(buf, relid, copied_columns(relid, names));
}

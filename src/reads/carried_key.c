/*
 * carried_key.c
 *		Keys of subjects, carried along by a statement that reads their data.
 *
 * A query that reads personal columns gets the columns with the keys as further
 * entries of its target list, which are junk: the executor takes them out before
 * anybody sees a row, as it does with what a query is but sorted by.  So they are
 * those of the rows that are returned, whatever the plan.  key_source.c finds them in it.
 *
 * This is done of queries whose rows are those of their tables, directly or by
 * subqueries and views of the same kind.  Of any other (that groups or
 * aggregates, for instance) nobody could say which rows went into one.  No
 * privilege is needed, since those are checked by what the parser has noted.
 * Where a subquery's whole row is named its columns must stay what they are.
 *
 * The plan is to be what it would be without.  So nothing is carried of a table whose
 * index has all that the query uses, but no key, nor of one that nothing but the
 * condition of its outer join uses, which the planner leaves out.  And where the plan has
 * come out as a mere scan of a table, the keys are in the rows that it fetches.  Its
 * columns are taken out then: to hand over fewer columns than have been planned costs
 * more than to fetch them.
 *
 * Nothing of the query is changed in place: its caller may need it as it was.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/sysattr.h"
#include "base/compat.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "reads/carried_key.h"
#include "reads/watched.h"
#include "utils/builtins.h"

/* The columns that a query uses, by its range table. */
typedef struct Uses
{
	Query	   *query;
	int			level;			/* of subqueries in expressions */
	Bitmapset **columns;		/* attribute numbers, less the lowest */
} Uses;

#define WHOLE_ROW (InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber)

/* A subquery whose whole row is looked for. */
typedef struct WholeRow
{
	int			varno;
	int			level;			/* of queries within the one that has it */
} WholeRow;

/* A query to which columns are being added. */
typedef struct Carrier
{
	Query	   *query;			/* a copy, but for what is not changed */
	bool		junk;			/* whether the columns are */
	const Bitmapset *wanted;	/* its own columns that are, unless it is the outermost */
	Bitmapset **used;			/* see find_uses(); NULL: not yet looked at */
	List	   *added;			/* TargetEntry */
} Carrier;

static List *carry(Query **query, const Bitmapset *wanted, bool junk);

/*
 * What is used
 */

/*
 * Note the columns that an expression, or a subquery in it, uses of the query's range
 * table.
 */
static bool
note_uses(Node *node, void *arg)
{
	Uses	   *uses = arg;
	Var		   *var = (Var *) node;
	RangeTblEntry *entry;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		uses->level++;
		(void) query_tree_walker((Query *) node, note_uses, arg, 0);
		uses->level--;
		return false;
	}
	if (!IsA(node, Var) || var->varlevelsup != uses->level)
		return expression_tree_walker(node, note_uses, arg);
	if (var->varno < 1 || var->varno > list_length(uses->query->rtable))
		return false;
	uses->columns[var->varno] = bms_add_member(uses->columns[var->varno],
											   var->varattno - FirstLowInvalidHeapAttributeNumber);
	entry = list_nth(uses->query->rtable, var->varno - 1);
	if (entry->rtekind == RTE_JOIN)
	{
		int			level = uses->level;

		uses->level = 0;		/* of where the join is */
		if (var->varattno > 0)
			(void) note_uses(list_nth(entry->joinaliasvars, var->varattno - 1), arg);
		else
			(void) note_uses((Node *) entry->joinaliasvars, arg);
		uses->level = level;
	}
	return false;
}

/* Is the column among those used, by number or as part of the whole row? */
static bool
is_used(const Bitmapset *columns, AttrNumber attnum)
{
	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, columns) ||
		bms_is_member(WHOLE_ROW, columns);
}

/*
 * What the query uses, by its range table, to give those columns that are wanted,
 * or all of them.
 */
static Bitmapset **
find_uses(Query *query, const Bitmapset *wanted, bool all)
{
	Uses		uses = {query, 0, palloc0(sizeof(Bitmapset *) * (list_length(query->rtable) + 1))};
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *entry = lfirst(lc);

		if (all || entry->resjunk || entry->ressortgroupref != 0 ||
			is_used(wanted, entry->resno))
			(void) note_uses((Node *) entry->expr, &uses);
	}
	(void) note_uses((Node *) query->jointree, &uses);
	return uses.columns;
}

/* Is the whole row named in an expression, or a subquery in it? */
static bool
find_whole_row(Node *node, void *arg)
{
	WholeRow   *row = arg;
	Var		   *var = (Var *) node;
	bool		found;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return var->varno == row->varno && var->varlevelsup == row->level &&
			var->varattno == InvalidAttrNumber;
	if (!IsA(node, Query))
		return expression_tree_walker(node, find_whole_row, arg);
	row->level++;
	found = query_tree_walker((Query *) node, find_whole_row, arg, 0);
	row->level--;
	return found;
}

/*
 * Does the query name a row of the subquery as a whole, wherever that is?  To lock
 * rows is to do so: the planner keeps those of subqueries.
 */
static bool
names_whole_row(Query *query, int varno)
{
	WholeRow	row = {varno, 0};

	return query->rowMarks != NIL || query_tree_walker(query, find_whole_row, &row, 0);
}

/*
 * Carrying
 */

/* Are the rows that the query returns those of its tables? */
bool
pvext_is_plain(Query *query)
{
	return query->commandType == CMD_SELECT && !query->utilityStmt &&
		!query->groupClause && !query->groupingSets && !query->havingQual &&
		!query->distinctClause && !query->setOperations && !query->hasAggs &&
		!query->hasWindowFuncs && !query->hasTargetSRFs && !query->hasModifyingCTE &&
		query->jointree;
}

/*
 * Names: of the columns that carry keys, by which they are known in a plan
 */

static const char name_begins[] = "pvext key ";

#define NAME_BEGINS (sizeof(name_begins) - 1)

/* The name of a column that carries a key, or a part of one. */
static char *
carried_name(const PvextCarried *carried)
{
	char	   *name = palloc(NAME_BEGINS + 2 * sizeof(PvextCarried) + 1);

	memcpy(name, name_begins, NAME_BEGINS);
	hex_encode((const char *) carried, sizeof(PvextCarried), name + NAME_BEGINS);
	name[NAME_BEGINS + 2 * sizeof(PvextCarried)] = '\0';
	return name;
}

/* Is it a column of this file's?  A query's own junk has no such name. */
static bool
has_carried_name(const TargetEntry *entry)
{
	return entry->resjunk && entry->resname &&
		strncmp(entry->resname, name_begins, NAME_BEGINS) == 0;
}

/* Does the column of a plan carry a key, and which? */
bool
pvext_is_carried(const TargetEntry *entry, PvextCarried *carried)
{
	if (!has_carried_name(entry))
		return false;
	hex_decode(entry->resname + NAME_BEGINS, 2 * sizeof(PvextCarried), (char *) carried);
	return true;
}

/*
 * Columns
 */

/*
 * The columns that the query uses of what is in its range table.  Of a relation
 * the outermost query, of which all is wanted, has them noted as those that it
 * needs a privilege for.  What has been added by now is of others in its range table.
 */
static const Bitmapset *
used_columns(Carrier *carrier, int varno)
{
	RangeTblEntry *entry = rt_fetch(varno, carrier->query->rtable);

	if (carrier->junk && entry->rtekind == RTE_RELATION)
		return pvext_selected_columns(carrier->query, entry);
	if (carrier->used == NULL)
		carrier->used = find_uses(carrier->query, carrier->wanted, carrier->junk);
	return carrier->used[varno];
}

/* Note what is used by the conditions, but those of the joins. */
static void
note_conditions(Node *node, Bitmapset *joins, Uses *uses)
{
	ListCell   *lc;

	if (IsA(node, FromExpr))
	{
		foreach(lc, ((FromExpr *) node)->fromlist)
			note_conditions(lfirst(lc), joins, uses);
		(void) note_uses(((FromExpr *) node)->quals, uses);
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		note_conditions(join->larg, joins, uses);
		note_conditions(join->rarg, joins, uses);
		if (!bms_is_member(join->rtindex, joins))
			(void) note_uses(join->quals, uses);
	}
}

/*
 * Is something of what is in the range table used but by the conditions of the outer joins
 * that it is on the other side of?  If not the planner may leave it out.
 */
static bool
is_needed(Carrier *carrier, int varno, Bitmapset *joins)
{
	Uses		uses = {carrier->query, 0};
	ListCell   *lc;

	if (joins == NULL)
		return true;
	uses.columns = palloc0(sizeof(Bitmapset *) * (list_length(carrier->query->rtable) + 1));
	foreach(lc, carrier->query->targetList)
		if (!list_member_ptr(carrier->added, lfirst(lc)))
			(void) note_uses((Node *) ((TargetEntry *) lfirst(lc))->expr, &uses);
	note_conditions((Node *) carrier->query->jointree, joins, &uses);
	return uses.columns[varno] != NULL;
}

/* Has an index all columns that are used, but not those of the key? */
static bool
is_by_index_alone(PvextWatched *relation, const Bitmapset *used, const PvextKeySource *source)
{
	ListCell   *lc;

	foreach(lc, pvext_watched_indexes(relation))
	{
		const Bitmapset *columns = lfirst(lc);

		if (!bms_is_subset(used, columns))
			continue;
		for (int i = 0; i < source->n; i++)
			if (!is_used(columns, source->columns[i].attnum))
				return true;
	}
	return false;
}

/* Add a column; the joins are those that may leave it without a value. */
static void
add_column(Carrier *carrier, Var *var, Bitmapset *joins, char *name)
{
	TargetEntry *entry;

	pvext_set_nulled_by(var, joins);
	entry = makeTargetEntry((Expr *) var, list_length(carrier->query->targetList) + 1,
							name, carrier->junk);
	carrier->query->targetList = lappend(carrier->query->targetList, entry);
	carrier->added = lappend(carrier->added, entry);
}

/* Add the columns of a relation that hold a key. */
static void
add_source(Carrier *carrier, int varno, int32 relation_id, const PvextKeySource *source,
		   Bitmapset *joins)
{
	PvextCarried carried = {relation_id, source->subject_id, 0, source->n};

	for (; carried.part < carried.parts; carried.part++)
	{
		const PvextKeyColumn *column = &source->columns[carried.part];

		add_column(carrier, makeVar(varno, column->attnum, column->type, column->typmod,
									column->collation, 0),
				   joins, carried_name(&carried));
	}
}

/* Add the keys that the rows of a watched relation hold, where its data are read. */
static void
carry_relation(Carrier *carrier, int varno, Bitmapset *joins)
{
	RangeTblEntry *entry = rt_fetch(varno, carrier->query->rtable);
	const Bitmapset *used;
	PvextWatched *relation;
	ListCell   *lc;

	if (entry->relkind != RELKIND_RELATION && entry->relkind != RELKIND_PARTITIONED_TABLE)
		return;
	relation = pvext_watched(entry->relid);
	if (relation == NULL)
		return;
	used = used_columns(carrier, varno);
	if (!bms_is_member(WHOLE_ROW, used) && !bms_overlap(relation->columns, used))
		return;
	if (!is_needed(carrier, varno, joins))
		return;
	foreach(lc, relation->sources)
		if (!is_by_index_alone(relation, used, lfirst(lc)))
			add_source(carrier, varno, relation->relation_id, lfirst(lc), joins);
}

/* What a subquery carries is handed on. */
static void
carry_subquery(Carrier *carrier, int varno, Bitmapset *joins)
{
	RangeTblEntry *entry = rt_fetch(varno, carrier->query->rtable);
	Query	   *subquery = entry->subquery;
	List	   *inner = is_needed(carrier, varno, joins) ?
		carry(&subquery, used_columns(carrier, varno), false) : NIL;
	RangeTblEntry *copy;
	ListCell   *lc;

	if (inner == NIL || names_whole_row(carrier->query, varno))
		return;
	copy = palloc(sizeof(RangeTblEntry));
	memcpy(copy, entry, sizeof(RangeTblEntry));
	copy->subquery = subquery;
	copy->eref = copyObject(entry->eref);
	carrier->query->rtable = list_copy(carrier->query->rtable);
	lfirst(list_nth_cell(carrier->query->rtable, varno - 1)) = copy;
	foreach(lc, inner)
	{
		TargetEntry *column = lfirst(lc);

		copy->eref->colnames = lappend(copy->eref->colnames, makeString(column->resname));
		add_column(carrier, makeVarFromTargetEntry(varno, column), joins, pstrdup(column->resname));
	}
}

/*
 * What is joined: relations and subqueries, with the outer joins that they are on
 * the other side of.
 */
static void
carry_joined(Carrier *carrier, Node *node, Bitmapset *joins)
{
	if (IsA(node, RangeTblRef))
	{
		int			varno = ((RangeTblRef *) node)->rtindex;
		RangeTblEntry *entry = rt_fetch(varno, carrier->query->rtable);

		if (entry->rtekind == RTE_RELATION)
			carry_relation(carrier, varno, joins);
		else if (entry->rtekind == RTE_SUBQUERY)
			carry_subquery(carrier, varno, joins);
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;
		Bitmapset  *outer = bms_add_member(bms_copy(joins), join->rtindex);

		carry_joined(carrier, join->larg,
					 join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL ? outer : joins);
		carry_joined(carrier, join->rarg,
					 join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL ? outer : joins);
	}
}

/* A first look, which is cheap: most queries carry nothing. */
static bool
may_carry(Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *entry = lfirst(lc);

		if (entry->rtekind == RTE_SUBQUERY ||
			(entry->rtekind == RTE_RELATION && pvext_watched(entry->relid)))
			return true;
	}
	return false;
}

/* Is an entry of the target list there for sorting alone? */
static bool
has_junk(Query *query)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
		if (((TargetEntry *) lfirst(lc))->resjunk)
			return true;
	return false;
}

/*
 * Replace a query by one that carries keys as its last columns, which are
 * returned; NIL where there are none.
 */
static List *
carry(Query **query, const Bitmapset *wanted, bool junk)
{
	Carrier		carrier = {NULL};
	ListCell   *lc;

	check_stack_depth();
	if (!may_carry(*query) || !pvext_is_plain(*query) || (!junk && has_junk(*query)))
		return NIL;
	carrier.query = palloc(sizeof(Query));

	/* What is below is shared with the caller's, and copied by whoever changes it. */
	memcpy(carrier.query, *query, sizeof(Query));
	carrier.query->targetList = list_copy((*query)->targetList);
	carrier.junk = junk;
	carrier.wanted = wanted;
	foreach(lc, carrier.query->jointree->fromlist)
		carry_joined(&carrier, lfirst(lc), NULL);
	if (carrier.added == NIL)
		return NIL;
	*query = carrier.query;
	return carrier.added;
}

/* The query, or one that carries keys. */
Query *
pvext_carry_keys(Query *query)
{
	(void) carry(&query, NULL, true);
	return query;
}

/*
 * Shedding
 */

/* Does the node fetch rows of a table, all of whose columns are then at hand? */
static bool
is_fetching(Plan *node)
{
	switch (nodeTag(node))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
			return true;
		default:
			return false;
	}
}

/* Is the entry a column of what is scanned, as it is? */
static bool
is_column_of(const TargetEntry *entry, Index scanned)
{
	Var		   *var = (Var *) entry->expr;

	return IsA(var, Var) && var->varno == scanned && var->varattno > 0;
}

/*
 * Take what a plan carries out of it, if it can do without: the keys are in the rows that it
 * fetches.  Without any column a scan might not fetch them.
 */
void
pvext_shed_keys(PlannedStmt *statement)
{
	Plan	   *top = statement->planTree;
	int			carried = 0;
	int			kept;
	ListCell   *lc;

	if (statement->commandType != CMD_SELECT || !is_fetching(top))
		return;
	foreach(lc, top->targetlist)
	{
		if (has_carried_name(lfirst(lc)) &&
			is_column_of(lfirst(lc), ((Scan *) top)->scanrelid))
			carried++;
		else if (carried > 0)
			return;
	}
	kept = list_length(top->targetlist) - carried;
	if (carried > 0 && kept > 0)
		top->targetlist = list_truncate(list_copy(top->targetlist), kept);
}

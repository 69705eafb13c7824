/*
 * ddl_read.c
 *		Commands by which an owner's code sees the rows of a table.
 *
 * An index on an expression, a CHECK, a generated column, USING of a new type, statistics on
 * an expression: to have one of these the server calls functions with the values of
 * each row, and no statement reads them.  Policies and triggers are called later, by
 * whatever others do.  So whoever makes one of these is on record as one who reads the
 * columns that it names, and so is who has existing ones computed anew.
 *
 * The columns are looked for by their names, in what the parser has made of the command:
 * whatever it is going to mean, these are the ones that it can reach.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_index.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_type.h"
#include "reads/columns_read.h"
#include "reads/ddl_read.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define WHOLE_ROW (InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber)

/* What a command reads of a table. */
typedef struct Evaluated
{
	Oid			relid;
	Bitmapset  *columns;		/* as a range table entry has them */
} Evaluated;

/* What a command reads of this table, begun where it is the first. */
static Evaluated *
evaluated_of(List **list, Oid relid)
{
	Evaluated  *evaluated;
	ListCell   *lc;

	foreach(lc, *list)
		if (((Evaluated *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	evaluated = palloc0(sizeof(Evaluated));
	evaluated->relid = relid;
	*list = lappend(*list, evaluated);
	return evaluated;
}

/* Add the column of a name or, where the table itself has that name, all columns. */
static void
add_name(Evaluated *evaluated, const char *name)
{
	AttrNumber	attnum = get_attnum(evaluated->relid, name);
	char	   *relation;

	if (attnum != InvalidAttrNumber)
	{
		evaluated->columns = bms_add_member(evaluated->columns,
											attnum - FirstLowInvalidHeapAttributeNumber);
		return;
	}
	relation = get_rel_name(evaluated->relid);
	if (relation && strcmp(relation, name) == 0)
		evaluated->columns = bms_add_member(evaluated->columns, WHOLE_ROW);
}

/*
 * The columns that an expression names, as it comes from the grammar.  "t.c" names c alone,
 * but t by itself, or t.*, the whole row.
 */
static bool
find_names(Node *node, void *arg)
{
	Evaluated  *evaluated = arg;
	Node	   *last;

	if (node == NULL)
		return false;
	if (!IsA(node, ColumnRef))
		return raw_expression_tree_walker(node, find_names, arg);
	last = llast(((ColumnRef *) node)->fields);
	if (IsA(last, String))
		add_name(evaluated, strVal(last));
	else
		evaluated->columns = bms_add_member(evaluated->columns, WHOLE_ROW);
	return false;
}

/* Of an index: what is merely sorted by the type's own functions is not given to anybody's. */
static void
add_index_elements(Evaluated *evaluated, List *elements, bool all)
{
	ListCell   *lc;

	foreach(lc, elements)
	{
		IndexElem  *element = lfirst(lc);

		if (element->name && (all || element->opclass != NIL))
			add_name(evaluated, element->name);
		(void) find_names(element->expr, evaluated);
	}
}

/* What a constraint that is to be made names. */
static void
add_constraint(Evaluated *evaluated, Constraint *constraint)
{
	ListCell   *lc;

	(void) find_names(constraint->raw_expr, evaluated);
	(void) find_names(constraint->where_clause, evaluated);
	foreach(lc, constraint->exclusions)
		add_index_elements(evaluated, list_make1(linitial(lfirst(lc))), true);
}

/* A constraint that is there. */
static void
add_existing_constraint(Evaluated *evaluated, const char *name)
{
	Oid			oid = get_relation_constraint_oid(evaluated->relid, name, true);
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(oid));
	bool		isnull = true;
	Datum		keys;

	if (!HeapTupleIsValid(tuple))
		return;
	keys = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_conkey, &isnull);
	if (!isnull && ((Form_pg_constraint) GETSTRUCT(tuple))->contype == CONSTRAINT_CHECK)
	{
		ArrayType  *array = DatumGetArrayTypeP(keys);
		int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

		for (int i = 0; i < n; i++)
			evaluated->columns = bms_add_member(evaluated->columns,
												((int16 *) ARR_DATA_PTR(array))[i] - FirstLowInvalidHeapAttributeNumber);
	}
	ReleaseSysCache(tuple);
}

/* What the definition of a column names: its default, and constraints. */
static void
add_column_definition(Evaluated *evaluated, ColumnDef *column)
{
	ListCell   *lc;

	(void) find_names(column->raw_default, evaluated);
	foreach(lc, column->constraints)
		if (IsA(lfirst(lc), Constraint))
			add_constraint(evaluated, lfirst(lc));
}

/* What the parts of an ALTER TABLE have computed. */
static void
add_table_changes(Evaluated *evaluated, List *commands)
{
	ListCell   *lc;

	foreach(lc, commands)
	{
		AlterTableCmd *command = lfirst(lc);

		if (command->subtype == AT_AlterColumnType)
			add_name(evaluated, command->name);
		if (command->subtype == AT_ValidateConstraint)
			add_existing_constraint(evaluated, command->name);
		if (command->def == NULL)
			continue;
		if (IsA(command->def, Constraint))
			add_constraint(evaluated, (Constraint *) command->def);
		else if (IsA(command->def, ColumnDef))
			add_column_definition(evaluated, (ColumnDef *) command->def);
		else if (PVEXT_SETS_EXPRESSION(command))
			(void) find_names(command->def, evaluated);
	}
}

/*
 * What is there already
 */

/* The columns in an expression that a catalog holds. */
static void
add_stored(Evaluated *evaluated, int cache, HeapTuple tuple, AttrNumber attribute)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(cache, tuple, attribute, &isnull);

	if (!isnull)
		pull_varattnos(stringToNode(TextDatumGetCString(value)), 1, &evaluated->columns);
}

/* The expressions of the table's indexes and statistics. */
static void
add_existing(List **list, Oid relid)
{
	Evaluated  *evaluated = evaluated_of(list, relid);
	Relation	rel = pvext_watched(relid) ? try_relation_open(relid, AccessShareLock) : NULL;
	ListCell   *lc;
	HeapTuple	tuple;

	if (rel == NULL)
		return;
	foreach(lc, RelationGetIndexList(rel))
	{
		tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		if (!HeapTupleIsValid(tuple))
			continue;
		add_stored(evaluated, INDEXRELID, tuple, Anum_pg_index_indexprs);
		add_stored(evaluated, INDEXRELID, tuple, Anum_pg_index_indpred);
		ReleaseSysCache(tuple);
	}
	foreach(lc, RelationGetStatExtList(rel))
	{
		tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(lfirst_oid(lc)));
		if (!HeapTupleIsValid(tuple))
			continue;
		add_stored(evaluated, STATEXTOID, tuple, Anum_pg_statistic_ext_stxexprs);
		ReleaseSysCache(tuple);
	}
	relation_close(rel, AccessShareLock);
}

/* The same for a table, or that of an index, by its name. */
static void
add_existing_of(List **list, RangeVar *relation)
{
	Oid			relid = relation ? RangeVarGetRelid(relation, NoLock, true) : InvalidOid;

	if (OidIsValid(relid) && get_rel_relkind(relid) == RELKIND_INDEX)
		relid = IndexGetRelation(relid, true);
	if (OidIsValid(relid))
		add_existing(list, relid);
}

/* Does it compute expressions anew? */
static bool
is_recomputing(VacuumStmt *command)
{
	ListCell   *lc;

	if (!command->is_vacuumcmd)
		return true;
	foreach(lc, command->options)
	{
		DefElem    *option = lfirst(lc);

		if ((strcmp(option->defname, "full") == 0 || strcmp(option->defname, "analyze") == 0) &&
			defGetBoolean(option))
			return true;
	}
	return false;
}

/*
 * Domains: all columns of the type, of whichever table
 */

/* Add all columns of a type, and of types that depend on it. */
static void
add_columns_of_type(List **list, Oid type, List **done)
{
	Relation	depend;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(type) || list_member_oid(*done, type))
		return;
	*done = lappend_oid(*done, type);
	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(TypeRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(type));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		Evaluated  *evaluated;

		if (form->classid == TypeRelationId)
			add_columns_of_type(list, form->objid, done);
		if (form->classid != RelationRelationId || form->objsubid <= 0)
			continue;
		evaluated = evaluated_of(list, form->objid);
		evaluated->columns = bms_add_member(evaluated->columns,
											form->objsubid - FirstLowInvalidHeapAttributeNumber);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
}

/* To add or validate a constraint of a domain looks at all values of it. */
static void
add_domain(List **list, AlterDomainStmt *command)
{
	List	   *done = NIL;

	if (command->subtype == 'C' || command->subtype == 'V')
		add_columns_of_type(list, LookupTypeNameOid(NULL, makeTypeNameFromNameList(command->typeName), true),
							&done);
}

/*
 * Commands
 */

/* The watched table of a command; NULL for none. */
static Evaluated *
table_of(List **list, RangeVar *relation)
{
	Oid			relid = relation ? RangeVarGetRelid(relation, NoLock, true) : InvalidOid;

	return OidIsValid(relid) && pvext_watched(relid) ? evaluated_of(list, relid) : NULL;
}

/*
 * What a new index computes; one that has been transformed is a part of a command seen
 * before.
 */
static void
add_index(List **list, IndexStmt *command)
{
	Evaluated  *evaluated = table_of(list, command->relation);

	if (evaluated == NULL || command->transformed)
		return;
	add_index_elements(evaluated, command->indexParams, false);
	(void) find_names(command->whereClause, evaluated);
}

/* What new statistics compute. */
static void
add_statistics(List **list, CreateStatsStmt *command)
{
	Evaluated  *evaluated = list_length(command->relations) == 1 &&
		IsA(linitial(command->relations), RangeVar) ?
		table_of(list, linitial(command->relations)) : NULL;
	ListCell   *lc;

	if (evaluated == NULL || command->transformed)
		return;
	foreach(lc, command->exprs)
		(void) find_names(((StatsElem *) lfirst(lc))->expr, evaluated);
}

/* What a policy's conditions name. */
static void
add_policy(List **list, RangeVar *table, Node *qual, Node *check)
{
	Evaluated  *evaluated = table_of(list, table);

	if (evaluated == NULL)
		return;
	(void) find_names(qual, evaluated);
	(void) find_names(check, evaluated);
}

/* A trigger's function sees all of a row that is changed. */
static void
add_trigger(List **list, CreateTrigStmt *command)
{
	Evaluated  *evaluated = table_of(list, command->relation);

	if (evaluated && (command->row || command->transitionRels != NIL))
		evaluated->columns = bms_add_member(evaluated->columns, WHOLE_ROW);
}

/* VACUUM and ANALYZE of named tables, where they compute anything. */
static void
add_vacuum(List **list, VacuumStmt *command)
{
	ListCell   *lc;

	if (is_recomputing(command))
		foreach(lc, command->rels)
			add_existing_of(list, ((VacuumRelation *) lfirst(lc))->relation);
}

/*
 * What a command hands to code of the owners of tables, of triggers or of domains, for
 * pvext_add_evaluated(); NIL for nothing.
 */
List *
pvext_evaluated_by(Node *command)
{
	List	   *list = NIL;
	Evaluated  *evaluated;

	switch (nodeTag(command))
	{
		case T_IndexStmt:
			add_index(&list, (IndexStmt *) command);
			break;
		case T_AlterTableStmt:
			evaluated = table_of(&list, ((AlterTableStmt *) command)->relation);
			if (evaluated)
				add_table_changes(evaluated, ((AlterTableStmt *) command)->cmds);
			break;
		case T_CreateStatsStmt:
			add_statistics(&list, (CreateStatsStmt *) command);
			break;
		case T_CreatePolicyStmt:
			add_policy(&list, ((CreatePolicyStmt *) command)->table,
					   ((CreatePolicyStmt *) command)->qual,
					   ((CreatePolicyStmt *) command)->with_check);
			break;
		case T_AlterPolicyStmt:
			add_policy(&list, ((AlterPolicyStmt *) command)->table,
					   ((AlterPolicyStmt *) command)->qual,
					   ((AlterPolicyStmt *) command)->with_check);
			break;
		case T_CreateTrigStmt:
			add_trigger(&list, (CreateTrigStmt *) command);
			break;
		case T_AlterDomainStmt:
			add_domain(&list, (AlterDomainStmt *) command);
			break;
		case T_ReindexStmt:
			add_existing_of(&list, ((ReindexStmt *) command)->relation);
			break;
		case T_ClusterStmt:
			add_existing_of(&list, ((ClusterStmt *) command)->relation);
			break;
		case T_VacuumStmt:
			add_vacuum(&list, (VacuumStmt *) command);
			break;
		default:
			break;
	}
	return list;
}

/* Add to a reading the personal columns of audited tables; false where there are none. */
bool
pvext_add_evaluated(StringInfo buf, List *evaluated)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, evaluated)
	{
		Evaluated  *of = lfirst(lc);

		if (of->columns && pvext_add_columns(buf, of->relid, of->columns))
			any = true;
	}
	return any;
}

/*
 * compared_key.c
 *		What a statement compares the keys of subjects with.
 *
 * Who asks whether a certain subject's row has a certain value has read it, also where the
 * answer is no and no row comes of it.  Whom it was about is then said by what the key
 * is compared with: by equality, or with the elements of an array.
 *
 * Constants are in the plan, which has been simplified; parameters are the client's, or
 * what the statement itself has computed before.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/guc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "reads/compared_key.h"
#include "reads/key_text.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

/* Looking for what a part of a key is compared with. */
typedef struct Comparison
{
	EState	   *estate;
	int			varno;			/* as the expressions have the column */
	AttrNumber	attnum;
	List	   *values;			/* char * */
} Comparison;

/* Without casts, which leave the value what it is, mostly. */
static Node *
without_casts(Node *node)
{
	for (;;)
	{
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, FuncExpr) && list_length(((FuncExpr *) node)->args) > 0 &&
				 (((FuncExpr *) node)->funcformat == COERCE_EXPLICIT_CAST ||
				  ((FuncExpr *) node)->funcformat == COERCE_IMPLICIT_CAST))
			node = linitial(((FuncExpr *) node)->args);
		else if (IsA(node, CoerceToDomain))
			node = (Node *) ((CoerceToDomain *) node)->arg;
		else
			return node;
	}
}

/* Is it the column that the key, or a part of it, is in, whatever it is cast to? */
static bool
is_column(const Comparison *comparison, Node *node)
{
	Var		   *var = (Var *) without_casts(node);

	return IsA(var, Var) && var->varno == comparison->varno &&
		var->varattno == comparison->attnum;
}

/* The value of a parameter of the client's. */
static bool
get_parameter(ParamListInfo params, int id, Oid *type, Datum *value)
{
	ParamExternData workspace;
	ParamExternData *param;

	if (params == NULL || id < 1 || id > params->numParams)
		return false;
	param = params->paramFetch ? params->paramFetch(params, id, true, &workspace) :
		&params->params[id - 1];
	if (!OidIsValid(param->ptype) || param->isnull)
		return false;
	*type = param->ptype;
	*value = param->value;
	return true;
}

/* The value of a constant or parameter; false where it is null or not known. */
static bool
get_value(const Comparison *comparison, Node *node, Oid *type, Datum *value)
{
	node = without_casts(node);
	if (IsA(node, Const) && !((Const *) node)->constisnull)
	{
		*type = ((Const *) node)->consttype;
		*value = ((Const *) node)->constvalue;
		return true;
	}
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
		return get_parameter(comparison->estate->es_param_list_info, ((Param *) node)->paramid,
							 type, value);
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		ParamExecData *param = &comparison->estate->es_param_exec_vals[((Param *) node)->paramid];

		/* Anything else may be in a row that has gone by. */
		*type = ((Param *) node)->paramtype;
		*value = param->value;
		return param->execPlan == NULL && !param->isnull && get_typbyval(*type);
	}
	return false;
}

/* As keys are written; NULL for what no key is equal to, or types of others. */
static char *
text_of(Oid type, Datum value)
{
	type = getBaseType(type);
	switch (type)
	{
		case NUMERICOID:
			value = DirectFunctionCall1(numeric_trim_scale, value);
			break;
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case UUIDOID:
		case NAMEOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			break;
		default:
			return NULL;
	}
	return pvext_key_value_text(type, value, true);
}

/* Add what the column is compared with, unless no key is written so. */
static void
add_value(Comparison *comparison, Oid type, Datum value)
{
	char	   *text = text_of(type, value);

	if (text)
		comparison->values = lappend(comparison->values, text);
}

/* Add what is in an array, as many as are recorded at most. */
static void
add_elements(Comparison *comparison, Datum array, Oid type)
{
	Oid			element = get_base_element_type(type);
	int16		length;
	bool		byval;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			n;

	if (!OidIsValid(element))
		return;
	get_typlenbyvalalign(element, &length, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(array), element, length, byval, align, &values, &nulls, &n);
	for (int i = 0; i < n && list_length(comparison->values) < pvext_audit_read_keys; i++)
		if (!nulls[i])
			add_value(comparison, element, values[i]);
}

/* Does the operator say that two values are equal? */
static bool
is_equality(Oid operator)
{
	return get_mergejoin_opfamilies(operator) != NIL || op_hashjoinable(operator, InvalidOid);
}

/* The elements of ARRAY[...] that are no constant as a whole. */
static void
add_listed(Comparison *comparison, ArrayExpr *array)
{
	ListCell   *lc;

	foreach(lc, array->elements)
	{
		Oid			type;
		Datum		value;

		if (get_value(comparison, lfirst(lc), &type, &value))
			add_value(comparison, type, value);
	}
}

/* Look for comparisons with the column in an expression. */
static bool
find_comparisons(Node *node, void *arg)
{
	Comparison *comparison = arg;
	List	   *args = NIL;
	Oid			operator = InvalidOid;
	Oid			type;
	Datum		value;

	if (node == NULL)
		return false;
	if (IsA(node, OpExpr))
	{
		args = ((OpExpr *) node)->args;
		operator = ((OpExpr *) node)->opno;
	}
	else if (IsA(node, ScalarArrayOpExpr))
	{
		args = ((ScalarArrayOpExpr *) node)->args;
		operator = ((ScalarArrayOpExpr *) node)->opno;
	}
	if (list_length(args) != 2 || !is_equality(operator))
		return expression_tree_walker(node, find_comparisons, arg);
	for (int i = 0; i < 2; i++)
	{
		Node	   *other = list_nth(args, 1 - i);

		if (!is_column(comparison, list_nth(args, i)))
			continue;
		if (IsA(node, ScalarArrayOpExpr) && IsA(other, ArrayExpr))
			add_listed(comparison, (ArrayExpr *) other);
		else if (!get_value(comparison, other, &type, &value))
			continue;
		else if (IsA(node, ScalarArrayOpExpr))
			add_elements(comparison, value, type);
		else
			add_value(comparison, type, value);
	}
	return false;
}

/* The conditions that a node which scans a table looks at, and which rows it has to look for. */
static List *
conditions_of(Plan *plan)
{
	List	   *conditions = list_copy(plan->qual);

	switch (nodeTag(plan))
	{
		case T_IndexScan:
			return list_concat(conditions, ((IndexScan *) plan)->indexqualorig);
		case T_IndexOnlyScan:
			return list_concat(conditions, ((IndexOnlyScan *) plan)->recheckqual);
		case T_BitmapHeapScan:
			return list_concat(conditions, ((BitmapHeapScan *) plan)->bitmapqualorig);
		default:
			return conditions;
	}
}

/*
 * What the node compares the key with: a list of texts, as keys are written.  Of a key of
 * several columns all have to be compared, and the first of each is taken.
 */
List *
pvext_compared_keys(EState *estate, const PvextScannedKey *key)
{
	Plan	   *plan = key->scan->ps.plan;
	List	   *conditions = conditions_of(plan);
	char	  **parts = palloc(sizeof(char *) * key->n);
	Comparison	comparison = {estate};

	comparison.varno = IsA(plan, IndexOnlyScan) ? INDEX_VAR : ((Scan *) plan)->scanrelid;
	if (IsA(plan, IndexOnlyScan) && key->attnums == NULL)
		return NIL;
	for (int i = 0; i < key->n; i++)
	{
		comparison.values = NIL;
		comparison.attnum = IsA(plan, IndexOnlyScan) ? key->attnums[i] : key->columns[i].attnum;
		(void) find_comparisons((Node *) conditions, &comparison);
		if (comparison.values == NIL)
			return NIL;
		parts[i] = linitial(comparison.values);
	}
	return key->n == 1 ? comparison.values : list_make1(pvext_join_key(parts, key->n));
}

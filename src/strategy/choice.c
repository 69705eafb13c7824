/*
 * choice.c
 *		Columns that are a choice among a few.
 *
 * Where a column is one (an enum, a boolean, a flag, what a CHECK lists) any value is one
 * that persons have: it would make one person's answer another's, and leave that of
 * whoever gave it.  Which of them says nothing only the column's owner can tell.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/catalog.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "strategy/choice.h"
#include "strategy/neutral_value.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* What CHECKs compare a column with by equality. */
typedef struct Listing
{
	AttrNumber	attnum;			/* the column; 0: the value of a domain */
	TYPCATEGORY category;		/* of its values: what else is compared is computed of them */
	List	   *values;			/* C strings */
} Listing;

/* Add a value of a type, as its text. */
static void
add_value(Listing *listing, Oid type, Datum value)
{
	Oid			output;
	bool		varlena;

	getTypeOutputInfo(type, &output, &varlena);
	listing->values = lappend(listing->values, OidOutputFunctionCall(output, value));
}

/* Add what a constant is, or what is in it where it is an array. */
static void
add_constant(Listing *listing, Const *constant)
{
	Oid			element = get_element_type(constant->consttype);
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	if (constant->constisnull)
		return;
	if (TypeCategory(getBaseType(OidIsValid(element) ? element : constant->consttype)) != listing->category)
		return;
	if (!OidIsValid(element))
	{
		add_value(listing, constant->consttype, constant->constvalue);
		return;
	}
	get_typlenbyvalalign(element, &typlen, &typbyval, &typalign);
	deconstruct_array(DatumGetArrayTypeP(constant->constvalue), element, typlen, typbyval,
					  typalign, &values, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			add_value(listing, element, values[i]);
}

/* Add all constants in a comparison. */
static bool
constants_walker(Node *node, Listing *listing)
{
	if (node == NULL)
		return false;
	if (IsA(node, Const))
	{
		add_constant(listing, (Const *) node);
		return false;
	}
	return expression_tree_walker(node, constants_walker, listing);
}

/* Is the column, or the value of the domain, in the expression? */
static bool
is_of_column(Node *node, Listing *listing)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomainValue))
		return listing->attnum == 0;
	if (IsA(node, Var))
		return listing->attnum != 0 && ((Var *) node)->varattno == listing->attnum;
	return expression_tree_walker(node, is_of_column, listing);
}

/* x = 'a' OR x = 'b'; x IN ('a', 'b'). */
static bool
listing_walker(Node *node, Listing *listing)
{
	Oid			operator = InvalidOid;

	if (node == NULL)
		return false;
	if (IsA(node, OpExpr))
		operator = ((OpExpr *) node)->opno;
	else if (IsA(node, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) node)->useOr)
		operator = ((ScalarArrayOpExpr *) node)->opno;
	if (OidIsValid(operator) && strcmp(get_opname(operator), "=") == 0 &&
		is_of_column(node, listing))
		return constants_walker(node, listing);
	return expression_tree_walker(node, listing_walker, listing);
}

/* The type that a domain is over, which may be a domain. */
static Oid
beneath(Oid domain)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(domain));
	Oid			type;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", domain);
	type = ((Form_pg_type) GETSTRUCT(tuple))->typbasetype;
	ReleaseSysCache(tuple);
	return type;
}

/* The same of the CHECKs of a domain, and of those beneath it. */
static void
list_of_domain(Listing *listing, Oid type)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);

	while (get_typtype(type) == TYPTYPE_DOMAIN)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_constraint_contypid, BTEqualStrategyNumber,
					F_OIDEQ, ObjectIdGetDatum(type));
		scan = systable_beginscan(catalog, ConstraintTypidIndexId, true, NULL, 1, &key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			bool		isnull;
			Datum		tree = heap_getattr(tuple, Anum_pg_constraint_conbin,
											RelationGetDescr(catalog), &isnull);

			if (!isnull)
				(void) listing_walker(stringToNode(TextDatumGetCString(tree)), listing);
		}
		systable_endscan(scan);
		type = beneath(type);
	}
	table_close(catalog, AccessShareLock);
}

/* The values that CHECKs list for a column, as texts. */
static List *
listed_values(const PvextFit *fit)
{
	Relation	rel = table_open(fit->relid, AccessShareLock);
	TupleConstr *constr = RelationGetDescr(rel)->constr;
	Listing		listing = {fit->attnum, TypeCategory(getBaseType(fit->type)), NIL};

	for (int i = 0; constr && i < constr->num_check; i++)
		(void) listing_walker(stringToNode(constr->check[i].ccbin), &listing);
	table_close(rel, AccessShareLock);
	listing.attnum = 0;
	list_of_domain(&listing, fit->type);
	return listing.values;
}

/* The labels of an enum in its order. */
static List *
enum_labels(Oid type)
{
	Relation	catalog = table_open(EnumRelationId, AccessShareLock);
	Relation	index = index_open(EnumTypIdSortOrderIndexId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *labels = NIL;

	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(getBaseType(type)));
	scan = systable_beginscan_ordered(catalog, index, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
		labels = lappend(labels, pstrdup(NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel)));
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(catalog, AccessShareLock);
	return labels;
}

/* What a column is a choice of, as texts; NIL where it takes more than can be listed. */
List *
pvext_choices(const PvextFit *fit)
{
	Oid			base = getBaseType(fit->type);

	if (get_typtype(base) == TYPTYPE_ENUM)
		return enum_labels(base);
	if (base == BOOLOID)
		return list_make2("false", "true");
	if (base == BITOID && pvext_neutral_values(fit) == NIL)
		return list_make2("0", "1");
	return listed_values(fit);
}

/* Is the value, which isn't empty, one that CHECKs list for the column? */
bool
pvext_is_choice(const PvextFit *fit, const char *value)
{
	return value[0] != '\0' && pvext_has_name(listed_values(fit), value);
}

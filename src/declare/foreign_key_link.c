/*
 * foreign_key_link.c
 *		pv.link_foreign_keys(): all the links of a subject that foreign keys say.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/parameter.h"
#include "base/relation.h"
#include "base/spi.h"
#include "declare/link.h"
#include "declare/link_value.h"
#include "detect/candidate_link.h"
#include "detect/guesswork.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(pvext_link_foreign_keys);

/* A regclass[] as a list of OIDs. */
static List *
oid_list(ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	List	   *oids = NIL;

	deconstruct_array(array, REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT,
					  &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			oids = lappend_oid(oids, DatumGetObjectId(elements[i]));
	return oids;
}

/* Refuse to link to a table from which no link leads to a subject. */
static void
check_mapped(Oid relid)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_relation_id(relid));
	if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1"
				  " UNION ALL SELECT FROM pv.declared_link WHERE relation_id = $1",
				  &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is not a subject", pvext_relation_name(relid)),
				 errhint("Declare it first, with pv.declare_subject().")));
}

/*
 * pv.link_foreign_keys(subject, max_depth, excluding): declare those that are not yet;
 * returns how many.
 */
Datum
pvext_link_foreign_keys(PG_FUNCTION_ARGS)
{
	Oid			subject = PG_GETARG_OID(0);
	int32		max_depth = PG_GETARG_INT32(1);
	List	   *excluding;
	PvextScope	scope;
	ListCell   *lc;
	int64		count = 0;

	pvext_require_arg(fcinfo, 0, "subject");
	pvext_require_arg(fcinfo, 1, "max_depth");
	pvext_require_arg(fcinfo, 2, "excluding");
	excluding = oid_list(PG_GETARG_ARRAYTYPE_P(2));
	if (max_depth < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_depth must be at least 1"),
				 errhint("1 links the tables that refer to the subject itself.")));
	pvext_enter(&scope);
	pvext_check_table(subject);
	check_mapped(subject);
	foreach(lc, pvext_candidates(subject, max_depth, excluding, NULL, NULL))
	{
		PvextCandidate *candidate = lfirst(lc);
		PvextLinkDeclaration link = {0};

		if (candidate->declared)
			continue;
		link.relid = candidate->relid;
		link.columns = candidate->columns;
		link.parent = candidate->parent;
		link.parent_columns = candidate->parent_columns;
		link.name = candidate->name;
		link.on_erase = "anonymise";
		link.inherit = true;
		pvext_declare_link_internal(&link);
		count++;
	}
	pvext_leave(&scope);
	PG_RETURN_INT64(count);
}

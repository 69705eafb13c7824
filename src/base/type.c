/*
 * type.c
 *		Types: what they are called, hold and compare by.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "access/nbtree.h"
#include "base/compat.h"
#include "base/type.h"
#include "catalog/pg_am.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* Is it a string type, or a domain over one?  (citext is one.) */
bool
pvext_is_text(Oid type)
{
	return TypeCategory(getBaseType(type)) == TYPCATEGORY_STRING;
}

/* How many characters a string type takes, -1 for any number. */
int
pvext_text_room(Oid type, int32 typmod)
{
	Oid			base = getBaseTypeAndTypmod(type, &typmod);

	if ((base == VARCHAROID || base == BPCHAROID) && typmod >= (int32) VARHDRSZ)
		return typmod - VARHDRSZ;
	if (base == NAMEOID)
		return NAMEDATALEN - 1;
	return -1;
}

/*
 * The operator, as OPERATOR(schema.name), by which btree or hash calls a value
 * of type left equal to one of type right; NULL where there is none in common.
 */
char *
pvext_equality(Oid left, Oid right)
{
	Oid			opclass;
	Oid			operator = InvalidOid;

	left = getBaseType(left);
	right = getBaseType(right);
	if (left == right)
		operator = lookup_type_cache(left, TYPECACHE_EQ_OPR)->eq_opr;
	if (!OidIsValid(operator))
	{
		/* Of two types: an operator of a family that has both, by which indexes go. */
		opclass = GetDefaultOpClass(right, BTREE_AM_OID);
		if (OidIsValid(opclass))
		{
			Oid			input = get_opclass_input_type(opclass);
			Oid			other = GetDefaultOpClass(left, BTREE_AM_OID);

			if (OidIsValid(other) &&
				get_opclass_family(other) == get_opclass_family(opclass))
				operator = get_opfamily_member(get_opclass_family(opclass),
											   get_opclass_input_type(other), input,
											   BTEqualStrategyNumber);
		}
	}
	if (!OidIsValid(operator))
		return NULL;
	{
		HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
		Form_pg_operator form = (Form_pg_operator) GETSTRUCT(tuple);
		char	   *text = psprintf("OPERATOR(%s.%s)",
									quote_identifier(get_namespace_name(form->oprnamespace)),
									NameStr(form->oprname));

		ReleaseSysCache(tuple);
		return text;
	}
}

/* The type's name, qualified and quoted, as it can be written in SQL. */
char *
pvext_type_name(Oid type, int32 typmod)
{
	return format_type_extended(type, typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/* The name of a type, or of what a domain is over, without its schema: by which extensions' are known. */
char *
pvext_plain_type_name(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(getBaseType(type)));
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	name = pstrdup(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return name;
}

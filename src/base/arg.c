/*
 * arg.c
 *		Arguments of SQL functions that may be null.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Raise unless the argument is given. */
void
pvext_require_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" is null", name),
				 errhint("Pass a value for it.")));
}

/*
 * A regclass argument that may be left out: InvalidOid where it is null.  Raises where it names
 * no relation: '-' is 0 to the type, and would be taken for one that is left out.
 */
Oid
pvext_relation_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	Oid			relid = PG_ARGISNULL(arg) ? InvalidOid : PG_GETARG_OID(arg);

	if (!PG_ARGISNULL(arg) && !OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("argument \"%s\" is no relation", name),
				 errhint("Pass the name of a table, or leave it out.")));
	return relid;
}

/* A text argument as a C string, NULL where it is null. */
char *
pvext_text_arg(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * A name[] argument as a list of C strings.  Raises for null elements, for a
 * name that stands twice, and for more than one dimension.
 */
List *
pvext_names_arg(FunctionCallInfo fcinfo, int arg)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	List	   *names = NIL;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("list of columns has more than one dimension")));
	deconstruct_array(array, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		ListCell   *lc;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("list of columns holds a null")));
		foreach(lc, names)
			if (strcmp(lfirst(lc), NameStr(*DatumGetName(elements[i]))) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" is named twice", (char *) lfirst(lc))));
		names = lappend(names, pstrdup(NameStr(*DatumGetName(elements[i]))));
	}
	return names;
}

/* A text[] argument as a list of C strings.  Raises for null elements. */
List *
pvext_texts_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	List	   *texts = NIL;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" holds a null", name),
					 errhint("Leave it out of the array.")));
		texts = lappend(texts, TextDatumGetCString(elements[i]));
	}
	return texts;
}

/* The text of an argument that must be neither NULL nor blank. */
char *
pvext_required_text(FunctionCallInfo fcinfo, int arg, const char *name)
{
	char	   *value;

	pvext_require_arg(fcinfo, arg, name);
	value = pvext_text_arg(fcinfo, arg);
	if (value[strspn(value, " \t\n\r")] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is empty", name),
				 errhint("Pass a text for it.")));
	return value;
}

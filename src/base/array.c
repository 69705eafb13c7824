/*
 * array.c
 *		Arrays as lists, and as rows of a statement.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* The elements of a name[] without nulls as C strings, in the current context. */
List *
pvext_array_names(Datum array)
{
	Datum	   *elements;
	int			n;
	List	   *names = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		names = lappend(names, pstrdup(NameStr(*DatumGetName(elements[i]))));
	return names;
}

/* Those of a text[] as C strings, in the current context; a null is NULL. */
List *
pvext_array_texts(Datum array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	List	   *texts = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, &n);
	for (int i = 0; i < n; i++)
		texts = lappend(texts, nulls[i] ? NULL : TextDatumGetCString(elements[i]));
	return texts;
}

/*
 * SQL of a FROM clause: n arrays, the parameters $1, $2, ..., as rows k of columns k1, k2,
 * ...; numbered: and of n, from 1.
 */
char *
pvext_array_rows_sql(int n, bool numbered)
{
	StringInfoData arrays;
	StringInfoData names;

	initStringInfo(&arrays);
	initStringInfo(&names);
	for (int i = 1; i <= n; i++)
	{
		appendStringInfo(&arrays, "%s$%d", i > 1 ? ", " : "", i);
		appendStringInfo(&names, "%sk%d", i > 1 ? ", " : "", i);
	}
	return psprintf("unnest(%s)%s AS k(%s%s)", arrays.data, numbered ? " WITH ORDINALITY" : "",
					names.data, numbered ? ", n" : "");
}

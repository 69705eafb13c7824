/*
 * parameter.c
 *		The values of a statement, in the order of $1, $2, ...
 */
#include "postgres.h"
#include "base/message.h"

#include "base/parameter.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

/*
 * Add a value; SQL's NULL with isnull.  args begins as zeroes; its arrays grow in the
 * memory context that is current at the first, and a value by reference is not copied.
 */
void
pvext_arg(PvextArgs *args, Oid type, Datum value, bool isnull)
{
	if (args->size == 0)
	{
		args->size = 16;
		args->types = palloc(sizeof(Oid) * args->size);
		args->values = palloc(sizeof(Datum) * args->size);
		args->nulls = palloc(args->size);
	}
	else if (args->n == args->size)
	{
		args->size *= 2;
		args->types = repalloc(args->types, sizeof(Oid) * args->size);
		args->values = repalloc(args->values, sizeof(Datum) * args->size);
		args->nulls = repalloc(args->nulls, args->size);
	}
	args->types[args->n] = type;
	args->values[args->n] = value;
	args->nulls[args->n] = isnull ? 'n' : ' ';
	args->n++;
}

/* A C string as text; NULL gives SQL's NULL. */
void
pvext_arg_text(PvextArgs *args, const char *value)
{
	pvext_arg(args, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0,
			  value == NULL);
}

/* A C string as name; NULL gives SQL's NULL. */
void
pvext_arg_name(PvextArgs *args, const char *value)
{
	Name		name = NULL;

	if (value)
	{
		name = palloc0(sizeof(NameData));
		namestrcpy(name, value);
	}
	pvext_arg(args, NAMEOID, NameGetDatum(name), value == NULL);
}

/* A list of C strings as name[]. */
void
pvext_arg_names(PvextArgs *args, List *names, bool isnull)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(names), 1));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, names)
		elements[n++] = DirectFunctionCall1(namein, CStringGetDatum(lfirst(lc)));
	pvext_arg(args, NAMEARRAYOID,
			  PointerGetDatum(construct_array(elements, n, NAMEOID, NAMEDATALEN,
											  false, TYPALIGN_CHAR)),
			  isnull);
}

/* A list of digests, bytea, as bytea[]. */
void
pvext_arg_digests(PvextArgs *args, List *digests)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(digests), 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, digests)
		elements[n++] = PointerGetDatum(lfirst(lc));
	pvext_arg(args, BYTEAARRAYOID,
			  PointerGetDatum(construct_array(elements, n, BYTEAOID, -1, false,
											  TYPALIGN_INT)),
			  false);
}

/* Add an oid[]. */
void
pvext_arg_oids(PvextArgs *args, List *oids)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(oids), 1));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, oids)
		elements[n++] = ObjectIdGetDatum(lfirst_oid(lc));
	pvext_arg(args, OIDARRAYOID,
			  PointerGetDatum(construct_array(elements, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT)),
			  false);
}

/* A list of C strings as a text[]; NULL gives SQL's NULL. */
Datum
pvext_text_array(List *texts)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(texts), 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(list_length(texts), 1));
	ListCell   *lc;
	int			n = 0;
	int			lower = 1;

	foreach(lc, texts)
	{
		nulls[n] = lfirst(lc) == NULL;
		elements[n++] = lfirst(lc) ? CStringGetTextDatum(lfirst(lc)) : (Datum) 0;
	}
	if (n == 0)
		return PointerGetDatum(construct_empty_array(TEXTOID));
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &n, &lower, TEXTOID, -1, false,
											  TYPALIGN_INT));
}

/* Add an int4. */
void
pvext_arg_int4(PvextArgs *args, int32 value)
{
	pvext_arg(args, INT4OID, Int32GetDatum(value), false);
}

/* An oid, regclass, regrole ...; InvalidOid gives SQL's NULL. */
void
pvext_arg_oid(PvextArgs *args, Oid type, Oid value)
{
	pvext_arg(args, type, ObjectIdGetDatum(value), !OidIsValid(value));
}

/* Add a boolean. */
void
pvext_arg_bool(PvextArgs *args, bool value)
{
	pvext_arg(args, BOOLOID, BoolGetDatum(value), false);
}

/*
 * held_key.c
 *		Keys of other rows that rows hold, as texts.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/catch.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "map/key.h"
#include "map/link_key.h"
#include "plan/held_key.h"
#include "utils/array.h"

/*
 * The keys in a column of the result that has an array of them.  *from says which of the first
 * rows each came from.
 */
int
pvext_read_elements(SPITupleTable *rows, uint64 n, int column, const int *origin, Datum ***keys, int **from)
{
	int			nkeys = 0;

	*keys = palloc(sizeof(Datum *));
	(*keys)[0] = palloc(sizeof(Datum));
	*from = palloc(sizeof(int));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		array = SPI_getbinval(rows->vals[i], rows->tupdesc, column, &isnull);
		Datum	   *elements;
		bool	   *nulls;
		int			length = 0;

		if (!isnull)
			deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
							  &nulls, &length);
		(*keys)[0] = repalloc((*keys)[0], sizeof(Datum) * (nkeys + length + 1));
		*from = repalloc(*from, sizeof(int) * (nkeys + length + 1));
		for (int e = 0; e < length; e++)
		{
			if (nulls[e])
				continue;
			(*keys)[0][nkeys] = elements[e];
			(*from)[nkeys++] = origin[i];
		}
	}
	return nkeys;
}

/*
 * The keys in some columns of the result, from "column" on, of rows in which none is
 * NULL.  *from says which of the first rows each came from.
 */
int
pvext_read_keys(SPITupleTable *rows, uint64 n, int column, int ncolumns, const int *origin, Datum ***keys, int **from)
{
	int			nkeys = 0;

	*keys = palloc(sizeof(Datum *) * ncolumns);
	*from = palloc(sizeof(int) * Max(n, 1));
	for (int c = 0; c < ncolumns; c++)
		(*keys)[c] = palloc(sizeof(Datum) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull = false;

		for (int c = 0; c < ncolumns && !isnull; c++)
			(*keys)[c][nkeys] = SPI_getbinval(rows->vals[i], rows->tupdesc, column + c, &isnull);
		if (!isnull)
			(*from)[nkeys++] = origin[i];
	}
	return nkeys;
}

/* A key that a row holds as text, which may be none. */
typedef struct HeldKey
{
	PvextTable *subject;
	const char *key;
} HeldKey;

/* For pvext_try(): as the subject table's owner, whose the types may be. */
static void
read_key(void *arg)
{
	HeldKey    *held = arg;
	StringInfoData sql;
	PvextArgs	args = {0};
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, held->subject->key)
	{
		Oid			type;

		(void) pvext_column(held->subject->relid, lfirst(lc), &type, NULL);
		appendStringInfo(&sql, "%s %s", args.n > 0 ? "," : "SELECT",
						 pvext_cast_key(type, psprintf("$%d", args.n + 1)));
		pvext_arg_text(&args, list_nth(pvext_split_key(held->subject, held->key), args.n));
	}
	(void) pvext_run(held->subject->owner, sql.data, &args);
}

/* Is a text by which a link leads to subjects, that looks like nobody's key, and leads to no row, one of a key's type at all? */
bool
pvext_is_a_key(PvextTable *subject, PvextLink *by, const char *key)
{
	HeldKey		held = {subject, key};
	bool		as_text = false;

	for (int n = 0; n < list_length(by->parent_columns); n++)
	{
		PvextMatch	match;

		pvext_link_match(by, n, &match);
		as_text = as_text || match.as_text;
	}
	return !as_text || pvext_try(read_key, &held) == NULL;
}

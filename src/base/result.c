/*
 * result.c
 *		Values of the last result: of SPI_tuptable, copied into the current context.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"

/*
 * A row of the last result.  Raises where there is none: another extension's planner
 * may answer with none where PostgreSQL's would give one.
 */
HeapTuple
pvext_result_row(uint64 row)
{
	if (SPI_tuptable == NULL || row >= SPI_tuptable->numvals)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("a statement of pvext's gave no row number %llu, which it always does",
						(unsigned long long) row + 1),
				 errhint("Does another extension plan statements on this table, or a trigger of yours keep rows from a table of schema pv?")));
	return SPI_tuptable->vals[row];
}

/* A value of the last result as a C string in the current context, or NULL. */
char *
pvext_value(uint64 row, int column)
{
	HeapTuple	tuple = pvext_result_row(row);

	return SPI_getvalue(tuple, SPI_tuptable->tupdesc, column);
}

/*
 * A value of the last result; by reference, it points into SPI_tuptable and lives as
 * long.
 */
Datum
pvext_datum(uint64 row, int column, bool *isnull)
{
	HeapTuple	tuple = pvext_result_row(row);

	return SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, isnull);
}

/* A boolean of the last result, NULL being false. */
bool
pvext_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = pvext_datum(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/* An int4, int8 or oid of the last result, NULL being 0. */
int64
pvext_int(uint64 row, int column)
{
	bool		isnull;
	Datum		value = pvext_datum(row, column, &isnull);

	if (isnull)
		return 0;
	switch (SPI_gettypeid(SPI_tuptable->tupdesc, column))
	{
		case INT8OID:
			return DatumGetInt64(value);
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetObjectId(value);
	}
}

/* A name[] of the last result as a list of C strings; NULL gives NIL. */
List *
pvext_names(uint64 row, int column)
{
	bool		isnull;
	Datum		value = pvext_datum(row, column, &isnull);

	return isnull ? NIL : pvext_array_names(value);
}

/* A text[] of the last result, of no NULLs, as a list of C strings; NULL gives NIL. */
List *
pvext_texts(uint64 row, int column)
{
	bool		isnull;
	Datum		value = pvext_datum(row, column, &isnull);

	return isnull ? NIL : pvext_array_texts(value);
}

/* The first column of the last result, nulls left out. */
List *
pvext_column_texts(uint64 n)
{
	List	   *texts = NIL;

	for (uint64 i = 0; i < n; i++)
	{
		char	   *text = pvext_value(i, 1);

		if (text)
			texts = lappend(texts, text);
	}
	return texts;
}

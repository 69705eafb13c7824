/*
 * result.h
 *		Values of the last result.
 */
#ifndef PVEXT_RESULT_H
#define PVEXT_RESULT_H

#include "access/htup.h"
#include "nodes/pg_list.h"

extern HeapTuple pvext_result_row(uint64 row);
extern char *pvext_value(uint64 row, int column);
extern Datum pvext_datum(uint64 row, int column, bool *isnull);
extern bool pvext_bool(uint64 row, int column);
extern int64 pvext_int(uint64 row, int column);
extern List *pvext_names(uint64 row, int column);
extern List *pvext_texts(uint64 row, int column);
extern List *pvext_column_texts(uint64 n);

#endif							/* PVEXT_RESULT_H */

/*
 * array.h
 *		Arrays as lists, and as rows of a statement.
 */
#ifndef PVEXT_ARRAY_H
#define PVEXT_ARRAY_H

#include "nodes/pg_list.h"

extern List *pvext_array_names(Datum array);
extern List *pvext_array_texts(Datum array);
extern char *pvext_array_rows_sql(int n, bool numbered);

#endif							/* PVEXT_ARRAY_H */

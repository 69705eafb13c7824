/*
 * row_sample.h
 *		What rows hold: whether the values of a column are another table's keys.
 */
#ifndef PVEXT_ROW_SAMPLE_H
#define PVEXT_ROW_SAMPLE_H

#include "detect/table_look.h"

/* Some rows of a table. */
typedef struct PvextSample
{
	PvextLook *table;
	int			n;
	char	 ***rows;			/* a value or NULL for each of the table's columns that may be a key */
} PvextSample;

/* How many values of a column are keys of another table. */
typedef struct PvextContained
{
	int			n;				/* different values that were looked for; 0: nothing is known */
	int			hits;			/* those that are there */
	int			folded;			/* of these, in lower case alone */
	double		chance;			/* by which they would be there if they were no keys */
} PvextContained;

extern void pvext_take_sample(PvextLook *table, PvextSample *sample);
extern List *pvext_sample_values(PvextSample *sample, PvextLookColumn *column,
								 PvextLookColumn *where, const char *value);
extern void pvext_look_for(List *values, PvextLook *parent, PvextLookColumn *key, bool all,
						   PvextContained *contained);
extern void pvext_look_for_keys(PvextSample *sample, List *columns, PvextLook *parent, List *parent_columns,
								PvextContained *contained);

#endif							/* PVEXT_ROW_SAMPLE_H */

/*
 * due_query.h
 *		How many rows are due, and who keeps them, as one query tells.
 */
#ifndef PVEXT_DUE_QUERY_H
#define PVEXT_DUE_QUERY_H

#include "datatype/timestamp.h"
#include "purge/due.h"

/* Rows of which the same holds. */
typedef struct PvextDueRows
{
	List	   *reasons;		/* C strings: what keeps them, of each subject; NIL: nothing */
	int64		rows;
	TimestampTz oldest;
} PvextDueRows;

/* What it tells of rows for which one or more of the dues hold. */
typedef struct PvextDueQuery
{
	PvextMap   *map;
	PvextTable *table;
	List	   *dues;			/* PvextDue: completed */
	List	   *ways;			/* of due_query.c */
	List	   *due_ways;		/* as dues: those of each */
	List	   *groups;			/* PvextDueRows: found by pvext_ask_due() */
	bool		unsure;			/* there are rows that have to be looked at each */
} PvextDueQuery;

extern PvextDueQuery *pvext_due_query(PvextMap *map, PvextTable *table, List *dues);
extern void pvext_ask_due(PvextDueQuery *query);
extern char *pvext_unsure_sql(PvextDueQuery *query, const char *relation, List **params);

#endif							/* PVEXT_DUE_QUERY_H */

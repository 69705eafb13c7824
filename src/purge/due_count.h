/*
 * due_count.h
 *		How much is due by a retention rule, and what holds some of it.
 */
#ifndef PVEXT_DUE_COUNT_H
#define PVEXT_DUE_COUNT_H

#include "datatype/timestamp.h"
#include "purge/due.h"
#include "utils/elog.h"

/* Rows that something holds. */
typedef struct PvextHeld
{
	List	   *reasons;		/* C strings */
	int64		rows;
	TimestampTz oldest;
} PvextHeld;

/* What is due by one rule. */
typedef struct PvextDueCount
{
	PvextMap   *map;
	PvextTable *table;
	PvextRule  *rule;
	List	   *dues;			/* PvextDue */
	int64		rows;			/* that nothing holds */
	TimestampTz oldest;			/* DT_NOEND: none */
	List	   *held;			/* PvextHeld */
	char	   *index;			/* the CREATE INDEX that is missing, or NULL */
	ErrorData  *error;
} PvextDueCount;

extern void pvext_count_due(PvextMap *map, PvextTable *table, PvextRule *rule, bool limited,
							PvextDueCount *count);

#endif							/* PVEXT_DUE_COUNT_H */

/*
 * check.h
 *		What of the data map no longer fits the database.
 */
#ifndef PVEXT_CHECK_H
#define PVEXT_CHECK_H

#include "nodes/pg_list.h"

/* Something that no longer fits. */
typedef struct PvextFinding
{
	char	   *relation;		/* qualified and quoted */
	char	   *column;			/* or NULL */
	bool		error;			/* an erasure would fail; else a warning */
	char	   *problem;
	char	   *hint;
} PvextFinding;

extern List *pvext_unclassified_columns(Oid relid);
extern List *pvext_check_relation(int32 relation_id, bool all_columns,
								  List *new_columns);
extern List *pvext_check_expressions(void);

#endif							/* PVEXT_CHECK_H */

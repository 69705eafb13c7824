/*
 * column_guess.h
 *		What is proposed for a column: by its name, its type and its values.
 */
#ifndef PVEXT_COLUMN_GUESS_H
#define PVEXT_COLUMN_GUESS_H

#include "nodes/pg_list.h"

/* What is proposed. */
typedef struct PvextColumnGuess
{
	char	   *column;
	const char *category;		/* NULL: it is not personal */
	const char *erase_with;		/* or NULL */
	char	   *parameter;		/* or NULL */
	bool		telling;		/* things have none of that kind */
	bool		of_key;			/* it is the value of a key beside it */
	bool		of_others;		/* it is not about whose the row is */
	char	   *doubt;			/* why a person has to decide, or NULL */
} PvextColumnGuess;

extern List *pvext_guess_columns(Oid relid, List *columns, bool is_subject);

#endif							/* PVEXT_COLUMN_GUESS_H */

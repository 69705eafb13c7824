/*
 * name_guess.h
 *		What names of columns, links and tables say, in English and Norwegian.
 */
#ifndef PVEXT_NAME_GUESS_H
#define PVEXT_NAME_GUESS_H

#include "nodes/pg_list.h"

/* What is proposed for a column. */
typedef struct PvextGuess
{
	const char *category;
	const char *erase_with;		/* or NULL */
} PvextGuess;

extern bool pvext_guess_column(Oid relid, const char *column, PvextGuess *guess);
extern bool pvext_may_hold_anything(Oid relid, const char *column);
extern bool pvext_looks_like_persons(Oid relid);
extern bool pvext_says_acted(List *columns, Oid parent);

#endif							/* PVEXT_NAME_GUESS_H */

/*
 * table_guess.h
 *		What a table is for, by its name and its columns.
 */
#ifndef PVEXT_TABLE_GUESS_H
#define PVEXT_TABLE_GUESS_H

#include "nodes/pg_list.h"

/* What data is kept for, and how long: a guess, as declare_purpose() and declare_retention() take it. */
typedef struct PvextPurposeGuess
{
	const char *words;			/* in names of tables */
	const char *name;
	const char *legal_basis;
	const char *description;
	const char *keep;
	const char *clock;			/* with %s for the column */
} PvextPurposeGuess;

/* From this one on they are for as long as somebody is a customer, or works here. */
#define PVEXT_PURPOSES_OF_PERSONS 3

extern const PvextPurposeGuess pvext_purposes[];
extern const int pvext_n_purposes;

extern int	pvext_guess_purpose(Oid relid);
extern char *pvext_guess_clock(Oid relid, bool persons);
extern List *pvext_referring_columns(Oid relid);
extern bool pvext_is_of_persons(Oid relid);
extern bool pvext_is_chart(Oid relid);
extern bool pvext_is_passing(Oid relid);
extern bool pvext_is_junction(Oid relid);
extern char *pvext_row_estimate(Oid relid);

#endif							/* PVEXT_TABLE_GUESS_H */

/*
 * name_guess.h
 *		What names of columns, links and tables say.
 */
#ifndef PVEXT_NAME_GUESS_H
#define PVEXT_NAME_GUESS_H

#include "detect/name_word.h"
#include "nodes/pg_list.h"

/* What is proposed for a column. */
typedef struct PvextGuess
{
	const char *category;
	const char *erase_with;		/* or NULL */
	bool		is_name;		/* a name, which things have, too */
	bool		of_person;		/* a name as only persons have one */
} PvextGuess;

extern bool pvext_guess_column(Oid relid, const char *column, PvextGuess *guess);
extern char pvext_type_letter(Oid type);
extern bool pvext_says_personal(const char *name);
extern bool pvext_says_secret(const char *column);
extern bool pvext_says_code(const char *column);
extern bool pvext_is_personal_name(const char *name, Oid type);
extern bool pvext_looks_like_persons(Oid relid);
extern bool pvext_says_made(List *columns);
extern bool pvext_says_acted(List *columns, Oid parent);

#endif							/* PVEXT_NAME_GUESS_H */

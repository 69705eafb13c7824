/*
 * value_guess.h
 *		What some rows show that columns hold.
 */
#ifndef PVEXT_VALUE_GUESS_H
#define PVEXT_VALUE_GUESS_H

#include "nodes/pg_list.h"

/* What a sample of a column's values looks like. */
typedef struct PvextContent
{
	char	   *column;
	int			values;			/* neither NULL nor empty */
	int			distinct;
	int			longest;		/* in bytes */
	int			emails;			/* how many look like one, and so on */
	int			phones;
	int			addresses;		/* of the internet */
	int			names;			/* of persons */
	int			prose;
	int			secrets;		/* hashed passwords and signed tokens */
} PvextContent;

extern List *pvext_sample(Oid relid, List *columns);
extern PvextContent *pvext_content_of(List *sample, const char *column);
extern List *pvext_personal_paths(Oid relid, const char *column);

#endif							/* PVEXT_VALUE_GUESS_H */

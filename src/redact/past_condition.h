/*
 * past_condition.h
 *		Conditions and expressions of links, over rows as they were.
 */
#ifndef PVEXT_PAST_CONDITION_H
#define PVEXT_PAST_CONDITION_H

#include "map/map.h"
#include "utils/hsearch.h"

/* A link's condition, or what it compares, and what came of it so far. */
typedef struct PvextPastCondition
{
	PvextLink  *link;
	List	   *columns;		/* names that it reads */
	const char *what;			/* for messages */
	char	   *sql;			/* over a row of these, as $1, $2, ... */
	bool		gives_keys;		/* else whether it holds */
	HTAB	   *answers;
	MemoryContext context;
} PvextPastCondition;

extern PvextPastCondition *pvext_make_past_condition(PvextLink *link);
extern PvextPastCondition *pvext_make_past_keys(PvextLink *link);
extern bool pvext_held_then(PvextPastCondition *past, char **texts);
extern List *pvext_keys_then(PvextPastCondition *past, char **texts);

#endif							/* PVEXT_PAST_CONDITION_H */

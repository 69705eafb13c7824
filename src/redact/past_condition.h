/*
 * past_condition.h
 *		Conditions of links, over rows as they were.
 */
#ifndef PVEXT_PAST_CONDITION_H
#define PVEXT_PAST_CONDITION_H

#include "map/map.h"
#include "utils/hsearch.h"

/* A link's condition, and what came of it so far. */
typedef struct PvextPastCondition
{
	PvextLink  *link;
	List	   *columns;		/* names that it reads */
	char	   *sql;
	HTAB	   *answers;
	MemoryContext context;
} PvextPastCondition;

extern PvextPastCondition *pvext_make_past_condition(PvextLink *link);
extern bool pvext_held_then(PvextPastCondition *past, char **texts);

#endif							/* PVEXT_PAST_CONDITION_H */

/*
 * climb.h
 *		The way up from rows to whom they are about, link by link.
 */
#ifndef PVEXT_CLIMB_H
#define PVEXT_CLIMB_H

#include "plan/plan.h"
#include "utils/hsearch.h"

/* On the way up, at rows of one table. */
typedef struct PvextClimb
{
	PvextTable *table;
	bool		any;			/* by any link, else by "paths" */
	List	   *paths;			/* what is left of them from here */
	bool		anybody;		/* rows that are no persons count, too */
	bool		first;			/* the climb starts at these rows */
	PvextLink  *by;				/* on which the way came here; or NULL */
	List	   *tables;			/* on the way here: links may go in circles */
	HTAB	  **met;			/* keys by which a way has come to a table */
	List	  **open;			/* OpenWay: where ways go on */
} PvextClimb;

/* A way on which rows are about subjects of a table. */
typedef struct PvextWay
{
	PvextTable *subject;
	List	   *links;			/* PvextLink, from the rows up; NIL: they are subjects themselves */
	bool		by_key;			/* it comes to them by their key, which tells of those without a row */
} PvextWay;

extern void pvext_begin_climb(PvextClimb *climb, PvextRows *start);
extern bool pvext_climb_ends(PvextClimb *climb);
extern bool pvext_climbs_by_key(PvextClimb *climb);
extern List *pvext_climb_links(PvextClimb *climb);
extern void pvext_follow(PvextClimb *climb, const PvextClimb *from, PvextLink *link);
extern List *pvext_links_down(PvextRows *start, PvextTable *table);
extern bool pvext_ways_of_rows(PvextRows *start, List **ways);

#endif							/* PVEXT_CLIMB_H */

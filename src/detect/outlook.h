/*
 * outlook.h
 *		The links of a map as it would be, with those that are proposed.
 */
#ifndef PVEXT_OUTLOOK_H
#define PVEXT_OUTLOOK_H

#include "detect/guesswork.h"

/* A link that is declared, or that is proposed and likely. */
typedef struct PvextOutlookLink
{
	Oid			relid;
	char	   *name;
	List	   *columns;
	Oid			parent;
	bool		inherited;
	bool		shared;
	bool		conditional;
	bool		asked;			/* it is proposed as a question only */
	PvextCandidate *candidate;	/* that it is made of; NULL: it is declared */
	int			rank;			/* how likely it says whose the rows are; see way_up.c */
} PvextOutlookLink;

/* The links of a map as it would be, with those that are proposed. */
typedef struct PvextOutlook
{
	Oid			subject;
	bool		undeclared;		/* the subject cannot be declared as it is proposed */
	List	   *subjects;		/* OIDs of tables declared as subjects, and this one */
	List	   *candidates;		/* PvextCandidate */
	List	   *links;			/* PvextOutlookLink */
	List	   *guesses;		/* what has been guessed of tables' columns */
	List	   *known;			/* what has been found of tables */
	List	   *levels;			/* of tables by their distance from persons; see way_up.c */
} PvextOutlook;

#endif							/* PVEXT_OUTLOOK_H */

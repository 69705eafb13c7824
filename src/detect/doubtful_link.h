/*
 * doubtful_link.h
 *		Whose rows may be somebody else's than a proposed link says.
 */
#ifndef PVEXT_DOUBTFUL_LINK_H
#define PVEXT_DOUBTFUL_LINK_H

#include "detect/candidate_link.h"

/* A guess of this confidence is proposed, not asked. */
#define PVEXT_SURE 0.9

/* What is asked of a candidate. */
typedef enum PvextQuestion
{
	PVEXT_ACTED,				/* is it whose the row is, or who did something with it? */
	PVEXT_GUESSED,				/* is it a reference, and are the rows theirs? */
	PVEXT_HANGS					/* whose are the rows that it leads to? */
} PvextQuestion;

/* The links of a map as it would be, with those that are proposed. */
typedef struct PvextOutlook
{
	Oid			subject;
	bool		undeclared;		/* the subject cannot be declared as it is proposed */
	List	   *subjects;		/* OIDs of tables declared as subjects, and this one */
	List	   *candidates;		/* PvextCandidate */
	List	   *links;
	List	   *known;			/* what has been found of tables */
} PvextOutlook;

/* Why what a table's columns are about is left to the reader of a proposal. */
typedef struct PvextDoubt
{
	List	   *reasons;		/* C strings; NIL: there is none */
	List	   *paths;			/* C strings: the ways up to persons, as links to name */
	bool		named;			/* the link is to be named: there may be others */
} PvextDoubt;

extern void pvext_look_out(PvextOutlook *outlook, Oid subject, List *candidates);
extern char *pvext_question(PvextOutlook *outlook, PvextCandidate *candidate,
							PvextQuestion *kind);
extern bool pvext_is_sure(PvextOutlook *outlook, Oid relid);
extern void pvext_doubt(PvextOutlook *outlook, Oid relid, PvextDoubt *doubt);

#endif							/* PVEXT_DOUBTFUL_LINK_H */

/*
 * doubtful_link.h
 *		Whose rows may be somebody else's than a proposed link says.
 */
#ifndef PVEXT_DOUBTFUL_LINK_H
#define PVEXT_DOUBTFUL_LINK_H

#include "detect/outlook.h"

/* Why what a table's columns are about is left to the reader of a proposal. */
typedef struct PvextDoubt
{
	List	   *reasons;		/* C strings; NIL: there is none */
	List	   *paths;			/* C strings: the ways up to persons, as links to name, the likeliest first */
	List	   *likeliest;		/* C strings: the first of them, and the same by what else its references may be to */
	int			nearest;		/* so many are the shortest by each of the links */
	bool		named;			/* the link is to be named: there may be others */
	bool		shared;			/* all links are of rows that several refer to */
	bool		redacts;		/* what is redacted of whomever it names takes from nobody else */
} PvextDoubt;

extern void pvext_look_out(PvextOutlook *outlook, Oid subject, List *candidates);
extern void pvext_drop_link(PvextOutlook *outlook, PvextCandidate *candidate);
extern bool pvext_is_linked_to(PvextOutlook *outlook, Oid relid);
extern bool pvext_is_sure(PvextOutlook *outlook, Oid relid);
extern void pvext_doubt(PvextOutlook *outlook, Oid relid, PvextDoubt *doubt);

#endif							/* PVEXT_DOUBTFUL_LINK_H */

/*
 * doubtful_link.h
 *		Whose rows may be somebody else's than a proposed link says.
 */
#ifndef PVEXT_DOUBTFUL_LINK_H
#define PVEXT_DOUBTFUL_LINK_H

#include "nodes/pg_list.h"

/* The links of a map as it would be, with those that are proposed. */
typedef struct PvextOutlook
{
	Oid			subject;
	List	   *subjects;		/* OIDs of tables declared as subjects, and this one */
	List	   *links;
} PvextOutlook;

/* Why what a table's columns are about is left to the reader of a proposal. */
typedef struct PvextDoubt
{
	List	   *reasons;		/* C strings; NIL: there is none */
	List	   *paths;			/* C strings: the ways up to persons, as links to name */
} PvextDoubt;

extern void pvext_look_out(PvextOutlook *outlook, Oid subject, List *candidates);
extern void pvext_doubt(PvextOutlook *outlook, Oid relid, PvextDoubt *doubt);

#endif							/* PVEXT_DOUBTFUL_LINK_H */

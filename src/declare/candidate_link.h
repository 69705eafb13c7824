/*
 * candidate_link.h
 *		Links that the foreign keys suggest.
 */
#ifndef PVEXT_CANDIDATE_LINK_H
#define PVEXT_CANDIDATE_LINK_H

#include "nodes/pg_list.h"

/* A foreign key that leads from relid's rows up to a subject. */
typedef struct PvextCandidate
{
	Oid			relid;
	char	   *name;			/* of the link, as declared or as proposed */
	bool		default_name;	/* it is what pv.declare_link() would call it */
	List	   *columns;		/* C strings */
	Oid			parent;
	List	   *parent_columns; /* C strings, in the same order */
	int			depth;			/* links up to the subject, by the shortest way */
	bool		indexed;
	bool		declared;
} PvextCandidate;

extern List *pvext_candidates(Oid subject, int max_depth, List *excluding, List **reached);

#endif							/* PVEXT_CANDIDATE_LINK_H */

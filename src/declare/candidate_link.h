/*
 * candidate_link.h
 *		Links that the foreign keys suggest.
 */
#ifndef PVEXT_CANDIDATE_LINK_H
#define PVEXT_CANDIDATE_LINK_H

#include "nodes/pg_list.h"

/* What a candidate was found by. */
#define PVEXT_BY_KEY "foreign key"	/* all others are guesses */
#define PVEXT_BY_NAME "name"
#define PVEXT_BY_PAIR "polymorphic"
#define PVEXT_BY_CONTENT "content"
#define PVEXT_BY_REFERENCE "reference"
#define PVEXT_BY_JUNCTION "junction"

/* A foreign key, or a guess, that leads from relid's rows up to a subject. */
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
	const char *found_by;		/* PVEXT_BY_... */
	float4		confidence;		/* 0 to 1, which a foreign key has */
	char	   *reason;			/* in words */
	char	   *condition;		/* of the link, or NULL */
	char	   *shared;			/* how rows are shared that the parent's refer to: 'last'; or NULL */
} PvextCandidate;

extern List *pvext_candidates(Oid subject, int max_depth, List *excluding, List **reached);

#endif							/* PVEXT_CANDIDATE_LINK_H */

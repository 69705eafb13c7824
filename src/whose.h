/*
 * whose.h
 *		Whose rows are, and what holds those subjects.
 */
#ifndef PVEXT_WHOSE_H
#define PVEXT_WHOSE_H

#include "due.h"

/* A subject that a row is about. */
typedef struct PvextOwner
{
	int			row;			/* from 0 */
	PvextTable *subject;
	char	   *key;			/* in the row's own spelling */
	bool		gone;			/* has no row: the key is what a link holds */
	char	   *blocked;		/* of whom something else is blocked; as PvextPlan.blocked */
	bool		taken;			/* what was due of it has been */
} PvextOwner;

/* What becomes of a row. */
typedef struct PvextFate
{
	bool		clean;			/* there is nothing to take, as is known by now */
	bool		spared;
	bool		late;			/* is not due any more, or elsewhere, once it is locked */
	bool		taken;			/* from a subject that it is about */
	List	   *reasons;		/* C strings: by what; NIL where somebody has locked a subject */
	char	   *blocked;		/* of a subject: as PvextOwner.blocked */
} PvextFate;

extern void pvext_append_whose(StringInfo columns, PvextDue *due);
extern List *pvext_find_owners(PvextDue *due, SPITupleTable *rows, uint64 n, int column);
extern void pvext_judge_owners(PvextMap *map, PvextDue *due, List *owners, bool lock,
							   PvextFate *fates);

#endif							/* PVEXT_WHOSE_H */

/*
 * whose.h
 *		Whose a value is that was found somewhere.
 */
#ifndef PVEXT_WHOSE_H
#define PVEXT_WHOSE_H

#include "plan/plan.h"
#include "storage/itemptr.h"

typedef enum PvextWhose
{
	PVEXT_OF_SUBJECT,			/* the map leads from the subject to it */
	PVEXT_OF_ANOTHER,			/* the map has it, as somebody else's */
	PVEXT_UNMAPPED,
	PVEXT_DECLARED_NOT_PERSONAL
} PvextWhose;

/* What the map says of a table that rows are found in. */
typedef struct PvextPart
{
	PvextMap   *map;
	Oid			relid;
	List	   *relids;			/* with its parents */
	List	   *tables;			/* PvextTable: those of the map among them */
	List	   *not_personal;	/* names of columns */
} PvextPart;

/* Of one of its columns: rows of "sets" are the subject's, all others "otherwise". */
typedef struct PvextClaim
{
	List	   *sets;			/* PvextSet */
	PvextWhose	otherwise;
} PvextClaim;

/* A row in which something was found, by its place. */
typedef struct PvextHit
{
	ItemPointerData tid;
	int			column;			/* from 0 */
	int			share;			/* PvextShare */
	bool		own;			/* the subject's */
} PvextHit;

extern void pvext_read_part(PvextPart *part, PvextMap *map, Oid relid);
extern void pvext_claim_column(PvextClaim *claim, PvextPart *part, PvextPlan *plan,
							   const char *name);
extern void pvext_ask_whose(PvextPlan *plan, PvextPart *part, PvextClaim *claims, PvextHit *hits, int n);

#endif							/* PVEXT_WHOSE_H */

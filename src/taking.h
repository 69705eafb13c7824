/*
 * taking.h
 *		What pick.c and take.c know of a taking, and nobody else.
 */
#ifndef PVEXT_TAKING_H
#define PVEXT_TAKING_H

#include "take.h"

struct PvextTaking
{
	PvextMap   *map;
	PvextDue   *due;
	PvextTable *leaf;			/* the due's table, but its name: this relation only */
	PvextPlan  *plan;			/* its subjects are the rows */
	bool		lock;			/* it is for taking, not just for looking */
	bool		logged;			/* the audit log has records of it */
	PvextParam	places;			/* tid[] */
	PvextStep  *scan;
	PvextStep  *pick;
	int			whose;			/* from which column of pick on */
	PvextStep  *decide;			/* locks them and says which are due, once; NULL: each statement says */
	PvextStep  *confirm;		/* says it again, once what goes with them is locked; or NULL */
	PvextStep  *left;			/* with decide: those that are there still */
	PvextStep  *collect;		/* keys of the rows, for what goes with them; or NULL */
	List	   *children;		/* PvextStep: deletes what goes with them, leaves first */
	List	   *unlinks;		/* PvextStep: large objects of rows that are deleted */
	List	   *followers;		/* PvextStep: keys of what goes with them */
	PvextStep  *take;			/* updates or deletes */
	PvextStatement verify;		/* counts those of some keys that are still due; or no sql */
	List	   *subject_plans;	/* PvextPlan */
};

extern void pvext_build_scan(PvextTaking *taking);
extern void pvext_build_pick(PvextTaking *taking);
extern void pvext_set_places(PvextTaking *taking, ItemPointerData *tids, int n);

#endif							/* PVEXT_TAKING_H */

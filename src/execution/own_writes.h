/*
 * own_writes.h
 *		What pvext's own statements have changed, and so what others have.
 */
#ifndef PVEXT_OWN_WRITES_H
#define PVEXT_OWN_WRITES_H

#include "execution/written_rows.h"
#include "plan/plan.h"

/* Rows of a table that pvext's own statements have changed or deleted. */
typedef struct PvextOwnWrites
{
	Oid			relid;			/* as it is mapped */
	int64		updated;
	int64		deleted;
	bool		summed;			/* is known: */
	bool		all;			/* nobody else has changed any */
} PvextOwnWrites;

extern void pvext_note_own_writes(List **writes, PvextTable *table, int64 updated, int64 deleted);
extern bool pvext_is_own_work(List *writes, PvextTable *table, PvextGrown *grown, List *all);
extern List *pvext_touched_tables(List *writes, PvextPlan *plan, List *all);

#endif							/* PVEXT_OWN_WRITES_H */

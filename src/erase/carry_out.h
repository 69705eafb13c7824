/*
 * carry_out.h
 *		Carrying verdicts out: what goes of each subject of an erasure, and what became of it.
 */
#ifndef PVEXT_CARRY_OUT_H
#define PVEXT_CARRY_OUT_H

#include "erase/ledger.h"
#include "erase/verdict.h"
#include "plan/plan.h"

/* One subject of a call. */
typedef struct PvextCase
{
	PvextRow   *row;
	PvextRequest request;
	bytea	   *before;			/* digest of the key that the subject had at first */
	PvextVerdict verdict;
	bool		execute;
	bool		strange;		/* the row is another person's by now, as it seems */
	HeapTuple	result;
} PvextCase;

extern List *pvext_retention_bases(PvextPlan *plan);
extern void pvext_carry_out_cases(PvextMap *map, PvextTable *subject, PvextPlan *plan, List *cases);

#endif							/* PVEXT_CARRY_OUT_H */

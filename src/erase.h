/*
 * erase.h
 *		Erasure, for the duties.
 */
#ifndef PVEXT_ERASE_H
#define PVEXT_ERASE_H

#include "access/htup.h"
#include "plan.h"

extern void pvext_run_deferred_triggers(void);
extern List *pvext_retention_bases(PvextPlan *plan);
extern HeapTuple pvext_carry_out(Oid relid, char *key);

#endif							/* PVEXT_ERASE_H */

/*
 * living.h
 *		Who else lives and refers to rows of a plan's subjects.
 */
#ifndef PVEXT_LIVING_H
#define PVEXT_LIVING_H

#include "executor/spi.h"
#include "plan/plan.h"

/* Is the subject of the key one of those whose rows are looked for? */
typedef bool (*PvextIsOwn) (PvextTable *subject, const char *key, void *arg);

extern void pvext_find_kept_rows(PvextRows *about, SPITupleTable *rows, uint64 n, int column, bool deleted,
								 PvextIsOwn own, void *arg, bool *kept);
extern void pvext_find_kept(PvextPlan *plan, PvextSet *set, bool lock, bool many);
extern void pvext_forget_kept(PvextSet *set);
extern bool pvext_is_kept_for_others(PvextSet *set, List *key, PvextIsOwn is_own, void *arg);

#endif							/* PVEXT_LIVING_H */

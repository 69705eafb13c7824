/*
 * others.h
 *		Whose hold keeps what another subject is to lose.
 */
#ifndef PVEXT_OTHERS_H
#define PVEXT_OTHERS_H

#include "sets.h"

/* What is said where it is not known which it is. */
#define PVEXT_SOME_HOLD "hold on somebody else"

extern void pvext_add_others(PvextMap *map, PvextPlan *plan, bool texts);
extern void pvext_build_sharers(PvextPlan *plan);
extern void pvext_append_others(PvextSql *sql, List *others);
extern void pvext_read_others(PvextPlan *plan);
extern List *pvext_find_others(PvextPlan *plan, const bytea *digest);
extern void pvext_begin_hold(void);
extern void pvext_keep_holds(void);

#endif							/* PVEXT_OTHERS_H */

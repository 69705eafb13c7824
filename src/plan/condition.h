/*
 * condition.h
 *		When a row's value is to go, as SQL.
 */
#ifndef PVEXT_CONDITION_H
#define PVEXT_CONDITION_H

#include "plan/plan.h"

extern char *pvext_target_value(PvextTarget *target, PvextSql *sql);
extern void pvext_append_others(PvextSql *sql, List *others);
extern void pvext_append_test(PvextSql *sql, PvextTarget *target);
extern bool pvext_is_kept_by_row(PvextTarget *target);
extern void pvext_append_kept(PvextSql *sql, const char *until, List *others, bool held);
extern void pvext_append_need(PvextSql *sql, PvextTarget *target, bool held);

#endif							/* PVEXT_CONDITION_H */

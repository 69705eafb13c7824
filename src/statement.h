/*
 * statement.h
 *		The text of a plan's statements.
 */
#ifndef PVEXT_STATEMENT_H
#define PVEXT_STATEMENT_H

#include "sets.h"

extern PvextStep *pvext_build_update(PvextPlan *plan, PvextTable *table, List *targets);
extern PvextStep *pvext_build_delete(PvextPlan *plan, PvextRemoval *removal);
extern void pvext_add_check(PvextPlan *plan, PvextTable *table, List *targets,
							PvextRemoval *removal);
extern void pvext_finish_checks(PvextPlan *plan);
extern PvextStep *pvext_build_column(PvextTarget *target, const char *what,
									 bool need, const char *also);
extern void pvext_append_test(PvextSql *sql, PvextTarget *target);
extern void pvext_append_kept(PvextSql *sql, const char *until, List *others, bool held);
extern void pvext_append_need(PvextSql *sql, PvextTarget *target, bool held);
extern char *pvext_target_value(PvextTarget *target, PvextSql *sql);
extern PvextStep *pvext_build_unlink(PvextTarget *target);
extern PvextStep *pvext_build_held(PvextPlan *plan, PvextTarget *target,
								   PvextRemoval *removal);
extern void pvext_build_columns(PvextPlan *plan);
extern void pvext_build_locks(PvextPlan *plan);
extern PvextStep *pvext_build_blocker(PvextPlan *plan, PvextBlocker *blocker,
									  PvextSet *set, bool lock);

#endif							/* PVEXT_STATEMENT_H */

/*
 * check.h
 *		What of the data map no longer fits the database.
 */
#ifndef PVEXT_CHECK_H
#define PVEXT_CHECK_H

#include "base/finding.h"

extern List *pvext_check_relation(int32 relation_id, bool all_columns,
								  List *new_columns);
extern List *pvext_check_expressions(void);
extern List *pvext_check_domain(void);
extern List *pvext_errors_of(void (*check_all) (PvextCheck *check), bool of_command);

#endif							/* PVEXT_CHECK_H */

/*
 * time_limit.h
 *		A time limit for statements that run code of tables' owners.
 */
#ifndef PVEXT_TIME_LIMIT_H
#define PVEXT_TIME_LIMIT_H

#include "utils/elog.h"

extern ErrorData *pvext_catch_in_time(void (*body) (void *), void *arg, int milliseconds,
									  bool deadly);
extern void pvext_renew_limit(void);
extern void pvext_end_limit(void);
extern bool pvext_limit_is_overrun(void);
extern void pvext_describe_timeout(ErrorData *error);

#endif							/* PVEXT_TIME_LIMIT_H */

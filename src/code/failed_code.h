/*
 * failed_code.h
 *		Errors that others raise while pvext works on persons' rows.
 */
#ifndef PVEXT_FAILED_CODE_H
#define PVEXT_FAILED_CODE_H

#include "utils/elog.h"

extern void pvext_forget_values(ErrorData *error);
extern void pvext_raise_without_values(MemoryContext context);

#endif							/* PVEXT_FAILED_CODE_H */

/*
 * error.h
 *		Errors that others raise while pvext works on persons' rows.
 */
#ifndef PVEXT_ERROR_H
#define PVEXT_ERROR_H

#include "utils/elog.h"

extern void pvext_forget_values(ErrorData *error);
extern void pvext_raise_without_values(MemoryContext context);

#endif							/* PVEXT_ERROR_H */

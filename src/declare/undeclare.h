/*
 * undeclare.h
 *		Taking back what is declared of a table under a name.
 */
#ifndef PVEXT_UNDECLARE_H
#define PVEXT_UNDECLARE_H

#include "fmgr.h"

extern bool pvext_undeclare_by_name(FunctionCallInfo fcinfo, const char *delete, const char *call);

#endif							/* PVEXT_UNDECLARE_H */

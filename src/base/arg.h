/*
 * arg.h
 *		Arguments of SQL functions.
 */
#ifndef PVEXT_ARG_H
#define PVEXT_ARG_H

#include "fmgr.h"
#include "nodes/pg_list.h"

extern void pvext_require_arg(FunctionCallInfo fcinfo, int arg, const char *name);
extern Oid	pvext_relation_arg(FunctionCallInfo fcinfo, int arg, const char *name);
extern char *pvext_text_arg(FunctionCallInfo fcinfo, int arg);
extern char *pvext_required_text(FunctionCallInfo fcinfo, int arg, const char *name);
extern List *pvext_names_arg(FunctionCallInfo fcinfo, int arg);
extern List *pvext_texts_arg(FunctionCallInfo fcinfo, int arg, const char *name);

#endif							/* PVEXT_ARG_H */

/*
 * function_source.h
 *		What the source of a function names as the target of what it writes.
 */
#ifndef PVEXT_FUNCTION_SOURCE_H
#define PVEXT_FUNCTION_SOURCE_H

#include "nodes/pg_list.h"

/* A name, as it is written; schema is NULL where it has none. */
typedef struct PvextNamed
{
	char	   *schema;
	char	   *name;
} PvextNamed;

extern void pvext_read_source(const char *source, List **targets, List **calls);
extern List *pvext_read_identifiers(const char *source, bool plpgsql);
extern PvextNamed *pvext_read_name(const char *text);

#endif							/* PVEXT_FUNCTION_SOURCE_H */

/*
 * print.h
 *		Names and values within SQL text that a person reads, and then runs.
 */
#ifndef PVEXT_PRINT_H
#define PVEXT_PRINT_H

#include "nodes/pg_list.h"

extern char *pvext_print_literal(const char *text);
extern char *pvext_print_names(List *names);
extern char *pvext_print_relation(Oid relid);
extern char *pvext_print_comment(const char *text);

#endif							/* PVEXT_PRINT_H */

/*
 * ddl_read.h
 *		Commands by which an owner's code sees the rows of a table.
 */
#ifndef PVEXT_DDL_READ_H
#define PVEXT_DDL_READ_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

extern List *pvext_evaluated_by(Node *command);
extern bool pvext_add_evaluated(StringInfo buf, List *evaluated);

#endif							/* PVEXT_DDL_READ_H */

/*
 * columns_read.h
 *		What a statement reads, as the privileges say that it needs.
 *
 * Lists of privileges are those of PVEXT_PERMISSIONS() in compat.h.
 */
#ifndef PVEXT_COLUMNS_READ_H
#define PVEXT_COLUMNS_READ_H

#include "base/compat.h"
#include "executor/execdesc.h"
#include "lib/stringinfo.h"
#include "nodes/plannodes.h"
#include "reads/watched.h"

extern PvextWatched *pvext_read_relation(const PvextPermission *permission);
extern Bitmapset *pvext_read_tables(PlannedStmt *statement);
extern bool pvext_reads_personal(List *permissions);
extern bool pvext_reads_transitions(QueryDesc *query, StringInfo buf);
extern bool pvext_has_invoker_view(PlannedStmt *statement);
extern void pvext_add_privileges(StringInfo buf, List *permissions, bool view);
extern List *pvext_query_privileges(Query *query);
extern bool pvext_add_columns(StringInfo buf, Oid relid, const Bitmapset *columns);
extern bool pvext_add_copied(StringInfo buf, Oid relid, List *names);

#endif							/* PVEXT_COLUMNS_READ_H */

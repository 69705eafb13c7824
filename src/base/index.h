/*
 * index.h
 *		Which indexes serve a search.
 */
#ifndef PVEXT_INDEX_H
#define PVEXT_INDEX_H

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

extern bool pvext_is_indexed(Oid relid, List *columns, Oid parent, List *parent_columns,
							 const char *condition);
extern char *pvext_link_index_sql(Oid relid, List *columns, Oid parent, List *parent_columns);
extern bool pvext_is_ordered(Oid relid, const char *column, Node *condition);

#endif							/* PVEXT_INDEX_H */

/*
 * index.h
 *		Which indexes serve a search.
 */
#ifndef PVEXT_INDEX_H
#define PVEXT_INDEX_H

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

/* Rows that are looked for by what they hold of a parent's columns. */
typedef struct PvextSearch
{
	Oid			relid;
	List	   *columns;		/* C strings */
	const char *expression;		/* bound, instead of columns; or NULL */
	bool		ignore_case;
	Oid			parent;			/* InvalidOid: by the columns as they are */
	List	   *parent_columns;
	const char *condition;		/* of the rows, bound; or NULL */
} PvextSearch;

extern bool pvext_is_indexed(const PvextSearch *search);
extern char *pvext_link_index_sql(const PvextSearch *search);
extern bool pvext_is_one_row(Oid relid, List *columns);
extern bool pvext_is_unique_lower(Oid relid, List *columns);
extern char *pvext_unique_lower_sql(Oid relid, List *columns);
extern bool pvext_is_ordered(Oid relid, const char *column, Node *condition);

#endif							/* PVEXT_INDEX_H */

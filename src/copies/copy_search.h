/*
 * copy_search.h
 *		Where in the database somebody's values stand.
 */
#ifndef PVEXT_COPY_SEARCH_H
#define PVEXT_COPY_SEARCH_H

#include "copies/value_reader.h"
#include "copies/whose.h"

/* Rows in which a column holds a value, or a table that could not be searched. */
typedef struct PvextCopy
{
	Oid			relid;			/* of a partition its root's */
	char	   *column;			/* NULL: of a table that could not be searched */
	int64		rows;
	PvextShare	share;
	PvextWhose	whose;
	char	   *why;			/* it could not; or NULL */
	bool		elsewhere;		/* since its rows are not in this database */
} PvextCopy;

typedef struct PvextCopySearch
{
	PvextMap   *map;
	PvextPlan  *plan;			/* turned to the persons */
	List	   *values;			/* that are looked for */
	List	   *unread;			/* columns whose values the caller may not know */
	PvextSought sought;
	bool		everything;		/* else what the caller may read */
	bool		strict;			/* what cannot be read is an error */
	int64		unreadable;		/* columns that the caller may not read */
	List	   *unread_types;	/* names of types whose columns are not read */
	List	   *copies;			/* PvextCopy */
} PvextCopySearch;

extern void pvext_search_copies(PvextCopySearch *search);
extern void pvext_tell_unsearched(PvextCopySearch *search);

#endif							/* PVEXT_COPY_SEARCH_H */

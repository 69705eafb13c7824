/*
 * watched.h
 *		Which columns of which relations are watched: who reads them is recorded.
 */
#ifndef PVEXT_WATCHED_H
#define PVEXT_WATCHED_H

#include "access/attnum.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

/* A column of a relation that holds the key of a subject, or a part of it. */
typedef struct PvextKeyColumn
{
	AttrNumber	attnum;
	Oid			type;
	int32		typmod;
	Oid			collation;
} PvextKeyColumn;

/* Columns that hold the key of a subject. */
typedef struct PvextKeySource
{
	int32		subject_id;		/* of the subject's table in pv.relation */
	int			n;
	PvextKeyColumn *columns;	/* in the order of the key */
} PvextKeySource;

/* A relation as this backend knows it. */
typedef struct PvextWatched
{
	Oid			relid;			/* hash key */
	bool		valid;
	bool		by_children;	/* what is known of it hangs on its children */
	int32		relation_id;	/* of the audited table in pv.relation; 0: not watched */
	char	   *relation;		/* its name */
	Bitmapset  *columns;		/* attribute numbers, as a range table entry has them */
	int			ncolumns;
	AttrNumber *attnums;		/* the same in order */
	char	  **names;
	List	   *sources;		/* PvextKeySource: whose its rows are */
	bool		knows_indexes;
	List	   *indexes;		/* Bitmapset: the columns that each can return; see there */
	MemoryContext context;
} PvextWatched;

extern void pvext_init_watch(void);
extern bool pvext_is_watching(void);
extern PvextWatched *pvext_watched(Oid relid);
extern List *pvext_watched_indexes(PvextWatched *relation);

#endif							/* PVEXT_WATCHED_H */

/*
 * key_collection.h
 *		What is collected of a statement: the keys of subjects that its rows have.
 */
#ifndef PVEXT_KEY_COLLECTION_H
#define PVEXT_KEY_COLLECTION_H

#include "executor/execdesc.h"
#include "nodes/execnodes.h"
#include "reads/watched.h"

/* A subject whose row, or one that belongs to it, has been read. */
typedef struct PvextFoundKey
{
	int32		relation_id;	/* of the table that was read, in pv.relation */
	int32		subject_id;
	char		key[FLEXIBLE_ARRAY_MEMBER];
} PvextFoundKey;

/* What may still be collected for a table of the statement, with its partitions. */
typedef struct PvextBudget
{
	Index		table;			/* its place in the range table */
	int			keys;
	int			probes;			/* rows looked up for their keys alone */
} PvextBudget;

/* A key of subjects that the rows have which a node scans. */
typedef struct PvextScannedKey
{
	ScanState  *scan;			/* NULL: not known */
	int32		relation_id;
	int32		subject_id;
	int			n;
	const PvextKeyColumn *columns;	/* with their base types */
	AttrNumber *attnums;		/* where it is in what the node scans; NULL: nowhere */
	PvextBudget *budget;
	bool		found;			/* a row that had one */
	List	   *compared;		/* char *: what the node compares it with */
	bool		is_compared;	/* that has been looked at */
} PvextScannedKey;

/* Where the key is when a node hands over a row. */
typedef struct PvextKeySite
{
	PvextScannedKey *key;
	TupleTableSlot **slot;		/* NULL: it has to be looked up in the table */
	AttrNumber *attnums;
	int			integer;		/* how long, where it is one; or 0 */
	bool		any;			/* has been found here */
	bool		done;
	int64		before;			/* the last one */
	int64	   *seen;			/* others, each where its last bits say; NULL: none yet */
	uint32		mask;			/* those bits */
} PvextKeySite;

/* A node whose rows are looked at. */
typedef struct PvextCollector
{
	PlanState  *node;
	ExecProcNodeMtd next;		/* what it does */
	TupleTableSlot *row;		/* that it hands over */
	List	   *sites;			/* PvextKeySite */
} PvextCollector;

/* What is collected of a statement. */
typedef struct PvextCollection
{
	MemoryContext context;		/* NULL: nothing is */
	EState	   *estate;
	List	   *keys;			/* PvextScannedKey */
	List	   *collectors;
	List	   *found;			/* PvextFoundKey */
	struct PvextCollection *outer;
} PvextCollection;

#endif							/* PVEXT_KEY_COLLECTION_H */

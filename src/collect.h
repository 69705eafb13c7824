/*
 * collect.h
 *		Keys of subjects, collected from the rows that a statement returns.
 */
#ifndef PVEXT_COLLECT_H
#define PVEXT_COLLECT_H

#include "executor/execdesc.h"
#include "nodes/execnodes.h"

/* A subject whose row, or one that belongs to it, has been returned. */
typedef struct PvextFoundKey
{
	int32		relation_id;	/* of the table that was read, in pv.relation */
	int32		subject_id;
	char		key[FLEXIBLE_ARRAY_MEMBER];
} PvextFoundKey;

/* What is collected of a statement. */
typedef struct PvextCollector
{
	PlanState  *top;			/* NULL: nothing, or enough */
	bool		scans;			/* keys are in the rows that it scans, not in what it returns */
	ExecProcNodeMtd next;		/* what the top node does */
	MemoryContext context;
	List	   *carried;		/* which columns hold keys */
	List	   *found;			/* PvextFoundKey */
	struct PvextCollector *outer;
} PvextCollector;

extern void pvext_begin_collecting(PvextCollector *collector, QueryDesc *query);
extern void pvext_end_collecting(PvextCollector *collector);

#endif							/* PVEXT_COLLECT_H */

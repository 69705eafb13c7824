/*
 * trail.h
 *		Reading the audit log: records as rows of columns and jsonb.
 */
#ifndef PVEXT_TRAIL_H
#define PVEXT_TRAIL_H

#include "audit/record_format.h"
#include "nodes/pg_list.h"

/* The columns that pv.audit_records() returns. */
enum
{
	PVEXT_RECORD_N,
	PVEXT_RECORD_AT,
	PVEXT_RECORD_LOGIN,
	PVEXT_RECORD_ROLE,
	PVEXT_RECORD_APPLICATION,
	PVEXT_RECORD_CLIENT,
	PVEXT_RECORD_ACTOR,
	PVEXT_RECORD_RELATION_ID,
	PVEXT_RECORD_RELATION,
	PVEXT_RECORD_OPERATION,
	PVEXT_RECORD_KEY,
	PVEXT_RECORD_OLD,
	PVEXT_RECORD_NEW,
	PVEXT_RECORD_REDACTED,
	PVEXT_RECORD_COLUMNS
};

/* What a chunk has said so far. */
typedef struct PvextTrail
{
	Datum		values[PVEXT_RECORD_COLUMNS];
	bool		nulls[PVEXT_RECORD_COLUMNS];
	const char *why;			/* the record could not be read to its end, or NULL */
	List	   *shapes;			/* PvextOldShape; in "context" */
	MemoryContext context;
	MemoryContext who_context;	/* the values of who */
} PvextTrail;

extern void pvext_begin_trail(PvextTrail *trail);
extern void pvext_begin_trail_chunk(PvextTrail *trail);
extern bool pvext_read_trail(PvextTrail *trail, PvextReadItem item, int n);
extern char *pvext_recorded_name(int32 id);
extern void pvext_read_who(PvextReadItem *item, Datum *values, bool *nulls);

#endif							/* PVEXT_TRAIL_H */

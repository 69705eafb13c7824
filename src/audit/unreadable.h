/*
 * unreadable.h
 *		What of the audit log cannot be read.
 */
#ifndef PVEXT_UNREADABLE_H
#define PVEXT_UNREADABLE_H

#include "audit/chunk.h"
#include "nodes/pg_list.h"

/* Why: its bytes are none of a record's. */
#define PVEXT_MALFORMED "the records in it are malformed"
#define PVEXT_NO_SHAPE "the shape of a record is missing"

/* A chunk of which something cannot be read, or some that are not known. */
typedef struct PvextUnreadableChunk
{
	Oid			partition;
	int64		id;				/* -1: not known */
	const char *why;
} PvextUnreadableChunk;

/* Those that were met; begins without any. */
typedef struct PvextUnreadable
{
	MemoryContext context;		/* that lives as long */
	List	   *chunks;			/* PvextUnreadableChunk, each once */
} PvextUnreadable;

extern bool pvext_is_noted(const PvextUnreadable *unread, Oid partition, int64 id);
extern void pvext_note_unread(PvextUnreadable *unread, Oid partition, int64 id, const char *why);
extern const char *pvext_why_unread(const PvextChunk *chunk);
extern void pvext_warn_unread(Oid partition, int64 id, const char *why);
extern void pvext_record_unread(PvextUnreadable *unread, bool warn);
extern void pvext_forget_unread(int64 partition, int64 id);
extern int64 pvext_count_unread(void);

#endif							/* PVEXT_UNREADABLE_H */

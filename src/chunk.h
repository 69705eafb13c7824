/*
 * chunk.h
 *		Rows of pv.audit_log: items are gathered and written many at a time.
 */
#ifndef PVEXT_CHUNK_H
#define PVEXT_CHUNK_H

#include "record.h"

/* Partition n of pv.audit_log has the ids from n << PVEXT_PARTITION_BITS on. */
#define PVEXT_PARTITION_BITS 32

extern void pvext_init_chunk(void);
extern void pvext_append_item(PvextItem *item);
extern void pvext_flush_audit(void);

#endif							/* PVEXT_CHUNK_H */

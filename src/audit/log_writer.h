/*
 * log_writer.h
 *		Rows of pv.audit_log: items are gathered and written many at a time.
 */
#ifndef PVEXT_LOG_WRITER_H
#define PVEXT_LOG_WRITER_H

#include "audit/record_format.h"
#include "datatype/timestamp.h"

/* Partition n of pv.audit_log has the ids from n << PVEXT_PARTITION_BITS on. */
#define PVEXT_PARTITION_BITS 32

/* The columns of pv.audit_log. */
enum
{
	PVEXT_LOG_ID = 1,
	PVEXT_LOG_XID,
	PVEXT_LOG_INCARNATION,
	PVEXT_LOG_PAYLOAD,
	PVEXT_LOG_COLUMNS = PVEXT_LOG_PAYLOAD
};

/* Who it was; NULL or empty where that is not known. */
typedef struct PvextWho
{
	const char *login;
	const char *role;
	const char *application;
	const char *client;
	const char *actor;
} PvextWho;

extern void pvext_init_chunk(void);
extern const char *pvext_client_address(void);
extern void pvext_append_item(PvextItem *item);
extern void pvext_append_read(PvextItem *item, TimestampTz at, const PvextWho *reader);
extern void pvext_flush_audit(void);
extern void pvext_flush_all_audit(void);
extern struct varlena *pvext_compress_payload(const char *payload);

#endif							/* PVEXT_LOG_WRITER_H */

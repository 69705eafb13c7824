/*
 * verify.h
 *		What is wrong with the audit log.
 */
#ifndef PVEXT_VERIFY_H
#define PVEXT_VERIFY_H

#include "datatype/timestamp.h"
#include "leaf.h"

/* A row of pv.verify_audit(); begins as PVEXT_NO_FINDING. */
typedef struct PvextFinding
{
	const char *problem;
	int64		seal;			/* -1 for NULL, as of the next two */
	int64		chunk;
	int			record;
	const char *relation;
	TimestampTz at;				/* DT_NOBEGIN for NULL */
	const char *operation;
	const char *detail;
} PvextFinding;

#define PVEXT_NO_FINDING {NULL, -1, -1, -1, NULL, DT_NOBEGIN, NULL, NULL}

typedef void (*PvextReport) (const PvextFinding *finding, void *arg);

extern void pvext_compare_chunk(PvextHashing *hashing, const PvextChunk *chunk,
								const PvextLeaf *leaf, int64 seal,
								PvextReport report, void *arg);
extern void pvext_report_records(const PvextFinding *finding, const PvextChunk *chunk,
								 PvextReport report, void *arg);

#endif							/* PVEXT_VERIFY_H */

/*
 * verification.h
 *		What is wrong with the audit log: a run of pv.verify_audit().
 */
#ifndef PVEXT_VERIFICATION_H
#define PVEXT_VERIFICATION_H

#include "datatype/timestamp.h"
#include "nodes/execnodes.h"
#include "seal/chunk_digest.h"
#include "seal/seal.h"

/* A row of pv.verify_audit(); begins as PVEXT_NO_DEFECT. */
typedef struct PvextDefect
{
	const char *problem;
	int64		seal;			/* -1 for NULL, as of the next two */
	int64		chunk;
	int			record;
	const char *relation;
	TimestampTz at;				/* DT_NOBEGIN for NULL */
	const char *operation;
	const char *detail;
} PvextDefect;

#define PVEXT_NO_DEFECT {NULL, -1, -1, -1, NULL, DT_NOBEGIN, NULL, NULL}

/* A run of pv.verify_audit(). */
typedef struct PvextVerification
{
	ReturnSetInfo *result;
	MemoryContext context;
	PvextHashing *hashing;
	bool		has_head;
	PvextSeal	head;			/* its id and seal */
	bool		head_found;
	PvextSeal	first;			/* id 0: none so far */
	int64		first_highest;	/* the highest chunk that it covers, or -1 */
	PvextSeal	last;
	List	   *bounds;			/* of seal_chain.c */
	List	   *lost;			/* of verify.c */
	PvextChunkReader reader;
	MemoryContext chunk_context;	/* of one chunk */
	PvextUnreadable damaged;		/* what the server cannot read: left out of the query */
	PvextUnreadable unread;			/* what pvext cannot */
	PvextUnreadable told;			/* of it what has been reported, with its seal */
	int64		leaves_of;		/* the seal whose leaves are these */
	bytea	   *leaves;
} PvextVerification;

typedef void (*PvextReport) (const PvextDefect *defect, void *arg);

extern void pvext_report(const PvextDefect *defect, void *arg);
extern void pvext_report_seal(PvextVerification *v, const char *problem, int64 seal, char *detail);
extern void pvext_report_chunk(PvextVerification *v, const char *problem, int64 seal, int64 chunk,
							   char *detail);

#endif							/* PVEXT_VERIFICATION_H */

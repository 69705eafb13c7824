/*
 * ending.h
 *		What an erasure ends of consents and agreements, and what stays as proof.
 */
#ifndef PVEXT_ENDING_H
#define PVEXT_ENDING_H

#include "map/purpose.h"

/* One subject that is erased. */
typedef struct PvextEnding
{
	char	   *key;			/* as it was */
	bytea	   *former;			/* its digest */
	bytea	   *digest;			/* that of its key from now on */
	int64		ended;			/* consents, objections and agreements */
	int64		kept;			/* proofs that name the subject still */
	TimestampTz until;			/* the latest of them; DT_NOBEGIN: none */
} PvextEnding;

/* What of a ledger names a subject. */
typedef struct PvextTrace
{
	const char *relation;		/* within schema pv */
	const char *setting;		/* that says how long it is kept */
	int64		due;
	int64		retained;
	TimestampTz until;
} PvextTrace;

#define PVEXT_LEDGERS 2

extern void pvext_end_consents(PvextTable *subject, List *endings);
extern bool pvext_any_trace(PvextTable *subject);
extern int64 pvext_count_strangers(PvextTable *subject);
extern void pvext_find_traces(PvextTable *subject, const char *key, const bytea *digest,
							  PvextTrace *traces);
extern List *pvext_ended_purposes(PvextTable *subject, const char *key, List **in_force);

#endif							/* PVEXT_ENDING_H */

/*
 * recheck.h
 *		Looking for rows until nobody can bring any more.
 */
#ifndef PVEXT_RECHECK_H
#define PVEXT_RECHECK_H

#include "erase/ledger.h"
#include "execution/execute.h"
#include "redact/subject_records.h"

/* What a run has left to be looked for. */
typedef struct PvextLook
{
	int64		set;			/* of older transactions, after which; 0: nothing */
	List	   *kept;			/* PvextKeptKeys: under these keys, too */
} PvextLook;

extern void pvext_look(PvextPlan *plan, List *rows, PvextRequest *request,
					   PvextRecordSearch *tracing, PvextOutcome *outcome, PvextLook *look);
extern void pvext_keep_keys(PvextRequest *request, PvextLook *look, const bytea *former);

#endif							/* PVEXT_RECHECK_H */

/*
 * redact.h
 *		Taking erased subjects out of the audit log.
 */
#ifndef PVEXT_REDACT_H
#define PVEXT_REDACT_H

#include "redact/subject_records.h"

typedef struct PvextRedaction PvextRedaction;

extern PvextRedaction *pvext_begin_redaction(PvextMap *map, PvextPlan *plan);
extern void pvext_redact_before(PvextRedaction *redaction, const char *key,
								bytea *former_digest);
extern void pvext_redact_after(PvextRedaction *redaction, const char *key);
extern PvextRecordSearch *pvext_redaction_tracing(PvextRedaction *redaction);
extern void pvext_plan_redaction(List **redactions, PvextRedaction *redaction, bool complete);
extern void pvext_redact(List *redactions);
extern bool pvext_redact_deleted(PvextMap *map, PvextPlan *plan, const char *key);

#endif							/* PVEXT_REDACT_H */

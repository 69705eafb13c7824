/*
 * redacted_text.h
 *		Free texts that are known to be without a subject's identifying values.
 */
#ifndef PVEXT_REDACTED_TEXT_H
#define PVEXT_REDACTED_TEXT_H

#include "plan/plan.h"

extern void pvext_prepare_redaction(PvextPlan *plan, const bytea *digest, bool whole);
extern List *pvext_find_rewritten(PvextPlan *plan);
extern void pvext_follow_rewritten(PvextPlan *plan, List *rewritten);
extern void pvext_record_redaction(PvextPlan *plan, const bytea *digest);
extern void pvext_record_redactions(PvextPlan *plan);

#endif							/* PVEXT_REDACTED_TEXT_H */

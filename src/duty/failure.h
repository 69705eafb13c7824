/*
 * failure.h
 *		What the duties have failed at, and when it is tried again.
 */
#ifndef PVEXT_FAILURE_H
#define PVEXT_FAILURE_H

#include "duty/duty_run.h"

extern bool pvext_is_paused(PvextDutyRun *run, int32 relation_id, const char *name);
extern void pvext_forget_failures(PvextDutyRun *run, const char *still);
extern void pvext_failed(PvextDutyRun *run, int32 relation_id, const char *name, ErrorData *error);
extern void pvext_succeeded(PvextDutyRun *run, int32 relation_id, const char *name);
extern void pvext_done_by_somebody(const char *duty, int32 relation_id, const char *name);
extern ErrorData *pvext_known_timeout(const char *duty, int32 relation_id, const char *name);
extern void pvext_at(PvextDutyRun *run, int32 relation_id, const char *name);

#endif							/* PVEXT_FAILURE_H */

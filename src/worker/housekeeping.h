/*
 * housekeeping.h
 *		The duties "expire" and "seal": what ends by itself, and the audit log.
 */
#ifndef PVEXT_HOUSEKEEPING_H
#define PVEXT_HOUSEKEEPING_H

#include "duty/duty_run.h"

extern void pvext_expire(PvextDutyRun *run);
extern void pvext_seal(PvextDutyRun *run);

#endif							/* PVEXT_HOUSEKEEPING_H */

/*
 * upkeep.h
 *		The duties "expire" and "seal": what ends by itself, and the audit log.
 */
#ifndef PVEXT_UPKEEP_H
#define PVEXT_UPKEEP_H

#include "duty.h"

extern void pvext_expire(PvextDutyRun *run);
extern void pvext_seal(PvextDutyRun *run);

#endif							/* PVEXT_UPKEEP_H */

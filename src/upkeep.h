/*
 * upkeep.h
 *		The duties "expire" and "seal": what ends by itself, and the audit log.
 */
#ifndef PVEXT_UPKEEP_H
#define PVEXT_UPKEEP_H

#include "duty.h"

extern void pvext_expire(PvextRun *run);
extern void pvext_seal(PvextRun *run);

#endif							/* PVEXT_UPKEEP_H */

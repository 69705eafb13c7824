/*
 * rekey.h
 *		Keys that identify, and all the columns that follow them.
 */
#ifndef PVEXT_REKEY_H
#define PVEXT_REKEY_H

#include "plan/plan.h"

extern void pvext_build_rekey(PvextMap *map, PvextTarget *target);

#endif							/* PVEXT_REKEY_H */

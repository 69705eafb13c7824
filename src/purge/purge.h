/*
 * purge.h
 *		The duty "purge": what retention rules have made due is taken.
 */
#ifndef PVEXT_PURGE_H
#define PVEXT_PURGE_H

#include "duty/duty_run.h"

extern void pvext_purge(PvextDutyRun *run);

#endif							/* PVEXT_PURGE_H */

/*
 * reappeared.h
 *		Erased subjects that are there again.
 */
#ifndef PVEXT_REAPPEARED_H
#define PVEXT_REAPPEARED_H

#include "base/finding.h"
#include "duty/duty_run.h"

extern void pvext_look_again(PvextDutyRun *run);
extern void pvext_check_again(PvextCheck *check);

#endif							/* PVEXT_REAPPEARED_H */

/*
 * again.h
 *		Erased subjects that are there again.
 */
#ifndef PVEXT_AGAIN_H
#define PVEXT_AGAIN_H

#include "finding.h"
#include "duty.h"

extern void pvext_look_again(PvextDutyRun *run);
extern void pvext_check_again(PvextCheck *check);

#endif							/* PVEXT_AGAIN_H */

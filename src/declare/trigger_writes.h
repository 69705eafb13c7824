/*
 * trigger_writes.h
 *		Where triggers and rules write that pvext's statements fire.
 */
#ifndef PVEXT_TRIGGER_WRITES_H
#define PVEXT_TRIGGER_WRITES_H

#include "base/finding.h"

extern void pvext_check_writing(PvextCheck *check);

#endif							/* PVEXT_TRIGGER_WRITES_H */

/*
 * always_trigger.h
 *		Triggers that fire always, and go on to.
 */
#ifndef PVEXT_ALWAYS_TRIGGER_H
#define PVEXT_ALWAYS_TRIGGER_H

#include "base/finding.h"
#include "nodes/nodes.h"

extern bool pvext_enables_triggers(Node *parsetree);
extern void pvext_keep_always(void);
extern bool pvext_is_keeping_always(void);
extern void pvext_check_always(PvextCheck *check);

#endif							/* PVEXT_ALWAYS_TRIGGER_H */

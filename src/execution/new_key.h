/*
 * new_key.h
 *		Replacing keys that identify, and all that hold them.
 */
#ifndef PVEXT_NEW_KEY_H
#define PVEXT_NEW_KEY_H

#include "execution/slot.h"

extern bool pvext_is_key_replaced(PvextPlan *plan, PvextTarget *target, const char *key);
extern int64 pvext_replace_gone_key(PvextPlan *plan, PvextRow *gone, List **matched, bool many);
extern int64 pvext_replace_keys(PvextPlan *plan, List *rows, List **matched, bool many);

#endif							/* PVEXT_NEW_KEY_H */

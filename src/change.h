/*
 * change.h
 *		Who hears of it when a relation changes.
 */
#ifndef PVEXT_CHANGE_H
#define PVEXT_CHANGE_H

#include "utils/inval.h"

extern void pvext_on_relation_change(RelcacheCallbackFunction listener);

#endif							/* PVEXT_CHANGE_H */

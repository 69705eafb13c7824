/*
 * surrogate.h
 *		Keys that say nothing of a person.
 */
#ifndef PVEXT_SURROGATE_H
#define PVEXT_SURROGATE_H

#include "map.h"

extern bool pvext_is_surrogate(PvextTable *table, const char *column);

#endif							/* PVEXT_SURROGATE_H */

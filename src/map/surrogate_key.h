/*
 * surrogate_key.h
 *		Keys that say nothing of a person.
 */
#ifndef PVEXT_SURROGATE_KEY_H
#define PVEXT_SURROGATE_KEY_H

#include "map/model.h"

extern bool pvext_is_surrogate(PvextTable *table, const char *column);

#endif							/* PVEXT_SURROGATE_KEY_H */

/*
 * compared_key.h
 *		What a statement compares the keys of subjects with.
 */
#ifndef PVEXT_COMPARED_KEY_H
#define PVEXT_COMPARED_KEY_H

#include "reads/key_collection.h"

extern List *pvext_compared_keys(EState *estate, const PvextScannedKey *key);

#endif							/* PVEXT_COMPARED_KEY_H */

/*
 * key_source.h
 *		Where in a plan the keys of subjects come by.
 */
#ifndef PVEXT_KEY_SOURCE_H
#define PVEXT_KEY_SOURCE_H

#include "reads/key_collection.h"

extern void pvext_find_keys(PvextCollection *collection, QueryDesc *query, bool led);

#endif							/* PVEXT_KEY_SOURCE_H */

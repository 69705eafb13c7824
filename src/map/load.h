/*
 * load.h
 *		Reading the data map from pv's tables.
 */
#ifndef PVEXT_LOAD_H
#define PVEXT_LOAD_H

#include "map/model.h"

extern PvextMap *pvext_load_map(void);

#endif							/* PVEXT_LOAD_H */

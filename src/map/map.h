/*
 * map.h
 *		The data map as a backend keeps it in memory.
 *
 * pvext_map() loads it whole from pv's tables; declarations of orphans (whose
 * table has been dropped) are left out.  Everything hangs in one memory
 * context that stays as it is until the next call of pvext_map().
 */
#ifndef PVEXT_MAP_H
#define PVEXT_MAP_H

#include "map/model.h"
#include "storage/lockdefs.h"

extern void pvext_init_map(void);
extern PvextMap *pvext_map(void);
extern bool pvext_map_is_current(void);
extern void pvext_lock_table(PvextTable *table, LOCKMODE mode);
extern void pvext_with_map(void (*body) (PvextMap *map, void *arg), void *arg);

#endif							/* PVEXT_MAP_H */

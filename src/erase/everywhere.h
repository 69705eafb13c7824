/*
 * everywhere.h
 *		Whether an erasure has left a person's values where the map does not know them.
 */
#ifndef PVEXT_EVERYWHERE_H
#define PVEXT_EVERYWHERE_H

#include "copies/copy_search.h"

/* Persons whom a part of this transaction has erased, all or some of what there is. */
typedef struct PvextErased PvextErased;

extern void pvext_init_everywhere(void);
extern PvextErased *pvext_begin_erased(PvextTable *subject);
extern void pvext_add_erased(PvextErased *erased, const char *former, const char *now);
extern void pvext_check_everywhere(PvextMap *map, PvextTable *subject, PvextErased *erased);
extern List *pvext_copies_left(PvextMap *map, PvextTable *subject, const char *key, const char *now,
							   const bytea *digest);

#endif							/* PVEXT_EVERYWHERE_H */

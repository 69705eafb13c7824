/*
 * scan.h
 *		Finding the rows that something is due of, and looking at them.
 */
#ifndef PVEXT_SCAN_H
#define PVEXT_SCAN_H

#include "purge/taking.h"

extern void pvext_build_scan(PvextTaking *taking);
extern void pvext_build_examination(PvextTaking *taking);
extern void pvext_set_places(PvextTaking *taking, ItemPointerData *tids, int n);
extern bool pvext_find_places_by(PvextTaking *taking, const char *sql, List *params, PvextPlaces *places,
								 int limit, ItemPointer after);
extern bool pvext_find_places(PvextTaking *taking, PvextPlaces *places, int limit,
							  ItemPointer after, bool all);
extern bool pvext_find_unblocked(PvextTaking *taking, PvextPlaces *places, int limit, ItemPointer after);
extern void pvext_examine(PvextTaking *taking, ItemPointerData *tids, int n, PvextExamined *examined);

#endif							/* PVEXT_SCAN_H */

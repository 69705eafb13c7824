/*
 * clock_way.h
 *		How a retention rule's clock gets to another table's rows.
 */
#ifndef PVEXT_CLOCK_WAY_H
#define PVEXT_CLOCK_WAY_H

#include "base/finding.h"
#include "map/map.h"

extern void pvext_find_way(PvextMap *map, PvextTable *table, Oid over, Oid through, PvextRule *rule);
extern void pvext_check_circles(PvextCheck *check);

#endif							/* PVEXT_CLOCK_WAY_H */

/*
 * way_up.h
 *		The ways from a table's rows up to persons.
 */
#ifndef PVEXT_WAY_UP_H
#define PVEXT_WAY_UP_H

#include "detect/outlook.h"

extern List *pvext_links_up(PvextOutlook *outlook, Oid relid, bool inherited);
extern List *pvext_ways_up(PvextOutlook *outlook, Oid relid, int *nearest);
extern List *pvext_likeliest_ways(PvextOutlook *outlook, Oid relid, const char *likeliest);

#endif							/* PVEXT_WAY_UP_H */

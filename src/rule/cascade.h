/*
 * cascade.h
 *		Rows that go with others, and until when they keep them.
 */
#ifndef PVEXT_CASCADE_H
#define PVEXT_CASCADE_H

#include "map/map.h"

extern List *pvext_links_below(PvextMap *map, PvextTable *table);
extern List *pvext_children_of_rows(PvextMap *map, PvextTable *table);
extern char *pvext_children_until(PvextMap *map, PvextTable *table, char **basis);
extern List *pvext_retained_children(PvextTable *table, List *links);

#endif							/* PVEXT_CASCADE_H */

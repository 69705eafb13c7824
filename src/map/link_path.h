/*
 * link_path.h
 *		Paths of links, from a row up to whom it belongs to.
 */
#ifndef PVEXT_LINK_PATH_H
#define PVEXT_LINK_PATH_H

#include "map/model.h"

extern List *pvext_complete_path(PvextTable *table, const char *text, List *named, PvextTable **unsaid);
extern bool pvext_rows_go(PvextTable *table);
extern PvextTable *pvext_where_unsaid(PvextTable *parent);
extern List *pvext_paths_after(List *paths, const char *name);
extern bool pvext_equal_paths(List *a, List *b);
extern List *pvext_idle_links(PvextMap *map);

#endif							/* PVEXT_LINK_PATH_H */

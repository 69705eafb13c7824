/*
 * link_match.h
 *		Which rows belong to which, along the links, within one statement.
 */
#ifndef PVEXT_LINK_MATCH_H
#define PVEXT_LINK_MATCH_H

#include "base/catalog.h"
#include "map/map.h"

extern List *pvext_paths(PvextTable *table, PvextTable *ancestor);
extern bool pvext_same_owner(PvextTable *table, PvextTable *ancestor);
extern char *pvext_link_condition(PvextLink *link);
extern char *pvext_link_condition_of(PvextLink *link, const char *row);
extern void pvext_append_link_match(StringInfo buf, PvextLink *link, const char *child,
									const char *parent);
extern void pvext_append_path(StringInfo from, StringInfo where, List *path, const char *child,
							  const char *parent, const char *between);
extern char *pvext_owners_sql(PvextTable *table, PvextTable *ancestor, const char *ancestors);
extern bool pvext_may_be_several(PvextTable *table);
extern char *pvext_belongs_sql(PvextTable *table, PvextTable *ancestor);
extern bool pvext_is_linked(PvextForeignKey *fk, int32 parent_id, bool deletes);
extern void pvext_append_key_match(StringInfo sql, PvextLink *link, bool down);

#endif							/* PVEXT_LINK_MATCH_H */

/*
 * link_key.h
 *		What a link's row holds of its parent's key.
 */
#ifndef PVEXT_LINK_KEY_H
#define PVEXT_LINK_KEY_H

#include "base/catalog.h"
#include "base/index.h"
#include "base/key_match.h"
#include "map/model.h"

extern void pvext_link_match(PvextLink *link, int n, PvextMatch *match);
extern char *pvext_link_value(PvextLink *link, int n, const char *row);
extern char *pvext_link_held(PvextLink *link, int n, const char *row);
extern char *pvext_link_text(PvextLink *link, int n);
extern bool pvext_link_follows(PvextLink *link, PvextForeignKey *fk);
extern PvextSearch *pvext_link_search(PvextLink *link);
extern bool pvext_is_plural(PvextTable *table);

#endif							/* PVEXT_LINK_KEY_H */

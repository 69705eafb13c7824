/*
 * not_link.h
 *		References that are declared to be no ownership.
 */
#ifndef PVEXT_NOT_LINK_H
#define PVEXT_NOT_LINK_H

#include "nodes/pg_list.h"

extern List *pvext_not_links(void);
extern bool pvext_is_not_link(List *not_links, Oid relid, List *columns);

#endif							/* PVEXT_NOT_LINK_H */

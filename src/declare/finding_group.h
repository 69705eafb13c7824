/*
 * finding_group.h
 *		What checks of the map have found, as somebody goes through it.
 */
#ifndef PVEXT_FINDING_GROUP_H
#define PVEXT_FINDING_GROUP_H

#include "nodes/pg_list.h"

extern List *pvext_group_findings(List *findings);
extern char *pvext_link_advice(Oid relid, List *columns, Oid parent, List *parent_columns);

#endif							/* PVEXT_FINDING_GROUP_H */

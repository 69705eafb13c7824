/*
 * propose_column.h
 *		What is in the columns: those that are personal and those that are not, by table.
 */
#ifndef PVEXT_PROPOSE_COLUMN_H
#define PVEXT_PROPOSE_COLUMN_H

#include "detect/proposal.h"

extern char *pvext_link_argument(PvextMapProposal *map, Oid relid, const char *erase_with);
extern void pvext_propose_table(PvextMapProposal *map, Oid relid);
extern void pvext_propose_columns(PvextMapProposal *map);

#endif							/* PVEXT_PROPOSE_COLUMN_H */

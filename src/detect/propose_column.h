/*
 * propose_column.h
 *		What is in the columns: those that are personal and those that are not, by table.
 */
#ifndef PVEXT_PROPOSE_COLUMN_H
#define PVEXT_PROPOSE_COLUMN_H

#include "detect/proposal.h"

extern void pvext_propose_columns(PvextMapProposal *map);

#endif							/* PVEXT_PROPOSE_COLUMN_H */

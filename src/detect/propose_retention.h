/*
 * propose_retention.h
 *		Kept how long: rules to choose from, by purpose.
 */
#ifndef PVEXT_PROPOSE_RETENTION_H
#define PVEXT_PROPOSE_RETENTION_H

#include "detect/proposal.h"

extern void pvext_propose_retention(PvextMapProposal *map);

#endif							/* PVEXT_PROPOSE_RETENTION_H */

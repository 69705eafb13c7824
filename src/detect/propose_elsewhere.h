/*
 * propose_elsewhere.h
 *		Tables that hold something personal, it seems, and that nothing links.
 */
#ifndef PVEXT_PROPOSE_ELSEWHERE_H
#define PVEXT_PROPOSE_ELSEWHERE_H

#include "detect/proposal.h"

extern void pvext_propose_elsewhere(PvextMapProposal *map);

#endif							/* PVEXT_PROPOSE_ELSEWHERE_H */

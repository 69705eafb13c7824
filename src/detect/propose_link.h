/*
 * propose_link.h
 *		Whose rows are: the subject and the links that are proposed.
 */
#ifndef PVEXT_PROPOSE_LINK_H
#define PVEXT_PROPOSE_LINK_H

#include "detect/proposal.h"

extern void pvext_propose_links(PvextMapProposal *map);

#endif							/* PVEXT_PROPOSE_LINK_H */

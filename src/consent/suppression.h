/*
 * suppression.h
 *		Who is not to be written to, also when imported again.
 */
#ifndef PVEXT_SUPPRESSION_H
#define PVEXT_SUPPRESSION_H

#include "map/purpose.h"

extern bool pvext_suppresses(PvextMap *map);
extern void pvext_suppress_addresses(PvextTable *subject, List *keys);
extern void pvext_suppress_digests(List *digests);

#endif							/* PVEXT_SUPPRESSION_H */

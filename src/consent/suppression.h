/*
 * suppression.h
 *		Who is not to be written to, also when imported again.
 */
#ifndef PVEXT_SUPPRESSION_H
#define PVEXT_SUPPRESSION_H

#include "map/purpose.h"

/* Texts, C strings, of linked tables that may be addresses of the subjects of some keys. */
typedef List *(*PvextFindAddresses) (PvextMap *map, PvextTable *subject, List *keys, bool going);

extern void pvext_find_addresses_by(PvextFindAddresses find);
extern bool pvext_suppresses(PvextMap *map);
extern void pvext_suppress_addresses(PvextMap *map, PvextTable *subject, List *keys);
extern void pvext_suppress_digests(List *digests);
extern List *pvext_list_digests(const char *entry);
extern bool pvext_is_erased_key(PvextTable *subject, const char *key);
extern bool *pvext_which_suppressed(PvextMap *map, PvextTable *subject, List *keys);
extern bool pvext_is_suppressed(PvextMap *map, PvextTable *subject, const char *key);

#endif							/* PVEXT_SUPPRESSION_H */

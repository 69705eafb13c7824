/*
 * linked_address.h
 *		Addresses of a subject's in other tables than its own.
 */
#ifndef PVEXT_LINKED_ADDRESS_H
#define PVEXT_LINKED_ADDRESS_H

#include "map/map.h"

extern List *pvext_linked_addresses(PvextMap *map, PvextTable *subject, List *keys, bool going);

#endif							/* PVEXT_LINKED_ADDRESS_H */

/*
 * person_search.h
 *		A search for persons' values, from the map to what is looked for.
 */
#ifndef PVEXT_PERSON_SEARCH_H
#define PVEXT_PERSON_SEARCH_H

#include "copies/copy_search.h"
#include "utils/snapshot.h"

extern void pvext_begin_copy_search(PvextCopySearch *search, PvextMap *map, PvextTable *subject,
									bool everything);
extern bool pvext_seek_persons(PvextCopySearch *search, List *keys, Snapshot snapshot);
extern bool pvext_prepare_copy_search(PvextCopySearch *search);

#endif							/* PVEXT_PERSON_SEARCH_H */

/*
 * person_search.h
 *		A search for persons' values, from the map to what is looked for.
 */
#ifndef PVEXT_PERSON_SEARCH_H
#define PVEXT_PERSON_SEARCH_H

#include "copies/copy_search.h"

extern bool pvext_begin_copy_search(PvextCopySearch *search, PvextMap *map, PvextTable *subject,
									List *keys, bool everything);

#endif							/* PVEXT_PERSON_SEARCH_H */

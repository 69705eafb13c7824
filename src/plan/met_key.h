/*
 * met_key.h
 *		Keys by which a way up the links has come to a table before.
 */
#ifndef PVEXT_MET_KEY_H
#define PVEXT_MET_KEY_H

#include "map/model.h"
#include "utils/hsearch.h"

extern bool pvext_has_met(HTAB **met, PvextLink *link, int origin, Datum **keys, int n);

#endif							/* PVEXT_MET_KEY_H */

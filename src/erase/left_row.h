/*
 * left_row.h
 *		Rows that persons referred to, and nobody who lives does any more.
 */
#ifndef PVEXT_LEFT_ROW_H
#define PVEXT_LEFT_ROW_H

#include "map/map.h"

extern int64 pvext_count_left(PvextTable *table, const char *personal);

#endif							/* PVEXT_LEFT_ROW_H */

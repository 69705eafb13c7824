/*
 * held_key.h
 *		Keys of other rows that rows hold, as texts.
 */
#ifndef PVEXT_HELD_KEY_H
#define PVEXT_HELD_KEY_H

#include "executor/spi.h"
#include "map/model.h"

extern int	pvext_read_elements(SPITupleTable *rows, uint64 n, int column, const int *origin, Datum ***keys, int **from);
extern int	pvext_read_keys(SPITupleTable *rows, uint64 n, int column, int ncolumns, const int *origin, Datum ***keys,
							int **from);
extern bool pvext_is_a_key(PvextTable *subject, PvextLink *by, const char *key);

#endif							/* PVEXT_HELD_KEY_H */

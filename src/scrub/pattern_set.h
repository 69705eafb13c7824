/*
 * pattern_set.h
 *		Finding many strings of bytes at once.
 */
#ifndef PVEXT_PATTERN_SET_H
#define PVEXT_PATTERN_SET_H

#include "nodes/pg_list.h"

typedef struct PvextNeedles PvextNeedles;

extern PvextNeedles *pvext_prepare_needles(List *texts);
extern int	pvext_longest_needle(PvextNeedles *needles);
extern int64 pvext_count_needles(PvextNeedles *needles, const unsigned char *bytes,
								 size_t len, size_t from);

#endif							/* PVEXT_PATTERN_SET_H */

/*
 * unmapped_table.h
 *		Tables of which nothing is declared, and whose rows may be persons'.
 */
#ifndef PVEXT_UNMAPPED_TABLE_H
#define PVEXT_UNMAPPED_TABLE_H

#include "base/finding.h"
#include "detect/map_advice.h"

extern void pvext_check_unmapped(PvextCheck *check, PvextAdvice *advice);

#endif							/* PVEXT_UNMAPPED_TABLE_H */

/*
 * unmapped_table.h
 *		Tables of which nothing is declared, and whose rows may be persons'.
 */
#ifndef PVEXT_UNMAPPED_TABLE_H
#define PVEXT_UNMAPPED_TABLE_H

#include "base/finding.h"

extern void pvext_check_unmapped(PvextCheck *check);

#endif							/* PVEXT_UNMAPPED_TABLE_H */

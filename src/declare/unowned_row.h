/*
 * unowned_row.h
 *		Rows that belong to nobody.
 */
#ifndef PVEXT_UNOWNED_ROW_H
#define PVEXT_UNOWNED_ROW_H

#include "base/finding.h"

extern void pvext_check_nobodys(PvextCheck *check);

#endif							/* PVEXT_UNOWNED_ROW_H */

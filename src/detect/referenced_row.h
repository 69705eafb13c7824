/*
 * referenced_row.h
 *		Rows that persons' rows refer to, and that may be persons' own.
 */
#ifndef PVEXT_REFERENCED_ROW_H
#define PVEXT_REFERENCED_ROW_H

#include "detect/guesswork.h"

extern List *pvext_references(PvextGuesswork *work, Oid relid);

#endif							/* PVEXT_REFERENCED_ROW_H */

/*
 * take.h
 *		Taking what is due from rows that have been picked for it.
 */
#ifndef PVEXT_TAKE_H
#define PVEXT_TAKE_H

#include "taking.h"

extern int64 pvext_take(PvextTaking *taking, PvextPicks *picks);

#endif							/* PVEXT_TAKE_H */

/*
 * take.h
 *		Taking what is due from rows that have been examined for it.
 */
#ifndef PVEXT_TAKE_H
#define PVEXT_TAKE_H

#include "taking.h"

extern int64 pvext_apply(PvextTaking *taking, PvextExamined *examined);

#endif							/* PVEXT_TAKE_H */

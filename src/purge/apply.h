/*
 * apply.h
 *		Taking what is due from rows that have been examined for it.
 */
#ifndef PVEXT_APPLY_H
#define PVEXT_APPLY_H

#include "purge/taking.h"

extern int64 pvext_apply(PvextTaking *taking, PvextExamined *examined);

#endif							/* PVEXT_APPLY_H */

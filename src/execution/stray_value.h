/*
 * stray_value.h
 *		A person's values in rows that triggers write where the data map does not know them.
 */
#ifndef PVEXT_STRAY_VALUE_H
#define PVEXT_STRAY_VALUE_H

#include "execution/written_rows.h"
#include "plan/plan.h"
#include "utils/snapshot.h"

/* What pvext_begin_strays() notes. */
typedef struct PvextStrays
{
	PvextWritten written;
	Snapshot	before;
	List	   *own;			/* PvextOwnWrites */
	bool		rekeyed;		/* keys have been replaced: how many rows have followed is not known */
} PvextStrays;

extern void pvext_begin_strays(PvextStrays *strays);
extern void pvext_check_strays(PvextStrays *strays, PvextPlan *plan, PvextTable *leaf, bool many);

#endif							/* PVEXT_STRAY_VALUE_H */

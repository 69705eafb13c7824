/*
 * unclassified.h
 *		Columns of which nobody has said whether they are personal.
 */
#ifndef PVEXT_UNCLASSIFIED_H
#define PVEXT_UNCLASSIFIED_H

#include "base/finding.h"

extern List *pvext_unclassified_columns(Oid relid);
extern void pvext_check_unclassified(PvextCheck *check, List *only);

#endif							/* PVEXT_UNCLASSIFIED_H */

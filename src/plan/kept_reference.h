/*
 * kept_reference.h
 *		References to rows that are kept of the subject, by which they are found again.
 */
#ifndef PVEXT_KEPT_REFERENCE_H
#define PVEXT_KEPT_REFERENCE_H

#include "plan/plan.h"

extern void pvext_add_references(PvextPlan *plan);
extern void pvext_build_references(PvextPlan *plan);

#endif							/* PVEXT_KEPT_REFERENCE_H */

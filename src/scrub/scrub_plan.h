/*
 * scrub_plan.h
 *		What to run to scrub what was erased.
 */
#ifndef PVEXT_SCRUB_PLAN_H
#define PVEXT_SCRUB_PLAN_H

#include "access/transam.h"

extern FullTransactionId pvext_scrub_boundary(void);

#endif							/* PVEXT_SCRUB_PLAN_H */

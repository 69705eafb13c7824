/*
 * kept_link.h
 *		What rows are found by goes no sooner than what is found by it.
 */
#ifndef PVEXT_KEPT_LINK_H
#define PVEXT_KEPT_LINK_H

#include "plan/plan.h"

extern void pvext_keep_links(PvextPlan *plan);

#endif							/* PVEXT_KEPT_LINK_H */

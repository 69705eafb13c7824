/*
 * many_texts.h
 *		Taking texts from many subjects at once.
 */
#ifndef PVEXT_MANY_TEXTS_H
#define PVEXT_MANY_TEXTS_H

#include "plan/plan.h"

extern bool pvext_can_redact_many(PvextPlan *plan);
extern void pvext_add_whose(PvextPlan *plan);
extern PvextStep *pvext_build_values_of(PvextTarget *target);
extern PvextStep *pvext_build_digests_of(PvextTarget *target);

#endif							/* PVEXT_MANY_TEXTS_H */

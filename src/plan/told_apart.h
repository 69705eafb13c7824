/*
 * told_apart.h
 *		Which of many subjects rules retain something of, and which lose something.
 */
#ifndef PVEXT_TOLD_APART_H
#define PVEXT_TOLD_APART_H

#include "plan/plan.h"

extern bool pvext_is_any_retained(PvextPlan *plan);
extern bool pvext_can_tell_apart(PvextPlan *plan);

#endif							/* PVEXT_TOLD_APART_H */

/*
 * known_value.h
 *		What tells who a person is, as the map has it.
 */
#ifndef PVEXT_KNOWN_VALUE_H
#define PVEXT_KNOWN_VALUE_H

#include "plan/plan.h"

extern bool pvext_turn_to(PvextPlan *plan, List *keys);
extern bool pvext_any_identifying(PvextPlan *plan);
extern List *pvext_known_values(PvextPlan *plan, bool everything, List **unread);

#endif							/* PVEXT_KNOWN_VALUE_H */

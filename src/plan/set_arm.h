/*
 * set_arm.h
 *		How rows belong to a set, by what rows of another hold: slots, and arms as SQL.
 */
#ifndef PVEXT_SET_ARM_H
#define PVEXT_SET_ARM_H

#include "plan/plan.h"

extern PvextSlot *pvext_set_slot(PvextSet *set, const char *column, bool as_text);
extern PvextSlot *pvext_set_slot_as(PvextSet *set, const char *column, bool as_text, bool folded);
extern PvextSlot *pvext_link_slot(PvextSet *set, PvextLink *link, int n);
extern char *pvext_slot_sql(PvextSlot *slot);
extern void pvext_append_arm(PvextSql *sql, PvextArm *arm);
extern void pvext_append_arm_up(PvextSql *sql, PvextArm *arm);

#endif							/* PVEXT_SET_ARM_H */

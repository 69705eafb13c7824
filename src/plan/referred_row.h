/*
 * referred_row.h
 *		Rows that persons refer to, and that go with the last of them.
 */
#ifndef PVEXT_REFERRED_ROW_H
#define PVEXT_REFERRED_ROW_H

#include "plan/plan.h"

extern bool pvext_is_kept_arm(PvextSet *set, PvextArm *arm);
extern bool pvext_is_referred_to(PvextSet *set);
extern void pvext_append_not_kept(PvextSql *sql, PvextSet *set);
extern void pvext_build_referred(PvextSet *set);

#endif							/* PVEXT_REFERRED_ROW_H */

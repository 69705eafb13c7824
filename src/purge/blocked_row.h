/*
 * blocked_row.h
 *		Rows that are due and that blockers keep, as far as the query that finds due rows can tell.
 */
#ifndef PVEXT_BLOCKED_ROW_H
#define PVEXT_BLOCKED_ROW_H

#include "purge/taking.h"

extern bool pvext_may_be_blocked(PvextTaking *taking);
extern PvextStep *pvext_unblocked_scan(PvextTaking *taking);

#endif							/* PVEXT_BLOCKED_ROW_H */

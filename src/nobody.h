/*
 * nobody.h
 *		Rows that belong to nobody.
 */
#ifndef PVEXT_NOBODY_H
#define PVEXT_NOBODY_H

#include "finding.h"

extern void pvext_check_nobodys(PvextCheck *check);

#endif							/* PVEXT_NOBODY_H */

/*
 * coverage.h
 *		What the data map says nothing about.
 */
#ifndef PVEXT_COVERAGE_H
#define PVEXT_COVERAGE_H

#include "base/finding.h"
#include "detect/map_advice.h"

extern PvextAdvice *pvext_check_omissions(PvextCheck *check);
extern List *pvext_columns_of_child(Oid child, List *only);

#endif							/* PVEXT_COVERAGE_H */

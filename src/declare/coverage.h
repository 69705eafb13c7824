/*
 * coverage.h
 *		What the data map says nothing about.
 */
#ifndef PVEXT_COVERAGE_H
#define PVEXT_COVERAGE_H

#include "base/finding.h"

extern void pvext_check_omissions(PvextCheck *check);

#endif							/* PVEXT_COVERAGE_H */

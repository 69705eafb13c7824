/*
 * finding_group.h
 *		What checks of the map have found, as somebody goes through it.
 */
#ifndef PVEXT_FINDING_GROUP_H
#define PVEXT_FINDING_GROUP_H

#include "detect/map_advice.h"

extern List *pvext_group_findings(List *findings, PvextAdvice *advice);

#endif							/* PVEXT_FINDING_GROUP_H */

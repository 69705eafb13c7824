/*
 * endless_rule.h
 *		What retention rules keep for ever, or not at all.
 */
#ifndef PVEXT_ENDLESS_RULE_H
#define PVEXT_ENDLESS_RULE_H

#include "base/finding.h"

extern void pvext_check_endless(PvextCheck *check);

#endif							/* PVEXT_ENDLESS_RULE_H */

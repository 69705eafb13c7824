/*
 * retention.h
 *		How long columns are kept.
 */
#ifndef PVEXT_RETENTION_H
#define PVEXT_RETENTION_H

#include "map.h"

extern char *pvext_rule_until(PvextTable *table, PvextRule *rule);

#endif							/* PVEXT_RETENTION_H */

/*
 * cutoff.h
 *		Finding expired rows by an index.
 */
#ifndef PVEXT_CUTOFF_H
#define PVEXT_CUTOFF_H

#include "plan/plan.h"

typedef struct PvextCutoff PvextCutoff;

extern PvextCutoff *pvext_cutoff(PvextTable *table, PvextRule *rule);
extern const char *pvext_cutoff_sql(PvextCutoff *cutoff);
extern const char *pvext_cutoff_column(PvextCutoff *cutoff);
extern PvextParam *pvext_cutoff_bound(PvextCutoff *cutoff);
extern void pvext_set_cutoff(PvextCutoff *cutoff, PvextRule *rule, TimestampTz now);

#endif							/* PVEXT_CUTOFF_H */

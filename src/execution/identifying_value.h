/*
 * identifying_value.h
 *		Values that tell who a person is, as they were before a plan was carried out.
 */
#ifndef PVEXT_IDENTIFYING_VALUE_H
#define PVEXT_IDENTIFYING_VALUE_H

#include "plan/plan.h"
#include "utils/snapshot.h"

extern char *pvext_texts_sql(const char *column, Oid type);
extern char *pvext_shorten_value(char *value);
extern bool pvext_tells_by_itself(const char *value);
extern List *pvext_telling_values(PvextPlan *plan, PvextTable *leaf, Snapshot before, bool many);

#endif							/* PVEXT_IDENTIFYING_VALUE_H */

/*
 * unsettled_link.h
 *		References that may be links, and links that do not say whose columns are.
 */
#ifndef PVEXT_UNSETTLED_LINK_H
#define PVEXT_UNSETTLED_LINK_H

#include "base/finding.h"
#include "detect/map_advice.h"
#include "map/model.h"

extern void pvext_check_asked(PvextCheck *check, PvextAdvice *advice);
extern char *pvext_settle_undeclared(PvextAdvice *advice, Oid relid, List *columns, Oid parent, List *parent_columns);
extern char *pvext_declare_again_sql(PvextAdvice *advice, PvextTable *table, List *columns);
extern char *pvext_settle_idle(PvextAdvice *advice, PvextLink *link);

#endif							/* PVEXT_UNSETTLED_LINK_H */

/*
 * clock.h
 *		The moments from which retention rules count.
 */
#ifndef PVEXT_CLOCK_H
#define PVEXT_CLOCK_H

#include "fmgr.h"
#include "nodes/nodes.h"

extern void pvext_check_clock_type(Oid type, const char *what);
extern char *pvext_check_time_zone(const char *name);
extern char *pvext_database_time_zone(void);
extern char *pvext_localise(Oid relid, const char *bound, Oid type,
							const char *zone);
extern Node *pvext_parse_bound(Oid relid, const char *bound);
extern Oid	pvext_year_end_function(Oid type);
extern Datum pvext_accounting_year_end(PG_FUNCTION_ARGS);

#endif							/* PVEXT_CLOCK_H */

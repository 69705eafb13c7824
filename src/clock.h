/*
 * clock.h
 *		The moments from which retention rules count.
 */
#ifndef PVEXT_CLOCK_H
#define PVEXT_CLOCK_H

extern void pvext_check_clock_type(Oid type, const char *what);
extern char *pvext_check_time_zone(const char *name);
extern char *pvext_database_time_zone(void);
extern char *pvext_localise(Oid relid, const char *bound, Oid type,
							const char *zone);

#endif							/* PVEXT_CLOCK_H */

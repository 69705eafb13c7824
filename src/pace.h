/*
 * pace.h
 *		How often the duties are done in each database.
 */
#ifndef PVEXT_PACE_H
#define PVEXT_PACE_H

extern void pvext_init_pace(void);
extern void pvext_set_pace(Oid database, int naptime);
extern int	pvext_pace(Oid database);

#endif							/* PVEXT_PACE_H */

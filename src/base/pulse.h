/*
 * pulse.h
 *		What the launcher, the workers and others know of each other.
 */
#ifndef PVEXT_PULSE_H
#define PVEXT_PULSE_H

/* What the worker that records reads is in pg_stat_activity. */
#define PVEXT_RECORDER "pvext worker"

/* The pace of a database that a worker has left before it was done. */
#define PVEXT_AT_ONCE 0

extern void pvext_init_pulse(void);
extern void pvext_set_pace(Oid database, int naptime);
extern int	pvext_pace(Oid database);
extern void pvext_forget_database(Oid database);
extern bool pvext_is_time_to_warn(Oid database);
extern void pvext_launcher_beats(void);
extern void pvext_launcher_has_room(bool room);

#endif							/* PVEXT_PULSE_H */

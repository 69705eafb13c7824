/*
 * launcher.h
 *		The background process that starts the workers.
 */
#ifndef PVEXT_LAUNCHER_H
#define PVEXT_LAUNCHER_H

/* What the worker that records reads is in pg_stat_activity. */
#define PVEXT_RECORDER "pvext worker"

extern void pvext_init_launcher(void);

#endif							/* PVEXT_LAUNCHER_H */

/*
 * launcher.h
 *		The background process that starts the workers.
 */
#ifndef PVEXT_LAUNCHER_H
#define PVEXT_LAUNCHER_H

extern void pvext_init_launcher(void);

#endif							/* PVEXT_LAUNCHER_H */

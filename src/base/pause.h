/*
 * pause.h
 *		Waiting for a while.
 */
#ifndef PVEXT_PAUSE_H
#define PVEXT_PAUSE_H

extern void pvext_pause(int milliseconds);

#endif							/* PVEXT_PAUSE_H */

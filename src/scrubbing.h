/*
 * scrubbing.h
 *		The duty "scrub".
 */
#ifndef PVEXT_SCRUBBING_H
#define PVEXT_SCRUBBING_H

extern void pvext_scrub_when_due(void (*meanwhile) (void));

#endif							/* PVEXT_SCRUBBING_H */

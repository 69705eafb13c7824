/*
 * scrub_duty.h
 *		The duty "scrub".
 */
#ifndef PVEXT_SCRUB_DUTY_H
#define PVEXT_SCRUB_DUTY_H

extern void pvext_scrub_when_due(void (*meanwhile) (void));

#endif							/* PVEXT_SCRUB_DUTY_H */

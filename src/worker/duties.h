/*
 * duties.h
 *		The duties: what pvext does by itself.
 */
#ifndef PVEXT_DUTIES_H
#define PVEXT_DUTIES_H

extern bool pvext_run_all_duties(void);

#endif							/* PVEXT_DUTIES_H */

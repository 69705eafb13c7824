/*
 * allowance.h
 *		How many subjects may be erased within a day.
 */
#ifndef PVEXT_ALLOWANCE_H
#define PVEXT_ALLOWANCE_H

extern void pvext_count_against_limit(int64 n);

#endif							/* PVEXT_ALLOWANCE_H */

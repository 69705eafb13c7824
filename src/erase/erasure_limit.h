/*
 * erasure_limit.h
 *		How many subjects may be erased within a day.
 */
#ifndef PVEXT_ERASURE_LIMIT_H
#define PVEXT_ERASURE_LIMIT_H

extern void pvext_count_against_limit(int64 n);

#endif							/* PVEXT_ERASURE_LIMIT_H */

/*
 * moment.h
 *		A plan's statements that see what others do as of one moment.
 */
#ifndef PVEXT_MOMENT_H
#define PVEXT_MOMENT_H

#include "utils/snapshot.h"

extern void pvext_at_one_moment(void (*body) (void *), void *arg);
extern void pvext_at_moment(Snapshot snapshot, void (*body) (void *), void *arg);

#endif							/* PVEXT_MOMENT_H */

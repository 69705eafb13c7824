/*
 * step.h
 *		Running one of a plan's statements, also as of a moment that several have in common.
 */
#ifndef PVEXT_STEP_H
#define PVEXT_STEP_H

#include "plan/plan.h"
#include "utils/snapshot.h"

/* Above this many subjects, statements are planned for their very keys. */
#define PVEXT_FEW_SUBJECTS 20

extern uint64 pvext_run_step(PvextStep *step, bool many);
extern void pvext_at_one_moment(void (*body) (void *), void *arg);
extern void pvext_at_moment(Snapshot snapshot, void (*body) (void *), void *arg);

#endif							/* PVEXT_STEP_H */

/*
 * blocker_answer.h
 *		What blockers say of many subjects at once.
 */
#ifndef PVEXT_BLOCKER_ANSWER_H
#define PVEXT_BLOCKER_ANSWER_H

#include "plan/plan.h"

/* A character per blocker of the subject table. */
#define PVEXT_DOES_NOT_BLOCK	'0'
#define PVEXT_BLOCKS			'1'
#define PVEXT_NOT_ASKED			'?'

extern bool pvext_is_direct(PvextPlan *plan, PvextSet *set);
extern char **pvext_ask_blockers(PvextPlan *plan, List *rows, bool lock);

#endif							/* PVEXT_BLOCKER_ANSWER_H */

/*
 * link_answer.h
 *		What is likely to be said of the links that are proposed.
 */
#ifndef PVEXT_LINK_ANSWER_H
#define PVEXT_LINK_ANSWER_H

#include "detect/outlook.h"

extern void pvext_answer_candidates(PvextOutlook *outlook);
extern bool pvext_is_author(PvextOutlook *outlook, PvextOutlookLink *link);

#endif							/* PVEXT_LINK_ANSWER_H */

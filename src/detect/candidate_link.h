/*
 * candidate_link.h
 *		Links that the foreign keys suggest, and those that are guessed.
 */
#ifndef PVEXT_CANDIDATE_LINK_H
#define PVEXT_CANDIDATE_LINK_H

#include "detect/guesswork.h"

extern List *pvext_candidates(Oid subject, int max_depth, List *excluding,
							  PvextGuesswork *work, List **reached);

#endif							/* PVEXT_CANDIDATE_LINK_H */

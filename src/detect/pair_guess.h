/*
 * pair_guess.h
 *		Pairs of columns of which one says to what table the other refers.
 */
#ifndef PVEXT_PAIR_GUESS_H
#define PVEXT_PAIR_GUESS_H

#include "detect/guesswork.h"

extern List *pvext_guess_pairs(PvextGuesswork *work, PvextSample *sample, List **unsaid);

#endif							/* PVEXT_PAIR_GUESS_H */

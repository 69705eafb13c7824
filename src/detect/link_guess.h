/*
 * link_guess.h
 *		Links that no foreign key says, guessed.
 */
#ifndef PVEXT_LINK_GUESS_H
#define PVEXT_LINK_GUESS_H

#include "detect/guesswork.h"

extern PvextGuesswork *pvext_guess_links(List *persons);

#endif							/* PVEXT_LINK_GUESS_H */

/*
 * named_link.h
 *		Links that are guessed by the names of columns.
 */
#ifndef PVEXT_NAMED_LINK_H
#define PVEXT_NAMED_LINK_H

#include "detect/guesswork.h"

extern void pvext_guess_by_name(PvextGuesswork *work, PvextSample *sample, List *settled, List *unsaid);

#endif							/* PVEXT_NAMED_LINK_H */

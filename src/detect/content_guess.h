/*
 * content_guess.h
 *		Columns that hold persons' keys, whatever they are called.
 */
#ifndef PVEXT_CONTENT_GUESS_H
#define PVEXT_CONTENT_GUESS_H

#include "detect/guesswork.h"

extern void pvext_guess_by_content(PvextGuesswork *work, PvextSample *sample);

#endif							/* PVEXT_CONTENT_GUESS_H */

/*
 * quick_match.h
 *		Passing over texts that hold nothing of what is looked for.
 */
#ifndef PVEXT_QUICK_MATCH_H
#define PVEXT_QUICK_MATCH_H

#include "text/search_term.h"

typedef struct PvextQuickMatch PvextQuickMatch;

extern PvextQuickMatch *pvext_make_quick_match(PvextPhrases *words, PvextPhrases *codes);
extern bool pvext_may_match(PvextQuickMatch *quick, const char *text, size_t len, bool json);

#endif							/* PVEXT_QUICK_MATCH_H */

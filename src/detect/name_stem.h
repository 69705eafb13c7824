/*
 * name_stem.h
 *		The words of names, and what they are in the singular.
 */
#ifndef PVEXT_NAME_STEM_H
#define PVEXT_NAME_STEM_H

#include "nodes/pg_list.h"

/* Words of a name, in lower case. */
typedef struct PvextWords
{
	int			n;
	char	  **word;
} PvextWords;

extern void pvext_split_name(const char *name, PvextWords *words);
extern char *pvext_singular(const char *plural);
extern char *pvext_stem(const PvextWords *words, int from, int to);
extern List *pvext_stems(const PvextWords *words, int from, int to);
extern bool pvext_is_word_of(const char *word, const char *list);

#endif							/* PVEXT_NAME_STEM_H */

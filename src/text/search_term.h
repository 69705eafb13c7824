/*
 * search_term.h
 *		What somebody's values are looked for as.
 */
#ifndef PVEXT_SEARCH_TERM_H
#define PVEXT_SEARCH_TERM_H

#include "nodes/pg_list.h"
#include "text/automaton.h"

/* A code has at least so many digits. */
#define PVEXT_CODE_DIGITS 4

/* What is known of a sequence that is looked for. */
typedef struct PvextPhrase
{
	int			length;
	bool		is_long;		/* of four characters and more */
	bool		is_address;		/* an e-mail's */
	bool		is_number;		/* digits, whatever is between them */
} PvextPhrase;

/* Sequences that are looked for in one pass. */
typedef struct PvextPhrases
{
	PvextAutomaton *automaton;
	PvextPhrase *known;			/* by the number that the automaton gives */
	int			n;
	bool		compact;		/* of letters and digits only */
} PvextPhrases;

extern bool pvext_can_phrase(List *values);
extern void pvext_make_phrases(List *values, PvextPhrases *words, PvextPhrases *codes);
extern bool pvext_is_country(const char *digits, int n);

#endif							/* PVEXT_SEARCH_TERM_H */

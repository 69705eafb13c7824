/*
 * automaton.h
 *		Finding many sequences in one pass.
 */
#ifndef PVEXT_AUTOMATON_H
#define PVEXT_AUTOMATON_H

#include "mb/pg_wchar.h"

typedef struct PvextAutomaton PvextAutomaton;

extern PvextAutomaton *pvext_make_automaton(void);
extern int	pvext_add_sequence(PvextAutomaton *automaton, const pg_wchar *sequence, int n);
extern void pvext_finish_automaton(PvextAutomaton *automaton);
extern bool pvext_is_empty(PvextAutomaton *automaton);
extern int	pvext_most_endings(PvextAutomaton *automaton);
extern int	pvext_longest_sequence(PvextAutomaton *automaton);
extern int	pvext_advance(PvextAutomaton *automaton, int state, pg_wchar c);
extern void pvext_each_sequence(PvextAutomaton *automaton,
								void (*each) (const pg_wchar *sequence, int n, void *arg), void *arg);
extern int	pvext_ending(PvextAutomaton *automaton, int *state);

#endif							/* PVEXT_AUTOMATON_H */

/*
 * automaton.c
 *		Finding many sequences in one pass, after Aho and Corasick.
 *
 * The sequences make a tree; each of its nodes is a state: what has been read of
 * those that may yet end.  Where a state cannot go on with a character, its
 * "shorter" one, the longest end of what was read that is a beginning, may.  The time that a
 * text takes does not depend on how many sequences there are, nor on how long
 * they are.
 */
#include "postgres.h"
#include "base/message.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "text/automaton.h"

#define ROOT 0

typedef struct State
{
	int			parent;
	pg_wchar	c;				/* that led here from the parent */
	int			shorter;
	int			sequence;		/* that ends here; -1: none */
	int			ending;			/* the nearest shorter state where one ends; -1: none */
	int			depth;
	int			endings;		/* sequences that end here, in shorter states too */
} State;

struct PvextAutomaton
{
	State	   *states;
	int			n;
	int			room;
	int		   *table;			/* states by parent and character; 0: free */
	uint32		mask;
	int			sequences;
	int			longest;
	int			deepest;		/* so many sequences may end at one place */
	uint32		first[4];		/* which of ASCII's characters sequences begin with */
};

/* An automaton without sequences, in the current context, where all of it grows. */
PvextAutomaton *
pvext_make_automaton(void)
{
	PvextAutomaton *automaton = palloc0(sizeof(PvextAutomaton));

	automaton->room = 64;
	automaton->states = palloc0(sizeof(State) * automaton->room);
	automaton->n = 1;
	automaton->states[ROOT].sequence = automaton->states[ROOT].ending = -1;
	automaton->mask = automaton->room * 2 - 1;
	automaton->table = palloc0(sizeof(int) * (automaton->mask + 1));
	return automaton;
}

/* Where the state that a character leads to is, or would be, in the table. */
static inline uint32
place(const PvextAutomaton *automaton, int parent, pg_wchar c)
{
	uint32		at = hash_combine(murmurhash32(parent), murmurhash32(c)) & automaton->mask;
	int			state;

	while ((state = automaton->table[at]) != 0 &&
		   (automaton->states[state].parent != parent || automaton->states[state].c != c))
		at = (at + 1) & automaton->mask;
	return at;
}

/* Twice as much room; the table stays half empty at least. */
static void
enlarge(PvextAutomaton *automaton)
{
	automaton->room *= 2;
	automaton->states = repalloc(automaton->states, sizeof(State) * automaton->room);
	pfree(automaton->table);
	automaton->mask = automaton->room * 2 - 1;
	automaton->table = palloc0(sizeof(int) * (automaton->mask + 1));
	for (int i = 1; i < automaton->n; i++)
		automaton->table[place(automaton, automaton->states[i].parent, automaton->states[i].c)] = i;
}

/* Add a sequence, of one character at least.  Returns its number; that of an equal one. */
int
pvext_add_sequence(PvextAutomaton *automaton, const pg_wchar *sequence, int n)
{
	int			state = ROOT;

	if (sequence[0] < 128)
		automaton->first[sequence[0] / 32] |= 1U << (sequence[0] % 32);
	for (int i = 0; i < n; i++)
	{
		uint32		at = place(automaton, state, sequence[i]);

		if (automaton->table[at] == 0)
		{
			if (automaton->n == automaton->room)
			{
				enlarge(automaton);
				at = place(automaton, state, sequence[i]);
			}
			automaton->states[automaton->n] = (State) {state, sequence[i], ROOT, -1, -1, i + 1, 0};
			automaton->table[at] = automaton->n++;
		}
		state = automaton->table[at];
	}
	if (automaton->states[state].sequence < 0)
		automaton->states[state].sequence = automaton->sequences++;
	automaton->longest = Max(automaton->longest, n);
	return automaton->states[state].sequence;
}

/* What the state goes on to with a character, falling back to shorter ones. */
int
pvext_advance(PvextAutomaton *automaton, int state, pg_wchar c)
{
	for (;;)
	{
		int			next;

		/* Most characters of a text begin nothing: no table is looked at for them. */
		if (state == ROOT && c < 128 && !(automaton->first[c / 32] & (1U << (c % 32))))
			return ROOT;
		next = automaton->table[place(automaton, state, c)];

		if (next != 0 || state == ROOT)
			return next;
		state = automaton->states[state].shorter;
	}
}

/* The states in the order of their depth, which is that of their "shorter" ones, too. */
static int *
by_depth(PvextAutomaton *automaton)
{
	int		   *starts = palloc0(sizeof(int) * (automaton->longest + 2));
	int		   *order = palloc(sizeof(int) * automaton->n);

	for (int i = 0; i < automaton->n; i++)
		starts[automaton->states[i].depth + 1]++;
	for (int i = 1; i <= automaton->longest + 1; i++)
		starts[i] += starts[i - 1];
	for (int i = 0; i < automaton->n; i++)
		order[starts[automaton->states[i].depth]++] = i;
	pfree(starts);
	return order;
}

/* No more sequences are added: find each state's shorter one. */
void
pvext_finish_automaton(PvextAutomaton *automaton)
{
	int		   *order = by_depth(automaton);

	for (int i = 1; i < automaton->n; i++)
	{
		State	   *state = &automaton->states[order[i]];

		CHECK_FOR_INTERRUPTS();
		if (state->parent != ROOT)
			state->shorter = pvext_advance(automaton, automaton->states[state->parent].shorter,
										   state->c);
		state->ending = automaton->states[state->shorter].sequence >= 0 ? state->shorter :
			automaton->states[state->shorter].ending;
		state->endings = automaton->states[state->shorter].endings + (state->sequence >= 0 ? 1 : 0);
		automaton->deepest = Max(automaton->deepest, state->endings);
	}
	pfree(order);
}

/* Has no sequence been added? */
bool
pvext_is_empty(PvextAutomaton *automaton)
{
	return automaton->sequences == 0;
}

/* How many sequences, one the end of the other, may end at the same place. */
int
pvext_most_endings(PvextAutomaton *automaton)
{
	return automaton->deepest;
}

/* How many characters the longest sequence has. */
int
pvext_longest_sequence(PvextAutomaton *automaton)
{
	return automaton->longest;
}

/* Call each for every sequence, whose characters live as long as that. */
void
pvext_each_sequence(PvextAutomaton *automaton,
					void (*each) (const pg_wchar *sequence, int n, void *arg), void *arg)
{
	pg_wchar   *c = palloc(sizeof(pg_wchar) * Max(automaton->longest, 1));

	for (int i = 1; i < automaton->n; i++)
	{
		State	   *state = &automaton->states[i];
		int			n = state->depth;

		if (state->sequence < 0)
			continue;
		for (; state->depth > 0; state = &automaton->states[state->parent])
			c[state->depth - 1] = state->c;
		each(c, n, arg);
	}
	pfree(c);
}

/*
 * The longest sequence that ends in *state, or -1; *state becomes the one where the next
 * shorter ends.  A negative *state has none.
 */
int
pvext_ending(PvextAutomaton *automaton, int *state)
{
	int			sequence;

	if (*state < 0)
		return -1;
	if (automaton->states[*state].sequence < 0)
		*state = automaton->states[*state].ending;
	if (*state < 0)
		return -1;
	sequence = automaton->states[*state].sequence;
	*state = automaton->states[*state].ending;
	return sequence;
}

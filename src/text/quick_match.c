/*
 * quick_match.c
 *		Passing over texts that hold nothing of what is looked for.
 *
 * Nearly all texts of a database are of ASCII's characters, and hold nobody's values.  Of
 * such a text each byte is looked at once, without reading it into the form in which it
 * is compared: of every sequence that is looked for, the longest piece without blanks and
 * signs that may stand for others would have to be there, byte by byte but for the case;
 * and of codes the letters and digits, whatever is between them.  Two tables say for each
 * byte how far these have come (automaton.c, but with all transitions written out).
 *
 * The answer may be yes where nothing is found in the end (matcher.c), never no where
 * something would be.  Texts that are not of ASCII alone, or hold a sign that a character is
 * written by (&eacute; %C3 \u00e9 <b>), are always answered with yes.
 */
#include "postgres.h"
#include "base/message.h"

#include "text/case_fold.h"
#include "text/quick_match.h"

/* Tables of more entries are not worth their memory. */
#define MAX_ENTRIES (4 * 1024 * 1024)

/* Classes of bytes that are no letter of any piece. */
enum
{
	OTHER,						/* nothing goes on with it */
	SPECIAL,					/* is to be looked at */
	FIRST_CLASS
};

/* What must stand in a text that holds a sequence. */
typedef struct Piece
{
	int			length;
	bool		begins_word;	/* no letter is before it */
	bool		ends_word;		/* no letter is behind it, but the s of a genitive */
	int			next;			/* another one that ends in the same state; -1: none */
} Piece;

typedef struct State
{
	int			first;			/* of its pieces; -1: none */
	int			shorter;
} State;

typedef struct Table
{
	uint8		class[256];
	int			nclasses;
	bool		compact;		/* signs between letters and digits count for nothing */
	State	   *states;
	int			n;
	int			room;
	int32	   *next;			/* by state and class; ~ of what is to be looked at */
	Piece	   *pieces;
	int			npieces;
	bool		full;			/* too large to be of use */
} Table;

struct PvextQuickMatch
{
	Table		words;
	Table		codes;
};

/* May the character stand between the letters and digits of a code, or for a blank? */
static bool
is_sign(pg_wchar c)
{
	return pvext_is_blank(c) || (c > 0 && c < 128 && strchr(".-/()+_", (int) c) != NULL);
}

/* May it begin what stands for another character? */
static bool
is_special(pg_wchar c)
{
	return c >= 128 || c == '&' || c == '%' || c == '<' || c == '\\';
}

/* Is it a character that a piece is made of?  JSON writes quotes and slashes otherwise. */
static bool
is_of_piece(pg_wchar c)
{
	return c > 0 && !is_special(c) && !pvext_is_blank(c) && strchr("+_\"/", (int) c) == NULL;
}

/*
 * Building
 */

/* A table without pieces. */
static void
begin_table(Table *table, bool compact)
{
	memset(table, 0, sizeof(*table));
	table->compact = compact;
	table->nclasses = FIRST_CLASS;
	for (int c = 0; c < 256; c++)
		table->class[c] = is_special(c) ? SPECIAL : OTHER;
}

/* The characters of the sequences get classes of their own, whatever their case. */
static void
note_characters(const pg_wchar *sequence, int n, void *arg)
{
	Table	   *table = arg;

	for (int i = 0; i < n; i++)
		if (is_of_piece(sequence[i]) && table->class[sequence[i]] == OTHER)
			table->class[sequence[i]] = table->nclasses++;
}

/* A state more, which leads nowhere yet.  Returns its number. */
static int
add_state(Table *table)
{
	if (table->n == table->room)
	{
		table->room = Max(table->room * 2, 64);
		if ((int64) table->room * table->nclasses > MAX_ENTRIES)
		{
			table->full = true;
			return 0;
		}
		table->states = table->states ? repalloc(table->states, sizeof(State) * table->room) :
			palloc(sizeof(State) * table->room);
		table->next = table->next ?
			repalloc(table->next, sizeof(int32) * table->room * table->nclasses) :
			palloc(sizeof(int32) * table->room * table->nclasses);
	}
	table->states[table->n] = (State) {-1, 0};
	memset(table->next + table->n * table->nclasses, 0, sizeof(int32) * table->nclasses);
	return table->n++;
}

/* Add a piece, whose characters these are. */
static void
add_piece(Table *table, const pg_wchar *c, Piece piece)
{
	int			state = 0;

	for (int i = 0; i < piece.length && !table->full; i++)
	{
		int			at = state * table->nclasses + table->class[c[i]];
		int			to = table->next[at];

		if (to == 0)
		{
			to = add_state(table);
			table->next[at] = to;
		}
		state = to;
	}
	if (table->full)
		return;
	if ((table->npieces & (table->npieces - 1)) == 0)
		table->pieces = table->pieces ?
			repalloc(table->pieces, sizeof(Piece) * table->npieces * 2) : palloc(sizeof(Piece));
	piece.next = table->states[state].first;
	table->states[state].first = table->npieces;
	table->pieces[table->npieces++] = piece;
}

/* Add the longest piece of a sequence, unless no text of ASCII holds that. */
static void
add_sequence(const pg_wchar *sequence, int n, void *arg)
{
	Table	   *table = arg;
	int			start = 0;
	int			first = 0;
	Piece		piece = {0};

	for (int i = 0; i <= n; i++)
	{
		if (i < n && sequence[i] >= 128)
			return;
		if (i < n && is_of_piece(sequence[i]))
			continue;
		if (i - start > piece.length)
		{
			piece.length = i - start;
			first = start;
		}
		start = i + 1;
	}
	if (piece.length == 0)
		table->full = true;		/* of signs alone */
	if (table->full)
		return;
	piece.begins_word = !table->compact && pvext_is_word(sequence[first]) &&
		(first == 0 || sequence[first - 1] == ' ');
	piece.ends_word = !table->compact && pvext_is_word(sequence[first + piece.length - 1]) &&
		(first + piece.length == n || sequence[first + piece.length] == ' ');
	add_piece(table, sequence + first, piece);
}

/* Write all transitions out, from states near the root on: what a state does not know its shorter one does. */
static void
finish_table(Table *table)
{
	int		   *queue = palloc(sizeof(int) * table->n);
	int			head = 0;
	int			tail = 0;

	queue[tail++] = 0;
	while (head < tail)
	{
		int			state = queue[head++];
		int32	   *next = table->next + state * table->nclasses;
		int			shorter = table->states[state].shorter;

		for (int c = FIRST_CLASS; c < table->nclasses; c++)
		{
			int			other = state == 0 ? 0 : table->next[shorter * table->nclasses + c];

			if (next[c] == 0)
				next[c] = other;
			else
			{
				table->states[next[c]].shorter = other;
				queue[tail++] = next[c];
			}
		}
	}
	pfree(queue);
}

/* Does a piece end in the state, or in a shorter one? */
static bool
ends_any(Table *table, int state)
{
	while (state != 0 && table->states[state].first < 0)
		state = table->states[state].shorter;
	return state != 0;
}

/* Let the entries be places in the table, marked where something is to be looked at. */
static void
mark_entries(Table *table)
{
	for (int state = 0; state < table->n; state++)
		for (int c = 0; c < table->nclasses; c++)
		{
			int32	   *next = &table->next[state * table->nclasses + c];
			int			to = *next;

			*next = c == SPECIAL ? ~0 : to * table->nclasses;
			if (c >= FIRST_CLASS && ends_any(table, to))
				*next = ~*next;
		}
}

/* Capital letters are as small ones, and signs within codes leave a state as it is. */
static void
finish_classes(Table *table)
{
	for (int c = 'A'; c <= 'Z'; c++)
		table->class[c] = table->class[c + 32];
	table->class['`'] = table->class['\''];
	if (!table->compact)
		return;
	for (int state = 0; state < table->n; state++)
		table->next[state * table->nclasses + table->nclasses - 1] = state;
	for (int c = 0; c < 128; c++)
		if (is_sign(c))
			table->class[c] = table->nclasses - 1;
}

/* The table of some sequences. */
static void
make_table(Table *table, PvextPhrases *phrases, bool compact)
{
	begin_table(table, compact);
	pvext_each_sequence(phrases->automaton, note_characters, table);
	if (compact)
		table->nclasses++;		/* that of signs */
	(void) add_state(table);
	pvext_each_sequence(phrases->automaton, add_sequence, table);
	if (table->full)
		return;
	finish_table(table);
	finish_classes(table);
	mark_entries(table);
}

/* What can be told quickly of texts, by sequences that are complete.  In the current context. */
PvextQuickMatch *
pvext_make_quick_match(PvextPhrases *words, PvextPhrases *codes)
{
	PvextQuickMatch *quick = palloc(sizeof(PvextQuickMatch));

	make_table(&quick->words, words, false);
	make_table(&quick->codes, codes, true);
	return quick;
}

/*
 * Looking
 */

/* Is there an ASCII letter?  One that is behind a backslash may not be what it seems. */
static bool
is_letter_before(const char *text, size_t at)
{
	return at > 0 && isalpha((unsigned char) text[at - 1]) && !(at > 1 && text[at - 2] == '\\');
}

/* Does a letter go on with the word that ends before the place? */
static bool
is_letter_behind(const char *text, size_t len, size_t at)
{
	return at < len && isalpha((unsigned char) text[at]) && text[at] != 's' && text[at] != 'S';
}

/* May a piece that ends in the state, before the place, be one that counts? */
static bool
counts(const Table *table, int state, const char *text, size_t len, size_t end)
{
	for (; state != 0; state = table->states[state].shorter)
		for (int i = table->states[state].first; i >= 0; i = table->pieces[i].next)
		{
			const Piece *piece = &table->pieces[i];

			if (!(piece->begins_word && is_letter_before(text, end - piece->length)) &&
				!(piece->ends_word && is_letter_behind(text, len, end)))
				return true;
		}
	return false;
}

/* Does what begins there stand for another character, or may it? */
static bool
stands_for_another(const char *text, size_t len, size_t at)
{
	unsigned char next = at + 1 < len ? text[at + 1] : 0;

	switch (text[at])
	{
		case '&':
			return next == '#' || isalnum(next);
		case '%':
			return isxdigit(next);
		case '<':
			return next == '/' || isalpha(next);
		case '\\':
			return next == 'u';
	}
	return true;				/* beyond ASCII */
}

/*
 * May a text hold one of the sequences?  json: the text is a JSON document, or what
 * stands between the quotes of a JSON string.
 */
bool
pvext_may_match(PvextQuickMatch *quick, const char *text, size_t len, bool json)
{
	const Table *words = &quick->words;
	const Table *codes = &quick->codes;
	const unsigned char *bytes = (const unsigned char *) text;
	int32		word = 0;
	int32		code = 0;

	if (words->full || codes->full)
		return true;
	for (size_t i = 0; i < len; i++)
	{
		int32		code_before = code;

		word = words->next[word + words->class[bytes[i]]];
		code = codes->next[code + codes->class[bytes[i]]];
		if (likely((word | code) >= 0))
			continue;
		if (words->class[bytes[i]] == SPECIAL)
		{
			if (stands_for_another(text, len, i))
				return true;
			word = code = 0;
			if (json && text[i] == '\\')
			{
				i++;			/* what is escaped is a sign of some kind */
				code = code_before;
			}
		}
		else if (code < 0 || counts(words, ~word / words->nclasses, text, len, i + 1))
			return true;
		else
			word = ~word;
	}
	return false;
}

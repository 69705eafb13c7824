/*
 * quick_match.c
 *		Passing over texts that hold nothing of what is looked for.
 *
 * Nearly all texts of a database hold nobody's values.  Here each character is looked at
 * once, without reading the text into the form in which it is compared: of every sequence
 * that is looked for, the longest piece without blanks and signs that may stand for others
 * would have to be there, character by character but for the case; and of codes the letters
 * and digits, whatever is between them.  Two tables say for each how far these have come
 * (automaton.c, but with all transitions written out).
 *
 * The answer may be yes where nothing is found in the end (matcher.c), never no where
 * something would be.  It is always yes where a text holds a character beyond ASCII, however
 * it is written (&eacute; %C3%A9 \u00e9), that is no letter of European alphabets with its
 * accent, nor a typographer's quote or dash, and where it isn't in UTF-8.
 */
#include "postgres.h"
#include "base/message.h"

#include "mb/pg_wchar.h"
#include "text/normal_form.h"
#include "text/quick_match.h"

/* Tables of more entries are not worth their memory. */
#define MAX_ENTRIES (4 * 1024 * 1024)

/* Pieces are made of characters below this, as they are compared. */
#define UNITS 0x530

/* What is read quickly beyond ASCII: letters, and signs; most become so many units. */
#define FIRST_LETTER 0xA0
#define LAST_LETTER 0x52F
#define FIRST_SIGN 0x2010
#define LAST_SIGN 0x2027
#define MAX_UNITS 3

/* What a character is compared as; of no units: not known, or not quickly. */
typedef struct Units
{
	bool		known;
	uint8		n;
	uint16		unit[MAX_UNITS];
} Units;

/* Classes of characters that are in no piece. */
enum
{
	OTHER,						/* nothing goes on with it */
	SPECIAL,					/* may begin what stands for another character */
	STOP,
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
	uint8		class[UNITS];	/* of a character as it is compared */
	uint8		byte_class[256];	/* of a byte; STOP: of one that is to be looked at */
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

/* May it, or its byte, begin what stands for another character? */
static bool
is_special(pg_wchar c)
{
	return c == '&' || c == '%' || c == '<' || c == '\\';
}

/* Is it a character that a piece is made of?  JSON writes quotes and slashes otherwise. */
static bool
is_of_piece(pg_wchar c)
{
	return c > 0 && c < UNITS && !is_special(c) && !pvext_is_blank(c) &&
		(c >= 128 || strchr("+_\"/", (int) c) == NULL);
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
	for (int c = 0; c < UNITS; c++)
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

/* Add the longest piece of a sequence, unless it is in no text that is read quickly. */
static void
add_sequence(const pg_wchar *sequence, int n, void *arg)
{
	Table	   *table = arg;
	int			start = 0;
	int			first = 0;
	Piece		piece = {0};

	for (int i = 0; i <= n; i++)
	{
		if (i < n && sequence[i] >= UNITS)
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

			*next = c == STOP ? ~0 : to * table->nclasses;
			if (c >= FIRST_CLASS && ends_any(table, to))
				*next = ~*next;
		}
}

/* Signs within codes leave a state as it is. */
static void
finish_signs(Table *table)
{
	for (int state = 0; state < table->n; state++)
		table->next[state * table->nclasses + table->nclasses - 1] = state;
	for (int c = 0; c < 128; c++)
		if (is_sign(c))
			table->class[c] = table->nclasses - 1;
}

/* Capital letters are as small ones; a byte may be no character. */
static void
finish_classes(Table *table)
{
	for (int c = 'A'; c <= 'Z'; c++)
		table->class[c] = table->class[c + 32];
	table->class['`'] = table->class['\''];
	if (table->nclasses > PG_UINT8_MAX)
		table->full = true;
	if (table->compact)
		finish_signs(table);
	for (int c = 0; c < 256; c++)
		table->byte_class[c] = c >= 128 || table->class[c] == SPECIAL ? STOP : table->class[c];
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

/* Is the byte a letter of ASCII's? */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Is there a letter before the place?  One that is behind a backslash may not be what it seems. */
static bool
is_letter_before(const char *text, size_t at)
{
	return at > 0 && is_letter(text[at - 1]) && !(at > 1 && text[at - 2] == '\\');
}

/* Does a letter go on with the word that ends before the place? */
static bool
is_letter_behind(const char *text, size_t len, size_t at)
{
	return at < len && is_letter(text[at]) && text[at] != 's' && text[at] != 'S';
}

/*
 * May a piece that ends in the state, before the place "end", be one that counts?  All
 * characters from place "ascii" on are of one byte.
 */
static bool
counts(const Table *table, int state, const char *text, size_t len, size_t end, size_t ascii)
{
	for (; state != 0; state = table->states[state].shorter)
		for (int i = table->states[state].first; i >= 0; i = table->pieces[i].next)
		{
			const Piece *piece = &table->pieces[i];

			if (!(piece->begins_word && ascii + piece->length < end &&
				  is_letter_before(text, end - piece->length)) &&
				!(piece->ends_word && is_letter_behind(text, len, end)))
				return true;
		}
	return false;
}

/* Fold a character, as the form in which it is compared has it. */
static void
fold_units(pg_wchar c, Units *units)
{
	pg_wchar	folded[PVEXT_FOLDED];
	int			n;

	units->known = true;
	if (pvext_is_ignored(c) || pvext_is_mark(c))
		return;
	if (pvext_is_blank(c))
	{
		*units = (Units) {true, 1, {' '}};
		return;
	}
	n = pvext_fold(&c, 1, folded);
	for (int i = 0; i < n; i++)
		if (n > MAX_UNITS || folded[i] >= UNITS || is_special(folded[i]))
			return;
	for (int i = 0; i < n; i++)
		units->unit[i] = folded[i];
	units->n = n;
}

/* What a character beyond ASCII is compared as; NULL: look closer. */
static const Units *
units_of(pg_wchar c)
{
	static Units letters[LAST_LETTER - FIRST_LETTER + 1];
	static Units signs[LAST_SIGN - FIRST_SIGN + 1];
	Units	   *units;

	if (c >= FIRST_LETTER && c <= LAST_LETTER)
		units = &letters[c - FIRST_LETTER];
	else if (c >= FIRST_SIGN && c <= LAST_SIGN)
		units = &signs[c - FIRST_SIGN];
	else
		return NULL;
	if (!units->known)
		fold_units(c, units);
	return units->n > 0 ? units : NULL;
}

/* The character beyond ASCII that begins there, of so many bytes; 0: look closer. */
static pg_wchar
read_character(const char *text, size_t len, int *bytes)
{
	const unsigned char *at = (const unsigned char *) text;

	if (GetDatabaseEncoding() != PG_UTF8)
		return 0;
	*bytes = pg_utf_mblen(at);
	if (*bytes < 2 || *bytes > 3 || *bytes > len || !pg_utf8_islegal(at, *bytes))
		return 0;
	return utf8_to_unicode(at);
}

/* How far a text has been read. */
typedef struct Reading
{
	const char *text;
	size_t		len;
	size_t		at;				/* the byte that is looked at */
	size_t		ascii;			/* from here on, all are characters of one byte */
	int32		word;			/* states, as places in the tables */
	int32		code;
} Reading;

/* Go on with a character as it is compared.  Returns whether something may end with it. */
static inline bool
advance(PvextQuickMatch *quick, Reading *reading, int unit)
{
	const Table *words = &quick->words;

	reading->word = words->next[reading->word + words->class[unit]];
	reading->code = quick->codes.next[reading->code + quick->codes.class[unit]];
	if (reading->code < 0)
		return true;
	if (reading->word >= 0)
		return false;
	reading->word = ~reading->word;
	return counts(words, reading->word / words->nclasses, reading->text, reading->len, reading->at + 1,
				  reading->ascii);
}

/*
 * Go on with a character of so many bytes, beyond ASCII or written as something else.
 * Returns whether something may end with it, or it has to be looked at closer.
 */
static bool
advance_wide(PvextQuickMatch *quick, Reading *reading, pg_wchar c, int bytes)
{
	const Units *units = c < 128 ? NULL : units_of(c);

	reading->at += bytes - 1;
	reading->ascii = reading->at + 1;
	if (c < 128)
		return advance(quick, reading, c);
	if (units == NULL)
		return true;
	for (int i = 0; i < units->n; i++)
		if (advance(quick, reading, units->unit[i]))
			return true;
	return false;
}

/*
 * Go on with what begins with a byte that is no character by itself, or with a sign that may
 * stand for something else.  Returns whether it has to be looked at closer.
 */
static bool
advance_special(PvextQuickMatch *quick, Reading *reading, bool json)
{
	const char *text = reading->text + reading->at;
	size_t		len = reading->len - reading->at;
	PvextPiece	piece;
	int			bytes = 0;

	if (IS_HIGHBIT_SET(*text))
	{
		pg_wchar	c = read_character(text, len, &bytes);

		return c == 0 || advance_wide(quick, reading, c, bytes);
	}
	if (*text == '\\' && json && !(len > 1 && text[1] == 'u'))
	{
		reading->at++;			/* what is escaped is a sign of some kind */
		reading->word = 0;
		return false;
	}
	if (!pvext_read_written(text, len, false, &piece))
		return advance(quick, reading, *text);
	if (piece.kind == PVEXT_PIECE_CHARACTER)
		return advance_wide(quick, reading, piece.c, piece.len);

	/* A tag that stands within a word, or between two: as if it were not there. */
	reading->at += piece.len - 1;
	reading->ascii = reading->at + 1;
	return false;
}

/*
 * Go on with characters of ASCII that stand for themselves, as long as nothing may end with
 * one: nearly all of a text.  The states are kept where they cost least.
 */
static inline void
advance_plain(PvextQuickMatch *quick, Reading *reading)
{
	const unsigned char *at = (const unsigned char *) reading->text + reading->at;
	const unsigned char *end = (const unsigned char *) reading->text + reading->len;
	const int32 *words = quick->words.next;
	const int32 *codes = quick->codes.next;
	const uint8 *word_class = quick->words.byte_class;
	const uint8 *code_class = quick->codes.byte_class;
	int32		word = reading->word;
	int32		code = reading->code;

	while (at < end)
	{
		int32		next_word = words[word + word_class[*at]];
		int32		next_code = codes[code + code_class[*at]];

		if (unlikely((next_word | next_code) < 0))
			break;
		word = next_word;
		code = next_code;
		at++;
	}
	reading->word = word;
	reading->code = code;
	reading->at = (const char *) at - reading->text;
}

/*
 * May a text hold one of the sequences?  json: the text is a JSON document, or what
 * stands between the quotes of a JSON string.
 */
bool
pvext_may_match(PvextQuickMatch *quick, const char *text, size_t len, bool json)
{
	Reading		reading = {text, len, 0, 0, 0, 0};

	if (quick->words.full || quick->codes.full)
		return true;
	for (;; reading.at++)
	{
		unsigned char c;

		advance_plain(quick, &reading);
		if (reading.at >= len)
			return false;
		c = text[reading.at];
		if (IS_HIGHBIT_SET(c) || quick->words.class[c] == SPECIAL ?
			advance_special(quick, &reading, json) : advance(quick, &reading, c))
			return true;
	}
}

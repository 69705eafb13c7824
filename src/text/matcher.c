/*
 * matcher.c
 *		Finding somebody's values in texts, however they are spelled.
 *
 * Values and texts are compared as they are read (normal_form.c), all values at once
 * (automaton.c), in a time that depends on the length of the text alone.
 *
 * A value is found as words of its own: "Berg" is not in "Bergen" or "Lindberg", nor is
 * ada@x.no in nada@x.no.  One of four characters and more may have a number beside it and
 * the s of a genitive behind it.  A name of several words is also found as in registers,
 * "Berg, Ada".  Numbers of seven digits or more, and codes of letters and digits, are found
 * whatever stands between their digits, telephone numbers with and without what is dialled
 * first.
 */
#include "postgres.h"
#include "base/message.h"

#include "miscadmin.h"
#include "text/matcher.h"
#include "text/normal_form.h"
#include "text/quick_match.h"
#include "text/search_term.h"

/* As many characters are looked ahead: the s of a genitive and what follows it. */
#define AHEAD 2

/* Of signs within a number, not more than this stand side by side. */
#define MAX_SIGNS 3

typedef enum Gap
{
	ADJACENT,
	SEPARATE,					/* blanks, dots, dashes between */
	FAR
} Gap;

/* A unit, and what was before it. */
typedef struct Place
{
	PvextUnit	unit;
	Gap			gap;			/* to the place before; of places in numbers */
	uint32		plus;			/* where a + before it, or its (, begins; else unit.start */
} Place;

/* The last places that have been read, and those ahead. */
typedef struct Window
{
	PvextNormal normal;
	bool		compact;		/* letters and digits only */
	Place	   *places;
	uint64		mask;
	uint64		read;			/* how many so far */
	bool		ended;
} Window;

typedef struct Scan
{
	PvextPhrases *phrases;
	Window		window;
	PvextFound *found;
	int			n;
	int			room;
} Scan;

struct PvextMatcher
{
	PvextPhrases words;
	PvextPhrases codes;
	PvextQuickMatch *quick;		/* or NULL */
};

/*
 * The window
 */

/* The place of number i, which is one of the last that were read, or ahead. */
static inline Place *
at(Window *window, uint64 i)
{
	return &window->places[i & window->mask];
}

/*
 * A window that holds the longest sequence, what is looked at before it and what is read
 * ahead; its size is a power of two.
 */
static void
open_window(Window *window, int longest, bool compact)
{
	uint64		size = 64;

	while (size < longest + AHEAD + 16)
		size *= 2;
	window->places = palloc(sizeof(Place) * size);
	window->mask = size - 1;
	window->compact = compact;
	window->read = 0;
	window->ended = false;
}

/* May the sign stand between the digits of a number? */
static bool
is_separator(pg_wchar c)
{
	return c == ' ' || c == '.' || c == '-' || c == '/' || c == '(' || c == ')' || c == '+' ||
		c == '_';
}

/* Read the next letter or digit, and how far it is from the one before. */
static bool
read_compact(Window *window, Place *place)
{
	int			signs = 0;
	uint32		plus = 0;
	bool		has_plus = false;
	bool		is_far = window->read == 0;
	uint32		open = 0;
	bool		has_open = false;

	while (pvext_next_unit(&window->normal, &place->unit))
	{
		pg_wchar	c = place->unit.c;

		if (pvext_is_word(c))
		{
			place->gap = is_far || signs > MAX_SIGNS ? FAR : signs > 0 ? SEPARATE : ADJACENT;
			place->plus = has_plus ? plus : place->unit.start;
			return true;
		}
		signs++;
		is_far = is_far || !is_separator(c);
		has_plus = c == '+';
		if (has_plus)
			plus = has_open ? open : place->unit.start;
		has_open = c == '(';
		open = place->unit.start;
	}
	return false;
}

/* Read one more place; false at the end of the text. */
static bool
read_place(Window *window)
{
	Place	   *place = at(window, window->read);

	if (window->compact ? !read_compact(window, place) :
		!pvext_next_unit(&window->normal, &place->unit))
		return false;
	window->read++;
	return true;
}

/* Is there a place i?  All up to AHEAD after it have been read then. */
static bool
reach(Window *window, uint64 i)
{
	while (!window->ended && window->read <= i + AHEAD)
		window->ended = !read_place(window);
	return i < window->read;
}

/*
 * Words
 */

/* Are two neighbours of one word? */
static bool
joins(const PvextPhrase *phrase, pg_wchar of_value, pg_wchar neighbour)
{
	if (!pvext_is_word(of_value) || !pvext_is_word(neighbour) ||
		pvext_is_spaceless(of_value) || pvext_is_spaceless(neighbour))
		return false;
	return !phrase->is_long || pvext_is_digit(of_value) || !pvext_is_digit(neighbour);
}

/* Does a value that begins at the place begin a word?  An address: all that is before the @. */
static bool
begins_word(Window *window, const PvextPhrase *phrase, uint64 first)
{
	pg_wchar	before;

	if (first == 0)
		return true;
	before = at(window, first - 1)->unit.c;
	if (phrase->is_address && first > 1 && pvext_is_word(at(window, first - 2)->unit.c) &&
		(before == '.' || before == '_' || before == '-' || before == '+'))
		return false;
	return !joins(phrase, at(window, first)->unit.c, before);
}

/*
 * Does a value that ends in the place end a word, but for the s of a genitive?  An
 * address: a dash may go on with the name of its host.
 */
static bool
ends_word(Window *window, const PvextPhrase *phrase, uint64 last)
{
	pg_wchar	c = at(window, last)->unit.c;
	pg_wchar	after;
	pg_wchar	next = 0;

	if (last + 1 >= window->read)
		return true;
	after = at(window, last + 1)->unit.c;
	if (last + 2 < window->read)
		next = at(window, last + 2)->unit.c;
	if (phrase->is_address)
		return !joins(phrase, c, after) && !(after == '-' && pvext_is_word(next));
	if (!joins(phrase, c, after))
		return true;
	return phrase->is_long && after == 's' && !pvext_is_digit(c) && !(next && pvext_is_word(next));
}

/*
 * Numbers
 */

/*
 * The digits before place i that stand together, the last of them first; returns how many.
 * There are more than a prefix has where it returns 6.
 */
static int
digits_before(Window *window, uint64 i, char *digits)
{
	int			n = 0;

	while (i > 0 && n < 6 && pvext_is_digit(at(window, i - 1)->unit.c))
	{
		digits[n++] = (char) at(window, i - 1)->unit.c;
		if (at(window, --i)->gap != ADJACENT)
			break;
	}
	return n;
}

/*
 * Is a group of digits, which ends before place i, what is dialled before a number?  bare:
 * a country's may stand without a plus.
 */
static bool
is_prefix(Window *window, uint64 i, int n, const char *backwards, bool bare)
{
	char		digits[8] = {0};
	bool		plus = at(window, i - n)->plus != at(window, i - n)->unit.start;

	for (int d = 0; d < n; d++)
		digits[d] = backwards[n - 1 - d];
	if (n == 1 && digits[0] == '0' && !plus)
		return true;
	if (n > 2 && digits[n - 1] == '0' && !pvext_is_country(digits, n))
		n--;					/* 49 0 */
	if (!plus && n > 2 && digits[0] == '0' && digits[1] == '0')
		return pvext_is_country(digits + 2, n - 2);
	return (plus || bare) && pvext_is_country(digits, n);
}

/* Are all digits of a number side by side? */
static bool
is_together(Window *window, uint64 first, int length)
{
	for (int i = 1; i < length; i++)
		if (at(window, first + i)->gap != ADJACENT)
			return false;
	return true;
}

/*
 * Does a number begin at the place, after nothing or what is dialled first?  *start becomes
 * the byte at which that begins.
 */
static bool
begins_number(Window *window, uint64 first, const PvextPhrase *phrase, uint32 *start)
{
	char		digits[8];
	int			n;
	bool		bare;

	*start = at(window, first)->plus;
	if (first > 0 && at(window, first)->gap == ADJACENT)
	{
		n = digits_before(window, first, digits);
		if (n == 0)
			return true;		/* a letter */
		bare = n > 1 && phrase->length >= 8 && is_together(window, first, phrase->length);
		if (n > 5 || !is_prefix(window, first, n, digits, bare))
			return false;
		*start = at(window, first - n)->plus;
		return true;
	}
	for (int groups = 0; groups < 2 && first > 0 && at(window, first)->gap == SEPARATE; groups++)
	{
		n = digits_before(window, first, digits);
		if (n == 0 || n > 5 || !is_prefix(window, first, n, digits, false))
			break;
		first -= n;
		if (n > 1)
			*start = at(window, first)->plus;	/* a zero alone may be anything's */
	}
	return true;
}

/* Does a value that ends in place "last" stand there, and where does it begin? */
static bool
stands(Window *window, const PvextPhrase *phrase, uint64 last, uint32 *start)
{
	uint64		first = last + 1 - phrase->length;
	Place	   *next = last + 1 < window->read ? at(window, last + 1) : NULL;

	if (!at(window, first)->unit.first || !at(window, last)->unit.last)
		return false;
	*start = at(window, first)->unit.start;
	if (!window->compact)
		return begins_word(window, phrase, first) && ends_word(window, phrase, last);
	if (phrase->is_number)
		return !(next && next->gap == ADJACENT && pvext_is_digit(next->unit.c)) &&
			begins_number(window, first, phrase, start);
	return at(window, first)->gap != ADJACENT && !(next && next->gap == ADJACENT);
}

/*
 * Scanning
 */

/* Add what was found; overlaps are made one later. */
static void
add_found(Scan *scan, uint32 start, uint32 end)
{
	if (scan->n == scan->room)
	{
		scan->room = scan->room ? scan->room * 2 : 16;
		scan->found = scan->found ?
			repalloc_huge(scan->found, sizeof(PvextFound) * scan->room) :
			palloc(sizeof(PvextFound) * scan->room);
	}
	scan->found[scan->n++] = (PvextFound) {start, end};
}

/* The longest of the values that end here and stand as words of their own. */
static void
take_longest(Scan *scan, int state, uint64 i)
{
	Window	   *window = &scan->window;
	int			sequence;

	while ((sequence = pvext_ending(scan->phrases->automaton, &state)) >= 0)
	{
		uint32		start;

		if (!stands(window, &scan->phrases->known[sequence], i, &start))
			continue;
		add_found(scan, start, at(window, i)->unit.end);
		return;
	}
}

/* Read the text once.  Returns whether a second time, loosely, may find more. */
static bool
scan_text(Scan *scan, const char *text, size_t len, bool json, PvextReadMode how)
{
	int			state = 0;

	pvext_begin_normal(&scan->window.normal, text, len, json, how);
	for (uint64 i = 0; reach(&scan->window, i); i++)
	{
		Place	   *place = at(&scan->window, i);

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (scan->window.compact && place->gap == FAR)
			state = 0;
		state = pvext_advance(scan->phrases->automaton, state, place->unit.c);
		if (state != 0)
			take_longest(scan, state, i);
	}
	return scan->window.normal.ambiguous;
}

/* Are there digits enough for a code, or what may be read as digits? */
static bool
may_hold_code(const char *text, size_t len)
{
	int			digits = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (IS_HIGHBIT_SET(text[i]) || text[i] == '&' || text[i] == '%' || text[i] == '\\')
			return true;
		digits += text[i] >= '0' && text[i] <= '9' ? 1 : 0;
		if (digits == PVEXT_CODE_DIGITS)
			return true;
	}
	return false;
}

/* Look for some values in a text, in memory that is given back. */
static void
scan_with(Scan *scan, PvextPhrases *phrases, const char *text, size_t len, bool json)
{
	bool		again;

	if (pvext_is_empty(phrases->automaton) ||
		(phrases->compact && !may_hold_code(text, len)))
		return;
	scan->phrases = phrases;
	open_window(&scan->window, pvext_longest_sequence(phrases->automaton), phrases->compact);
	again = scan_text(scan, text, len, json, PVEXT_READ_PLAIN);

	/*
	 * Where signs have two readings; codes are found whatever stands between their
	 * digits.
	 */
	if (again && !phrases->compact)
	{
		scan->window.read = 0;
		scan->window.ended = false;
		(void) scan_text(scan, text, len, json, PVEXT_READ_LOOSE);
	}
	pfree(scan->window.places);
}

/* In the order of the text. */
static int
compare_found(const void *a, const void *b)
{
	const PvextFound *left = a;
	const PvextFound *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return left->end < right->end ? -1 : left->end > right->end;
}

/* Sort what was found, and make one of what overlaps. */
static int
unite(PvextFound *found, int n)
{
	int			kept = 0;

	qsort(found, n, sizeof(PvextFound), compare_found);
	for (int i = 1; i < n; i++)
	{
		if (found[i].start < found[kept].end)
			found[kept].end = Max(found[kept].end, found[i].end);
		else
			found[++kept] = found[i];
	}
	return n > 0 ? kept + 1 : 0;
}

/*
 * The values
 */

/* A matcher of values, C strings in the database's encoding.  In the current context. */
PvextMatcher *
pvext_make_matcher(List *values)
{
	PvextMatcher *matcher = palloc0(sizeof(PvextMatcher));

	pvext_make_phrases(values, &matcher->words, &matcher->codes);
	return matcher;
}

/*
 * Matchers that together look for all values, however many these are, in many texts: of
 * which those that hold nothing are passed over quickly.  In the current context.
 */
List *
pvext_make_matchers(List *values)
{
	int			half = list_length(values) / 2;
	PvextMatcher *matcher;

	if (values == NIL)
		return NIL;
	if (half > 0 && !pvext_can_phrase(values))
		return list_concat(pvext_make_matchers(list_truncate(list_copy(values), half)),
						   pvext_make_matchers(list_copy_tail(values, half)));
	matcher = pvext_make_matcher(values);
	if (pvext_matches_nothing(matcher))
		return NIL;
	matcher->quick = pvext_make_quick_match(&matcher->words, &matcher->codes);
	return list_make1(matcher);
}

/* Is none of the values long enough to tell a person? */
bool
pvext_matches_nothing(PvextMatcher *matcher)
{
	return pvext_is_empty(matcher->words.automaton) &&
		pvext_is_empty(matcher->codes.automaton);
}

/* The same as pvext_find_values(), of a text that may hold some. */
static pg_noinline PvextFound *
find_values(PvextMatcher *matcher, const char *text, size_t len, bool json, int *n)
{
	Scan		scan = {NULL};

	scan_with(&scan, &matcher->words, text, len, json);
	scan_with(&scan, &matcher->codes, text, len, json);
	*n = unite(scan.found, scan.n);
	return scan.found;
}

/*
 * Where the values are in a text, in order, without overlaps.  json: the text is what
 * stands between the quotes of a JSON string.  In the current context.
 */
PvextFound *
pvext_find_values(PvextMatcher *matcher, const char *text, size_t len, bool json, int *n)
{
	*n = 0;

	/* A scan has much memory, which most texts need not be given. */
	if (!pvext_may_hold(matcher, text, len, json))
		return NULL;
	return find_values(matcher, text, len, json, n);
}

/*
 * May a text hold one of the values, as far as that is told quickly?  json: it is a JSON
 * document, or the inside of one of its strings.
 */
bool
pvext_may_hold(PvextMatcher *matcher, const char *text, size_t len, bool json)
{
	return matcher->quick == NULL || pvext_may_match(matcher->quick, text, len, json);
}

/* Are numbers or codes looked for whatever is between their digits? */
bool
pvext_has_codes(PvextMatcher *matcher)
{
	return !pvext_is_empty(matcher->codes.automaton);
}

/* The same as pvext_is_number_of(), of digits that may be one. */
static pg_noinline bool
is_number_of(PvextMatcher *matcher, const char *text, size_t len)
{
	Scan		scan = {NULL};

	scan_with(&scan, &matcher->codes, text, len, false);
	return scan.n > 0;
}

/* Is the text, digits, one of the numbers that are looked for whatever is between them? */
bool
pvext_is_number_of(PvextMatcher *matcher, const char *text, size_t len)
{
	return pvext_may_hold(matcher, text, len, false) && is_number_of(matcher, text, len);
}

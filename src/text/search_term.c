/*
 * search_term.c
 *		What somebody's values are looked for as.
 *
 * A value is looked for as it is read (normal_form.c).  A name of several words also with
 * its words turned round, as registers have it: "Berg, Ada" for "Ada Berg".  A number of
 * seven digits or more is looked for by its digits, without what is dialled first; a code
 * of letters and digits (an account's, a car's) by these.
 */
#include "postgres.h"
#include "base/message.h"

#include "mb/pg_wchar.h"
#include "text/normal_form.h"
#include "text/search_term.h"

/*
 * More than this, or a longer one, is nobody's name: whoever may set a value of his own
 * must not be able to make an erasure long.
 */
#define MAX_VALUES 10000
#define MAX_VALUE 1000
#define MAX_BYTES (1024 * 1024)
#define MAX_ENDINGS 100

#define MIN_CHARACTERS 2		/* fewer do not tell a person */
#define LONG_CHARACTERS 4
#define MAX_WORDS 5				/* of a name that is turned round */
#define MIN_NUMBER 7			/* digits */
#define MIN_REST 6				/* without what is dialled first */
#define MIN_CODE 6

/* A value as it is read. */
typedef struct Value
{
	pg_wchar   *c;
	int			n;
	int			characters;
	bool		ambiguous;
} Value;

/* Read a value, without blanks around it. */
static void
read_value(const char *text, PvextReadMode how, Value *value)
{
	size_t		len = strlen(text);
	PvextNormal *normal = palloc(sizeof(PvextNormal));
	int			room = 64;
	PvextUnit	unit;

	memset(value, 0, sizeof(*value));
	value->c = palloc(sizeof(pg_wchar) * room);
	pvext_begin_normal(normal, text, len, false, how);
	while (pvext_next_unit(normal, &unit))
	{
		if (value->n == 0 && unit.c == ' ')
			continue;
		if (value->n == room)
		{
			room *= 2;
			value->c = repalloc(value->c, sizeof(pg_wchar) * room);
		}
		value->c[value->n++] = unit.c;
		value->characters += unit.first ? 1 : 0;
	}
	while (value->n > 0 && value->c[value->n - 1] == ' ')
	{
		value->n--;
		value->characters--;
	}
	value->ambiguous = normal->ambiguous;
	pfree(normal);
}

/* Has it an @ between words? */
static bool
is_address(const pg_wchar *c, int n)
{
	for (int i = 1; i + 1 < n; i++)
		if (c[i] == '@' && pvext_is_word(c[i - 1]) && pvext_is_word(c[i + 1]))
			return true;
	return false;
}

/* Add what is looked for; what has been added before stays as it is. */
static void
add(PvextPhrases *phrases, const pg_wchar *c, int n, bool is_long, bool is_number)
{
	int			at = pvext_add_sequence(phrases->automaton, c, n);

	if (at < phrases->n)
		return;
	if ((phrases->n & (phrases->n - 1)) == 0)
		phrases->known = phrases->known ?
			repalloc(phrases->known, sizeof(PvextPhrase) * phrases->n * 2) :
			palloc(sizeof(PvextPhrase));
	phrases->known[phrases->n++] = (PvextPhrase) {n, is_long, is_address(c, n), is_number};
}

/*
 * Names
 */

typedef struct Word
{
	const pg_wchar *c;
	int			n;
} Word;

/* The words of a name; 0 where it is none of a few words. */
static int
split_name(const Value *value, Word *words)
{
	int			n = 0;
	int			start = 0;

	for (int i = 0; i <= value->n; i++)
	{
		if (i < value->n && (pvext_is_digit(value->c[i]) || value->c[i] == '@'))
			return 0;
		if (i < value->n && value->c[i] != ' ')
			continue;
		if (n == MAX_WORDS)
			return 0;
		words[n].c = value->c + start;
		words[n].n = i - start;
		if (words[n].n > 0 && words[n].c[words[n].n - 1] == ',')
			words[n].n--;
		if (words[n].n == 0)
			return 0;
		n++;
		start = i + 1;
	}
	return n > 1 ? n : 0;
}

/* The name from word "begin" on and then what is before that, after a separator. */
static void
add_turned(PvextPhrases *phrases, const Value *value, const Word *words, int n, int begin,
		   const char *separator)
{
	pg_wchar   *c = palloc(sizeof(pg_wchar) * (value->n + n * 2));
	int			length = 0;

	for (int i = 0; i < n; i++)
	{
		const Word *word = &words[(begin + i) % n];

		if (i > 0 && (begin + i) % n == 0)
			for (const char *s = separator; *s; s++)
				c[length++] = (unsigned char) *s;
		else if (i > 0)
			c[length++] = ' ';
		memcpy(c + length, word->c, sizeof(pg_wchar) * word->n);
		length += word->n;
	}
	add(phrases, c, length, value->characters >= LONG_CHARACTERS, false);
	pfree(c);
}

/* A name of a few words, also turned round at each of its words. */
static void
add_name(PvextPhrases *phrases, const Value *value)
{
	Word		words[MAX_WORDS];
	int			n = split_name(value, words);

	for (int begin = 0; begin < n; begin++)
	{
		add_turned(phrases, value, words, n, begin, " ");
		add_turned(phrases, value, words, n, begin, ", ");
		add_turned(phrases, value, words, n, begin, ",");
	}
}

/*
 * Numbers
 */

/* How many of the digits are a country's, as telephones have them. */
static int
country_length(const char *digits, int n)
{
	static const char two[] =
		"20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62"
		" 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

	if (n < 1 || digits[0] == '0')
		return 0;
	if (digits[0] == '1' || digits[0] == '7')
		return 1;
	for (const char *p = two; n > 1; p += 3)
	{
		if (p[0] == digits[0] && p[1] == digits[1])
			return 2;
		if (p[2] == '\0')
			break;
	}
	return n > 2 ? 3 : 0;
}

/* Are the digits, all of them, those of a country? */
bool
pvext_is_country(const char *digits, int n)
{
	return n > 0 && country_length(digits, n) == n;
}

/* A number's digits and, where it begins with a country's, those after them. */
static void
add_number(PvextPhrases *phrases, const Value *value, const pg_wchar *c, int n)
{
	int			sign = value->c[0] == '(' ? 1 : 0;
	bool		abroad = value->c[sign] == '+';
	char		digits[4] = {0};
	int			skip = 0;

	if (!abroad && c[0] == '0' && c[1] == '0')
	{
		abroad = true;
		skip = 2;
	}
	for (int i = 0; i < 3 && skip + i < n; i++)
		digits[i] = (char) c[skip + i];
	if (abroad)
	{
		if (n - skip >= MIN_REST)
			add(phrases, c + skip, n - skip, true, true);
		skip += country_length(digits, 3);
	}
	if (skip < n && c[skip] == '0')
		skip++;
	if (n - skip >= MIN_REST)
		add(phrases, c + skip, n - skip, true, true);
	else
		add(phrases, c, n, true, true);
}

/* What has the digits of a number, or of a code with letters, is looked for by them. */
static void
add_code(PvextPhrases *phrases, const Value *value)
{
	pg_wchar   *c = palloc(sizeof(pg_wchar) * (value->n + 1));
	int			n = 0;
	int			digits = 0;
	bool		plain = true;

	for (int i = 0; i < value->n; i++)
	{
		digits += pvext_is_digit(value->c[i]) ? 1 : 0;
		if (pvext_is_word(value->c[i]))
			c[n++] = value->c[i];
		else if (value->c[i] > 0x7F || strchr(" .-/()+_", (int) value->c[i]) == NULL)
			plain = false;
	}
	if (plain && n == digits && n >= MIN_NUMBER)
		add_number(phrases, value, c, n);
	else if (plain && n > digits && n >= MIN_CODE && digits >= PVEXT_CODE_DIGITS)
		add(phrases, c, n, true, false);
	pfree(c);
}

/* Nothing is looked for yet. */
static void
begin(PvextPhrases *phrases, bool compact)
{
	memset(phrases, 0, sizeof(*phrases));
	phrases->automaton = pvext_make_automaton();
	phrases->compact = compact;
}

/*
 * What values, C strings in the database's encoding or NULL, are looked for as: words,
 * and the digits and letters of codes.  In the current context.
 */
void
pvext_make_phrases(List *values, PvextPhrases *words, PvextPhrases *codes)
{
	ListCell   *lc;

	begin(words, false);
	begin(codes, true);
	foreach(lc, values)
	{
		Value		value;

		if (lfirst(lc) == NULL)
			continue;
		read_value(lfirst(lc), PVEXT_READ_PLAIN, &value);
		if (value.characters < MIN_CHARACTERS)
			continue;
		add(words, value.c, value.n, value.characters >= LONG_CHARACTERS, false);
		add_name(words, &value);
		add_code(codes, &value);
		if (!value.ambiguous)
			continue;
		read_value(lfirst(lc), PVEXT_READ_LOOSE, &value);
		if (value.characters >= MIN_CHARACTERS)
			add(words, value.c, value.n, value.characters >= LONG_CHARACTERS, false);
	}
	pvext_finish_automaton(words->automaton);
	pvext_finish_automaton(codes->automaton);
}

/*
 * Can all the values be looked for?  Not where they are too many, one is too long, or too
 * many are one another's ends.
 */
bool
pvext_can_phrase(List *values)
{
	size_t		bytes = 0;
	PvextPhrases words;
	PvextPhrases codes;
	ListCell   *lc;

	foreach(lc, values)
	{
		size_t		len = lfirst(lc) ? strlen(lfirst(lc)) : 0;

		bytes += len;
		if (len > MAX_VALUE && (len > MAX_VALUE * MAX_MULTIBYTE_CHAR_LEN ||
								pg_mbstrlen_with_len(lfirst(lc), len) > MAX_VALUE))
			return false;
	}
	if (list_length(values) > MAX_VALUES || bytes > MAX_BYTES)
		return false;
	pvext_make_phrases(values, &words, &codes);
	return pvext_most_endings(words.automaton) <= MAX_ENDINGS &&
		pvext_most_endings(codes.automaton) <= MAX_ENDINGS;
}

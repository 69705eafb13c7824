/*
 * case_fold.c
 *		Characters that are the same to a reader.
 *
 * Whoever reads a text sees no difference between a letter with an accent and
 * the letter followed by the accent, nor looks at the case of letters, the kind of an
 * apostrophe, a dash or a digit.  So characters are compared in a form of their own:
 * Unicode's compatibility decomposition, which is the server's own (NFKD differs
 * from NFKC in that no character depends on the next), folded to small letters.
 *
 * No locale takes part, so that it is the same in any database: under SQL_ASCII and C,
 * which know no letters beyond ASCII, and in Turkish ones, where I is not the capital of i.
 * Here i, I, and both with and without a dot are one letter, and ß is ss.
 */
#include "postgres.h"
#include "base/message.h"

#include "common/unicode_norm.h"
#include "text/case_fold.h"
#include "text/fold_table.h"

/* What characters have been folded to. */
#define REMEMBERED 1024			/* a power of two */
#define REMEMBERED_LENGTH 4

typedef struct Folded
{
	pg_wchar	c;
	int			n;
	pg_wchar	folded[REMEMBERED_LENGTH];
} Folded;

static Folded remembered[REMEMBERED];

typedef struct Range
{
	pg_wchar	first;
	pg_wchar	last;
} Range;

/* Characters that show nothing: joiners, marks of direction, soft hyphens, selectors. */
static const Range ignored[] = {
	{0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x180B, 0x180E}, {0x200B, 0x200F},
	{0x202A, 0x202E}, {0x2060, 0x2064}, {0x2066, 0x206F}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
	{0xFFF9, 0xFFFB}, {0xE0000, 0xE01EF}
};

/* Punctuation and symbols beyond ASCII, as far as they stand beside words. */
static const Range no_words[] = {
	{0x80, 0xA9}, {0xAB, 0xB4}, {0xB6, 0xB9}, {0xBB, 0xBF}, {0xD7, 0xD7}, {0xF7, 0xF7},
	{0x2C2, 0x2DF}, {0x37E, 0x37E}, {0x387, 0x387}, {0x55A, 0x55F}, {0x589, 0x58F},
	{0x5BE, 0x5BE}, {0x5C0, 0x5C0}, {0x5C3, 0x5C3}, {0x5C6, 0x5C6}, {0x5F3, 0x5F4},
	{0x600, 0x60F}, {0x61B, 0x61F}, {0x66A, 0x66D}, {0x6D4, 0x6D4}, {0x700, 0x70D},
	{0x964, 0x965}, {0x970, 0x970}, {0xE3F, 0xE3F}, {0xE4F, 0xE4F}, {0xE5A, 0xE5B},
	{0x104A, 0x104F}, {0x10FB, 0x10FB}, {0x1360, 0x1368}, {0x1680, 0x1680}, {0x16EB, 0x16ED},
	{0x17D4, 0x17DA}, {0x1800, 0x180A}, {0x2000, 0x206F}, {0x20A0, 0x20CF}, {0x2190, 0x2BFF},
	{0x2E00, 0x2E7F}, {0x3000, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030}, {0x303D, 0x303F},
	{0x30FB, 0x30FB}, {0xE000, 0xF8FF}, {0xFD3E, 0xFD3F}, {0xFE10, 0xFE6F}, {0xFF00, 0xFF0F},
	{0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFD}, {0x1F000, 0x1FAFF}
};

/* Scripts that are written without a blank between words. */
static const Range spaceless[] = {
	{0xE00, 0xEFF}, {0x1000, 0x109F}, {0x1780, 0x17FF}, {0x1950, 0x19DF}, {0x1A20, 0x1AAF},
	{0x2E80, 0xABFF}, {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, {0x1B000, 0x1B2FF}, {0x20000, 0x3FFFF}
};

/* Where decimal digits begin that are not those of ASCII. */
static const pg_wchar zeroes[] = {
	0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66,
	0xE50, 0xED0, 0xF20, 0x1040, 0x17E0, 0x1810
};

/* Is the character in one of some ranges, which are in order? */
static bool
is_among(pg_wchar c, const Range *ranges, int n)
{
	int			low = 0;

	while (low < n)
	{
		int			middle = (low + n) / 2;

		if (c > ranges[middle].last)
			low = middle + 1;
		else if (c < ranges[middle].first)
			n = middle;
		else
			return true;
	}
	return false;
}

/* White space of any width, and ends of lines. */
bool
pvext_is_blank(pg_wchar c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
		(c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
		c == 0x205F || c == 0x3000;
}

/* Does the character show nothing, so that it is left out? */
bool
pvext_is_ignored(pg_wchar c)
{
	return c >= 0xAD && is_among(c, ignored, lengthof(ignored));
}

/* Is it written over or under the character before it? */
bool
pvext_is_mark(pg_wchar c)
{
	unsigned char bytes[8];

	if (c < 0x300 || c > 0x10FFFF || pvext_is_blank(c) || pvext_is_ignored(c))
		return false;
	(void) unicode_to_utf8(c, bytes);
	return pg_encoding_dsplen(PG_UTF8, (char *) bytes) == 0;
}

/* Is it part of a word: a letter or digit, in any script? */
bool
pvext_is_word(pg_wchar c)
{
	if (c < 0x80)
		return pvext_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return !is_among(c, no_words, lengthof(no_words));
}

/* Do words begin and end beside it without a sign of that? */
bool
pvext_is_spaceless(pg_wchar c)
{
	return c >= 0xE00 && is_among(c, spaceless, lengthof(spaceless));
}

/* Signs that are used for one another. */
static pg_wchar
plain_sign(pg_wchar c)
{
	switch (c)
	{
		case '`':
		case 0xB4:
		case 0x2B9:
		case 0x2BB:
		case 0x2BC:
		case 0x2BD:
		case 0x2BE:
		case 0x2BF:
		case 0x2018:
		case 0x2019:
		case 0x201A:
		case 0x201B:
		case 0x2032:
		case 0x2035:
		case 0xA78C:
			return '\'';
		case 0xAB:
		case 0xBB:
		case 0x201C:
		case 0x201D:
		case 0x201E:
		case 0x201F:
		case 0x2033:
			return '"';
		case 0x2010:
		case 0x2011:
		case 0x2012:
		case 0x2013:
		case 0x2014:
		case 0x2015:
		case 0x2043:
		case 0x2212:
			return '-';
	}
	return c;
}

/* A letter as a small one. */
static pg_wchar
small_letter(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(foldings);

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (c > foldings[middle].last)
			low = middle + 1;
		else if (c < foldings[middle].first)
			high = middle;
		else
			return (c - foldings[middle].first) % foldings[middle].step == 0 ?
				c + foldings[middle].delta : c;
	}
	return c;
}

/* A digit of any script as that of ASCII. */
static pg_wchar
ascii_digit(pg_wchar c)
{
	for (int i = 0; i < lengthof(zeroes); i++)
		if (c >= zeroes[i] && c < zeroes[i] + 10)
			return '0' + (c - zeroes[i]);
	return c;
}

/* Add a decomposed character in the form in which it is compared. */
static int
add_folded(pg_wchar c, pg_wchar *folded, int n)
{
	if (c < 0x80)
		folded[n++] = c == '`' ? '\'' : c >= 'A' && c <= 'Z' ? c + 32 : c;
	else if (c == 0xDF || c == 0x1E9E)
	{
		folded[n++] = 's';		/* sharp s */
		folded[n++] = 's';
	}
	else if (c != 0x307 || n == 0 || folded[n - 1] != 'i')	/* a dot on an i is none */
		folded[n++] = ascii_digit(small_letter(plain_sign(c)));
	return n;
}

/* The compatibility decomposition of characters, of which there is one at least. */
static pg_wchar *
decompose(const pg_wchar *run, int n)
{
	pg_wchar   *input = palloc(sizeof(pg_wchar) * (n + 1));

	for (int i = 0; i < n; i++)
		input[i] = plain_sign(run[i]);	/* before an acute accent becomes a blank with one */
	input[n] = 0;
	return unicode_normalize(UNICODE_NFKD, input);
}

/*
 * Fold a character and the marks on it, at most PVEXT_RUN of them all; the result is of
 * at most PVEXT_FOLDED characters.  Returns how many.
 */
int
pvext_fold(const pg_wchar *run, int n, pg_wchar *folded)
{
	Folded	   *known = &remembered[run[0] & (REMEMBERED - 1)];
	int			count = 0;

	if (n == 1 && (run[0] < 0x80 || run[0] > 0x10FFFF))
	{
		folded[0] = run[0];
		return run[0] < 0x80 ? add_folded(run[0], folded, 0) : 1;
	}

	/* Decomposing allocates; a text has few different characters beyond ASCII. */
	if (n == 1 && known->c == run[0])
	{
		memcpy(folded, known->folded, sizeof(pg_wchar) * known->n);
		return known->n;
	}
	{
		pg_wchar   *plain = decompose(run, n);

		for (pg_wchar *c = plain; *c && count < PVEXT_FOLDED - 2; c++)
			count = add_folded(*c, folded, count);
		pfree(plain);
	}
	if (n == 1 && count <= REMEMBERED_LENGTH)
	{
		known->c = run[0];
		known->n = count;
		memcpy(known->folded, folded, sizeof(pg_wchar) * count);
	}
	return count;
}

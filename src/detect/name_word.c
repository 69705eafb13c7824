/*
 * name_word.c
 *		Words within names of columns, links and tables.
 *
 * Names are compared as plain ones: in lower case, without accents, with "_" between their
 * words, so that "Fødselsnummer", "fodselsnummer" and E-Mail, eMail and e_mail are the same.
 * Words to look for stand in a string, separated by blanks: one of the name's words ("ip" in
 * client_ip, not in zip), with a star a part of it ("*mail" in useremail), with an equals sign
 * all of it ("=first").
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>

#include "detect/name_word.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

/* Letters from U+00C0 on to U+00FF without what makes them others, in lower case. */
static const char *const latin1[] = {
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", "_", "o", "u", "u", "u", "u", "y", "th", "ss",
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", "_", "o", "u", "u", "u", "u", "y", "th", "y"
};

/* The same from U+0100 on to U+017F. */
static const char latin_a[] =
"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* Append a letter of UTF-8 as it is in a plain name; returns how many bytes it takes. */
static int
append_letter(StringInfo plain, const char *letter)
{
	int			length = pg_utf_mblen((const unsigned char *) letter);
	pg_wchar	code;

	if ((int) strnlen(letter, length) < length)
		length = strlen(letter);
	code = length == 2 ? utf8_to_unicode((const unsigned char *) letter) : 0;
	if (code >= 0xC0 && code <= 0xFF)
		appendStringInfoString(plain, latin1[code - 0xC0]);
	else if (code >= 0x100 && code - 0x100 < lengthof(latin_a) - 1)
		appendStringInfoChar(plain, latin_a[code - 0x100]);
	else
		appendBinaryStringInfo(plain, letter, length);
	return length;
}

/* Is it a letter or digit, or a byte of one beyond ASCII? */
static bool
is_letter(char c)
{
	return isalnum((unsigned char) c) || IS_HIGHBIT_SET(c);
}

/* A name as it is compared; see above. */
char *
pvext_plain_name(const char *name)
{
	bool		utf8 = GetDatabaseEncoding() == PG_UTF8;
	StringInfoData plain;

	initStringInfo(&plain);
	for (const char *c = name; *c;)
	{
		bool		begins = plain.len > 0 && plain.data[plain.len - 1] != '_' && c > name &&
			(!is_letter(c[-1]) || (isupper((unsigned char) c[0]) && islower((unsigned char) c[-1])));

		if (!is_letter(*c))
		{
			c++;
			continue;
		}
		if (begins)
			appendStringInfoChar(&plain, '_');
		if (utf8 && IS_HIGHBIT_SET(*c))
			c += append_letter(&plain, c);
		else
			appendStringInfoChar(&plain, pg_tolower((unsigned char) *c++));
	}
	return plain.data;
}

/* Is the word, of that length, among a plain name's words, or the name, or a part of it? */
bool
pvext_word_fits(const char *plain, const char *word, int length)
{
	if (word[0] == '=')
		return strlen(plain) == length - 1 && strncmp(plain, word + 1, length - 1) == 0;
	for (const char *at = plain; *at; at++)
	{
		if (word[0] == '*' && strncmp(at, word + 1, length - 1) == 0)
			return true;
		if (strncmp(at, word, length) == 0 &&
			(at == plain || !isalpha((unsigned char) at[-1])) &&
			!isalpha((unsigned char) at[length]))
			return true;
	}
	return false;
}

/* Does any of the words fit a plain name? */
bool
pvext_any_fits(const char *plain, const char *words)
{
	const char *word = words;

	while (*word)
	{
		int			length = strcspn(word, " ");

		if (pvext_word_fits(plain, word, length))
			return true;
		word += length + strspn(word + length, " ");
	}
	return false;
}

/* Does a plain name end in one of the words? */
bool
pvext_ends_in(const char *plain, const char *words)
{
	const char *last = strrchr(plain, '_');

	return pvext_any_fits(last ? last + 1 : plain, words);
}

/* Is any of the words one of the name's? */
bool
pvext_name_says(const char *name, const char *words)
{
	return pvext_any_fits(pvext_plain_name(name), words);
}

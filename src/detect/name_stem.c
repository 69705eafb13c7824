/*
 * name_stem.c
 *		The words of names, and what they are in the singular.
 *
 * A column is named after the table that it refers to, but seldom letter by letter:
 * "userId" after "Users", company_id after companies, person_id after people, kunde_id after
 * kunder.  Two names are the same where their stems are: the words in lower case, the
 * last without what makes it plural.  Stems are compared, and shown to nobody.
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>

#include "detect/name_stem.h"
#include "lib/stringinfo.h"

/* Plurals by no rule. */
static const struct
{
	const char *plural;
	const char *singular;
}			irregular[] =
{
	{"people", "person"}, {"children", "child"}, {"men", "man"}, {"women", "woman"}, {"media", "medium"},
	{"indices", "index"}, {"matrices", "matrix"}, {"analyses", "analysis"}, {"criteria", "criterion"}
};

/* What nouns end in besides, in Norwegian and German, where there are several. */
static const char *const endings[] = {"r", "er", "e", "n", "en", "mer"};

/*
 * Split a name into its words: at what is no letter or digit, and where camelCase
 * begins one.  Bytes beyond ASCII are letters.
 */
void
pvext_split_name(const char *name, PvextWords *words)
{
	char	   *copy = palloc(2 * strlen(name) + 1);
	char	   *to = copy;

	words->n = 0;
	words->word = palloc(sizeof(char *) * (strlen(name) + 1));
	for (const char *c = name; *c; c++)
	{
		bool		letter = isalnum((unsigned char) *c) || IS_HIGHBIT_SET(*c);
		bool		begins = letter && (c == name ||
										!(isalnum((unsigned char) c[-1]) || IS_HIGHBIT_SET(c[-1])) ||
										(isupper((unsigned char) c[0]) && islower((unsigned char) c[-1])));

		if (begins)
		{
			if (to > copy && to[-1] != '\0')
				*to++ = '\0';
			words->word[words->n++] = to;
		}
		if (letter)
			*to++ = pg_tolower((unsigned char) *c);
		else if (to > copy && to[-1] != '\0')
			*to++ = '\0';
	}
	*to = '\0';
}

/* Does the text end so? */
static bool
ends_in(const char *text, size_t length, const char *ending)
{
	size_t		n = strlen(ending);

	return length > n && strncmp(text + length - n, ending, n) == 0;
}

/* A word in the singular. */
char *
pvext_singular(const char *plural)
{
	char	   *word = pstrdup(plural);
	size_t		length = strlen(word);

	for (int i = 0; i < lengthof(irregular); i++)
		if (strcmp(word, irregular[i].plural) == 0)
			return pstrdup(irregular[i].singular);
	if (length < 3)
		return word;
	if (ends_in(word, length, "ies"))
	{
		strcpy(word + length - 3, "y");
		return word;
	}
	if (ends_in(word, length, "sses") || ends_in(word, length, "xes") || ends_in(word, length, "zes") ||
		ends_in(word, length, "ches") || ends_in(word, length, "shes") || ends_in(word, length, "uses"))
		length -= 2;
	else if (ends_in(word, length, "s") && !ends_in(word, length, "ss") && !ends_in(word, length, "us") &&
			 !ends_in(word, length, "is"))
		length--;
	word[length] = '\0';
	return word;
}

/* What a word and its plural have in common: "houses" may be of "house" or "hous", "movies" of "movie" or "movy". */
static char *
stem_of(const char *word)
{
	char	   *stem = pvext_singular(word);
	size_t		length = strlen(stem);

	if (length > 3 && stem[length - 1] == 'e')
		stem[--length] = '\0';
	if (length > 1 && stem[length - 1] == 'y')
		stem[length - 1] = 'i';
	return stem;
}

/* Words from one to another (exclusive), joined by "_"; the last with an ending, and as its stem. */
static char *
join_words(const PvextWords *words, int from, int to, const char *ending)
{
	StringInfoData joined;

	initStringInfo(&joined);
	for (int i = from; i < to - 1; i++)
		appendStringInfo(&joined, "%s_", words->word[i]);
	appendStringInfoString(&joined, stem_of(psprintf("%s%s", words->word[to - 1], ending)));
	return joined.data;
}

/* The stem of words from one to another (exclusive). */
char *
pvext_stem(const PvextWords *words, int from, int to)
{
	return join_words(words, from, to, "");
}

/* The stems that a table may have of which one row is called so. */
List *
pvext_stems(const PvextWords *words, int from, int to)
{
	List	   *stems = list_make1(pvext_stem(words, from, to));

	for (int i = 0; i < lengthof(endings); i++)
		stems = lappend(stems, join_words(words, from, to, endings[i]));
	return stems;
}

/* Is the word in a list, whose words are separated by blanks? */
bool
pvext_is_word_of(const char *word, const char *list)
{
	size_t		length = strlen(word);

	while (*list)
	{
		size_t		n = strcspn(list, " ");

		if (n == length && strncmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

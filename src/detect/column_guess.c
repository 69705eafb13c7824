/*
 * column_guess.c
 *		What is proposed for a column: by its name, its type and its values.
 *
 * Text of which nothing is known is proposed as personal: it costs a value, the other way
 * would leave a person's.  What types say stands above names: bytes, documents, indexes
 * of words and places are never passed over.  Where a guess could take what somebody
 * needs, or what is about somebody else, it says why a person has to decide.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "base/catalog.h"
#include "base/spi.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "detect/column_guess.h"
#include "detect/name_guess.h"
#include "detect/name_stem.h"
#include "detect/table_guess.h"
#include "detect/value_guess.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Words for persons, by which a list of numbers may be one of their keys. */
static const char persons[] =
"user users person persons member members participant participants customer customers client clients"
" employee employees owner owners author authors recipient recipients contact contacts bruker brukere kunde kunder medlem medlemmer";

/* Words for where on the earth, beside coordinates. */
#define BESIDE_COORDINATES "tile altitude elevation ele alt heading bearing *accuracy"

/* Words for parts of an address, beside others of it. */
#define BESIDE_ADDRESS "state country countrycode country_code stat land pays pais provins"

/* What is being guessed. */
typedef struct Guessing
{
	Oid			relid;
	List	   *sample;
	List	   *columns;		/* C strings: all of the table's */
	List	   *referring;		/* C strings: those of foreign keys */
	bool		persons;		/* its rows are persons, or addresses of persons */
	bool		addresses;		/* of mail or telephones */
	bool		located;		/* it has coordinates */
	bool		settled;		/* it has a street, or what else is of an address */
} Guessing;

/* Set what is proposed. */
static void
set_guess(PvextColumnGuess *guess, const char *category, const char *erase_with, char *doubt)
{
	guess->category = category;
	guess->erase_with = erase_with;
	guess->doubt = doubt;
}

/* A document: what is known of its members is proposed to go, else all of it. */
static void
guess_document(Guessing *g, PvextColumnGuess *guess)
{
	List	   *paths = pvext_personal_paths(g->relid, guess->column);
	StringInfoData parameter;
	ListCell   *lc;

	set_guess(guess, "document", NULL,
			  "a document: all of it goes, or with erase_with => 'remove_paths' some of its paths (redact is for text)");
	if (paths == NIL)
		return;
	initStringInfo(&parameter);
	foreach(lc, paths)
		appendStringInfo(&parameter, "%s{%s}", parameter.len > 0 ? " " : "", (char *) lfirst(lc));
	guess->erase_with = "remove_paths";
	guess->parameter = parameter.data;
	guess->doubt = "a document: these paths look personal, and there may be others. Without erase_with and parameter all of it goes";
}

/* Has the table a trigger, not pvext's, of a function whose name is like the pattern? */
static bool
has_trigger(Oid relid, const char *pattern)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, relid);
	pvext_arg_text(&args, pattern);
	return pvext_own("SELECT FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE t.tgrelid = $1"
					 " AND NOT t.tgisinternal AND p.pronamespace <> CAST('pv' AS regnamespace) AND p.proname LIKE $2", &args) > 0;
}

/* An index of words: the server's own trigger writes them anew, another may. */
static void
guess_index(Guessing *g, PvextColumnGuess *guess)
{
	if (has_trigger(g->relid, "tsvector\\_update\\_trigger%"))
		set_guess(guess, "search index", "derived", NULL);
	else
		set_guess(guess, "search index", NULL, has_trigger(g->relid, "%") ?
				  "words of other columns: does a trigger write them? If so, declare it with erase_with => 'derived'" : NULL);
}

/* Are bytes of such a name a secret rather than a file? */
static bool
is_secret_bytes(Guessing *g, const char *column)
{
	return pvext_says_secret(column) || (g->persons && pvext_name_says(column, "hash *digest key"));
}

/* What the type alone says; false where it says nothing. */
static bool
guess_by_type(Guessing *g, PvextColumnGuess *guess, Oid type)
{
	Oid			base = getBaseType(type);
	char		letter = pvext_type_letter(type);
	char	   *name = format_type_be(base);

	if (letter == 'J')
		guess_document(g, guess);
	else if (base == TSVECTOROID)
		guess_index(g, guess);
	else if (base == BYTEAOID)
		set_guess(guess, is_secret_bytes(g, guess->column) ? "credential" : "document", NULL, NULL);
	else if (letter == 'I' || base == MACADDROID || base == MACADDR8OID)
		set_guess(guess, "technical", NULL, NULL);
	else if (letter == 'G' || strstr(name, "geometry") || strstr(name, "geography"))
		set_guess(guess, "location", NULL, NULL);
	else if (base == OIDOID)
		set_guess(guess, "document", NULL, "a large object, or an object's number? What a large object holds is not erased with its number");
	else if (letter == 'C' || (letter == 'U' && base != UUIDOID))
		set_guess(guess, "other", NULL, psprintf("what is in a value of type %s?", name));
	else
		return false;
	return true;
}

/* Are most of the values so? */
static bool
are_most(int n, PvextContent *content)
{
	return n * 2 > content->values;
}

/* What most values of a text show beyond doubt, whatever it is called; false where they show nothing. */
static bool
guess_by_form(PvextColumnGuess *guess, PvextContent *content)
{
	if (content == NULL || content->values == 0)
		return false;
	if (are_most(content->secrets, content))
		set_guess(guess, "credential", NULL, NULL);
	else if (are_most(content->emails, content) || are_most(content->phones, content))
		set_guess(guess, "identifying", NULL, NULL);
	else
		return false;
	return true;
}

/* What the values of a text show; false where they show nothing. */
static bool
guess_by_content(Guessing *g, PvextColumnGuess *guess, PvextContent *content)
{
	if (content == NULL || content->values == 0)
		return false;
	if (are_most(content->addresses, content))
		set_guess(guess, "technical", NULL, NULL);
	else if (are_most(content->prose, content))
		set_guess(guess, "free text", "redact", NULL);
	else if (are_most(content->names, content) && content->distinct * 2 > content->values)
	{
		set_guess(guess, g->persons ? "identifying" : "other", NULL, NULL);
		guess->telling = true;
	}
	else if (content->values >= 20 && content->distinct * 4 <= content->values && content->longest <= 40)
		set_guess(guess, NULL, NULL, NULL);
	else
		return false;
	return true;
}

/* Text whose name is that of a code, as why says. */
static void
guess_code(PvextColumnGuess *guess, PvextContent *content, const char *why)
{
	bool		varied = content && content->values >= 3 && content->distinct == content->values;

	set_guess(guess, varied ? "other" : NULL, NULL,
			  varied ? psprintf("%s, but no two rows have the same", why) : NULL);
}

/* Words for keys of values, and for the values. */
#define KEYS "k key name attribute property setting option param parameter variable var"
#define VALUES "v value val values"

/* Is the column, whose last word is one of some words, with another that begins alike and whose last is one of others? */
static bool
is_in_pair(Guessing *g, const char *column, const char *ends, const char *others)
{
	char	   *plain = pvext_plain_name(column);
	char	   *last = strrchr(plain, '_');
	size_t		length;
	ListCell   *lc;

	last = last ? last + 1 : plain;
	length = last - plain;
	if (!pvext_is_word_of(last, ends))
		return false;
	foreach(lc, g->columns)
	{
		char	   *other = pvext_plain_name(lfirst(lc));

		if (strlen(other) > length && strncmp(other, plain, length) == 0 && pvext_is_word_of(other + length, others))
			return true;
	}
	return false;
}

/* May the column not be NULL? */
static bool
is_needed(Oid relid, const char *column)
{
	HeapTuple	tuple = SearchSysCacheAttName(relid, column);
	bool		needed = HeapTupleIsValid(tuple) && ((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return needed;
}

/* A text that refers to another table; where it may not be NULL it can become nothing but what is there. */
static void
guess_reference(Guessing *g, PvextColumnGuess *guess, PvextContent *content)
{
	if (is_needed(g->relid, guess->column))
		set_guess(guess, NULL, NULL, NULL);
	else
		guess_code(guess, content, "a reference to another table");
}

/* What is known of a text by what its table is; false where that is nothing. */
static bool
guess_by_table(Guessing *g, PvextColumnGuess *guess, PvextContent *content)
{
	if (!g->persons && is_in_pair(g, guess->column, KEYS, VALUES))
		guess_code(guess, content, "named as the key of a value");
	else if (pvext_has_name(g->referring, guess->column))
		guess_reference(g, guess, content);
	else if (g->settled && pvext_name_says(guess->column, BESIDE_ADDRESS))
		set_guess(guess, "address", NULL, NULL);
	else if (g->addresses && pvext_name_says(guess->column, "*address *adress addr number value val nummer adresse"))
		set_guess(guess, "identifying", NULL, NULL);
	else if (g->located && pvext_ends_in(pvext_plain_name(guess->column), BESIDE_COORDINATES))
		set_guess(guess, "location", NULL, NULL);
	else if (pvext_name_says(guess->column, "hash *digest") && !pvext_says_secret(guess->column))
		set_guess(guess, g->persons ? "credential" : "other", NULL, NULL);
	else
		return false;
	return true;
}

/* What the name says, of which things have names, too, and accounts of a chart have numbers. */
static bool
guess_by_name(Guessing *g, PvextColumnGuess *guess)
{
	PvextGuess	named;

	if (!pvext_guess_column(g->relid, guess->column, &named))
		return false;
	if (named.is_name && !named.of_person && !g->persons)
		named.category = "other";
	if (strcmp(named.category, "financial") == 0 && pvext_is_chart(g->relid))
		return false;
	set_guess(guess, named.category, named.erase_with, NULL);
	return true;
}

/* Text: by its values and its table, then by its name. */
static void
guess_text(Guessing *g, PvextColumnGuess *guess)
{
	PvextContent *content = pvext_content_of(g->sample, guess->column);

	if (!guess_by_form(guess, content) && !guess_by_table(g, guess, content))
	{
		if (pvext_says_code(guess->column))
			guess_code(guess, content, "named as one of a few codes");
		else if (!guess_by_name(g, guess) && !guess_by_content(g, guess, content))
			set_guess(guess, "other", NULL, NULL);
	}
	if (guess->category && !g->persons && !guess->doubt &&
		pvext_says_acted(list_make1(guess->column), InvalidOid) &&
		!pvext_name_says(guess->column, "*useragent *user_agent"))
		set_guess(guess, guess->category, "redact", "it names who acted, who may be another than whose the row is: redact takes it where it is the same");
}

/* Is it something that persons have and things have not? */
static bool
is_telling(Guessing *g, PvextColumnGuess *guess)
{
	static const char *const kinds[] = {"identifying", "birth", "financial", "address", "special", "technical", "credential", "location"};
	PvextGuess	named;

	if (guess->category == NULL ||
		(pvext_guess_column(g->relid, guess->column, &named) && named.is_name && !named.of_person))
		return false;
	for (int i = 0; i < lengthof(kinds); i++)
		if (strcmp(guess->category, kinds[i]) == 0)
			return true;
	return false;
}

/* Propose something for one column. */
static void
guess_column(Guessing *g, PvextColumnGuess *guess)
{
	char	   *column = guess->column;
	Oid			type;

	(void) pvext_column(g->relid, column, &type, NULL);
	if (guess_by_type(g, guess, type))
		return;
	if (pvext_type_letter(type) == 'S')
		guess_text(g, guess);
	else if (guess_by_name(g, guess))
		return;
	else if (g->located && pvext_type_letter(type) == 'N' && pvext_ends_in(pvext_plain_name(column), BESIDE_COORDINATES))
		set_guess(guess, "location", NULL, NULL);
	else if (OidIsValid(get_element_type(getBaseType(type))) && pvext_name_says(column, persons))
		set_guess(guess, "other", NULL, "does it hold keys of persons? A link by expression can say whose the row is by them");
}

/* Has the table a column whose name alone is guessed to be of the category? */
static bool
has_category(Guessing *g, const char *category)
{
	ListCell   *lc;

	foreach(lc, g->columns)
	{
		PvextGuess	named;

		if (pvext_guess_column(g->relid, lfirst(lc), &named) && strcmp(named.category, category) == 0)
			return true;
	}
	return false;
}

/* What the table is, for all of its columns. */
static void
look_at_table(Guessing *g, bool is_subject)
{
	g->columns = pvext_columns(g->relid);
	g->referring = pvext_referring_columns(g->relid);
	g->addresses = pvext_name_says(get_rel_name(g->relid), "*mail *mails *phone *phones *telefon *epost fax");
	g->persons = is_subject || pvext_is_of_persons(g->relid) || g->addresses;
	g->located = has_category(g, "location");
	g->settled = has_category(g, "address");
}

/*
 * What is proposed for columns of a table, in their order, as PvextColumnGuesses.  Reads
 * some rows.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_guess_columns(Oid relid, List *columns, bool is_subject)
{
	Guessing	g = {relid};
	List	   *texts = NIL;
	List	   *guesses = NIL;
	ListCell   *lc;

	look_at_table(&g, is_subject);
	foreach(lc, columns)
	{
		Oid			type;

		(void) pvext_column(relid, lfirst(lc), &type, NULL);
		if (pvext_type_letter(type) == 'S')
			texts = lappend(texts, lfirst(lc));
	}
	g.sample = pvext_sample(relid, texts);
	foreach(lc, columns)
	{
		PvextColumnGuess *guess = palloc0(sizeof(PvextColumnGuess));

		guess->column = lfirst(lc);
		guess_column(&g, guess);
		guess->telling = guess->telling || is_telling(&g, guess);
		guess->of_key = is_in_pair(&g, guess->column, VALUES, KEYS);
		guesses = lappend(guesses, guess);
	}
	return guesses;
}

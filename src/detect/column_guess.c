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

#include "base/catalog.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/column_guess.h"
#include "detect/name_guess.h"
#include "detect/value_guess.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Words for persons, by which a list of numbers may be one of their keys. */
static const char persons[] =
"user users person persons member members participant participants customer customers client clients"
" employee employees owner owners author authors recipient recipients contact contacts bruker brukere kunde kunder medlem medlemmer";

/* What is being guessed. */
typedef struct Guessing
{
	Oid			relid;
	bool		is_subject;
	List	   *sample;
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

/* Has the table a trigger that is not pvext's? */
static bool
has_trigger(Oid relid)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, relid);
	return pvext_own("SELECT FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE t.tgrelid = $1"
					 " AND NOT t.tgisinternal AND p.pronamespace <> CAST('pv' AS regnamespace)", &args) > 0;
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
		set_guess(guess, "search index", NULL, has_trigger(g->relid) ?
				  "words of other columns: does a trigger write them? Then it does so again once these have been erased" : NULL);
	else if (base == BYTEAOID)
		set_guess(guess, pvext_says_personal(guess->column) && pvext_name_says(guess->column, "*passw hash salt *token *secret *digest *key") ?
				  "credential" : "document", NULL, NULL);
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

/* What the values of a text show; false where they show nothing. */
static bool
guess_by_content(PvextColumnGuess *guess, PvextContent *content)
{
	if (content == NULL || content->values == 0)
		return false;
	if (are_most(content->emails, content) || are_most(content->phones, content))
		set_guess(guess, "identifying", NULL, NULL);
	else if (are_most(content->addresses, content))
		set_guess(guess, "technical", NULL, NULL);
	else if (are_most(content->prose, content))
		set_guess(guess, "free text", "redact", NULL);
	else if (are_most(content->names, content) && content->distinct * 2 > content->values)
		set_guess(guess, "identifying", NULL, NULL);
	else if (content->values >= 20 && content->distinct * 4 <= content->values && content->longest <= 40)
		set_guess(guess, NULL, NULL, NULL);
	else
		return false;
	return true;
}

/* Text whose name is that of a code. */
static void
guess_code(PvextColumnGuess *guess, PvextContent *content)
{
	bool		varied = content && content->values >= 3 && content->distinct == content->values;

	set_guess(guess, varied ? "other" : NULL, NULL,
			  varied ? "by its name one of a few codes, but no two rows have the same" : NULL);
}

/* Text: by its name, then by its values. */
static void
guess_text(Guessing *g, PvextColumnGuess *guess)
{
	PvextContent *content = pvext_content_of(g->sample, guess->column);
	PvextGuess	named;

	if (pvext_says_code(guess->column))
		guess_code(guess, content);
	else if (pvext_guess_column(g->relid, guess->column, &named))
		set_guess(guess, named.category, named.erase_with, NULL);
	else if (!guess_by_content(guess, content))
		set_guess(guess, "other", NULL, NULL);
	if (guess->category && !g->is_subject && !guess->doubt &&
		pvext_says_acted(list_make1(guess->column), InvalidOid) &&
		!pvext_name_says(guess->column, "*useragent *user_agent"))
		guess->doubt = "it names who acted, who may be another than whose the row is";
}

/* Is it something that persons have and things have not? */
static bool
is_telling(Guessing *g, PvextColumnGuess *guess)
{
	static const char *const kinds[] = {"identifying", "birth", "financial", "address", "special", "technical", "credential"};
	PvextGuess	named;

	if (guess->category == NULL ||
		(pvext_guess_column(g->relid, guess->column, &named) && named.is_name))
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
	PvextGuess	named;
	Oid			type;

	(void) pvext_column(g->relid, column, &type, NULL);
	if (guess_by_type(g, guess, type))
		return;
	if (pvext_type_letter(type) == 'S')
		guess_text(g, guess);
	else if (pvext_guess_column(g->relid, column, &named))
		set_guess(guess, named.category, named.erase_with, NULL);
	else if (OidIsValid(get_element_type(getBaseType(type))) && pvext_name_says(column, persons))
		set_guess(guess, "other", NULL, "does it hold keys of persons? A link by expression can say whose the row is by them");
}

/*
 * What is proposed for columns of a table, in their order, as PvextColumnGuesses.  Reads
 * some rows.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_guess_columns(Oid relid, List *columns, bool is_subject)
{
	Guessing	g = {relid, is_subject, NIL};
	List	   *texts = NIL;
	List	   *guesses = NIL;
	ListCell   *lc;

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
		guess->telling = is_telling(&g, guess);
		guesses = lappend(guesses, guess);
	}
	return guesses;
}

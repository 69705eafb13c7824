/*
 * person_text.c
 *		Taking many persons' values out of texts, of each text those of whom it is about.
 *
 * A statement that rewrites the texts of many persons at once says of each text whose it is,
 * by their keys.  Of these, and of nobody else, the values are looked for: one after the
 * other in the order of the persons, as if each had a statement of his own, so that what the
 * first has left is what the next is looked for in.
 *
 * Between two persons the text is spelled as its column would have it.  Who is known not to
 * be in a text is not looked for, nor in what the text becomes when somebody else is taken
 * out.
 *
 * The functions are whoever's, as a table's owner runs them, but texts of a run that is under
 * way have a number that nobody can guess, and that the statements alone are given.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/digest.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "text/person_text.h"
#include "text/search_term.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(pvext_redact_of);
PG_FUNCTION_INFO_V1(pvext_holds_of);

/* So many persons' matchers are kept: the rows of one stand near one another. */
#define KEPT_MATCHERS 64

typedef struct Person
{
	const char *key;
	List	   *values;			/* C strings */
	bool		whole;			/* they cannot be looked for: texts go; once it is checked */
	bool		checked;
	PvextMatcher *matcher;		/* or NULL: none yet */
	MemoryContext made_in;
} Person;

struct PvextPersons
{
	MemoryContext context;
	int			n;
	Person	   *persons;
	int		   *by_key;			/* their numbers, in the order of the keys */
	int			kept[KEPT_MATCHERS];	/* of those that have a matcher; -1: free */
	int			next;			/* which of these is next */
};

struct PvextPersonTexts
{
	PvextPersons *persons;
	PvextTextKind kind;
	Oid			type;			/* of the column, below domains */
	List	  **known;			/* by the number of the person: digests; NULL: nobody knows any */
	int64		number;
	PvextPersonTexts *next;		/* of those that live */
};

/* All that live. */
static PvextPersonTexts *living = NULL;

/* Room for n persons.  In the current context, as all that is added to them. */
PvextPersons *
pvext_make_persons(int n)
{
	PvextPersons *persons = palloc0(sizeof(PvextPersons));

	persons->context = CurrentMemoryContext;
	persons->persons = palloc0(sizeof(Person) * Max(n, 1));
	for (int i = 0; i < KEPT_MATCHERS; i++)
		persons->kept[i] = -1;
	return persons;
}

/* One more, whose number is how many there were. */
void
pvext_add_person(PvextPersons *persons, const char *key)
{
	persons->persons[persons->n++].key = pstrdup(key);
}

/* Let the person of number n be looked for by a value, which lives as long. */
void
pvext_add_value(PvextPersons *persons, int n, char *value)
{
	persons->persons[n].values = lappend(persons->persons[n].values, value);
}

/* By their keys. */
static int
compare_persons(const void *a, const void *b, void *arg)
{
	Person	   *persons = arg;

	return strcmp(persons[*(const int *) a].key, persons[*(const int *) b].key);
}

/* All persons and values are there; with whole, whole texts go. */
void
pvext_finish_persons(PvextPersons *persons, bool whole)
{
	persons->by_key = palloc(sizeof(int) * Max(persons->n, 1));
	for (int i = 0; i < persons->n; i++)
	{
		persons->by_key[i] = i;
		persons->persons[i].whole = persons->persons[i].checked = whole;
	}
	qsort_arg(persons->by_key, persons->n, sizeof(int), compare_persons, persons->persons);
}

/* Texts' context goes. */
static void
bury(void *arg)
{
	for (PvextPersonTexts **at = &living; *at; at = &(*at)->next)
		if (*at == arg)
		{
			*at = (*at)->next;
			return;
		}
}

/* The texts of a column of that type, below domains.  In the current context, which is that of the persons. */
PvextPersonTexts *
pvext_make_person_texts(PvextPersons *persons, const PvextTextKind *kind, Oid type)
{
	PvextPersonTexts *texts = palloc0(sizeof(PvextPersonTexts));
	MemoryContextCallback *gone = palloc0(sizeof(MemoryContextCallback));

	texts->persons = persons;
	texts->kind = *kind;
	texts->type = type;
	if (!pg_strong_random(&texts->number, sizeof(texts->number)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not make a random number")));
	texts->next = living;
	living = texts;
	gone->func = bury;
	gone->arg = texts;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, gone);
	return texts;
}

/* The number by which statements are told of them. */
int64
pvext_texts_number(PvextPersonTexts *texts)
{
	return texts->number;
}

/* The person of number n is known not to be in the text of the digest. */
void
pvext_know_text(PvextPersonTexts *texts, int n, bytea *digest)
{
	MemoryContext old = MemoryContextSwitchTo(texts->persons->context);

	if (texts->known == NULL)
		texts->known = palloc0(sizeof(List *) * texts->persons->n);
	texts->known[n] = lappend(texts->known[n], DatumGetByteaPCopy(PointerGetDatum(digest)));
	MemoryContextSwitchTo(old);
}

/* Is he?  digest is NULL where nobody knows any. */
static bool
is_known(PvextPersonTexts *texts, int n, const bytea *digest)
{
	ListCell   *lc;

	foreach(lc, digest ? texts->known[n] : NIL)
		if (pvext_same_digest(lfirst(lc), digest))
			return true;
	return false;
}

/* The number of a person, -1 of who is none of them. */
static int
number_of(PvextPersons *persons, const char *key)
{
	int			low = 0;
	int			high = persons->n;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = strcmp(persons->persons[persons->by_key[middle]].key, key);

		if (order == 0)
			return persons->by_key[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* By their numbers. */
static int
compare_numbers(const void *a, const void *b)
{
	int			left = *(const int *) a;
	int			right = *(const int *) b;

	return left < right ? -1 : left > right;
}

/* The numbers of those whose keys are in an array, in order, each once; *n of them. */
static int *
numbers_of(PvextPersons *persons, ArrayType *keys, int *n)
{
	Datum	   *values;
	bool	   *nulls;
	int			all;
	int		   *numbers;
	int			found = 0;

	deconstruct_array(keys, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &all);
	numbers = palloc(sizeof(int) * Max(all, 1));
	for (int i = 0; i < all; i++)
	{
		int			number = nulls[i] ? -1 : number_of(persons, TextDatumGetCString(values[i]));

		if (number >= 0)
			numbers[found++] = number;
	}
	qsort(numbers, found, sizeof(int), compare_numbers);
	*n = 0;
	for (int i = 0; i < found; i++)
		if (*n == 0 || numbers[*n - 1] != numbers[i])
			numbers[(*n)++] = numbers[i];
	return numbers;
}

/* Forget the matcher that has been kept longest, for that of the person of number n. */
static void
make_room(PvextPersons *persons, int n)
{
	int			old = persons->kept[persons->next];

	if (old >= 0)
	{
		MemoryContextDelete(persons->persons[old].made_in);
		persons->persons[old].made_in = NULL;
		persons->persons[old].matcher = NULL;
	}
	persons->kept[persons->next] = n;
	persons->next = (persons->next + 1) % KEPT_MATCHERS;
}

/* Do whole texts go, since what a person is called cannot be looked for? */
static bool
is_whole(PvextPersons *persons, int n)
{
	Person	   *person = &persons->persons[n];

	if (!person->checked)
	{
		person->whole = !pvext_can_phrase(person->values);
		person->checked = true;
	}
	return person->whole;
}

/* What a person is looked for by; NULL: by nothing. */
static PvextMatcher *
matcher_of(PvextPersons *persons, int n)
{
	Person	   *person = &persons->persons[n];
	MemoryContext context;
	MemoryContext old;
	PvextMatcher *matcher;

	if (is_whole(persons, n) || person->values == NIL)
		return NULL;
	if (person->matcher == NULL)
	{
		context = AllocSetContextCreate(persons->context, "pvext matcher", ALLOCSET_SMALL_SIZES);
		old = MemoryContextSwitchTo(context);
		matcher = pvext_make_matcher(person->values);
		MemoryContextSwitchTo(old);
		make_room(persons, n);
		person->made_in = context;
		person->matcher = matcher;
	}
	return pvext_matches_nothing(person->matcher) ? NULL : person->matcher;
}

/* The digest of a text, where somebody may know it. */
static bytea *
digest_of(PvextPersonTexts *texts, const char *text, size_t len)
{
	return texts->known ? pvext_sha256(text, len) : NULL;
}

/* Is a person in a text of that digest? */
static bool
is_in(PvextPersonTexts *texts, int n, const char *text, size_t len, const bytea *digest)
{
	return !is_known(texts, n, digest) &&
		pvext_text_holds(&texts->kind, matcher_of(texts->persons, n), is_whole(texts->persons, n), text, len);
}

/*
 * Spell a text as a column of the type has it once it has been stored: the next person is
 * looked for in what would have been read then.
 */
static char *
as_stored(PvextPersonTexts *texts, char *text, size_t *len)
{
	if (texts->type == JSONBOID)
	{
		Datum		document = DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(text, *len)));

		text = DatumGetCString(DirectFunctionCall1(jsonb_out, document));
		*len = strlen(text);
	}
	else if (texts->type == BPCHAROID)
		*len = bpchartruelen(text, *len);
	return text;
}

/* A text has become another: who was known not to be in it is not in that. */
static void
follow(PvextPersonTexts *texts, const int *numbers, int n, const bytea *before, bytea *after)
{
	for (int i = 0; i < n; i++)
		if (is_known(texts, numbers[i], before) && !is_known(texts, numbers[i], after))
			pvext_know_text(texts, numbers[i], after);
}

/* The texts that a call is about. */
static PvextPersonTexts *
texts_of(FunctionCallInfo fcinfo)
{
	for (PvextPersonTexts *texts = living; texts && !PG_ARGISNULL(1); texts = texts->next)
		if (texts->number == PG_GETARG_INT64(1))
			return texts;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("nobody is being erased who has texts of that number"),
			 errhint("The function is for pvext's own statements.")));
}

/* pv.redact_of(document, texts, keys) */
Datum
pvext_redact_of(PG_FUNCTION_ARGS)
{
	PvextPersonTexts *texts = texts_of(fcinfo);
	text	   *document;
	const char *now;
	size_t		len;
	bytea	   *digest;
	int		   *numbers;
	int			n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	document = PG_GETARG_TEXT_PP(0);
	now = VARDATA_ANY(document);
	len = VARSIZE_ANY_EXHDR(document);
	numbers = numbers_of(texts->persons, PG_GETARG_ARRAYTYPE_P(2), &n);
	digest = digest_of(texts, now, len);
	for (int i = 0; i < n; i++)
	{
		bytea	   *after;
		char	   *rest;
		size_t		left;

		if (!is_in(texts, numbers[i], now, len, digest))
			continue;
		rest = pvext_text_without(&texts->kind, matcher_of(texts->persons, numbers[i]),
								  is_whole(texts->persons, numbers[i]), now, len, &left);
		if (rest == NULL)
			continue;
		rest = as_stored(texts, rest, &left);
		after = digest_of(texts, rest, left);
		if (after)
			follow(texts, numbers, n, digest, after);
		now = rest;
		len = left;
		digest = after;
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(now, len));
}

/* pv.holds_of(document, texts, keys) */
Datum
pvext_holds_of(PG_FUNCTION_ARGS)
{
	PvextPersonTexts *texts = texts_of(fcinfo);
	text	   *document;
	bytea	   *digest;
	int		   *numbers;
	int			n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_BOOL(false);
	document = PG_GETARG_TEXT_PP(0);
	numbers = numbers_of(texts->persons, PG_GETARG_ARRAYTYPE_P(2), &n);
	digest = digest_of(texts, VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document));
	for (int i = 0; i < n; i++)
		if (is_in(texts, numbers[i], VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document), digest))
			PG_RETURN_BOOL(true);
	PG_RETURN_BOOL(false);
}

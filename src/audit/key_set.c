/*
 * key_set.c
 *		Values by which rows of the audit log are known to be somebody's.
 *
 * In the log values of many types and times meet: those of a column before it
 * got another type, those of a key and of the columns that refer to it.  They are
 * compared as texts, which are made such that equal values have equal texts: a
 * numeric without trailing zeroes, a char(n) without trailing blanks.  Where
 * the column's own equality makes no difference between two spellings, as citext's
 * and that of a nondeterministic collation, this makes none.  No operator of
 * anybody's is called.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/transam.h"
#include "audit/key_set.h"
#include "base/catalog.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

/* More digits than this before the point, or as many after it, are not compared as a number. */
#define LONGEST_NUMBER 10000

/*
 * Comparable texts
 */

/* Cut off blanks at the end, in place. */
static char *
without_blanks(char *text)
{
	size_t		length = strlen(text);

	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
	return text;
}

/* The text of a value that is not NULL. */
char *
pvext_comparable_text(Oid type, Datum value)
{
	Oid			output;
	bool		varlena;

	if (type == NUMERICOID)
		return numeric_normalize(DatumGetNumeric(value));
	getTypeOutputInfo(type, &output, &varlena);
	return pvext_comparable(type, OidOutputFunctionCall(output, value));
}

/* Can it be nothing but a number?  Anybody may have written it. */
static bool
is_number(const char *text)
{
	const char *digits = text + (text[0] == '-');
	size_t		n = strspn(digits, "0123456789");

	if (n == 0 || n > LONGEST_NUMBER)
		return false;
	digits += n;
	if (digits[0] == '.')
		digits += 1 + strspn(digits + 1, "0123456789");
	return digits[0] == '\0' && digits - text < 2 * LONGEST_NUMBER;
}

/* The text of a value whose output, by its type, is another. */
char *
pvext_comparable(Oid type, char *text)
{
	if (type == NUMERICOID && is_number(text))
		return numeric_normalize(DatumGetNumeric(DirectFunctionCall3(numeric_in,
																	 CStringGetDatum(text),
																	 ObjectIdGetDatum(InvalidOid),
																	 Int32GetDatum(-1))));
	return type == BPCHAROID ? without_blanks(text) : text;
}

/* The same, of a column. */
char *
pvext_comparable_column(Oid relid, const char *column, char *text)
{
	Oid			type;

	(void) pvext_column(relid, column, &type, NULL);
	return text ? pvext_comparable(getBaseType(type), text) : NULL;
}

/* What a column's equality makes no difference of. */
static void
init_spelling(PvextSpelling *spelling, Oid relid, const char *column)
{
	Oid			collation = pvext_column_collation(relid, column);
	Oid			type;
	char		category;
	bool		preferred;

	(void) pvext_column(relid, column, &type, NULL);
	type = getBaseType(type);
	get_type_category_preferred(type, &category, &preferred);
	spelling->blanks = type == BPCHAROID;
	spelling->letters = type >= FirstNormalObjectId && category == TYPCATEGORY_STRING;	/* citext */
	if (OidIsValid(collation) && !spelling->letters && !get_collation_isdeterministic(collation))
		spelling->collation = collation;
}

/*
 * The same text for all that a nondeterministic collation calls equal: a hash of what
 * it sorts by, twice 64 bits.
 */
static char *
sort_key(Oid collation, const char *text)
{
	Datum		datum = CStringGetTextDatum(text);
	uint64		parts[2];

	for (int i = 0; i < 2; i++)
		parts[i] = DatumGetUInt64(DirectFunctionCall2Coll(hashtextextended, collation, datum,
														  Int64GetDatum((int64) i)));
	return psprintf("%016llx%016llx", (unsigned long long) parts[0], (unsigned long long) parts[1]);
}

/*
 * The text in the one spelling of all that the column's equality makes no difference of.
 */
static char *
spell(const PvextSpelling *spelling, char *text)
{
	if (spelling->blanks)
		text = without_blanks(pstrdup(text));
	if (spelling->letters)
		text = str_tolower(text, strlen(text), DEFAULT_COLLATION_OID);
	return OidIsValid(spelling->collation) ? sort_key(spelling->collation, text) : text;
}

/*
 * What is known
 */

/* Keys of the table are pointers to texts. */
static uint32
hash_text(const void *key, Size size)
{
	const char *text = *(char *const *) key;

	return hash_bytes((const unsigned char *) text, (int) strlen(text));
}

/* Likewise; 0 for equal ones. */
static int
compare_texts(const void *a, const void *b, Size size)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * Nothing is known yet of a table's columns; tuples of others' will be compared as these
 * are, by their equality.  In the current context.
 */
PvextKeySet *
pvext_make_key_set(Oid relid, List *columns)
{
	PvextKeySet *known = palloc0(sizeof(PvextKeySet));
	HASHCTL		ctl = {0};

	known->columns = columns;
	known->spellings = palloc0(sizeof(PvextSpelling) * Max(list_length(columns), 1));
	known->exact = true;
	for (int i = 0; i < list_length(columns); i++)
	{
		PvextSpelling *spelling = &known->spellings[i];

		init_spelling(spelling, relid, list_nth(columns, i));
		known->exact = known->exact && !spelling->blanks && !spelling->letters &&
			!OidIsValid(spelling->collation);
	}
	known->context = CurrentMemoryContext;
	ctl.keysize = ctl.entrysize = sizeof(char *);
	ctl.hash = hash_text;
	ctl.match = compare_texts;
	ctl.hcxt = CurrentMemoryContext;
	known->tuples = hash_create("pvext known", 32, &ctl,
								HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return known;
}

/* Of a set that has nothing yet: no column makes a difference between cases of letters. */
void
pvext_ignore_case(PvextKeySet *known)
{
	known->ignore_case = true;
	known->exact = false;
	for (int i = 0; i < list_length(known->columns); i++)
		known->spellings[i].letters = true;
}

/* The texts as one, such that different tuples stay different; NULL where one is. */
static char *
join(PvextKeySet *known, char **texts)
{
	int			n = list_length(known->columns);
	StringInfoData buf;

	for (int i = 0; i < n; i++)
		if (texts[i] == NULL)
			return NULL;
	if (n == 1 && known->exact)
		return texts[0];
	initStringInfo(&buf);
	for (int i = 0; i < n; i++)
	{
		char	   *text = spell(&known->spellings[i], texts[i]);

		appendStringInfo(&buf, "%zu:%s", strlen(text), text);
	}
	return buf.data;
}

/* Add a text; false where it is there. */
static bool
learn(PvextKeySet *known, char *text)
{
	char	  **entry;
	bool		found;

	entry = hash_search(known->tuples, &text, HASH_ENTER, &found);
	if (!found)
		*entry = MemoryContextStrdup(known->context, text);
	return !found;
}

/* Add a tuple, a text for each column; false where it is known, or has a NULL. */
bool
pvext_add_to_key_set(PvextKeySet *known, char **texts)
{
	char	   *text = join(known, texts);

	return text && learn(known, text);
}

/* Add all that is known of the same columns elsewhere. */
void
pvext_add_key_set(PvextKeySet *known, PvextKeySet *other)
{
	HASH_SEQ_STATUS status;
	char	  **entry;

	hash_seq_init(&status, other->tuples);
	while ((entry = hash_seq_search(&status)) != NULL)
		(void) learn(known, *entry);
}

/* Has the tuple been added?  No tuple with a NULL has. */
bool
pvext_is_in_key_set(PvextKeySet *known, char **texts)
{
	char	   *text = join(known, texts);

	return text && hash_search(known->tuples, &text, HASH_FIND, NULL) != NULL;
}

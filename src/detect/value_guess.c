/*
 * value_guess.c
 *		What some rows show that columns hold.
 *
 * A few hundred rows are read as the table's owner (of none with a child of another owner,
 * whose code would run with that one's rights), and each value is looked at: an
 * e-mail address, a telephone number, a person's name, prose?  Only counts come out of
 * here, and of a document the names of members that say something; no value does.
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>

#include "base/catalog.h"
#include "base/catch.h"
#include "base/result.h"
#include "base/spi.h"
#include "detect/name_guess.h"
#include "detect/value_guess.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

/* How many rows are looked at, and how much of a value. */
#define ROWS "300"
#define LENGTH "200"

/* Does it look like an e-mail address, alone? */
static bool
is_email(const char *value)
{
	const char *at = strchr(value, '@');

	return at != NULL && at > value && strchr(at + 1, '@') == NULL &&
		strchr(at, '.') != NULL && strpbrk(value, " \t\n/") == NULL;
}

/*
 * Like a telephone number: with a plus sign, a code in parentheses, or parted by blanks, or as
 * 555-123-4567?  Numbers of orders and of books have hyphens, too.
 */
static bool
is_phone(const char *value)
{
	int			digits = 0;
	int			blanks = 0;
	int			others = 0;

	for (const char *c = value; *c; c++)
	{
		if (isdigit((unsigned char) *c))
			digits++;
		else if (*c == ' ')
			blanks++;
		else if ((*c == '+' && c == value) || strchr("()-./", *c))
			others++;
		else
			return false;
	}
	if (digits < 7 || digits > 15 || blanks + others > 6)
		return false;
	return value[0] == '+' || value[0] == '(' || (value[0] == '0' && value[1] == '0' && blanks > 0) ||
		(blanks >= 2 && others == 0) || (blanks == 1 && digits == 8) ||
		(strlen(value) == 12 && digits == 10 && value[3] == value[7] && strchr("-.", value[3]));
}

/* Like a hashed password or a signed token? */
static bool
is_secret(const char *value)
{
	static const char *const beginnings[] = {
		"$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$argon2", "$scrypt$", "$pbkdf2", "$y$", "pbkdf2_", "bcrypt", "argon2",
		"scrypt", "{SSHA", "{SHA", "{CRYPT}", "SCRAM-SHA-", "eyJhbGciOi", "sk_live_", "ghp_", "xoxb-", "-----BEGIN"
	};

	for (int i = 0; i < lengthof(beginnings); i++)
		if (strncmp(value, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* Like an address of the internet? */
static bool
is_internet_address(const char *value)
{
	int			dots = 0;
	int			colons = 0;

	for (const char *c = value; *c; c++)
	{
		if (*c == '.')
			dots++;
		else if (*c == ':')
			colons++;
		else if (!isxdigit((unsigned char) *c))
			return false;
	}
	return (dots == 3 && colons == 0 && strspn(value, "0123456789.") == strlen(value)) || (colons >= 2 && dots == 0);
}

/* Like a person's name: two to four words that begin with a capital letter? */
static bool
is_name(const char *value)
{
	int			words = 0;

	for (const char *c = value; *c; c++)
	{
		bool		begins = c == value || c[-1] == ' ';

		if (begins && !isupper((unsigned char) *c) && !IS_HIGHBIT_SET(*c))
			return false;
		if (!isalpha((unsigned char) *c) && !IS_HIGHBIT_SET(*c) && strchr(" -'.", *c) == NULL)
			return false;
		words += begins;
	}
	return words >= 2 && words <= 4 && strlen(value) <= 60;
}

/* Five words or more? */
static bool
is_prose(const char *value)
{
	int			spaces = 0;

	for (const char *c = value; *c; c++)
		spaces += *c == ' ' && c[1] != ' ';
	return spaces >= 4;
}

/* For qsort(). */
static int
compare_values(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* How many different values are there? */
static int
count_distinct(char **values, int n)
{
	int			distinct = n > 0;

	qsort(values, n, sizeof(char *), compare_values);
	for (int i = 1; i < n; i++)
		distinct += strcmp(values[i - 1], values[i]) != 0;
	return distinct;
}

/* Look at the values of one column of the last result. */
static void
look_at(PvextContent *content, int column)
{
	char	  **values = palloc(sizeof(char *) * Max(SPI_processed, 1));

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *value = pvext_value(i, column);

		if (value == NULL || *value == '\0')
			continue;
		values[content->values++] = value;
		content->longest = Max(content->longest, (int) strlen(value));
		content->emails += is_email(value);
		content->phones += is_phone(value);
		content->addresses += is_internet_address(value);
		content->names += is_name(value);
		content->prose += is_prose(value);
		content->secrets += is_secret(value);
	}
	content->distinct = count_distinct(values, content->values);
	pfree(values);
}

/* A sample to be taken, and what it shows. */
typedef struct Sampling
{
	Oid			relid;
	List	   *columns;		/* C strings */
	List	   *contents;		/* PvextContent */
} Sampling;

/* For pvext_try(): the owner's code may run for it. */
static void
take_sample(void *arg)
{
	Sampling   *sampling = arg;
	StringInfoData sql;
	int			n = 0;
	ListCell   *lc;

	pvext_check_children(sampling->relid);
	initStringInfo(&sql);
	foreach(lc, sampling->columns)
		appendStringInfo(&sql, "%s left(CAST(r.%s AS text), " LENGTH ")", n++ > 0 ? "," : "SELECT",
						 quote_identifier(lfirst(lc)));
	appendStringInfo(&sql, " FROM (SELECT * FROM %s LIMIT " ROWS ") AS r", pvext_relation_name(sampling->relid));
	(void) pvext_run(pvext_owner(sampling->relid), sql.data, NULL);
	n = 0;
	foreach(lc, sampling->columns)
	{
		PvextContent *content = palloc0(sizeof(PvextContent));

		content->column = lfirst(lc);
		look_at(content, ++n);
		sampling->contents = lappend(sampling->contents, content);
	}
}

/*
 * What some rows of a table show of its columns, as PvextContents; NIL where they cannot
 * be read.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_sample(Oid relid, List *columns)
{
	Sampling	sampling = {relid, columns, NIL};

	if (columns == NIL || pvext_try(take_sample, &sampling) != NULL)
		return NIL;
	return sampling.contents;
}

/* What the sample shows of a column, or NULL. */
PvextContent *
pvext_content_of(List *sample, const char *column)
{
	ListCell   *lc;

	foreach(lc, sample)
		if (strcmp(((PvextContent *) lfirst(lc))->column, column) == 0)
			return lfirst(lc);
	return NULL;
}

/* For pvext_try(): the names of the members that some documents have at the top. */
static void
find_members(void *arg)
{
	Sampling   *sampling = arg;
	const char *column = quote_identifier(linitial(sampling->columns));

	pvext_check_children(sampling->relid);
	(void) pvext_run(pvext_owner(sampling->relid),
					 psprintf("SELECT DISTINCT m FROM (SELECT CAST(r.%s AS jsonb) AS d FROM %s AS r WHERE r.%s IS NOT NULL LIMIT " ROWS ") AS s,"
							  " LATERAL jsonb_object_keys(CASE WHEN jsonb_typeof(d) = 'object' THEN d ELSE '{}' END) AS m"
							  " WHERE m ~ '^[A-Za-z_]{1,30}$' ORDER BY m LIMIT 200",
							  column, pvext_relation_name(sampling->relid), column), NULL);
	sampling->contents = pvext_column_texts(SPI_processed);
}

/*
 * Of a column of documents, the names of members (C strings) by which some have something
 * personal at the top.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_personal_paths(Oid relid, const char *column)
{
	Sampling	sampling = {relid, list_make1((char *) column), NIL};
	List	   *paths = NIL;
	ListCell   *lc;

	if (pvext_try(find_members, &sampling) != NULL)
		return NIL;
	foreach(lc, sampling.contents)
		if (pvext_says_personal(lfirst(lc)))
			paths = lappend(paths, lfirst(lc));
	return paths;
}

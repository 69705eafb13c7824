/*
 * redactor.c
 *		Taking somebody's values out of texts and JSON documents.
 *
 * What is found (matcher.c) gives way to a replacement, until nothing is found any more:
 * what stood on both sides of a value may make one when it has gone.  The replacement
 * itself is nobody's, whatever is in it.
 *
 * A JSON document is changed within its strings, where they stand, so that it stays
 * what it is: the values at any depth, and the names of objects, for they may as well be
 * somebody's.  A number that is one of the values becomes null.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "text/matcher.h"
#include "text/redactor.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/json.h"

/* What still holds a value after so many rounds goes as a whole. */
#define MAX_ROUNDS 8

PG_FUNCTION_INFO_V1(pvext_redact_text);
PG_FUNCTION_INFO_V1(pvext_holds_text);
PG_FUNCTION_INFO_V1(pvext_redact_json);
PG_FUNCTION_INFO_V1(pvext_holds_json);

/* What a call is about. */
typedef struct Excision
{
	PvextMatcher *matcher;
	const char *replacement;	/* as it is written into the text */
	size_t		length;			/* of that, in bytes */
	int			room;			/* characters that the text may have; -1: any number */
	bool		json;			/* the texts are insides of JSON strings */
} Excision;

/* A matcher, and the values that it was made of. */
typedef struct Kept
{
	ArrayType  *values;
	PvextMatcher *matcher;
} Kept;

/* The texts of an array, NULLs left out, as C strings in the current context. */
static List *
array_texts(ArrayType *array)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	List	   *texts = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			texts = lappend(texts, TextDatumGetCString(values[i]));
	return texts;
}

/* The matcher of the call's values, kept from the last row; NULL where there are none. */
static PvextMatcher *
matcher_of(FunctionCallInfo fcinfo, int arg)
{
	Kept	   *kept = fcinfo->flinfo->fn_extra;
	ArrayType  *values;

	if (PG_ARGISNULL(arg))
		return NULL;
	values = PG_GETARG_ARRAYTYPE_P(arg);
	if (kept == NULL || VARSIZE(kept->values) != VARSIZE(values) ||
		memcmp(kept->values, values, VARSIZE(values)) != 0)
	{
		/*
		 * To make one costs far more than to use it on a text: the values are those of
		 * the row before, nearly always.
		 */
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		kept = palloc(sizeof(Kept));
		kept->values = (ArrayType *) datumCopy(PointerGetDatum(values), false, -1);
		kept->matcher = pvext_make_matcher(array_texts(kept->values));
		fcinfo->flinfo->fn_extra = kept;
		MemoryContextSwitchTo(old);
	}
	return pvext_matches_nothing(kept->matcher) ? NULL : kept->matcher;
}

/*
 * Texts
 */

/* Is what was found within the replacement, which somebody has been replaced by? */
static bool
is_replacement(const Excision *e, const char *text, size_t len, const PvextFound *found)
{
	size_t		first = found->end > e->length ? found->end - e->length : 0;

	for (size_t at = first; at <= found->start && at + e->length <= len; at++)
		if (memcmp(text + at, e->replacement, e->length) == 0)
			return true;
	return false;
}

/* What is to go of a text.  In the current context. */
static PvextFound *
find(const Excision *e, const char *text, size_t len, int *n)
{
	PvextFound *found = NULL;
	int			all = 0;

	*n = 0;
	if (e->matcher && len > 0)
		found = pvext_find_values(e->matcher, text, len, e->json, &all);
	for (int i = 0; i < all; i++)
		if (!is_replacement(e, text, len, &found[i]))
			found[(*n)++] = found[i];
	return found;
}

/* Is there anything in a text that is to go? */
static bool
holds(const Excision *e, const char *text, size_t len)
{
	int			n;
	PvextFound *found = find(e, text, len, &n);

	if (found)
		pfree(found);
	return n > 0;
}

/* How many bytes of a text there is room for. */
static int
clip(const Excision *e, const char *text, int len)
{
	return e->room >= 0 && len > e->room ? pg_mbcharcliplen(text, len, e->room) : len;
}

/* The text with the replacement in the place of what was found. */
static void
replace(const Excision *e, const char *text, size_t len, const PvextFound *found, int n,
		StringInfo out)
{
	size_t		done = 0;

	initStringInfo(out);
	for (int i = 0; i < n; i++)
	{
		appendBinaryStringInfo(out, text + done, found[i].start - done);
		appendBinaryStringInfo(out, e->replacement, e->length);
		done = found[i].end;
	}
	appendBinaryStringInfo(out, text + done, len - done);
	out->len = clip(e, out->data, out->len);
	out->data[out->len] = '\0';
}

/*
 * Take the values out of a text.  Returns false where there are none, and *out isn't
 * touched then.
 */
static bool
excise(const Excision *e, const char *text, size_t len, StringInfo out)
{
	int			n;
	PvextFound *found = find(e, text, len, &n);

	if (n == 0)
		return false;
	replace(e, text, len, found, n, out);

	/* What stood on both sides of a value may make one now. */
	for (int round = 1; round < MAX_ROUNDS; round++)
	{
		StringInfoData before = *out;

		found = find(e, before.data, before.len, &n);
		if (n == 0)
			return true;
		replace(e, before.data, before.len, found, n, out);
		pfree(before.data);
	}
	if (holds(e, out->data, out->len))
	{
		resetStringInfo(out);
		appendBinaryStringInfo(out, e->replacement, clip(e, e->replacement, e->length));
	}
	return true;
}

/*
 * Is there nothing that could be anybody's, an empty text or the replacement alone?
 */
static bool
is_gone(const Excision *e, const char *text, size_t len)
{
	size_t		length = clip(e, e->replacement, e->length);

	return len == 0 || (len == length && memcmp(text, e->replacement, len) == 0);
}

/* Of texts of a kind; the replacement is as it is written into the text. */
static void
init_excision(Excision *e, const PvextTextKind *kind, PvextMatcher *matcher)
{
	e->matcher = matcher;
	e->replacement = kind->replacement;
	e->length = strlen(e->replacement);
	e->room = kind->room;
	e->json = false;
}

/* pvext_text_holds() of what is no document. */
static bool
text_holds(const PvextTextKind *kind, PvextMatcher *matcher, bool whole, const char *text, size_t len)
{
	Excision	e;

	init_excision(&e, kind, matcher);
	if (is_gone(&e, text, len))
		return false;
	return whole || holds(&e, text, len);
}

/* pvext_text_without() of what is no document. */
static char *
text_without(const PvextTextKind *kind, PvextMatcher *matcher, bool whole, const char *text, size_t len,
			 size_t *left)
{
	Excision	e;
	StringInfoData out;

	init_excision(&e, kind, matcher);
	if (whole)
	{
		*left = clip(&e, e.replacement, e.length);
		return pnstrdup(e.replacement, *left);
	}
	if (!excise(&e, text, len, &out))
		return NULL;
	*left = out.len;
	return out.data;
}

/*
 * JSON
 */

/* A document that is read, and written anew where out isn't NULL. */
typedef struct Document
{
	Excision	e;
	const char *text;
	size_t		len;
	StringInfo	out;
	bool		found;
	int			names;			/* of objects, that have been changed */
	int			last;			/* the highest number that a string ends with */
} Document;

/* Where the string that begins at "at" ends: its closing quote. */
static size_t
end_of_string(const Document *d, size_t at)
{
	for (at++; at < d->len && d->text[at] != '"'; at++)
		if (d->text[at] == '\\')
			at++;
	return at;
}

/* White space between JSON's tokens. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Is the string that ends there the name of something in an object? */
static bool
is_name(const Document *d, size_t end)
{
	for (end++; end < d->len && is_blank(d->text[end]); end++)
		;
	return end < d->len && d->text[end] == ':';
}

/* The highest number that a string of the document ends with, after a blank. */
static int
highest_number(const Document *d)
{
	int			highest = 1;

	for (const char *p = strchr(d->text, ' '); p; p = strchr(p + 1, ' '))
	{
		size_t		digits = strspn(p + 1, "0123456789");

		if (digits > 0 && digits < 9 && p[1 + digits] == '"')
			highest = Max(highest, atoi(p + 1));
	}
	return highest;
}

/* Names of an object must differ: but for the first, those that are changed get a number. */
static void
make_unique(Document *d, StringInfo name)
{
	if (d->names++ == 0)
	{
		d->last = highest_number(d);
		if (strstr(d->text, psprintf("\"%s\"", name->data)) == NULL)
			return;
	}
	appendStringInfo(name, " %d", ++d->last);
}

/* A string of the document; returns where to read on. */
static size_t
read_string(Document *d, size_t at)
{
	size_t		end = end_of_string(d, at);
	const char *inside = d->text + at + 1;
	StringInfoData changed;

	if (d->out == NULL)
		d->found = d->found || holds(&d->e, inside, end - at - 1);
	else if (excise(&d->e, inside, end - at - 1, &changed))
	{
		if (is_name(d, end))
			make_unique(d, &changed);
		appendStringInfo(d->out, "\"%s\"", changed.data);
		pfree(changed.data);
	}
	else
		appendBinaryStringInfo(d->out, d->text + at, end + 1 - at);
	return end + 1;
}

/* A number of the document; returns where to read on. */
static size_t
read_number(Document *d, size_t at)
{
	size_t		end = at + 1;
	bool		found;

	while (end < d->len && (isdigit((unsigned char) d->text[end]) || strchr(".eE+-", d->text[end])))
		end++;
	found = d->e.matcher && pvext_is_number_of(d->e.matcher, d->text + at, end - at);
	d->found = d->found || found;
	if (d->out && found)
		appendStringInfoString(d->out, "null");
	else if (d->out)
		appendBinaryStringInfo(d->out, d->text + at, end - at);
	return end;
}

/*
 * Go through the document's tokens.  It is text of a json value, so it is well-formed;
 * where it is only asked, the first that is found ends it.
 */
static void
read_document(Document *d)
{
	size_t		at = 0;

	while (at < d->len && !(d->found && d->out == NULL))
	{
		char		c = d->text[at];

		if (c == '"')
			at = read_string(d, at);
		else if (c == '-' || isdigit((unsigned char) c))
			at = read_number(d, at);
		else
		{
			if (d->out)
				appendStringInfoChar(d->out, c);
			at++;
		}
	}
}

/* The document that is left when all of it goes: of the same kind, with nothing in it. */
static const char *
empty_document(const Document *d)
{
	const char *p = d->text;

	while (is_blank(*p))
		p++;
	return *p == '{' ? "{}" : *p == '[' ? "[]" : psprintf("\"%s\"", d->e.replacement);
}

/* Is it an object or array with nothing in it, or the replacement alone? */
static bool
is_empty_document(const Document *d)
{
	const char *empty = empty_document(d);
	const char *p = d->text + strspn(d->text, " \t\r\n");

	if (*empty == '"')
		return strncmp(p, empty, strlen(empty)) == 0 || strncmp(p, "\"\"", 2) == 0 ||
			strncmp(p, "null", 4) == 0;
	p++;
	return p[strspn(p, " \t\r\n")] == empty[1];
}

/* A document, and what is to go of it; the replacement is escaped as the inside of a string. */
static void
init_document(Document *d, const PvextTextKind *kind, PvextMatcher *matcher, const char *text, size_t len)
{
	StringInfoData quoted;

	init_excision(&d->e, kind, matcher);
	initStringInfo(&quoted);
	escape_json(&quoted, d->e.replacement);
	d->e.replacement = pnstrdup(quoted.data + 1, quoted.len - 2);
	d->e.length = quoted.len - 2;
	d->e.room = -1;
	d->e.json = true;
	d->text = pnstrdup(text, len);
	d->len = strlen(d->text);
	d->out = NULL;
	d->found = false;
	d->names = 0;
}

/* pvext_text_holds() of a document. */
static bool
document_holds(const PvextTextKind *kind, PvextMatcher *matcher, bool whole, const char *text, size_t len)
{
	Document	d;

	init_document(&d, kind, matcher, text, len);
	if (whole)
		return !is_empty_document(&d);
	if (d.e.matcher)
		read_document(&d);
	return d.found;
}

/* pvext_text_without() of a document. */
static char *
document_without(const PvextTextKind *kind, PvextMatcher *matcher, bool whole, const char *text, size_t len,
				 size_t *left)
{
	Document	d;
	char	   *result;

	init_document(&d, kind, matcher, text, len);
	if (whole)
	{
		result = pstrdup(empty_document(&d));
		*left = strlen(result);
		return result;
	}
	d.out = makeStringInfo();
	read_document(&d);
	*left = d.out->len;
	return d.out->data;
}

/*
 * Whoever has the values
 */

/*
 * Is there anything in a text of the kind that is to go: what the matcher finds, which is NULL
 * where nothing is looked for, or with whole all but the replacement?
 */
bool
pvext_text_holds(const PvextTextKind *kind, PvextMatcher *matcher, bool whole, const char *text, size_t len)
{
	return kind->json ? document_holds(kind, matcher, whole, text, len) :
		text_holds(kind, matcher, whole, text, len);
}

/*
 * The text without that, of *left bytes, in the current context; NULL where it is what it
 * was.
 */
char *
pvext_text_without(const PvextTextKind *kind, PvextMatcher *matcher, bool whole, const char *text, size_t len,
				   size_t *left)
{
	return kind->json ? document_without(kind, matcher, whole, text, len, left) :
		text_without(kind, matcher, whole, text, len, left);
}

/* The functions' arguments: (document, identifying, replacement, whole, room), the last of texts alone. */
static bool
read_call(FunctionCallInfo fcinfo, bool json, PvextTextKind *kind, PvextMatcher **matcher, bool *whole)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		return false;
	*whole = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	*matcher = *whole ? NULL : matcher_of(fcinfo, 1);
	kind->replacement = text_to_cstring(PG_GETARG_TEXT_PP(2));
	kind->json = json;
	kind->room = json || PG_ARGISNULL(4) ? -1 : PG_GETARG_INT32(4);
	return true;
}

/* pv.redact_text() and pv.redact_json() */
static Datum
redact(FunctionCallInfo fcinfo, bool json)
{
	PvextTextKind kind;
	PvextMatcher *matcher;
	bool		whole;
	text	   *document;
	char	   *result;
	size_t		left;

	if (!read_call(fcinfo, json, &kind, &matcher, &whole))
		PG_RETURN_NULL();
	document = PG_GETARG_TEXT_PP(0);
	result = pvext_text_without(&kind, matcher, whole, VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document), &left);
	PG_RETURN_TEXT_P(result ? cstring_to_text_with_len(result, left) : document);
}

/* pv.holds_text() and pv.holds_json() */
static Datum
ask_holds(FunctionCallInfo fcinfo, bool json)
{
	PvextTextKind kind;
	PvextMatcher *matcher;
	bool		whole;
	text	   *document;

	if (!read_call(fcinfo, json, &kind, &matcher, &whole))
		PG_RETURN_BOOL(false);
	document = PG_GETARG_TEXT_PP(0);
	PG_RETURN_BOOL(pvext_text_holds(&kind, matcher, whole, VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document)));
}

Datum
pvext_redact_text(PG_FUNCTION_ARGS)
{
	return redact(fcinfo, false);
}

Datum
pvext_holds_text(PG_FUNCTION_ARGS)
{
	return ask_holds(fcinfo, false);
}

Datum
pvext_redact_json(PG_FUNCTION_ARGS)
{
	return redact(fcinfo, true);
}

Datum
pvext_holds_json(PG_FUNCTION_ARGS)
{
	return ask_holds(fcinfo, true);
}

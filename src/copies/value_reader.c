/*
 * value_reader.c
 *		Looking for somebody's values in those of a column, by its type.
 *
 * Texts are read where they stand, without a copy: of jsonb, arrays and rows those at any
 * depth.  Of the server's own types only, and of those that are binary the same as text,
 * hstore and ltree: no other function of anybody's is called to learn what a value is.
 * Numbers are looked for by their digits, as in texts; uuids and network addresses are
 * compared whole.  A bytea is read where it is text.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "copies/value_reader.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "text/matcher.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

/* Integers of fewer digits are no number that is looked for. */
#define SMALLEST_NUMBER 100000

typedef enum ReaderKind
{
	READ_TEXT,
	READ_NAME,
	READ_JSON,
	READ_JSONB,
	READ_BYTEA,
	READ_OUTPUT,				/* by its output function, as a text */
	READ_NUMBER,
	READ_INT4,
	READ_INT8,
	READ_UUID,
	READ_ADDRESS,
	READ_ARRAY,
	READ_ROW
} ReaderKind;

/* By it values of a type are read. */
struct PvextReader
{
	ReaderKind	kind;
	Oid			type;
	FmgrInfo	output;
	PvextReader *element;		/* of an array */
	int16		typlen;
	bool		typbyval;
	char		typalign;
	TupleDesc	desc;			/* of a row */
	PvextReader **fields;		/* NULL: not read */
};

static PvextShare find_in_text(const PvextSought *sought, const char *text, size_t len, bool json);

/*
 * What is looked for
 */

/* Read a text as a uuid, if it is one. */
static pg_uuid_t *
as_uuid(const char *text)
{
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));
	int			n = 0;

	for (; *text; text++)
	{
		int			digit = *text >= '0' && *text <= '9' ? *text - '0' :
			pg_ascii_tolower(*text) >= 'a' && pg_ascii_tolower(*text) <= 'f' ?
			pg_ascii_tolower(*text) - 'a' + 10 : -1;

		if (digit < 0 && strchr("{}-", *text) != NULL)
			continue;
		if (digit < 0 || n == 2 * UUID_LEN)
			return NULL;
		uuid->data[n / 2] = n % 2 ? uuid->data[n / 2] | digit : digit << 4;
		n++;
	}
	return n == 2 * UUID_LEN ? uuid : NULL;
}

/* May it be the address of a network or a device? */
static bool
is_address(const char *text)
{
	int			signs = 0;

	if (strspn(text, "0123456789abcdefABCDEF:./-") != strlen(text))
		return false;
	for (const char *p = text; *p; p++)
		signs += *p == ':' || *p == '.' ? 1 : 0;
	return signs >= 2;
}

/* What values, C strings, are looked for as.  In the current context. */
void
pvext_prepare_sought(PvextSought *sought, List *values)
{
	ListCell   *lc;

	memset(sought, 0, sizeof(*sought));
	sought->matchers = pvext_make_matchers(values);
	foreach(lc, sought->matchers)
		sought->codes = sought->codes || pvext_has_codes(lfirst(lc));
	foreach(lc, values)
	{
		pg_uuid_t  *uuid = as_uuid(lfirst(lc));

		if (uuid)
			sought->uuids = lappend(sought->uuids, uuid);
		if (is_address(lfirst(lc)))
			sought->addresses = lappend(sought->addresses, lfirst(lc));
	}
}

/*
 * Types
 */

/* Is it one of these types, of an extension? */
static bool
is_named(Oid type, const char *const *names)
{
	char	   *name = type < FirstNormalObjectId ? NULL :
		format_type_extended(type, -1, FORMAT_TYPE_INVALID_AS_NULL);
	const char *last = name && strrchr(name, '.') ? strrchr(name, '.') + 1 : name;

	for (int i = 0; name && names[i]; i++)
		if (strcmp(last, names[i]) == 0)
			return true;
	return false;
}

/* How values of a base type are read; false: not at all. */
static bool
kind_of(const PvextSought *sought, Oid type, ReaderKind *kind)
{
	static const char *const printed[] = {"hstore", "ltree", NULL};

	switch (type)
	{
		case NAMEOID:
			*kind = READ_NAME;
			return true;
		case JSONOID:
			*kind = READ_JSON;
			return true;
		case JSONBOID:
			*kind = READ_JSONB;
			return true;
		case BYTEAOID:
			*kind = READ_BYTEA;
			return true;
		case TSVECTOROID:
			*kind = READ_OUTPUT;
			return true;
		case INT4OID:
			*kind = READ_INT4;
			return sought->codes;
		case INT8OID:
			*kind = READ_INT8;
			return sought->codes;
		case NUMERICOID:
			*kind = READ_NUMBER;
			return sought->codes;
		case UUIDOID:
			*kind = READ_UUID;
			return sought->uuids != NIL;
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
			*kind = READ_ADDRESS;
			return sought->addresses != NIL;
	}
	*kind = READ_TEXT;
	if (type == BPCHAROID || type == XMLOID || IsBinaryCoercible(type, TEXTOID))
		return true;
	*kind = READ_OUTPUT;
	return is_named(type, printed);
}

/*
 * Are values of a column's type not read though somebody's may be in them: is it one that
 * an extension has made?
 */
bool
pvext_is_unread_type(Oid type)
{
	PvextSought sought = {.codes = true};
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);
	ReaderKind	kind;

	base = OidIsValid(element) ? getBaseType(element) : base;
	return base >= FirstNormalObjectId && get_typtype(base) == TYPTYPE_BASE &&
		!kind_of(&sought, base, &kind);
}

/* The readers of a row's fields; NULL where none is read. */
static PvextReader *
make_row_reader(const PvextSought *sought, Oid type)
{
	PvextReader *reader = palloc0(sizeof(PvextReader));
	bool		any = false;

	reader->kind = READ_ROW;
	reader->desc = lookup_rowtype_tupdesc_copy(type, -1);
	reader->fields = palloc0(sizeof(PvextReader *) * Max(reader->desc->natts, 1));
	for (int i = 0; i < reader->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(reader->desc, i);

		if (!att->attisdropped)
			reader->fields[i] = pvext_make_reader(sought, att->atttypid);
		any = any || reader->fields[i];
	}
	return any ? reader : NULL;
}

/*
 * By what values of a type are read; NULL where nothing of what is looked for can be in
 * them.  In the current context.
 */
PvextReader *
pvext_make_reader(const PvextSought *sought, Oid type)
{
	PvextReader *reader;
	Oid			element;
	Oid			output;
	bool		varlena;

	check_stack_depth();
	type = getBaseType(type);
	if (get_typtype(type) == TYPTYPE_COMPOSITE)
		return make_row_reader(sought, type);
	reader = palloc0(sizeof(PvextReader));
	reader->type = type;
	element = get_element_type(type);
	if (OidIsValid(element))
	{
		reader->kind = READ_ARRAY;
		reader->element = pvext_make_reader(sought, element);
		get_typlenbyvalalign(element, &reader->typlen, &reader->typbyval, &reader->typalign);
		return reader->element ? reader : NULL;
	}
	if (!kind_of(sought, type, &reader->kind))
		return NULL;
	getTypeOutputInfo(type, &output, &varlena);
	fmgr_info_cxt(output, &reader->output, CurrentMemoryContext);
	return reader;
}

/*
 * Values
 */

/* Is what was found all that there is, but for blanks around it? */
static bool
is_all(const char *text, size_t len, const PvextFound *found)
{
	size_t		start = found->start;
	size_t		end = found->end;

	while (start > 0 && isspace((unsigned char) text[start - 1]))
		start--;
	while (end < len && isspace((unsigned char) text[end]))
		end++;
	return start == 0 && end == len;
}

/* In a text; json: it is what stands between the quotes of a JSON string. */
static PvextShare
find_in_text(const PvextSought *sought, const char *text, size_t len, bool json)
{
	PvextShare	share = PVEXT_NOT_FOUND;
	ListCell   *lc;

	foreach(lc, len > 0 ? sought->matchers : NIL)
	{
		int			n;
		PvextFound *found = pvext_find_values(lfirst(lc), text, len, json, &n);

		if (n > 0)
			share = Max(share, n == 1 && is_all(text, len, found) ? PVEXT_WHOLE : PVEXT_WITHIN);
	}
	return share;
}

/* In a number, as it is written. */
static PvextShare
find_in_number(const PvextSought *sought, const char *number, size_t len)
{
	ListCell   *lc;

	foreach(lc, sought->codes ? sought->matchers : NIL)
		if (pvext_is_number_of(lfirst(lc), number, len))
			return PVEXT_WHOLE;
	return PVEXT_NOT_FOUND;
}

/* In an integer. */
static PvextShare
find_in_integer(const PvextSought *sought, int64 value)
{
	char		digits[MAXINT8LEN + 1];

	if (value < SMALLEST_NUMBER)
		return PVEXT_NOT_FOUND;
	return find_in_number(sought, digits, pg_lltoa(value, digits));
}

/* Does nothing of what is looked for stand in a document, whatever part of it? */
static bool
is_clean_document(const PvextSought *sought, const char *text, size_t len)
{
	ListCell   *lc;

	foreach(lc, sought->matchers)
		if (pvext_may_hold(lfirst(lc), text, len, true))
			return false;
	return true;
}

/* In a JSON document: in its strings, and its numbers. */
static PvextShare
find_in_json(const PvextSought *sought, const char *text, size_t len)
{
	PvextShare	share = PVEXT_NOT_FOUND;

	if (is_clean_document(sought, text, len))
		return share;
	for (size_t at = 0; at < len;)
	{
		size_t		start = at;

		if (text[at] == '"')
		{
			for (at++; at < len && text[at] != '"'; at++)
				if (text[at] == '\\')
					at++;
			share = Max(share, find_in_text(sought, text + start + 1, Min(at, len) - start - 1, true));
			at++;
		}
		else if (text[at] == '-' || isdigit((unsigned char) text[at]))
		{
			while (at < len && text[at] != '\0' &&
				   (isdigit((unsigned char) text[at]) || strchr(".eE+-", text[at])))
				at++;
			share = Max(share, find_in_number(sought, text + start, at - start));
		}
		else
			at++;
	}
	return share;
}

/* In a jsonb document, likewise. */
static PvextShare
find_in_jsonb(const PvextSought *sought, Jsonb *document)
{
	PvextShare	share = PVEXT_NOT_FOUND;
	JsonbIterator *iterator = JsonbIteratorInit(&document->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		if (token != WJB_KEY && token != WJB_VALUE && token != WJB_ELEM)
			continue;
		if (value.type == jbvString)
			share = Max(share, find_in_text(sought, value.val.string.val, value.val.string.len, false));
		else if (value.type == jbvNumeric && sought->codes)
		{
			char	   *digits = numeric_normalize(value.val.numeric);

			share = Max(share, find_in_number(sought, digits, strlen(digits)));
		}
	}
	return share;
}

/* In the elements of an array. */
static PvextShare
find_in_array(const PvextSought *sought, PvextReader *reader, ArrayType *array)
{
	PvextShare	share = PVEXT_NOT_FOUND;
	ArrayIterator iterator = array_create_iterator(array, 0, NULL);
	Datum		element;
	bool		isnull;

	while (array_iterate(iterator, &element, &isnull))
		if (!isnull)
			share = Max(share, pvext_find_in_value(sought, reader->element, element));
	array_free_iterator(iterator);
	return share;
}

/* In the fields of a row. */
static PvextShare
find_in_row(const PvextSought *sought, PvextReader *reader, HeapTupleHeader header)
{
	PvextShare	share = PVEXT_NOT_FOUND;
	HeapTupleData row = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

	for (int i = 0; i < reader->desc->natts; i++)
	{
		bool		isnull = true;
		Datum		value = (Datum) 0;

		if (reader->fields[i])
			value = heap_getattr(&row, i + 1, reader->desc, &isnull);
		if (!isnull)
			share = Max(share, pvext_find_in_value(sought, reader->fields[i], value));
	}
	return share;
}

/* Is a uuid one of those that are looked for? */
static PvextShare
find_uuid(const PvextSought *sought, const pg_uuid_t *uuid)
{
	ListCell   *lc;

	foreach(lc, sought->uuids)
		if (memcmp(lfirst(lc), uuid, UUID_LEN) == 0)
			return PVEXT_WHOLE;
	return PVEXT_NOT_FOUND;
}

/* Is an address, as it is written, one of those that are looked for? */
static PvextShare
find_address(const PvextSought *sought, const char *address)
{
	ListCell   *lc;

	foreach(lc, sought->addresses)
	{
		const char *other = lfirst(lc);
		size_t		len = Max(strcspn(other, "/"), strcspn(address, "/"));

		if (pg_strcasecmp(other, address) == 0 ||
			(strchr(other, '/') == NULL && pg_strncasecmp(other, address, len) == 0))
			return PVEXT_WHOLE;
	}
	return PVEXT_NOT_FOUND;
}

/* In a text that may be compressed, or elsewhere. */
static PvextShare
find_in_varlena(const PvextSought *sought, PvextReader *reader, Datum value)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(text);
	size_t		len = VARSIZE_ANY_EXHDR(text);

	if (reader->kind == READ_JSON)
		return find_in_json(sought, data, len);
	if (reader->kind == READ_BYTEA && !pg_verifymbstr(data, len, true))
		return PVEXT_NOT_FOUND;
	return find_in_text(sought, data, len, false);
}

/*
 * How much of a value, which isn't NULL, is what is looked for.  What is allocated, in the
 * current context, is the caller's to free.
 */
PvextShare
pvext_find_in_value(const PvextSought *sought, PvextReader *reader, Datum value)
{
	char	   *text;

	switch (reader->kind)
	{
		case READ_TEXT:
		case READ_JSON:
		case READ_BYTEA:
			return find_in_varlena(sought, reader, value);
		case READ_JSONB:
			return find_in_jsonb(sought, DatumGetJsonbP(value));
		case READ_NAME:
			return find_in_text(sought, NameStr(*DatumGetName(value)),
								strlen(NameStr(*DatumGetName(value))), false);
		case READ_ARRAY:
			return find_in_array(sought, reader, DatumGetArrayTypeP(value));
		case READ_ROW:
			return find_in_row(sought, reader, DatumGetHeapTupleHeader(value));
		case READ_INT4:
			return find_in_integer(sought, DatumGetInt32(value));
		case READ_INT8:
			return find_in_integer(sought, DatumGetInt64(value));
		case READ_NUMBER:
			text = numeric_normalize(DatumGetNumeric(value));
			return find_in_number(sought, text, strlen(text));
		case READ_UUID:
			return find_uuid(sought, DatumGetUUIDP(value));
		case READ_ADDRESS:
			return find_address(sought, OutputFunctionCall(&reader->output, value));
		case READ_OUTPUT:
			text = OutputFunctionCall(&reader->output, value);
			return find_in_text(sought, text, strlen(text), false);
	}
	return PVEXT_NOT_FOUND;
}

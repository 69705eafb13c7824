/*
 * key_text.c
 *		Keys of subjects as text, from the values of a row that was read.
 */
#include "postgres.h"
#include "base/message.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "reads/key_text.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/*
 * A value of a type that watched.c lets through, or the base type of one.  By itself a
 * character value is without the blanks at its end, as when it is cast to text.
 */
char *
pvext_key_value_text(Oid type, Datum value, bool alone)
{
	if (type == BPCHAROID && alone)
		value = DirectFunctionCall1(rtrim1, value);
	switch (type)
	{
		case INT2OID:
			return DatumGetCString(DirectFunctionCall1(int2out, value));
		case INT4OID:
			return DatumGetCString(DirectFunctionCall1(int4out, value));
		case INT8OID:
			return DatumGetCString(DirectFunctionCall1(int8out, value));
		case NUMERICOID:
			return DatumGetCString(DirectFunctionCall1(numeric_out, value));
		case UUIDOID:
			return DatumGetCString(DirectFunctionCall1(uuid_out, value));
		case NAMEOID:
			return pstrdup(NameStr(*DatumGetName(value)));
		default:				/* text, varchar, character */
			return TextDatumGetCString(value);
	}
}

/* A part of a row literal, quoted as record_out() does. */
static void
append_part(StringInfo buf, const char *text)
{
	bool		quote = text[0] == '\0';

	for (const char *p = text; *p; p++)
		quote = quote || strchr("\"\\(),", *p) || isspace((unsigned char) *p);
	if (quote)
		appendStringInfoChar(buf, '"');
	for (const char *p = text; *p; p++)
	{
		if (*p == '"' || *p == '\\')
			appendStringInfoChar(buf, *p);
		appendStringInfoChar(buf, *p);
	}
	if (quote)
		appendStringInfoChar(buf, '"');
}

/* The parts of a key, in order, as the text of the key. */
char *
pvext_join_key(char **parts, int n)
{
	StringInfoData buf;

	if (n == 1)
		return parts[0];
	initStringInfo(&buf);
	for (int i = 0; i < n; i++)
	{
		appendStringInfoChar(&buf, i == 0 ? '(' : ',');
		append_part(&buf, parts[i]);
	}
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/* How many bytes has the key, where it is one integer?  Mostly there is nothing else. */
int
pvext_key_is_integer(const PvextKeyColumn *columns, int n)
{
	if (n > 1)
		return 0;
	switch (columns[0].type)
	{
		case INT2OID:
			return sizeof(int16);
		case INT4OID:
			return sizeof(int32);
		case INT8OID:
			return sizeof(int64);
		default:
			return 0;
	}
}

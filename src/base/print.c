/*
 * print.c
 *		Names and values within SQL text that a person reads, and then runs.
 *
 * Whoever may create a table chooses its name: a line break in it would end a comment,
 * and a character that turns the direction of writing, or has no width, would show
 * something else than what is run.  So each name and value that pvext prints into SQL
 * text or a comment of it goes through one of these functions, whose result is one line
 * of characters that can be seen.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"

/*
 * Is the character, of so many bytes, one that ends a line, or cannot be seen?  *code
 * is set to what it is in Unicode.  Server encodings have ASCII's control characters as
 * they are, and in no other character.
 */
static bool
is_hidden(const char *at, int length, uint32 *code)
{
	*code = (unsigned char) at[0];
	if (length == 1)
		return *code < 0x20 || *code == 0x7f;
	if (GetDatabaseEncoding() != PG_UTF8)
		return false;
	*code = utf8_to_unicode((const unsigned char *) at);
	return (*code >= 0x80 && *code <= 0x9f) || *code == 0xad || *code == 0x61c ||
		(*code >= 0x200b && *code <= 0x200f) || (*code >= 0x2028 && *code <= 0x202e) ||
		(*code >= 0x2060 && *code <= 0x2069) || *code == 0xfeff;
}

/* A string literal. */
char *
pvext_print_literal(const char *text)
{
	StringInfoData buf;
	bool		escapes = false;
	int			length;

	initStringInfo(&buf);
	for (const char *at = text; *at; at += length)
	{
		uint32		code;

		length = pg_mblen(at);
		if (is_hidden(at, length, &code))
			appendStringInfo(&buf, "\\u%04x", code);
		else if (*at == '\\' || *at == '\'')
			appendStringInfo(&buf, "%c%c", *at, *at);
		else
		{
			appendBinaryStringInfo(&buf, at, length);
			continue;
		}
		escapes = escapes || *at != '\'';
	}
	return psprintf("%s'%s'", escapes ? "E" : "", buf.data);
}

/* A list of names as the literal of an array: '{a,b}'. */
char *
pvext_print_names(List *names)
{
	PvextArgs	args = {0};

	pvext_arg_names(&args, names, false);
	return pvext_print_literal(OidOutputFunctionCall(F_ARRAY_OUT, args.values[0]));
}

/* A relation as the literal of a regclass. */
char *
pvext_print_relation(Oid relid)
{
	return pvext_print_literal(pvext_relation_name(relid));
}

/* What stands in a comment. */
char *
pvext_print_comment(const char *text)
{
	StringInfoData buf;
	int			length;

	initStringInfo(&buf);
	for (const char *at = text; *at; at += length)
	{
		uint32		code;

		length = pg_mblen(at);
		if (is_hidden(at, length, &code))
			appendStringInfoChar(&buf, ' ');
		else
			appendBinaryStringInfo(&buf, at, length);
	}
	return buf.data;
}

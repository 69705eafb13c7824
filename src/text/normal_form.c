/*
 * normal_form.c
 *		Reading a text as it is compared, with the way back to its bytes.
 *
 * A text is read one character after the other, whatever the database's encoding
 * is, and however the character is written: as it is, as HTML's &eacute; or &#233;, as a
 * URL's %C3%A9, as JSON's \u00e9.  What shows nothing is left out; blanks, and tags
 * of HTML that end a line, are one blank.  Each unit says which bytes it came from, so
 * that what is found in the one form can be replaced in the other.
 *
 * Some signs stand within a word or between two: a zero-width blank, <b>, the plus and
 * underscore of URLs and file names.  A text that has one of these is read twice, the
 * second time (PVEXT_READ_LOOSE) with a blank in its place.
 */
#include "postgres.h"
#include "base/message.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "text/normal_form.h"

/* A name of HTML's, and a tag's, is looked for in so many bytes. */
#define LONGEST_NAME 8
#define LONGEST_TAG 200

/* The names that HTML has for characters, in order. */
static const struct
{
	const char *name;
	pg_wchar	c;
}			entities[] =
{
	{"AElig", 0xC6}, {"Aacute", 0xC1}, {"Acirc", 0xC2}, {"Agrave", 0xC0}, {"Aring", 0xC5},
	{"Atilde", 0xC3}, {"Auml", 0xC4}, {"Ccedil", 0xC7}, {"ETH", 0xD0}, {"Eacute", 0xC9},
	{"Ecirc", 0xCA}, {"Egrave", 0xC8}, {"Euml", 0xCB}, {"Iacute", 0xCD}, {"Icirc", 0xCE},
	{"Igrave", 0xCC}, {"Iuml", 0xCF}, {"NewLine", 0xA}, {"Ntilde", 0xD1}, {"OElig", 0x152},
	{"Oacute", 0xD3}, {"Ocirc", 0xD4}, {"Ograve", 0xD2}, {"Oslash", 0xD8}, {"Otilde", 0xD5},
	{"Ouml", 0xD6}, {"Scaron", 0x160}, {"THORN", 0xDE}, {"Tab", 0x9}, {"Uacute", 0xDA},
	{"Ucirc", 0xDB}, {"Ugrave", 0xD9}, {"Uuml", 0xDC}, {"Yacute", 0xDD}, {"Yuml", 0x178},
	{"aacute", 0xE1}, {"acirc", 0xE2}, {"acute", 0xB4}, {"aelig", 0xE6}, {"agrave", 0xE0},
	{"amp", 0x26}, {"apos", 0x27}, {"aring", 0xE5}, {"atilde", 0xE3}, {"auml", 0xE4},
	{"brvbar", 0xA6}, {"ccedil", 0xE7}, {"cedil", 0xB8}, {"cent", 0xA2}, {"commat", 0x40},
	{"copy", 0xA9}, {"curren", 0xA4}, {"deg", 0xB0}, {"divide", 0xF7}, {"eacute", 0xE9},
	{"ecirc", 0xEA}, {"egrave", 0xE8}, {"emsp", 0x2003}, {"ensp", 0x2002}, {"eth", 0xF0},
	{"euml", 0xEB}, {"frac12", 0xBD}, {"frac14", 0xBC}, {"frac34", 0xBE}, {"gt", 0x3E},
	{"hyphen", 0x2010}, {"iacute", 0xED}, {"icirc", 0xEE}, {"iexcl", 0xA1}, {"igrave", 0xEC},
	{"iquest", 0xBF}, {"iuml", 0xEF}, {"laquo", 0xAB}, {"lowbar", 0x5F}, {"lsquo", 0x2018},
	{"lt", 0x3C}, {"macr", 0xAF}, {"mdash", 0x2014}, {"micro", 0xB5}, {"middot", 0xB7},
	{"nbsp", 0xA0}, {"ndash", 0x2013}, {"not", 0xAC}, {"ntilde", 0xF1}, {"oacute", 0xF3},
	{"ocirc", 0xF4}, {"oelig", 0x153}, {"ograve", 0xF2}, {"ordf", 0xAA}, {"ordm", 0xBA},
	{"oslash", 0xF8}, {"otilde", 0xF5}, {"ouml", 0xF6}, {"para", 0xB6}, {"period", 0x2E},
	{"plus", 0x2B}, {"plusmn", 0xB1}, {"pound", 0xA3}, {"quot", 0x22}, {"raquo", 0xBB},
	{"reg", 0xAE}, {"rsquo", 0x2019}, {"scaron", 0x161}, {"sect", 0xA7}, {"shy", 0xAD},
	{"sup1", 0xB9}, {"sup2", 0xB2}, {"sup3", 0xB3}, {"szlig", 0xDF}, {"thinsp", 0x2009},
	{"thorn", 0xFE}, {"times", 0xD7}, {"uacute", 0xFA}, {"ucirc", 0xFB}, {"ugrave", 0xF9},
	{"uml", 0xA8}, {"uuml", 0xFC}, {"yacute", 0xFD}, {"yen", 0xA5}, {"yuml", 0xFF},
	{"zwj", 0x200D}, {"zwnj", 0x200C}
};

/* Tags that end a word, and tags that may stand within one; in order. */
static const char *const block_tags[] = {
	"blockquote", "br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
	"ol", "p", "pre", "table", "td", "th", "tr", "ul"
};
static const char *const inline_tags[] = {
	"a", "abbr", "b", "code", "del", "em", "font", "i", "ins", "mark", "s", "small", "span",
	"strong", "sub", "sup", "tt", "u", "wbr"
};

/* Bytes 80 to 9F as Windows has them, where the encoding is not known. */
static const pg_wchar windows[32] = {
	0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039,
	0x152, 0x8D, 0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178
};

/*
 * Encodings
 */

/* UTF-8 as it is in databases, and elsewhere where it may be. */
static bool
read_utf8(const unsigned char *bytes, uint32 len, PvextPiece *piece)
{
	int			n = pg_utf_mblen(bytes);

	if (n > len || !pg_utf8_islegal(bytes, n))
		return false;
	piece->c = utf8_to_unicode(bytes);
	piece->len = n;
	return true;
}

/* A character of another encoding, by the server's conversion to UTF-8. */
static pg_wchar
converted(const unsigned char *bytes, int len)
{
	static struct
	{
		uint32		bytes;
		pg_wchar	c;
	}			known[256];
	static Oid	conversion = InvalidOid;
	static bool searched = false;
	unsigned char result[MAX_CONVERSION_GROWTH * 4 + 1];
	uint32		packed = 0;

	for (int i = 0; i < len; i++)
		packed = (packed << 8) | bytes[i];
	if (known[packed & 255].bytes == packed)
		return known[packed & 255].c;
	if (!searched)
		conversion = FindDefaultConversionProc(GetDatabaseEncoding(), PG_UTF8);
	searched = true;
	known[packed & 255].bytes = packed;
	known[packed & 255].c = PVEXT_NO_UNICODE | packed;
	if (OidIsValid(conversion) &&
		pg_do_encoding_conversion_buf(conversion, GetDatabaseEncoding(), PG_UTF8,
									  unconstify(unsigned char *, bytes), len, result,
									  sizeof(result), true) == len)
		known[packed & 255].c = utf8_to_unicode(result);
	return known[packed & 255].c;
}

/* A character beyond ASCII in the database's encoding. */
static void
read_encoded(const char *at, uint32 len, PvextPiece *piece)
{
	const unsigned char *bytes = (const unsigned char *) at;

	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
	{
		if (read_utf8(bytes, len, piece))
			return;
		piece->c = *bytes < 0xA0 ? windows[*bytes - 0x80] : *bytes;
		piece->len = 1;
		return;
	}
	piece->len = Min(pg_encoding_mblen(GetDatabaseEncoding(), at), len);
	piece->c = converted(bytes, Min(piece->len, 4));
}

/*
 * Other ways to write a character
 */

/* What a hexadecimal digit is, or -1. */
static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The number of n hexadecimal digits, or -1. */
static int
read_hex(const char *at, uint32 len, int n)
{
	int			value = 0;

	if (len < n)
		return -1;
	for (int i = 0; i < n; i++)
	{
		int			digit = hex_value(at[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* %C3%A9 */
static bool
read_percent(const char *at, uint32 len, PvextPiece *piece)
{
	unsigned char bytes[4];
	int			n;

	for (n = 0; n < 4 && len > n * 3 && at[n * 3] == '%'; n++)
	{
		int			value = read_hex(at + n * 3 + 1, len - n * 3 - 1, 2);

		if (value < 0)
			break;
		bytes[n] = value;
	}
	if (n == 0 || bytes[0] == 0)
		return false;
	if (!read_utf8(bytes, n, piece))
	{
		piece->c = bytes[0];
		piece->len = 1;
	}
	piece->len *= 3;
	return true;
}

/* \u00e9, and two of them for what is beyond 16 bits. */
static bool
read_escape(const char *at, uint32 len, PvextPiece *piece)
{
	int			value = len > 6 - 1 && at[1] == 'u' ? read_hex(at + 2, len - 2, 4) : -1;

	if (value <= 0)
		return false;
	piece->c = value;
	piece->len = 6;
	if (is_utf16_surrogate_first(value) && len >= 12 && at[6] == '\\' && at[7] == 'u')
	{
		int			second = read_hex(at + 8, len - 8, 4);

		if (second >= 0 && is_utf16_surrogate_second(second))
		{
			piece->c = surrogate_pair_to_codepoint(value, second);
			piece->len = 12;
		}
	}
	return true;
}

/* The other escapes of a JSON string. */
static void
read_json_escape(const char *at, uint32 len, PvextPiece *piece)
{
	static const char from[] = "nrtbf";

	piece->len = Min(len, 2);
	piece->c = len < 2 ? '\\' : strchr(from, at[1]) && at[1] ? ' ' : (unsigned char) at[1];
}

/* &#233; and &#xE9; */
static bool
read_numeric_entity(const char *at, uint32 len, PvextPiece *piece)
{
	bool		hex = len > 2 && (at[2] == 'x' || at[2] == 'X');
	uint32		i = hex ? 3 : 2;
	uint32		begin = i;
	pg_wchar	value = 0;

	for (; i < len && i - begin < 7; i++)
	{
		int			digit = hex_value(at[i]);

		if (digit < 0 || (!hex && digit > 9))
			break;
		value = value * (hex ? 16 : 10) + digit;
	}
	if (i == begin || i >= len || at[i] != ';' || value == 0 || value > 0x10FFFF)
		return false;
	piece->c = value;
	piece->len = i + 1;
	return true;
}

/* &eacute; */
static bool
read_entity(const char *at, uint32 len, PvextPiece *piece)
{
	char		name[LONGEST_NAME + 1];
	uint32		n = 0;

	if (len > 1 && at[1] == '#')
		return read_numeric_entity(at, len, piece);
	while (n < LONGEST_NAME && n + 1 < len && isalnum((unsigned char) at[n + 1]) &&
		   !IS_HIGHBIT_SET(at[n + 1]))
	{
		name[n] = at[n + 1];
		n++;
	}
	name[n] = '\0';
	if (n == 0 || n + 1 >= len || at[n + 1] != ';')
		return false;
	for (int i = 0; i < lengthof(entities); i++)
		if (strcmp(entities[i].name, name) == 0)
		{
			piece->c = entities[i].c;
			piece->len = n + 2;
			return true;
		}
	return false;
}

/* Is the name one of these tags? */
static bool
is_tag(const char *name, const char *const *tags, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(tags[i], name) == 0)
			return true;
	return false;
}

/* <br>, </p>, <a href="..."> */
static bool
read_tag(const char *at, uint32 len, PvextPiece *piece)
{
	char		name[16];
	uint32		n = 0;
	uint32		i = len > 1 && at[1] == '/' ? 2 : 1;

	for (; i < len && n < sizeof(name) - 1 && isalnum((unsigned char) at[i]) &&
		 !IS_HIGHBIT_SET(at[i]); i++)
		name[n++] = pg_ascii_tolower((unsigned char) at[i]);
	name[n] = '\0';
	if (n == 0 || i >= len || strchr(" \t\r\n/>", at[i]) == NULL || at[i] == '\0')
		return false;
	while (i < len && i < LONGEST_TAG && at[i] != '>' && at[i] != '<')
		i++;
	if (i >= len || at[i] != '>')
		return false;
	piece->len = i + 1;
	piece->kind = is_tag(name, block_tags, lengthof(block_tags)) ? PVEXT_PIECE_BLANK : PVEXT_PIECE_NOTHING;
	piece->ambiguous = piece->kind == PVEXT_PIECE_NOTHING;
	return piece->kind == PVEXT_PIECE_BLANK || is_tag(name, inline_tags, lengthof(inline_tags));
}

/*
 * Reading
 */

/* May the byte be of a word: a letter, or part of a character beyond ASCII? */
static bool
is_letter(char c)
{
	return IS_HIGHBIT_SET(c) || isalpha((unsigned char) c);
}

/* Is it between two letters? */
static bool
joins_letters(PvextNormal *normal, uint32 at)
{
	return at > 0 && is_letter(normal->text[at - 1]) && at + 1 < normal->len &&
		is_letter(normal->text[at + 1]);
}

/*
 * What begins with a sign that may stand for something else; false where it does not.
 * json: within a JSON string.
 */
bool
pvext_read_written(const char *at, uint32 len, bool json, PvextPiece *piece)
{
	piece->kind = PVEXT_PIECE_CHARACTER;
	piece->ambiguous = false;
	switch (*at)
	{
		case '&':
			return read_entity(at, len, piece);
		case '%':
			return read_percent(at, len, piece);
		case '<':
			return read_tag(at, len, piece);
		case '\\':
			if (read_escape(at, len, piece))
				return true;
			if (json)
				read_json_escape(at, len, piece);
			return json;
		default:
			return false;
	}
}

/* What stands at a place of the text. */
static void
read_piece(PvextNormal *normal, uint32 next, PvextPiece *piece)
{
	const char *at = normal->text + next;

	if (!pvext_read_written(at, normal->len - next, normal->json, piece))
	{
		piece->kind = PVEXT_PIECE_CHARACTER;
		piece->ambiguous = false;
		if (IS_HIGHBIT_SET(*at))
			read_encoded(at, normal->len - next, piece);
		else
		{
			piece->c = (unsigned char) *at;
			piece->len = 1;
			piece->ambiguous = (*at == '+' || *at == '_') && joins_letters(normal, next);
		}
	}
	if (piece->kind == PVEXT_PIECE_CHARACTER && pvext_is_blank(piece->c))
		piece->kind = PVEXT_PIECE_BLANK;
	else if (piece->kind == PVEXT_PIECE_CHARACTER && pvext_is_ignored(piece->c))
	{
		piece->kind = PVEXT_PIECE_NOTHING;
		piece->ambiguous = piece->c == 0x200B;
	}
	if (piece->ambiguous)
	{
		normal->ambiguous = true;
		if (normal->how == PVEXT_READ_LOOSE)
			piece->kind = PVEXT_PIECE_BLANK;
	}
}

/*
 * Begin to read a text, of which nothing is copied: it is to stay until it has been
 * read.  json: it is the inside of a JSON string.
 */
void
pvext_begin_normal(PvextNormal *normal, const char *text, size_t len, bool json,
				   PvextReadMode how)
{
	normal->text = text;
	normal->len = len;
	normal->json = json;
	normal->how = how;
	normal->next = 0;
	normal->ambiguous = false;
	normal->queued = normal->taken = 0;
}

/* One blank of all that stand here. */
static void
queue_blank(PvextNormal *normal, PvextPiece *piece)
{
	uint32		start = normal->next;
	uint32		end = start + piece->len;

	for (normal->next = end; normal->next < normal->len; normal->next += piece->len)
	{
		read_piece(normal, normal->next, piece);
		if (piece->kind == PVEXT_PIECE_CHARACTER)
			break;
		if (piece->kind == PVEXT_PIECE_BLANK)
			end = normal->next + piece->len;
	}
	normal->queue[0] = (PvextUnit) {' ', start, end, true, true};
	normal->queued = 1;
}

/* A character and the marks on it. */
static void
queue_run(PvextNormal *normal, PvextPiece *piece)
{
	pg_wchar	run[PVEXT_RUN];
	pg_wchar	folded[PVEXT_FOLDED];
	uint32		start = normal->next;
	uint32		end = start + piece->len;
	int			n = 0;

	run[n++] = piece->c;
	for (normal->next = end; normal->next < normal->len; normal->next += piece->len)
	{
		if (!IS_HIGHBIT_SET(normal->text[normal->next]) &&
			strchr("&%\\<", normal->text[normal->next]) == NULL)
			break;				/* as nearly always */
		read_piece(normal, normal->next, piece);
		if (piece->kind == PVEXT_PIECE_NOTHING)
			continue;
		if (piece->kind == PVEXT_PIECE_BLANK || n == PVEXT_RUN || run[0] > 0x10FFFF ||
			!pvext_is_mark(piece->c))
			break;
		run[n++] = piece->c;
		end = normal->next + piece->len;
	}
	normal->next = end;
	normal->queued = pvext_fold(run, n, folded);
	for (int i = 0; i < normal->queued; i++)
		normal->queue[i] = (PvextUnit) {folded[i], start, end, i == 0, i == normal->queued - 1};
}

/*
 * What an ASCII character is compared as, where it stands for itself and for one unit
 * whatever is beside it; else 0.
 */
static const unsigned char plain[128] = {
	['!'] = '!', ['"'] = '"', ['#'] = '#', ['$'] = '$', ['\''] = '\'', ['('] = '(', [')'] = ')',
	['*'] = '*', [','] = ',', ['-'] = '-', ['.'] = '.', ['/'] = '/', ['0'] = '0', ['1'] = '1',
	['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8',
	['9'] = '9', [':'] = ':', [';'] = ';', ['='] = '=', ['>'] = '>', ['?'] = '?', ['@'] = '@',
	['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g',
	['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n',
	['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u',
	['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['['] = '[', [']'] = ']',
	['^'] = '^', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f',
	['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm',
	['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't',
	['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['{'] = '{',
	['|'] = '|', ['}'] = '}', ['~'] = '~'
};

/* Most of what there is: an ASCII character that has another, or a blank, behind it. */
static inline bool
read_quickly(PvextNormal *normal, PvextUnit *unit)
{
	const unsigned char *at = (const unsigned char *) normal->text + normal->next;

	if (normal->next + 1 >= normal->len || at[0] > 127 || at[1] > 127 || plain[at[0]] == 0 ||
		(plain[at[1]] == 0 && at[1] != ' '))
		return false;
	*unit = (PvextUnit) {plain[at[0]], normal->next, normal->next + 1, true, true};
	normal->next++;
	return true;
}

/* The next unit; false at the end of the text. */
bool
pvext_next_unit(PvextNormal *normal, PvextUnit *unit)
{
	if (normal->taken == normal->queued && read_quickly(normal, unit))
		return true;
	while (normal->taken == normal->queued)
	{
		PvextPiece	piece;

		normal->taken = normal->queued = 0;
		if (normal->next >= normal->len)
			return false;
		read_piece(normal, normal->next, &piece);
		if (piece.kind == PVEXT_PIECE_NOTHING)
			normal->next += piece.len;
		else if (piece.kind == PVEXT_PIECE_BLANK)
			queue_blank(normal, &piece);
		else
			queue_run(normal, &piece);
	}
	*unit = normal->queue[normal->taken++];
	return true;
}

/* A text as it is compared, in UTF-8 whatever the database's encoding is. */
char *
pvext_normal_text(const char *text)
{
	PvextNormal *normal = palloc(sizeof(PvextNormal));
	StringInfoData out;
	PvextUnit	unit;

	initStringInfo(&out);
	pvext_begin_normal(normal, text, strlen(text), false, PVEXT_READ_PLAIN);
	while (pvext_next_unit(normal, &unit))
	{
		unsigned char bytes[8];

		if (unit.c <= 0x10FFFF)
			appendBinaryStringInfo(&out, (char *) unicode_to_utf8(unit.c, bytes),
								   pg_utf_mblen(unicode_to_utf8(unit.c, bytes)));
		else
			appendBinaryStringInfo(&out, text + unit.start, unit.end - unit.start);
	}
	pfree(normal);
	return out.data;
}

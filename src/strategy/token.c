/*
 * token.c
 *		Values that replace: unique, and recognisable as replacements.
 *
 * Text carries a prefix or suffix around digits, and so does what is written as one
 * (token_format.c); a uuid a tag in its first eight digits, an address of a network or
 * of a device in its first digits; a number lies in a reserved range at the negative end
 * of its type.  Where there is room for 60 bits or more, a token is random and made
 * by inline SQL.  Where there is less, it is a serial number put through a
 * permutation, which makes it unique by construction.  A pseudonym is the
 * keyed HMAC of the old value in the same clothes.
 *
 * A text format holds one "%s" for as many digits as fit, up to 32 hexadecimal
 * ones; "%8s" for eight; "%S" for capitals and "%d" for decimal digits; "%%"
 * for a percent sign.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/secret.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "strategy/token.h"
#include "strategy/token_format.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define LONG_DIGITS 32			/* of a uuid, or of half an HMAC */
#define MIN_RANDOM_DIGITS 16	/* with less, chance could repeat itself */
#define MAX_SERIAL_DIGITS 12	/* 36^12 still fits into 63 bits */
#define NUMBER_DIGITS 18		/* 10^18 as well */

#define TOKEN_TAG "e7a5ed00"
#define PSEUDONYM_TAG "b5e0d000"

/* A prime that no room, a product of 2, 3 and 5, has as a factor. */
#define STRIDE UINT64CONST(2654435761)

/* Of addresses that are assigned to nobody: local ones of IPv6, and of devices. */
#define TOKEN_NETWORK "fde7:a5ed"
#define PSEUDONYM_NETWORK "fdb5:e0d0"
#define TOKEN_DEVICE "e6:a5"
#define PSEUDONYM_DEVICE "b6:e0"

static const char hexadecimal[] = "0123456789abcdef";
static const char small_letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char capitals[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char decimal[] = "0123456789";

/* base to the power of exponent; the callers see to it that it fits. */
static uint64
power(uint64 base, int exponent)
{
	uint64		result = 1;

	while (exponent-- > 0)
		result *= base;
	return result;
}

/*
 * Take a format apart.  Returns false unless it holds exactly one conversion.
 * *width is 0 where the format leaves it open.
 */
static bool
parse_format(const char *format, char **prefix, char **suffix,
			 char *conversion, int *width)
{
	StringInfoData part;

	*conversion = '\0';
	*width = 0;
	initStringInfo(&part);
	for (const char *p = format; *p; p++)
	{
		int			digits = 0;

		if (*p != '%' || p[1] == '%')
		{
			p += (*p == '%');
			appendStringInfoChar(&part, *p);
			continue;
		}
		for (p++; *p >= '0' && *p <= '9' && digits < 1000; p++)
			digits = digits * 10 + (*p - '0');
		if (*conversion != '\0' || *p == '\0' || strchr("sSd", *p) == NULL ||
			(digits == 0 && p[-1] == '0'))
			return false;
		*conversion = *p;
		*width = digits;
		*prefix = part.data;
		initStringInfo(&part);
	}
	*suffix = part.data;
	return *conversion != '\0';
}

/* Can the text be the format of a token? */
bool
pvext_token_format(const char *format)
{
	char	   *prefix;
	char	   *suffix;
	char		conversion;
	int			width;

	return parse_format(format, &prefix, &suffix, &conversion, &width);
}

/*
 * A token in a text type: how many digits fit, and of which alphabet.
 */
static bool
init_text(PvextToken *token, Oid type, int32 typmod, const char *format,
		  bool pseudonym)
{
	int			room = pvext_text_room(type, typmod);
	char		conversion;
	int			width;

	if (!parse_format(format, &token->prefix, &token->suffix, &conversion, &width))
		return false;
	token->form = PVEXT_TOKEN_TEXT;
	room = room < 0 ? LONG_DIGITS :
		room - pg_mbstrlen(token->prefix) - pg_mbstrlen(token->suffix);
	if (width > room || room < 1)
		return false;
	token->digits = Min(width > 0 ? width : room, LONG_DIGITS);
	if (conversion == 's' && token->digits >= MIN_RANDOM_DIGITS)
	{
		token->alphabet = hexadecimal;
		token->random = !pseudonym;
		return true;
	}
	token->digits = Min(token->digits, MAX_SERIAL_DIGITS);
	token->alphabet = conversion == 'd' ? decimal : conversion == 'S' ? capitals : small_letters;
	token->room = power(strlen(token->alphabet), token->digits);
	return true;
}

/*
 * A token in numeric(precision, scale): the last tenth of the range, in units
 * of the last of the 18 highest digits.
 */
static bool
init_numeric(PvextToken *token, int32 typmod)
{
	int			precision = 1000;
	int			scale = 0;
	int			digits;

	if (typmod >= (int32) VARHDRSZ)
	{
		precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
		scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
	}
	if (precision - scale < NUMBER_DIGITS)
		scale = Min(scale, NUMBER_DIGITS - (precision - scale));
	else
		scale = Min(scale, 0);
	digits = typmod >= (int32) VARHDRSZ ? Min(precision, NUMBER_DIGITS) : NUMBER_DIGITS;
	if (digits < 2 || scale < 0)
		return false;
	token->form = PVEXT_TOKEN_NUMBER;
	token->room = power(10, digits - 1);
	token->low = 1 - (int64) power(10, digits);
	token->scale = scale;
	return true;
}

/*
 * What tokens of a column's type look like.  False where none fit: another
 * type, or a format that leaves no room.
 */
bool
pvext_init_token(PvextToken *token, Oid type, int32 typmod, const char *format,
				 bool pseudonym)
{
	const char *const *formats = pvext_token_formats(type, pseudonym);

	memset(token, 0, sizeof(*token));
	if (formats && (typmod < 0 || pvext_is_text(type)))
		return init_text(token, type, typmod, format ? format : formats[0], pseudonym);
	token->type = getBaseTypeAndTypmod(type, &typmod);
	token->form = PVEXT_TOKEN_NUMBER;
	switch (token->type)
	{
		case UUIDOID:
			token->form = PVEXT_TOKEN_UUID;
			token->tag = pseudonym ? PSEUDONYM_TAG : TOKEN_TAG;
			token->random = !pseudonym;
			return true;
		case INETOID:
		case CIDROID:
			token->form = PVEXT_TOKEN_NETWORK;
			token->tag = pseudonym ? PSEUDONYM_NETWORK : TOKEN_NETWORK;
			token->random = !pseudonym;
			return true;
		case MACADDROID:
		case MACADDR8OID:
			token->form = PVEXT_TOKEN_DEVICE;
			token->tag = pseudonym ? PSEUDONYM_DEVICE : TOKEN_DEVICE;
			token->room = UINT64CONST(1) << 32;
			return true;
		case INT2OID:
			token->low = PG_INT16_MIN;
			token->room = UINT64CONST(1) << 14;
			return true;
		case INT4OID:
			token->low = PG_INT32_MIN;
			token->room = UINT64CONST(1) << 30;
			return true;
		case INT8OID:
			token->room = UINT64CONST(1) << 61;
			token->low = 1 - (INT64CONST(1) << 62) - (int64) token->room;
			token->random = !pseudonym;
			return true;
		case NUMERICOID:
			return init_numeric(token, typmod);
		default:
			return false;
	}
}

/* Are there tokens of the type, given enough room? */
bool
pvext_token_type(Oid type)
{
	switch (getBaseType(type))
	{
		case UUIDOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
			return true;
		default:
			return pvext_token_formats(type, false) != NULL;
	}
}

/* The SQL of a fresh random token, as text or, for int8, as a number. */
char *
pvext_token_sql(const PvextToken *token)
{
	if (token->form == PVEXT_TOKEN_UUID)
		return psprintf("'%s' || substr(CAST(gen_random_uuid() AS text), 9)", token->tag);
	if (token->form == PVEXT_TOKEN_NETWORK)
		return psprintf("'%s::' || substr(regexp_replace(md5(CAST(gen_random_uuid() AS text)), '(....)', ':\\1', 'g'), 2, 19)",
						token->tag);
	if (token->form == PVEXT_TOKEN_NUMBER)
		return psprintf("(" INT64_FORMAT " + (CAST(CAST("
						"'x' || right(CAST(gen_random_uuid() AS text), 12)"
						" || left(CAST(gen_random_uuid() AS text), 4)"
						" AS bit(64)) AS int8) & " UINT64_FORMAT "))",
						token->low, token->room - 1);
	return psprintf("%s || left(replace(CAST(gen_random_uuid() AS text), '-', ''), %d) || %s",
					quote_literal_cstr(token->prefix), token->digits,
					quote_literal_cstr(token->suffix));
}

/* Escape what means something in a regular expression. */
static void
append_escaped(StringInfo buf, const char *text)
{
	for (const char *p = text; *p; p++)
	{
		if (!IS_HIGHBIT_SET(*p) && !isalnum((unsigned char) *p))
			appendStringInfoChar(buf, '\\');
		appendStringInfoChar(buf, *p);
	}
}

/* A number of the reserved range as its type writes it. */
static char *
number_text(const PvextToken *token, int64 units)
{
	uint64		magnitude = (uint64) -(units + 1) + 1;
	uint64		unit = power(10, token->scale);

	if (token->scale == 0)
		return psprintf("-" UINT64_FORMAT, magnitude);
	return psprintf("-" UINT64_FORMAT ".%0*llu", magnitude / unit, token->scale,
					(unsigned long long) (magnitude % unit));
}

/* The SQL that recognises a token, the column not being NULL. */
char *
pvext_token_test_sql(const PvextToken *token, const char *column)
{
	StringInfoData regex;
	const char *type;

	if (token->form == PVEXT_TOKEN_UUID)
		return psprintf("CAST(%s AS text) COLLATE \"C\" LIKE '%s-%%'", column, token->tag);
	if (token->form == PVEXT_TOKEN_NETWORK)
		return psprintf("(CAST(%s AS inet) <<= CAST('%s::/64' AS inet))", column, token->tag);
	if (token->form == PVEXT_TOKEN_DEVICE)
		return psprintf("CAST(%s AS text) COLLATE \"C\" LIKE '%s:%%'", column, token->tag);
	if (token->form == PVEXT_TOKEN_NUMBER)
	{
		type = pvext_type_name(token->type, -1);
		return psprintf("%s BETWEEN CAST('%s' AS %s) AND CAST('%s' AS %s)", column,
						number_text(token, token->low), type,
						number_text(token, token->low + (int64) token->room - 1), type);
	}
	initStringInfo(&regex);
	appendStringInfoChar(&regex, '^');
	append_escaped(&regex, token->prefix);
	appendStringInfo(&regex, "[%s]{%d}",
					 token->alphabet == hexadecimal ? "0-9a-f" :
					 token->alphabet == decimal ? "0-9" :
					 token->alphabet == capitals ? "0-9A-Z" : "0-9a-z",
					 token->digits);
	append_escaped(&regex, token->suffix);
	appendStringInfoChar(&regex, '$');
	return psprintf("CAST(%s AS text) COLLATE \"C\" ~ %s", column,
					quote_literal_cstr(regex.data));
}

/* a * b modulo m, for m below 2^63. */
static uint64
multiply(uint64 a, uint64 b, uint64 m)
{
	uint64		result = 0;

	for (a %= m; b > 0; b >>= 1)
	{
		if (b & 1)
			result = (result + a) % m;
		a = (a + a) % m;
	}
	return result;
}

/* The address of a device, with its last 32 bits. */
static char *
device_text(const PvextToken *token, uint32 n)
{
	const char *middle = token->type == MACADDR8OID ? ":ed:00" : "";

	return psprintf("%s%s:%02x:%02x:%02x:%02x", token->tag, middle, (n >> 24) & 0xff, (n >> 16) & 0xff,
					(n >> 8) & 0xff, n & 0xff);
}

/* The n-th token of a small room. */
static char *
render(const PvextToken *token, uint64 n)
{
	int			base;
	char	   *digits;

	if (token->form == PVEXT_TOKEN_NUMBER)
		return number_text(token, token->low + (int64) n);
	if (token->form == PVEXT_TOKEN_DEVICE)
		return device_text(token, (uint32) n);
	base = strlen(token->alphabet);
	digits = palloc0(token->digits + 1);
	for (int i = token->digits - 1; i >= 0; i--)
	{
		digits[i] = token->alphabet[n % base];
		n /= base;
	}
	return psprintf("%s%s%s", token->prefix, digits, token->suffix);
}

/* The token of a serial number; different numbers give different tokens. */
char *
pvext_make_token(const PvextToken *token, int64 serial)
{
	Assert(token->room > 0);
	return render(token, multiply(STRIDE, (uint64) serial, token->room));
}

/*
 * The pseudonym of a value: equal values give equal ones, in every table.  Between
 * pvext_enter() and pvext_leave().
 */
char *
pvext_make_pseudonym(const PvextToken *token, const char *old)
{
	const unsigned char *digest =
		(unsigned char *) VARDATA(pvext_hmac("pseudonym", old));
	char		hex[LONG_DIGITS + 1];
	uint64		n = 0;

	for (int i = 0; i < LONG_DIGITS; i++)
		hex[i] = hexadecimal[(digest[i / 2] >> (i % 2 ? 0 : 4)) & 0xf];
	hex[LONG_DIGITS] = '\0';
	if (token->form == PVEXT_TOKEN_UUID)
		return psprintf("%s-%.4s-4%.3s-%c%.3s-%.12s", token->tag, hex, hex + 4,
						"89ab"[digest[16] & 3], hex + 7, hex + 10);
	if (token->form == PVEXT_TOKEN_NETWORK)
		return psprintf("%s::%.4s:%.4s:%.4s:%.4s", token->tag, hex, hex + 4, hex + 8, hex + 12);
	if (token->room == 0)
		return psprintf("%s%.*s%s", token->prefix, token->digits, hex, token->suffix);
	for (int i = 0; i < 8; i++)
		n = (n << 8) | digest[i];
	return render(token, n % token->room);
}

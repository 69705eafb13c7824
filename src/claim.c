/*
 * claim.c
 *		What a session says of itself, as it can be kept.
 *
 * Settings that come with a connection (PGOPTIONS), or are a role's in all
 * databases, are not checked to be text of this database's encoding; the names of
 * roles are those of whichever database they were made in.  The server's functions
 * for strings look for the rest of a character that has been cut off behind the
 * string.  So nothing that is claimed goes on before it has come this way.
 */
#include "postgres.h"
#include "message.h"

#include "claim.h"
#include "mb/pg_wchar.h"

#define ESCAPED_SIZE 4			/* \xNN */

/* Write a byte that is part of no character as \xNN. */
static void
escape(char *to, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = 'x';
	to[2] = digits[byte >> 4];
	to[3] = digits[byte & 0x0f];
}

/*
 * Write a claim, with no end to it, as text of this database's encoding: whole
 * characters alone, and bytes that are none escaped.  Returns its size, limit bytes
 * at most.
 */
int
pvext_clean_claim(const char *claim, char *to, int limit)
{
	int			encoding = GetDatabaseEncoding();
	int			left = (int) strnlen(claim, limit + MAX_MULTIBYTE_CHAR_LEN);
	int			used = 0;

	if (likely(left <= limit && pg_verifymbstr(claim, left, true)))
	{
		memcpy(to, claim, left);
		return left;
	}
	while (left > 0)
	{
		int			length = pg_encoding_verifymbchar(encoding, claim, left);
		int			size = length > 0 ? length : ESCAPED_SIZE;

		if (used + size > limit)
			break;
		if (length > 0)
			memcpy(to + used, claim, length);
		else
			escape(to + used, (unsigned char) *claim);
		used += size;
		claim += Max(length, 1);
		left -= Max(length, 1);
	}
	return used;
}

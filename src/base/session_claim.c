/*
 * session_claim.c
 *		What a session says of itself, as it can be kept.
 *
 * Settings that come with a connection (PGOPTIONS), or are a role's in all
 * databases, are not checked to be text of this database's encoding; the names of
 * roles are those of whichever database they were made in.  The server's functions
 * for strings look for the rest of a character that has been cut off behind the
 * string.  So nothing that is claimed goes on before it has come this way.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/session_claim.h"
#include "mb/pg_wchar.h"
#include "replication/origin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

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

/*
 * Does the setting hold for the current transaction, or a part of it, alone?  So it is
 * where the last that set it was SET LOCAL, or a function's SET.
 */
static bool
is_local(const struct config_generic *setting)
{
	return setting->stack &&
		(setting->stack->state == GUC_LOCAL || setting->stack->state == GUC_SET_LOCAL ||
		 setting->stack->state == GUC_SAVE);
}

/* A claim as it is to be recorded: with pvext.transaction_claims none that would outlive the transaction. */
static inline const char *
claimed(const char *value, const char *name, const struct config_generic **setting)
{
	if (value == NULL || value[0] == '\0')
		return "";
	if (likely(!pvext_transaction_claims))
		return value;
	if (*setting == NULL)
		*setting = pvext_find_setting(name);
	return is_local(*setting) ? value : "";
}

/* On whose behalf it acts; "" where it does not say. */
const char *
pvext_claimed_actor(void)
{
	static const struct config_generic *setting = NULL;

	return claimed(pvext_actor, "pvext.actor", &setting);
}

/* What for. */
const char *
pvext_claimed_purpose(void)
{
	static const struct config_generic *setting = NULL;

	return claimed(pvext_read_purpose, "pvext.purpose", &setting);
}

/*
 * Which application it is.  What replicates the changes of another server has a name for
 * where they come from, which is said first.  Not longer than a name; valid until the
 * next call.
 */
const char *
pvext_application(void)
{
	static RepOriginId known = InvalidRepOriginId;
	static char origin[NAMEDATALEN];
	static char both[NAMEDATALEN];
	const char *application = application_name ? application_name : "";

	if (likely(replorigin_session_origin == InvalidRepOriginId ||
			   replorigin_session_origin == DoNotReplicateId))
		return application;
	if (known != replorigin_session_origin)
	{
		char	   *name = NULL;

		if (!IsTransactionState() || !replorigin_by_oid(replorigin_session_origin, true, &name))
			return application;
		strlcpy(origin, name, sizeof(origin));
		known = replorigin_session_origin;
	}
	snprintf(both, sizeof(both), "origin %s%s%s", origin, application[0] ? ", " : "", application);
	return both;
}

/*
 * register.c
 *		Who keeps a register of what persons have asked for hears of erasures.
 *
 * The register is above this folder: it hands in its functions when the library is loaded
 * (rights/petition_entry.c), and is told in the transaction that writes the ledger.
 */
#include "postgres.h"
#include "base/message.h"

#include "erase/register.h"

static const PvextRegister *keeper = NULL;

/* From now on this one is told. */
void
pvext_keep_register(const PvextRegister *who)
{
	keeper = who;
}

/* Requests (PvextEntered) have been entered in the ledger, or have changed there. */
void
pvext_tell_entered(List *entered)
{
	if (keeper && entered != NIL)
		keeper->entered(entered);
}

/* The same of one. */
void
pvext_tell_entered_one(const pg_uuid_t *id, const bytea *before)
{
	PvextEntered entered = {*id, before};

	pvext_tell_entered(list_make1(&entered));
}

/*
 * A subject has lost its row, or its person, otherwise than by a request.  Returns how much
 * was known of it.
 */
int64
pvext_tell_ended(PvextTable *subject, const bytea *before, const bytea *digest)
{
	return keeper ? keeper->ended(subject, before, digest) : 0;
}

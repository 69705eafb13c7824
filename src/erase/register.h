/*
 * register.h
 *		Who keeps a register of what persons have asked for hears of erasures.
 */
#ifndef PVEXT_REGISTER_H
#define PVEXT_REGISTER_H

#include "map/model.h"
#include "utils/uuid.h"

/* A request that has been entered in the ledger, or has changed there. */
typedef struct PvextEntered
{
	pg_uuid_t	id;
	const bytea *before;		/* digest of the key that the subject had until then */
} PvextEntered;

/* What the register is told. */
typedef struct PvextRegister
{
	/* The ledger has these, PvextEntered, as they are now. */
	void		(*entered) (List *entered);

	/*
	 * A subject's row is gone, or has lost its person and has a key of this digest.
	 * Returns how many of the register's rows were about it.
	 */
	int64		(*ended) (PvextTable *subject, const bytea *before, const bytea *digest);
} PvextRegister;

extern void pvext_keep_register(const PvextRegister *who);
extern void pvext_tell_entered(List *entered);
extern void pvext_tell_entered_one(const pg_uuid_t *id, const bytea *before);
extern int64 pvext_tell_ended(PvextTable *subject, const bytea *before, const bytea *digest);

#endif							/* PVEXT_REGISTER_H */

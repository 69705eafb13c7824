/*
 * deferred.c
 *		Requests that could not be carried out at once, for somebody has a lock.
 *
 * Whoever asks for an erasure has asked for it, whatever anybody's open transaction keeps
 * locked: what was begun is rolled back, and the request is entered in state requested,
 * for the worker to carry out.  Where not even the subject's row can be looked at, since
 * its table is locked whole, the key stands as it was asked for, until then.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup.h"
#include "base/catch.h"
#include "base/digest.h"
#include "base/event.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "erase/deferred.h"
#include "erase/register.h"
#include "erase/trait.h"
#include "map/key.h"
#include "utils/guc.h"

/* How long a locked table is waited for once more. */
#define SHORT_TIMEOUT "10ms"

typedef struct Deferral
{
	Oid			relid;
	List	   *keys;
	char	   *reason;
	bool		blind;			/* the table cannot be looked at */
	List	   *digests;		/* of those that have been entered or found */
	List	   *entered;		/* digests */
	List	   *results;		/* HeapTuple */
} Deferral;

/* Say that what was asked for has not been done yet. */
void
pvext_warn_of_deferral(void)
{
	ereport(WARNING,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("the erasure is requested, and has not been carried out: a lock was not had in time"),
			 errhint("The worker goes on with it, as CALL pv.run_duties() does. While it waits, pg_blocking_pids() tells for whom.")));
}

/*
 * The request of a key that a row has, or that was asked for.  The subject is not locked:
 * of two that are entered at once, the ledger's unique index lets one wait for the other.
 */
static void
enter(Deferral *deferral, PvextTable *subject, char *key)
{
	bytea	   *digest = pvext_subject_digest(subject->id, key);
	PvextRequest request;
	ListCell   *lc;

	foreach(lc, deferral->digests)
		if (pvext_same_digest(lfirst(lc), digest))
			return;
	deferral->digests = lappend(deferral->digests, digest);
	pvext_find_request(subject, digest, &request);
	if (pvext_is_open(&request))
	{
		deferral->results = lappend(deferral->results, pvext_request_row(&request.id));
		return;
	}
	pvext_new_request(&request, digest);
	request.key = key;
	request.reason = deferral->reason;
	if (!deferral->blind && pvext_any_traits(subject))
		pvext_remember_traits(&request, pvext_read_traits(subject, list_make1(key))[0]);
	deferral->results = lappend(deferral->results, pvext_save_request(subject, &request));
	pvext_tell_entered_one(&request.id, digest);
	deferral->entered = lappend(deferral->entered, digest);
}

/* The same for a key that no row has: that of a subject who has another since, or had it. */
static void
enter_former(Deferral *deferral, PvextTable *subject, const char *asked)
{
	bytea	   *digest = pvext_subject_digest(subject->id, asked);
	char	   *key = pvext_key_of_request(subject, digest);
	HeapTuple	row;

	if (key)
	{
		enter(deferral, subject, key);
		return;
	}
	row = pvext_former_row(subject, digest);
	if (row == NULL)
		pvext_unknown_key(subject);
	deferral->results = lappend(deferral->results, row);
}

/*
 * For pvext_catch(): enter what is asked for.  Its locks are waited for but shortly:
 * there has been enough of that.  It may be called twice, for what failed is undone.
 */
static void
enter_all(void *arg)
{
	Deferral   *deferral = arg;
	PvextTable *subject = pvext_map_subject(pvext_map(), deferral->relid);
	ListCell   *lc;

	deferral->digests = deferral->entered = deferral->results = NIL;
	(void) set_config_option("lock_timeout", SHORT_TIMEOUT, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	foreach(lc, deferral->keys)
	{
		char	   *key = deferral->blind ? lfirst(lc) :
			pvext_find_subject(subject, lfirst(lc), PVEXT_TO_LOOK);

		if (key)
			enter(deferral, subject, key);
		else
			enter_former(deferral, subject, lfirst(lc));
	}
	if (deferral->entered != NIL)
		pvext_record_events(psprintf("erase_subject(%s)", subject->sql_name), deferral->entered);
}

/*
 * Enter requests for the erasure of subjects, where there are none, with a warning.
 * Returns their rows of pv.erasure as erase_subjects() does, between pvext_enter() and
 * pvext_leave().  Raises 55P03 where another transaction is entering one of the same
 * subject.
 */
List *
pvext_defer_requests(Oid relid, List *keys, char *reason)
{
	Deferral	deferral = {relid, keys, reason};
	ErrorData  *error = pvext_catch(enter_all, &deferral);

	if (error && error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
	{
		deferral.blind = true;
		error = pvext_catch(enter_all, &deferral);
	}
	if (error)
		ReThrowError(error);
	pvext_warn_of_deferral();
	return deferral.results;
}

/*
 * A request that was entered when the subject could not be looked at: its key as the row
 * spells it, from now on in the ledger, too.  NULL where the subject has another open
 * request, which stands for this one.
 */
char *
pvext_spell_request(Oid relid, const pg_uuid_t *id, char *key)
{
	PvextTable *subject = pvext_map_subject(pvext_map(), relid);
	char	   *found = pvext_find_subject(subject, key, PVEXT_TO_LOOK);
	PvextRequest other;
	PvextArgs	args = {0};
	bytea	   *former;
	bytea	   *digest;

	if (found == NULL || strcmp(found, key) == 0)
		return key;
	former = pvext_subject_digest(subject->id, key);
	digest = pvext_subject_digest(subject->id, found);
	pvext_find_request(subject, digest, &other);
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(id), false);
	if (pvext_is_open(&other))
	{
		(void) pvext_own("UPDATE pv.erasure_ledger SET state = 'cancelled', key = NULL, traits = NULL,"
						 " reason = concat_ws('; ', reason, 'another request of the subject is open')"
						 " WHERE id = $1 AND key IS NOT NULL", &args);
		pvext_tell_entered_one(id, former);
		return NULL;
	}
	pvext_arg_text(&args, found);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	(void) pvext_own("UPDATE pv.erasure_ledger SET key = $2, former_digest = $3, subject_digest = $3"
					 " WHERE id = $1 AND key IS NOT NULL", &args);
	pvext_tell_entered_one(id, former);
	return found;
}

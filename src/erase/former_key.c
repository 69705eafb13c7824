/*
 * former_key.c
 *		Erasing by a key that no row has.
 *
 * Whoever asks for an erasure again knows the person by the key of then.  The
 * row may have another key since, by an erasure in part; it may have been
 * erased for good, or the application may have deleted it.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/event.h"
#include "base/secret.h"
#include "consent/ending.h"
#include "erase/former_key.h"
#include "erase/ledger.h"
#include "erase/missing_subject.h"
#include "erase/older_transaction.h"
#include "erase/register.h"
#include "map/key.h"
#include "redact/redact.h"
#include "rule/hold.h"
#include "utils/timestamp.h"

/* Take a subject that only the audit log knows out of it, unless it is held. */
static bool
redact_deleted(PvextMap *map, PvextPlan *plan, const char *key, const bytea *digest)
{
	bool		any;

	return pvext_held_by(digest, &any) == NIL && pvext_redact_deleted(map, plan, key);
}

/* Can nobody bring anything more of a subject who has no row, nor anything linked? */
static bool
can_conclude(PvextMap *map, PvextPlan *plan, const char *key)
{
	PvextOlder	older = {0};

	if (!plan->unenforced)
		return true;
	pvext_find_older(&older);
	return !pvext_any_older(&older) && pvext_find_gone(map, plan, key) == NULL;
}

/*
 * The row of pv.erasure for a subject whose own row the application has deleted: what it
 * consented and agreed to ends, what the audit log has of it goes, what it has asked for is
 * nobody's, and an open request is fulfilled by the deletion.  NULL where nothing was ever known of such a subject.
 */
static HeapTuple
conclude_deleted(PvextMap *map, PvextPlan *plan, char *key, bytea *digest, char *reason)
{
	PvextTable *subject = plan->subject;
	PvextEnding ending = {key, digest, digest};
	PvextRequest request = {.state = "completed", .key = key, .former_digest = digest,
	.subject_digest = digest, .reason = reason};
	HeapTuple	former;
	HeapTuple	row;
	bool		known = redact_deleted(map, plan, key, digest);

	pvext_end_consents(subject, list_make1(&ending));
	if (ending.kept == 0 && can_conclude(map, plan, key))
		pvext_conclude_deleted(subject, digest);
	known = pvext_tell_ended(subject, digest, digest) > 0 || known;
	former = pvext_former_row(subject, digest);
	if (former != NULL || (ending.ended == 0 && !known))
		return former;
	if (ending.kept > 0)
		request.state = "partial";
	request.until = ending.until;
	request.due_at = GetCurrentTransactionStartTimestamp();
	pvext_record_event(psprintf("erase_subject(%s)", subject->sql_name), digest);
	row = pvext_save_request(subject, &request);
	pvext_tell_entered_one(&request.id, digest);
	return row;
}

/* Is there a row of the key that the subject's condition does not hold for? */
static bool
is_no_person(PvextTable *subject, const char *key)
{
	PvextStatement find = pvext_statement(psprintf("SELECT FROM %s AS r WHERE %s", subject->sql_name,
												   pvext_key_match_sql(subject, "$%d", 1)));
	PvextArgs	args = {0};
	ListCell   *lc;

	if (subject->condition == NULL)
		return false;
	foreach(lc, pvext_split_key(subject, key))
		pvext_arg_text(&args, lfirst(lc));
	return pvext_run_keys(subject, &find, &args, 0) > 0;
}

/* Which of the keys have a row? */
static bool *
which_found(List *keys, List *rows)
{
	bool	   *found = palloc0(sizeof(bool) * list_length(keys));
	ListCell   *lc;

	foreach(lc, rows)
		found[((PvextRow *) lfirst(lc))->n] = true;
	return found;
}

/*
 * The rows of pv.erasure for keys that are no longer there, but were once; any
 * other unknown key is an error.  Where nothing may be erased (stopped), the ledger
 * alone is asked, and nothing changes.
 */
List *
pvext_former_rows(PvextMap *map, PvextPlan *plan, List *keys, List *rows, char *reason,
				  bool stopped)
{
	PvextTable *subject = plan->subject;
	bool	   *found = which_found(keys, rows);
	List	   *result = NIL;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, keys)
	{
		HeapTuple	former;
		bytea	   *digest;

		if (found[n++])
			continue;
		digest = pvext_subject_digest(subject->id, lfirst(lc));
		former = stopped || is_no_person(subject, lfirst(lc)) ? pvext_former_row(subject, digest) :
			conclude_deleted(map, plan, lfirst(lc), digest, reason);
		if (former == NULL)
			pvext_unknown_key(subject);
		result = lappend(result, former);
	}
	return result;
}

/*
 * Whoever was re-keyed by an erasure that is still open may be asked for by the
 * former key: put the key of now in its place.  Returns whether there was one.
 */
bool
pvext_follow_requests(PvextTable *subject, List **keys, List *rows)
{
	bool	   *found = which_found(*keys, rows);
	bool		any = false;
	List	   *followed = NIL;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, *keys)
	{
		char	   *key = NULL;

		if (!found[n++])
			key = pvext_key_of_request(subject, pvext_subject_digest(subject->id, lfirst(lc)));
		any = any || key;
		followed = lappend(followed, key ? key : lfirst(lc));
	}
	*keys = followed;
	return any;
}

/*
 * recheck.c
 *		Looking for rows until nobody can bring any more.
 *
 * A foreign key makes whoever adds a row for a person wait for an erasure, or be seen by
 * it.  By a link without one, a transaction that began before may add a row that no lock
 * has seen.  So the transactions that run when the rows are first looked for are noted:
 * where all have ended by the time that this is done, the rows are looked for once more
 * at once, else after they have (state verifying), by the worker or whoever asks again.
 */
#include "postgres.h"
#include "base/message.h"

#include "erase/older_transaction.h"
#include "erase/recheck.h"
#include "execution/redacted_text.h"
#include "execution/replaced_key.h"
#include "execution/slot.h"

/*
 * The rest of a run whose first look may have missed rows: in the same transaction, with
 * the locks that it has.
 */
static void
look_again(PvextPlan *plan, List *rows, PvextRequest *request, List *kept,
		   PvextRecordSearch *tracing, PvextOutcome *outcome)
{
	PvextOutcome more;

	/* What is clean of identifying values is known, now that they have gone. */
	pvext_record_redaction(plan, request->subject_digest);
	pvext_follow_kept(plan, kept);
	pvext_run_plan(plan, rows, request->subject_digest, true, pvext_search_for_rows, tracing, &more);
	outcome->anonymised += more.anonymised;
	outcome->deleted += more.deleted;
	outcome->held = more.held;
	outcome->until = more.until;
}

/*
 * pvext_run_plan() for subjects, request being the first one's; a second look where one
 * is due.  What is left to be looked for is in *look, in the current context.
 */
void
pvext_look(PvextPlan *plan, List *rows, PvextRequest *request, PvextRecordSearch *tracing,
		   PvextOutcome *outcome, PvextLook *look)
{
	bool		again = strcmp(request->state, "verifying") == 0;
	PvextOlder	older = {0};

	memset(look, 0, sizeof(*look));

	/* Before anything is looked for, and after the subjects' rows have been locked. */
	if (plan->unenforced)
		pvext_find_older(&older);
	if (again && pvext_is_awaited(request->verify_after))
		look->set = request->verify_after;
	if (request->former_keys)
		look->kept = pvext_decrypt_keys(request->subject_digest, request->former_keys);
	pvext_follow_kept(plan, look->kept);
	pvext_run_plan(plan, rows, request->subject_digest,
				   request->executed || ((PvextRow *) linitial(rows))->gone, pvext_search_for_rows, tracing,
				   outcome);
	look->kept = list_concat(look->kept, plan->kept);
	if ((again && plan->kept == NIL) || !pvext_any_older(&older))
		return;
	if (pvext_are_running(&older))
		look->set = pvext_keep_older(&older);
	else
		look_again(plan, rows, request, look->kept, tracing, outcome);
}

/*
 * Keep the former keys of a request whose state is what the run has made it, as long as
 * rows may come under them.  Its digest is that of its key of now, former that of the
 * key before the run.
 */
void
pvext_keep_keys(PvextRequest *request, PvextLook *look, const bytea *former)
{
	if (request->former_keys)
		pvext_destroy_keys(former);
	request->former_keys = NULL;
	if (look->set != 0 && look->kept != NIL)
		request->former_keys = pvext_encrypt_keys(request->subject_digest, look->kept);
}

/*
 * event.c
 *		The record of calls that change what pvext keeps.
 *
 * The record names the function and what it was about, never a key.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/event.h"
#include "base/identity.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"

/* The name of the role that logged in, whatever SET ROLE made of it. */
char *
pvext_login_name(void)
{
	return GetUserNameFromId(GetSessionUserId(), false);
}

/*
 * Who does what is being done: the role that logged in or, in code that runs on somebody's
 * behalf (an index expression under ANALYZE, say, or what pvext runs for a table's owner),
 * the role that it runs as: who logged in there has not asked for it.
 */
char *
pvext_doer_name(void)
{
	return InSecurityRestrictedOperation() ? GetUserNameFromId(GetUserId(), false) :
		pvext_login_name();
}

/*
 * Record a call about several subjects: a row for each.  Between pvext_enter() and
 * pvext_leave(); it commits with what the call has done, or not at all.
 */
void
pvext_record_events(const char *call, List *subject_digests)
{
	static PvextStatement insert = {
		"INSERT INTO pv.event_record (login, role, call, subject_digest)"
		" SELECT $1, $2, $3, d FROM unnest($4) AS d", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_name(&args, pvext_login_name());
	pvext_arg_name(&args, GetUserNameFromId(GetUserId(), false));
	pvext_arg_text(&args, call);
	pvext_arg_digests(&args, subject_digests);
	(void) pvext_own_kept(&insert, &args);
}

/*
 * Record a call ("declare_subject(public.customer)") by the current user, and
 * which subject it was about, if any.  The first that is about none has declared
 * something, and makes the database known.  Between pvext_enter() and pvext_leave().
 */
void
pvext_record_event(const char *call, const bytea *subject_digest)
{
	static PvextStatement insert = {
		"INSERT INTO pv.event_record (login, role, call, subject_digest)"
		" VALUES ($1, $2, $3, $4)", NULL
	};
	PvextArgs	args = {0};

	if (subject_digest == NULL && pvext_make_identity())
		pvext_make_secret();
	pvext_arg_name(&args, pvext_login_name());
	pvext_arg_name(&args, GetUserNameFromId(GetUserId(), false));
	pvext_arg_text(&args, call);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(subject_digest), subject_digest == NULL);
	(void) pvext_own_kept(&insert, &args);
}

/*
 * Tell who declares that a declaration that was there before no longer counts.  What the
 * statement that has entered it returned says whether there was a different one.
 */
void
pvext_note_replaced(const char *what)
{
	if (pvext_bool(0, 1))
		ereport(NOTICE,
				(errmsg("%s was declared otherwise before: this replaces it", what)));
}

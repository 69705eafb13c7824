/*
 * housekeeping.c
 *		The duties "expire" and "seal": what ends by itself, and the audit log.
 *
 * Holds, consents and links that have expired are out of force already; here that
 * becomes part of the record, and what was kept for them goes.  And it is looked whether
 * who was erased is there again.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/event.h"
#include "base/guc.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "consent/recording.h"
#include "duty/failure.h"
#include "erase/reappeared.h"
#include "rights/petition_entry.h"
#include "utils/timestamp.h"
#include "worker/housekeeping.h"

/* How many consents expire in a step. */
#define CONSENTS 200

/* Consents that have expired, while they are gone through. */
typedef struct Expiry
{
	PvextDutyRun   *run;
	int64		after;			/* the state that came last */
	bool		more;
	int64		done;
} Expiry;

/* For do_part(): holds that are over are released, in the record. */
static void
expire_holds(void *arg)
{
	PvextDutyRun   *run = arg;
	PvextArgs	args = {0};

	pvext_arg_name(&args, pvext_doer_name());
	run->done += pvext_own("UPDATE pv.hold SET released_at = now(), released_by = $1, release_reason = 'expired'"
						   " WHERE released_at IS NULL AND expires <= now()", &args);
}

/* For do_part(): links that were sent out, and that nobody followed in time. */
static void
expire_tokens(void *arg)
{
	((PvextDutyRun *) arg)->done += pvext_own("DELETE FROM pv.consent_token WHERE expires <= now()", NULL);
}

/* For do_part(): what persons claimed to be, long after they had their answer. */
static void
expire_claims(void *arg)
{
	((PvextDutyRun *) arg)->done += pvext_destroy_old_claims();
}

/* Runs and failures of which nothing is to be learned any more. */
static void
trim_log(void *arg)
{
	(void) pvext_own("DELETE FROM pv.run_log WHERE started_at < now() - interval '90 days'"
					 " OR (started_at < now() - interval '1 day' AND state = 'done' AND done = 0"
					 "  AND id < (SELECT max(l.id) FROM pv.run_log AS l WHERE l.duty = run_log.duty))", NULL);
	/* What failed, and is not there to be tried again. */
	(void) pvext_own("DELETE FROM pv.duty_failure AS f WHERE CASE f.duty"
					 " WHEN 'purge' THEN f.name <> '' AND NOT EXISTS (SELECT FROM pv.declared_retention AS t"
					 "  WHERE t.relation_id = f.relation_id AND t.state = 'active'"
					 "  AND (t.name = f.name OR starts_with(f.name, t.name || ', row ')))"
					 " WHEN 'erase' THEN f.name <> '' AND NOT EXISTS (SELECT FROM pv.erasure_ledger AS e"
					 "  WHERE e.id::text = f.name AND e.key IS NOT NULL) END", NULL);
	(void) pvext_own("DELETE FROM pv.purge_count WHERE at < now() - interval '2 days'", NULL);
}

/* One consent, unless it has been given anew until its subject was locked. */
static bool
expire_consent(int64 id, Oid subject, const char *key, const char *purpose)
{
	PvextConsentCall call;
	PvextConsentChange change = {.action = "expired", .expires = DT_NOEND};
	PvextArgs	args = {0};

	if (!pvext_find_consent_call(&call, subject, key, purpose))
		return false;			/* the row has gone: erase_subject() ends what it left */
	pvext_arg(&args, INT8OID, Int64GetDatum(id), false);
	if (pvext_own("SELECT FROM pv.consent_state WHERE id = $1 AND given AND expires <= now()", &args) == 0)
		return false;
	pvext_record_consent(&call, &change);
	return true;
}

/*
 * For do_part(): the next consents that have expired.  They are no longer in force
 * anyway; each subject is locked, and asked for again under its lock.
 */
static void
expire_consents(void *arg)
{
	Expiry	   *expiry = arg;
	PvextArgs	args = {0};
	SPITupleTable *found;
	uint64		n;

	pvext_arg(&args, INT8OID, Int64GetDatum(expiry->after), false);
	pvext_arg_int4(&args, CONSENTS);
	n = pvext_own("SELECT s.id, s.relation_id, r.relation, s.key, p.name FROM pv.consent_state AS s"
				  " JOIN pv.relation AS r ON r.id = s.relation_id JOIN pg_class AS c ON c.oid = r.relation"
				  " JOIN pv.declared_subject AS d ON d.relation_id = r.id"
				  " JOIN pv.purpose AS p ON p.id = s.purpose_id"
				  " WHERE s.given AND s.expires <= now() AND s.key IS NOT NULL AND s.id > $1"
				  " ORDER BY s.id LIMIT $2", &args);
	found = SPI_tuptable;
	expiry->done = 0;
	for (uint64 i = 0; i < n; i++)
	{
		SPI_tuptable = found;
		expiry->after = pvext_int(i, 1);
		expiry->done += expire_consent(pvext_int(i, 1), (Oid) pvext_int(i, 3), pvext_value(i, 4),
									   pvext_value(i, 5));
	}
	expiry->more = n == CONSENTS;
}

/* A part of a duty by itself. */
typedef struct Part
{
	PvextDutyRun   *run;
	const char *name;
	void		(*body) (void *arg);
	void	   *arg;
	bool		paused;			/* it has failed lately */
} Part;

/* For pvext_step(). */
static void
try_part(void *arg)
{
	Part	   *part = arg;

	part->paused = pvext_is_paused(part->run, 0, part->name);
	if (!part->paused)
		part->body(part->arg);
}

/* Do a part: where it fails, the rest is done all the same.  False where it was not done. */
static bool
do_part(PvextDutyRun *run, const char *name, void (*body) (void *), void *arg)
{
	Part		part = {run, name, body, arg};
	ErrorData  *error;

	pvext_at(run, 0, name);
	error = pvext_step(run, try_part, &part);
	if (error)
		pvext_failed(run, 0, name, error);
	else if (!part.paused)
		pvext_succeeded(run, 0, name);
	return error == NULL && !part.paused;
}

/* The duty: holds, consents, links that were sent out, claims, and the record of runs. */
void
pvext_expire(PvextDutyRun *run)
{
	Expiry		expiry = {run};

	(void) do_part(run, "holds", expire_holds, run);
	do
	{
		if (!do_part(run, "consents", expire_consents, &expiry))
			break;
		run->done += expiry.done;
	} while (expiry.more && !pvext_is_over(run));
	(void) do_part(run, "links", expire_tokens, run);
	(void) do_part(run, "claims", expire_claims, run);
	pvext_look_again(run);
	(void) do_part(run, "runs", trim_log, run);
}

/*
 * The audit log
 */

/* For do_part(): a new partition, where the newest is old enough. */
static void
rotate_log(void *arg)
{
	PvextArgs	args = {0};

	if (pvext_audit_rotate == 0)
		return;
	pvext_arg_int4(&args, pvext_audit_rotate);
	/* The newest partition is as old as the end of the one before it, or as the first seal. */
	if (pvext_own("SELECT FROM (SELECT coalesce((SELECT max(ended_at) FROM pv.audit_partition),"
				  "  (SELECT min(sealed_at) FROM pv.audit_seal)) AS since) AS s"
				  " WHERE s.since < now() - make_interval(secs => $1)", &args) > 0)
		(void) pvext_own("SELECT pv.rotate_audit()", NULL);
}

/* For do_part(): seal what has been recorded. */
static void
seal_log(void *arg)
{
	(void) pvext_own("SELECT pv.seal_audit()", NULL);
	((PvextDutyRun *) arg)->done += pvext_int(0, 1);
}

/* For do_part(): drop partitions whose time is over. */
static void
expire_log(void *arg)
{
	(void) pvext_own("SELECT pv.expire_audit()", NULL);
}

/* The duty: what has been recorded is sealed; old partitions are ended, and dropped. */
void
pvext_seal(PvextDutyRun *run)
{
	run->own_code = true;
	(void) do_part(run, "seal", seal_log, run);
	(void) do_part(run, "rotate", rotate_log, run);
	(void) do_part(run, "expire", expire_log, run);
}

/*
 * failure.c
 *		What the duties have failed at, and when it is tried again.
 *
 * Whatever fails (a rule of a table, a request) has a row in pv.duty_failure until it
 * succeeds, and is left alone for a time that doubles with every failure.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "failure.h"
#include "spi.h"

typedef struct Failure
{
	PvextRun   *run;
	int32		relation_id;
	const char *name;
	ErrorData  *error;			/* NULL: there is none any more */
} Failure;

static void
key_args(Failure *failure, PvextArgs *args)
{
	pvext_arg_text(args, failure->run->duty);
	pvext_arg_int4(args, failure->relation_id);
	pvext_arg_text(args, failure->name);
}

/*
 * Is it too early to try it again?  Whoever calls for the duty by hand does not wait.
 * Within a step.
 */
bool
pvext_is_paused(PvextRun *run, int32 relation_id, const char *name)
{
	Failure		failure = {run, relation_id, name};
	PvextArgs	args = {0};

	if (!run->patient)
		return false;
	key_args(&failure, &args);
	return pvext_own("SELECT FROM pv.duty_failure WHERE duty = $1 AND relation_id = $2 AND name = $3"
					 " AND retry_at > now()", &args) > 0;
}

/*
 * Forget what will not be tried again, since it is no more: what failures f of the duty
 * a condition does not hold for.  Within a step.
 */
void
pvext_forget_failures(PvextRun *run, const char *still)
{
	PvextArgs	args = {0};

	if (pvext_never_used("duty_failure"))
		return;
	pvext_arg_text(&args, run->duty);
	(void) pvext_own(psprintf("DELETE FROM pv.duty_failure AS f WHERE f.duty = $1 AND NOT (%s)", still),
					 &args);
}

static void
record(void *arg)
{
	Failure    *failure = arg;
	PvextArgs	args = {0};

	if (failure->error == NULL && pvext_never_used("duty_failure"))
		return;
	key_args(failure, &args);
	if (failure->error == NULL)
	{
		(void) pvext_own("DELETE FROM pv.duty_failure"
						 " WHERE duty = $1 AND relation_id = $2 AND name = $3", &args);
		return;
	}
	pvext_arg_text(&args, unpack_sql_state(failure->error->sqlerrcode));
	pvext_arg_text(&args, failure->error->message);
	pvext_arg_text(&args, failure->error->hint);
	(void) pvext_own("INSERT INTO pv.duty_failure AS f (duty, relation_id, name, sqlstate, message, hint)"
					 " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (duty, relation_id, name) DO UPDATE SET"
					 " failures = f.failures + 1, last_at = now(), sqlstate = excluded.sqlstate,"
					 " message = excluded.message, hint = excluded.hint,"
					 " retry_at = now() + least(interval '1 minute' * 2 ^ least(f.failures, 20),"
					 "  interval '6 hours')", &args);
}

/* Something of a table, or of none (0), has failed.  In a step of its own. */
void
pvext_failed(PvextRun *run, int32 relation_id, const char *name, ErrorData *error)
{
	Failure		failure = {run, relation_id, name, error};

	run->failures++;
	if (run->error == NULL)
		run->error = MemoryContextStrdup(run->context, error->message);
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("pvext's duty \"%s\" has failed: %s", run->duty, error->message),
			 name[0] ? errdetail("It was about \"%s\".", name) : 0));
	(void) pvext_step(run, record, &failure);
}

/* It has not.  In a step of its own. */
void
pvext_succeeded(PvextRun *run, int32 relation_id, const char *name)
{
	Failure		failure = {run, relation_id, name, NULL};

	(void) pvext_step(run, record, &failure);
}

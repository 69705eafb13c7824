/*
 * failure.c
 *		What the duties have failed at, and when it is tried again.
 *
 * Whatever fails (a rule of a table, a request) has a row in pv.duty_failure until it
 * succeeds, and is left alone for a time that doubles with every failure.  That goes for
 * what ended the process, too, because it did not let itself be cancelled (time_limit.c): on
 * its way out the process notes what it was at.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/pulse.h"
#include "base/relation.h"
#include "base/spi.h"
#include "base/time_limit.h"
#include "duty/failure.h"
#include "miscadmin.h"
#include "storage/ipc.h"

typedef struct Failure
{
	PvextDutyRun   *run;
	int32		relation_id;
	const char *name;
	ErrorData  *error;			/* NULL: there is none any more */
} Failure;

/* What it is that has failed, as $1 to $3. */
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
pvext_is_paused(PvextDutyRun *run, int32 relation_id, const char *name)
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
pvext_forget_failures(PvextDutyRun *run, const char *still)
{
	PvextArgs	args = {0};

	if (pvext_never_used("duty_failure"))
		return;
	pvext_arg_text(&args, run->duty);
	(void) pvext_own(psprintf("DELETE FROM pv.duty_failure AS f WHERE f.duty = $1 AND NOT (%s)", still),
					 &args);
}

/* A step: enter the failure, or that there is none any more. */
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

/*
 * Something of a table, or of none (0), has failed.  In a step of its own, for the one
 * that failed has been rolled back.  Outside of any other step.
 */
void
pvext_failed(PvextDutyRun *run, int32 relation_id, const char *name, ErrorData *error)
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
pvext_succeeded(PvextDutyRun *run, int32 relation_id, const char *name)
{
	Failure		failure = {run, relation_id, name, NULL};

	(void) pvext_step(run, record, &failure);
}

/*
 * Somebody has done what the duty has failed at, in this transaction.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_done_by_somebody(const char *duty, int32 relation_id, const char *name)
{
	PvextArgs	args = {0};

	if (pvext_never_used("duty_failure"))
		return;
	pvext_arg_text(&args, duty);
	pvext_arg_int4(&args, relation_id);
	pvext_arg_text(&args, name);
	(void) pvext_own("DELETE FROM pv.duty_failure WHERE duty = $1 AND relation_id = $2 AND name = $3", &args);
}

/*
 * What takes too long
 */

/*
 * Has it taken too long lately?  Returns what was said then, or NULL: who only asks how
 * it is need not wait for it as long again.  Between pvext_enter() and pvext_leave().
 */
ErrorData *
pvext_known_timeout(const char *duty, int32 relation_id, const char *name)
{
	PvextArgs	args = {0};
	ErrorData  *error;

	if (pvext_never_used("duty_failure"))
		return NULL;
	pvext_arg_text(&args, duty);
	pvext_arg_int4(&args, relation_id);
	pvext_arg_text(&args, name);
	if (pvext_own("SELECT FROM pv.duty_failure WHERE duty = $1 AND relation_id = $2 AND name IN ('', $3)"
				  " AND sqlstate = '57014' AND retry_at > now()", &args) == 0)
		return NULL;
	error = palloc0(sizeof(ErrorData));
	pvext_describe_timeout(error);
	return error;
}

/* The run of this process. */
static PvextDutyRun *in_hand = NULL;

/*
 * The process ends: if that is for what is in hand, record so, with nothing open any
 * more.  Whatever fails here ends it all the same.
 */
static void
note_at_exit(int code, Datum arg)
{
	PvextDutyRun   *run = in_hand;
	ErrorData	error = {0};

	if (run == NULL || run->at_name == NULL || !pvext_limit_is_overrun())
		return;
	in_hand = NULL;
	pvext_end_limit();
	AbortOutOfAnyTransaction();
	StartTransactionCommand();
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		return;
	MemoryContextSwitchTo(run->context);
	pvext_describe_timeout(&error);
	run->own_code = true;
	pvext_failed(run, run->at_relation, run->at_name, &error);
	if (strcmp(run->duty, "erase") == 0)	/* request by request it would be the same */
		pvext_failed(run, run->at_relation, "", &error);
	run->unfinished = true;
	pvext_log_end(run);
	if (run->worker)
		pvext_set_pace(MyDatabaseId, PVEXT_AT_ONCE);	/* the rest of the round */
	SPI_finish();
	CommitTransactionCommand();
}

/*
 * What is now in hand, as it is named where it fails; NULL for nothing.  The name lives as
 * long as it is.
 */
void
pvext_at(PvextDutyRun *run, int32 relation_id, const char *name)
{
	static bool registered = false;

	if (!registered)
		before_shmem_exit(note_at_exit, (Datum) 0);
	registered = true;
	run->at_relation = relation_id;
	run->at_name = name;
	in_hand = name ? run : NULL;
}

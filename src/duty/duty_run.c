/*
 * duty_run.c
 *		A run of a duty, its steps, and the record of it.
 *
 * A duty is done in small transactions (steps), each within a subtransaction, so that
 * what fails is undone and recorded while the rest goes on.  Which duties there are is
 * in duties.c.  A lock for each keeps two from doing it at once.
 *
 * Each run has a row in pv.run_log.  One that is there without an end when the duty is
 * done next was cut off.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/guc.h"
#include "base/identity.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/time_limit.h"
#include "catalog/namespace.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "duty/duty_run.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* How long a step waits for a lock, unless pvext.lock_timeout says so. */
#define STEP_LOCK_TIMEOUT "1s"

/* How long a duty may take before others have their turn, in seconds, and how many there are. */
#define LONGEST_TURN 15
#define TURNS 4

/* How often it is looked whether a standby lags or the database is wanted, in ms. */
#define LONGEST_NAP 500

/*
 * Steps
 */

/*
 * Keep the extension until the transaction ends.  Whoever drops it locks its tables in an
 * order of the server's, not in that of the step, and one of the two would be ended by the
 * deadlock.  False where it is being dropped, or is not there.
 */
static bool
keep_extension(void)
{
	Oid			extension = get_extension_oid("pvext", true);
	LOCKTAG		tag;

	if (!OidIsValid(extension))
		return false;
	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId, extension, 0);
	return LockAcquire(&tag, AccessShareLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Is pvext still there, the one that this library is for, and in a database that may be
 * acted in?  Meanwhile a dump may be restored.  It notes if another version is there.
 */
static bool
is_there(PvextDutyRun *run)
{
	static PvextStatement find = {
		"SELECT extversion FROM pg_extension WHERE extname = 'pvext'", NULL
	};

	if (!keep_extension() || !OidIsValid(get_namespace_oid("pv", true)) ||
		pvext_own_kept(&find, NULL) == 0)
		return false;
	strlcpy(run->version, pvext_value(0, 1), sizeof(run->version));
	return strcmp(run->version, PVEXT_VERSION) == 0 && pvext_may_act();
}

typedef struct Step
{
	PvextDutyRun   *run;
	void		(*body) (void *);
	void	   *arg;
} Step;

/* The body of pvext_catch_in_time(): what it allocates goes with the step. */
static void
run_step(void *arg)
{
	Step	   *step = arg;

	MemoryContextSwitchTo(step->run->step_context);
	step->body(step->arg);
}

/* The commit of this transaction does not wait for the disk. */
void
pvext_commit_lazily(void)
{
	(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * Do one step of a run: body(arg) in a transaction, and a subtransaction that is
 * rolled back where it fails, or takes too long.  Returns the error, which lives as long
 * as the run, or NULL.  Does nothing, and sets run->stop, once pvext is no longer there,
 * or in a database that has been restored and waits for pv.resume().  body's memory
 * is freed after it.
 */
ErrorData *
pvext_step(PvextDutyRun *run, void (*body) (void *), void *arg)
{
	Step		step = {run, body, arg};
	PvextScope	scope;
	ErrorData  *error = NULL;

	CHECK_FOR_INTERRUPTS();
	if (run->stop)
		return NULL;
	if (run->lazy)
		pvext_commit_lazily();
	PushActiveSnapshot(GetTransactionSnapshot());
	pvext_enter(&scope);
	if (pvext_lock_timeout == 0)
		(void) set_config_option("lock_timeout", STEP_LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	MemoryContextSwitchTo(run->context);

	/*
	 * In the step's own transaction, since it may have been dropped, updated or restored
	 * since the last.
	 */
	if (is_there(run))
		error = pvext_catch_in_time(run_step, &step, run->own_code ? 0 : pvext_step_timeout, true);
	else
		run->stop = true;
	pvext_leave(&scope);
	PopActiveSnapshot();

	/* It wants no snapshot of ours to be left, and begins the next transaction. */
	SPI_commit();
	MemoryContextSwitchTo(run->context);
	MemoryContextReset(run->step_context);
	return error;
}

/*
 * Resting between steps
 */

/* Is somebody waiting to drop, rename or copy the database? */
static bool
is_database_wanted(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);

	/*
	 * Whoever drops it has locked it and waits for sessions to end, or is waiting for the
	 * lock.
	 */
	if (LockAcquire(&tag, RowExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, RowExclusiveLock, false);
	return false;
}

/* Is a worker in the way of somebody, or no longer to work here? */
static bool
is_to_go(PvextDutyRun *run)
{
	return run->worker && (!pvext_enabled || is_database_wanted());
}

/* True where the settings have been read again. */
static bool
nap(PvextDutyRun *run, long milliseconds)
{
	if (milliseconds > 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 milliseconds, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	CHECK_FOR_INTERRUPTS();
	if (!run->worker || !ConfigReloadPending)
		return false;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	return true;
}

/*
 * Is it to end here: is it in somebody's way, or its time over?  Then the caller says in
 * run->stopped_at where the next run is to go on.
 */
bool
pvext_is_over(PvextDutyRun *run)
{
	if (!run->stop && run->worker && GetCurrentTimestamp() >= run->until)
		run->unfinished = true;
	return run->stop || run->unfinished;
}

/*
 * Nap as long as that, or until the time of the run is over, but for a worker that is to
 * go: it sets run->stop.  DROP DATABASE waits for 5 seconds only.  After a reload the pause
 * may be meant to be another, and ends.
 */
static void
nap_unless_in_the_way(PvextDutyRun *run, int milliseconds)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
	long		left = milliseconds;

	while (!pvext_is_over(run))
	{
		if (nap(run, Min(left, LONGEST_NAP)))
			end = 0;
		run->stop = is_to_go(run);
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);
		if (left <= 0)
			break;
	}
}

/* Is a standby further behind than it may be? */
static void
measure_lag(void *arg)
{
	PvextArgs	args = {0};

	pvext_arg(&args, INT8OID, Int64GetDatum((int64) pvext_max_replication_lag * 1024), false);
	*(bool *) arg = pvext_own("SELECT FROM pg_stat_get_wal_senders() AS s"
							  " WHERE pg_wal_lsn_diff(pg_current_wal_lsn(), s.replay_lsn) > $1",
							  &args) > 0;
}

/*
 * Rest between two steps.  Sets run->stop where the worker is in the way of somebody.  A
 * pause for which its time is too short ends the run of a worker, and one that is longer
 * than a round is not what it comes back for at once.
 */
void
pvext_rest(PvextDutyRun *run, int milliseconds)
{
	if (run->worker && milliseconds > LONGEST_NAP &&
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds) > run->until)
	{
		run->unfinished = true;
		run->waits = milliseconds / 1000 > pvext_naptime;
	}
	nap_unless_in_the_way(run, milliseconds);
}

/*
 * Rest while a standby lags: a worker until its time is over, and then it does not come
 * back at once.
 */
void
pvext_wait_for_standbys(PvextDutyRun *run)
{
	bool		lags = false;

	while (pvext_max_replication_lag > 0 && !pvext_is_over(run))
	{
		if (pvext_step(run, measure_lag, &lags) != NULL || !lags)
			return;
		if (run->worker)
			pgstat_report_activity(STATE_RUNNING, "pvext: waiting for a standby");
		nap_unless_in_the_way(run, LONGEST_NAP);
		run->waits = run->unfinished;
	}
}

/*
 * The record of runs
 */

/*
 * A step: who is entered as running is not any more, since the lock of the duty is ours.
 */
static void
begin_log(void *arg)
{
	PvextDutyRun   *run = arg;
	PvextArgs	args = {0};

	pvext_arg_text(&args, run->duty);
	(void) pvext_own("UPDATE pv.run_log SET state = 'cut off' WHERE duty = $1 AND state = 'running'",
					 &args);
	run->resume = NULL;
	if (run->worker &&
		pvext_own("SELECT stopped_at FROM pv.run_log WHERE duty = $1 ORDER BY id DESC LIMIT 1", &args) > 0)
	{
		MemoryContextSwitchTo(run->context);
		run->resume = pvext_value(0, 1);
		MemoryContextSwitchTo(run->step_context);
	}
	pvext_arg_name(&args, pvext_login_name());
	pvext_arg(&args, INT4OID, Int32GetDatum(MyProcPid), false);
	(void) pvext_own("INSERT INTO pv.run_log (duty, login, pid) VALUES ($1, $2, $3) RETURNING id", &args);
	run->id = pvext_int(0, 1);
}

/* A step: how the run has ended, and where a worker's next one is to go on. */
static void
end_log(void *arg)
{
	PvextDutyRun   *run = arg;
	PvextArgs	args = {0};

	pvext_arg(&args, INT8OID, Int64GetDatum(run->id), false);
	pvext_arg_text(&args, run->failures > 0 ? "failed" : run->unfinished ? "unfinished" : "done");
	pvext_arg(&args, INT8OID, Int64GetDatum(run->done), false);
	pvext_arg_int4(&args, run->failures);
	pvext_arg_text(&args, run->error);
	pvext_arg_text(&args, run->unfinished ? run->stopped_at : NULL);
	(void) pvext_own("UPDATE pv.run_log SET state = $2, finished_at = clock_timestamp(), done = $3,"
					 " failures = $4, error = $5, stopped_at = $6 WHERE id = $1", &args);
}

/*
 * Beginning and ending
 */

/*
 * What the lock for a duty is: a part of the extension.  No command locks parts of
 * extensions, so that nobody who can only run SQL can have it; an advisory lock could be
 * anybody's.
 */
static void
set_duty_lock(LOCKTAG *tag, int duty)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, ExtensionRelationId, get_extension_oid("pvext", false),
					   PVEXT_DUTY_LOCK + duty);
}

/*
 * How long a duty of the worker's may take, in ms, if there is more for it to do, before
 * the others have their turn: all of them together not much more than a round, and
 * not so long that other databases have to wait for theirs.
 */
static int
turn(void)
{
	return Min(Max(pvext_naptime / TURNS, 1), LONGEST_TURN) * 1000;
}

/*
 * Begin a run of a duty, unless somebody is doing it already: SPI is connected, nonatomic.
 * Returns whether it was begun; it is then to be ended.
 */
bool
pvext_begin_run(PvextDutyRun *run, int duty, const char *name)
{
	set_duty_lock(&run->lock, duty);

	/* The session's, since each step ends a transaction. */
	if (LockAcquire(&run->lock, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		ereport(run->worker ? DEBUG1 : NOTICE,
				(errmsg("duty \"%s\" is being done by another session", name)));
		return false;
	}
	run->duty = name;
	run->id = run->done = 0;
	run->failures = 0;
	run->error = NULL;
	run->own_code = run->unfinished = run->waits = false;
	run->resume = run->stopped_at = NULL;
	run->until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), turn());
	run->at_relation = 0;
	run->at_name = NULL;
	run->context = AllocSetContextCreate(TopMemoryContext, "pvext duty", ALLOCSET_DEFAULT_SIZES);
	run->step_context = AllocSetContextCreate(run->context, "pvext step", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(run->context);
	if (run->worker)
		pgstat_report_activity(STATE_RUNNING, psprintf("pvext: %s", name));
	return true;
}

/*
 * Enter in the log that the run has begun; false where it cannot be done.  The entry is
 * committed before anything else is, so that a run that is cut off is seen to have been.
 */
bool
pvext_log_begin(PvextDutyRun *run)
{
	return pvext_step(run, begin_log, run) == NULL && !run->stop;
}

/* Enter in the log how it has ended. */
void
pvext_log_end(PvextDutyRun *run)
{
	(void) pvext_step(run, end_log, run);
}

/* Let others do the duty again; also after an error. */
void
pvext_end_run(PvextDutyRun *run)
{
	MemoryContextDelete(run->context);
	run->context = NULL;
	LockRelease(&run->lock, ExclusiveLock, true);
}

/*
 * worker.c
 *		Background workers: one launcher, and a worker for a database that needs it.
 *
 * The launcher has no database.  It sleeps until readings wait in the queue, and
 * then starts a worker for each database that has some; after a crash it gives
 * every database one, in turn, so that each hears of it.  A worker writes
 * down what waits for its database until nothing has come for a second; so
 * it is out of the way when somebody wants to drop the database or copy it.
 *
 * What cannot be written down, because the database has gone or has no pvext
 * any more, goes to the server's log.  A worker that fails gives back what it
 * took; another one is started after a pause, which grows.
 */
#include "postgres.h"
#include "message.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "drain.h"
#include "fmgr.h"
#include "compat.h"
#include "guc.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "queue.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "worker.h"

#define WORKER_NAP		100		/* ms between two looks at the queue */
#define WORKER_IDLE		1000	/* ms without anything to do, then it ends */
#define MANY			1000	/* readings at a time: do not wait for more */
#define LAST_LOOKS		10		/* at readings that are open at the end */
#define LAUNCHER_NAP	200
#define LONGEST_PAUSE	60000	/* ms after a worker has failed */

PGDLLEXPORT void pvext_launcher_main(Datum arg);
PGDLLEXPORT void pvext_worker_main(Datum arg);

/* A database that needs a worker, has one, or had one that failed. */
typedef struct Job
{
	Oid			database;
	bool		asked;			/* whether or not readings wait for it */
	BackgroundWorkerHandle *worker; /* or NULL */
	TimestampTz started;
	int			pause;			/* ms; 0: the last one did its work */
	TimestampTz not_before;
} Job;

static List *jobs = NIL;		/* Job */

/*
 * A worker
 */

/* Settings of the database or of the role are not meant for this. */
static void
pin_settings(void)
{
	SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_deferrable", "off", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("statement_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("lock_timeout", "10s", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("idle_in_transaction_session_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
}

static void
begin_transaction(const char *activity)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, activity);
}

static void
end_transaction(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* Write down what waits for this database; how many readings that were. */
static int
drain(bool open_too)
{
	int			n;

	begin_transaction("recording reads of personal data");
	if (pvext_can_drain())
		n = pvext_drain(open_too);
	else
		n = pvext_log_readings(MyDatabaseId);
	end_transaction();
	return n;
}

/* Is there anything for this database that is not yet written down? */
static bool
any_left(void)
{
	return pvext_oldest_reading(MyDatabaseId, NIL) != DT_NOEND;
}

static void
note_crash(void)
{
	if (pvext_crash_time() == 0)
		return;
	begin_transaction("recording that the server has crashed");
	if (pvext_can_drain())
		pvext_note_crash();
	end_transaction();
}

/* Sleep for so many milliseconds, or until the latch is set; -1: only that. */
static void
nap(long timeout)
{
	(void) WaitLatch(MyLatch,
					 WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout >= 0 ? WL_TIMEOUT : 0),
					 timeout, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/*
 * The server is being shut down, or this worker is to end: sessions that are
 * ending, too, are given a moment to complete what they have open.
 */
static void
finish(void)
{
	for (int i = 0; any_left() && i < LAST_LOOKS; i++)
	{
		(void) drain(false);
		if (any_left())
			pg_usleep(WORKER_NAP * 1000L / 2);
	}
	if (any_left())
		(void) drain(true);
}

static void
begin_process(void)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
}

void
pvext_worker_main(Datum arg)
{
	int			idle;

	begin_process();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid,
											  BGWORKER_BYPASS_ALLOWCONN);
	pin_settings();
	note_crash();
	idle = any_left() ? 0 : WORKER_IDLE;
	while (!ShutdownRequestPending && idle < WORKER_IDLE)
	{
		int			n = any_left() ? drain(false) : 0;

		idle = n > 0 ? 0 : idle + WORKER_NAP;
		nap(n > MANY ? 0 : WORKER_NAP);
	}
	finish();
	proc_exit(0);
}

/*
 * Jobs of the launcher
 */

static Job *
job_for(Oid database)
{
	MemoryContext old;
	ListCell   *lc;
	Job		   *job;

	foreach(lc, jobs)
		if (((Job *) lfirst(lc))->database == database)
			return lfirst(lc);
	old = MemoryContextSwitchTo(TopMemoryContext);
	job = palloc0(sizeof(Job));
	job->database = database;
	jobs = lappend(jobs, job);
	MemoryContextSwitchTo(old);
	return job;
}

static void
end_job(Job *job)
{
	jobs = list_delete_ptr(jobs, job);
	pfree(job);
}

/* The next worker for the job is not started at once. */
static void
pause_job(Job *job)
{
	job->pause = Min(Max(job->pause * 2, 1000), LONGEST_PAUSE);
	job->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), job->pause);
}

/* All databases that can be connected to. */
static void
ask_for_all(void)
{
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	begin_transaction("looking for databases");
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		if (database->datallowconn)
			job_for(database->oid)->asked = true;
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	end_transaction();
}

static bool
database_exists(Oid database)
{
	bool		exists;

	begin_transaction("looking for a database");
	exists = SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
	end_transaction();
	return exists;
}

static bool
start_worker(Job *job)
{
	BackgroundWorker worker = {0};
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	bool		started;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(job->database);
	worker.bgw_notify_pid = MyProcPid;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "pvext");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "pvext_worker_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "pvext worker for database %u", job->database);
	snprintf(worker.bgw_type, BGW_MAXLEN, "pvext worker");
	started = RegisterDynamicBackgroundWorker(&worker, &job->worker);
	job->started = GetCurrentTimestamp();
	MemoryContextSwitchTo(old);
	return started;
}

/*
 * Has the job's worker ended?  One that has left something, sooner than one does
 * that finds nothing more to do, has failed.
 */
static bool
has_ended(Job *job, bool waits)
{
	pid_t		pid;

	if (GetBackgroundWorkerPid(job->worker, &pid) != BGWH_STOPPED)
		return false;
	pfree(job->worker);
	job->worker = NULL;
	job->asked = false;
	if (!waits || TimestampDifferenceExceeds(job->started, GetCurrentTimestamp(), WORKER_IDLE))
		job->pause = 0;
	else
		pause_job(job);
	return true;
}

static void
warn_of_no_worker(Job *job)
{
	if (job->pause == 0)
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("pvext has no background worker to record reads of personal data with"),
				 errhint("Increase max_worker_processes. What does not fit in the queue until then goes to this log.")));
	pause_job(job);
}

/* Start a worker for the job, or end it where the database has gone. */
static void
begin_work(Job *job)
{
	if (job->not_before > GetCurrentTimestamp())
		return;
	if (!database_exists(job->database))
	{
		(void) pvext_log_readings(job->database);
		end_job(job);
	}
	else if (!start_worker(job))
		warn_of_no_worker(job);
}

/*
 * Look after the jobs.  What is asked for after a crash is done one database at a
 * time; those for which readings wait are not kept waiting.  True while there
 * is any.
 */
static bool
look_after_jobs(void)
{
	List	   *waiting = pvext_waiting_databases();
	List	   *now;
	bool		asked_one = false;
	ListCell   *lc;

	foreach(lc, waiting)
		(void) job_for(lfirst_oid(lc));
	now = list_copy(jobs);
	foreach(lc, now)
	{
		Job		   *job = lfirst(lc);
		bool		waits = list_member_oid(waiting, job->database);

		if (job->worker && !has_ended(job, waits))
			asked_one = asked_one || job->asked;
		else if (waits || (job->asked && !asked_one))
		{
			asked_one = asked_one || job->asked;
			begin_work(job);
		}
		else if (!job->asked)
			end_job(job);
	}
	list_free(now);
	list_free(waiting);
	return jobs != NIL;
}

void
pvext_launcher_main(Datum arg)
{
	begin_process();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pvext_attend_queue(MyLatch);
	if (pvext_crash_time() != 0)
		ask_for_all();
	while (!ShutdownRequestPending)
		nap(look_after_jobs() || !pvext_may_sleep() ? LAUNCHER_NAP : -1);
	if (jobs != NIL && pvext_crash_time() != 0)
		ereport(LOG,
				(errmsg("pvext was stopped before it had recorded in all databases that the server has crashed"),
				 errdetail("Reads of personal data before %s may be missing.",
						   timestamptz_to_str(pvext_crash_time()))));
	proc_exit(1);				/* to be started again, if the server goes on */
}

void
pvext_init_worker(void)
{
	BackgroundWorker launcher = {0};

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
	launcher.bgw_restart_time = 5;
	snprintf(launcher.bgw_library_name, sizeof(launcher.bgw_library_name), "pvext");
	snprintf(launcher.bgw_function_name, sizeof(launcher.bgw_function_name),
			 "pvext_launcher_main");
	snprintf(launcher.bgw_name, BGW_MAXLEN, "pvext launcher");
	snprintf(launcher.bgw_type, BGW_MAXLEN, "pvext launcher");
	RegisterBackgroundWorker(&launcher);
}

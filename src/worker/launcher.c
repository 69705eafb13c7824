/*
 * launcher.c
 *		The background process that starts the workers.
 *
 * There is one for the server, registered when the library is preloaded.  It has no
 * database, and so sees shared catalogs only: whether pvext is in a database is for a
 * worker to find out there, and how often it wants one (pulse.c).  It does nothing
 * itself.  What it keeps (jobs, rounds) is in its own memory alone, and nothing depends
 * on it: the queue of reads and what the workers say is in shared memory, what is due in
 * the databases.
 *
 * Workers for reads (jobs): when readings wait in the queue it starts one for each
 * database that has some; after a crash it gives every database one, in turn, so that
 * each hears of it.  A worker that fails gives back what it took (drain.c); another one
 * is started after a pause, which grows.  Reads that cannot be written down, because the
 * database has gone or has no pvext any more, go to the server's log.
 *
 * Workers for the duties (rounds): every pvext.naptime it starts one in each database
 * that can be connected to, so many at a time as pvext.max_workers says, those first that
 * have waited longest.  One that has not finished comes back at once, but behind those
 * that were due when it stopped.  One that takes far longer than a round does not count
 * as one of so many any more: no database can keep the others from having theirs.
 *
 * A worker ends when it has nothing to do, and is not restarted by the postmaster.  The
 * server sets the launcher's latch when one begins or ends (bgw_notify_pid); the launcher
 * waits for none.
 *
 * Ends:
 *
 * - A worker that crashes takes all down with it, as any backend does: the postmaster
 *   starts anew, the launcher too, which is told by the queue that there was a crash
 *   (queue.c).
 * - A launcher that ends by itself, by an error or pg_terminate_backend(), is started
 *   again after 5 seconds, with nothing in mind: it may start a worker beside one of
 *   before.  That does no harm: what is in the queue is taken by one of them, and each
 *   duty has a lock (duty_run.c).
 * - A launcher that is gone or hangs is seen in pv.status, by its pulse.
 * - On a standby it is not started until the end of recovery.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/pulse.h"
#include "catalog/pg_database.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "reads/queue.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "worker/launcher.h"
#include "worker/worker.h"

#define BUSY_NAP		200		/* ms between two looks at workers that are there */
#define LONGEST_NAP		60000	/* ms: databases may have been made since */
#define LONGEST_PAUSE	60000	/* ms after a worker has failed */
#define NO_ROOM_REMINDER	3600000	/* ms between two warnings that there is no room */
#define LONG_ROUND		300000	/* ms after which others need not wait for its worker */

/* The connection limit of a database that was being dropped when the server stopped. */
#define INVALID_DATABASE (-2)

PGDLLEXPORT void pvext_launcher_main(Datum arg);

/* A database that needs a worker for its reads, has one, or had one that failed. */
typedef struct Job
{
	Oid			database;
	bool		asked;			/* whether or not readings wait for it */
	BackgroundWorkerHandle *worker; /* or NULL */
	TimestampTz started;
	int			pause;			/* ms; 0: the last one did its work */
	TimestampTz not_before;
} Job;

/* A database in which the duties are done. */
typedef struct Round
{
	Oid			database;
	bool		seen;			/* it is there still */
	BackgroundWorkerHandle *worker; /* or NULL */
	TimestampTz started;		/* when they were done last; 0: not yet */
	TimestampTz ended;			/* and when that ended */
} Round;

static List *jobs = NIL;		/* Job */
static List *rounds = NIL;		/* Round */

/*
 * Starting workers
 */

/*
 * Start a worker in a database; false where there is no room for one.  The handle is made
 * to last as long as the launcher, until has_stopped() frees it.
 */
static bool
start_worker(Oid database, const char *function, const char *type,
			 BackgroundWorkerHandle **handle)
{
	BackgroundWorker worker = {0};
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	bool		started;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "pvext");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "%s", function);
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s for database %u", type, database);
	snprintf(worker.bgw_type, BGW_MAXLEN, "%s", type);
	started = RegisterDynamicBackgroundWorker(&worker, handle);
	MemoryContextSwitchTo(old);
	return started;
}

/* Has a worker ended?  Its handle is then gone. */
static bool
has_stopped(BackgroundWorkerHandle **worker)
{
	pid_t		pid;

	if (GetBackgroundWorkerPid(*worker, &pid) != BGWH_STOPPED)
		return false;
	pfree(*worker);
	*worker = NULL;
	return true;
}

/* Can the launcher's workers connect to it?  One that was half dropped is in the catalog. */
static bool
is_open(Form_pg_database database)
{
	return database->datallowconn && database->datconnlimit != INVALID_DATABASE;
}

/* Is a database there, and open?  It may have been dropped since it was last looked. */
static bool
database_is_open(Oid database)
{
	HeapTuple	tuple;
	bool		open;

	pvext_begin_transaction("looking for a database");
	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
	open = HeapTupleIsValid(tuple) && is_open((Form_pg_database) GETSTRUCT(tuple));
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	pvext_end_transaction();
	return open;
}

/*
 * Call each for all databases that are open, within a transaction: what it makes to last
 * it makes in TopMemoryContext.
 */
static void
each_database(void (*each) (Form_pg_database database))
{
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	pvext_begin_transaction("looking for databases");
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
		if (is_open((Form_pg_database) GETSTRUCT(tuple)))
			each((Form_pg_database) GETSTRUCT(tuple));
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	pvext_end_transaction();
}

/*
 * Reads
 */

/* The job of a database, made where there is none. */
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

/* Forget a job, which has no worker. */
static void
end_job(Job *job)
{
	jobs = list_delete_ptr(jobs, job);
	pfree(job);
}

/* For each_database(): give it a worker, whether or not readings wait. */
static void
ask_for(Form_pg_database database)
{
	job_for(database->oid)->asked = true;
}

/* The next worker for the job is not started at once. */
static void
pause_job(Job *job)
{
	job->pause = Min(Max(job->pause * 2, 1000), LONGEST_PAUSE);
	job->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), job->pause);
}

/*
 * Has the job's worker ended?  One that has left something, sooner than one does
 * that finds nothing more to do, has failed.
 */
static bool
has_ended(Job *job, bool waits)
{
	if (!has_stopped(&job->worker))
		return false;
	job->asked = false;
	if (!waits || TimestampDifferenceExceeds(job->started, GetCurrentTimestamp(), PVEXT_WORKER_IDLE))
		job->pause = 0;
	else
		pause_job(job);
	return true;
}

/* Say so, once until one could be started; it is tried again after a pause. */
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
	if (!database_is_open(job->database))
	{
		(void) pvext_log_readings(job->database);
		end_job(job);
	}
	else if (start_worker(job->database, "pvext_worker_main", PVEXT_RECORDER, &job->worker))
		job->started = GetCurrentTimestamp();
	else
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

/*
 * Duties
 */

/* The round of a database, made where there is none. */
static Round *
round_of(Oid database)
{
	MemoryContext old;
	Round	   *round;
	ListCell   *lc;

	foreach(lc, rounds)
		if (((Round *) lfirst(lc))->database == database)
			return lfirst(lc);
	old = MemoryContextSwitchTo(TopMemoryContext);
	round = palloc0(sizeof(Round));
	round->database = database;
	rounds = lappend(rounds, round);
	MemoryContextSwitchTo(old);
	return round;
}

/* Templates are copied, and must not be connected to then. */
static void
see_database(Form_pg_database database)
{
	Round	   *round;

	if (database->datistemplate)
		return;
	round = round_of(database->oid);
	round->seen = true;
}

/* Find the databases that there are now, and forget those that have gone. */
static void
see_databases(void)
{
	ListCell   *lc;

	foreach(lc, rounds)
		((Round *) lfirst(lc))->seen = false;
	each_database(see_database);
	foreach(lc, rounds)
	{
		Round	   *round = lfirst(lc);

		if (round->seen || round->worker)
			continue;
		pvext_forget_database(round->database);
		rounds = foreach_delete_current(rounds, lc);
		pfree(round);
	}
}

/*
 * When are the duties to be done in a database again?  Where they have not been finished,
 * at once, but after those that have been waiting when they were left.
 */
static TimestampTz
due_at(Round *round)
{
	int			pace = pvext_pace(round->database);

	if (round->started == 0)
		return 0;
	if (pace == PVEXT_AT_ONCE)
		return round->ended;
	return TimestampTzPlusMilliseconds(round->started, pace * INT64CONST(1000));
}

/* The one due first; none yet done before all. */
static int
earlier_first(const ListCell *a, const ListCell *b)
{
	TimestampTz x = due_at(lfirst(a));
	TimestampTz y = due_at(lfirst(b));

	return x < y ? -1 : x > y;
}

/* Say so once an hour; returns for how many ms it is not tried again. */
static long
warn_of_no_duties(void)
{
	static TimestampTz warned_at = 0;

	if (warned_at == 0 ||
		TimestampDifferenceExceeds(warned_at, GetCurrentTimestamp(), NO_ROOM_REMINDER))
	{
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("pvext has no background worker to do its duties with"),
				 errhint("Increase max_worker_processes.")));
		warned_at = GetCurrentTimestamp();
	}
	return LONGEST_PAUSE;
}

/* How many workers there are that others have to wait for. */
static int
count_working(TimestampTz now)
{
	int			working = 0;
	ListCell   *lc;

	foreach(lc, rounds)
	{
		Round	   *round = lfirst(lc);

		if (round->worker == NULL)
			continue;
		if (has_stopped(&round->worker))
			round->ended = now;
		else
			working += !TimestampDifferenceExceeds(round->started, now, LONG_ROUND);
	}
	return working;
}

/* Start a worker for the duties; false where there is no room for one. */
static bool
start_round(Round *round)
{
	bool		started = start_worker(round->database, "pvext_duty_main", "pvext duties", &round->worker);

	pvext_launcher_has_room(started);
	if (started)
		round->started = GetCurrentTimestamp();
	return started;
}

/* Start what is due, the longest waiting first. Returns for how many ms there is nothing to do. */
static long
look_after_rounds(void)
{
	TimestampTz now = GetCurrentTimestamp();
	long		timeout = LONGEST_NAP;
	int			working = count_working(now);
	bool		busy = false;
	ListCell   *lc;

	list_sort(rounds, earlier_first);
	foreach(lc, rounds)
	{
		Round	   *round = lfirst(lc);

		if (round->worker == NULL && round->seen)
		{
			if (due_at(round) > now)
				timeout = Min(timeout, TimestampDifferenceMilliseconds(now, due_at(round)));
			else if (working >= pvext_max_workers)
				continue;

			/* A worker that cannot connect ends in an error, in the log each time. */
			else if (!database_is_open(round->database))
				round->seen = false;
			else if (start_round(round))
				working++;
			else
				timeout = Min(timeout, warn_of_no_duties());
		}
		busy = busy || round->worker != NULL;
	}
	return busy ? Min(timeout, BUSY_NAP) : timeout;
}

/*
 * A naptime may be another now, the server's or, by ALTER DATABASE, one that only a
 * worker can see: begin in every database at once.
 */
static void
renew_rounds(void)
{
	ListCell   *lc;

	foreach(lc, rounds)
		((Round *) lfirst(lc))->started = 0;
}

/* See which databases there are, as often as duties are done in any. */
static long
do_rounds(void)
{
	static TimestampTz seen_at = 0;
	long		timeout;

	if (seen_at == 0 ||
		TimestampDifferenceExceeds(seen_at, GetCurrentTimestamp(),
								   Min(pvext_naptime * 1000L, LONGEST_NAP)))
	{
		see_databases();
		seen_at = GetCurrentTimestamp();
	}
	timeout = look_after_rounds();
	return Min(timeout, Min(pvext_naptime * 1000L, LONGEST_NAP));
}

/*
 * The launcher
 */

/*
 * The launcher, from its start to its end: what the postmaster calls.  It exits with 1,
 * as only then it is started again; on shutdown nothing is.
 */
void
pvext_launcher_main(Datum arg)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pvext_attend_queue(MyLatch);
	if (pvext_crash_time() != 0)
		each_database(ask_for);
	while (!ShutdownRequestPending)
	{
		bool		busy;
		long		timeout;

		pvext_launcher_beats();
		busy = look_after_jobs() || !pvext_may_sleep();
		timeout = do_rounds();
		if (pvext_nap(busy ? Min(timeout, BUSY_NAP) : timeout))
			renew_rounds();
	}
	if (jobs != NIL && pvext_crash_time() != 0)
		ereport(LOG,
				(errmsg("pvext was stopped before it had recorded in all databases that the server has crashed"),
				 errdetail("Reads of personal data before %s may be missing.",
						   timestamptz_to_str(pvext_crash_time()))));
	proc_exit(1);				/* to be started again, if the server goes on */
}

/*
 * Register the launcher, where the library is preloaded: when the library is loaded.  Not
 * while pg_upgrade runs, which wants no worker to write anything.
 */
void
pvext_init_launcher(void)
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

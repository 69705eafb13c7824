/*
 * worker.c
 *		Background workers: each does something in one database, and ends.
 *
 * One writes down the reads of personal data that wait for its database, until nothing
 * has come for a second.  Another does the duties (duty_run.c), once.  So they are out of
 * the way when somebody wants to drop the database or copy it: DROP DATABASE waits for
 * who is connected, but for 5 seconds only.  The launcher (launcher.c) starts them.
 *
 * As whom: both are started as the superuser that the cluster began with.  The one that
 * records reads writes as the server does its catalogs, and runs nobody's code.  The
 * other takes on pvext.worker_role, if that is set, before it does a duty; whatever it
 * does to an owner's tables is run as that owner (spi.c), and so is what their triggers
 * and expressions do.  Settings that ALTER DATABASE or ALTER ROLE have made for people
 * are not meant for them (pin_settings()).
 *
 * Transactions: the recorder has one for each look at the queue, and none while it naps.
 * The duties' are their steps (pvext_step()), which commit on their own by SPI; between
 * them nothing is held but the lock of the duty, which is the session's.
 *
 * Ends: SIGTERM lets the recorder write down what is left, first, as sessions that are
 * ending complete it.  The duties end at once, as a session does: the step in hand is
 * rolled back, and the next run finds anew what there is to do.  A crash is the same to
 * both, but that what was in the queue is lost, which is recorded as a gap (drain.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/identity.h"
#include "base/pause.h"
#include "base/pulse.h"
#include "base/relation.h"
#include "base/spi.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "duty/duty_run.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "reads/drain.h"
#include "reads/queue.h"
#include "scrub/scrub_duty.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "worker/duties.h"
#include "worker/worker.h"

#define WORKER_NAP		100		/* ms between two looks at the queue */
#define SHORTEST_NAP	5		/* the same with much to do */
#define LAST_LOOKS		10		/* at readings that are open at the end */

PGDLLEXPORT void pvext_worker_main(Datum arg);
PGDLLEXPORT void pvext_duty_main(Datum arg);

/*
 * What workers and the launcher have in common
 */

/*
 * Sleep for so many milliseconds, or until the latch is set; -1: only that.  True where
 * the settings have been read again.
 */
bool
pvext_nap(long timeout)
{
	(void) WaitLatch(MyLatch,
					 WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout >= 0 ? WL_TIMEOUT : 0),
					 timeout, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (!ConfigReloadPending)
		return false;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	return true;
}

/*
 * Begin a transaction of a worker's or the launcher's, with an active snapshot, shown as
 * activity.  Ended by pvext_end_transaction(); an error ends the process.
 */
void
pvext_begin_transaction(const char *activity)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, activity);
}

/* Commit it; what it has counted is reported at once, for the process may nap for long. */
void
pvext_end_transaction(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/*
 * Reads
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
	if (GetConfigOption("transaction_timeout", true, false) != NULL)	/* since 17 */
		SetConfigOption("transaction_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
	/* To compile statements that are run once takes longer than to run them. */
	SetConfigOption("jit", "off", PGC_SUSET, PGC_S_OVERRIDE);
}

/*
 * Is there an audit log to write to?  It stays until the transaction ends: whoever drops
 * the extension locks its tables in an order of the server's, not in this worker's, and
 * one of the two would be ended by the deadlock.
 */
static bool
can_record(void)
{
	Oid			extension = get_extension_oid("pvext", true);

	if (!OidIsValid(extension))
		return false;
	LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
	return pvext_can_drain();
}

/*
 * Write down what waits for this database; how many readings that were.  With much
 * to do, a commit does not wait for the disk: what a crash then takes away is in
 * the gap that it leaves, for what says since when goes with it.
 */
static int
drain(bool open_too, bool lazy)
{
	int			n;

	pvext_begin_transaction("recording reads of personal data");
	if (lazy)
		pvext_commit_lazily();
	if (can_record())
		n = pvext_drain(open_too);
	else
		n = pvext_log_readings(MyDatabaseId);
	pvext_end_transaction();
	return n;
}

/* Record in this database that the server has crashed, if it has. */
static void
note_crash(void)
{
	if (pvext_crash_time() == 0)
		return;
	pvext_begin_transaction("recording that the server has crashed");
	if (can_record())
		pvext_note_crash();
	pvext_end_transaction();
}

/*
 * The server is being shut down, or this worker is to end: sessions that are
 * ending, too, are given a moment to complete what they have open.
 */
static void
finish(void)
{
	for (int i = 0; pvext_has_readings(MyDatabaseId) && i < LAST_LOOKS; i++)
	{
		(void) drain(false, false);
		if (pvext_has_readings(MyDatabaseId))
			pvext_pause(WORKER_NAP / 2);
	}
	if (pvext_has_readings(MyDatabaseId))
		(void) drain(true, false);
}

/* After so many readings: readers are to find room, and commits to be few. */
static int
next_nap(int nap, int n)
{
	if (n > pvext_read_queue_size / 4)
		return Max(nap / 2, SHORTEST_NAP);
	if (n < pvext_read_queue_size / 16)
		return Min(nap * 2, WORKER_NAP);
	return nap;
}

/*
 * The worker that records reads, of the database that is its argument: what the
 * postmaster calls.
 *
 * It is connected to also where connections are not allowed (any more): the reads have
 * been made.  The nap grows shorter as more comes: a reader that finds no room in the
 * queue costs a line in the server's log.
 */
void
pvext_worker_main(Datum arg)
{
	int			nap = WORKER_NAP;
	int			idle;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid,
											  BGWORKER_BYPASS_ALLOWCONN);
	pin_settings();
	note_crash();
	idle = pvext_has_readings(MyDatabaseId) ? 0 : PVEXT_WORKER_IDLE;
	while (!ShutdownRequestPending && idle < PVEXT_WORKER_IDLE)
	{
		int			n = pvext_has_readings(MyDatabaseId) ? drain(false, nap < WORKER_NAP) : 0;

		idle = n > 0 ? 0 : idle + nap;
		nap = next_nap(nap, n);
		(void) pvext_nap(nap);
	}
	finish();
	proc_exit(0);
}

/*
 * Duties
 */

/* Be the role in whose name the duties are done. */
static void
become_worker_role(void)
{
	if (pvext_worker_role[0] != '\0')
		SetConfigOption("session_authorization", pvext_worker_role, PGC_SUSET, PGC_S_OVERRIDE);
}

/*
 * Is there anything to do in this database?  Not while it is being restored, nor until
 * pv.resume() has been called there.
 */
static bool
has_duties(void)
{
	PvextScope	scope;
	bool		result;

	if (!pvext_enabled || !OidIsValid(get_namespace_oid("pv", true)) ||
		!OidIsValid(pvext_own_relation("run_log")) || !OidIsValid(pvext_own_relation("identity")))
		return false;
	pvext_enter(&scope);
	result = pvext_settle_identity();
	pvext_leave(&scope);
	return result;
}

/* For pvext_scrub_when_due(): the duties once more, between commands that take long. */
static void
do_round(void)
{
	(void) pvext_run_all_duties();
}

/*
 * The worker that does the duties, in the database that is its argument: what the
 * postmaster calls.
 *
 * What it is doing when it is told to end is undone, and done again next time: it ends at
 * once, as a session does.  Its pace is told first, for the launcher to know also where
 * it ends in an error.
 */
void
pvext_duty_main(Datum arg)
{
	bool		any;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid, 0);
	pin_settings();
	pvext_begin_transaction("pvext");
	any = has_duties();
	pvext_set_pace(MyDatabaseId, pvext_naptime);
	if (any)
		become_worker_role();

	/* The steps commit: no snapshot of this transaction's may be active then. */
	PopActiveSnapshot();
	if (any && pvext_run_all_duties())
		pvext_set_pace(MyDatabaseId, PVEXT_AT_ONCE);
	CommitTransactionCommand();
	if (any)
		pvext_scrub_when_due(do_round);
	pgstat_report_stat(true);
	proc_exit(0);
}

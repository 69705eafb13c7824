/*
 * worker.c
 *		Background workers: each does something in one database, and ends.
 *
 * One writes down the reads of personal data that wait for its database, until nothing
 * has come for a second.  Another does the duties (duty_run.c), once.  So they are out of
 * the way when somebody wants to drop the database or copy it.  The launcher
 * (launcher.c) starts them.
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

void
pvext_begin_transaction(const char *activity)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, activity);
}

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

static void
do_round(void)
{
	(void) pvext_run_all_duties();
}

/*
 * What it is doing when it is told to end is undone, and done again next time: it
 * ends at once, as a session does.
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
	PopActiveSnapshot();
	if (any && pvext_run_all_duties())
		pvext_set_pace(MyDatabaseId, PVEXT_AT_ONCE);
	CommitTransactionCommand();
	if (any)
		pvext_scrub_when_due(do_round);
	pgstat_report_stat(true);
	proc_exit(0);
}

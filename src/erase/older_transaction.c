/*
 * older_transaction.c
 *		Transactions that an erasure cannot see the end of.
 *
 * A transaction that began before an erasure may yet write for the person, by a link
 * that no foreign key stands behind.  As long as it has only read it has no xid, and
 * between two statements in READ COMMITTED no xmin either: it is known by its virtual
 * transaction alone, which is a backend and a number that the backend counts.  All of
 * the database count, but for one's own, autovacuum's and VACUUM's, which write nothing
 * of a person's.
 *
 * Those that are waited for are kept in pv.older_transaction as a set, by the backend's
 * pid and start, which no other ever has, and the number: one that is not found running
 * has ended, also after a crash or in a restored database.  But it may have been
 * prepared, and live on as no backend's: so when one is gone, whatever is prepared in
 * the database by then takes its place.  Who is running is looked up before what is
 * prepared, for a transaction that is being prepared is first both.
 *
 * The worker that records reads is nearly always in a transaction where much is read, but
 * in a short one: its end is waited for at once.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/pulse.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "erase/older_transaction.h"
#include "postmaster/bgworker.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/array.h"
#include "utils/backend_status.h"

/* SQL over row w: the backend is still in that transaction; $1 and $2 are those that run. */
#define IS_RUNNING \
	"EXISTS (SELECT FROM unnest($1, $2) AS t(pid, lxid) JOIN pg_stat_get_activity(NULL) AS a" \
	"  ON a.pid = t.pid WHERE t.pid = w.pid AND t.lxid = w.lxid AND a.backend_start = w.backend_start)"
#define PREPARED_HERE "pg_prepared_xacts AS p WHERE p.database = current_database()"
#define IS_PREPARED \
	"EXISTS (SELECT FROM " PREPARED_HERE " AND p.gid = w.gid AND p.prepared = w.began)"

/* Is it the worker that records reads? */
static bool
records_reads(int pid)
{
	const char *type = GetBackgroundWorkerTypeByPid(pid);

	return type && strcmp(type, PVEXT_RECORDER) == 0;
}

/*
 * The transactions of the database that run now; waits for the one that records reads.  In
 * the current context, between pvext_enter() and pvext_leave().
 */
void
pvext_find_older(PvextOlder *older)
{
	int			n;
	VirtualTransactionId *found = GetCurrentVirtualXIDs(InvalidTransactionId, false, false,
														PROC_IS_AUTOVACUUM | PROC_IN_VACUUM, &n);

	older->n = 0;
	older->prepared = false;
	older->pids = palloc(sizeof(int) * Max(n, 1));
	older->lxids = palloc(sizeof(int64) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		PGPROC	   *proc = pvext_backend_of(found[i]);
		int			pid = proc ? proc->pid : 0;

		/* One that has been prepared is no backend's; one that has ended looks the same. */
		if (pid == 0 || PVEXT_LXID(proc) != found[i].localTransactionId)
		{
			older->prepared = true;
			continue;
		}
		if (records_reads(pid))
		{
			(void) VirtualXactLock(found[i], true);
			continue;
		}
		older->pids[older->n] = pid;
		older->lxids[older->n++] = found[i].localTransactionId;
	}
	pfree(found);
	if (older->prepared)
		older->prepared = pvext_own("SELECT FROM " PREPARED_HERE, NULL) > 0;
}

/* Are there any? */
bool
pvext_any_older(const PvextOlder *older)
{
	return older->n > 0 || older->prepared;
}

/* Is any of those that ran then still running, or prepared? */
bool
pvext_are_running(const PvextOlder *older)
{
	PvextOlder	now = {0};

	pvext_find_older(&now);
	for (int i = 0; i < older->n; i++)
		for (int k = 0; k < now.n; k++)
			if (older->pids[i] == now.pids[k] && older->lxids[i] == now.lxids[k])
				return true;
	return now.prepared;
}

/* Those that run, as $1 and $2 of the statements. */
static void
arg_running(PvextArgs *args, const PvextOlder *older)
{
	Datum	   *pids = palloc(sizeof(Datum) * Max(older->n, 1));
	Datum	   *lxids = palloc(sizeof(Datum) * Max(older->n, 1));

	for (int i = 0; i < older->n; i++)
	{
		pids[i] = Int32GetDatum(older->pids[i]);
		lxids[i] = Int64GetDatum(older->lxids[i]);
	}
	pvext_arg(args, INT4ARRAYOID,
			  PointerGetDatum(construct_array(pids, older->n, INT4OID, sizeof(int32), true,
											  TYPALIGN_INT)), false);
	pvext_arg(args, INT8ARRAYOID,
			  PointerGetDatum(construct_array(lxids, older->n, INT8OID, sizeof(int64),
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)), false);

	/* A transaction sees the activity as it looked first, unless it is told to look again. */
	pgstat_clear_backend_activity_snapshot();
}

/*
 * Keep those that ran then, and are not over by now, until they are.  Returns the number
 * of their set: of all that this transaction keeps.
 */
int64
pvext_keep_older(const PvextOlder *older)
{
	static PvextStatement keep_running = {
		"INSERT INTO pv.older_transaction (set_id, pid, backend_start, lxid, began)"
		" SELECT $3, a.pid, a.backend_start, t.lxid, coalesce(a.xact_start, clock_timestamp())"
		" FROM unnest($1, $2) AS t(pid, lxid) JOIN pg_stat_get_activity(NULL) AS a"
		"  ON a.pid = t.pid ON CONFLICT DO NOTHING", NULL
	};
	static PvextStatement keep_prepared = {
		"INSERT INTO pv.older_transaction (set_id, gid, began)"
		" SELECT $1, p.gid, p.prepared FROM " PREPARED_HERE " ON CONFLICT DO NOTHING", NULL
	};
	int64		set = (int64) U64FromFullTransactionId(GetTopFullTransactionId());
	PvextArgs	args = {0};
	PvextArgs	prepared = {0};

	arg_running(&args, older);
	pvext_arg(&args, INT8OID, Int64GetDatum(set), false);
	(void) pvext_own_kept(&keep_running, &args);
	pvext_arg(&prepared, INT8OID, Int64GetDatum(set), false);
	(void) pvext_own_kept(&keep_prepared, &prepared);
	return set;
}

/*
 * Is any of a set still to end?  Changes nothing, so that nobody waits for whoever asks:
 * where one may have been prepared since, yes, until pvext_settle_older() has told.
 */
bool
pvext_is_awaited(int64 set)
{
	static PvextStatement find = {
		"SELECT FROM pv.older_transaction AS w WHERE w.set_id = $3"
		" AND CASE WHEN w.gid IS NULL THEN " IS_RUNNING
		"  OR EXISTS (SELECT FROM " PREPARED_HERE ") ELSE " IS_PREPARED " END", NULL
	};
	PvextOlder	now = {0};
	PvextArgs	args = {0};

	pvext_find_older(&now);
	arg_running(&args, &now);
	pvext_arg(&args, INT8OID, Int64GetDatum(set), false);
	return pvext_own_kept(&find, &args) > 0;
}

/* Forget those that have ended.  What somebody else is about to forget stays. */
void
pvext_settle_older(void)
{
	PvextOlder	now = {0};
	PvextArgs	args = {0};

	pvext_find_older(&now);
	arg_running(&args, &now);
	(void) pvext_own("WITH ended AS MATERIALIZED (SELECT w.ctid AS place FROM pv.older_transaction AS w"
					 "  WHERE CASE WHEN w.gid IS NULL THEN NOT " IS_RUNNING
					 "   ELSE NOT " IS_PREPARED " END FOR UPDATE SKIP LOCKED),"
					 " gone AS (DELETE FROM pv.older_transaction AS w USING ended AS e"
					 "  WHERE w.ctid = e.place RETURNING w.set_id, w.gid)"
					 " INSERT INTO pv.older_transaction (set_id, gid, began)"
					 " SELECT DISTINCT g.set_id, p.gid, p.prepared FROM gone AS g, " PREPARED_HERE
					 " AND g.gid IS NULL ON CONFLICT DO NOTHING", &args);
}

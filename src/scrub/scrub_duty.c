/*
 * scrub_duty.c
 *		The duty "scrub": the commands of pv.scrub_plan(), one after the other.
 *
 * VACUUM and its like run in no transaction of anybody's.  So this is no body of a duty
 * like the others: a background worker runs each command as if a client had sent it.
 * The first that fails ends it; what stood in its way is on record, and the next
 * try begins with a new plan.  One plan is for all erasures since the last.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "code/failed_code.h"
#include "duty/failure.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "scrub/scrub_duty.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

typedef struct Scrub
{
	PvextDutyRun   *run;
	List	   *commands;		/* C strings */
	ErrorData  *error;			/* that ended one of them */
	bool		idle;			/* there is nothing to do */
	TimestampTz round_at;		/* when the other duties had their last round */
	void		(*meanwhile) (void);	/* such a round */
} Scrub;

/*
 * A command at top level
 */

/*
 * Parse analysis and planning, as exec_simple_query() of the server does them: with a
 * snapshot only where the command wants one, since VACUUM, say, takes its own.
 */
static List *
plan_command(RawStmt *raw, const char *sql)
{
	bool		snapshot = analyze_requires_snapshot(raw);
	List	   *plans;

	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(pg_analyze_and_rewrite_fixedparams(raw, sql, NULL, 0, NULL), sql, 0, NULL);
	if (snapshot)
		PopActiveSnapshot();
	return plans;
}

/*
 * Run a statement in transactions of its own; its result is of no interest.  As the
 * worker's own user, at top level: VACUUM and REINDEX CONCURRENTLY refuse to be run from
 * a function.  context outlives the transactions that such a statement ends and begins.
 */
static void
run_statement(RawStmt *raw, const char *sql, MemoryContext context)
{
	DestReceiver *dest = CreateDestReceiver(DestNone);
	Portal		portal;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	MemoryContextSwitchTo(context);
	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, sql, CreateCommandTag(raw->stmt), plan_command(raw, sql), NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	(void) PVEXT_RUN_PORTAL(portal, dest);
	dest->rDestroy(dest);
	PortalDrop(portal, false);
	CommitTransactionCommand();
}

/* Run a command; returns the error that ended it, or NULL, in the caller's context. */
static ErrorData *
run_command(const char *sql)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "pvext command", ALLOCSET_DEFAULT_SIZES);
	ErrorData  *volatile error = NULL;
	ListCell   *lc;

	pgstat_report_activity(STATE_RUNNING, sql);
	PG_TRY();
	{
		MemoryContextSwitchTo(context);
		foreach(lc, pg_parse_query(sql))
			run_statement(lfirst_node(RawStmt, lc), sql, context);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);

	/*
	 * The worker is to end, or somebody has cancelled it: no failure that is tried again
	 * later.
	 */
	if (error && ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	return error;
}

/*
 * The duty
 */

/*
 * The commands, if anything has been erased or purged since the last scrub, and its
 * receipt is old enough.  What was purged beside that scrub may have come too late for
 * it, and a purge that was cut off may have purged something.
 */
static void
make_plan(void *arg)
{
	Scrub	   *scrub = arg;
	PvextArgs	args = {0};
	uint64		n;

	if (pvext_is_paused(scrub->run, 0, ""))
		return;
	pvext_arg_int4(&args, pvext_scrub_interval);
	scrub->idle =
		pvext_own("SELECT FROM (SELECT coalesce((SELECT max(at) FROM pv.scrub_receipt), '-infinity') AS at,"
				  "  coalesce((SELECT max(started_at) FROM pv.run_log WHERE duty = 'scrub' AND state = 'done'),"
				  "   '-infinity') AS begun) AS s"
				  " WHERE s.at < now() - make_interval(secs => $1)"
				  " AND (EXISTS (SELECT FROM pv.erasure_ledger WHERE state = 'completed'"
				  "   AND (scrubbed_at IS NULL OR scrubbed_at < executed_at))"
				  "  OR EXISTS (SELECT FROM pv.erasure_ledger WHERE executed_at > s.begun)"
				  "  OR EXISTS (SELECT FROM pv.run_log WHERE duty = 'purge'"
				  "   AND (done > 0 AND finished_at > s.begun OR state = 'cut off' AND started_at > s.begun)))",
				  &args) == 0;
	if (scrub->idle)
		return;
	memset(&args, 0, sizeof(args));
	pvext_arg_bool(&args, pvext_scrub_wal);
	n = pvext_own("SELECT command FROM pv.scrub_plan($1)", &args);
	MemoryContextSwitchTo(scrub->run->context);
	for (uint64 i = 0; i < n; i++)
		scrub->commands = lappend(scrub->commands, pvext_value(i, 1));
}

/* A step: so many commands have been run. */
static void
note_progress(void *arg)
{
	PvextDutyRun   *run = arg;
	PvextArgs	args = {0};

	pvext_arg(&args, INT8OID, Int64GetDatum(run->id), false);
	pvext_arg(&args, INT8OID, Int64GetDatum(run->done), false);
	(void) pvext_own("UPDATE pv.run_log SET done = $2 WHERE id = $1", &args);
}

/* Do something of the run's in steps, outside of which no transaction is open. */
static void
in_steps(Scrub *scrub, void (*body) (Scrub *scrub))
{
	MemoryContext caller = CurrentMemoryContext;

	StartTransactionCommand();
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	body(scrub);
	SPI_finish();
	CommitTransactionCommand();
	MemoryContextSwitchTo(caller);
}

/*
 * Make a plan and, where there is something to do or that has failed, enter in the log
 * that the run has begun.
 */
static void
begin(Scrub *scrub)
{
	PvextDutyRun   *run = scrub->run;
	ErrorData  *error;

	if (!pvext_begin_run(run, PVEXT_SCRUB_DUTY, "scrub"))
		return;
	run->own_code = true;
	run->until = DT_NOEND;
	error = pvext_step(run, make_plan, scrub);
	if (scrub->idle)			/* what failed has been done by hand */
		pvext_succeeded(run, 0, "");
	if ((error || scrub->commands != NIL) && pvext_log_begin(run) && error)
	{
		pvext_failed(run, 0, "", error);
		pvext_log_end(run);
	}
}

/* After a command; where the worker is to go, run->stop is set. */
static void
progress(Scrub *scrub)
{
	(void) pvext_step(scrub->run, note_progress, scrub->run);
	pvext_rest(scrub->run, 0);
}

/* Enter in the log how the run has ended. */
static void
end(Scrub *scrub)
{
	if (scrub->run->failures == 0)
		pvext_succeeded(scrub->run, 0, "");
	pvext_log_end(scrub->run);
}

/* What has ended it is tried again later, by a new plan. */
static void
note_failure(Scrub *scrub)
{
	pvext_failed(scrub->run, 0, "", scrub->error);
}

/* A scrub may take hours: between its commands the other duties have their rounds. */
static void
do_round_when_due(Scrub *scrub)
{
	MemoryContext caller = CurrentMemoryContext;

	if (!TimestampDifferenceExceeds(scrub->round_at, GetCurrentTimestamp(), pvext_naptime * 1000))
		return;
	StartTransactionCommand();
	scrub->meanwhile();
	CommitTransactionCommand();
	MemoryContextSwitchTo(caller);
	scrub->round_at = GetCurrentTimestamp();
}

/* Run the commands, until one fails. */
static void
run_commands(Scrub *scrub)
{
	PvextDutyRun   *run = scrub->run;
	ListCell   *lc;

	scrub->round_at = GetCurrentTimestamp();

	foreach(lc, scrub->commands)
	{
		ErrorData  *error = run_command(lfirst(lc));

		if (error)
		{
			pvext_forget_values(error);
			error->message = psprintf("%s: %s", (char *) lfirst(lc), error->message);
			scrub->error = error;
			in_steps(scrub, note_failure);
			return;
		}
		run->done++;
		in_steps(scrub, progress);
		if (run->stop)
			return;
		do_round_when_due(scrub);
	}
}

/*
 * Do the duty, if pvext.scrub is on and it is time.  Outside of any transaction; meanwhile
 * is called within one, whenever a round of the other duties is due.
 */
void
pvext_scrub_when_due(void (*meanwhile) (void))
{
	PvextDutyRun	run = {.worker = true, .patient = true};
	Scrub		scrub = {.run = &run,.meanwhile = meanwhile};

	if (!pvext_scrub)
		return;
	in_steps(&scrub, begin);
	if (run.context == NULL)
		return;
	MemoryContextSwitchTo(run.context);
	if (scrub.commands != NIL)
	{
		run_commands(&scrub);
		in_steps(&scrub, end);
	}
	MemoryContextSwitchTo(TopMemoryContext);
	pvext_end_run(&run);
}

/*
 * duties.c
 *		The duties: what pvext does by itself.
 *
 * A background worker does them one after the other; pv.run_duties() and pv.purge() do
 * the same from any other scheduler.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/identity.h"
#include "base/pulse.h"
#include "base/spi.h"
#include "commands/dbcommands.h"
#include "duty/failure.h"
#include "erase/request.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "purge/purge.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "worker/duties.h"
#include "worker/housekeeping.h"

static const struct
{
	const char *name;
	void		(*body) (PvextDutyRun *run);
}			duties[] =
{
	{"expire", pvext_expire},
	{"erase", pvext_complete_requests},
	{"purge", pvext_purge},
	{"seal", pvext_seal},
};

PG_FUNCTION_INFO_V1(pvext_run_duties);
PG_FUNCTION_INFO_V1(pvext_purge_now);

/* Say so where the duties were not done for want of the right version; once an hour. */
static void
complain_of_version(PvextDutyRun *run)
{
	if (run->version[0] == '\0' || strcmp(run->version, PVEXT_VERSION) == 0 ||
		(run->worker && !pvext_is_time_to_warn(MyDatabaseId)))
		return;
	ereport(run->worker ? WARNING : ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("pvext's duties in database \"%s\" are not done",
					get_database_name(MyDatabaseId)),
			 errdetail("The library is of version %s, the extension of version %s.",
					   PVEXT_VERSION, run->version),
			 errhint("Run ALTER EXTENSION pvext UPDATE in this database.")));
}

/*
 * Do a duty, unless somebody is doing it already.  SPI is connected, nonatomic.  Its lock
 * is the session's, since steps commit: it is let go of whatever happens.
 */
static void
do_duty(PvextDutyRun *run, int duty)
{
	MemoryContext caller = CurrentMemoryContext;

	if (!pvext_begin_run(run, duty, duties[duty].name))
		return;
	PG_TRY();
	{
		if (pvext_log_begin(run))
		{
			duties[duty].body(run);
			pvext_log_end(run);
		}
	}
	PG_FINALLY();
	{
		MemoryContextSwitchTo(caller);
		pvext_at(run, 0, NULL);
		pvext_end_run(run);
	}
	PG_END_TRY();
}

/* Which duty has the name; raises where none has. */
static int
find_duty(const char *name)
{
	for (int i = 0; i < lengthof(duties); i++)
		if (strcmp(duties[i].name, name) == 0)
			return i;
	if (strcmp(name, "scrub") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("duty \"scrub\" can only be done by the background worker"),
				 errhint("Run the commands of pv.scrub_plan() one by one, in psql with \\gexec.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("duty \"%s\" is not known", name),
			 errhint("The duties are expire, erase, purge and seal.")));
	return -1;					/* not reached */
}

/*
 * All duties, by a background worker, in a transaction that this ends and begins anew,
 * and in which no snapshot is active.  True where there is more to do than the time was
 * enough for.
 */
bool
pvext_run_all_duties(void)
{
	PvextDutyRun	run = {.worker = true, .patient = true};
	bool		more = false;

	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	for (int i = 0; i < lengthof(duties) && !run.stop; i++)
	{
		run.unfinished = false;
		do_duty(&run, i);
		more = more || (run.unfinished && !run.waits);
	}
	complain_of_version(&run);
	SPI_finish();
	return more;
}

/*
 * Say so where nothing is done in this database.  A database that has moved to another
 * cluster is made known there.
 */
static void
look_where_we_are(void)
{
	PvextScope	scope;
	PvextIdentity identity;

	/* SPI is nonatomic, and takes none by itself; it must be gone before a step commits. */
	PushActiveSnapshot(GetTransactionSnapshot());
	pvext_enter(&scope);
	if (!pvext_settle_identity())
	{
		identity = pvext_identity();
		ereport(identity == PVEXT_IS_RESTORED ? WARNING : NOTICE,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 identity == PVEXT_IS_RESTORED ?
				 errmsg("no duty is done: this database has been restored from a dump") :
				 errmsg("no duty is done: nothing is declared in this database"),
				 identity == PVEXT_IS_RESTORED ?
				 errhint("When the restore is complete, call pv.resume().") : 0));
	}
	pvext_leave(&scope);
	PopActiveSnapshot();
}

/* Begin a procedure that commits: it must not be in a transaction of the caller's. */
static void
begin_procedure(FunctionCallInfo fcinfo, const char *name)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s commits, and cannot run inside a transaction block", name),
				 errhint("CALL it by itself, outside of BEGIN and functions.")));
	PreventCommandIfReadOnly(name);
	PreventCommandDuringRecovery(name);
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s must see rows that are committed while it waits", name),
				 errhint("Set default_transaction_isolation to read committed.")));
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	look_where_we_are();
}

/* pv.run_duties(duties): do these, or all, as the worker does, from any scheduler. */
Datum
pvext_run_duties(PG_FUNCTION_ARGS)
{
	PvextDutyRun	run = {.patient = true};
	List	   *wanted = NIL;
	bool		do_it[lengthof(duties)];
	ListCell   *lc;

	if (!PG_ARGISNULL(0))
		wanted = pvext_texts_arg(fcinfo, 0, "duties");
	for (int i = 0; i < lengthof(duties); i++)
		do_it[i] = PG_ARGISNULL(0);
	foreach(lc, wanted)
		do_it[find_duty(lfirst(lc))] = true;
	begin_procedure(fcinfo, "pv.run_duties()");
	for (int i = 0; i < lengthof(duties); i++)
		if (do_it[i] && !run.stop)
			do_duty(&run, i);
	complain_of_version(&run);
	SPI_finish();
	PG_RETURN_VOID();
}

/* pv.purge(relation, rule): the duty purge at once, of a table, a rule, or all. */
Datum
pvext_purge_now(PG_FUNCTION_ARGS)
{
	PvextDutyRun	run = {.relid = pvext_relation_arg(fcinfo, 0, "relation")};

	if (!PG_ARGISNULL(1))
		run.rule = text_to_cstring(PG_GETARG_TEXT_PP(1));	/* the portal's, which stays */
	begin_procedure(fcinfo, "pv.purge()");
	do_duty(&run, find_duty("purge"));
	complain_of_version(&run);
	SPI_finish();
	PG_RETURN_VOID();
}

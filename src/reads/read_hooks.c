/*
 * read_hooks.c
 *		Read audit: which statements read personal columns of audited tables.
 *
 * What a statement reads is known from the privileges that it needs (see
 * columns_read.c).  So hooks of the executor see all that goes through it; what does
 * not is seen as a command (utility_read.c).
 *
 * A reading is queued before the statement runs, so that it is on record
 * whatever becomes of the statement, and completed when it ends: by the executor,
 * or by an error, after which the statement's memory is freed.  Until then it is
 * in a list of those in progress.
 *
 * Statements that C code runs on its own behalf are not recorded: those of pvext,
 * which own_statement.c knows, and the checks of foreign keys, which are known by the context that
 * they run in; pvext's is another one.  What triggers and functions of others do beneath
 * them is.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/parallel.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/identity.h"
#include "base/own_statement.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "reads/carried_key.h"
#include "reads/columns_read.h"
#include "reads/key_collector.h"
#include "reads/read_hooks.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"

/* A statement that reads, until it has ended. */
typedef struct Access
{
	QueryDesc  *query;
	EState	   *estate;
	bool		led;			/* a parallel worker's share: only keys are recorded */
	bool		queued;			/* it has begun to read */
	bool		running;
	bool		failed;			/* it has ended in an error */
	int64		rows;			/* of the runs that have ended */
	StringInfoData reading;
	PvextPlace	place;
	PvextCollection collection;
	MemoryContextCallback freed;
	struct Access *next;
} Access;

static Access *in_progress = NULL;
int			pvext_function_depth = 0;	/* of functions that are running */
static bool inside_check = false;	/* beneath a check of a foreign key */

static ExecutorStart_hook_type next_start = NULL;
static ExecutorRun_hook_type next_run = NULL;
static ExecutorFinish_hook_type next_finish = NULL;
static ExecutorEnd_hook_type next_end = NULL;
static planner_hook_type next_planner = NULL;

/*
 * What is read
 */

/*
 * Is what runs now a check of a foreign key?  It has no restricted operation of its own, as
 * pvext has, in which owners' code runs that is none.
 */
static inline bool
is_check(void)
{
	return unlikely(InNoForceRLSOperation()) && !InSecurityRestrictedOperation() && !inside_check;
}

/* Is anything to be recorded of a statement of this text, or of a command? */
bool
pvext_is_recording(const char *text)
{
	return pvext_audit_reads && pvext_is_watching() && !is_check() &&
		!pvext_is_own_statement(text) && !pvext_is_restoring();
}

/*
 * Is it the worker's share of a parallel statement, which its leader records, but for keys
 * that only the worker sees?  What functions do in a worker is nobody else's to record.
 */
static bool
is_shared(QueryDesc *query)
{
	return IsParallelWorker() && query->dest && query->dest->mydest == DestTupleQueue;
}

/* The way of what runs now but for PVEXT_BY_VIEW. */
static int
ways_of(QueryDesc *query)
{
	Portal		portal = ActivePortal;
	int			ways = 0;

	if (pvext_function_depth > 0)
		ways |= PVEXT_BY_FUNCTION;
	if (query->dest && query->dest->mydest == DestCopyOut)
		ways |= PVEXT_BY_COPY;
	if (portal == NULL || (portal->queryDesc != query && pvext_function_depth > 0))
		return ways;
	if (portal->prepStmtName)
		ways |= PVEXT_BY_PREPARED;

	/* Only EXECUTE makes portals that have a name and are not shown. */
	if (portal->name[0])
		ways |= !portal->visible ? PVEXT_BY_PREPARED :
			portal->queryDesc == query ? PVEXT_BY_CURSOR : 0;
	return ways;
}

/* Make a reading of what the statement reads; view says that all is by a view. */
static void
make_reading(StringInfo buf, List *permissions, bool view, int ways)
{
	pvext_begin_reading(buf);
	pvext_reading(buf)->statement = pvext_next_statement();
	pvext_reading(buf)->ways = ways;
	pvext_add_privileges(buf, permissions, view);
	pvext_reading(buf)->size = buf->len;
}

/* Put a reading on record that comes to nothing. */
static void
record_refused(List *permissions, bool view, int ways)
{
	StringInfoData buf;
	PvextPlace	place;

	initStringInfo(&buf);
	make_reading(&buf, permissions, view, ways);
	pvext_reading(&buf)->refused = true;
	pvext_queue_reading(pvext_reading(&buf), false, &place);
	pfree(buf.data);
}

/*
 * Statements in progress
 */

/* The statement in progress that a query is, or NULL. */
static Access *
find_access(QueryDesc *query)
{
	for (Access *access = in_progress; access; access = access->next)
		if (access->query == query)
			return access;
	return NULL;
}

/* It is no longer in progress. */
static void
remove_access(Access *access)
{
	for (Access **link = &in_progress; *link; link = &(*link)->next)
		if (*link == access)
		{
			*link = access->next;
			return;
		}
}

/*
 * Complete a reading; where it is no longer in the queue, add another one.  False where
 * it takes more room than there is: *room is how much.
 */
bool
pvext_complete(StringInfo reading, PvextPlace *place, uint32 *room)
{
	PvextCompletion completion = pvext_complete_reading(pvext_reading(reading), place, room);

	if (completion == PVEXT_GONE)
	{
		pvext_reading(reading)->further = true;
		pvext_queue_reading(pvext_reading(reading), false, place);
	}
	return completion != PVEXT_NO_ROOM;
}

/*
 * Complete the reading with the keys that have been found, or several readings, each
 * of as many keys as there is room for.
 */
static void
complete_with_keys(Access *access)
{
	StringInfo	reading = &access->reading;
	bool		compared = pvext_add_compared(&access->collection);
	ListCell   *lc = list_head(access->collection.found);
	int			without = reading->len;
	uint32		room = PVEXT_LARGEST_READING;
	bool		is_short = false;	/* of room: then what is there has to do */

	pvext_reading(reading)->rows = access->rows;
	pvext_reading(reading)->ways |= (compared ? PVEXT_BY_COMPARISON : 0) |
		(access->failed ? PVEXT_TO_ERROR : 0);
	do
	{
		ListCell   *first = lc;

		reading->len = without;
		pvext_reading(reading)->size = without;
		pvext_reading(reading)->nkeys = 0;
		for (; lc; lc = lnext(access->collection.found, lc))
		{
			const PvextFoundKey *found = lfirst(lc);

			if ((lc != first || is_short) &&
				reading->len + pvext_key_size(found->key) > room)
				break;
			pvext_add_key(reading, found->relation_id, found->subject_id, found->key);
		}
		is_short = !pvext_complete(reading, &access->place, &room);
		if (is_short)
			lc = first;
		else
		{
			access->place.slot = -1;
			room = PVEXT_LARGEST_READING;
		}
	} while (lc || is_short);
}

/* Record the keys that a parallel worker has found, as a part of its leader's statement. */
static void
record_led(Access *access)
{
	if (access->collection.found == NIL)
		return;
	initStringInfo(&access->reading);
	make_reading(&access->reading, PVEXT_PERMISSIONS(access->query->plannedstmt), false, 0);
	pvext_reading(&access->reading)->statement = pvext_led_statement();
	access->rows = PVEXT_ROWS_UNKNOWN;
	access->place.slot = -1;
	complete_with_keys(access);
}

/*
 * A statement has ended: what it was about is known.  When its memory is freed afterwards
 * nothing more is to be done.
 */
static void
end_access(Access *access)
{
	remove_access(access);
	pvext_end_collecting(&access->collection);
	if (access->queued)
		complete_with_keys(access);
	access->query = NULL;
}

/*
 * The statement's memory is being freed.  After an error this is its end; how
 * many rows there were until then is still known.
 */
static void
access_freed(void *arg)
{
	Access	   *access = arg;

	if (access->query == NULL)
		return;
	if (access->running)
		access->rows += access->estate->es_processed;
	end_access(access);
}

/* The statement has started: from now on it is in progress. */
static void
begin_access(QueryDesc *query)
{
	MemoryContext context = query->estate->es_query_cxt;
	Access	   *access = MemoryContextAllocZero(context, sizeof(Access));
	MemoryContext old;

	access->query = query;
	access->led = is_shared(query);
	access->estate = query->estate;
	access->freed.func = access_freed;
	access->freed.arg = access;
	access->next = in_progress;
	in_progress = access;
	MemoryContextRegisterResetCallback(context, &access->freed);
	old = MemoryContextSwitchTo(context);
	pvext_begin_collecting(&access->collection, query, access->led);
	MemoryContextSwitchTo(old);
}

/* Before its first row. */
static void
queue_access(Access *access)
{
	PlannedStmt *statement = access->query->plannedstmt;
	MemoryContext old = MemoryContextSwitchTo(access->estate->es_query_cxt);

	initStringInfo(&access->reading);
	make_reading(&access->reading, PVEXT_PERMISSIONS(statement), pvext_has_invoker_view(statement),
				 ways_of(access->query));
	if (pvext_reads_transitions(access->query, &access->reading))
		pvext_reading(&access->reading)->size = access->reading.len;
	pvext_reading(&access->reading)->query_id = (int64) statement->queryId;
	MemoryContextSwitchTo(old);
	if (pvext_reading(&access->reading)->ntables == 0)
		return;					/* no longer audited */
	pvext_queue_reading(pvext_reading(&access->reading), true, &access->place);
	access->queued = true;
	if (statement->parallelModeNeeded && !IsInParallelMode())
		pvext_lead_statement(pvext_reading(&access->reading)->statement);
}

/*
 * Hooks of the executor
 */

/* Functions may run here, too, as those that say which partitions are to be looked at. */
static void
start_statement(QueryDesc *query, int flags)
{
	bool		outside = inside_check;

	inside_check = inside_check || is_check();
	pvext_function_depth++;
	PG_TRY();
	{
		if (next_start)
			next_start(query, flags);
		else
			standard_ExecutorStart(query, flags);
	}
	PG_FINALLY();
	{
		pvext_function_depth--;
		inside_check = outside;
	}
	PG_END_TRY();
}

/*
 * A statement starts.  Privileges are checked here, so who is refused is seen here;
 * whoever is not has not read anything yet.
 */
static void
executor_start(QueryDesc *query, int flags)
{
	bool		reads;

	if ((flags & EXEC_FLAG_EXPLAIN_ONLY) || !pvext_is_recording(query->sourceText))
	{
		start_statement(query, flags);
		return;
	}

	/* Before: after an error no catalog can be looked at. */
	reads = pvext_reads_personal(PVEXT_PERMISSIONS(query->plannedstmt));
	PG_TRY();
	{
		start_statement(query, flags);
	}
	PG_CATCH();
	{
		if (reads && geterrcode() == ERRCODE_INSUFFICIENT_PRIVILEGE)
			record_refused(PVEXT_PERMISSIONS(query->plannedstmt),
						   pvext_has_invoker_view(query->plannedstmt), ways_of(query));
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (reads || pvext_reads_transitions(query, NULL))
		begin_access(query);
}

/* Run it, knowing that whatever statement starts meanwhile is a function's. */
static void
run_statement(PVEXT_RUN_PARAMETERS)
{
	bool		outside = inside_check;

	inside_check = inside_check || is_check();
	pvext_function_depth++;
	PG_TRY();
	{
		if (next_run)
			next_run(PVEXT_RUN_ARGUMENTS);
		else
			standard_ExecutorRun(PVEXT_RUN_ARGUMENTS);
	}
	PG_FINALLY();
	{
		pvext_function_depth--;
		inside_check = outside;
	}
	PG_END_TRY();
}

/* Is it an error of the statement's own, after which catalogs can still be looked at? */
static bool
is_harmless(int code)
{
	switch (ERRCODE_TO_CATEGORY(code))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_INTERNAL_ERROR:
			return false;
		default:
			return code != ERRCODE_LOCK_NOT_AVAILABLE;
	}
}

/* A statement in progress; whom it was about is known also where it ends in an error. */
static void
run_access(Access *access, PVEXT_RUN_PARAMETERS)
{
	access->running = true;
	PG_TRY();
	{
		run_statement(PVEXT_RUN_ARGUMENTS);
	}
	PG_CATCH();
	{
		access->failed = true;
		pvext_collect_current(&access->collection);
		if (is_harmless(geterrcode()))
			pvext_look_at_comparisons(&access->collection);
		PG_RE_THROW();
	}
	PG_END_TRY();
	access->running = false;
	access->rows += query->estate->es_processed;
	pvext_look_at_comparisons(&access->collection);
}

/*
 * Before the first row of a statement it is put on record that it reads; whatever ends it
 * then, that it has is known.
 */
static void
executor_run(PVEXT_RUN_PARAMETERS)
{
	Access	   *access = in_progress ? find_access(query) : NULL;

	if (access == NULL)
	{
		run_statement(PVEXT_RUN_ARGUMENTS);
		return;
	}
	if (!access->queued && !access->led && !ScanDirectionIsNoMovement(direction))
		queue_access(access);
	run_access(access, PVEXT_RUN_ARGUMENTS);
}

/* AFTER triggers fire here. */
static void
executor_finish(QueryDesc *query)
{
	bool		outside = inside_check;

	inside_check = inside_check || is_check();
	pvext_function_depth++;
	PG_TRY();
	{
		if (next_finish)
			next_finish(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_FINALLY();
	{
		pvext_function_depth--;
		inside_check = outside;
	}
	PG_END_TRY();
}

/* A statement ends as it should. */
static void
executor_end(QueryDesc *query)
{
	Access	   *access = in_progress ? find_access(query) : NULL;

	if (access && access->led)
		record_led(access);
	if (access)
		end_access(access);
	if (next_end)
		next_end(query);
	else
		standard_ExecutorEnd(query);
}

/*
 * The planner
 */

/* Who may not use a view is refused here already. */
static void
plan_refused(Query *parse)
{
	List	   *permissions = pvext_query_privileges(parse);

	if (pvext_reads_personal(permissions))
		record_refused(permissions, false, pvext_function_depth > 1 ? PVEXT_BY_FUNCTION : 0);
}

/* What is constant is computed while planning, by functions, too. */
static PlannedStmt *
plan_statement(Query *parse, const char *text, int cursor_options, ParamListInfo params)
{
	PlannedStmt *result;
	bool		outside = inside_check;
	bool		recording = pvext_is_recording(text);
	Query	   *query = recording && pvext_audit_read_keys > 0 ? pvext_carry_keys(parse) : parse;

	inside_check = inside_check || is_check();
	pvext_function_depth++;
	PG_TRY();
	{
		if (next_planner)
			result = next_planner(query, text, cursor_options, params);
		else
			result = standard_planner(query, text, cursor_options, params);
	}
	PG_CATCH();
	{
		if (recording && geterrcode() == ERRCODE_INSUFFICIENT_PRIVILEGE)
			plan_refused(parse);
		pvext_function_depth--;
		inside_check = outside;
		PG_RE_THROW();
	}
	PG_END_TRY();
	pvext_function_depth--;
	inside_check = outside;
	if (query != parse)
		pvext_shed_keys(result);
	return result;
}

/* From _PG_init(): hook into planner and executor, before whoever did so already. */
void
pvext_init_access(void)
{
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
	next_run = ExecutorRun_hook;
	ExecutorRun_hook = executor_run;
	next_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = executor_finish;
	next_end = ExecutorEnd_hook;
	ExecutorEnd_hook = executor_end;
	next_planner = planner_hook;
	planner_hook = plan_statement;
}

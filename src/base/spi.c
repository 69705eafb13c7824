/*
 * spi.c
 *		Statements: who runs them, under which settings, with which values.
 *
 * Every statement of pvext goes through pvext_run() or pvext_run_kept(), which
 * name the role it runs as: the owner of the table it reads or writes, or for
 * pvext's own tables the owner of schema pv.  A statement is parsed, planned
 * and executed as that role inside a security-restricted operation, so that
 * no trigger, default, operator or expression of that role's can reach the
 * rights of the caller, now or at commit.
 *
 * Running a statement needs a PG_TRY only to forget that it is running: when it
 * raises an error, the abort of the (sub)transaction restores user, settings and
 * SPI, and pvext never catches an error without such an abort (see pvext_try())
 * but to raise another.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/guc.h"
#include "base/own_statement.h"
#include "base/spi.h"
#include "base/time_limit.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

/* How many rows pvext_own_each() holds at a time. */
#define ROWS_AT_A_TIME 50

/* Settings that decide what SQL means, how a value is written as text, and what is seen of it. */
static const struct
{
	const char *name;
	const char *value;
}			pinned[] =
{
	{"search_path", PVEXT_PINNED_PATH},
	{"row_security", "off"},
	{"check_function_bodies", "on"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"bytea_output", "hex"},
	{"extra_float_digits", "1"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
	{"transform_null_equals", "off"},
	{"xmlbinary", "base64"},
	{"array_nulls", "on"},
	{"xmloption", "content"},
	{"session_replication_role", "origin"},
	{"gin_fuzzy_search_limit", "0"},

	/* What triggers write is found by the server's counts (written_rows.c). */
	{"track_counts", "on"},

	/* Queries on catalogs look dear, and would take longer to compile than to run. */
	{"jit", "off"},

	/* What shows plans shows their values to whoever set it. */
	{"debug_print_parse", "off"},
	{"debug_print_rewritten", "off"},
	{"debug_print_plan", "off"},
	{"plan_cache_mode", "auto"},
};

/*
 * Settings of other extensions, where they are loaded, by which they would write the
 * values that pvext's statements look for into the server's log, or keep them: those of
 * the plans, and those of the parameters.  That there was a statement, they go on to say.
 */
static const struct
{
	const char *name;
	const char *value;
}			neighbours[] =
{
	{"auto_explain.log_min_duration", "-1"},
	{"pgaudit.log_parameter", "off"},
	{"pg_qualstats.enabled", "off"},
	{"pg_stat_monitor.pgsm_enable_query_plan", "off"},
};

/* The same for them; what cannot be set (a placeholder, another context) stays. */
static void
pin_neighbours(void)
{
	for (int i = 0; i < lengthof(neighbours); i++)
	{
		const char *now = GetConfigOption(neighbours[i].name, true, false);

		if (now && strcmp(now, neighbours[i].value) != 0)
			(void) set_config_option(neighbours[i].name, neighbours[i].value,
									 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, DEBUG2, false);
	}
}

/*
 * Pin the settings until AtEOXact_GUC(false, the result), or until an error's abort.  The
 * caller may not be allowed to set some of them (session_replication_role): they are set
 * as a superuser would, and what they were comes back without being looked at.
 */
int
pvext_pin_settings(void)
{
	int			nestlevel = NewGUCNestLevel();

	pin_neighbours();

	/*
	 * Mostly they are so already; setting search_path would make the server look it up
	 * anew.
	 */
	for (int i = 0; i < lengthof(pinned); i++)
		if (strcmp(GetConfigOption(pinned[i].name, false, false), pinned[i].value) != 0)
			(void) set_config_option(pinned[i].name, pinned[i].value,
									 PGC_SUSET, PGC_S_SESSION,
									 GUC_ACTION_SAVE, true, 0, false);
	return nestlevel;
}

/*
 * Begin the work of a SQL function: connect to SPI and pin the settings until
 * pvext_leave().  An error undoes both.  The current user stays who it is: statements
 * become whoever they run as one by one (pvext_run()).  From here on the current memory
 * context is SPI's, which pvext_leave() frees: what is to be returned is made in the
 * caller's.
 */
void
pvext_enter(PvextScope *scope)
{
	scope->nestlevel = pvext_pin_settings();
	if (pvext_lock_timeout > 0)
		(void) set_config_option("lock_timeout", psprintf("%d", pvext_lock_timeout),
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

/*
 * End what pvext_enter() began, in the same (sub)transaction and not after an error.
 * Frees what was made in SPI's memory context, SPI_tuptable included, and undoes settings
 * that were made meanwhile, whoever made them.
 */
void
pvext_leave(PvextScope *scope)
{
	SPI_finish();
	AtEOXact_GUC(false, scope->nestlevel);
}

/*
 * The role that owns schema pv and all that is in it; raises where the extension has been
 * dropped.  Not kept: ALTER SCHEMA ... OWNER TO may change it at any time.
 */
Oid
pvext_role(void)
{
	Oid			namespaceId = get_namespace_oid("pv", false);
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(namespaceId));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema pv");
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Become role inside a security-restricted operation: for running its code, and for
 * parsing, which runs it too (the input function of an array over a domain checks the
 * domain).  As of then it cannot SET ROLE, leave a trigger or a cursor behind that runs
 * later, or make temporary tables; its own policies (FORCE ROW LEVEL SECURITY) do not
 * hide its rows.  An error's abort switches back by itself: between here and
 * pvext_restore_user() nobody may catch one without a subtransaction.
 */
void
pvext_switch_user(Oid role, PvextUser *back)
{
	GetUserIdAndSecContext(&back->user, &back->context);
	SetUserIdAndSecContext(role, back->context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
}

/* Be again who it was before pvext_switch_user(), security context included. */
void
pvext_restore_user(const PvextUser *back)
{
	SetUserIdAndSecContext(back->user, back->context);
}

/*
 * A statement whose plan is freed with the memory context of its text, for what is
 * made at run time.  Nobody needs to know which statements have been planned yet.
 */
PvextStatement
pvext_statement(char *sql)
{
	PvextStatement statement = {sql};

	statement.context = GetMemoryChunkContext(sql);
	return statement;
}

/*
 * Of a memory context that is reset; raises nothing, since it may be reset by an abort.
 */
static void
free_plan(void *plan)
{
	SPI_freeplan(plan);
}

/*
 * Let a plan outlive SPI: for the life of the backend, or as long as the statement's
 * text.
 */
static void
keep_plan(PvextStatement *statement, SPIPlanPtr plan)
{
	MemoryContextCallback *callback = NULL;

	/*
	 * Made first: where memory is short after the plan was saved, nobody would free that.
	 */
	if (statement->context)
		callback = MemoryContextAlloc(statement->context, sizeof(MemoryContextCallback));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep statement");
	if (callback)
	{
		callback->func = free_plan;
		callback->arg = plan;
		MemoryContextRegisterResetCallback(statement->context, callback);
	}
}

/*
 * Prepare the statement if it has no plan yet, and execute it, both as role.
 *
 * The nest level undoes what a trigger may have SET, so that the next
 * statement finds the pinned settings again.  by_index is for plans that are
 * to go by an index whatever the statistics say now.
 */
static void
prepare_and_execute(Oid role, PvextStatement *statement, PvextArgs *args,
					int cursor_options, bool keep, bool by_index)
{
	MemoryContext old = CurrentMemoryContext;
	int			nestlevel = NewGUCNestLevel();
	PvextUser	back;
	int			result;

	pvext_renew_limit();
	pvext_switch_user(role, &back);
	if (by_index && (statement->plan == NULL || !SPI_plan_is_valid(statement->plan)))
		(void) set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);

	if (statement->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare_cursor(statement->sql, args ? args->n : 0,
											  args ? args->types : NULL,
											  cursor_options);

		if (plan == NULL)
			elog(ERROR, "could not prepare statement: %s",
				 SPI_result_code_string(SPI_result));
		if (keep)
			keep_plan(statement, plan);
		statement->plan = plan;
	}

	/*
	 * A plan that has become invalid is made anew in there: as role, and under the
	 * settings above.
	 */
	result = pvext_execute_own(statement->plan, args, statement->snapshot,
							   statement->read_only);
	if (result < 0)
		elog(ERROR, "could not execute statement: %s",
			 SPI_result_code_string(result));

	pvext_restore_user(&back);
	AtEOXact_GUC(false, nestlevel);
	MemoryContextSwitchTo(old); /* SPI leaves its own context behind */
}

/* The same, during which it is known that a statement of pvext's is running. */
static uint64
run_as(Oid role, PvextStatement *statement, PvextArgs *args,
	   int cursor_options, bool keep, bool by_index)
{
	PvextStatementScope scope;

	pvext_begin_statement(&scope);
	PG_TRY();
	{
		prepare_and_execute(role, statement, args, cursor_options, keep, by_index);
	}
	PG_FINALLY();
	{
		pvext_end_statement(&scope);
	}
	PG_END_TRY();
	return SPI_processed;
}

/*
 * Run a statement once as role, between pvext_enter() and pvext_leave().  Returns the
 * number of rows; those a query returns are in SPI_tuptable, until SPI_finish() or
 * SPI_freetuptable().  It sees what was committed when it began, and what this
 * transaction did, in READ COMMITTED; the current memory context stays as it was.
 */
uint64
pvext_run(Oid role, const char *sql, PvextArgs *args)
{
	PvextStatement statement = {sql, NULL};

	return run_as(role, &statement, args, 0, false, false);
}

/*
 * The same, keeping the plan in *statement, which must outlive the backend's
 * transactions and always be run by the same role.
 */
uint64
pvext_run_kept(Oid role, PvextStatement *statement, PvextArgs *args,
			   int cursor_options)
{
	return run_as(role, statement, args, cursor_options, true, false);
}

/* Run a statement on pvext's own tables. */
uint64
pvext_own(const char *sql, PvextArgs *args)
{
	return pvext_run(pvext_role(), sql, args);
}

/*
 * The same, keeping the plan, which is made once for all values: by an index,
 * also where the table is still small or empty when it is made.
 */
uint64
pvext_own_kept(PvextStatement *statement, PvextArgs *args)
{
	return run_as(pvext_role(), statement, args, CURSOR_OPT_GENERIC_PLAN, true, true);
}

/* What is called with the next of a query's rows. */
typedef struct EachRow
{
	void		(*each) (uint64 row, void *arg);
	void	   *arg;
} EachRow;

/* Call it for each of the rows of SPI_tuptable.  For pvext_run_each(). */
static void
call_each(uint64 n, void *arg)
{
	EachRow    *call = arg;
	SPITupleTable *rows = SPI_tuptable;

	for (uint64 i = 0; i < n; i++)
	{
		SPI_tuptable = rows;
		call->each(i, call->arg);
	}
}

/*
 * Call the function with the rows that were fetched.  Statements that it runs have a
 * connection of their own: what they return would else be kept until the last row.
 */
static void
call_with_rows(SPITupleTable *rows, uint64 n, void (*each) (uint64 n, void *arg), void *arg)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	SPI_tuptable = rows;
	each(n, arg);
	SPI_finish();
}

/*
 * Run a query as role, as the active snapshot sees its tables, and call each for so many of
 * its rows at a time, which are in SPI_tuptable.  Between pvext_enter() and pvext_leave(),
 * with a snapshot that is active.  each runs as the caller's user, may use SPI, and what it
 * allocates or SPI returns to it is freed after it; an error in it goes on.
 */
void
pvext_run_each(Oid role, const char *sql, PvextArgs *args, long at_a_time,
			   void (*each) (uint64 n, void *arg), void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	PvextUser	back;
	SPIPlanPtr	plan;
	Portal		portal;

	pvext_switch_user(role, &back);
	plan = SPI_prepare(sql, args ? args->n : 0, args ? args->types : NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare statement: %s",
			 SPI_result_code_string(SPI_result));
	portal = pvext_open_own(plan, args);
	for (;;)
	{
		SPITupleTable *rows;

		SPI_cursor_fetch(portal, true, at_a_time);
		rows = SPI_tuptable;
		if (SPI_processed == 0)
			break;

		/* The caller's code runs as who it is called, and may itself run statements. */
		pvext_restore_user(&back);
		call_with_rows(rows, SPI_processed, each, arg);
		SPI_freetuptable(rows);
		pvext_switch_user(role, &back);
	}
	SPI_cursor_close(portal);
	SPI_freeplan(plan);
	pvext_restore_user(&back);
	MemoryContextSwitchTo(caller);
}

/* The same of pvext's own tables, row by row: each row is one of SPI_tuptable. */
void
pvext_own_each(const char *sql, PvextArgs *args,
			   void (*each) (uint64 row, void *arg), void *arg)
{
	EachRow		call = {each, arg};

	pvext_run_each(pvext_role(), sql, args, ROWS_AT_A_TIME, call_each, &call);
}

/*
 * utility_read.c
 *		Read audit: commands that read without the executor.
 *
 * These are COPY of a table, and what has functions called with the values of rows
 * (ddl_read.c).  Here functions are counted, too, that are called by commands.
 */
#include "postgres.h"
#include "base/message.h"

#include "catalog/namespace.h"
#include "reads/columns_read.h"
#include "reads/ddl_read.h"
#include "reads/read_hooks.h"
#include "reads/utility_read.h"
#include "tcop/utility.h"
#include "utils/rls.h"

static ProcessUtility_hook_type next_utility = NULL;

/* Go on to whoever hooked in before, or to the server. */
static void
run_command(PlannedStmt *statement, const char *text, bool read_only_tree,
			ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
			DestReceiver *dest, QueryCompletion *completion)
{
	if (next_utility)
		next_utility(statement, text, read_only_tree, context, params, environment, dest,
					 completion);
	else
		standard_ProcessUtility(statement, text, read_only_tree, context, params, environment,
								dest, completion);
}

/* Begin the reading of a command. */
static void
begin_command(StringInfo buf, int way)
{
	initStringInfo(buf);
	pvext_begin_reading(buf);
	pvext_reading(buf)->statement = pvext_next_statement();
	pvext_reading(buf)->ways = way | (pvext_function_depth > 0 ? PVEXT_BY_FUNCTION : 0);
}

/*
 * The reading of a COPY that reads a table by itself.  With row security it is a
 * query, which the executor sees, unless it is refused.
 */
static bool
make_copy_reading(StringInfo buf, CopyStmt *copy, bool *is_query)
{
	Oid			relid;

	if (copy->is_from || copy->relation == NULL)
		return false;
	relid = RangeVarGetRelid(copy->relation, NoLock, true);
	if (!OidIsValid(relid))
		return false;
	begin_command(buf, PVEXT_BY_COPY);
	if (!pvext_add_copied(buf, relid, copy->attlist))
		return false;
	*is_query = check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED;
	return true;
}

/* The reading of a command; false where nothing is to be recorded. */
static bool
make_command_reading(StringInfo buf, Node *command, bool *is_query)
{
	List	   *evaluated;

	*is_query = false;
	if (IsA(command, CopyStmt))
	{
		if (!make_copy_reading(buf, (CopyStmt *) command, is_query))
			return false;
	}
	else
	{
		evaluated = pvext_evaluated_by(command);
		if (evaluated == NIL)
			return false;
		begin_command(buf, PVEXT_BY_COMMAND);
		if (!pvext_add_evaluated(buf, evaluated))
			return false;
	}
	pvext_reading(buf)->size = buf->len;
	return true;
}

/* Only COPY says how many rows it has read. */
static void
run_reading_command(StringInfo reading, bool is_query, PlannedStmt *statement, const char *text,
					bool read_only_tree, ProcessUtilityContext context, ParamListInfo params,
					QueryEnvironment *environment, DestReceiver *dest,
					QueryCompletion *completion)
{
	PvextPlace	place = {-1};
	volatile bool done = false;
	uint32		room;

	InitializeQueryCompletion(completion);
	if (!is_query)
		pvext_queue_reading(pvext_reading(reading), true, &place);
	PG_TRY();
	{
		run_command(statement, text, read_only_tree, context, params, environment, dest,
					completion);
		if (pvext_reading(reading)->ways & PVEXT_BY_COPY)
			pvext_reading(reading)->rows = completion->nprocessed;
		done = true;
	}
	PG_FINALLY();
	{
		if (!done && geterrcode() == ERRCODE_INSUFFICIENT_PRIVILEGE)
			pvext_reading(reading)->refused = true;
		else if (!done)
			pvext_reading(reading)->ways |= PVEXT_TO_ERROR;
		if (!is_query)
			(void) pvext_complete(reading, &place, &room);
		else if (pvext_reading(reading)->refused)
			pvext_queue_reading(pvext_reading(reading), false, &place);
	}
	PG_END_TRY();
}

/* Most commands do not, and some are run where no catalog can be looked at. */
static bool
may_read(Node *command)
{
	switch (nodeTag(command))
	{
		case T_CopyStmt:
		case T_IndexStmt:
		case T_AlterTableStmt:
		case T_CreateStatsStmt:
		case T_CreatePolicyStmt:
		case T_AlterPolicyStmt:
		case T_CreateTrigStmt:
		case T_AlterDomainStmt:
		case T_ReindexStmt:
		case T_ClusterStmt:
		case T_VacuumStmt:
			return true;
		default:
			return false;
	}
}

/* A command is run.  Of CALL and DO it is known that what they run is a function's. */
static void
process_utility(PlannedStmt *statement, const char *text, bool read_only_tree,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	Node	   *command = statement->utilityStmt;
	StringInfoData reading;
	QueryCompletion own;
	bool		is_query;

	if (may_read(command) && pvext_is_recording(text) &&
		make_command_reading(&reading, command, &is_query))
	{
		run_reading_command(&reading, is_query, statement, text, read_only_tree, context, params,
							environment, dest, completion ? completion : &own);
		return;
	}
	if (!IsA(command, CallStmt) && !IsA(command, DoStmt))
	{
		run_command(statement, text, read_only_tree, context, params, environment, dest,
					completion);
		return;
	}
	pvext_function_depth++;
	PG_TRY();
	{
		run_command(statement, text, read_only_tree, context, params, environment, dest,
					completion);
	}
	PG_FINALLY();
	{
		pvext_function_depth--;
	}
	PG_END_TRY();
}

/* From _PG_init(): hook into commands, before whoever did so already. */
void
pvext_init_command(void)
{
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}

/*
 * trigger_path.c
 *		The search_path of users' triggers that pvext's statements fire.
 *
 * pvext's statements run under a pinned search_path.  A trigger function that was
 * written for the application's, and names its tables without a schema, finds
 * nothing there.  So each runs, while a statement of pvext's does, under the path
 * that a session of the role begins with as which it runs: the table's owner, or
 * that of another table which a foreign key's CASCADE reaches.  It does so by the
 * function manager's hooks, for the time of the call alone: what pvext's own
 * statement has still to parse or to call does not see that path.
 *
 * A path that others can put something into is not used (see path_trust.c): then a
 * function that names something by it is refused before it runs, and others run
 * under the pinned path.  A function that is SECURITY DEFINER, or has a search_path
 * of its own, is left alone.  One that a trigger function's own statement fires, as
 * the same role, sees the path which that one has made, as it always does.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/own_statement.h"
#include "base/spi.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "code/path_trust.h"
#include "code/trigger_path.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

/* A trigger function, and the call of it that is going on. */
typedef struct TriggerCall
{
	Datum		next_private;	/* the next hook's */
	bool		known;			/* the following is */
	bool		is_trigger;		/* a user's function that returns trigger */
	bool		has_path;		/* a search_path of its own */
	bool		is_definer;		/* SECURITY DEFINER */
	char	   *name;			/* with schema and parentheses */

	bool		open;			/* it is running */
	Oid			role;			/* as whom */
	int			nestlevel;		/* of the path that was set for it, or 0 */
	char	   *path_before;	/* then, the path to go back to */
	struct TriggerCall *outer;
	ErrorContextCallback errors;
} TriggerCall;

/* The function that an error has ended, in which statement, and the path it was called with. */
static char failed_function[4 * NAMEDATALEN + 10];
static char failed_path[1024];
static uint64 failed_statement = 0;

static needs_fmgr_hook_type next_needs_fmgr_hook = NULL;
static fmgr_hook_type next_fmgr_hook = NULL;

/*
 * What to do about an error that a trigger function without a search_path of its own
 * has raised, where a name that was not found may be the cause; else NULL.
 */
char *
pvext_trigger_hint(int sqlerrcode)
{
	int			category = ERRCODE_TO_CATEGORY(sqlerrcode);

	if (failed_function[0] == '\0' || failed_statement != pvext_statements ||
		sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		(category != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
		 category != ERRCODE_INVALID_SCHEMA_NAME))
		return NULL;
	return psprintf("Trigger function %s ran with search_path %s. Give it the one that it was written for: ALTER FUNCTION %s SET search_path = ...",
					failed_function, failed_path, failed_function);
}

/* Note which function an error comes from, and under which path; the error's context callback. */
static void
note_function(void *arg)
{
	TriggerCall *call = arg;

	if (pvext_running == NULL || pvext_running->call != call)
		return;
	strlcpy(failed_function, call->has_path ? "" : call->name, sizeof(failed_function));
	strlcpy(failed_path, namespace_search_path, sizeof(failed_path));
	failed_statement = pvext_statements;
}

/*
 * Calls
 */

/* Is it a function for triggers, and a user's? */
static bool
is_users_trigger(HeapTuple tuple)
{
	Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);

	return proc->prorettype == TRIGGEROID &&
		proc->pronamespace != get_namespace_oid("pv", true);
}

/*
 * Are the calls of a function to be told to on_call()?  The server asks as it looks the
 * function up, for triggers once a statement and table: so nothing is in the way of
 * triggers that others' statements fire.
 */
static bool
needs_hook(Oid function)
{
	bool		needed = next_needs_fmgr_hook && next_needs_fmgr_hook(function);
	HeapTuple	tuple;

	if (needed || pvext_running == NULL)
		return needed;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	needed = is_users_trigger(tuple);
	ReleaseSysCache(tuple);
	return needed;
}

/* Does the function's SET clause name search_path? */
static bool
sets_path(HeapTuple tuple)
{
	static const char prefix[] = "search_path=";
	bool		isnull;
	Datum		config = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &isnull);
	Datum	   *elements;
	int			n;

	if (isnull)
		return false;
	deconstruct_array(DatumGetArrayTypeP(config), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		if (pg_strncasecmp(TextDatumGetCString(elements[i]), prefix, sizeof(prefix) - 1) == 0)
			return true;
	return false;
}

/* Look at the function, once for what calls it. */
static void
know(TriggerCall *call, FmgrInfo *flinfo)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(flinfo->fn_oid));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", flinfo->fn_oid);
	call->is_trigger = is_users_trigger(tuple);
	if (call->is_trigger)
	{
		call->has_path = sets_path(tuple);
		call->is_definer = ((Form_pg_proc) GETSTRUCT(tuple))->prosecdef;
		call->name = MemoryContextStrdup(flinfo->fn_mcxt,
										 format_procedure_qualified(flinfo->fn_oid));
	}
	ReleaseSysCache(tuple);
	call->known = true;
}

/* The path of a role, found once a statement. */
static PvextPath *
path_of(Oid role)
{
	PvextStatementScope *scope = pvext_running;
	MemoryContext old;
	ListCell   *lc;
	PvextPath  *path;

	foreach(lc, scope->paths)
		if (((PvextPath *) lfirst(lc))->role == role)
			return lfirst(lc);
	old = MemoryContextSwitchTo(scope->context);
	path = pvext_role_path(role);
	scope->paths = lappend(scope->paths, path);
	MemoryContextSwitchTo(old);
	return path;
}

/* Set search_path, as the session could. */
static void
set_path(const char *setting, GucAction action)
{
	(void) set_config_option("search_path", setting, PGC_USERSET, PGC_S_SESSION, action,
							 true, 0, false);
}

/* The path that the function is to run under; raises where it needs one of its own. */
static const char *
path_for(TriggerCall *call, Oid function)
{
	PvextPath  *path = path_of(call->role);
	char	   *name;

	if (path->doubt == NULL)
		return path->setting;
	name = pvext_unqualified_name(function, path->schemas);
	if (name == NULL)
		return PVEXT_PINNED_PATH;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("trigger function %s needs a search_path of its own", call->name),
			 errdetail("It names \"%s\" without a schema, and %s, which is in the search_path of \"%s\", as whom it runs.",
					   name, path->doubt, GetUserNameFromId(call->role, false)),
			 errhint("%s", pvext_path_hint(call->name, path))));
}

/* A user's trigger function is about to be called from a statement of pvext's. */
static void
begin_call(TriggerCall *call, Oid function)
{
	TriggerCall *outer = pvext_running->call;

	call->role = GetUserId();
	call->nestlevel = 0;
	if (!call->has_path && !call->is_definer &&
		(outer == NULL || outer->role != call->role ||
		 strcmp(namespace_search_path, PVEXT_PINNED_PATH) == 0))
	{
		const char *path = path_for(call, function);

		call->path_before = outer ? pstrdup(namespace_search_path) : NULL;
		call->nestlevel = NewGUCNestLevel();
		set_path(path, GUC_ACTION_SAVE);
	}

	/*
	 * One at a time: a trigger that fires itself does so by another statement, in which
	 * the server has looked the function up anew.
	 */
	call->outer = outer;
	call->open = true;
	pvext_running->call = call;
	call->errors.callback = note_function;
	call->errors.arg = call;
	call->errors.previous = error_context_stack;
	error_context_stack = &call->errors;
}

/*
 * It has returned.  Other settings that it has made stay as long as they would; the path
 * does not, whoever has set it.
 */
static void
end_call(TriggerCall *call)
{
	const char *before = call->outer == NULL ? PVEXT_PINNED_PATH : call->path_before;

	call->open = false;
	pvext_running->call = call->outer;
	failed_function[0] = '\0';	/* what it caught is no error */
	error_context_stack = call->errors.previous;
	if (call->nestlevel > 0)
		AtEOXact_GUC(true, call->nestlevel);
	if ((call->outer == NULL || call->nestlevel > 0) &&
		strcmp(namespace_search_path, before) != 0)
		set_path(before, GUC_ACTION_SET);	/* the function may have done so itself */
	if (call->nestlevel > 0 && call->path_before)
		pfree(call->path_before);
}

/* An error has ended it; the callback that it left has been taken away. */
static void
abort_call(TriggerCall *call)
{
	call->open = false;
	if (pvext_running)
		pvext_running->call = call->outer;
	if (call->nestlevel > 0)
		AtEOXact_GUC(false, call->nestlevel);
}

/*
 * The function manager tells of a call: before it, after it, or after an error of its.
 * *private, NULL at first, stays with what calls the function, for as long as that lives.
 */
static void
on_call(FmgrHookEventType event, FmgrInfo *flinfo, Datum *private)
{
	TriggerCall *call = (TriggerCall *) DatumGetPointer(*private);

	switch (event)
	{
		case FHET_START:
			if (call == NULL && (pvext_running || next_fmgr_hook))
			{
				call = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(TriggerCall));
				*private = PointerGetDatum(call);
			}

			/*
			 * The next hook's own is kept within ours, of which there is one whenever
			 * there is such a hook.
			 */
			if (next_fmgr_hook)
				next_fmgr_hook(event, flinfo, &call->next_private);
			if (pvext_running == NULL)
				break;
			if (!call->known)
				know(call, flinfo);
			if (call->is_trigger)
				begin_call(call, flinfo->fn_oid);
			break;
		case FHET_END:
		/* Called before anything is rolled back, and the error goes on. */
		case FHET_ABORT:
			if (call && call->open)
				(event == FHET_END ? end_call : abort_call) (call);
			if (next_fmgr_hook)
				next_fmgr_hook(event, flinfo, &call->next_private);
			break;
	}
}

/* From _PG_init(): hook into the function manager, before whoever did so already. */
void
pvext_init_trigger(void)
{
	next_needs_fmgr_hook = needs_fmgr_hook;
	needs_fmgr_hook = needs_hook;
	next_fmgr_hook = fmgr_hook;
	fmgr_hook = on_call;
}

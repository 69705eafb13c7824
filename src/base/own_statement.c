/*
 * own_statement.c
 *		pvext's own statements, as the hooks of the executor know them.
 *
 * Who reads is put on record, but not what pvext reads by itself.  Its statements are
 * known by their text, the very string in memory that planner and executor are given
 * with them, while they are being run.  So whatever an owner's code does beneath them, while
 * they are parsed, planned, started or executed, is not taken for one of them.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/own_statement.h"
#include "tcop/pquery.h"
#include "utils/plancache.h"
#include "utils/portal.h"

/* The innermost of pvext's statements that are running. */
PvextStatementScope *pvext_running = NULL;

/* How many have begun beneath no other. */
uint64		pvext_statements = 0;

/* The text of the statement that is being run. */
static const char *own_text = NULL;

/* The name of the cursor that is being opened. */
static const char *own_cursor = NULL;

/*
 * One of pvext's statements begins; scope lives until pvext_end_statement(), which is
 * to be called in any case, with an error or without.
 */
void
pvext_begin_statement(PvextStatementScope *scope)
{
	scope->outer = pvext_running;
	scope->context = CurrentMemoryContext;
	scope->paths = NIL;
	scope->call = NULL;
	if (pvext_running == NULL)
		pvext_statements++;
	pvext_running = scope;
}

/*
 * What pvext_begin_statement() began has ended, if by an error; in PG_FINALLY, since no
 * abort puts back what is in static variables.
 */
void
pvext_end_statement(PvextStatementScope *scope)
{
	pvext_running = scope->outer;
}

/*
 * Is it a statement of pvext's own that is planned or started with this text?  A cursor has
 * a copy of it.
 */
bool
pvext_is_own_statement(const char *text)
{
	if (text == NULL)
		return false;
	return text == own_text ||
		(own_cursor && ActivePortal && ActivePortal->sourceText == text &&
		 strcmp(ActivePortal->name, own_cursor) == 0);
}

/*
 * The text of a plan of a single statement, by its address: a plan that is made anew
 * keeps it.
 */
static const char *
text_of(SPIPlanPtr plan)
{
	return ((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(plan)))->query_string;
}

/*
 * Execute a plan of a single statement, as SPI_execute_plan() does, as the current user;
 * with snapshot, as of when that was taken.
 */
int
pvext_execute_own(SPIPlanPtr plan, PvextArgs *args, Snapshot snapshot, bool read_only)
{
	const char *outer = own_text;
	int			result;

	PG_TRY();
	{
		own_text = text_of(plan);
		result = SPI_execute_snapshot(plan, args ? args->values : NULL,
									  args ? args->nulls : NULL, snapshot, InvalidSnapshot,
									  read_only, true, 0);
	}
	PG_FINALLY();
	{
		own_text = outer;
	}
	PG_END_TRY();
	return result;
}

/*
 * Open a cursor for a plan of pvext's own, which only reads, as SPI_cursor_open() does, as
 * the current user.  Its name is nobody's to guess, so that it is known by it.
 */
Portal
pvext_open_own(SPIPlanPtr plan, PvextArgs *args)
{
	const char *outer_text = own_text;
	const char *outer_cursor = own_cursor;
	uint64		random;
	char		name[NAMEDATALEN];
	Portal		portal;

	if (!pg_strong_random(&random, sizeof(random)))
		elog(ERROR, "could not generate a random number");
	snprintf(name, sizeof(name), "pvext " UINT64_FORMAT, random);
	PG_TRY();
	{
		own_text = text_of(plan);
		own_cursor = name;
		portal = SPI_cursor_open(name, plan, args ? args->values : NULL,
								 args ? args->nulls : NULL, true);
	}
	PG_FINALLY();
	{
		own_text = outer_text;
		own_cursor = outer_cursor;
	}
	PG_END_TRY();
	return portal;
}

/*
 * trial_query.c
 *		What trials are made of: queries that may fail, and rows as an erasure would make them.
 *
 * A query is run as the table's owner in a subtransaction.  An error is the trial's result
 * and never shown, since its message may hold a person's data.  Used by trial.c and
 * token_trial.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/expression.h"
#include "base/spi.h"
#include "lib/stringinfo.h"
#include "rewrite/rewriteHandler.h"
#include "strategy/trial_query.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#define TRIAL_ROWS 1000

/* What an error in a trial means, its message left out but where harmless. */
static void
explain_error(ErrorData *edata, PvextFailure *failure)
{
	int			category = ERRCODE_TO_CATEGORY(edata->sqlerrcode);

	if (category == ERRCODE_OPERATOR_INTERVENTION ||
		category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_TRANSACTION_ROLLBACK ||
		edata->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(edata);
	failure->sqlstate = edata->sqlerrcode;
	if (edata->constraint_name)
		failure->detail = psprintf("The new value violates check constraint \"%s\".",
								   edata->constraint_name);
	else if (failure->literal)
		failure->detail = psprintf("A trial of the value failed: %s.", edata->message);
	else
		failure->detail = psprintf("A trial on the table's rows failed with SQLSTATE %s.",
								   unpack_sql_state(edata->sqlerrcode));
}

/* A query to be tried as a role. */
typedef struct Attempt
{
	Oid			role;
	const char *sql;
} Attempt;

/* The body of pvext_try(). */
static void
run_query(void *arg)
{
	Attempt    *attempt = arg;

	(void) pvext_run(attempt->role, attempt->sql, NULL);
}

/*
 * Run a query as the table's owner, in a subtransaction.  Returns whether it
 * succeeded; its one row is in SPI_tuptable.
 */
bool
pvext_try_query(const PvextFit *fit, const char *sql, PvextFailure *failure)
{
	Attempt		attempt = {fit->owner, sql};

	/*
	 * What the owner's checks and functions do, they do as the owner, in a restricted
	 * operation; where they fail it is undone.
	 */
	ErrorData  *error = pvext_try(run_query, &attempt);

	if (error)
		explain_error(error, failure);
	return error == NULL;
}

/* Say why the trial has failed; returns false. */
bool
pvext_fail(PvextFailure *failure, int sqlstate, char *detail)
{
	failure->sqlstate = sqlstate;
	failure->detail = detail;
	return false;
}

/* A generated column's expression as SQL over r. */
char *
pvext_generated_sql(Oid relid, const char *column)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Node	   *expr = build_column_default(rel, pvext_column(relid, column, NULL, NULL));
	char	   *text = pvext_deparse(relid, expr, true);

	table_close(rel, AccessShareLock);
	return text;
}

/*
 * A FROM item r: the rows of another one with the columns in replaced made
 * anew, by value or as they are generated.  A function in FROM gives r the
 * table's own row type, so that a whole-row reference works too.
 */
char *
pvext_replaced_rows(const PvextFit *fit, const char *from, List *replaced,
			  const char *value)
{
	StringInfoData buf;
	ListCell   *lc;
	const char *separator = "";

	initStringInfo(&buf);
	appendStringInfoString(&buf, "(SELECT ROW(");
	foreach(lc, pvext_columns(fit->relid))
	{
		const char *name = lfirst(lc);

		appendStringInfoString(&buf, separator);
		if (pvext_has_name(replaced, name))
			appendStringInfo(&buf, "(%s)", value ? value : pvext_generated_sql(fit->relid, name));
		else
			appendStringInfo(&buf, "%s.%s", PVEXT_ROW, quote_identifier(name));
		separator = ", ";
	}
	appendStringInfo(&buf, ")::%s AS pvext_row FROM %s LIMIT %d) AS pvext_rows,"
					 " LATERAL unnest(ARRAY[pvext_rows.pvext_row]) AS %s",
					 fit->table, from, fit->all_rows ? PG_INT32_MAX : TRIAL_ROWS, PVEXT_ROW);
	return buf.data;
}

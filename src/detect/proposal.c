/*
 * proposal.c
 *		SQL text that somebody reads and then runs, tried while it is written.
 *
 * A line is a statement that runs as it stands, or a comment.  Each statement is run when
 * it is written, as the caller who will run it, after those before it; what would fail is
 * not written as a statement.  All of it is undone at the end (pvext_rehearse()).  Names
 * and values within the text come from print.c, each comment goes through it here.
 *
 * Where the caller may not declare at all, or nothing can be written, statements are
 * written untried.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/print.h"
#include "base/spi.h"
#include "detect/proposal.h"
#include "miscadmin.h"
#include "utils/guc.h"

/* A line of names is no longer. */
#define WIDTH 110

/* The SQLSTATE by which a rehearsal that went well is undone: nobody else raises it. */
#define REHEARSED MAKE_SQLSTATE('P', 'V', 'R', 'E', 'H')

/* Begin an empty text, in the current memory context. */
void
pvext_begin_proposal(PvextProposal *proposal)
{
	memset(proposal, 0, sizeof(*proposal));
	initStringInfo(&proposal->sql);
	proposal->untried = XactReadOnly;
}

/* An empty line. */
void
pvext_propose_blank(PvextProposal *proposal)
{
	appendStringInfoChar(&proposal->sql, '\n');
}

/* A line that is a comment. */
void
pvext_propose_comment(PvextProposal *proposal, const char *text)
{
	appendStringInfo(&proposal->sql, "-- %s\n", pvext_print_comment(text));
}

/* For pvext_try(): run a statement as whoever asks for the proposal. */
static void
run_statement(void *arg)
{
	(void) pvext_run(GetUserId(), arg, NULL);
}

/* What may be printed of an error: one of the server's may hold a row's values. */
static char *
error_text(ErrorData *error)
{
	if (pvext_is_about_catalog(error) || (error->domain && strncmp(error->domain, TEXTDOMAIN, strlen(TEXTDOMAIN)) == 0))
		return error->message;
	return psprintf("it fails with SQLSTATE %s", unpack_sql_state(error->sqlerrcode));
}

/*
 * Why a statement cannot be run, after those before; NULL where it can, or where nothing is
 * tried.  It is not written.
 */
char *
pvext_try_statement(PvextProposal *proposal, const char *statement)
{
	ErrorData  *error = proposal->untried ? NULL :
		pvext_try(run_statement, unconstify(char *, statement));

	if (error && error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE)
		proposal->untried = true;
	return error && !proposal->untried ? error_text(error) : NULL;
}

/*
 * A line that is a statement, with a remark after it or NULL.  Returns why it cannot be
 * run, and has then not written it; NULL where it can.
 */
char *
pvext_propose_statement(PvextProposal *proposal, const char *statement, const char *remark)
{
	char	   *why = pvext_try_statement(proposal, statement);

	if (why)
		return why;
	proposal->statements++;
	proposal->settling = lappend(proposal->settling, pstrdup(statement));
	appendStringInfoString(&proposal->sql, statement);
	if (remark)
		appendStringInfo(&proposal->sql, "  -- %s", pvext_print_comment(remark));
	appendStringInfoChar(&proposal->sql, '\n');
	return NULL;
}

/* A statement as a comment: whether it is right is for the reader to say. */
void
pvext_propose_question(PvextProposal *proposal, const char *statement, const char *remark)
{
	proposal->questions++;
	proposal->settling = lappend(proposal->settling, pstrdup(statement));
	pvext_propose_comment(proposal, remark ? psprintf("%s  -- %s", statement, remark) : statement);
}

/* What may be said instead of the question before. */
void
pvext_propose_alternative(PvextProposal *proposal, const char *statement)
{
	pvext_propose_comment(proposal, psprintf("  or: %s", statement));
}

/* Names of tables (OIDs) as comments, on as many lines as it takes. */
void
pvext_propose_names(PvextProposal *text, List *relids)
{
	StringInfoData line;
	ListCell   *lc;

	initStringInfo(&line);
	foreach(lc, relids)
	{
		char	   *name = pvext_relation_name(lfirst_oid(lc));

		if (line.len > 0 && line.len + strlen(name) > WIDTH)
		{
			pvext_propose_comment(text, line.data);
			resetStringInfo(&line);
		}
		appendStringInfo(&line, "%s%s%s", line.len > 0 ? " " : "", name, lnext(relids, lc) ? "," : "");
	}
	if (line.len > 0)
		pvext_propose_comment(text, line.data);
}

/* What pvext_rehearse() runs. */
typedef struct Rehearsal
{
	void		(*body) (void *);
	void	   *arg;
} Rehearsal;

/* For pvext_catch_all(): run it all, and end in an error, which undoes it. */
static void
rehearse(void *arg)
{
	Rehearsal  *rehearsal = arg;

	rehearsal->body(rehearsal->arg);
	ereport(ERROR, (errcode(REHEARSED), errmsg("rehearsed")));
}

/*
 * Call body(arg), within which proposals are written, and undo what their statements did;
 * what the body has made in memory stays.  What they would warn of is for whoever runs
 * them.  Between pvext_enter() and pvext_leave().
 */
void
pvext_rehearse(void (*body) (void *), void *arg)
{
	Rehearsal	rehearsal = {body, arg};
	int			nestlevel = NewGUCNestLevel();
	ErrorData  *error;

	(void) set_config_option("client_min_messages", "error", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("log_min_messages", "panic", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	error = pvext_catch_all(rehearse, &rehearsal);
	AtEOXact_GUC(false, nestlevel);
	if (error->sqlerrcode != REHEARSED)
		ReThrowError(error);
}

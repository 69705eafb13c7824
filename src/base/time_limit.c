/*
 * time_limit.c
 *		A time limit for statements that run code of tables' owners.
 *
 * An expression or a trigger may never end, and the duties of everybody else would wait
 * for it.  At the limit a statement is cancelled, as pg_cancel_backend() does it.  Code
 * that catches the cancellation, and goes on, goes on for a moment only: then the process
 * is terminated, which nothing can catch (failure.c notes what it was at), or where that
 * is somebody's session, it is cancelled again.  Code that looks for no interrupts, in C
 * or a language other than SQL's, is beyond all that.
 *
 * The limit is for each statement of pvext's: spi.c renews it.
 */
#include "postgres.h"
#include "base/message.h"

#include <signal.h>

#include "base/catch.h"
#include "base/time_limit.h"
#include "miscadmin.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

/* For how long one that was cancelled may go on, at most, in ms. */
#define RESPITE 10000

static TimeoutId timeout;
static bool registered = false;
static int	limit = 0;			/* in ms; 0: there is none */
static bool may_terminate;
static volatile sig_atomic_t firings = 0;

/*
 * In a signal handler: only flags are set, which CHECK_FOR_INTERRUPTS() looks at.  The
 * first time it asks the statement to end, from then on, where it may, the process.
 */
static void
fire(void)
{
	if (firings++ == 0 || !may_terminate)
		QueryCancelPending = true;
	else
		ProcDiePending = true;
	InterruptPending = true;
}

/* At the limit, and again and again after that: see fire(). */
static void
set_timer(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), limit);

	enable_timeout_every(timeout, end, Min(limit, RESPITE));
}

/* A statement begins. */
void
pvext_renew_limit(void)
{
	if (limit > 0 && firings == 0)
		set_timer();
}

/*
 * A cancellation that nobody has noticed is taken back, since it would end whatever comes
 * next.  One that the user has asked for at the same moment goes with it.
 */
void
pvext_end_limit(void)
{
	if (limit == 0)
		return;
	disable_timeout(timeout, false);
	limit = 0;
	if (firings > 0)
		QueryCancelPending = false;
}

/* A time limit begins; one at a time, since there is one timer. */
static void
begin(int milliseconds, bool deadly)
{
	if (!registered)
		timeout = RegisterTimeout(USER_TIMEOUT, fire);
	registered = true;
	limit = milliseconds;
	may_terminate = deadly;
	firings = 0;
	if (limit > 0)
		set_timer();
}

/* Is the process ending because what was cancelled went on? */
bool
pvext_limit_is_overrun(void)
{
	return firings > 1;
}

/* Say of a cancellation that it was for the limit. */
void
pvext_describe_timeout(ErrorData *error)
{
	error->sqlerrcode = ERRCODE_QUERY_CANCELED;
	error->message = pstrdup("a statement took longer than \"pvext.step_timeout\"");
	error->detail = NULL;
	error->hint = pstrdup("Triggers and expressions of tables' owners count, too. If that much time is needed, raise the setting.");
}

typedef struct Call
{
	void		(*body) (void *);
	void	   *arg;
} Call;

/* What went on after it was cancelled has not succeeded. */
static void
call(void *arg)
{
	Call	   *c = arg;

	c->body(c->arg);
	if (firings > 0)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("a statement went on after it was cancelled")));
}

/*
 * Call body(arg) in a subtransaction, in which no statement may take longer than that, or
 * for 0 as long as it likes.  deadly says that the process may be terminated, where
 * nothing else helps.  Returns the error that ended it, in the current context, or NULL;
 * a cancellation that is not the limit's, and the end of the session, go on.  Not within
 * another such call.
 */
ErrorData *
pvext_catch_in_time(void (*body) (void *), void *arg, int milliseconds, bool deadly)
{
	Call		c = {body, arg};
	ErrorData  *volatile error = NULL;

	begin(milliseconds, deadly);
	PG_TRY();
	{
		error = pvext_catch_all(call, &c);
	}
	PG_FINALLY();
	{
		pvext_end_limit();
	}
	PG_END_TRY();
	if (error == NULL ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_OPERATOR_INTERVENTION)
		return error;
	if (error->sqlerrcode != ERRCODE_QUERY_CANCELED || firings == 0)
		ReThrowError(error);
	pvext_describe_timeout(error);
	return error;
}

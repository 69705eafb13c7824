/*
 * catch.c
 *		Errors that are an answer.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/catch.h"
#include "utils/resowner.h"

/* Is the error no answer to what was tried, but the end of it? */
static bool
is_interruption(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
			return true;
		default:
			return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
	}
}

/*
 * Call body(arg) in a subtransaction.  Returns the error that ended it, in the current
 * context, or NULL.  The subtransaction's end gives back what body left behind after an
 * error: locks, snapshots, SPI's levels, settings and the current user; what body has
 * written is undone.  What it has changed in memory alone is not.
 */
ErrorData *
pvext_catch_all(void (*body) (void *), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);

	/* It has a context of its own, which goes with it; results are to stay. */
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		body(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* The same, but a cancellation or the end of the session goes on. */
ErrorData *
pvext_catch(void (*body) (void *), void *arg)
{
	ErrorData  *error = pvext_catch_all(body, arg);

	if (error && ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	return error;
}

/*
 * The same for what is asked a question: neither a deadlock, a lock that is not
 * had nor a lack of memory is an answer, so these go on, too.
 */
ErrorData *
pvext_try(void (*body) (void *), void *arg)
{
	ErrorData  *error = pvext_catch(body, arg);

	if (error && is_interruption(error))
		ReThrowError(error);
	return error;
}

/*
 * Is the error about the catalog (what doesn't exist, what is not permitted)?
 * The message of any other may hold a value of the row.
 */
bool
pvext_is_about_catalog(ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION;
}

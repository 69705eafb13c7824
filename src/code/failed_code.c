/*
 * failed_code.c
 *		Errors that others raise while pvext works on persons' rows.
 */
#include "postgres.h"
#include "base/message.h"

#include "code/failed_code.h"
#include "code/trigger_path.h"

/*
 * An error that the server raised while it worked on users' rows may hold
 * their values: take them out.  pvext's own never do.  In place of its hint it may
 * get one of pvext's.
 */
void
pvext_forget_values(ErrorData *error)
{
	error->context = NULL;
	error->internalquery = NULL;
	error->internalpos = 0;
	if (error->domain == NULL || strcmp(error->domain, TEXTDOMAIN) != 0)
	{
		error->detail = error->detail_log = NULL;
		error->hint = pvext_trigger_hint(error->sqlerrcode);
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION)
			error->message = "a value of the subject's rows could not be converted or computed";
	}
}

/*
 * Raise the error in hand again without values; its data is in context.  To be called in
 * PG_CATCH(), before anything that may raise another.
 */
void
pvext_raise_without_values(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	pvext_forget_values(error);
	ReThrowError(error);
}

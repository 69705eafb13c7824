/*
 * resume.c
 *		Going on in a database that has been restored from a dump.
 *
 * Only a person can say that the restore is complete, and that tables are the ones which
 * were dumped.  Until then nothing is purged, completed or expired (identity.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/event.h"
#include "base/identity.h"
#include "base/secret.h"
#include "base/spi.h"
#include "base/table_part.h"
#include "declare/always_trigger.h"
#include "declare/orphan.h"
#include "fmgr.h"
#include "tcop/utility.h"

PG_FUNCTION_INFO_V1(pvext_resume);

/*
 * pv.resume(): let the duties be done, and erasures, in a database that has been
 * restored.
 */
Datum
pvext_resume(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextIdentity identity;
	bool		stopped;

	PreventCommandIfReadOnly("pv.resume()");
	pvext_enter(&scope);
	identity = pvext_identity();
	stopped = identity != PVEXT_IS_NEW && identity != PVEXT_IS_OWN;
	if (stopped)
	{
		pvext_stamp_identity(true);
		pvext_keep_always();
		pvext_make_secret();
		pvext_refresh_owners(true);
	}
	if (pvext_take_up_orphans(true) != NIL || stopped)
		pvext_record_event("resume()", NULL);
	else
		ereport(NOTICE,
				(errmsg("nothing waits for pv.resume() in this database")));
	pvext_note_parts();
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pause.c
 *		Waiting for a while.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/pause.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/timestamp.h"

/*
 * Sleep for so many milliseconds.  Cancellations and the end of the session or of the
 * server are heard of at once; whatever else sets the latch only wakes it.
 */
void
pvext_pause(int milliseconds)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
	long		left = milliseconds;

	while (left > 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);
	}
}

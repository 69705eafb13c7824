/*
 * erasure_limit.c
 *		How many subjects may be erased within a day: pvext.erasure_limit.
 *
 * Those that have been erased are counted in the ledger, where nobody sees what others have
 * not committed yet.  So every transaction that erases says how many it is about to, by
 * a lock that it holds to its end, on an object that stands for the number; such locks
 * don't conflict, and everybody can see them.  What is being erased counts as erased:
 * the limit is never overrun, and nobody waits for another's commit.  Only counting and
 * saying so is done one after the other, by a lock that is released at once.
 *
 * The server has room for so many locks only.  So one that erases again and again in one
 * transaction soon says a little more than it is about to, up to a 64th, and a lock serves
 * for several calls.
 *
 * No SQL can take these locks: their class is no catalog's.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/guc.h"
#include "base/relation.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "erase/erasure_limit.h"
#include "erase/ledger.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/memutils.h"

/* What the locks are on, by the last part of their tags. */
#define COUNTING	1
#define ANYBODY		2
#define NUMBERS		3			/* and from there on, to tell several of a session apart */

/* A lock is for this part of what has been told at least. */
#define SMALLEST_PART	64

/* What a transaction in progress, or a part of it, has told others. */
typedef struct Told
{
	SubTransactionId subxact;
	int64		told;			/* as its locks say, which go when it is rolled back */
	int64		erased;			/* of which so many are */
	struct Told *outer;
} Told;

static Told *told = NULL;		/* the innermost first; in TopTransactionContext */

/* What was told in a part that has ended is its parent's, or forgotten. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	Told	   *ended = told;

	if (ended == NULL || ended->subxact != id)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		told = ended->outer;
	else if (event == SUBXACT_EVENT_COMMIT_SUB && ended->outer && ended->outer->subxact == parent)
	{
		told = ended->outer;
		told->told += ended->told;
		told->erased += ended->erased;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		ended->subxact = parent;
}

/* The memory has gone with the transaction; the locks have, too. */
static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		told = NULL;
}

/* What the current part of the transaction has told. */
static Told *
told_here(void)
{
	static bool registered = false;
	Told	   *here;

	if (!registered)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
	}
	registered = true;
	if (told && told->subxact == GetCurrentSubTransactionId())
		return told;
	here = MemoryContextAllocZero(TopTransactionContext, sizeof(Told));
	here->subxact = GetCurrentSubTransactionId();
	here->outer = told;
	told = here;
	return here;
}

/* What a lock is on: a number, and what it is for. */
static void
set_tag(LOCKTAG *tag, uint32 n, uint16 what)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, pvext_own_relation("erasure_ledger"), n, what);
}

/* How many are others about to erase?  One's own are in the ledger as one sees it. */
static int64
others(void)
{
	LOCKTAG		tag;
	PvextArgs	args = {0};

	/* Who erases has this one, too: mostly nobody does, and pg_locks need not be read. */
	set_tag(&tag, 0, ANYBODY);
	if (LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL)
	{
		LockRelease(&tag, ExclusiveLock, false);
		return 0;
	}

	/*
	 * A transaction that has ended lets go of its locks one after the other, and may have
	 * woken this one in between: it has no number any more, and what it has committed the
	 * ledger says.
	 */
	pvext_arg_int4(&args, NUMBERS);
	pvext_arg_oid(&args, OIDOID, tag.locktag_field2);
	(void) pvext_own("SELECT CAST(coalesce(sum(CAST(l.objid AS bigint)), 0) AS bigint) FROM pg_locks AS l"
					 " WHERE l.locktype = 'object' AND l.classid = $2 AND l.granted"
					 " AND CAST(l.objsubid AS integer) & 65535 >= $1"
					 " AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())"
					 " AND l.pid IS DISTINCT FROM pg_backend_pid()"
					 " AND split_part(l.virtualtransaction, '/', 2) <> '0'", &args);
	return pvext_int(0, 1);
}

/* Tell others, until this (sub)transaction ends, that so many more are being erased. */
static void
tell_others(int64 n)
{
	static uint16 number = NUMBERS;
	Told	   *here = told_here();
	int64		all = 0;
	int64		spare = 0;
	LOCKTAG		tag;

	for (Told *part = told; part; part = part->outer)
	{
		all += part->told;
		spare += part->told - part->erased;
	}
	if (spare < n)
	{
		int64		more = Max(n - spare, all / SMALLEST_PART);

		/* Both are kept until the (sub)transaction ends; a number of its own for each lock. */
		set_tag(&tag, 0, ANYBODY);
		(void) LockAcquire(&tag, ShareLock, false, false);
		number = number == PG_UINT16_MAX ? NUMBERS : number + 1;
		set_tag(&tag, (uint32) Min(more, PG_UINT32_MAX), number);
		(void) LockAcquire(&tag, ShareLock, false, false);
		here->told += more;
	}
	here->erased += n;
}

/* Refuse the call, saying how many of the limit others take who may yet fail. */
static void
refuse(int64 n, int64 being)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("erasing %lld more would pass \"pvext.erasure_limit\"", (long long) n),
			 being > 0 ?
			 errdetail("The limit within 24 hours is %d, of which others that have not committed yet take %lld; nothing was changed.",
					   pvext_erasure_limit, (long long) being) :
			 errdetail("The limit within 24 hours is %d; nothing was changed.",
					   pvext_erasure_limit),
			 errhint("If it is meant, let a superuser raise the limit for this session.")));
}

/*
 * Raise where n more subjects would pass the limit, else count them as erased until this
 * transaction ends.  Between pvext_enter() and pvext_leave().
 */
void
pvext_count_against_limit(int64 n)
{
	LOCKTAG		tag;
	int64		being;

	if (n == 0)
		return;
	if (pvext_erasure_limit == 0)
	{
		tell_others(n);			/* whose limit may be another */
		return;
	}
	set_tag(&tag, 0, COUNTING);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);

	/* Who commits meanwhile is counted twice rather than not at all. */
	being = others();
	if (n + being + pvext_erased_lately() > pvext_erasure_limit)
		refuse(n, being);
	tell_others(n);

	/* The next one to count finds what has been told; an error lets go of it, too. */
	LockRelease(&tag, ExclusiveLock, false);
}

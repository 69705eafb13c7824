/*
 * pace.c
 *		How often the duties are done in each database.
 *
 * ALTER DATABASE ... SET pvext.naptime is for the database's own processes to see, not
 * for the launcher, which has no database: a worker tells it, in shared memory, when it
 * begins; after a reload there is one at once.  Of databases beyond those that there is
 * room for, the launcher goes by its own setting.
 */
#include "postgres.h"
#include "message.h"

#include "guc.h"
#include "miscadmin.h"
#include "pace.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#define DATABASES 256

/* A database's OID and its naptime, or 0. */
typedef struct Paces
{
	pg_atomic_uint64 paces[DATABASES];
} Paces;

static Paces *paces = NULL;
static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

static void
request(void)
{
	if (next_request)
		next_request();
	RequestAddinShmemSpace(sizeof(Paces));
}

static void
startup(void)
{
	bool		found;

	if (next_startup)
		next_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	paces = ShmemInitStruct("pvext paces", sizeof(Paces), &found);
	for (int i = 0; !found && i < DATABASES; i++)
		pg_atomic_init_u64(&paces->paces[i], 0);
	LWLockRelease(AddinShmemInitLock);
}

void
pvext_init_pace(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_request = shmem_request_hook;
	shmem_request_hook = request;
	next_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/* Let the launcher know of a database's naptime, in seconds. */
void
pvext_set_pace(Oid database, int naptime)
{
	uint64		wanted = (uint64) database << 32 | naptime;

	for (int i = 0; paces && i < DATABASES; i++)
	{
		uint64		pace = pg_atomic_read_u64(&paces->paces[i]);

		if (pace >> 32 != database && pace != 0)
			continue;
		if (pace == wanted || pg_atomic_compare_exchange_u64(&paces->paces[i], &pace, wanted))
			return;
		i--;					/* somebody has been here first: look again */
	}
}

/* The naptime of a database, in seconds, as far as that is known. */
int
pvext_pace(Oid database)
{
	for (int i = 0; paces && i < DATABASES; i++)
	{
		uint64		pace = pg_atomic_read_u64(&paces->paces[i]);

		if (pace >> 32 == database && pace != 0)
			return (int) (pace & 0xffffffff);
	}
	return pvext_naptime;
}

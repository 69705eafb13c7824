/*
 * pulse.c
 *		What the launcher, the workers and others know of each other, in shared memory.
 *
 * ALTER DATABASE ... SET pvext.naptime is for the database's own processes to see, not
 * for the launcher, which has no database: a worker tells it when it begins; after a
 * reload there is one at once.  Of databases beyond those that there is room for, the
 * launcher goes by its own setting.
 *
 * pv.status asks whether there is a launcher, when it was last awake, and whether it
 * can start workers: what has died or hangs does not say so itself.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/pulse.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define DATABASES 256

/* Between two warnings of the same in a database. */
#define REMINDER (USECS_PER_HOUR)

/* For how many rounds, and ms more, nothing need be seen of what is well. */
#define ROUNDS 3
#define GRACE 30000

typedef struct Database
{
	pg_atomic_uint64 pace;		/* its OID and its naptime; 0: nobody's place */
	pg_atomic_uint64 warned_at; /* TimestampTz */
} Database;

typedef struct Pulse
{
	pg_atomic_uint32 launcher;	/* its pid, or 0 */
	pg_atomic_uint64 awake_at;	/* when it last was, a TimestampTz */
	pg_atomic_uint64 no_room_since; /* when it first could not start a worker, or 0 */
	Database	databases[DATABASES];
} Pulse;

static Pulse *pulse = NULL;
static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

PG_FUNCTION_INFO_V1(pvext_worker_status);

/*
 * Shared memory
 */

/* Ask for shared memory, as the server is started. */
static void
request(void)
{
	if (next_request)
		next_request();
	RequestAddinShmemSpace(sizeof(Pulse));
}

/* Make it, or find it; empty again where the server starts anew after a crash. */
static void
startup(void)
{
	bool		found;

	if (next_startup)
		next_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	pulse = ShmemInitStruct("pvext pulse", sizeof(Pulse), &found);
	if (!found)
	{
		pg_atomic_init_u32(&pulse->launcher, 0);
		pg_atomic_init_u64(&pulse->awake_at, 0);
		pg_atomic_init_u64(&pulse->no_room_since, 0);
		for (int i = 0; i < DATABASES; i++)
		{
			pg_atomic_init_u64(&pulse->databases[i].pace, 0);
			pg_atomic_init_u64(&pulse->databases[i].warned_at, 0);
		}
	}
	LWLockRelease(AddinShmemInitLock);
}

/*
 * From _PG_init().  Without being preloaded there is no shared memory, and pulse stays
 * NULL.
 */
void
pvext_init_pulse(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_request = shmem_request_hook;
	shmem_request_hook = request;
	next_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/*
 * Databases
 */

/* A database's place; NULL where it has none. */
static Database *
place_of(Oid database)
{
	for (int i = 0; pulse && i < DATABASES; i++)
		if (pg_atomic_read_u64(&pulse->databases[i].pace) >> 32 == database)
			return &pulse->databases[i];
	return NULL;
}

/*
 * Let the launcher know of a database's naptime, in seconds; or PVEXT_AT_ONCE.  By its
 * worker for duties, of which there is one.
 */
void
pvext_set_pace(Oid database, int naptime)
{
	Database   *place = place_of(database);
	uint64		pace = (uint64) database << 32 | naptime;

	if (place)
	{
		pg_atomic_write_u64(&place->pace, pace);
		return;
	}
	for (int i = 0; pulse && i < DATABASES; i++)
	{
		/*
		 * Workers of several databases may want the same place; only one of them gets it.
		 */
		uint64		nobodys = 0;

		if (pg_atomic_compare_exchange_u64(&pulse->databases[i].pace, &nobodys, pace))
			return;
	}
}

/* The naptime of a database, in seconds, as far as that is known. */
int
pvext_pace(Oid database)
{
	Database   *place = place_of(database);

	return place ? (int) (pg_atomic_read_u64(&place->pace) & 0xffffffff) : pvext_naptime;
}

/* The launcher no longer sees the database, of which there is no worker: another one may have its place. */
void
pvext_forget_database(Oid database)
{
	Database   *place = place_of(database);

	if (place == NULL)
		return;
	pg_atomic_write_u64(&place->warned_at, 0);
	pg_atomic_write_u64(&place->pace, 0);
}

/* Has it been an hour since this was last so in the database? */
bool
pvext_is_time_to_warn(Oid database)
{
	Database   *place = place_of(database);
	TimestampTz now = GetCurrentTimestamp();

	if (place == NULL)
		return true;
	if ((TimestampTz) pg_atomic_read_u64(&place->warned_at) > now - REMINDER)
		return false;
	pg_atomic_write_u64(&place->warned_at, (uint64) now);
	return true;
}

/*
 * The launcher
 */

/*
 * The launcher ends; nobody is told of one that was killed, but then memory is made anew.
 */
static void
forget_launcher(int code, Datum arg)
{
	pg_atomic_write_u32(&pulse->launcher, 0);
}

/* The launcher is awake. */
void
pvext_launcher_beats(void)
{
	if (pg_atomic_read_u32(&pulse->launcher) != MyProcPid)
	{
		before_shmem_exit(forget_launcher, (Datum) 0);
		pg_atomic_write_u32(&pulse->launcher, MyProcPid);
	}
	pg_atomic_write_u64(&pulse->awake_at, (uint64) GetCurrentTimestamp());
}

/* The launcher could start a worker for duties, or could not. */
void
pvext_launcher_has_room(bool room)
{
	if (room)
		pg_atomic_write_u64(&pulse->no_room_since, 0);
	else if (pg_atomic_read_u64(&pulse->no_room_since) == 0)
		pg_atomic_write_u64(&pulse->no_room_since, (uint64) GetCurrentTimestamp());
}

/*
 * How it is
 */

/* A time as a value of a row; NULL for 0. */
static void
set_time(Datum *values, bool *nulls, int column, uint64 time)
{
	values[column] = TimestampTzGetDatum((TimestampTz) time);
	nulls[column] = time == 0;
}

/* By when what has been well until now must have been seen again. */
static TimestampTz
seen_since(int naptime)
{
	return GetCurrentTimestamp() - (ROUNDS * (int64) naptime * USECS_PER_SEC +
									(int64) (GRACE + pvext_step_timeout) * 1000);
}

/*
 * pv.worker_status()
 */
Datum
pvext_worker_status(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(PVEXT_VERSION);
	memset(nulls + 1, true, 4);
	if (pulse)
	{
		TimestampTz awake_at = (TimestampTz) pg_atomic_read_u64(&pulse->awake_at);

		values[1] = Int32GetDatum((int32) pg_atomic_read_u32(&pulse->launcher));
		values[2] = BoolGetDatum(awake_at > seen_since(Min(pvext_naptime, 60)));
		nulls[1] = nulls[2] = false;
		set_time(values, nulls, 3, (uint64) awake_at);
		set_time(values, nulls, 4, pg_atomic_read_u64(&pulse->no_room_since));
	}
	values[5] = TimestampTzGetDatum(seen_since(pvext_naptime));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

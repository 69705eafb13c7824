/*
 * queue.c
 *		Readings on their way from those who read to those who write them down.
 *
 * The queue is an array of slots in shared memory.  Nobody locks it: a slot's
 * state is one atomic word, and who changes it from one state to the next has
 * the slot.
 *
 *	FREE	-> CLAIMED	a reader has taken it, and is writing into it
 *	CLAIMED	-> OPEN		it holds a reading; the statement is still running
 *	CLAIMED	-> DONE		it holds a reading to which nothing will be added
 *	OPEN	-> COMPLETING	its reader is about to
 *	COMPLETING -> DONE	and has
 *	OPEN	-> TAKEN	it is being written down as it is
 *	DONE	-> TAKEN	it is being written down
 *	TAKEN	-> FREE		what was written down is committed
 *	TAKEN	-> DONE		that has been rolled back
 *
 * The state has a generation, too, another one each time that the slot is
 * freed: so a reader that comes to complete its reading sees that it is gone.
 *
 * A reader never waits: what cannot be queued goes to the server's log.  What is
 * left when the server is shut down goes there as well; what is left when it
 * crashes is lost, of which drain.c keeps account.
 */
#include "postgres.h"
#include "message.h"

#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "guc.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "queue.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

enum
{
	FREE,
	CLAIMED,
	OPEN,
	DONE,
	TAKEN,
	COMPLETING,
	STATE_MASK = 7
};

#define GENERATION	((uint64) (STATE_MASK + 1))

typedef struct Slot
{
	pg_atomic_uint64 state;
	char		data[PVEXT_LARGEST_READING];
} Slot;

typedef struct Queue
{
	TimestampTz since;			/* when it was made */
	bool		after_crash;	/* the one before it may not have been emptied */
	uint32		size;
	pg_atomic_uint64 statements;
	pg_atomic_uint64 queued;
	pg_atomic_uint64 drained;
	pg_atomic_uint64 logged;
	pg_atomic_uint32 used;		/* slots that are not free */
	pg_atomic_uint32 asleep;	/* the attendant wants to be woken */
	Latch	   *attendant;		/* of the launcher; may be of one that has gone */
	Slot		slots[FLEXIBLE_ARRAY_MEMBER];
} Queue;

static Queue *queue = NULL;
static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

/*
 * Shared memory
 */

static Size
queue_bytes(void)
{
	return add_size(offsetof(Queue, slots), mul_size(pvext_read_queue_size, sizeof(Slot)));
}

static void
request(void)
{
	if (next_request)
		next_request();
	RequestAddinShmemSpace(queue_bytes());
}

/* Has the server been shut down, and not as a standby, before it was started? */
static bool
was_shut_down(void)
{
	bool		valid;
	ControlFileData *control = get_controlfile(DataDir, &valid);
	bool		result = valid && control->state == DB_SHUTDOWNED;

	pfree(control);
	return result;
}

/* At the end of the postmaster, after all others: nothing is left without a record. */
static void
log_the_rest(int code, Datum arg)
{
	if (code == 0 && !IsUnderPostmaster)
		(void) pvext_log_readings(InvalidOid);
}

/* Called again where the server starts anew after one of its processes has crashed. */
static void
startup(void)
{
	static bool again = false;
	bool		found;

	if (next_startup)
		next_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	queue = ShmemInitStruct("pvext read queue", queue_bytes(), &found);
	if (!found)
	{
		memset(queue, 0, offsetof(Queue, slots));
		queue->since = GetCurrentTimestamp();
		queue->after_crash = again || !was_shut_down();
		queue->size = pvext_read_queue_size;
		pg_atomic_init_u64(&queue->statements, 0);
		pg_atomic_init_u64(&queue->queued, 0);
		pg_atomic_init_u64(&queue->drained, 0);
		pg_atomic_init_u64(&queue->logged, 0);
		pg_atomic_init_u32(&queue->used, 0);
		pg_atomic_init_u32(&queue->asleep, 0);
		for (uint32 i = 0; i < queue->size; i++)
			pg_atomic_init_u64(&queue->slots[i].state, FREE);
	}
	LWLockRelease(AddinShmemInitLock);
	if (!IsUnderPostmaster)
		on_shmem_exit(log_the_rest, (Datum) 0);
	again = true;
}

void
pvext_init_queue(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_request = shmem_request_hook;
	shmem_request_hook = request;
	next_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/*
 * Those who read
 */

/*
 * A number for a statement, another one each time, also after a restart: the
 * seconds at which the server was started, and a count.
 */
int64
pvext_next_statement(void)
{
	static uint64 own = 0;
	TimestampTz since = queue ? queue->since : MyStartTimestamp;
	uint64		count = queue ? pg_atomic_fetch_add_u64(&queue->statements, 1) :
		((uint64) MyProcPid << 16) + own++;

	return (since / USECS_PER_SEC) << 32 | (count & 0xffffffff);
}

static void
log_reading(const PvextReading *reading)
{
	if (queue)
		pg_atomic_fetch_add_u64(&queue->logged, 1);
	pvext_log_reading(reading);
}

/* Find a slot for a reading; NULL when there is none. */
static Slot *
claim(uint64 *state)
{
	uint64		first;

	if (pg_atomic_fetch_add_u32(&queue->used, 1) >= queue->size)
	{
		pg_atomic_fetch_sub_u32(&queue->used, 1);
		return NULL;
	}
	first = pg_atomic_fetch_add_u64(&queue->queued, 1);
	for (uint64 i = first;; i++)
	{
		Slot	   *slot = &queue->slots[i % queue->size];

		*state = pg_atomic_read_u64(&slot->state);
		if ((*state & STATE_MASK) == FREE &&
			pg_atomic_compare_exchange_u64(&slot->state, state, *state | CLAIMED))
			return slot;
	}
}

static void
fill(Slot *slot, const PvextReading *reading, uint64 state)
{
	memcpy(slot->data, reading, reading->size);
	pg_write_barrier();
	pg_atomic_write_u64(&slot->state, state);
}

/*
 * Hand on a reading; open says that it may be completed.  What cannot be queued
 * goes to the server's log: place then says that it is nowhere.
 */
void
pvext_queue_reading(const PvextReading *reading, bool open, PvextPlace *place)
{
	Slot	   *slot = NULL;
	uint64		free;

	place->slot = -1;
	if (queue && IsUnderPostmaster && reading->size <= sizeof(slot->data) &&
		!RecoveryInProgress())
		slot = claim(&free);
	if (slot == NULL)
	{
		log_reading(reading);
		return;
	}
	place->slot = slot - queue->slots;
	place->state = free | (open ? OPEN : DONE);
	fill(slot, reading, place->state);
	if (pg_atomic_read_u32(&queue->asleep) != 0 &&
		pg_atomic_exchange_u32(&queue->asleep, 0) != 0 && queue->attendant)
		SetLatch(queue->attendant);
}

/*
 * Put the reading in the place of what was queued.  False where that has been
 * taken by now, or there is no room.
 */
bool
pvext_complete_reading(const PvextReading *reading, PvextPlace *place)
{
	Slot	   *slot;
	uint64		free;
	uint64		state;

	if (place->slot < 0 || reading->size > sizeof(slot->data))
		return false;
	slot = &queue->slots[place->slot];
	free = place->state & ~(uint64) STATE_MASK;
	state = free | OPEN;
	if (!pg_atomic_compare_exchange_u64(&slot->state, &state, free | COMPLETING))
		return false;
	fill(slot, reading, free | DONE);
	return true;
}

/*
 * Those who write down
 */

/* What has been taken; it ends no later than its slot. */
const PvextReading *
pvext_reading_at(const PvextPlace *place)
{
	PvextReading *reading = (PvextReading *) queue->slots[place->slot].data;

	if (unlikely(reading->size > PVEXT_LARGEST_READING))
		reading->size = PVEXT_LARGEST_READING;
	return reading;
}

/* The state of a slot that has a reading of the database (or any), else 0. */
static uint64
holds(Slot *slot, Oid database)
{
	uint64		state = pg_atomic_read_u64(&slot->state);

	if ((state & STATE_MASK) < OPEN)
		return 0;
	pg_read_barrier();
	if (OidIsValid(database) && ((PvextReading *) slot->data)->database != database)
		return 0;
	return state;
}

/* In the order in which they were begun. */
static int
compare_places(const ListCell *a, const ListCell *b)
{
	const PvextReading *x = pvext_reading_at(lfirst(a));
	const PvextReading *y = pvext_reading_at(lfirst(b));

	if (x->statement != y->statement)
		return x->statement < y->statement ? -1 : 1;
	return (int) x->further - (int) y->further;
}

/* Take what is in a slot; NULL where somebody has changed it meanwhile. */
static PvextPlace *
take(uint32 i, uint64 state)
{
	PvextPlace *place = palloc(sizeof(PvextPlace));

	place->slot = i;
	place->state = (state & ~(uint64) STATE_MASK) | TAKEN;
	if (pg_atomic_compare_exchange_u64(&queue->slots[i].state, &state, place->state))
		return place;
	pfree(place);
	return NULL;
}

/*
 * Take readings of a database, or of all for InvalidOid: those to which nothing
 * will be added, and those that have been open since some time.  Returns a list
 * of PvextPlace, in order, and when the oldest was begun of those that are left,
 * DT_NOEND for none.
 */
List *
pvext_take_readings(Oid database, TimestampTz open_since, int most, TimestampTz *left)
{
	List	   *places = NIL;

	*left = DT_NOEND;
	if (queue == NULL || pg_atomic_read_u32(&queue->used) == 0)
		return NIL;
	for (uint32 i = 0; i < queue->size; i++)
	{
		Slot	   *slot = &queue->slots[i];
		uint64		state = holds(slot, database);
		TimestampTz at = ((PvextReading *) slot->data)->at;
		PvextPlace *place = NULL;

		if (state == 0)
			continue;
		if (list_length(places) < most &&
			((state & STATE_MASK) == DONE ||
			 ((state & STATE_MASK) == OPEN && at <= open_since)))
			place = take(i, state);
		if (place)
			places = lappend(places, place);
		else
			*left = Min(*left, at);
	}
	list_sort(places, compare_places);
	return places;
}

/* Are there any of a database that are not yet written down? */
bool
pvext_has_readings(Oid database)
{
	if (queue == NULL || pg_atomic_read_u32(&queue->used) == 0)
		return false;
	for (uint32 i = 0; i < queue->size; i++)
		if (holds(&queue->slots[i], database) != 0)
			return true;
	return false;
}

static void
free_slot(const PvextPlace *place)
{
	pg_atomic_write_u64(&queue->slots[place->slot].state,
						(place->state & ~(uint64) STATE_MASK) + GENERATION);
	pg_atomic_fetch_sub_u32(&queue->used, 1);
}

/* What was taken has been written down. */
void
pvext_free_place(const PvextPlace *place)
{
	pg_atomic_fetch_add_u64(&queue->drained, 1);
	free_slot(place);
}

/* What was taken has not been written down. */
void
pvext_give_back(const PvextPlace *place)
{
	pg_atomic_write_u64(&queue->slots[place->slot].state,
						(place->state & ~(uint64) STATE_MASK) | DONE);
}

/* All readings of a database, or of all, go to the server's log; how many. */
int
pvext_log_readings(Oid database)
{
	TimestampTz left;
	List	   *places = pvext_take_readings(database, DT_NOEND, PG_INT32_MAX, &left);
	ListCell   *lc;

	foreach(lc, places)
	{
		log_reading(pvext_reading_at(lfirst(lc)));
		free_slot(lfirst(lc));
	}
	return list_length(places);
}

/*
 * Those who look after them
 */

/* From now on the latch is set when there is a reading and nobody is awake. */
void
pvext_attend_queue(Latch *latch)
{
	queue->attendant = latch;
	pg_memory_barrier();
}

/* May the attendant sleep until its latch is set? */
bool
pvext_may_sleep(void)
{
	pg_atomic_exchange_u32(&queue->asleep, 1);
	if (pg_atomic_read_u32(&queue->used) == 0)
		return true;
	pg_atomic_exchange_u32(&queue->asleep, 0);
	return false;
}

/* The databases that have readings, a list of OIDs. */
List *
pvext_waiting_databases(void)
{
	List	   *databases = NIL;

	if (pg_atomic_read_u32(&queue->used) == 0)
		return NIL;
	for (uint32 i = 0; i < queue->size; i++)
		if (holds(&queue->slots[i], InvalidOid) != 0)
			databases = list_append_unique_oid(databases,
											   ((PvextReading *) queue->slots[i].data)->database);
	return databases;
}

/*
 * When the server was up again after a crash, or from a copy of its files; 0
 * where it was shut down before, or there is no queue.
 */
TimestampTz
pvext_crash_time(void)
{
	return queue && queue->after_crash ? queue->since : 0;
}

/* False where there is no queue. */
bool
pvext_count_queue(PvextQueueCounts *counts)
{
	memset(counts, 0, sizeof(*counts));
	if (queue == NULL)
		return false;
	counts->queued = (int64) pg_atomic_read_u64(&queue->queued);
	counts->drained = (int64) pg_atomic_read_u64(&queue->drained);
	counts->logged = (int64) pg_atomic_read_u64(&queue->logged);
	counts->waiting = pg_atomic_read_u32(&queue->used);
	counts->size = queue->size;
	return true;
}

/*
 * queue.c
 *		Readings on their way from those who read to those who write them down.
 *
 * A statement that only reads can not write down what it has read: it may have no
 * transaction id, run in a read-only transaction, or be rolled back, which would take the
 * record along.  So it puts a reading here, and the worker of its database, or
 * pv.drain_reads(), writes it to the audit log (drain.c).  A reader never waits: what
 * cannot be queued goes to the server's log.
 *
 * Called by the hooks that see reads (read_hooks.c, utility_read.c, returned_key.c), by
 * drain.c, and by the launcher, which starts a worker where there is something to write
 * down.
 *
 * The queue is an array of slots in shared memory.  Nobody locks it: a slot's state is
 * one atomic word, and who changes it from one state to the next has the slot.
 *
 *	FREE	-> CLAIMED	a reader has taken it, and is writing into it
 *	CLAIMED	-> OPEN		it holds a reading; the statement is still running
 *	CLAIMED	-> DONE		it holds a reading to which nothing will be added
 *	OPEN	-> COMPLETING	its reader is about to
 *	COMPLETING -> DONE	and has
 *	COMPLETING -> OPEN	or has not, for want of room
 *	OPEN	-> TAKEN	it is being written down as it is
 *	DONE	-> TAKEN	it is being written down
 *	TAKEN	-> FREE		what was written down is committed
 *	TAKEN	-> DONE		that has been rolled back
 *
 * The state has a generation, too, another one each time that the slot is freed: so a
 * reader that comes to complete its reading sees that it is gone, and whoever looks at a
 * slot and then takes it by compare-and-exchange knows that what it saw was of that
 * reading.
 *
 * A reading that is longer than a slot goes on in others, which stay CLAIMED and are
 * whose the first one is: nobody else looks at them until he has freed them.
 *
 * What holds:
 *
 *	1. "used" is never less than the number of slots that are not free: it is raised
 *	   before slots are claimed and lowered after they have been freed.  So who has set
 *	   slots apart finds them, however long it looks, and nobody waits for anybody.
 *	2. While a slot is CLAIMED or COMPLETING nothing is called that could raise an error or
 *	   serve an interrupt: no backend leaves such a slot behind.  (One that is killed
 *	   makes the server start anew, with an empty queue.)
 *	3. Who takes readings has them in a list first: whatever the error, all are given back.
 *	4. A reading is there to be seen from OPEN or DONE on, COMPLETING and TAKEN included:
 *	   drain.c says "all is written down until then" only of before the oldest of them.
 *	   (One that is just being CLAIMED is not seen; it was begun a moment ago.)
 *
 * Order of memory: the data are written first, then, behind a barrier, the state; the
 * state is read first, then, behind a barrier, the data; compare-and-exchange and
 * fetch-and-add are full barriers.  A reader raises "used" and then looks at "asleep";
 * the launcher sets "asleep" and then looks at "used": one of the two sees the other
 * (pvext_may_sleep()).
 *
 * Crash.  The queue is no file.  What is left when the server is shut down goes to its
 * log; what is left when it crashes is lost, of which drain.c keeps account, by "since"
 * and "after_crash".
 *
 * What was left: readings in the reader's own transaction, for the reasons above; a lock
 * on the queue, for which readers would wait; CLAIMED in place of COMPLETING, by which a
 * reading that is being completed would not have been seen to be there; and a second pass
 * over the slots for the oldest that is left.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xlog.h"
#include "base/compat.h"
#include "base/guc.h"
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "reads/queue.h"
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

#define SLOT_BYTES	1024
#define SLOT_DATA	(SLOT_BYTES - offsetof(Slot, data))
#define NO_SLOT		PG_UINT32_MAX

typedef struct Slot
{
	pg_atomic_uint64 state;
	uint32		next;			/* in which the reading goes on, or NO_SLOT */
	uint32		unused;			/* what follows has numbers of eight bytes */
	char		data[SLOT_BYTES - 16];
} Slot;

StaticAssertDecl(sizeof(Slot) == SLOT_BYTES, "a slot of the queue takes a kilobyte");

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
static pg_atomic_uint64 *leading = NULL;	/* behind it: the statement of each backend */
static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

/*
 * Shared memory
 */

/* How much shared memory the queue takes, and what is behind it. */
static Size
queue_bytes(void)
{
	return add_size(add_size(offsetof(Queue, slots), mul_size(pvext_read_queue_size, sizeof(Slot))),
					mul_size(MaxBackends + 1, sizeof(pg_atomic_uint64)));
}

/* Ask for shared memory, as the server is started. */
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
	leading = (pg_atomic_uint64 *) &queue->slots[pvext_read_queue_size];

	/*
	 * Else it is there already: where processes are started by exec(), each comes here.
	 */
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
		for (int i = 0; i <= MaxBackends; i++)
			pg_atomic_init_u64(&leading[i], 0);
	}
	LWLockRelease(AddinShmemInitLock);

	/*
	 * Before memory is made anew after a crash it is called, too, with another code: what
	 * is in the queue then is not to be trusted.
	 */
	if (!IsUnderPostmaster)
		on_shmem_exit(log_the_rest, (Datum) 0);
	again = true;
}

/*
 * From _PG_init().  Without being preloaded there is no queue: readings go to the
 * server's log.
 */
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

/* This backend begins a statement that may be run in parallel. */
void
pvext_lead_statement(int64 statement)
{
	if (leading)
		pg_atomic_write_u64(&leading[PVEXT_LEADER_NUMBER()], (uint64) statement);
}

/* The statement of which this process is a parallel worker. */
int64
pvext_led_statement(void)
{
	return leading ? (int64) pg_atomic_read_u64(&leading[PVEXT_LEADER_NUMBER()]) :
		pvext_next_statement();
}

/* What is not queued goes to the server's log, and is counted. */
static void
log_reading(const PvextReading *reading)
{
	if (queue)
		pg_atomic_fetch_add_u64(&queue->logged, 1);
	pvext_log_reading(reading);
}

/* How many slots does a reading of so many bytes take? */
static inline uint32
slots_for(uint32 size)
{
	return (size + SLOT_DATA - 1) / SLOT_DATA;
}

/* Take the first slot that is free from the place on; somebody has seen to it that there is one. */
static Slot *
claim_from(uint64 place, uint64 *state)
{
	for (;; place++)
	{
		Slot	   *slot = &queue->slots[place % queue->size];

		*state = pg_atomic_read_u64(&slot->state);
		if ((*state & STATE_MASK) == FREE &&
			pg_atomic_compare_exchange_u64(&slot->state, state, *state | CLAIMED))
		{
			slot->next = NO_SLOT;
			return slot;
		}
	}
}

/*
 * Set slots apart, so that as many can be claimed; false where there are not so many.
 * Until one that fails has taken its number back, another may fail that would have had
 * room: its reading goes to the server's log.
 */
static bool
set_apart(uint32 n)
{
	uint32		used = pg_atomic_fetch_add_u32(&queue->used, n);

	if (used <= queue->size && n <= queue->size - used)
		return true;
	pg_atomic_fetch_sub_u32(&queue->used, n);
	return false;
}

/* Claim n more slots, which have been set apart, behind one that is the reader's own. */
static void
claim_more(Slot *slot, uint32 n)
{
	while (n-- > 0)
	{
		uint64		state;
		Slot	   *next = claim_from(slot - queue->slots + 1, &state);

		slot->next = next - queue->slots;
		slot = next;
	}
}

/* Find slots for a reading; NULL when there are none. */
static Slot *
claim(uint32 size, uint64 *state)
{
	uint32		n = slots_for(size);
	Slot	   *slot;

	if (!set_apart(n))
		return NULL;
	slot = claim_from(pg_atomic_fetch_add_u64(&queue->queued, 1), state);
	claim_more(slot, n - 1);
	return slot;
}

/* The slots that follow are enough. */
static void
fill(Slot *slot, const PvextReading *reading, uint64 state)
{
	Slot	   *part = slot;

	for (uint32 done = 0;; part = &queue->slots[part->next])
	{
		uint32		n = Min(reading->size - done, SLOT_DATA);

		memcpy(part->data, (const char *) reading + done, n);
		done += n;
		if (done == reading->size)
			break;
	}
	pg_write_barrier();
	pg_atomic_write_u64(&slot->state, state);
}

/* Put a slot, and those that belong to it, where anybody can claim them. */
static void
free_slots(Slot *slot, uint64 state)
{
	uint32		n = 1;

	/* The parts first: once the first slot is free its "next" is another's. */
	uint32		next = slot->next;

	while (next < queue->size)
	{
		Slot	   *part = &queue->slots[next];

		next = part->next;
		pg_atomic_write_u64(&part->state, (pg_atomic_read_u64(&part->state) &
										   ~(uint64) STATE_MASK) + GENERATION);
		n++;
	}
	pg_atomic_write_u64(&slot->state, (state & ~(uint64) STATE_MASK) + GENERATION);
	pg_atomic_fetch_sub_u32(&queue->used, n);
}

/*
 * Hand on a reading; open says that it may be completed.  What cannot be queued goes to
 * the server's log: place then says that it is nowhere.  Looks at no catalog, and raises
 * nothing but for want of memory where it goes to the log, so that it may be called in
 * PG_CATCH() and as a statement's memory is freed.
 */
void
pvext_queue_reading(const PvextReading *reading, bool open, PvextPlace *place)
{
	Slot	   *slot = NULL;
	uint64		free;

	place->slot = -1;
	if (queue && IsUnderPostmaster && !RecoveryInProgress())
		slot = claim(reading->size, &free);
	if (slot == NULL)
	{
		log_reading(reading);
		return;
	}
	place->slot = slot - queue->slots;
	place->state = free | (open ? OPEN : DONE);
	fill(slot, reading, place->state);

	/* Mostly nobody is asleep, and readers do not write to the same word. */
	if (pg_atomic_read_u32(&queue->asleep) != 0 &&
		pg_atomic_exchange_u32(&queue->asleep, 0) != 0 && queue->attendant)
		SetLatch(queue->attendant);
}

/* How many slots follow, of one that nobody else changes; *last is the last of them. */
static uint32
count_parts(Slot *slot, Slot **last)
{
	uint32		n = 0;

	for (*last = slot; (*last)->next < queue->size; n++)
		*last = &queue->slots[(*last)->next];
	return n;
}

/*
 * Put the reading in the place of what was queued, unless that has been taken by
 * now.  Where it needs more slots than there are, nothing is changed: *room is then
 * how many bytes there is room for.
 */
PvextCompletion
pvext_complete_reading(const PvextReading *reading, PvextPlace *place, uint32 *room)
{
	Slot	   *slot;
	Slot	   *last;
	uint64		free;
	uint64		state;
	uint32		has;
	uint32		needs = slots_for(reading->size);

	if (place->slot < 0)
		return PVEXT_GONE;
	slot = &queue->slots[place->slot];
	free = place->state & ~(uint64) STATE_MASK;
	state = free | OPEN;
	if (!pg_atomic_compare_exchange_u64(&slot->state, &state, free | COMPLETING))
		return PVEXT_GONE;
	has = 1 + count_parts(slot, &last);
	if (needs > has)
	{
		if (!set_apart(needs - has))
		{
			*room = has * SLOT_DATA;
			pg_atomic_write_u64(&slot->state, free | OPEN);
			return PVEXT_NO_ROOM;
		}
		claim_more(last, needs - has);
	}
	fill(slot, reading, free | DONE);
	return PVEXT_COMPLETED;
}

/*
 * Those who write down
 */

/* What is in a slot: a reading, or its beginning. */
static PvextReading *
reading_in(const PvextPlace *place)
{
	return (PvextReading *) queue->slots[place->slot].data;
}

/*
 * The whole reading that was taken; it ends no later than its slots.  One that is in
 * several is put together in the buffer, which may be used again when it is no longer needed.
 */
const PvextReading *
pvext_reading_at(const PvextPlace *place, StringInfo buf)
{
	PvextReading *reading = reading_in(place);
	const Slot *part = &queue->slots[place->slot];

	if (reading->size <= SLOT_DATA)
		return reading;
	resetStringInfo(buf);
	for (;; part = &queue->slots[part->next])
	{
		appendBinaryStringInfo(buf, part->data, Min(reading->size - buf->len, SLOT_DATA));
		if (buf->len == reading->size || part->next >= queue->size)
			break;
	}
	reading = (PvextReading *) buf->data;
	reading->size = buf->len;
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
	const PvextReading *x = reading_in(lfirst(a));
	const PvextReading *y = reading_in(lfirst(b));

	if (x->statement != y->statement)
		return x->statement < y->statement ? -1 : 1;
	return (int) x->further - (int) y->further;
}

/*
 * Take what is in a slot, and add it to *places; false where somebody has changed it
 * meanwhile.  It is in the list before it is taken: want of memory loses nothing.
 */
static bool
take(uint32 i, uint64 state, List **places)
{
	PvextPlace *place = palloc(sizeof(PvextPlace));

	place->slot = i;

	/* Of the generation that was looked at: if it is another by now, nothing is taken. */
	place->state = (state & ~(uint64) STATE_MASK) | TAKEN;
	*places = lappend(*places, place);
	if (pg_atomic_compare_exchange_u64(&queue->slots[i].state, &state, place->state))
		return true;
	*places = list_delete_last(*places);
	pfree(place);
	return false;
}

/*
 * Take readings of a database, or of all for InvalidOid: those to which nothing
 * will be added, and those that have been open since some time.  *places, which is
 * empty, becomes a list of PvextPlace, in order, and holds what has been taken by then
 * also where this ends in an error.  *left is when the oldest was begun of those that are
 * left, DT_NOEND for none.
 */
void
pvext_take_readings(Oid database, TimestampTz open_since, int most, List **places,
					TimestampTz *left)
{
	*left = DT_NOEND;
	if (queue == NULL || pg_atomic_read_u32(&queue->used) == 0)
		return;
	for (uint32 i = 0; i < queue->size; i++)
	{
		Slot	   *slot = &queue->slots[i];
		uint64		state = holds(slot, database);
		TimestampTz at = ((PvextReading *) slot->data)->at;
		bool		wanted = (state & STATE_MASK) == DONE ||
			((state & STATE_MASK) == OPEN && at <= open_since);

		if (state == 0)
			continue;
		if (list_length(*places) >= most || !wanted || !take(i, state, places))
			*left = Min(*left, at);
	}
	list_sort(*places, compare_places);
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

/* Without counting it as drained. */
static void
free_place(const PvextPlace *place)
{
	free_slots(&queue->slots[place->slot], place->state);
}

/* What was taken has been written down. */
void
pvext_free_place(const PvextPlace *place)
{
	pg_atomic_fetch_add_u64(&queue->drained, 1);
	free_place(place);
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
	/* In memory, not in variables: these would not be what they were in PG_CATCH(). */
	List	  **places = palloc0(sizeof(List *));
	int		   *logged = palloc0(sizeof(int));
	TimestampTz left;
	StringInfoData buf;

	initStringInfo(&buf);
	PG_TRY();
	{
		pvext_take_readings(database, DT_NOEND, PG_INT32_MAX, places, &left);
		for (; *logged < list_length(*places); (*logged)++)
		{
			log_reading(pvext_reading_at(list_nth(*places, *logged), &buf));
			free_place(list_nth(*places, *logged));
		}
	}
	PG_CATCH();
	{
		for (int i = *logged; i < list_length(*places); i++)
			pvext_give_back(list_nth(*places, i));
		PG_RE_THROW();
	}
	PG_END_TRY();
	pfree(buf.data);
	return *logged;
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
	/*
	 * First this, then the look, with a barrier between them: a reading that is not seen
	 * here finds the attendant asleep, and wakes it.
	 */
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

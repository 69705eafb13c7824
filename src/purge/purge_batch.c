/*
 * purge_batch.c
 *		A batch of a purge: as many of the rows at hand as may be taken at once.
 *
 * A batch is one step of the run: a transaction that is short, and writes little WAL where
 * others' commits are to have pauses.  Where a row cannot be taken, the batch is taken again by
 * halves, each in a subtransaction, down to that row; the others are not held back by it.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/catch.h"
#include "base/guc.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "code/failed_code.h"
#include "erase/erase.h"
#include "executor/instrument.h"
#include "purge/prepare.h"
#include "purge/purge_batch.h"
#include "purge/refused_row.h"
#include "purge/scan.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

/*
 * As much WAL as a batch may write that others are to have a pause after: a commit of
 * theirs waits until it is on disk, too.  Just after a checkpoint each row may write a
 * whole page.
 */
#define MOST_WAL_OF_BATCH (512 * 1024)

/* As many batches at once where the audit log is read for them. */
#define BATCHES_OF_LOGGED 10

/* Rows that are refused of one work; where there are more, it is the rule that fails. */
#define MOST_REFUSED 100

/* Subtransactions of a batch that is taken by halves: a backend has room for so many. */
#define MOST_TRIES 60

/* Batches that are passed over for a locked row, of one work. */
#define MOST_PASSED_OVER 10

/*
 * The names of some PvextColumns, as C strings in the current context: they outlive the
 * map.
 */
List *
pvext_column_names(List *columns)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, columns)
		names = lappend(names, pstrdup(((PvextColumn *) lfirst(lc))->name));
	return names;
}

/*
 * Forget the statements of the work in hand, with the plans that the server has kept for
 * them: they are of a map that may be gone.
 */
void
pvext_forget_taking(PvextPurge *purge)
{
	purge->taking = NULL;
	purge->due = NULL;
	purge->map_number = 0;
	if (purge->context)
		MemoryContextReset(purge->context);
}

/* Is it what the work is to take?  The map has been read anew since that was listed. */
static bool
is_of_work(PvextDue *due, PvextPurgeWork *work)
{
	return strcmp(due->rule->name, work->rule) == 0 &&
		pvext_same_names(pvext_column_names(due->columns), work->columns);
}

/*
 * The statements for the work in hand, made anew where the map has changed since they
 * were.  False where there is no such work any more.
 */
bool
pvext_prepare_work(PvextPurge *purge, PvextMap *map)
{
	PvextTable *table = pvext_map_table(map, purge->work->relid);
	MemoryContext old;
	ListCell   *lc;

	if (purge->taking && purge->map_number == map->number)
		return true;
	pvext_forget_taking(purge);
	if (table == NULL)
		return false;
	old = MemoryContextSwitchTo(purge->context);
	foreach(lc, pvext_dues(map, table, NULL))
		if (is_of_work(lfirst(lc), purge->work))
			purge->due = lfirst(lc);
	if (purge->due)
	{
		pvext_complete_due(map, purge->due);
		purge->taking = pvext_begin_taking(map, purge->due, purge->leaf, true);
		purge->map_number = map->number;
	}
	MemoryContextSwitchTo(old);
	return purge->taking != NULL;
}

/*
 * Lock the tables that are read and written, which keeps them their owner's.  False
 * where the map has changed until the locks were had.
 */
bool
pvext_lock_work(PvextPurge *purge)
{
	pvext_lock_taking(purge->taking, RowExclusiveLock);
	LockRelationOid(purge->leaf, RowExclusiveLock);
	return pvext_map_is_current();
}

/*
 * How many rows the rule may still purge, now that it has so much within a day; less
 * than one for none.
 */
static int64
allowance(PvextPurgeWork *work)
{
	static PvextStatement count = {
		"SELECT coalesce(sum(rows), 0)::bigint FROM pv.purge_count WHERE relation_id = $1"
		" AND name = $2 AND at > now() - interval '24 hours'", NULL
	};
	PvextArgs	args = {0};

	if (pvext_purge_limit == 0)
		return PG_INT64_MAX;
	pvext_arg_int4(&args, work->relation_id);
	pvext_arg_text(&args, work->rule);
	(void) pvext_own_kept(&count, &args);
	return pvext_purge_limit - pvext_int(0, 1);
}

/* Raise if any of the rows would go: those that stay anyway reach no limit. */
static void
check_limit(PvextPurgeWork *work, PvextExamined *examined)
{
	for (int i = 0; i < examined->n; i++)
		if (!examined->fates[i].spared && !examined->fates[i].clean)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("retention rule \"%s\" has reached \"pvext.purge_limit\" of %d rows",
							work->rule, pvext_purge_limit),
					 errdetail("More of its rows are due than may go within 24 hours."),
					 errhint("If it is meant, raise the limit, or activate the rule again with the number of rows that are due.")));
}

/* Count what has been purged by the rule, by the hour, for pvext.purge_limit. */
static void
count_rows(PvextPurgeWork *work, int64 rows)
{
	static PvextStatement count = {
		"INSERT INTO pv.purge_count AS c (relation_id, name, at, rows)"
		" VALUES ($1, $2, date_trunc('hour', now()), $3)"
		" ON CONFLICT (relation_id, name, at) DO UPDATE SET rows = c.rows + excluded.rows", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, work->relation_id);
	pvext_arg_text(&args, work->rule);
	pvext_arg(&args, INT8OID, Int64GetDatum(rows), false);
	(void) pvext_own_kept(&count, &args);
}

/* As many of the places as are taken at a time. */
static int
batch_size(PvextPurge *purge)
{
	int			left = purge->places.n - purge->next;

	if (purge->careful > 0)
		return Min(left, purge->careful);
	if (pvext_reads_log(purge->taking))
		return Min(left, pvext_purge_batch_size * BATCHES_OF_LOGGED);
	left = Min(left, pvext_purge_batch_size);
	return pvext_purge_delay > 0 ? Min(left, purge->affordable) : left;
}

/* So many rows have been taken, and so much WAL was written. */
static void
note_wal(PvextPurge *purge, int n, uint64 bytes)
{
	double		affordable = (double) n * MOST_WAL_OF_BATCH / Max(bytes, 1);

	affordable = Min(affordable, 2.0 * Max(n, purge->affordable));
	affordable = Min(affordable, pvext_purge_batch_size);
	purge->affordable = (int) Max(affordable, 1.0);
}

/* Some places of the batch. */
typedef struct Part
{
	PvextPurge *purge;
	int			from;
	int			n;
	bool		allowed;		/* more may go today */
	int64		taken;
} Part;

/* For pvext_catch(): what is due at these places. */
static void
take_part(void *arg)
{
	Part	   *part = arg;
	PvextPurge *purge = part->purge;
	PvextExamined	examined;

	pvext_examine(purge->taking, purge->places.tids + part->from, part->n, &examined);
	if (!part->allowed)
		check_limit(purge->work, &examined);
	part->taken = pvext_apply(purge->taking, &examined);
}

/*
 * Refuse a row that cannot be taken by itself.  Where there are many of them the error is
 * the rule's.
 */
static void
refuse(PvextPurge *purge, int at, ErrorData *error)
{
	PvextRefused *refused;
	MemoryContext old;

	if (++purge->nrefused > MOST_REFUSED)
		ReThrowError(error);
	purge->tries -= 2;			/* to find out what it is called */
	pvext_forget_values(error);
	refused = pvext_refuse_row(purge->taking, purge->leaf, &purge->places.tids[at], error,
							   purge->run->context);
	old = MemoryContextSwitchTo(purge->run->context);
	purge->refused = lappend(purge->refused, refused);
	MemoryContextSwitchTo(old);
}

/*
 * Take what can be taken at some places, a half after the other where one cannot be taken
 * whole, down to the row, which is then refused.  Returns how many places it got done
 * with: all, unless there have been enough subtransactions.
 */
static int
take_halves(Part part)
{
	PvextPurge *purge = part.purge;
	Part		first = part;
	Part		second = part;
	ErrorData  *error;
	int			done;

	if (purge->tries-- <= 0)
		return 0;
	error = pvext_catch(take_part, &part);
	if (error == NULL)
	{
		purge->taken += part.taken;
		return part.n;
	}

	/* It was no row's fault: halves would fare no better. */
	if (!pvext_is_of_row(error))
		ReThrowError(error);
	if (part.n == 1)
	{
		refuse(purge, part.from, error);
		return 1;
	}
	first.n = part.n / 2;
	second.from = part.from + first.n;
	second.n = part.n - first.n;
	done = take_halves(first);
	return done < first.n ? done : done + take_halves(second);
}

/* Is the error about what the catalog or the data map is like, rather than a row? */
static bool
is_of_map(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		error->sqlerrcode == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
}

/*
 * Take a batch of n places by halves.  Where none of its rows can be taken for what the
 * catalog or the map is like, that is not the rows' fault.
 */
static int
take_carefully(PvextPurge *purge, Part part)
{
	int			done;

	purge->tries = MOST_TRIES;
	purge->taken = 0;
	done = take_halves(part);
	if (purge->taken == 0 && purge->refused != NIL)
	{
		ErrorData  *error = ((PvextRefused *) linitial(purge->refused))->error;

		if (is_of_map(error))
			ereport(ERROR,
					(errcode(error->sqlerrcode),
					 errmsg_internal("%s", error->message),
					 error->hint ? errhint("%s", error->hint) : 0));
	}
	return done;
}

/*
 * For pvext_with_map(): the next batch.  Where the map has changed meanwhile nothing is
 * done, and nothing counted as done: the next step begins again, by the map of now.
 */
static void
take_batch_by_map(PvextMap *map, void *arg)
{
	PvextPurge *purge = arg;
	uint64		wal = pgWalUsage.wal_bytes;
	Part		part = {purge, purge->next};
	int64		allowed;
	int			n;

	if (!pvext_prepare_work(purge, map))
	{
		purge->next = purge->places.n;
		return;
	}
	if (!pvext_lock_work(purge))
		return;					/* again, by the map of now */

	/* Nobody else purges meanwhile, by the duty's lock: the count is exact. */
	n = batch_size(purge);
	allowed = allowance(purge->work);
	if (allowed > 0)
		n = (int) Min(n, allowed);
	purge->batch = part.n = n;
	part.allowed = allowed > 0;
	if (purge->careful > 0)
	{
		n = take_carefully(purge, part);
		part.taken = purge->taken;
	}
	else
		take_part(&part);
	if (part.taken > 0)
		count_rows(purge->work, part.taken);
	purge->run->done += part.taken;
	purge->next += n;
	purge->careful = purge->careful > n ? purge->careful - n : 0;
	note_wal(purge, n, pgWalUsage.wal_bytes - wal);
}

/*
 * For pvext_step(): take the next batch of the purge.  Like an erasure, after deferred
 * triggers, and between pvext_enter() and pvext_leave().
 */
void
pvext_take_batch(void *arg)
{
	((PvextPurge *) arg)->batch = 0;
	pvext_run_deferred_triggers();
	pvext_with_map(take_batch_by_map, arg);
}

/*
 * Somebody kept a row locked for longer than a step waits: the batch is for the next run,
 * and the others are not.  Not where it is likely to happen again and again.
 */
bool
pvext_pass_batch_over(PvextPurge *purge, ErrorData *error)
{
	if ((error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
		 error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED) ||
		purge->batch == 0 || ++purge->passed_over > MOST_PASSED_OVER)
		return false;
	purge->next += purge->batch;
	purge->careful = 0;
	if (purge->run->error == NULL)
		purge->run->error = MemoryContextStrdup(purge->run->context,
												"rows that others kept locked are left for the next run");
	return true;
}

/* A batch could not be taken as a whole for some row: take it by halves. */
bool
pvext_take_by_halves(PvextPurge *purge, ErrorData *error)
{
	if (purge->careful > 0 || purge->batch == 0 || !pvext_is_of_row(error))
		return false;
	purge->careful = purge->batch;
	return true;
}

/*
 * purge.c
 *		The duty "purge": what retention rules have made due is taken.
 *
 * Table by table, due by due (due.c), from each relation that holds rows: the places of
 * rows that are due are found in one step, and then taken in batches, a step each
 * (take.c).  What fails is undone, recorded, and left for later; everything else is
 * finished: a batch with a row that cannot be taken is taken by halves, down to that row.
 *
 * Nothing is remembered of what has been purged but a count for each hour, for
 * pvext.purge_limit: what is due is found anew by every run, also after a crash or in
 * a restored dump.
 */
#include "postgres.h"
#include "message.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "catch.h"
#include "elsewhere.h"
#include "erase.h"
#include "error.h"
#include "executor/instrument.h"
#include "failure.h"
#include "guc.h"
#include "miscadmin.h"
#include "pick.h"
#include "print.h"
#include "purge.h"
#include "refused.h"
#include "relation.h"
#include "result.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Places that are kept at a time, at 6 bytes each. */
#define MAX_PLACES 5000000

/*
 * As much WAL as a batch may write that others are to have a pause after: a commit of
 * theirs waits until it is on disk, too.  Just after a checkpoint each row may write a
 * whole page.
 */
#define MOST_WAL_OF_BATCH (512 * 1024)
#define FIRST_BATCH 50

/* As many batches at once where the audit log is read for them. */
#define BATCHES_OF_LOGGED 10

/* What it takes to write down where a run stopped. */
#define POSITION_SIZE 96
/* Rows that are refused of one work; where there are more, it is the rule that fails. */
#define MOST_REFUSED 100

/* Subtransactions of a batch that is taken by halves: a backend has room for so many. */
#define MOST_TRIES 60

/* Batches that are passed over for a locked row, of one work. */
#define MOST_PASSED_OVER 10

/* A table with an active rule. */
typedef struct Table
{
	int32		id;				/* in pv.relation */
	Oid			relid;			/* or InvalidOid: it has been dropped */
	char	   *schema;
	char	   *name;
} Table;

/* What is to be purged, by names that outlive the map. */
typedef struct Work
{
	Oid			relid;
	int32		relation_id;
	char	   *rule;
	List	   *columns;		/* C strings; NIL: the rows */
	bool		failed;
} Work;

/* Where a run stopped, by names that may be of nothing any more. */
typedef struct Position
{
	int32		table;			/* in pv.relation; 0 for none */
	int			work;			/* which of the table's, from 0 */
	Oid			leaf;			/* or InvalidOid: from the first one on */
	ItemPointerData place;		/* the last one that was taken; invalid for none */
} Position;

typedef struct Purge
{
	PvextRun   *run;
	List	   *tables;			/* Table */
	Table	   *table;			/* the one whose works are looked for */
	List	   *works;			/* Work */
	Position	from;			/* what was done before it is passed over */
	TimestampTz batch_at;		/* when the last batch was taken, or 0 */
	int			work_number;	/* which of the works is in hand */
	TimestampTz begun;
	bool		any_refused;	/* rows may have been refused before that */

	/* the work in hand */
	Work	   *work;
	List	   *leaves;			/* Oid: relations that hold rows */
	Oid			leaf;
	PvextPlaces places;
	bool		more;			/* there are more after these places */
	ItemPointerData last;		/* of the places before these; invalid for none */
	int			next;			/* of the places */
	int			batch;			/* places in the batch in hand; 0: not begun */
	int			passed_over;	/* batches in which somebody kept a row locked */
	int			affordable;		/* rows, by the WAL that those before have written */

	/* where a batch could not be taken: its places that are taken by halves, and of them */
	int			careful;		/* 0: at once */
	int			tries;			/* subtransactions that the batch may still have */
	int64		taken;
	List	   *refused;		/* PvextRefused */
	int			nrefused;		/* of the work */
	bool		blind;			/* rows are not even found: all places are looked at */

	/* what was made of it by the map of this number */
	MemoryContext context;
	uint64		map_number;
	PvextDue   *due;
	PvextTaking *taking;
} Purge;

/*
 * What there is to do
 */

static void
list_tables(void *arg)
{
	Purge	   *purge = arg;
	PvextArgs	args = {0};
	uint64		n;

	pvext_forget_failures(purge->run,
						  "EXISTS (SELECT FROM pv.declared_retention AS t WHERE t.state = 'active'"
						  " AND t.relation_id = f.relation_id"
						  " AND (f.name IN ('', t.name) OR starts_with(f.name, t.name || ', row ')))");
	pvext_arg_oid(&args, OIDOID, purge->run->relid);
	n = pvext_own("SELECT r.id, coalesce(c.oid, 0), r.schema, r.name"
				  " FROM pv.relation AS r LEFT JOIN pg_class AS c ON c.oid = r.relation"
				  " WHERE ($1 IS NULL OR c.oid = $1) AND EXISTS (SELECT FROM pv.declared_retention AS t"
				  "  WHERE t.relation_id = r.id AND t.state = 'active') ORDER BY r.id", &args);
	MemoryContextSwitchTo(purge->run->context);
	for (uint64 i = 0; i < n; i++)
	{
		Table	   *table = palloc(sizeof(Table));

		table->id = (int32) pvext_int(i, 1);
		table->relid = (Oid) pvext_int(i, 2);
		table->schema = pvext_value(i, 3);
		table->name = pvext_value(i, 4);
		purge->tables = lappend(purge->tables, table);
	}
}

static List *
names_of(List *columns)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, columns)
		names = lappend(names, pstrdup(((PvextColumn *) lfirst(lc))->name));
	return names;
}

static void
list_works_by_map(PvextMap *map, void *arg)
{
	Purge	   *purge = arg;
	PvextRun   *run = purge->run;
	PvextTable *table = pvext_map_table(map, purge->table->relid);
	ListCell   *lc;

	if (table == NULL)
		return;
	foreach(lc, pvext_dues(map, table, NULL))
	{
		PvextDue   *due = lfirst(lc);
		MemoryContext old;
		Work	   *work;

		if ((run->rule && strcmp(run->rule, due->rule->name) != 0) ||
			pvext_is_paused(run, table->id, due->rule->name))
			continue;
		old = MemoryContextSwitchTo(run->context);
		work = palloc0(sizeof(Work));
		work->relid = table->relid;
		work->relation_id = table->id;
		work->rule = pstrdup(due->rule->name);
		work->columns = names_of(due->columns);
		purge->works = lappend(purge->works, work);
		MemoryContextSwitchTo(old);
	}
}

static void
list_works(void *arg)
{
	Purge	   *purge = arg;
	Table	   *table = purge->table;

	if (pvext_is_paused(purge->run, table->id, ""))
		return;
	purge->any_refused = !pvext_never_used("duty_failure");
	if (!OidIsValid(table->relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s has an active retention rule and has been dropped",
						quote_qualified_identifier(table->schema, table->name)),
				 errhint("Create it again, or call pv.undeclare_orphan(%s, %s).",
						 pvext_print_literal(table->schema), pvext_print_literal(table->name))));
	pvext_with_map(list_works_by_map, arg);
}

/*
 * A work in hand
 */

static void
forget_taking(Purge *purge)
{
	purge->taking = NULL;
	purge->due = NULL;
	purge->map_number = 0;
	if (purge->context)
		MemoryContextReset(purge->context);
}

static bool
is_of_work(PvextDue *due, Work *work)
{
	return strcmp(due->rule->name, work->rule) == 0 &&
		pvext_same_names(names_of(due->columns), work->columns);
}

/*
 * The statements for the work in hand, made anew where the map has changed since they
 * were.  False where there is no such work any more.
 */
static bool
prepare(Purge *purge, PvextMap *map)
{
	PvextTable *table = pvext_map_table(map, purge->work->relid);
	MemoryContext old;
	ListCell   *lc;

	if (purge->taking && purge->map_number == map->number)
		return true;
	forget_taking(purge);
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
static bool
lock_tables(Purge *purge)
{
	pvext_lock_taking(purge->taking, RowExclusiveLock);
	LockRelationOid(purge->leaf, RowExclusiveLock);
	return pvext_map_is_current();
}

static void
list_leaves(void *arg)
{
	Purge	   *purge = arg;
	List	   *all = find_all_inheritors(purge->work->relid, AccessShareLock, NULL);
	ListCell   *lc;

	pvext_check_children(purge->work->relid);
	pvext_check_rows_here(purge->work->relid);
	MemoryContextSwitchTo(purge->run->context);
	purge->leaves = NIL;
	foreach(lc, all)
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_RELATION)
			purge->leaves = lappend_oid(purge->leaves, lfirst_oid(lc));
}

static void
find_places_by_map(PvextMap *map, void *arg)
{
	Purge	   *purge = arg;
	ItemPointer last = &purge->last;

	if (purge->places.n > 0)
		*last = purge->places.tids[purge->places.n - 1];
	purge->more = false;
	purge->places.n = purge->next = 0;
	if (get_rel_name(purge->leaf) == NULL || !prepare(purge, map))
		return;
	if (lock_tables(purge))
	{
		purge->more = pvext_find_places(purge->taking, &purge->places, MAX_PLACES,
										ItemPointerIsValid(last) ? last : NULL, purge->blind);
		pvext_leave_refused(purge->run, purge->work->relation_id, purge->work->rule, purge->leaf,
							&purge->places);
	}
	else
		purge->more = true;		/* find them by the map of now */
}

static void
find_places(void *arg)
{
	pvext_with_map(find_places_by_map, arg);
}

/*
 * Batches
 */

/*
 * How many rows the rule may still purge, now that it has so much within a day; less
 * than one for none.
 */
static int64
allowance(Work *work)
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
check_limit(Work *work, PvextPicks *picks)
{
	for (int i = 0; i < picks->n; i++)
		if (!picks->fates[i].spared && !picks->fates[i].clean)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("retention rule \"%s\" has reached \"pvext.purge_limit\" of %d rows",
							work->rule, pvext_purge_limit),
					 errdetail("More of its rows are due than may go within 24 hours."),
					 errhint("If it is meant, raise the limit, or activate the rule again with the number of rows that are due.")));
}

static void
count_rows(Work *work, int64 rows)
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
batch_size(Purge *purge)
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
note_wal(Purge *purge, int n, uint64 bytes)
{
	double		affordable = (double) n * MOST_WAL_OF_BATCH / Max(bytes, 1);

	affordable = Min(affordable, 2.0 * Max(n, purge->affordable));
	affordable = Min(affordable, pvext_purge_batch_size);
	purge->affordable = (int) Max(affordable, 1.0);
}

/* Some places of the batch. */
typedef struct Part
{
	Purge	   *purge;
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
	Purge	   *purge = part->purge;
	PvextPicks	picks;

	pvext_pick(purge->taking, purge->places.tids + part->from, part->n, &picks);
	if (!part->allowed)
		check_limit(purge->work, &picks);
	part->taken = pvext_take(purge->taking, &picks);
}

static void
refuse(Purge *purge, int at, ErrorData *error)
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
	Purge	   *purge = part.purge;
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
take_carefully(Purge *purge, Part part)
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

static void
take_batch_by_map(PvextMap *map, void *arg)
{
	Purge	   *purge = arg;
	uint64		wal = pgWalUsage.wal_bytes;
	Part		part = {purge, purge->next};
	int64		allowed;
	int			n;

	if (!prepare(purge, map))
	{
		purge->next = purge->places.n;
		return;
	}
	if (!lock_tables(purge))
		return;					/* again, by the map of now */
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

static void
take_batch(void *arg)
{
	((Purge *) arg)->batch = 0;
	pvext_run_deferred_triggers();
	pvext_with_map(take_batch_by_map, arg);
}

/*
 * Somebody kept a row locked for longer than a step waits: the batch is for the next run,
 * and the others are not.  Not where it is likely to happen again and again.
 */
static bool
pass_over(Purge *purge, ErrorData *error)
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

/*
 * Going on where the last run stopped
 */

#define POSITION "%d %d %u %u %u " INT64_FORMAT

/* Where the next run is to go on, if this one ends now: after the last place taken. */
static void
note_position(Purge *purge)
{
	PvextRun   *run = purge->run;
	ItemPointer place = purge->next > 0 ? &purge->places.tids[purge->next - 1] : &purge->last;
	bool		any = ItemPointerIsValid(place);

	if (!run->worker)
		return;
	if (run->stopped_at == NULL)
		run->stopped_at = MemoryContextAlloc(run->context, POSITION_SIZE);
	snprintf(run->stopped_at, POSITION_SIZE, POSITION, purge->table->id, purge->work_number,
			 purge->leaf, any ? ItemPointerGetBlockNumber(place) : 0,
			 any ? ItemPointerGetOffsetNumber(place) : 0, purge->batch_at);
}

/* Begin with the table at which the last run stopped; those before it come last. */
static void
read_position(Purge *purge)
{
	Position   *from = &purge->from;
	unsigned	block;
	unsigned	offset;
	List	   *before = NIL;
	List	   *after = NIL;
	ListCell   *lc;

	if (purge->run->resume == NULL ||
		sscanf(purge->run->resume, POSITION, &from->table, &from->work, &from->leaf, &block,
			   &offset, &purge->batch_at) != 6)
		return;
	purge->run->stopped_at = purge->run->resume;
	if (offset != InvalidOffsetNumber)
		ItemPointerSet(&from->place, block, offset);
	foreach(lc, purge->tables)
	{
		if (((Table *) lfirst(lc))->id < from->table)
			before = lappend(before, lfirst(lc));
		else
			after = lappend(after, lfirst(lc));
	}
	if (after == NIL || ((Table *) linitial(after))->id != from->table)
	{
		from->work = 0;
		from->leaf = InvalidOid;
	}
	purge->tables = list_concat(after, before);
}

/* The pause after a batch is kept, too, where it is longer than a run, in ms. */
static int
pause_left(Purge *purge)
{
	int64		left = pvext_purge_delay -
		(GetCurrentTimestamp() - purge->batch_at) / 1000;

	return purge->batch_at == 0 || left < 0 ? 0 : (int) Min(left, pvext_purge_delay);
}

/* Was the leaf of the work in hand done by the last run? */
static bool
is_before(Purge *purge, Oid leaf)
{
	if (leaf == purge->from.leaf || !list_member_oid(purge->leaves, purge->from.leaf))
		return false;
	return true;
}

/* Begin with a leaf, or where the last run stopped in it. */
static void
go_on(Purge *purge)
{
	ItemPointerSetInvalid(&purge->last);
	if (purge->leaf == purge->from.leaf)
		purge->last = purge->from.place;
	purge->from.leaf = InvalidOid;
}

/* A batch could not be taken as a whole for some row: take it by halves. */
static bool
be_careful(Purge *purge, ErrorData *error)
{
	if (purge->careful > 0 || purge->batch == 0 || !pvext_is_of_row(error))
		return false;
	purge->careful = purge->batch;
	return true;
}

/* Those that were refused on the way are on record from now on. */
static void
record_refused(Purge *purge)
{
	pvext_record_refused(purge->run, purge->work->relation_id, purge->work->rule, purge->refused);
	purge->refused = NIL;
}

/* Take the batches of the places.  Returns the error that ended it. */
static ErrorData *
take_batches(Purge *purge)
{
	PvextRun   *run = purge->run;

	while (purge->next < purge->places.n && !pvext_is_over(run))
	{
		int64		done = run->done;
		ErrorData  *error = pvext_step(run, take_batch, purge);

		if (error)
		{
			run->done = done;
			purge->refused = NIL;
		}
		record_refused(purge);
		if (error && be_careful(purge, error))
			continue;
		if (error && !pass_over(purge, error))
			return error;
		purge->batch_at = GetCurrentTimestamp();
		note_position(purge);
		pvext_rest(run, pvext_purge_delay);
		pvext_wait_for_standbys(run);
	}
	return NULL;
}

/* Take what is due of one relation's rows.  Returns the error that ended it. */
static ErrorData *
purge_leaf(Purge *purge)
{
	PvextRun   *run = purge->run;
	ErrorData  *error;

	do
	{
		TimestampTz begun = GetCurrentTimestamp();

		error = pvext_step(run, find_places, purge);
		/* What took long to find is not found for a batch alone. */
		run->until = Max(run->until, 2 * GetCurrentTimestamp() - begun);
		if (error && !purge->blind && pvext_is_of_row(error))
		{
			/* The clock of some row, say, cannot be computed. */
			purge->blind = purge->more = true;
			error = NULL;
		}
		else if (error == NULL)
			error = take_batches(purge);
	} while (error == NULL && purge->more && !pvext_is_over(run));
	return error;
}

static void
do_work(Purge *purge, Work *work)
{
	ErrorData  *error;
	ListCell   *lc;

	purge->work = work;
	purge->passed_over = purge->nrefused = 0;
	pvext_at(purge->run, work->relation_id, work->rule);
	error = pvext_step(purge->run, list_leaves, purge);
	foreach(lc, purge->leaves)
	{
		if (error || pvext_is_over(purge->run))
			break;
		if (is_before(purge, lfirst_oid(lc)))
			continue;
		forget_taking(purge);
		purge->leaf = lfirst_oid(lc);
		purge->places.n = purge->next = 0;
		go_on(purge);
		note_position(purge);
		purge->blind = false;
		purge->careful = 0;
		error = purge_leaf(purge);
	}
	forget_taking(purge);
	work->failed = error != NULL;
	if (error)
		pvext_failed(purge->run, work->relation_id, work->rule, error);
}

/* A rule has succeeded once all that is taken in its name has been. */
static void
note_successes(Purge *purge)
{
	List	   *failed = NIL;
	ListCell   *lc;

	foreach(lc, purge->works)
		if (((Work *) lfirst(lc))->failed)
			failed = lappend(failed, ((Work *) lfirst(lc))->rule);
	foreach(lc, purge->works)
		if (!pvext_has_name(failed, ((Work *) lfirst(lc))->rule))
		{
			pvext_succeeded(purge->run, purge->table->id, ((Work *) lfirst(lc))->rule);
			if (purge->run->resume == NULL && purge->any_refused)
				pvext_forget_refused(purge->run, purge->table->id, ((Work *) lfirst(lc))->rule,
									 purge->begun);
		}
}

static void
purge_table(Purge *purge, Table *table)
{
	ErrorData  *error;
	ListCell   *lc;

	purge->table = table;
	purge->works = NIL;
	pvext_at(purge->run, table->id, "");
	error = pvext_step(purge->run, list_works, purge);
	if (error)
		pvext_failed(purge->run, table->id, "", error);
	else if (purge->works != NIL)
		pvext_succeeded(purge->run, table->id, "");
	foreach(lc, purge->works)
	{
		purge->work_number = foreach_current_index(lc);
		if (purge->work_number >= purge->from.work && !pvext_is_over(purge->run))
			do_work(purge, lfirst(lc));
		purge->from.leaf = InvalidOid;
	}
	purge->from.work = 0;
	if (!pvext_is_over(purge->run))
		note_successes(purge);
}

/* The duty: every table with an active rule. */
void
pvext_purge(PvextRun *run)
{
	Purge		purge = {run};
	ErrorData  *error;
	ListCell   *lc;

	purge.context = AllocSetContextCreate(run->context, "pvext work", ALLOCSET_DEFAULT_SIZES);
	purge.places.context = run->context;
	purge.affordable = FIRST_BATCH;
	purge.begun = GetCurrentTimestamp();
	run->lazy = true;
	error = pvext_step(run, list_tables, &purge);
	if (error)
		pvext_failed(run, 0, "", error);
	read_position(&purge);
	pvext_rest(run, pause_left(&purge));
	pvext_wait_for_standbys(run);
	foreach(lc, purge.tables)
		if (!pvext_is_over(run))
			purge_table(&purge, lfirst(lc));
	run->lazy = false;
}

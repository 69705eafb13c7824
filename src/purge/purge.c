/*
 * purge.c
 *		The duty "purge": what retention rules have made due is taken.
 *
 * Table by table, due by due (due.c), from each relation that holds rows: the places of
 * rows that are due are found in one step (scan.c), and then taken in batches, a step each
 * (purge_batch.c).  What fails is undone, recorded, and left for later; everything else is
 * finished: a batch with a row that cannot be taken is taken by halves, down to that row.
 *
 * Nothing is remembered of what has been purged but a count for each hour, for
 * pvext.purge_limit: what is due is found anew by every run, also after a crash or in
 * a restored dump.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/foreign_rows.h"
#include "base/guc.h"
#include "base/print.h"
#include "base/relation.h"
#include "base/result.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "duty/failure.h"
#include "purge/purge.h"
#include "purge/purge_batch.h"
#include "purge/refused_row.h"
#include "purge/scan.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Places that are kept at a time, at 6 bytes each. */
#define MAX_PLACES 5000000

/* The first batch of a run, in rows. */
#define FIRST_BATCH 50

/* What it takes to write down where a run stopped. */
#define POSITION_SIZE 96

/*
 * What there is to do
 */

/*
 * For pvext_step(): the tables with active rules, those that have been dropped, too, for
 * these are failures.
 */
static void
list_tables(void *arg)
{
	PvextPurge *purge = arg;
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
		PvextPurgeTable *table = palloc(sizeof(PvextPurgeTable));

		table->id = (int32) pvext_int(i, 1);
		table->relid = (Oid) pvext_int(i, 2);
		table->schema = pvext_value(i, 3);
		table->name = pvext_value(i, 4);
		purge->tables = lappend(purge->tables, table);
	}
}

/*
 * For pvext_with_map(): what is to be taken of the table in hand, by names that outlive
 * the map.
 */
static void
list_works_by_map(PvextMap *map, void *arg)
{
	PvextPurge *purge = arg;
	PvextDutyRun   *run = purge->run;
	PvextTable *table = pvext_map_table(map, purge->table->relid);
	ListCell   *lc;

	if (table == NULL)
		return;
	foreach(lc, pvext_dues(map, table, NULL))
	{
		PvextDue   *due = lfirst(lc);
		MemoryContext old;
		PvextPurgeWork *work;

		if ((run->rule && strcmp(run->rule, due->rule->name) != 0) ||
			pvext_is_paused(run, table->id, due->rule->name))
			continue;
		old = MemoryContextSwitchTo(run->context);
		work = palloc0(sizeof(PvextPurgeWork));
		work->relid = table->relid;
		work->relation_id = table->id;
		work->rule = pstrdup(due->rule->name);
		work->columns = pvext_column_names(due->columns);
		purge->works = lappend(purge->works, work);
		MemoryContextSwitchTo(old);
	}
}

/* For pvext_step(). */
static void
list_works(void *arg)
{
	PvextPurge *purge = arg;
	PvextPurgeTable *table = purge->table;

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
 * For pvext_step(): the relations that hold rows of the work in hand; those there are
 * now.
 */
static void
list_leaves(void *arg)
{
	PvextPurge *purge = arg;
	List	   *all = find_all_inheritors(purge->work->relid, AccessShareLock, NULL);
	ListCell   *lc;

	pvext_check_children(purge->work->relid);
	pvext_check_rows_here(purge->work->relid);
	MemoryContextSwitchTo(purge->run->context);
	purge->leaves = NIL;

	/* Each is locked again, and looked for, by the steps that take something from it. */
	foreach(lc, all)
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_RELATION)
			purge->leaves = lappend_oid(purge->leaves, lfirst_oid(lc));
}

/*
 * For pvext_with_map(): the next places of rows that are due, without those that have
 * been refused lately.
 */
static void
find_places_by_map(PvextMap *map, void *arg)
{
	PvextPurge *purge = arg;
	ItemPointer last = &purge->last;

	if (purge->places.n > 0)
		*last = purge->places.tids[purge->places.n - 1];
	purge->more = false;
	purge->places.n = purge->next = 0;
	if (get_rel_name(purge->leaf) == NULL || !pvext_prepare_work(purge, map))
		return;
	if (pvext_lock_work(purge))
	{
		ItemPointer after = ItemPointerIsValid(last) ? last : NULL;

		purge->more = purge->blind ?
			pvext_find_places(purge->taking, &purge->places, MAX_PLACES, after, true) :
			pvext_find_unblocked(purge->taking, &purge->places, MAX_PLACES, after);
		pvext_leave_refused(purge->run, purge->work->relation_id, purge->work->rule, purge->leaf,
							&purge->places);
	}
	else
		purge->more = true;		/* find them by the map of now */
}

/* For pvext_step(). */
static void
find_places(void *arg)
{
	pvext_with_map(find_places_by_map, arg);
}

/*
 * Going on where the last run stopped
 */

#define POSITION "%d %d %u %u %u " INT64_FORMAT

/* Where the next run is to go on, if this one ends now: after the last place taken. */
static void
note_position(PvextPurge *purge)
{
	PvextDutyRun   *run = purge->run;
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
read_position(PvextPurge *purge)
{
	PvextPurgePosition *from = &purge->from;
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
		if (((PvextPurgeTable *) lfirst(lc))->id < from->table)
			before = lappend(before, lfirst(lc));
		else
			after = lappend(after, lfirst(lc));
	}
	if (after == NIL || ((PvextPurgeTable *) linitial(after))->id != from->table)
	{
		from->work = 0;
		from->leaf = InvalidOid;
	}
	purge->tables = list_concat(after, before);
}

/* The pause after a batch is kept, too, where it is longer than a run, in ms. */
static int
pause_left(PvextPurge *purge)
{
	int64		left = pvext_purge_delay -
		(GetCurrentTimestamp() - purge->batch_at) / 1000;

	return purge->batch_at == 0 || left < 0 ? 0 : (int) Min(left, pvext_purge_delay);
}

/* Was the leaf of the work in hand done by the last run? */
static bool
is_before(PvextPurge *purge, Oid leaf)
{
	if (leaf == purge->from.leaf || !list_member_oid(purge->leaves, purge->from.leaf))
		return false;
	return true;
}

/* Begin with a leaf, or where the last run stopped in it. */
static void
go_on(PvextPurge *purge)
{
	ItemPointerSetInvalid(&purge->last);
	if (purge->leaf == purge->from.leaf)
		purge->last = purge->from.place;
	purge->from.leaf = InvalidOid;
}

/* Those that were refused on the way are on record from now on. */
static void
record_refused(PvextPurge *purge)
{
	pvext_record_refused(purge->run, purge->work->relation_id, purge->work->rule, purge->refused);
	purge->refused = NIL;
}

/* Take the batches of the places.  Returns the error that ended it. */
static ErrorData *
take_batches(PvextPurge *purge)
{
	PvextDutyRun   *run = purge->run;

	while (purge->next < purge->places.n && !pvext_is_over(run))
	{
		int64		done = run->done;
		ErrorData  *error = pvext_step(run, pvext_take_batch, purge);

		/* What the step had counted was rolled back with it. */
		if (error)
		{
			run->done = done;
			purge->refused = NIL;
		}
		record_refused(purge);
		if (error && pvext_take_by_halves(purge, error))
			continue;
		if (error && !pvext_pass_batch_over(purge, error))
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
purge_leaf(PvextPurge *purge)
{
	PvextDutyRun   *run = purge->run;
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

/*
 * Take what is due of one work, relation by relation, until something fails, or its time
 * is over.
 */
static void
do_work(PvextPurge *purge, PvextPurgeWork *work)
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
		pvext_forget_taking(purge);
		purge->leaf = lfirst_oid(lc);
		purge->places.n = purge->next = 0;
		go_on(purge);
		note_position(purge);
		purge->blind = false;
		purge->careful = 0;
		error = purge_leaf(purge);
	}
	pvext_forget_taking(purge);
	work->failed = error != NULL;
	if (error)
		pvext_failed(purge->run, work->relation_id, work->rule, error);
}

/* A rule has succeeded once all that is taken in its name has been. */
static void
note_successes(PvextPurge *purge)
{
	List	   *failed = NIL;
	ListCell   *lc;

	foreach(lc, purge->works)
		if (((PvextPurgeWork *) lfirst(lc))->failed)
			failed = lappend(failed, ((PvextPurgeWork *) lfirst(lc))->rule);
	foreach(lc, purge->works)
		if (!pvext_has_name(failed, ((PvextPurgeWork *) lfirst(lc))->rule))
		{
			pvext_succeeded(purge->run, purge->table->id, ((PvextPurgeWork *) lfirst(lc))->rule);
			if (purge->run->resume == NULL && purge->any_refused)
				pvext_forget_refused(purge->run, purge->table->id, ((PvextPurgeWork *) lfirst(lc))->rule,
									 purge->begun);
		}
}

/* Do the works of a table, each whether or not others fail. */
static void
purge_table(PvextPurge *purge, PvextPurgeTable *table)
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
pvext_purge(PvextDutyRun *run)
{
	PvextPurge		purge = {run};
	ErrorData  *error;
	ListCell   *lc;

	purge.context = AllocSetContextCreate(run->context, "pvext work", ALLOCSET_DEFAULT_SIZES);
	purge.places.context = run->context;
	purge.affordable = FIRST_BATCH;
	purge.begun = GetCurrentTimestamp();

	/* A batch that a crash takes back is due again: its commit need not wait for the disk. */
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

/*
 * take.c
 *		Taking what is due from rows that have been picked for it.
 *
 * Mostly that is one UPDATE or DELETE of the rows at some places.  A plan is made for
 * it in which the rows themselves are the subjects, so that statements, new values and
 * the audit log's redaction are those of an erasure.  Where what goes leads to other
 * tables (keys that others refer to, texts that are to lose what identifies their
 * subject), it is taken from each subject by a plan of that subject's.
 */
#include "postgres.h"
#include "message.h"

#include "audit.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "ending.h"
#include "hold.h"
#include "key.h"
#include "known_text.h"
#include "ledger.h"
#include "miscadmin.h"
#include "redact.h"
#include "run.h"
#include "secret.h"
#include "statement.h"
#include "stray.h"
#include "taking.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/*
 * The statements
 */

/* The rows of a plan, as a set that others can hang on. */
static void
set_rows_by_place(PvextTaking *taking)
{
	PvextSet   *self = taking->plan->self;
	PvextSql	also;

	pvext_sql_init(&also);
	pvext_append_due(&also, taking->due, false);
	taking->places.type = TIDARRAYOID;
	taking->places.isnull = true;
	self->places = &taking->places;
	self->also = also.text.data;
	self->productive = true;
}

/*
 * Let the statement say how many rows it took, how many of them are not clean after
 * it, as BEFORE triggers may have put the values back, and where AFTER triggers might
 * do so later, the rows' keys.
 */
static void
count_taken(PvextTaking *taking, PvextStep *step, const char *dirty)
{
	bool		verify = taking->verify.sql != NULL;

	step->few.sql = step->many.sql =
		psprintf("WITH taken AS (%s RETURNING %s AS dirty%s%s)"
				 " SELECT count(*), count(*) FILTER (WHERE dirty)%s FROM taken",
				 step->few.sql, dirty, verify ? ", " : "",
				 verify ? psprintf("%s AS key", pvext_key_sql(taking->plan->subject)) : "",
				 verify ? ", array_agg(key)" : "");
}

/* The query for rows that triggers have made due again. */
static void
build_verify(PvextTaking *taking)
{
	PvextTable *rows = taking->plan->subject;
	PvextSql	sql;

	if (rows->key == NIL || !pvext_has_after_triggers(rows->relid))
		return;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT count(*) FROM %s JOIN %s AS r ON %s WHERE ",
					 pvext_key_rows_sql(rows), rows->sql_name,
					 pvext_key_match_sql(rows, "k.k%d", 1));
	pvext_append_due(&sql, taking->due, false);
	taking->verify.sql = sql.text.data;
}

/* The UPDATE of the values. */
static void
build_update(PvextTaking *taking)
{
	PvextPlan  *plan = taking->plan;
	PvextDue   *due = taking->due;
	ListCell   *lc;

	foreach(lc, due->columns)
	{
		PvextTarget *target = pvext_add_target(plan, taking->leaf, lfirst(lc), plan->self);
		const char *text = psprintf("DISTINCT CAST(r.%s AS text) COLLATE \"C\"",
									quote_identifier(target->column->name));

		if (target->column->strategy.made_in_c)
			target->gather = pvext_build_column(target, text, true, "");
		target->unlink = pvext_build_unlink(target);
	}
	plan->whole.value = BoolGetDatum(true);
	plan->whole.isnull = false;
	taking->take = pvext_build_update(plan, taking->leaf, plan->targets);
	count_taken(taking, taking->take, due->dirty);
	foreach(lc, plan->targets)
		((PvextTarget *) lfirst(lc))->table = due->table;
}

static PvextRemoval *
add_removal(PvextPlan *plan, PvextTable *table, PvextSet *set)
{
	PvextRemoval *removal = palloc0(sizeof(PvextRemoval));

	removal->table = table;
	removal->set = set;
	plan->removals = lappend(plan->removals, removal);
	return removal;
}

/* The set of a table's rows that go: the one that its own children's hang on. */
static PvextSet *
set_of_parent(PvextTaking *taking, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, taking->plan->removals)
		if (((PvextRemoval *) lfirst(lc))->table == table)
			return ((PvextRemoval *) lfirst(lc))->set;
	return taking->plan->self;
}

/* The DELETE of the rows, and those of what goes with them. */
static void
build_delete(PvextTaking *taking)
{
	PvextPlan  *plan = taking->plan;
	PvextRemoval *own;
	ListCell   *lc;

	foreach(lc, taking->due->children)
	{
		PvextLink  *link = lfirst(lc);
		PvextSet   *set = pvext_set_of_link(plan, link, set_of_parent(taking, link->parent));

		taking->children = lcons(pvext_build_delete(plan, add_removal(plan, link->table, set)),
								 taking->children);
	}
	pvext_add_traced_slots(taking->map, plan);
	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);

		taking->followers = lappend(taking->followers,
									set->slots ? pvext_build_collect(plan, set, true) : NULL);
	}
	/* What personal columns refer to goes with the row. */
	foreach(lc, taking->due->table->columns)
	{
		PvextColumn *column = lfirst(lc);
		PvextTarget target = {.plan = plan, .table = taking->leaf, .column = column, .set = plan->self};
		PvextStep  *unlink = column->missing ? NULL : pvext_build_unlink(&target);

		if (unlink)
			taking->unlinks = lappend(taking->unlinks, unlink);
	}
	own = add_removal(plan, taking->leaf, plan->self);
	taking->take = pvext_build_delete(plan, own);
	count_taken(taking, taking->take, "false");
	own->table = taking->due->table;
}

/* The tables that are locked, and whose records in the log are redacted. */
static void
note_tables(PvextTaking *taking)
{
	ListCell   *lc;

	taking->plan->tables = list_make1(taking->due->table);
	foreach(lc, taking->due->children)
		taking->plan->tables = list_append_unique_ptr(taking->plan->tables,
													  ((PvextLink *) lfirst(lc))->table);
	taking->logged = pvext_is_audited(taking->plan->tables);
}

/*
 * Begin to take what is due of a table from the rows that relid, the table or one below
 * it, holds itself or, without lock, to look at it.  Between pvext_enter() and
 * pvext_leave(), in the current context; lives no longer than the map.
 */
PvextTaking *
pvext_begin_taking(PvextMap *map, PvextDue *due, Oid relid, bool lock)
{
	PvextTaking *taking = palloc0(sizeof(PvextTaking));
	PvextTable *rows = palloc(sizeof(PvextTable));

	taking->map = map;
	taking->due = due;
	taking->lock = lock;
	taking->leaf = palloc(sizeof(PvextTable));
	*taking->leaf = *due->table;
	taking->leaf->sql_name = psprintf("ONLY %s", pvext_relation_name(relid));
	*rows = *due->table;
	rows->key = pvext_primary_key(due->table->relid);
	rows->plans = NIL;
	taking->plan = pvext_begin_plan(rows, NULL);
	taking->plan->self->table = taking->leaf;
	taking->plan->self->with_self = true;
	set_rows_by_place(taking);
	pvext_build_scan(taking);
	build_verify(taking);
	if (due->columns == NIL)
		build_delete(taking);
	else
	{
		build_update(taking);
		pvext_add_traced_slots(map, taking->plan);
	}
	pvext_build_pick(taking);
	if (taking->plan->self->slots != NIL)
		taking->collect = pvext_build_collect(taking->plan, taking->plan->self, false);
	taking->plan->self->table = due->table;
	note_tables(taking);
	return taking;
}

/* Lock the tables whose rows are read and written. */
void
pvext_lock_taking(PvextTaking *taking, LOCKMODE mode)
{
	pvext_lock_plan(taking->plan, mode);
}

static void
free_step(PvextStep *step)
{
	if (step && step->few.plan)
		SPI_freeplan(step->few.plan);
	if (step && step->many.plan)
		SPI_freeplan(step->many.plan);
}

/* Does each batch cost a reading of the audit log? */
bool
pvext_reads_log(PvextTaking *taking)
{
	return taking->logged;
}

/* Free what the server keeps for it. */
void
pvext_end_taking(PvextTaking *taking)
{
	ListCell   *lc;

	free_step(taking->scan);
	free_step(taking->pick);
	free_step(taking->collect);
	free_step(taking->take);
	if (taking->verify.plan)
		SPI_freeplan(taking->verify.plan);
	foreach(lc, taking->children)
		free_step(lfirst(lc));
	foreach(lc, taking->followers)
		free_step(lfirst(lc));
	foreach(lc, taking->plan->targets)
	{
		free_step(((PvextTarget *) lfirst(lc))->gather);
		free_step(((PvextTarget *) lfirst(lc))->unlink);
	}
	foreach(lc, taking->unlinks)
		free_step(lfirst(lc));
	foreach(lc, taking->plan->tellings)
		free_step(lfirst(lc));
	foreach(lc, taking->subject_plans)
		pvext_free_plan(lfirst(lc));
}

/*
 * Taking
 */

static void
still_dirty(PvextDue *due, int64 n)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 due->columns == NIL ?
			 errmsg("rows of %s are still there after they have been deleted", due->table->sql_name) :
			 errmsg("rows of %s are still personal after they have been anonymised",
					due->table->sql_name),
			 errdetail("Rule \"%s\" was to take %lld rows, or values that they hold.", due->rule->name,
					   (long long) n),
			 errhint("Look for triggers that keep them, or write them back.")));
}

/* The elements of a text[] without nulls. */
static List *
texts_of(ArrayType *array)
{
	Datum	   *elements;
	int			n;
	List	   *texts = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		texts = lappend(texts, TextDatumGetCString(elements[i]));
	return texts;
}

/*
 * What the statement has just taken of n rows is gone, unless somebody else has changed
 * the row meanwhile.
 */
static int64
check_taken(PvextTaking *taking, int n)
{
	int64		taken = pvext_int(0, 1);
	int64		dirty = pvext_int(0, 2);
	bool		isnull = true;
	PvextArgs	args = {0};

	if (dirty == 0 && taking->verify.sql && taken > 0)
	{
		Datum		keys = pvext_datum(0, 3, &isnull);

		pvext_arg_key_columns(&args, taking->plan->subject,
							  texts_of(DatumGetArrayTypeP(keys)));
		(void) pvext_run_kept(taking->leaf->owner, &taking->verify, &args, CURSOR_OPT_GENERIC_PLAN);
		dirty = pvext_int(0, 1);
	}
	if (dirty == 0 && taken < n)
		dirty = (int64) pvext_run_step(taking->pick, false);
	if (dirty > 0)
		still_dirty(taking->due, dirty);
	return taken;
}

/* Delete what goes with the rows, from the rows furthest away on. */
static void
delete_children(PvextTaking *taking, PvextTracing *tracing)
{
	ListCell   *lc;
	ListCell   *set;

	forboth(lc, taking->followers, set, taking->plan->sets)
		if (lfirst(lc))
			(void) pvext_fill_slots(lfirst(set), lfirst(lc), false, false);
	if (tracing)
		pvext_trace_rows(tracing, taking->plan);
	foreach(lc, taking->children)
		(void) pvext_run_step(lfirst(lc), false);
}

/* The rows at the places that are set, and what the log has of them. */
static int64
take_rows(PvextTaking *taking, char **keys, int n)
{
	PvextPlan  *plan = taking->plan;
	PvextRedaction *redaction = NULL;
	List	   *redactions = NIL;
	PvextStrays strays;
	int64		taken;
	ListCell   *lc;

	pvext_begin_strays(&strays);
	if (taking->logged)
		redaction = pvext_begin_redaction(taking->map, plan);
	for (int i = 0; redaction && i < n; i++)
		pvext_redact_before(redaction, keys[i], NULL);
	if (taking->collect)
		(void) pvext_fill_slots(plan->self, taking->collect, false, false);
	delete_children(taking, pvext_redaction_tracing(redaction));
	pvext_gather_values(plan, false);
	pvext_unlink_objects(plan, false);
	foreach(lc, taking->unlinks)
		(void) pvext_run_step(lfirst(lc), false);
	(void) pvext_run_step(taking->take, false);
	taken = check_taken(taking, n);
	pvext_check_strays(&strays, plan, taking->leaf, false);
	if (redaction)
	{
		pvext_plan_redaction(&redactions, redaction, taking->due->columns == NIL);
		pvext_redact(redactions);
	}
	return taken;
}

static bool
same_blocked(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* SQL over row r: when what is due may go, as a column is retained until then. */
static char *
until_sql(PvextDue *due)
{
	if (due->also == NULL)
		return due->until;
	return psprintf("CASE WHEN %s THEN %s ELSE CAST('infinity' AS timestamptz) END", due->also,
					due->until);
}

/* The plan that takes what is due from subjects of a table. */
static PvextPlan *
plan_of_subject(PvextTaking *taking, PvextTable *subject, const char *blocked)
{
	MemoryContext old;
	PvextPlan  *plan;
	ListCell   *lc;

	if (!taking->due->redacts)
		blocked = NULL;			/* nothing but what is due goes */
	foreach(lc, taking->subject_plans)
		if (((PvextPlan *) lfirst(lc))->subject == subject &&
			same_blocked(((PvextPlan *) lfirst(lc))->blocked, blocked))
			return lfirst(lc);
	old = MemoryContextSwitchTo(taking->plan->context);
	plan = pvext_partial_plan(taking->map, subject, taking->due->table, taking->due->columns,
							  until_sql(taking->due), taking->due->redacts, blocked);
	taking->subject_plans = lappend(taking->subject_plans, plan);
	MemoryContextSwitchTo(old);
	pvext_lock_plan(plan, RowExclusiveLock);
	return plan;
}

/*
 * Have the subject's identifying values gone before, or never been there?  Its texts
 * cannot be searched for them then.
 */
static bool
is_unknown(PvextPlan *plan)
{
	ListCell   *lc;

	if (!plan->redacts)
		return false;
	pvext_collect(plan, true, false, false);
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (strcmp(target->column->category, "identifying") != 0)
			continue;
		(void) pvext_run_step(target->preview, false);
		if (pvext_int(0, 1) + pvext_int(0, 2) > 0)
			return false;
	}
	return true;
}

/* What is kept under a subject's key is kept under its new one. */
static void
follow_key(PvextTable *subject, const char *former, const bytea *digest, const char *key)
{
	bytea	   *new_digest = pvext_subject_digest(subject->id, key);
	PvextEnding ending = {pstrdup(former), unconstify(bytea *, digest), new_digest};
	bool		any_hold;

	pvext_end_consents(subject, list_make1(&ending));
	pvext_rekey_request(subject, digest, key, new_digest);
	(void) pvext_held_by(digest, &any_hold);
	if (any_hold)
		pvext_forget_held_key(digest, new_digest);
}

static void
take_from_subject(PvextTaking *taking, PvextOwner *owner, List **redactions)
{
	PvextTable *subject = owner->subject;
	const char *key = owner->key;
	PvextPlan  *plan = plan_of_subject(taking, subject, owner->blocked);
	List	   *rows = pvext_lock_rows(plan, list_make1(pvext_split_key(subject, key)), true);
	bytea	   *digest = pvext_subject_digest(subject->id, key);
	PvextRedaction *redaction;
	PvextOutcome outcome;
	PvextRow   *row;

	if (rows == NIL)
		return;
	row = linitial(rows);
	pvext_forget_slots(plan);
	pvext_set_rows(plan, rows);
	redaction = pvext_begin_redaction(taking->map, plan);
	pvext_redact_before(redaction, key, digest);
	pvext_run_plan(plan, rows, digest, is_unknown(plan), pvext_redaction_tracing(redaction),
				   &outcome);
	pvext_redact_after(redaction, row->key);
	pvext_plan_redaction(redactions, redaction, outcome.held == 0);
	pvext_record_redaction(plan, digest);
	if (strcmp(row->key, key) != 0)
		follow_key(subject, key, digest, row->key);
}

static bool
same_subject(PvextOwner *a, PvextOwner *b)
{
	return a->subject == b->subject && strcmp(a->key, b->key) == 0;
}

/*
 * The owners from whom something is to be taken, each subject once; in order, since they
 * have been judged.  With shared, those who share a row with another.
 */
static List *
owners_to_take_from(PvextPicks *picks, const int *nowners, bool shared)
{
	List	   *owners = NIL;
	ListCell   *lc;

	foreach(lc, picks->owners)
	{
		PvextOwner *owner = lfirst(lc);
		PvextFate  *fate = &picks->fates[owner->row];

		if (owner->gone || fate->spared || fate->clean || (shared && nowners[owner->row] < 2) ||
			(owners != NIL && same_subject(llast(owners), owner)))
			continue;
		owners = lappend(owners, owner);
	}
	return owners;
}

/* What leads to other tables is taken from each subject, and alone from rows that are nobody's. */
static void
take_from_subjects(PvextTaking *taking, PvextPicks *picks, int *nowners)
{
	List	   *redactions = NIL;
	ListCell   *lc;

	foreach(lc, picks->owners)
		if (!((PvextOwner *) lfirst(lc))->gone)	/* its rows are taken as nobody's */
			nowners[((PvextOwner *) lfirst(lc))->row]++;
	foreach(lc, owners_to_take_from(picks, nowners, false))
	{
		take_from_subject(taking, lfirst(lc), &redactions);
		CHECK_FOR_INTERRUPTS();
	}
	pvext_redact(redactions);

	/* A text that several are about is known to be clean as the last of them left it. */
	if (taking->due->texts != NIL && !taking->due->redacts)
		foreach(lc, owners_to_take_from(picks, nowners, true))
		{
			redactions = NIL;
			take_from_subject(taking, lfirst(lc), &redactions);
		}
}

static void
check_nobodys(PvextDue *due)
{
	ListCell   *lc;

	foreach(lc, due->columns)
		if (((PvextColumn *) lfirst(lc))->leads)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of rows of %s that belong to nobody cannot be replaced",
							((PvextColumn *) lfirst(lc))->name, due->table->sql_name),
					 errdetail("Other rows may refer to them by it."),
					 errhint("Link the rows to a subject, or delete them.")));
}

/*
 * Subjects whose own rows have been deleted: what they consented and agreed to ends,
 * and a request of theirs is fulfilled, where no other rows can be left of them.
 */
static void
end_subjects(PvextTaking *taking, PvextPicks *picks)
{
	PvextTable *subject = taking->due->table;
	PvextPlan  *plan = subject->is_subject ? pvext_plan(taking->map, subject, NULL) : NULL;
	ListCell   *lc;

	foreach(lc, plan ? picks->owners : NIL)
	{
		PvextOwner *owner = lfirst(lc);
		PvextEnding ending = {owner->key};

		if (owner->subject != subject || picks->fates[owner->row].spared)
			continue;
		ending.former = ending.digest = pvext_subject_digest(subject->id, owner->key);
		pvext_end_consents(subject, list_make1(&ending));
		if (!plan->unenforced && ending.kept == 0)
			pvext_conclude_deleted(subject, ending.digest);
	}
}

/*
 * Take what is due from rows that were picked for it.  Returns how many rows lost
 * something.
 */
int64
pvext_take(PvextTaking *taking, PvextPicks *picks)
{
	int		   *nowners = palloc0(sizeof(int) * Max(picks->n, 1));
	int64		taken = 0;
	int			n = 0;

	if (taking->due->by_subject)
		take_from_subjects(taking, picks, nowners);
	for (int i = 0; i < picks->n; i++)
		if (picks->fates[i].spared || picks->fates[i].clean)
			continue;
		else if (nowners[i] > 0)
			taken++;
		else
		{
			picks->tids[n] = picks->tids[i];
			picks->keys[n++] = picks->keys[i];
		}
	if (n == 0)
		return taken;
	if (taking->due->by_subject)
		check_nobodys(taking->due);
	pvext_set_places(taking, picks->tids, n);
	taken += take_rows(taking, picks->keys, n);
	if (taking->due->columns == NIL)
		end_subjects(taking, picks);
	return taken;
}

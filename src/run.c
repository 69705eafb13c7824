/*
 * run.c
 *		Carrying out a plan for some subjects.
 *
 * A run goes in passes: the rows that belong are found and locked from the
 * subjects down, a new snapshot per level; values are replaced from the leaves
 * up, and keys follow, all as of one moment (moment.c); then every table is verified.
 * What a trigger wrote back meanwhile gets another pass.
 */
#include "postgres.h"
#include "message.h"

#include "access/xact.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "kept_key.h"
#include "key.h"
#include "known_text.h"
#include "miscadmin.h"
#include "moment.h"
#include "others.h"
#include "phrase.h"
#include "result.h"
#include "run.h"
#include "stray.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#define MAX_PASSES 3

/* The first column of the last result, nulls left out. */
static List *
result_texts(uint64 n)
{
	List	   *texts = NIL;

	for (uint64 i = 0; i < n; i++)
	{
		char	   *text = pvext_value(i, 1);

		if (text)
			texts = lappend(texts, text);
	}
	return texts;
}

/* A subject's row in the last result. */
static PvextRow *
read_row(PvextPlan *plan, uint64 n)
{
	int			nslots = list_length(plan->self->slots);
	PvextRow   *row = palloc0(sizeof(PvextRow));

	row->n = (int) pvext_int(n, 1) - 1;
	row->key = pvext_value(n, 2);
	row->slots = palloc(sizeof(Datum) * nslots);
	row->nulls = palloc(sizeof(bool) * nslots);
	for (int s = 0; s < nslots; s++)
		row->slots[s] = pvext_datum(n, s + 3, &row->nulls[s]);
	return row;
}

/*
 * Find the subjects' own rows, and with lock take them FOR UPDATE in key
 * order.  keys holds for each subject the list of its key columns' texts.
 * Returns a PvextRow for each that was found, its values living as long as
 * the SPI connection.
 */
List *
pvext_lock_rows(PvextPlan *plan, List *keys, bool lock)
{
	PvextArgs	args = {0};
	uint64		n;
	List	   *rows = NIL;

	if (list_length(keys) == 1)
	{
		ListCell   *lc;

		foreach(lc, linitial(keys))
			pvext_arg_text(&args, lfirst(lc));
		n = pvext_run_keys(plan->subject, lock ? &plan->lock_one : &plan->look_one,
						   &args, CURSOR_OPT_GENERIC_PLAN);
	}
	else
	{
		for (int i = 0; i < list_length(plan->subject->key); i++)
		{
			List	   *part = NIL;
			ListCell   *lc;

			foreach(lc, keys)
				part = lappend(part, list_nth(lfirst(lc), i));
			pvext_arg(&args, TEXTARRAYOID, pvext_text_array(part), false);
		}
		n = pvext_run_keys(plan->subject, lock ? &plan->lock_many : &plan->look_many, &args, 0);
	}
	for (uint64 i = 0; i < n; i++)
		rows = lappend(rows, read_row(plan, i));
	return rows;
}

/* What a row of the subject table would be that had a key, whose columns' texts these are. */
PvextRow *
pvext_row_of_key(PvextPlan *plan, List *parts)
{
	PvextArgs	args = {0};
	PvextRow   *row;
	ListCell   *lc;

	foreach(lc, parts)
		pvext_arg_text(&args, lfirst(lc));
	(void) pvext_run_keys(plan->subject, &plan->key_one, &args, CURSOR_OPT_GENERIC_PLAN);
	row = read_row(plan, 0);
	row->gone = true;
	return row;
}

/* Let the plan's statements be about these subjects. */
void
pvext_set_rows(PvextPlan *plan, List *rows)
{
	int			nrows = list_length(rows);
	ListCell   *lc;
	int			s = 0;

	foreach(lc, plan->self->slots)
	{
		PvextSlot  *slot = lfirst(lc);
		Datum	   *elements = palloc(sizeof(Datum) * Max(nrows, 1));
		bool	   *nulls = palloc(sizeof(bool) * Max(nrows, 1));
		int16		typlen;
		bool		typbyval;
		char		typalign;
		int			lbound = 1;
		int			i = 0;
		ListCell   *cell;

		foreach(cell, rows)
		{
			PvextRow   *row = lfirst(cell);

			elements[i] = row->slots[s];
			nulls[i++] = row->nulls[s];
		}
		get_typlenbyvalalign(slot->element, &typlen, &typbyval, &typalign);
		slot->param.value = PointerGetDatum(construct_md_array(elements, nulls, 1, &nrows,
															   &lbound, slot->element,
															   typlen, typbyval, typalign));
		slot->param.isnull = false;
		s++;
	}
}

/*
 * Read a set's slots by one of its steps, in place of what they hold or after
 * it.  Returns the number of rows found.
 */
int64
pvext_fill_slots(PvextSet *set, PvextStep *step, bool append, bool many)
{
	ListCell   *lc;
	int			s = 1;

	(void) pvext_run_step(step, many);
	foreach(lc, set->slots)
	{
		PvextSlot  *slot = lfirst(lc);
		bool		isnull;
		Datum		found = pvext_datum(0, s++, &isnull);

		if (append && !slot->param.isnull && !isnull)
			found = OidFunctionCall2(F_ARRAY_CAT, slot->param.value, found);
		else if (append && isnull)
			continue;
		slot->param.value = found;
		slot->param.isnull = isnull;
	}
	return pvext_int(0, s);
}

/* Forget the rows that links led to, for they were another subject's. */
void
pvext_forget_slots(PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->sets)
		foreach(cell, ((PvextSet *) lfirst(lc))->slots)
			((PvextSlot *) lfirst(cell))->param.isnull = true;
}

/*
 * Follow the links from the subjects down, level by level.  Where links form
 * a cycle, until no more rows are found.
 */
void
pvext_collect(PvextPlan *plan, bool lock, bool append, bool many)
{
	int64		before = -1;
	int64		found = 0;

	while (found != before)
	{
		ListCell   *lc;

		before = found;
		found = 0;
		foreach(lc, plan->sets)
		{
			PvextSet   *set = lfirst(lc);

			if (set->collect)
				found += pvext_fill_slots(set, lock ? set->collect : set->look, append, many);
		}
		if (!plan->cyclic)
			break;
		CHECK_FOR_INTERRUPTS();
	}
}

/* Numbers for new tokens, as many as asked for. */
static int64 *
draw_serials(int n)
{
	static PvextStatement draw = {
		"SELECT nextval('pv.token_seq') FROM generate_series(1, $1)", NULL
	};
	PvextArgs	args = {0};
	int64	   *serials = palloc(sizeof(int64) * n);

	pvext_arg_int4(&args, n);
	(void) pvext_own_kept(&draw, &args);
	for (int i = 0; i < n; i++)
		serials[i] = pvext_int(i, 1);
	return serials;
}

/* The new values, in the order of the old ones. */
static List *
make_values(PvextTarget *target, List *old)
{
	List	   *made = NIL;
	ListCell   *lc;
	int			i = 0;
	int64	   *serials;

	if (old == NIL)
		return NIL;
	serials = draw_serials(list_length(old));
	foreach(lc, old)
		made = lappend(made, pvext_make_value(&target->column->strategy, lfirst(lc),
											  serials[i++]));
	return made;
}

/* Pairs as a jsonb object {old: new}. */
static Datum
json_pairs(List *old, List *made)
{
	JsonbParseState *state = NULL;
	JsonbValue *result;
	ListCell   *key;
	ListCell   *value;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	forboth(key, old, value, made)
	{
		JsonbValue	json;

		json.type = jbvString;
		json.val.string.val = lfirst(key);
		json.val.string.len = strlen(lfirst(key));
		(void) pushJsonbValue(&state, WJB_KEY, &json);
		json.val.string.val = lfirst(value);
		json.val.string.len = strlen(lfirst(value));
		(void) pushJsonbValue(&state, WJB_VALUE, &json);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbPGetDatum(JsonbValueToJsonb(result));
}

/* Make the new values of columns whose strategy works in C. */
void
pvext_gather_values(PvextPlan *plan, bool many)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		List	   *old;

		if (target->blocked || target->column->leads || target->gather == NULL)
			continue;
		old = result_texts(pvext_run_step(target->gather, many));
		target->made.value = json_pairs(old, make_values(target, old));
		target->made.isnull = false;
	}
}

/* A re-keyed row: its old key columns, one after the other, and the new value. */
typedef struct KeyChange
{
	char	   *old;
	char	   *made;
} KeyChange;

static int
compare_changes(const void *a, const void *b)
{
	return strcmp(((const KeyChange *) a)->old, ((const KeyChange *) b)->old);
}

/* The key columns' texts as one, such that different keys stay different. */
static char *
join_key(List *parts)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, parts)
		appendStringInfo(&buf, "%zu:%s", strlen(lfirst(lc)), (char *) lfirst(lc));
	return buf.data;
}

/*
 * The subjects' rows again, by the keys that they have now.
 */
static List *
find_rows_again(PvextPlan *plan, PvextTarget *target, List *rows,
				KeyChange *key_changes, int nchanges)
{
	List	   *keys = NIL;
	List	   *found;
	ListCell   *lc;

	qsort(key_changes, nchanges, sizeof(KeyChange), compare_changes);
	foreach(lc, rows)
	{
		List	   *parts = pvext_split_key(plan->subject, ((PvextRow *) lfirst(lc))->key);
		KeyChange	wanted = {join_key(parts), NULL};
		KeyChange  *change = bsearch(&wanted, key_changes, nchanges, sizeof(KeyChange),
									 compare_changes);

		for (int i = 0; change && i < list_length(parts); i++)
			if (strcmp(list_nth(plan->subject->key, i), target->column->name) == 0)
				lfirst(list_nth_cell(parts, i)) = change->made;
		keys = lappend(keys, parts);
	}
	found = pvext_lock_rows(plan, keys, true);
	foreach(lc, found)
	{
		PvextRow   *row = lfirst(lc);

		((PvextRow *) list_nth(rows, row->n))->key = row->key;
	}
	return found;
}

/* The subject's key columns among those of a gathered row, joined. */
static char *
subject_key(PvextPlan *plan, PvextTarget *target, List *texts)
{
	List	   *parts = NIL;
	ListCell   *lc;

	foreach(lc, plan->subject->key)
		for (int i = 0; i < list_length(target->key_columns); i++)
			if (strcmp(lfirst(lc), list_nth(target->key_columns, i)) == 0)
				parts = lappend(parts, list_nth(texts, i));
	return join_key(parts);
}

/*
 * Read the keys to change and make their new values.  Returns how many.
 */
static int
gather_keys(PvextPlan *plan, PvextTarget *target, bool many, KeyChange **key_changes)
{
	int			n = (int) pvext_run_step(target->gather, many);
	int			nkeys = list_length(target->key_columns);
	SPITupleTable *found = SPI_tuptable;
	List	   *made = NIL;
	List	  **old;
	int64	   *serials = NULL;

	if (n == 0)
		return 0;
	if (target->column->strategy.made_in_c)
		serials = draw_serials(n);
	SPI_tuptable = found;
	old = palloc0(sizeof(List *) * nkeys);
	*key_changes = palloc0(sizeof(KeyChange) * n);
	for (int i = 0; i < n; i++)
	{
		List	   *texts = NIL;
		char	   *value;

		for (int k = 0; k < nkeys; k++)
		{
			char	   *text = pvext_value(i, k + 2);

			texts = lappend(texts, text ? text : "");
			old[k] = lappend(old[k], text ? text : "");
		}
		value = serials ? pvext_make_value(&target->column->strategy, linitial(texts),
										   serials[i]) : pvext_value(i, 1);
		made = lappend(made, value);
		(*key_changes)[i].made = value;
		(*key_changes)[i].old = subject_key(plan, target, texts);
	}
	target->new_keys.value = pvext_text_array(made);
	target->new_keys.isnull = false;
	for (int k = 0; k < nkeys; k++)
	{
		PvextParam *param = list_nth(target->old_keys, k);

		param->value = pvext_text_array(old[k]);
		param->isnull = false;
	}
	return n;
}

/* SQL: the column of a row r, whose value is given as $1. */
static char *
column_of_gone(PvextTarget *target)
{
	return psprintf("(SELECT %s AS %s) AS r", pvext_cast_key(target->column->strategy.type, "$1"),
					quote_identifier(target->column->name));
}

/* Is the part of a subject's key that the column is one that has taken another's place? */
bool
pvext_is_key_replaced(PvextPlan *plan, PvextTarget *target, const char *key)
{
	List	   *parts = pvext_split_key(plan->subject, key);
	PvextArgs	args = {0};

	for (int i = 0; i < list_length(parts); i++)
		if (strcmp(list_nth(plan->subject->key, i), target->column->name) == 0)
			pvext_arg_text(&args, list_nth(parts, i));
	(void) pvext_run(plan->subject->owner,
					 psprintf("SELECT %s FROM %s", pvext_strategy_test(&target->column->strategy, 0),
							  column_of_gone(target)), &args);
	return pvext_bool(0, 1);
}

/* A new value in place of part of the key of a subject whose row is gone. */
static char *
make_gone_value(PvextPlan *plan, PvextTarget *target, const char *old)
{
	PvextStrategy *strategy = &target->column->strategy;
	PvextArgs	args = {0};

	if ((!strategy->made_in_c && strategy->kind != PVEXT_TOKEN) ||
		!pvext_same_names(target->key_columns, plan->subject->key))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the key of a subject of %s whose row is gone cannot be replaced",
						plan->subject->sql_name),
				 errhint("Insert a row with the key, and erase the subject then.")));
	if (strategy->made_in_c)
		return pvext_make_value(strategy, old, draw_serials(1)[0]);
	pvext_arg_text(&args, old);
	(void) pvext_run(plan->subject->owner,
					 psprintf("SELECT CAST(%s AS text) FROM %s", pvext_strategy_value(strategy, 0),
							  column_of_gone(target)), &args);
	return pvext_value(0, 1);
}

/*
 * The new key for the one of a subject whose row is gone: links hold it still.  Returns
 * its row, or NULL where the column is none of the key.
 */
static PvextRow *
replace_gone_key(PvextPlan *plan, PvextTarget *target, PvextRow *row)
{
	List	   *parts = pvext_split_key(plan->subject, row->key);
	List	   *names = plan->subject->key;
	char	   *made = NULL;

	if (target->table != plan->subject || !pvext_has_name(names, target->column->name) ||
		pvext_is_key_replaced(plan, target, row->key))
		return NULL;
	for (int i = 0; i < list_length(names); i++)
		for (int k = 0; k < list_length(target->key_columns); k++)
		{
			PvextParam *param = list_nth(target->old_keys, k);

			if (strcmp(list_nth(names, i), list_nth(target->key_columns, k)) != 0)
				continue;
			param->value = pvext_text_array(list_make1(list_nth(parts, i)));
			param->isnull = false;
		}
	for (int i = 0; i < list_length(names); i++)
		if (strcmp(list_nth(names, i), target->column->name) == 0)
		{
			made = make_gone_value(plan, target, list_nth(parts, i));
			lfirst(list_nth_cell(parts, i)) = made;
		}
	target->new_keys.value = pvext_text_array(list_make1(made));
	target->new_keys.isnull = false;
	return pvext_row_of_key(plan, parts);
}

/* The same as below, of one whose row is gone: once, whatever turns up later. */
static int64
follow_gone_key(PvextPlan *plan, PvextRow *gone, List **matched, bool many)
{
	int64		changed = 0;
	ListCell   *lc;

	if (list_length(*matched) > 1)
		return 0;
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		PvextRow   *row = target->blocked || target->follow == NULL ? NULL :
			replace_gone_key(plan, target, gone);

		if (row == NULL)
			continue;
		(void) pvext_run_step(target->follow, many);
		changed++;
		if (plan->unenforced)
			plan->kept = lappend(plan->kept, pvext_note_keys(target));
		*matched = lappend(list_copy(*matched), row);
		pvext_set_rows(plan, *matched);
		gone->key = row->key;
		gone->slots = row->slots;
		gone->nulls = row->nulls;
	}
	return changed;
}

/*
 * Give leading columns their new values, and all that follow.  Returns the
 * number of keys changed; *matched gains the rows under their new keys, for
 * rows may still turn up under either.
 */
static int64
follow_keys(PvextPlan *plan, List *rows, List **matched, bool many)
{
	int64		changed = 0;
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		KeyChange  *key_changes = NULL;
		int			n;

		if (target->blocked || target->follow == NULL)
			continue;
		n = gather_keys(plan, target, many, &key_changes);
		if (target->new_keys.isnull)
			continue;
		changed += pvext_run_step(target->follow, many);
		if (plan->unenforced)
			plan->kept = lappend(plan->kept, pvext_note_keys(target));
		if (n > 0 && target->table == plan->subject)
		{
			*matched = list_concat_copy(*matched,
										find_rows_again(plan, target, rows, key_changes, n));
			pvext_set_rows(plan, *matched);
		}
	}
	return changed;
}

/*
 * Verify: *dirty rows still hold what should be gone; the outcome says how
 * many are held and until when.
 */
void
pvext_check_plan(PvextPlan *plan, bool many, int64 *dirty, PvextOutcome *outcome)
{
	ListCell   *lc;

	*dirty = 0;
	outcome->held = 0;
	outcome->until = DT_NOBEGIN;
	plan->own_xid.value = TransactionIdGetDatum(GetCurrentTransactionIdIfAny());
	foreach(lc, plan->checks)
	{
		uint64		n = pvext_run_step(lfirst(lc), many);

		for (uint64 i = 0; i < n; i++)
		{
			bool		isnull;
			Datum		until = pvext_datum(i, 3, &isnull);

			*dirty += pvext_int(i, 1);
			outcome->held += pvext_int(i, 2);
			if (!isnull)
				outcome->until = Max(outcome->until, DatumGetTimestampTz(until));
		}
	}
}

/*
 * Read what redaction needs: the subject's identifying values, before they
 * go, and the texts known to be free of them.  Where identifying values have
 * gone before, or are very many or very long, whole texts are replaced.  One
 * subject at a time.
 */
void
pvext_prepare_redaction(PvextPlan *plan, const bytea *digest, bool whole)
{
	List	   *values = NIL;
	ListCell   *lc;

	if (!plan->redacts)
		return;
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->identify)
			values = list_concat(values,
								 result_texts(pvext_run_step(target->identify, false)));
	}
	whole = whole || !pvext_can_phrase(values);
	plan->values.isnull = whole;
	plan->values.value = whole ? (Datum) 0 : pvext_text_array(values);
	plan->whole.value = BoolGetDatum(whole);
	plan->whole.isnull = false;
	pvext_read_known_texts(plan, digest);
}

/* What an earlier run left in the plan is not of this one. */
static void
forget_keys(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
		((PvextTarget *) lfirst(lc))->new_keys.isnull = true;
	plan->kept = NIL;
	pvext_forget_slots(plan);
}

/* Unlink the large objects that values refer to which are about to go. */
void
pvext_unlink_objects(PvextPlan *plan, bool many)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->unlink && !target->blocked)
			(void) pvext_run_step(target->unlink, many);
	}
}

/* A run, and the pass of it in hand. */
typedef struct Run
{
	PvextPlan  *plan;
	List	   *rows;			/* PvextRow: the subjects */
	const bytea *digest;
	bool		whole;
	bool		many;
	PvextOutcome *outcome;
	void		(*found) (void *arg);	/* called when rows have been found */
	void	   *found_arg;
	PvextStrays strays;
	bool		begun;
	bool		idle;			/* of what is due by a clock nothing is any more */
	List	   *matched;		/* PvextRow: rows, and those under keys they have got since */
	int64		keys;			/* that the pass has replaced */
} Run;

/* pvext_collect() for a run, which locks the rows. */
static void
collect(Run *run, bool append)
{
	pvext_collect(run->plan, true, append, run->many);
	if (run->found)
		run->found(run->found_arg);
}

/* Is there still something to be taken of what the plan is for? */
static bool
is_any_due(Run *run)
{
	ListCell   *lc;

	foreach(lc, run->plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (!target->decides)
			continue;
		(void) pvext_run_step(target->preview, run->many);
		if (pvext_int(0, 1) > 0)
			return true;
	}
	return !run->plan->decided;
}

/* Replace and delete, leaves first. */
static void
write_all(Run *run)
{
	ListCell   *lc;

	pvext_unlink_objects(run->plan, run->many);
	foreach(lc, run->plan->writes)
	{
		PvextStep  *step = lfirst(lc);
		uint64		n = pvext_run_step(step, run->many);
		bool		deletes = strncmp(step->few.sql, "DELETE", 6) == 0;

		if (deletes)
			run->outcome->deleted += n;
		else
			run->outcome->anonymised += n;
		pvext_note_own_writes(&run->strays.own, step->table, deletes ? 0 : n, deletes ? n : 0);
	}
}

/* For pvext_at_one_moment(): replace and delete what may go as of now. */
static void
write_pass(void *arg)
{
	Run		   *run = arg;
	PvextPlan  *plan = run->plan;
	List	   *rewritten = NIL;

	if (!run->begun)
	{
		pvext_prepare_redaction(plan, run->digest, run->whole);
		run->idle = !is_any_due(run);
		if (run->idle)
			return;
		pvext_begin_strays(&run->strays);
		run->begun = true;
	}
	pvext_gather_values(plan, run->many);
	if (plan->redacts)
		rewritten = pvext_find_rewritten(plan);
	write_all(run);
	pvext_follow_rewritten(rewritten);
	run->keys = ((PvextRow *) linitial(run->rows))->gone ?
		follow_gone_key(plan, linitial(run->rows), &run->matched, run->many) :
		follow_keys(plan, run->rows, &run->matched, run->many);
	run->outcome->anonymised += run->keys;
	run->strays.rekeyed = run->strays.rekeyed || run->keys > 0;
}

/*
 * Erase what may go of these subjects, whose own rows are locked and whose
 * verdict the plan is for.  A row's key is changed where it was re-keyed.
 * digest and whole are for redaction, which takes one subject at a time, and so does
 * one whose row is gone.  found(arg), if given, is called whenever the plan's slots have
 * got the keys of rows that were found: of all in hand, or of more.  plan->kept then
 * has the keys that were replaced, as long as the current context.
 * Returns false, having done nothing, where the plan is for what a clock has made due,
 * and none of it is due any more now that its rows are locked.
 * Raises when rows stay personal after three passes, or when triggers have written the
 * person's values where the map does not know them.
 */
bool
pvext_run_plan(PvextPlan *plan, List *rows, const bytea *digest, bool whole,
			   void (*found) (void *arg), void *arg, PvextOutcome *outcome)
{
	Run			run = {plan, rows, digest, whole, list_length(rows) > PVEXT_FEW_SUBJECTS, outcome, found, arg};
	bool		rekeyed = false;
	int64		dirty = 0;

	memset(outcome, 0, sizeof(*outcome));
	forget_keys(plan);
	pvext_set_rows(plan, rows);
	run.matched = rows;
	for (int pass = 1; pass <= MAX_PASSES; pass++)
	{
		collect(&run, rekeyed);
		pvext_read_others(plan);
		pvext_at_one_moment(write_pass, &run);
		if (run.idle)
			return false;
		if (run.keys > 0)
		{
			rekeyed = true;
			collect(&run, true);
		}
		pvext_check_plan(plan, run.many, &dirty, outcome);
		if (dirty == 0)
			break;
	}
	if (dirty > 0)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("rows are still personal after %d passes", MAX_PASSES),
				 errdetail("%lld rows linked to %s hold values that were to be erased.",
						   (long long) dirty, plan->subject->sql_name),
				 errhint("Look for triggers or rules that write the values back; pv.preview_erasure() shows the columns.")));
	pvext_check_strays(&run.strays, plan, NULL, run.many);
	return true;
}

/*
 * new_key.c
 *		Replacing keys that identify, and all that hold them.
 *
 * The statement that does it (rekey.c, which says how and why) takes the old keys and the
 * new ones as values, since a subject's rows are found by the old and verified by the
 * new.  It is the last that a pass writes.  The subjects' rows are then found and locked
 * by their new keys and, from then on, are the plan's subjects under both: a trigger may
 * write either.  What was linked to the old one may still turn up: the keys that were
 * replaced are noted (replaced_key.c).
 *
 * A key that has been replaced is clean by its strategy's test: another pass leaves it.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "execution/new_key.h"
#include "execution/new_value.h"
#include "execution/replaced_key.h"
#include "execution/step.h"
#include "map/key.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"

/* A re-keyed row: its old key columns, one after the other, and the new value. */
typedef struct KeyChange
{
	char	   *old;
	char	   *made;
} KeyChange;

/* For qsort() and bsearch(). */
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
 * The subjects' rows again, by the keys that they have now, which become those of the
 * rows given.
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
 * Read the keys to change and make their new values.  Returns how many.  Where there is
 * none the target's values are what they were: those that it has replaced in an earlier
 * pass, under which rows may have come since.
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
		serials = pvext_draw_serials(n);
	SPI_tuptable = found;		/* drawing them has left its own there */
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
		return pvext_make_value(strategy, old, pvext_draw_serials(1)[0]);
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
int64
pvext_replace_gone_key(PvextPlan *plan, PvextRow *gone, List **matched, bool many)
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
int64
pvext_replace_keys(PvextPlan *plan, List *rows, List **matched, bool many)
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

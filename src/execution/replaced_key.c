/*
 * replaced_key.c
 *		Keys that an erasure has replaced, until it has looked for them again.
 *
 * Where a transaction may yet bring rows under a key that an erasure replaces, by a link
 * without a foreign key, the former key is needed once more: such rows are then given the
 * new one, and are found by that as all others are.  Until then the erasure's row in the
 * ledger has both, encrypted under a key of the subject's that is destroyed afterwards.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "consent/evidence.h"
#include "execution/replaced_key.h"
#include "execution/step.h"
#include "utils/array.h"
#include "utils/jsonb.h"

/* The name of the ledger whose evidence this is, for evidence.c. */
#define LEDGER "erasure"

/* What a target's follow step is about to replace, and by what.  In the current context. */
PvextKeptKeys *
pvext_note_keys(PvextTarget *target)
{
	PvextKeptKeys *keys = palloc0(sizeof(PvextKeptKeys));
	ListCell   *lc;

	keys->relation_id = target->table->id;
	keys->column = target->column->name;
	keys->columns = target->key_columns;
	foreach(lc, target->old_keys)
		keys->old = lappend(keys->old, pvext_array_texts(((PvextParam *) lfirst(lc))->value));
	keys->made = pvext_array_texts(target->new_keys.value);
	return keys;
}

/* A string, or a null, as the next element of an array. */
static void
push_string(JsonbParseState **state, const char *text)
{
	JsonbValue	json;

	json.type = text ? jbvString : jbvNull;
	if (text)
	{
		json.val.string.val = unconstify(char *, text);
		json.val.string.len = strlen(text);
	}
	(void) pushJsonbValue(state, WJB_ELEM, &json);
}

/* All of a list. */
static void
push_strings(JsonbParseState **state, List *texts)
{
	ListCell   *lc;

	foreach(lc, texts)
		push_string(state, lfirst(lc));
}

/*
 * As jsonb: an array of strings for each column: the table's id, the column, how many
 * columns the key has and what they are called, the new values, and the old ones of each.
 */
static Jsonb *
write_keys(List *kept)
{
	JsonbParseState *state = NULL;
	ListCell   *lc;
	ListCell   *cell;

	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, kept)
	{
		PvextKeptKeys *keys = lfirst(lc);

		(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		push_string(&state, psprintf("%d", keys->relation_id));
		push_string(&state, keys->column);
		push_string(&state, psprintf("%d", list_length(keys->columns)));
		push_strings(&state, keys->columns);
		push_strings(&state, keys->made);
		foreach(cell, keys->old)
			push_strings(&state, lfirst(cell));
		(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/* The strings of an array, from one of them on, so many or all. */
static List *
read_strings(JsonbContainer *array, int from, int n)
{
	List	   *texts = NIL;

	for (int i = from; i < from + n; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		if (value == NULL || (value->type != jbvString && value->type != jbvNull))
			elog(ERROR, "former keys are not as they were written");
		texts = lappend(texts, value->type == jbvNull ? NULL :
						pnstrdup(value->val.string.val, value->val.string.len));
	}
	return texts;
}

/*
 * What write_keys() has written of a column.  By names and numbers that outlive the map:
 * columns may have been renamed, tables dropped since.
 */
static PvextKeptKeys *
read_keys(JsonbContainer *array)
{
	PvextKeptKeys *keys = palloc0(sizeof(PvextKeptKeys));
	List	   *head = read_strings(array, 0, 3);
	int			size = JsonContainerSize(array);
	int			ncolumns = atoi(lthird(head));
	int			n = (size - 3 - ncolumns) / (ncolumns + 1);
	int			at = 3 + ncolumns;

	keys->relation_id = atoi(linitial(head));
	keys->column = lsecond(head);
	keys->columns = read_strings(array, 3, ncolumns);
	keys->made = read_strings(array, at, n);
	for (int i = 1; i <= ncolumns; i++)
		keys->old = lappend(keys->old, read_strings(array, at + i * n, n));
	return keys;
}

/* The keys, encrypted for the subject; between pvext_enter() and pvext_leave(). */
bytea *
pvext_encrypt_keys(const bytea *digest, List *kept)
{
	return pvext_encrypt_evidence(LEDGER, digest, write_keys(kept));
}

/* What pvext_encrypt_keys() was given; raises where the ledger has been tampered with. */
List *
pvext_decrypt_keys(const bytea *digest, const bytea *encrypted)
{
	Jsonb	   *json = pvext_decrypt_evidence(LEDGER, digest, encrypted);
	List	   *kept = NIL;

	if (json == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the former keys of an erased subject cannot be decrypted"),
				 errdetail("Rows that have come under them cannot be found.")));
	for (int i = 0; i < JsonContainerSize(&json->root); i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(&json->root, i);

		if (value->type != jbvBinary)
			elog(ERROR, "former keys are not as they were written");
		kept = lappend(kept, read_keys(value->val.binary.data));
	}
	return kept;
}

/* From now on nobody knows them. */
void
pvext_destroy_keys(const bytea *digest)
{
	pvext_destroy_evidence_keys(LEDGER, list_make1(unconstify(bytea *, digest)));
}

/* The target whose keys they are; NULL where the map or the verdict of now has none. */
static PvextTarget *
find_target(PvextPlan *plan, PvextKeptKeys *keys)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table->id == keys->relation_id && target->follow && !target->blocked &&
			strcmp(target->column->name, keys->column) == 0)
			return target;
	}
	return NULL;
}

/* Let the target's follow step be about the keys. */
static void
set_keys(PvextTarget *target, PvextKeptKeys *keys)
{
	ListCell   *lc;
	int			k = 0;

	target->new_keys.value = pvext_text_array(keys->made);
	target->new_keys.isnull = false;
	foreach(lc, target->key_columns)
	{
		PvextParam *param = list_nth(target->old_keys, k++);
		int			i = 0;

		while (i < list_length(keys->columns) && strcmp(list_nth(keys->columns, i), lfirst(lc)) != 0)
			i++;
		if (i == list_length(keys->columns))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("rows that came under a former key of %s cannot be told by column \"%s\"",
							target->table->sql_name, (char *) lfirst(lc)),
					 errdetail("Links to it were declared after the key had been replaced."),
					 errhint("Take them out of the map until the erasure has been completed.")));
		param->value = pvext_text_array(list_nth(keys->old, i));
		param->isnull = false;
	}
}

/*
 * Give rows that have come under keys that were replaced the new ones.  The subject is
 * locked, and the plan is about it.  Before the run that looks for them: it finds them by
 * the new key.
 */
void
pvext_follow_kept(PvextPlan *plan, List *kept)
{
	ListCell   *lc;

	foreach(lc, kept)
	{
		PvextTarget *target = find_target(plan, lfirst(lc));

		if (target == NULL)
			continue;			/* blocked, or not replaced by the map of now */
		set_keys(target, lfirst(lc));
		(void) pvext_run_step(target->follow, false);
		target->new_keys.isnull = true;
	}
}

/*
 * new_value.c
 *		Making the new values of columns whose strategy works in C.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "execution/new_value.h"
#include "execution/step.h"
#include "strategy/replacement.h"
#include "utils/jsonb.h"

/* Numbers for new tokens, as many as asked for. */
int64 *
pvext_draw_serials(int n)
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
	serials = pvext_draw_serials(list_length(old));
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
		old = pvext_column_texts(pvext_run_step(target->gather, many));
		target->made.value = json_pairs(old, make_values(target, old));
		target->made.isnull = false;
	}
}

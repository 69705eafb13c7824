/*
 * derived_value.c
 *		Whether triggers compute anew what they have derived from what goes.
 *
 * pvext does not write a derived column: the application's trigger makes it of the erased
 * row.  That it has done so is seen by the value, which is another one afterwards, or was
 * empty before.  (derived_step.c has the queries.)
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "catalog/pg_type.h"
#include "execution/derived_value.h"
#include "execution/step.h"
#include "utils/array.h"

/* A run begins: what an earlier one has read is not of this one. */
void
pvext_forget_derived(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->derived)
		((PvextDerived *) lfirst(lc))->old.isnull = true;
}

/* The digests that have been read, and those of the result in hand. */
static Datum
add_digests(PvextParam *old, uint64 n)
{
	Datum	   *values = NULL;
	int			had = 0;
	Datum	   *all;

	if (!old->isnull)
		deconstruct_array(DatumGetArrayTypeP(old->value), BYTEAOID, -1, false, TYPALIGN_INT,
						  &values, NULL, &had);
	all = palloc(sizeof(Datum) * (had + n));
	for (int i = 0; i < had; i++)
		all[i] = values[i];
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		all[had + i] = pvext_datum(i, 1, &isnull);
	}
	return PointerGetDatum(construct_array(all, had + n, BYTEAOID, -1, false, TYPALIGN_INT));
}

/*
 * Values are about to go: read the digests of what is derived from them.  In the current
 * context, until the run is over.
 */
void
pvext_note_derived(PvextPlan *plan, bool many)
{
	ListCell   *lc;

	foreach(lc, plan->derived)
	{
		PvextDerived *derived = lfirst(lc);
		uint64		n = pvext_run_step(derived->before, many);

		if (n == 0)
			continue;
		derived->old.value = add_digests(&derived->old, n);
		derived->old.isnull = false;
	}
}

/* They have gone: raise where what was derived from them is still there. */
void
pvext_check_derived(PvextPlan *plan, bool many)
{
	ListCell   *lc;

	foreach(lc, plan->derived)
	{
		PvextDerived *derived = lfirst(lc);
		int64		n;

		if (derived->old.isnull)
			continue;
		(void) pvext_run_step(derived->after, many);
		n = pvext_int(0, 1);
		if (n > 0)
			ereport(ERROR,
					(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
					 errmsg("column \"%s\" of table %s still holds what was derived from erased values",
							derived->column->name, derived->table->sql_name),
					 errdetail_plural("No trigger has computed it anew in %lld row.",
									  "No trigger has computed it anew in %lld rows.",
									  (unsigned long) n, (long long) n),
					 errhint("Let a BEFORE UPDATE trigger compute it from the row whenever that changes. Where it is made of some of the personal columns only, name these: pv.declare_personal(..., erase_with => 'derived', parameter => 'name, email').")));
	}
}

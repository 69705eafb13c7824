/*
 * purpose.c
 *		Purposes, as the data map has them: what personal data is processed for.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "catalog/pg_type.h"
#include "map/purpose.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"

/*
 * Raise unless an argument text[] is a list of purposes that are declared, none of them
 * NULL.  (NULL means every purpose and is not to be passed here; the hint says so of an
 * empty list.)  Between pvext_enter() and pvext_leave().
 */
void
pvext_check_purposes(Datum purposes, const char *hint)
{
	ArrayType  *array = DatumGetArrayTypeP(purposes);
	PvextArgs	args = {0};

	if (ARR_NDIM(array) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 ARR_NDIM(array) == 0 ? errmsg("the list of purposes is empty") :
				 errmsg("the list of purposes has more than one dimension"),
				 ARR_NDIM(array) == 0 ? errhint("%s", hint) : 0));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a purpose is null"),
				 errhint("Name purposes declared with pv.declare_purpose().")));
	pvext_arg(&args, TEXTARRAYOID, purposes, false);
	if (pvext_own("SELECT p FROM unnest($1) AS p"
				  " WHERE NOT EXISTS (SELECT FROM pv.purpose AS d WHERE d.name = p) LIMIT 1", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("purpose \"%s\" is not declared", pvext_value(0, 1)),
				 errhint("Declare it with pv.declare_purpose(); pv.purpose lists those that are.")));
}

/* The words that consents are given to, each with its purpose. */
static void
load_wordings(PvextMap *map)
{
	uint64		n = pvext_own("SELECT purpose_id, version, language, digest,"
							  " withdrawn_at IS NOT NULL"
							  " FROM pv.consent_text"
							  " ORDER BY purpose_id, version COLLATE \"C\", language COLLATE \"C\"",
							  NULL);

	for (uint64 i = 0; i < n; i++)
	{
		PvextWording *wording = palloc(sizeof(PvextWording));
		bool		isnull;
		ListCell   *lc;

		wording->version = pvext_value(i, 2);
		wording->language = pvext_value(i, 3);
		wording->digest = DatumGetByteaPCopy(pvext_datum(i, 4, &isnull));
		wording->withdrawn = pvext_bool(i, 5);
		foreach(lc, map->purposes)
		{
			PvextPurpose *purpose = lfirst(lc);

			if (purpose->id == (int32) pvext_int(i, 1))
				purpose->wordings = lappend(purpose->wordings, wording);
		}
	}
}

/*
 * Read the purposes into a map that is being loaded, in the current context.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_load_purposes(PvextMap *map)
{
	uint64		n = pvext_own("SELECT id, name, CAST(legal_basis AS text) FROM pv.purpose", NULL);

	for (uint64 i = 0; i < n; i++)
	{
		PvextPurpose *purpose = palloc0(sizeof(PvextPurpose));

		purpose->id = (int32) pvext_int(i, 1);
		purpose->name = pvext_value(i, 2);
		purpose->basis = pvext_value(i, 3);
		purpose->is_consent = strcmp(purpose->basis, "consent") == 0;
		map->purposes = lappend(map->purposes, purpose);
	}
	load_wordings(map);
}

/* A purpose of the map by its name; raises where it isn't declared. */
PvextPurpose *
pvext_purpose(PvextMap *map, const char *name)
{
	ListCell   *lc;

	foreach(lc, map->purposes)
		if (strcmp(((PvextPurpose *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("purpose \"%s\" is not declared", name),
			 errhint("Declare it with pv.declare_purpose(); pv.purpose lists those that are.")));
	return NULL;				/* not reached */
}

/* Raise unless the purpose rests on consent. */
void
pvext_check_rests_on_consent(PvextPurpose *purpose)
{
	if (!purpose->is_consent)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("purpose \"%s\" does not rest on consent", purpose->name),
				 errdetail("Its legal basis is %s.", purpose->basis),
				 errhint("It takes objections, with pv.object_to(); pv.may_process() says whether it may be processed for.")));
}

/* A purpose of the map by its name, which rests on consent. */
PvextPurpose *
pvext_consent_purpose(PvextMap *map, const char *name)
{
	PvextPurpose *purpose = pvext_purpose(map, name);

	pvext_check_rests_on_consent(purpose);
	return purpose;
}

/*
 * purpose.c
 *		Purposes: what personal data is processed for.
 */
#include "postgres.h"
#include "message.h"

#include "arg.h"
#include "catalog/pg_type.h"
#include "event.h"
#include "fmgr.h"
#include "compat.h"
#include "purpose.h"
#include "spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(pvext_declare_purpose);
PG_FUNCTION_INFO_V1(pvext_undeclare_purpose);

Datum
pvext_declare_purpose(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	char	   *name = pvext_text_arg(fcinfo, 0);

	pvext_require_arg(fcinfo, 0, "name");
	pvext_require_arg(fcinfo, 1, "legal_basis");
	pvext_require_arg(fcinfo, 2, "description");
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a purpose is empty")));
	pvext_enter(&scope);
	pvext_arg_text(&args, name);
	pvext_arg_text(&args, DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(1))));
	pvext_arg_text(&args, pvext_text_arg(fcinfo, 2));
	(void) pvext_own("INSERT INTO pv.purpose VALUES ($1, $2::pv.legal_basis, $3)"
					 " ON CONFLICT (name) DO UPDATE SET legal_basis = excluded.legal_basis,"
					 " description = excluded.description", &args);
	pvext_record_event(psprintf("declare_purpose(%s)", name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

Datum
pvext_undeclare_purpose(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	pvext_enter(&scope);
	pvext_arg_text(&args, name);
	if (pvext_own("SELECT format('column %I of table %s', p.column_name,"
				  "  coalesce(r.relation::text, r.name::text))"
				  " FROM pv.declared_personal p JOIN pv.relation r ON r.id = p.relation_id"
				  " WHERE $1 = ANY (p.purposes)"
				  " UNION ALL SELECT format('blocker %I of table %s', b.name,"
				  "  coalesce(r.relation::text, r.name::text))"
				  " FROM pv.declared_blocker b JOIN pv.relation r ON r.id = b.relation_id"
				  " WHERE $1 = ANY (b.purposes) ORDER BY 1 LIMIT 1", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("purpose \"%s\" is still in use", name),
				 errdetail("It is a purpose of %s.", pvext_value(0, 1)),
				 errhint("Declare what names it with other purposes first.")));
	if (pvext_own("DELETE FROM pv.purpose WHERE name = $1", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("purpose \"%s\" is not declared", name),
				 errhint("pv.purpose lists those that are.")));
	pvext_record_event(psprintf("undeclare_purpose(%s)", name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * Check an argument text[] of purposes: not empty, all declared.  (NULL means
 * every purpose and is not to be passed here.)
 */
void
pvext_check_purposes(ArrayType *purposes)
{
	PvextArgs	args = {0};

	if (ARR_NDIM(purposes) != 1 || array_contains_nulls(purposes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("purposes must be a list of names that is not empty"),
				 errhint("Leave it out for data of every purpose.")));
	pvext_arg(&args, TEXTARRAYOID, PointerGetDatum(purposes), false);
	if (pvext_own("SELECT u FROM unnest($1) AS u"
				  " WHERE u NOT IN (SELECT name FROM pv.purpose) LIMIT 1", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("purpose \"%s\" is not declared", pvext_value(0, 1)),
				 errhint("Declare it with pv.declare_purpose(); pv.purpose lists those that are.")));
}

/*
 * declare_purpose.c
 *		Declaring purposes.
 *
 * What has been recorded under a purpose (consents, objections) must go on to mean what
 * it meant: its legal basis cannot become another beneath it, and it cannot go.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/result.h"
#include "consent/recording.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(pvext_declare_purpose);
PG_FUNCTION_INFO_V1(pvext_undeclare_purpose);

/*
 * Consents that are in force and objections that stand would mean nothing on
 * another basis.  $1 is the purpose's name.
 */
static void
check_new_basis(const char *name, const char *basis, PvextArgs *args)
{
	int32		id;
	bool		was_consent;
	bool		is_consent = strcmp(basis, "consent") == 0;

	if (pvext_own("SELECT id, legal_basis = 'consent' FROM pv.purpose"
				  " WHERE name = $1 FOR UPDATE", args) == 0)
		return;
	id = (int32) pvext_int(0, 1);
	was_consent = pvext_bool(0, 2);
	if (was_consent == is_consent)
		return;
	pvext_stop_new_consents();
	if (was_consent && pvext_is_consented_to(id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("consents to purpose \"%s\" are in force", name),
				 errhint("Declare another purpose for what rests on another basis.")));
	if (is_consent && pvext_is_objected_to(id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("objections to purpose \"%s\" stand", name),
				 errhint("Declare another purpose for what rests on consent.")));
}

/*
 * pv.declare_purpose(name, legal_basis, description): declare a purpose, or change what
 * is declared of it.
 */
Datum
pvext_declare_purpose(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	char	   *name = pvext_text_arg(fcinfo, 0);
	char	   *basis;

	pvext_require_arg(fcinfo, 0, "name");
	pvext_require_arg(fcinfo, 1, "legal_basis");
	pvext_require_arg(fcinfo, 2, "description");
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a purpose is empty")));
	basis = DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(1)));
	pvext_enter(&scope);
	pvext_arg_text(&args, name);
	check_new_basis(name, basis, &args);
	pvext_arg_text(&args, basis);
	pvext_arg_text(&args, pvext_text_arg(fcinfo, 2));
	(void) pvext_own("WITH old AS (SELECT * FROM pv.purpose WHERE name = $1)"
					 " INSERT INTO pv.purpose AS n (name, legal_basis, description)"
					 " VALUES ($1, $2::pv.legal_basis, $3)"
					 " ON CONFLICT (name) DO UPDATE SET legal_basis = excluded.legal_basis,"
					 " description = excluded.description"
					 " RETURNING (SELECT (o.legal_basis, o.description)"
					 "  IS DISTINCT FROM (n.legal_basis, n.description) FROM old AS o)", &args);
	pvext_note_replaced(psprintf("purpose \"%s\"", name));
	pvext_record_event(psprintf("declare_purpose(%s)", name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* What names a purpose in the ledger must go on to mean it. */
static void
check_no_consents(const char *name, PvextArgs *args)
{
	char	   *what;

	if (pvext_own("SELECT id FROM pv.purpose WHERE name = $1 FOR UPDATE", args) == 0)
		return;
	what = pvext_consents_naming((int32) pvext_int(0, 1));
	if (what)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("purpose \"%s\" is still in use", name),
				 errdetail("It is named by %s.", what),
				 errhint("A purpose that consents or objections are on record for stays declared.")));
}

/*
 * pv.undeclare_purpose(name): take a purpose back that nothing names.
 *
 * Whoever is giving a consent to it is waited for, and others wait: there is no
 * constraint between the ledger and the purposes.
 */
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
				  " UNION ALL SELECT format('link %I of table %s', l.name,"
				  "  coalesce(r.relation::text, r.name::text))"
				  " FROM pv.declared_link l JOIN pv.relation r ON r.id = l.relation_id"
				  " WHERE $1 = ANY (l.purposes)"
				  " UNION ALL SELECT format('blocker %I of table %s', b.name,"
				  "  coalesce(r.relation::text, r.name::text))"
				  " FROM pv.declared_blocker b JOIN pv.relation r ON r.id = b.relation_id"
				  " WHERE $1 = ANY (b.purposes) ORDER BY 1 LIMIT 1", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("purpose \"%s\" is still in use", name),
				 errdetail("It is a purpose of %s.", pvext_value(0, 1)),
				 errhint("Declare what names it with other purposes first.")));
	pvext_stop_new_consents();
	check_no_consents(name, &args);
	if (pvext_own("DELETE FROM pv.purpose WHERE name = $1", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("purpose \"%s\" is not declared", name),
				 errhint("pv.purpose lists those that are.")));
	pvext_record_event(psprintf("undeclare_purpose(%s)", name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

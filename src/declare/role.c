/*
 * role.c
 *		Profiles: what a role needs of pvext for the work it does.
 *
 * A profile is a list of functions and relations of schema pv, kept here and
 * nowhere else; granting it grants them, as the owner of pv.  What a role has
 * been given is on record in pv.role_profile, so that taking one profile away
 * leaves what another one needs.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* Names in a row, separated by blanks; a function's cover all its overloads. */
typedef struct Profile
{
	const char *name;
	const char *functions;		/* EXECUTE */
	const char *relations;		/* SELECT */
} Profile;

#define MAP_RELATIONS \
	"purpose subject link not_link personal not_personal impersonal relation blocker retention retention_conflicts"

/* To read and check the ledgers of consents and agreements. */
#define LEDGER_RELATIONS \
	" consent consent_text consent_event consent_history agreement agreement_state agreement_history"
#define LEDGER_FUNCTIONS \
	" consent_evidence agreement_evidence verify_consents verify_agreements"

/* To read the audit log. */
#define AUDIT_RELATIONS \
	" audited audit_trail audit_seal audit_partition access_log access_status access_gap unread"
#define AUDIT_FUNCTIONS \
	" audit_records subject_trail seal_head verify_audit access_records access_counts"

/* To read the register of what persons have asked for. */
#define REGISTER_RELATIONS \
	" request request_withheld"

/* To see what is done by itself. */
#define DUTY_RELATIONS \
	" overdue status run_log duty_failure scrub_receipt erasure_undone"
#define DUTY_FUNCTIONS \
	" find_overdue preview_purge worker_status identity_state"

static const Profile profiles[] = {
	{"owner",
		"declare_subject undeclare_subject declare_link undeclare_link declare_not_link undeclare_not_link"
		" declare_personal undeclare_personal"
		" declare_not_personal undeclare_not_personal"
		" declare_blocker undeclare_blocker"
		" declare_retention undeclare_retention activate_retention preview_purge find_overdue"
		" check_blockers candidate_links link_foreign_keys generate_map check_map"
		" find_copies enable_audit disable_audit scrub_pages page_residue",
	MAP_RELATIONS " overdue"},
	{"application",
		"erase_subject erase_subjects preview_erasure verify_erasure find_copies"
		" give_consent withdraw_consent request_consent confirm_consent unsubscribe_token"
		" object_to withdraw_objection has_consent consented may_process"
		" accept_agreement end_agreement bound_by receive_request",
	""},
	{"officer",
		"declare_purpose undeclare_purpose place_hold release_hold"
		" erase_subject erase_subjects preview_erasure verify_erasure find_copies"
		" cancel_erasure approve_erasure check_map check_blockers take_up_orphan undeclare_orphan resume"
		" declare_consent_text withdraw_consent_text declare_agreement withdraw_agreement"
		" withdraw_consent object_to withdraw_objection has_consent consented may_process"
		" import_consent import_consents import_suppressions"
		" end_agreement bound_by" LEDGER_FUNCTIONS AUDIT_FUNCTIONS DUTY_FUNCTIONS
		" receive_request ask_identity confirm_identity request_claimed identity_evidence extend_request withhold"
		" answer_request cancel_request request_receipt"
		" rotate_audit seal_audit expire_audit drain_reads run_duties purge scrub_plan",
	MAP_RELATIONS LEDGER_RELATIONS AUDIT_RELATIONS DUTY_RELATIONS REGISTER_RELATIONS " hold erasure erasure_wait event role_profile"},
	{"auditor",
		"verify_erasure check_map request_receipt" LEDGER_FUNCTIONS AUDIT_FUNCTIONS DUTY_FUNCTIONS,
	MAP_RELATIONS LEDGER_RELATIONS AUDIT_RELATIONS DUTY_RELATIONS REGISTER_RELATIONS " hold erasure erasure_wait event role_profile"},
};

PG_FUNCTION_INFO_V1(pvext_grant_role);
PG_FUNCTION_INFO_V1(pvext_revoke_role);

/* The profile of the name; raises where there is none. */
static const Profile *
find_profile(const char *name)
{
	for (int i = 0; i < lengthof(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("profile \"%s\" is not known", name),
			 errhint("The profiles are owner, application, officer and auditor.")));
	return NULL;				/* not reached */
}

/* Is a name one of those in a row? */
static bool
has_name(const char *names, const char *name, size_t len)
{
	for (const char *p = names; *p;)
	{
		size_t		n = strcspn(p, " ");

		if (n == len && strncmp(p, name, len) == 0)
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

/* The names in a row that are in none of the others. */
static List *
names_without(const char *names, List *others)
{
	List	   *result = NIL;

	for (const char *p = names; *p;)
	{
		size_t		n = strcspn(p, " ");
		bool		kept = false;
		ListCell   *lc;

		foreach(lc, others)
			kept = kept || has_name(lfirst(lc), p, n);
		if (!kept)
			result = lappend(result, pnstrdup(p, n));
		p += n + strspn(p + n, " ");
	}
	return result;
}

/*
 * Grant or revoke a privilege on all objects of the names that find selects,
 * a query over $1 name[] that gives the object list of the command.  As the owner of pv,
 * whoever calls: what one has granted another can revoke.
 */
static void
change_privilege(bool grant, const char *privilege, const char *find,
				 List *names, const char *role)
{
	PvextArgs	args = {0};
	char	   *objects;

	pvext_arg_names(&args, names, false);
	(void) pvext_own(find, &args);
	objects = pvext_value(0, 1);
	if (objects)
		(void) pvext_own(psprintf("%s %s %s %s %s", grant ? "GRANT" : "REVOKE",
								  privilege, objects, grant ? "TO" : "FROM",
								  quote_identifier(role)), NULL);
}

/*
 * Grant a profile's objects to a role, or revoke those that none of the
 * profiles in "kept" has too.
 */
static void
change_profile(bool grant, const Profile *profile, List *kept, const char *role)
{
	List	   *kept_functions = NIL;
	List	   *kept_relations = NIL;
	ListCell   *lc;

	foreach(lc, kept)
	{
		const Profile *other = lfirst(lc);

		kept_functions = lappend(kept_functions, unconstify(char *, other->functions));
		kept_relations = lappend(kept_relations, unconstify(char *, other->relations));
	}
	change_privilege(grant, "EXECUTE ON ROUTINE",
					 "SELECT string_agg(p.oid::regprocedure::text, ', ' ORDER BY p.oid)"
					 " FROM pg_proc AS p WHERE p.pronamespace = 'pv'::regnamespace"
					 " AND p.proname = ANY ($1)",
					 names_without(profile->functions, kept_functions), role);
	change_privilege(grant, "SELECT ON TABLE",
					 "SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid)"
					 " FROM pg_class AS c WHERE c.relnamespace = 'pv'::regnamespace"
					 " AND c.relkind IN ('r', 'v', 'p') AND c.relname = ANY ($1)",
					 names_without(profile->relations, kept_relations), role);
}

/* The arguments, checked: a role that exists and a profile that is known. */
static char *
read_args(FunctionCallInfo fcinfo, const Profile **profile)
{
	Oid			role;
	char	   *name;

	pvext_require_arg(fcinfo, 0, "role");
	role = PG_GETARG_OID(0);
	*profile = find_profile(pvext_required_text(fcinfo, 1, "profile"));
	name = OidIsValid(role) ? GetUserNameFromId(role, true) : NULL;
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role with OID %u does not exist", role),
				 errhint("Create it with CREATE ROLE.")));
	return name;
}

/* Roles may have been dropped since: what they had is no longer on record. */
static void
forget_dropped_roles(void)
{
	(void) pvext_own("DELETE FROM pv.role_profile AS p WHERE NOT EXISTS"
					 " (SELECT FROM pg_roles AS r WHERE r.oid = p.role)", NULL);
}

/* pv.grant_role(role, profile): give a role what a profile needs. */
Datum
pvext_grant_role(PG_FUNCTION_ARGS)
{
	const Profile *profile;
	char	   *role = read_args(fcinfo, &profile);
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_enter(&scope);
	forget_dropped_roles();
	pvext_arg_oid(&args, REGROLEOID, PG_GETARG_OID(0));
	pvext_arg_text(&args, profile->name);
	(void) pvext_own("INSERT INTO pv.role_profile (role, profile) VALUES ($1, $2)"
					 " ON CONFLICT DO NOTHING", &args);
	change_profile(true, profile, NIL, role);
	pvext_record_event(psprintf("grant_role(%s, %s)", quote_identifier(role),
								profile->name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * pv.revoke_role(role, profile): take that away again, but what another of its profiles
 * needs.
 */
Datum
pvext_revoke_role(PG_FUNCTION_ARGS)
{
	const Profile *profile;
	char	   *role = read_args(fcinfo, &profile);
	PvextScope	scope;
	PvextArgs	args = {0};
	List	   *kept = NIL;
	uint64		n;

	pvext_enter(&scope);
	forget_dropped_roles();
	pvext_arg_oid(&args, REGROLEOID, PG_GETARG_OID(0));
	pvext_arg_text(&args, profile->name);
	if (pvext_own("DELETE FROM pv.role_profile WHERE role = $1 AND profile = $2",
				  &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" does not have profile \"%s\"", role, profile->name),
				 errhint("The table pv.role_profile shows the profiles of each role.")));
	args.n = 1;
	n = pvext_own("SELECT profile FROM pv.role_profile WHERE role = $1", &args);
	for (uint64 i = 0; i < n; i++)
		kept = lappend(kept, unconstify(Profile *, find_profile(pvext_value(i, 1))));
	change_profile(false, profile, kept, role);
	pvext_record_event(psprintf("revoke_role(%s, %s)", quote_identifier(role),
								profile->name), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

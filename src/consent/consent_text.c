/*
 * consent_text.c
 *		The words that consents are given to.
 *
 * A purpose has versions of its text, and a version is in one language or in
 * several.  Once declared, words never change: consents refer to them by their
 * digest, and new words are a new version.  What can be withdrawn is the
 * offer: nobody can consent to those words any more.
 *
 * Whoever declares or withdraws a text locks its purpose's row first, so that
 * both see what the other did.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/digest.h"
#include "base/event.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "consent/consent_text.h"
#include "fmgr.h"
#include "map/map.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(pvext_declare_consent_text);
PG_FUNCTION_INFO_V1(pvext_withdraw_consent_text);
PG_FUNCTION_INFO_V1(pvext_refuse_text_change);

/* A purpose that rests on consent, its texts locked; $1 of statements on them. */
static PvextPurpose *
lock_purpose(const char *name, PvextArgs *args)
{
	PvextPurpose *purpose;

	/* Whoever changed it first, and was waited for, may have taken it away. */
	do
	{
		args->n = 0;
		purpose = pvext_consent_purpose(pvext_map(), name);
		pvext_arg_int4(args, purpose->id);
	} while (pvext_own("SELECT FROM pv.purpose WHERE id = $1"
					   " AND legal_basis = 'consent' FOR UPDATE", args) == 0);
	return purpose;
}

/* Raise: nobody can consent to the version any more. */
static void
version_withdrawn(PvextPurpose *purpose, const char *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("version \"%s\" of the consent text of purpose \"%s\" has been withdrawn",
					version, purpose->name),
			 errhint("Declare a new version with pv.declare_consent_text(), and ask for consent to that.")));
}

/* Raise: nor in that language. */
static void
language_withdrawn(PvextPurpose *purpose, const char *version, const char *language)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("version \"%s\" of the consent text of purpose \"%s\" has been withdrawn in language \"%s\"",
					version, purpose->name, language),
			 errhint("Declare a new version with pv.declare_consent_text(), and ask for consent to that.")));
}

/*
 * The text is declared already: harmless where the words are the same, with
 * $1, $2, $3 the purpose, version and language.
 */
static void
check_same_words(PvextPurpose *purpose, const char *version, const char *language,
				 const bytea *digest, PvextArgs *args)
{
	bool		isnull;

	args->n = 3;
	(void) pvext_own("SELECT digest, withdrawn_at IS NOT NULL FROM pv.consent_text"
					 " WHERE purpose_id = $1 AND version = $2 AND language = $3", args);
	if (pvext_bool(0, 2))
		language_withdrawn(purpose, version, language);
	if (!pvext_same_digest(DatumGetByteaPP(pvext_datum(0, 1, &isnull)), digest))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("version \"%s\" of the consent text of purpose \"%s\" has other words in language \"%s\"",
						version, purpose->name, language),
				 errdetail("The words that consents refer to never change."),
				 errhint("Declare these words as a new version.")));
}

/*
 * pv.declare_consent_text(purpose, version, language, body): declare the words of a
 * version, in a language; they never change.
 */
Datum
pvext_declare_consent_text(PG_FUNCTION_ARGS)
{
	char	   *name = pvext_required_text(fcinfo, 0, "purpose");
	char	   *version = pvext_required_text(fcinfo, 1, "version");
	char	   *language = pvext_required_text(fcinfo, 2, "language");
	char	   *body = pvext_required_text(fcinfo, 3, "body");
	bytea	   *digest = pvext_text_digest(body);
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextPurpose *purpose;

	PreventCommandIfReadOnly("pv.declare_consent_text()");
	pvext_enter(&scope);
	purpose = lock_purpose(name, &args);
	pvext_arg_text(&args, version);
	if (pvext_own("SELECT FROM pv.consent_text WHERE purpose_id = $1 AND version = $2"
				  " HAVING bool_and(withdrawn_at IS NOT NULL)", &args) > 0)
		version_withdrawn(purpose, version);
	pvext_arg_text(&args, language);
	pvext_arg_text(&args, body);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	pvext_arg_name(&args, pvext_doer_name());
	if (pvext_own("INSERT INTO pv.consent_text"
				  " (purpose_id, version, language, body, digest, declared_by)"
				  " VALUES ($1, $2, $3, $4, $5, $6)"
				  " ON CONFLICT (purpose_id, version, language) DO NOTHING", &args) == 0)
		check_same_words(purpose, version, language, digest, &args);
	else
		pvext_record_event(psprintf("declare_consent_text(%s, %s, %s)",
									name, version, language), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* Texts of a purpose as they are listed in hints: versions, or languages of one. */
static char *
list_wordings(PvextPurpose *purpose, const char *version)
{
	StringInfoData buf;
	const char *last = NULL;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, purpose->wordings)
	{
		PvextWording *wording = lfirst(lc);
		const char *name = version ? wording->language : wording->version;

		if (wording->withdrawn || (version && strcmp(wording->version, version) != 0) ||
			(last && strcmp(name, last) == 0))
			continue;
		appendStringInfo(&buf, "%s\"%s\"", last ? ", " : "", name);
		last = name;
	}
	return last ? buf.data : NULL;
}

/* Raise: the purpose has no such version. */
static void
unknown_version(PvextPurpose *purpose, const char *version)
{
	char	   *versions = list_wordings(purpose, NULL);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("purpose \"%s\" has no version \"%s\" of its consent text",
					purpose->name, version),
			 versions ? errhint("It has the versions %s.", versions) :
			 errhint("Declare one with pv.declare_consent_text().")));
}

/* Raise: the version is not there in that language. */
static void
unknown_language(PvextPurpose *purpose, const char *version, const char *language)
{
	char	   *languages = list_wordings(purpose, version);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("version \"%s\" of the consent text of purpose \"%s\" is not declared in language \"%s\"",
					version, purpose->name, language),
			 languages ? errhint("It is declared in the languages %s.", languages) :
			 errhint("Declare a new version with pv.declare_consent_text().")));
}

/* The wordings of a version that have not been withdrawn. */
static List *
wordings_on_offer(PvextPurpose *purpose, const char *version)
{
	List	   *offered = NIL;
	bool		known = false;
	ListCell   *lc;

	foreach(lc, purpose->wordings)
	{
		PvextWording *wording = lfirst(lc);

		if (strcmp(wording->version, version) != 0)
			continue;
		known = true;
		if (!wording->withdrawn)
			offered = lappend(offered, wording);
	}
	if (!known)
		unknown_version(purpose, version);
	return offered;
}

/* The words of a version in a language; NULL where there are none. */
static PvextWording *
find_wording(PvextPurpose *purpose, const char *version, const char *language)
{
	ListCell   *lc;

	foreach(lc, purpose->wordings)
	{
		PvextWording *wording = lfirst(lc);

		if (strcmp(wording->version, version) == 0 &&
			strcmp(wording->language, language) == 0)
			return wording;
	}
	return NULL;
}

/* SHA-256 of the digests of several wordings, in the order of their languages. */
static bytea *
joint_digest(List *wordings)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, wordings)
	{
		bytea	   *digest = ((PvextWording *) lfirst(lc))->digest;

		appendBinaryStringInfo(&buf, VARDATA_ANY(digest), VARSIZE_ANY_EXHDR(digest));
	}
	return pvext_sha256(buf.data, buf.len);
}

/*
 * The words that a consent is to be given to: those in the language or, where
 * that is NULL, the only ones; else all of the version, the language unknown.
 * Raises where there are none, or they have been withdrawn.
 */
void
pvext_choose_wording(PvextPurpose *purpose, const char *version,
					 const char *language, PvextOfferedText *offer)
{
	List	   *offered = wordings_on_offer(purpose, version);
	PvextWording *wording;

	if (language)
	{
		wording = find_wording(purpose, version, language);
		if (wording == NULL)
			unknown_language(purpose, version, language);
		else if (wording->withdrawn)
			language_withdrawn(purpose, version, language);
	}
	else if (offered == NIL)
		version_withdrawn(purpose, version);
	else
		wording = list_length(offered) == 1 ? linitial(offered) : NULL;
	offer->language = wording ? wording->language : NULL;
	offer->digest = wording ? wording->digest : joint_digest(offered);
}

/*
 * The words that a consent was given to once, which may have been withdrawn since; all of
 * the version where the language is NULL and there are several.  Raises where there are none.
 */
void
pvext_wording_of_then(PvextPurpose *purpose, const char *version,
					  const char *language, PvextOfferedText *offer)
{
	List	   *wordings = NIL;
	PvextWording *wording;
	ListCell   *lc;

	foreach(lc, purpose->wordings)
		if (strcmp(((PvextWording *) lfirst(lc))->version, version) == 0)
			wordings = lappend(wordings, lfirst(lc));
	if (wordings == NIL)
		unknown_version(purpose, version);
	wording = list_length(wordings) == 1 ? linitial(wordings) : NULL;
	if (language && (wording = find_wording(purpose, version, language)) == NULL)
		unknown_language(purpose, version, language);
	offer->language = wording ? wording->language : NULL;
	offer->digest = wording ? wording->digest : joint_digest(wordings);
}

/*
 * pv.withdraw_consent_text(purpose, version, language): nobody can consent to it any
 * more.
 */
Datum
pvext_withdraw_consent_text(PG_FUNCTION_ARGS)
{
	char	   *name = pvext_required_text(fcinfo, 0, "purpose");
	char	   *version = pvext_required_text(fcinfo, 1, "version");
	char	   *language = PG_ARGISNULL(2) ? NULL : pvext_required_text(fcinfo, 2, "language");
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextPurpose *purpose;

	PreventCommandIfReadOnly("pv.withdraw_consent_text()");
	pvext_enter(&scope);
	purpose = lock_purpose(name, &args);
	pvext_arg_text(&args, version);
	pvext_arg_text(&args, language);
	if (pvext_own("UPDATE pv.consent_text SET withdrawn_at = clock_timestamp()"
				  " WHERE purpose_id = $1 AND version = $2"
				  " AND ($3 IS NULL OR language = $3) AND withdrawn_at IS NULL", &args) == 0)
	{
		if (pvext_own("SELECT FROM pv.consent_text WHERE purpose_id = $1 AND version = $2",
					  &args) == 0)
			unknown_version(purpose, version);
		if (language && pvext_own("SELECT FROM pv.consent_text WHERE purpose_id = $1"
								  " AND version = $2 AND language = $3", &args) == 0)
			unknown_language(purpose, version, language);
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("version \"%s\" of the consent text of purpose \"%s\" has been withdrawn before",
						version, name),
				 errhint("The table pv.consent_text shows since when.")));
	}
	pvext_record_event(language ?
					   psprintf("withdraw_consent_text(%s, %s, %s)", name, version, language) :
					   psprintf("withdraw_consent_text(%s, %s)", name, version), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* Does an UPDATE do nothing but withdraw a text that had not been? */
static bool
only_withdraws(TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		bool		was_null;
		bool		is_null;
		Datum		was = heap_getattr(trigdata->tg_trigtuple, i + 1, desc, &was_null);
		Datum		is = heap_getattr(trigdata->tg_newtuple, i + 1, desc, &is_null);

		if (strcmp(NameStr(column->attname), "withdrawn_at") == 0)
		{
			if (!was_null || is_null)
				return false;
		}
		else if (was_null != is_null ||
				 (!was_null && !datum_image_eq(was, is, column->attbyval, column->attlen)))
			return false;
	}
	return true;
}

/*
 * Trigger of texts, BEFORE UPDATE OR DELETE by row and BEFORE TRUNCATE by
 * statement: refuses to everyone all but withdrawing one.
 */
Datum
pvext_refuse_text_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called as a BEFORE trigger",
						"refuse_text_change")));
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
		TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) && only_withdraws(trigdata))
		return PointerGetDatum(trigdata->tg_newtuple);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("texts in table \"%s\" are never changed",
					RelationGetRelationName(trigdata->tg_relation)),
			 errhint("Withdraw the version, and declare a new one.")));
	return (Datum) 0;			/* not reached */
}

/*
 * suppression.c
 *		Who is not to be written to, also when imported again; may_process().
 *
 * An erasure leaves keyed digests of the addresses that the subject could be
 * reached at, and of its key.  They name nobody, but tell when the same person
 * comes back with a list that somebody kept: a purpose that can be objected to
 * is then refused.  Addresses are the e-mail addresses and telephone numbers
 * among the personal columns of the subject's own row, whatever their columns
 * are called.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/has_consent.h"
#include "consent/suppression.h"
#include "fmgr.h"
#include "map/key.h"
#include "parser/parse_coerce.h"
#include "text/normal_form.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* The digits of a telephone number that count: those without a country's. */
#define MIN_DIGITS 7
#define MAX_DIGITS 8

PG_FUNCTION_INFO_V1(pvext_may_process);

/* Can a subject object to the purpose, or refuse it? */
static bool
is_refusable(PvextPurpose *purpose)
{
	return purpose->is_consent || strcmp(purpose->basis, "legitimate_interests") == 0 ||
		strcmp(purpose->basis, "public_task") == 0;
}

/* Is anything processed for a purpose that can be refused? */
bool
pvext_suppresses(PvextMap *map)
{
	ListCell   *lc;

	foreach(lc, map->purposes)
		if (is_refusable(lfirst(lc)))
			return true;
	return false;
}

/*
 * The address that a text is, in one spelling: an e-mail address in small letters,
 * the last digits of a telephone number.  NULL where it is neither.  The same
 * under any encoding and locale, for a dump may be restored under another.
 */
static char *
address_of(const char *spelled)
{
	const char *text = pvext_normal_text(spelled);
	const char *at = strchr(text, '@');
	const char *begin = text + strspn(text, " \t");
	size_t		len = strcspn(begin, " \t");
	char	   *digits = palloc(strlen(text) + 1);
	int			n = 0;

	if (at && at > begin && at[1] && at < begin + len && begin[len + strspn(begin + len, " \t")] == '\0')
		return pnstrdup(begin, len);
	if (text[strspn(text, "0123456789 +-()./")] != '\0')
		return NULL;
	for (const char *p = text; *p; p++)
		if (isdigit((unsigned char) *p))
			digits[n++] = *p;
	digits[n] = '\0';
	if (n < MIN_DIGITS)
		return NULL;
	return n > MAX_DIGITS ? digits + n - MAX_DIGITS : digits;
}

/*
 * SQL: the texts of the personal columns of subjects' own rows, whose keys'
 * columns are the arrays $1, $2, ...; NULL where there is no such column.
 */
static char *
addresses_sql(PvextTable *subject)
{
	StringInfoData columns;
	ListCell   *lc;

	initStringInfo(&columns);
	foreach(lc, subject->columns)
	{
		PvextColumn *column = lfirst(lc);
		Oid			type;

		if (column->missing)
			continue;
		(void) pvext_column(subject->relid, column->name, &type, NULL);
		if (TypeCategory(getBaseType(type)) != TYPCATEGORY_STRING)
			continue;
		appendStringInfo(&columns, "%sCAST(r.%s AS text)", columns.len ? ", " : "",
						 quote_identifier(column->name));
	}
	if (columns.len == 0)
		return NULL;
	return psprintf("SELECT a.a FROM %s JOIN %s AS r ON %s,"
					" unnest(ARRAY[%s]) AS a(a) WHERE a.a IS NOT NULL",
					pvext_key_rows_sql(subject), subject->sql_name,
					pvext_key_match_sql(subject, "k.k%d", 1), columns.data);
}

/*
 * The digests of all addresses of subjects, given by their keys.  As of the
 * active snapshot or, for what is to be changed, as of now.
 */
static List *
address_digests(PvextTable *subject, List *keys, bool now)
{
	PvextStatement *statement = &subject->addresses;
	PvextArgs	args = {0};
	List	   *addresses = NIL;
	List	   *digests = NIL;
	ListCell   *lc;
	uint64		n;

	if (statement->sql == NULL)
	{
		char	   *sql = addresses_sql(subject);

		if (sql == NULL)
			return NIL;
		*statement = pvext_statement(MemoryContextStrdup(GetMemoryChunkContext(subject), sql));
	}
	pvext_arg_key_columns(&args, subject, keys);
	statement->read_only = !now;
	n = pvext_run_keys(subject, statement, &args, CURSOR_OPT_GENERIC_PLAN);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *address = address_of(pvext_value(i, 1));

		if (address)
			addresses = lappend(addresses, address);
	}
	SPI_freetuptable(SPI_tuptable);
	foreach(lc, addresses)
		digests = lappend(digests, pvext_hmac("address", lfirst(lc)));
	return digests;
}

/*
 * Before subjects are erased: remember where they are not to be written to.
 * Their rows are locked.
 */
void
pvext_suppress_addresses(PvextTable *subject, List *keys)
{
	pvext_suppress_digests(address_digests(subject, keys, true));
}

/* Remember digests: of addresses, or of the keys of subjects. */
void
pvext_suppress_digests(List *digests)
{
	static PvextStatement insert = {
		"INSERT INTO pv.suppression (digest) SELECT DISTINCT d FROM unnest($1) AS d"
		" ORDER BY d ON CONFLICT DO NOTHING", NULL
	};
	PvextArgs	args = {0};

	if (digests == NIL)
		return;
	pvext_arg_digests(&args, digests);
	(void) pvext_own_kept(&insert, &args);
}

/*
 * The digests of a subject's key: of the table, of those that it was a part of, and of its
 * parts that have been tables of their own, for the row may have been erased there.
 */
static List *
key_digests(PvextTable *subject, const char *key)
{
	static PvextStatement select = {
		"SELECT p.relation_id FROM pv.part AS p WHERE p.relation = $1"
		" UNION SELECT r.id FROM pv.part AS p JOIN pv.relation AS r ON r.relation = p.relation"
		" WHERE p.relation_id = $2", NULL, true
	};
	PvextArgs	args = {0};
	List	   *ids = list_make1_int(subject->id);
	List	   *digests = NIL;
	ListCell   *lc;

	pvext_arg(&args, OIDOID, ObjectIdGetDatum(subject->relid), false);
	pvext_arg_int4(&args, subject->id);
	(void) pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		ids = lappend_int(ids, (int32) pvext_int(i, 1));
	foreach(lc, ids)
		digests = lappend(digests, pvext_subject_digest(lfirst_int(lc), key));
	return digests;
}

/* Is the subject, or one of its addresses, one that was erased? */
static bool
is_suppressed(PvextTable *subject, const char *key)
{
	static PvextStatement find = {
		"SELECT EXISTS (SELECT FROM pv.suppression WHERE digest = ANY ($1))", NULL, true
	};
	PvextArgs	args = {0};
	List	   *digests;

	/* Without any there may be no secret yet to compute a digest with. */
	if (pvext_never_used("suppression"))
		return false;
	digests = address_digests(subject, list_make1(unconstify(char *, key)), false);
	digests = list_concat(digests, key_digests(subject, key));
	pvext_arg_digests(&args, digests);
	(void) pvext_own_kept(&find, &args);
	return pvext_bool(0, 1);
}

/* What the subject last said about a purpose, as in pv.consent_state, or NULL. */
static char *
last_word(PvextTable *subject, PvextPurpose *purpose, const char *key)
{
	static PvextStatement select = {
		"SELECT state FROM pv.consent_state WHERE relation_id = $1 AND purpose_id = $2"
		" AND key = $3", NULL, true
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	pvext_arg_int4(&args, purpose->id);
	pvext_arg_text(&args, key);
	return pvext_own_kept(&select, &args) == 0 ? NULL : pvext_value(0, 1);
}

/*
 * May the person be processed for the purpose?  What he or she has said of it counts,
 * before what the suppression list says of who was erased.
 */
static bool
may_process(PvextTable *subject, PvextPurpose *purpose, const char *key)
{
	char	   *said;

	if (purpose->is_consent)
		return pvext_has_consent_now(subject, purpose, key);
	said = last_word(subject, purpose, key);
	if (said && strcmp(said, "objected") == 0)
		return false;
	if (said && strcmp(said, "allowed") == 0)
		return true;
	return !is_refusable(purpose) || !is_suppressed(subject, key);
}

/*
 * pv.may_process(subject, key, purpose): may a person's data be used for the purpose now:
 * is there a consent, or another basis and nothing against it?
 */
Datum
pvext_may_process(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextMap   *map;
	PvextTable *subject;
	PvextPurpose *purpose;
	char	   *name;
	char	   *key;
	bool		result = false;

	pvext_require_arg(fcinfo, 0, "subject");
	pvext_require_arg(fcinfo, 2, "purpose");
	name = pvext_text_arg(fcinfo, 2);

	pvext_enter(&scope);
	map = pvext_map();
	subject = pvext_map_subject(map, PG_GETARG_OID(0));
	purpose = pvext_purpose(map, name);
	if (!PG_ARGISNULL(1))
	{
		key = pvext_find_subject(subject, pvext_key_arg(fcinfo, 1), PVEXT_TO_LOOK);
		result = key && may_process(subject, purpose, key);
	}
	pvext_leave(&scope);
	PG_RETURN_BOOL(result);
}

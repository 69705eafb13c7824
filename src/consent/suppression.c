/*
 * suppression.c
 *		Who is not to be written to, also when imported again; may_process().
 *
 * An erasure leaves keyed digests of the addresses that the subject could be
 * reached at, and of its key.  They name nobody, but tell when the same person
 * comes back with a list that somebody kept: a purpose that can be objected to
 * is then refused.  Addresses are the e-mail addresses and telephone numbers
 * among the personal columns of the subject's own row and of linked ones that are
 * about it, whatever their columns are called.
 *
 * Lists of those who want nothing come from other systems, too (suppression_list.c): of
 * addresses, or of digests of e-mail addresses, by which these are found all the same.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/table.h"
#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/digest.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "common/md5.h"
#include "consent/has_consent.h"
#include "consent/suppression.h"
#include "fmgr.h"
#include "map/key.h"
#include "parser/parse_coerce.h"
#include "text/normal_form.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* The digits of a telephone number that count: those without a country's. */
#define MIN_DIGITS 7
#define MAX_DIGITS 8

PG_FUNCTION_INFO_V1(pvext_may_process);

/* Who finds addresses in linked tables: what knows of plans. */
static PvextFindAddresses find_addresses = NULL;

/* Let addresses of linked tables be found so. */
void
pvext_find_addresses_by(PvextFindAddresses find)
{
	find_addresses = find;
}

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

/* The texts of the subjects' own rows that may be addresses. */
static List *
own_texts(PvextTable *subject, List *keys, bool going)
{
	PvextStatement *statement = &subject->addresses;
	PvextArgs	args = {0};
	List	   *texts = NIL;
	uint64		n;

	if (statement->sql == NULL)
	{
		char	   *sql = addresses_sql(subject);

		if (sql == NULL)
			return NIL;
		*statement = pvext_statement(MemoryContextStrdup(GetMemoryChunkContext(subject), sql));
	}
	pvext_arg_key_columns(&args, subject, keys);
	statement->read_only = !going;
	n = pvext_run_keys(subject, statement, &args, CURSOR_OPT_GENERIC_PLAN);
	for (uint64 i = 0; i < n; i++)
		texts = lappend(texts, pvext_value(i, 1));
	SPI_freetuptable(SPI_tuptable);
	return texts;
}

/*
 * All addresses of subjects, given by their keys, as of the active snapshot; or, with
 * going, as of now, those that go with them: at others, which they share, the others are
 * still reached.
 */
static List *
addresses_of(PvextMap *map, PvextTable *subject, List *keys, bool going)
{
	List	   *texts = own_texts(subject, keys, going);
	List	   *addresses = NIL;
	ListCell   *lc;

	if (find_addresses)
		texts = list_concat(texts, find_addresses(map, subject, keys, going));
	foreach(lc, texts)
	{
		char	   *address = address_of(lfirst(lc));

		if (address)
			addresses = lappend(addresses, address);
	}
	return addresses;
}

/*
 * Before subjects are erased: remember where they are not to be written to.
 * Their rows are locked.
 */
void
pvext_suppress_addresses(PvextMap *map, PvextTable *subject, List *keys)
{
	List	   *digests = NIL;
	ListCell   *lc;

	foreach(lc, addresses_of(map, subject, keys, true))
		digests = lappend(digests, pvext_hmac("address", lfirst(lc)));
	pvext_suppress_digests(digests);
}

/* By which an e-mail address is found that somebody else has digested. */
static bytea *
foreign_digest(const char *hex)
{
	return pvext_hmac("digest of an address", hex);
}

/* All digests by which an address may be on a list. */
static List *
digests_of_address(const char *address)
{
	List	   *digests = list_make1(pvext_hmac("address", address));
	char		md5[33];
	const char *errstr;
	bytea	   *sha256;
	char		hex[65];

	if (strchr(address, '@') == NULL)
		return digests;
	sha256 = pvext_sha256(address, strlen(address));
	hex[hex_encode(VARDATA_ANY(sha256), VARSIZE_ANY_EXHDR(sha256), hex)] = '\0';
	digests = lappend(digests, foreign_digest(hex));
	if (pg_md5_hash(address, strlen(address), md5, &errstr))
		digests = lappend(digests, foreign_digest(md5));
	return digests;
}

/* Is it a digest as others write them down: SHA-256 or MD5, in hexadecimal? */
static bool
is_hex_digest(const char *text)
{
	size_t		len = strlen(text);

	return (len == 64 || len == 32) && strspn(text, "0123456789abcdef") == len;
}

/*
 * What an entry of a list from elsewhere is remembered as: an address, or a digest of an
 * e-mail address.  NIL where it is neither.
 */
List *
pvext_list_digests(const char *entry)
{
	const char *text = pvext_normal_text(entry);
	char	   *address;

	text += strspn(text, " \t\r\n");
	text = pnstrdup(text, strcspn(text, " \t\r\n"));
	if (is_hex_digest(text))
		return list_make1(foreign_digest(text));
	address = address_of(entry);
	return address ? list_make1(pvext_hmac("address", address)) : NIL;
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

	if (!pvext_never_used("part"))
	{
		pvext_arg(&args, OIDOID, ObjectIdGetDatum(subject->relid), false);
		pvext_arg_int4(&args, subject->id);
		(void) pvext_own_kept(&select, &args);
		for (uint64 i = 0; i < SPI_processed; i++)
			ids = lappend_int(ids, (int32) pvext_int(i, 1));
	}
	foreach(lc, ids)
		digests = lappend(digests, pvext_subject_digest(lfirst_int(lc), key));
	return digests;
}

/* Is one of the digests on the list, as the active snapshot sees it? */
static bool
any_listed(List *digests)
{
	Relation	list = table_open(pvext_own_relation("suppression"), AccessShareLock);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, digests)
	{
		ScanKeyData key;
		SysScanDesc scan;

		ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_BYTEAEQ, PointerGetDatum(lfirst(lc)));
		scan = systable_beginscan(list, pvext_own_relation("suppression_pkey"), true, GetActiveSnapshot(), 1, &key);
		found = found || systable_getnext(scan) != NULL;
		systable_endscan(scan);
	}
	table_close(list, AccessShareLock);
	return found;
}

/*
 * Was a subject of the key erased?  By the active snapshot.  Without any list there may be
 * no secret yet to compute a digest with.
 */
bool
pvext_is_erased_key(PvextTable *subject, const char *key)
{
	return !pvext_never_used("suppression") && any_listed(key_digests(subject, key));
}

/* Is any of the addresses of subjects, given by their keys, on the list? */
static bool
any_address_listed(PvextMap *map, PvextTable *subject, List *keys)
{
	List	   *digests = NIL;
	ListCell   *lc;

	foreach(lc, addresses_of(map, subject, keys, false))
		digests = list_concat(digests, digests_of_address(lfirst(lc)));
	return any_listed(digests);
}

/* Say of keys[from] to keys[to - 1] which are suppressed; asked of all at once, then of halves. */
static void
find_suppressed(PvextMap *map, PvextTable *subject, List *keys, int from, int to, bool *suppressed)
{
	List	   *some = NIL;
	int			middle = from + (to - from) / 2;

	CHECK_FOR_INTERRUPTS();
	for (int i = from; i < to; i++)
		some = lappend(some, list_nth(keys, i));
	if (some == NIL || !any_address_listed(map, subject, some))
		return;
	if (to - from == 1)
		suppressed[from] = true;
	else
	{
		find_suppressed(map, subject, keys, from, middle, suppressed);
		find_suppressed(map, subject, keys, middle, to, suppressed);
	}
}

/*
 * Which of the subjects of some keys, as many as these, have an address that is of somebody
 * who was erased, or on a list?  By the active snapshot.  Most have none, which costs little.
 */
bool *
pvext_which_suppressed(PvextMap *map, PvextTable *subject, List *keys)
{
	bool	   *suppressed = palloc0(sizeof(bool) * Max(list_length(keys), 1));

	if (!pvext_never_used("suppression"))
		find_suppressed(map, subject, keys, 0, list_length(keys), suppressed);
	return suppressed;
}

/* Is the subject, or one of its addresses, one that was erased, or is on a list? */
bool
pvext_is_suppressed(PvextMap *map, PvextTable *subject, const char *key)
{
	return pvext_is_erased_key(subject, key) ||
		*pvext_which_suppressed(map, subject, list_make1(unconstify(char *, key)));
}

/*
 * What the subject last said about a purpose, as in pv.consent_state, or NULL; *imported
 * where it is only claimed.
 */
static char *
last_word(PvextTable *subject, PvextPurpose *purpose, const char *key, bool *imported)
{
	static PvextStatement select = {
		"SELECT state, imported FROM pv.consent_state WHERE relation_id = $1 AND purpose_id = $2"
		" AND key = $3", NULL, true
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	pvext_arg_int4(&args, purpose->id);
	pvext_arg_text(&args, key);
	if (pvext_own_kept(&select, &args) == 0)
		return NULL;
	*imported = pvext_bool(0, 2);
	return pvext_value(0, 1);
}

/*
 * May the person be processed for the purpose?  What he or she has said of it here counts
 * before what the suppression list says of who was erased; that counts before what is only
 * claimed.
 */
static bool
may_process(PvextMap *map, PvextTable *subject, PvextPurpose *purpose, const char *key)
{
	bool		imported = false;
	char	   *said;

	if (purpose->is_consent && !pvext_has_consent_now(subject, purpose, key))
		return false;
	said = last_word(subject, purpose, key, &imported);
	if (said && strcmp(said, "objected") == 0)
		return false;
	if (said && !imported && (purpose->is_consent || strcmp(said, "allowed") == 0))
		return true;
	return !is_refusable(purpose) || !pvext_is_suppressed(map, subject, key);
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
		result = key && may_process(map, subject, purpose, key);
	}
	pvext_leave(&scope);
	PG_RETURN_BOOL(result);
}

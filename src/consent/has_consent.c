/*
 * has_consent.c
 *		Is a subject's consent in force?
 *
 * has_consent() answers for one row after the other, in WHERE, in policies and
 * in parallel workers, and says exactly what the active snapshot sees.  What it
 * has to know of the subject table and the purpose is found once and kept
 * until the data map changes.  Keys that are integers are looked up in the bits
 * of bitmap.c; others, and where the bits cannot say, in pv.consent_state.
 *
 * An expired consent is none from that very moment on, also within a statement
 * or transaction that began before.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/arg.h"
#include "base/compat.h"
#include "base/guc.h"
#include "catalog/pg_type.h"
#include "consent/consent_target.h"
#include "consent/has_consent.h"
#include "consent/state.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/key.h"
#include "miscadmin.h"
#include "reads/returned_key.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* A call in an expression. */
typedef struct Site
{
	PvextConsentTarget *target;
	Oid			argtype;		/* of the key */
	bool		constant;		/* subject and purpose are */
	uint64		seen;			/* generation of the snapshot that it is asked under */
	bool		trusted;		/* do the bits know all of the bucket? */
	uint64		generation;		/* for which that is so */
	PvextBucket bucket;
	const PvextCodes *codes;
} Site;

PG_FUNCTION_INFO_V1(pvext_has_consent);
PG_FUNCTION_INFO_V1(pvext_consented);

/*
 * Looking it up
 */

/* Ask pv.consent_state for a key, in the row's own spelling. */
static bool
look_up(PvextConsentTarget *target, Datum key)
{
	Relation	states = pvext_open_states(AccessShareLock);
	SysScanDesc scan = pvext_scan_states(states, target->subject->id, target->purpose_id,
										 &key, GetActiveSnapshot());
	HeapTuple	state = systable_getnext(scan);
	bool		result = state && pvext_is_in_force(states, state);

	systable_endscan(scan);
	table_close(states, AccessShareLock);
	return result;
}

/* The same for an integer, which is spelled in one way. */
static bool
look_up_integer(PvextConsentTarget *target, int64 key)
{
	char		buf[MAXINT8LEN + 1];

	pg_lltoa(key, buf);
	return look_up(target, CStringGetTextDatum(buf));
}

/*
 * Let the site hold a bucket: its bits, or that they may not be asked.  What it points to
 * is the cache's, and may be another bucket's by the next call (holds_bucket()).
 */
static void
read_bucket(Site *site, int64 number)
{
	pvext_set_bucket(&site->bucket, site->target->subject->id, site->target->purpose_id,
					 number);
	site->trusted = pvext_can_trust_bits() && !pvext_is_pending(&site->bucket);
	site->codes = site->trusted ? pvext_read_codes(&site->bucket) : NULL;
	site->generation = site->seen;
}

/* Does the site still hold the bucket, as the snapshot sees it? */
static inline bool
holds_bucket(Site *site, int64 number)
{
	if (site->generation != site->seen || site->bucket.number != number)
		return false;
	return !site->trusted ||
		(site->codes->generation == site->seen &&
		 site->codes->bucket.number == number &&
		 site->codes->bucket.purpose_id == site->bucket.purpose_id &&
		 site->codes->bucket.relation_id == site->bucket.relation_id);
}

/*
 * The usual case: two comparisons and a bit.  One that expires is looked at only once the
 * first of its bucket may have.
 */
static inline bool
has_integer_consent(Site *site, int64 key)
{
	int64		number = pvext_bucket_of(key);
	int			code;

	if (!holds_bucket(site, number))
		read_bucket(site, number);
	if (!site->trusted)
		return look_up_integer(site->target, key);
	code = pvext_code(site->codes->codes, key);
	if (!(code & PVEXT_GIVEN))
		return false;
	if (!(code & PVEXT_EXPIRING) || site->codes->next_expiry > GetCurrentTimestamp())
		return true;
	return look_up_integer(site->target, key);
}

/*
 * Keys
 */

/* Is a type's text the same under all settings? */
static bool
is_plain_type(Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case UUIDOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return true;
		default:
			return false;
	}
}

/* The text of an argument of a plain type. */
static char *
key_text(Site *site, Datum key)
{
	Oid			output;
	bool		varlena;

	if (site->argtype == TEXTOID || site->argtype == VARCHAROID)
		return TextDatumGetCString(key);
	getTypeOutputInfo(site->argtype, &output, &varlena);
	return OidOutputFunctionCall(output, key);
}

/*
 * The row's own spelling of a key, NULL where there is no such row.  As the table's
 * owner, by a statement: who may call has_consent() need not be able to read the table.
 */
static char *
spelling_of_row(FunctionCallInfo fcinfo, PvextConsentTarget *target)
{
	MemoryContext context = CurrentMemoryContext;
	PvextScope	scope;
	char	   *volatile key = NULL;

	/* While it is busy its table may be heard to change, and what it points to must not go. */
	pvext_enter(&scope);
	target->busy++;
	PG_TRY();
	{
		key = pvext_find_subject(target->subject, pvext_key_arg(fcinfo, 1), PVEXT_TO_LOOK);
	}
	PG_FINALLY();
	{
		target->busy--;
	}
	PG_END_TRY();
	if (key)
		key = MemoryContextStrdup(context, key);
	pvext_leave(&scope);
	return key;
}

/* Look a key up in the spelling that its row has. */
static bool
look_up_row(FunctionCallInfo fcinfo, PvextConsentTarget *target)
{
	char	   *key = spelling_of_row(fcinfo, target);

	return key && look_up(target, CStringGetTextDatum(key));
}

/* A text as a uuid; the server's message would hold it. */
static Datum
parse_uuid(PvextConsentTarget *target, const char *text)
{
	volatile Datum uuid = (Datum) 0;

	PG_TRY();
	{
		uuid = DirectFunctionCall1(uuid_in, CStringGetDatum(text));
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_INVALID_TEXT_REPRESENTATION)
			PG_RE_THROW();
		FlushErrorState();
		pvext_malformed_key(target->subject);
	}
	PG_END_TRY();
	return uuid;
}

/* The text of a key whose type has but one spelling of each. */
static char *
plain_key(Site *site, Datum key)
{
	char	   *text = key_text(site, key);

	if (site->target->key_type == UUIDOID && site->argtype != UUIDOID)
		text = DatumGetCString(DirectFunctionCall1(uuid_out, parse_uuid(site->target, text)));
	return text;
}

/* Look the key up in the way that its type and that of the argument allow. */
static inline bool
has_consent(FunctionCallInfo fcinfo, Site *site)
{
	PvextConsentTarget *target = site->target;
	Datum		key = PG_GETARG_DATUM(1);
	int64		number;

	switch (target->kind)
	{
		case PVEXT_KEY_INTEGER:
			switch (site->argtype)
			{
				case INT8OID:
					return has_integer_consent(site, DatumGetInt64(key));
				case INT4OID:
					return has_integer_consent(site, DatumGetInt32(key));
				case INT2OID:
					return has_integer_consent(site, DatumGetInt16(key));
				default:
					if (is_plain_type(site->argtype) &&
						pvext_has_bits(key_text(site, key), &number))
						return has_integer_consent(site, number);
					return look_up_row(fcinfo, target);
			}
		case PVEXT_KEY_PLAIN:
			if (!is_plain_type(site->argtype))
				return look_up_row(fcinfo, target);
			return look_up(target, CStringGetTextDatum(plain_key(site, key)));
		case PVEXT_KEY_OTHER:
			return look_up_row(fcinfo, target);
	}
	return false;				/* not reached */
}

/* Is an argument of the call the same for every row? */
static bool
is_constant(FunctionCallInfo fcinfo, int arg)
{
	Node	   *expr = fcinfo->flinfo->fn_expr;

	return expr && IsA(expr, FuncExpr) && IsA(list_nth(((FuncExpr *) expr)->args, arg), Const);
}

/* What is known of the call before it is made, as long as the expression lives. */
static Site *
make_site(FunctionCallInfo fcinfo)
{
	Site	   *site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Site));

	site->argtype = get_fn_expr_argtype(fcinfo->flinfo, 1);
	site->argtype = OidIsValid(site->argtype) ? getBaseType(site->argtype) : TEXTOID;
	site->constant = is_constant(fcinfo, 0) && is_constant(fcinfo, 2);
	return site;
}

/* Is the site's target that of the arguments? */
static bool
is_about(Site *site, FunctionCallInfo fcinfo)
{
	text	   *purpose = PG_GETARG_TEXT_PP(2);

	return site->target->relid == PG_GETARG_OID(0) &&
		site->target->purpose_len == VARSIZE_ANY_EXHDR(purpose) &&
		memcmp(site->target->purpose, VARDATA_ANY(purpose), VARSIZE_ANY_EXHDR(purpose)) == 0;
}

/* The call's site, whose target is that of the arguments. */
static inline Site *
site_of_call(FunctionCallInfo fcinfo)
{
	Site	   *site = fcinfo->flinfo->fn_extra;
	uint64		generation = pvext_snapshot_generation();

	if (site)
		site->seen = generation;
	if (site && (site->constant || is_about(site, fcinfo)) && pvext_target_is_current(site->target))
		return site;
	if (site == NULL)
		site = make_site(fcinfo);
	site->target = pvext_find_consent_target(PG_GETARG_OID(0), PG_GETARG_TEXT_PP(2));
	site->seen = pvext_snapshot_generation();
	site->generation = 0;
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/*
 * pv.has_consent(subject, key, purpose): is the consent in force, as the active snapshot
 * sees it?
 *
 * Where the key's text says all no statement is run: it is called for every row of a
 * scan, in policies, and by parallel workers.  It reads pv's tables as the server does
 * its catalogs, without a check of privileges: EXECUTE is what is granted.
 */
Datum
pvext_has_consent(PG_FUNCTION_ARGS)
{
	Site	   *site;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		pvext_require_arg(fcinfo, PG_ARGISNULL(0) ? 0 : 2,
						  PG_ARGISNULL(0) ? "subject" : "purpose");
	site = site_of_call(fcinfo);
	if (PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(has_consent(fcinfo, site));
}

/* Where the keys of pv.consented() go. */
typedef struct Keys
{
	ReturnSetInfo *rsinfo;
	PvextConsentTarget *target;
	int64		n;
	List	   *first;			/* char *: those that are put on record */
} Keys;

/* One key of the result, and of those that are put on record. */
static void
put_key(Keys *keys, Datum key)
{
	bool		isnull = false;

	tuplestore_putvalues(keys->rsinfo->setResult, keys->rsinfo->setDesc, &key, &isnull);
	if (keys->n++ < pvext_audit_read_keys)
		keys->first = lappend(keys->first, TextDatumGetCString(key));
}

/* The keys of a bucket whose consents are in force. */
static void
put_bucket(const PvextCodes *codes, void *arg)
{
	Keys	   *keys = arg;
	bool		expired = codes->next_expiry <= GetCurrentTimestamp();

	for (int i = 0; i < PVEXT_BUCKET_SIZE; i++)
	{
		int64		key = codes->bucket.number * PVEXT_BUCKET_SIZE + i;
		int			code = pvext_code(codes->codes, i);
		char		text[MAXINT8LEN + 1];
		Datum		value;

		if (!(code & PVEXT_GIVEN) ||
			((code & PVEXT_EXPIRING) && expired && !look_up_integer(keys->target, key)))
			continue;
		pg_lltoa(key, text);
		value = CStringGetTextDatum(text);
		put_key(keys, value);
		pfree(DatumGetPointer(value));
	}
}

/* The keys of states whose consents are in force. */
static void
put_states(Keys *keys)
{
	Relation	states = pvext_open_states(AccessShareLock);
	SysScanDesc scan = pvext_scan_states(states, keys->target->subject->id,
										 keys->target->purpose_id, NULL, GetActiveSnapshot());
	HeapTuple	state;

	while ((state = systable_getnext(scan)) != NULL)
	{
		bool		isnull;
		Datum		key = pvext_state_key(states, state, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (!isnull && pvext_is_in_force(states, state))
			put_key(keys, key);
	}
	systable_endscan(scan);
	table_close(states, AccessShareLock);
}

/*
 * pv.consented(subject, purpose): the keys of all whose consent is in force, as texts.
 * Whom it hands out is put on record as a read.
 */
Datum
pvext_consented(PG_FUNCTION_ARGS)
{
	Keys		keys = {(ReturnSetInfo *) fcinfo->resultinfo};

	pvext_require_arg(fcinfo, 0, "subject");
	pvext_require_arg(fcinfo, 1, "purpose");
	keys.target = pvext_find_consent_target(PG_GETARG_OID(0), PG_GETARG_TEXT_PP(1));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (keys.target->kind == PVEXT_KEY_INTEGER && pvext_can_trust_bits() && !pvext_any_pending())
		pvext_each_bucket(keys.target->subject->id, keys.target->purpose_id, put_bucket, &keys);
	else
		put_states(&keys);
	pvext_hand_out(keys.target->relid, keys.target->subject->key, keys.n, keys.first);
	return (Datum) 0;
}

/*
 * The same as pv.has_consent(), for a key in the row's own spelling.  By the active
 * snapshot; a purpose that rests on consent.
 */
bool
pvext_has_consent_now(PvextTable *subject, PvextPurpose *purpose, const char *key)
{
	PvextConsentTarget target = {.subject = subject};

	target.purpose_id = purpose->id;
	return look_up(&target, CStringGetTextDatum(key));
}

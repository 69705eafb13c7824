/*
 * auto.c
 *		Finding by trial what a column takes: strategy "auto", and the format of
 *		tokens where the user gives none.
 *
 * The order is: NULL; where values must differ, a token; the default; an
 * empty constant of the type; a token.  What is found is kept with the
 * declaration, so that an erasure doesn't search again.
 */
#include "postgres.h"
#include "message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "auto.h"
#include "catalog.h"
#include "catalog/indexing.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "spi.h"
#include "token.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* Formats of tokens in the order in which they are tried, NULL at the end. */
static const char *const token_formats[] = {
	"erased-%s", "~%s", "erased-%s@invalid", "erased-%s@erased.invalid",
	"~%8s@x.invalid", "erased-%8s", "~%8s", "~%5s", "erased%s", "ERASED-%S",
	"ERASED%S", "X%S", "e7a5ed00%24s", "+00000%10d", "00000%10d", "0000%6d",
	"https://erased.invalid/%s", NULL
};

static const char *const pseudonym_formats[] = {
	"pseudonym-%s", "~%s", "pseudonym-%s@invalid", "pseudonym-%s@erased.invalid",
	"PSEUDONYM-%S", "X%S", "b5e0d000%24s", "+00000%11d", "00000%11d",
	"https://pseudonym.invalid/%s", NULL
};

/* Constants that say nothing, by what they are for. */
static const char *const empty_texts[] = {
	"", "erased", "-", "x", "X", "0", "00", "000", "0000", "00000", "00000000",
	"+0000000000", "x@invalid", "erased@erased.invalid", "https://erased.invalid/",
	NULL
};
static const char *const empty_numbers[] = {"0", "1", NULL};
static const char *const empty_booleans[] = {"false", "true", NULL};
static const char *const empty_dates[] = {
	"1900-01-01", "1970-01-01", "2000-01-01", NULL
};
static const char *const empty_times[] = {"00:00", NULL};
static const char *const empty_intervals[] = {"0", "1 day", NULL};
static const char *const empty_json[] = {"{}", "[]", "null", "\"\"", NULL};
static const char *const empty_arrays[] = {"{}", NULL};
static const char *const empty_ranges[] = {"empty", NULL};
static const char *const empty_networks[] = {"0.0.0.0", NULL};
static const char *const empty_cidrs[] = {"0.0.0.0/0", NULL};
static const char *const empty_macs[] = {"00:00:00:00:00:00", NULL};
static const char *const empty_macs8[] = {"00:00:00:00:00:00:00:00", NULL};
static const char *const empty_uuids[] = {"00000000-0000-0000-0000-000000000000", NULL};
static const char *const empty_bytes[] = {"", "\\x00", NULL};
static const char *const empty_points[] = {"(0,0)", NULL};
static const char *const empty_boxes[] = {"(0,0),(0,0)", NULL};
static const char *const empty_circles[] = {"<(0,0),0>", NULL};
static const char *const empty_xml[] = {"", "<erased/>", NULL};
static const char *const none[] = {NULL};

/* Does the strategy work with the argument: has it room, does its trial succeed? */
static bool
works(const PvextFit *fit, PvextStrategyKind kind, const char *argument,
	  PvextFailure *failure)
{
	PvextStrategy strategy;
	uint64		room;

	pvext_init_strategy(&strategy, fit->relid, fit->column,
						pvext_strategy_name(kind), argument);
	if ((kind == PVEXT_TOKEN || kind == PVEXT_PSEUDONYM) &&
		!pvext_has_room(fit, &strategy, &room))
	{
		failure->no_room = true;
		failure->room = room;
		return false;
	}
	return pvext_trial(fit, &strategy, failure);
}

/*
 * The prefix that says what it is would take the room that digits need: a
 * shorter one is better then.
 */
static bool
is_cramped(const PvextFit *fit, PvextStrategyKind kind, const char *format)
{
	PvextToken	token;

	return (strcmp(format, "erased-%s") == 0 || strcmp(format, "pseudonym-%s") == 0) &&
		pvext_init_token(&token, fit->type, fit->typmod, format,
						 kind == PVEXT_PSEUDONYM) && token.room > 0;
}

/* Does an existing value look like a token of the format? */
static bool
looks_taken(const PvextFit *fit, PvextStrategyKind kind, const char *format)
{
	PvextStrategy strategy;

	if (strncmp(format, "erased", 6) == 0 || strncmp(format, "pseudonym", 9) == 0)
		return false;
	pvext_init_strategy(&strategy, fit->relid, fit->column,
						pvext_strategy_name(kind), format);
	return pvext_count_replaced(fit, &strategy, 1) > 0;
}

/*
 * Find a format of tokens that the column takes.  Where there is none, the
 * failure is that of the first format that had room, or how little there was.
 */
bool
pvext_find_format(const PvextFit *fit, PvextStrategyKind kind, char **argument,
				  PvextFailure *failure)
{
	const char *const *formats =
		kind == PVEXT_TOKEN ? token_formats : pseudonym_formats;

	*argument = NULL;
	if (!pvext_is_text(fit->type))
		return works(fit, kind, NULL, failure);
	failure->no_room = true;
	for (; *formats; formats++)
	{
		PvextFailure why = {0};

		if (is_cramped(fit, kind, *formats))
			continue;
		if (works(fit, kind, *formats, &why) && !looks_taken(fit, kind, *formats))
		{
			*argument = pstrdup(*formats);
			return true;
		}
		if (why.no_room)
			failure->room = Max(failure->room, why.room);
		else if (failure->no_room && why.detail)
			*failure = why;
	}
	return false;
}

/* The empty constants of a type. */
static const char *const *
empty_constants(Oid type)
{
	Oid			base = getBaseType(type);

	if (pvext_is_text(base))
		return empty_texts;
	if (OidIsValid(get_element_type(base)))
		return empty_arrays;
	switch (base)
	{
		case TIMEOID:
		case TIMETZOID:
			return empty_times;
		case JSONOID:
		case JSONBOID:
			return empty_json;
		case INETOID:
			return empty_networks;
		case CIDROID:
			return empty_cidrs;
		case MACADDROID:
			return empty_macs;
		case MACADDR8OID:
			return empty_macs8;
		case UUIDOID:
			return empty_uuids;
		case BYTEAOID:
		case TSVECTOROID:
		case TSQUERYOID:
			return empty_bytes;
		case POINTOID:
			return empty_points;
		case BOXOID:
		case LSEGOID:
			return empty_boxes;
		case CIRCLEOID:
			return empty_circles;
		case XMLOID:
			return empty_xml;
	}
	switch (TypeCategory(base))
	{
		case TYPCATEGORY_NUMERIC:
			return empty_numbers;
		case TYPCATEGORY_BOOLEAN:
			return empty_booleans;
		case TYPCATEGORY_DATETIME:
			return empty_dates;
		case TYPCATEGORY_TIMESPAN:
			return empty_intervals;
		case TYPCATEGORY_RANGE:
			return type_is_multirange(base) ? empty_arrays : empty_ranges;
		case TYPCATEGORY_BITSTRING:
			return empty_numbers;
		default:
			return none;
	}
}

/* The labels of an enum in its order. */
static List *
enum_labels(Oid type)
{
	Relation	catalog = table_open(EnumRelationId, AccessShareLock);
	Relation	index = index_open(EnumTypIdSortOrderIndexId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *labels = NIL;

	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(getBaseType(type)));
	scan = systable_beginscan_ordered(catalog, index, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
		labels = lappend(labels, pstrdup(NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel)));
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(catalog, AccessShareLock);
	return labels;
}

/* Find an empty constant that the column takes. */
static char *
find_constant(const PvextFit *fit)
{
	const char *const *constant = empty_constants(fit->type);
	PvextFailure failure = {0};
	ListCell   *lc;

	for (; *constant; constant++)
		if (works(fit, PVEXT_CONSTANT, *constant, &failure))
			return pstrdup(*constant);
	if (getBaseType(fit->type) == BITOID)
	{
		int32		typmod = fit->typmod;
		char	   *zeros;

		(void) getBaseTypeAndTypmod(fit->type, &typmod);
		zeros = palloc0(Max(typmod, 1) + 1);
		memset(zeros, '0', Max(typmod, 1));
		if (works(fit, PVEXT_CONSTANT, zeros, &failure))
			return zeros;
	}
	if (TypeCategory(getBaseType(fit->type)) == TYPCATEGORY_ENUM)
		foreach(lc, enum_labels(fit->type))
			if (works(fit, PVEXT_CONSTANT, lfirst(lc), &failure))
				return lfirst(lc);
	return NULL;
}

/* Has the column a default that is the same for ever? */
static bool
has_steady_default(const PvextFit *fit)
{
	Relation	rel = table_open(fit->relid, AccessShareLock);
	Node	   *expr = build_column_default(rel, fit->attnum);
	bool		result = expr != NULL && !contain_mutable_functions(expr);

	table_close(rel, AccessShareLock);
	return result;
}

/* Find a token, or say why there is none. */
static PvextStrategyKind
must_be_token(const PvextFit *fit, char **argument)
{
	PvextFailure failure = {0};

	if (!pvext_token_type(fit->type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no strategy fits column \"%s\" of table %s by itself",
						fit->column, fit->table),
				 errdetail("Its values must differ, and type %s has no tokens.",
						   format_type_be(fit->type)),
				 errhint("Use erase_with => 'expression' with an expression that gives each row its own value.")));
	if (!pvext_find_format(fit, PVEXT_TOKEN, argument, &failure))
	{
		if (failure.no_room)
			failure.detail = psprintf("Only " UINT64_FORMAT " tokens fit into it.", failure.room);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no strategy fits column \"%s\" of table %s by itself",
						fit->column, fit->table),
				 failure.detail ? errdetail("%s", failure.detail) : 0,
				 errhint("Use erase_with => 'token' with a format as parameter, or 'expression'.")));
	}
	return PVEXT_TOKEN;
}

/* What strategy "auto" comes to. */
PvextStrategyKind
pvext_auto(const PvextFit *fit, char **argument)
{
	PvextFailure failure = {0};

	*argument = NULL;
	if (fit->leads)
		return must_be_token(fit, argument);
	if (!fit->not_null && !fit->nulls_collide && !fit->match_full &&
		works(fit, PVEXT_NULL, NULL, &failure))
		return PVEXT_NULL;
	if (fit->refers)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no strategy fits column \"%s\" of table %s by itself",
						fit->column, fit->table),
				 errdetail("A foreign key of the table allows only what is in the table it refers to."),
				 errhint("%s", pvext_fitting_hint(fit))));
	if (fit->unique || (fit->exclusion && !fit->only_empty))
		return must_be_token(fit, argument);
	if (has_steady_default(fit) && works(fit, PVEXT_DEFAULT, NULL, &failure))
		return PVEXT_DEFAULT;
	*argument = find_constant(fit);
	if (*argument)
		return PVEXT_CONSTANT;
	if (pvext_token_type(fit->type) &&
		pvext_find_format(fit, PVEXT_TOKEN, argument, &failure))
		return PVEXT_TOKEN;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("no strategy fits column \"%s\" of table %s by itself",
					fit->column, fit->table),
			 failure.detail ? errdetail("%s", failure.detail) : 0,
			 errhint("Use erase_with => 'constant' or 'expression' with a parameter that its checks accept.")));
	return PVEXT_NULL;
}

/*
 * neutral_value.c
 *		Values that say nothing of anybody.
 *
 * An empty text, an empty array, the uuid of zeroes stand where something is not
 * known.  What is made of parts (a row, an array, a range) is empty, or holds what says
 * nothing of each.  Types of extensions are known by their names, in whatever schema they
 * are; of one that is not, an empty text is taken for empty, where the type takes it.
 * None of this is sure to be a value of the type: it is tried (trial.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "access/tupdesc.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "parser/parse_coerce.h"
#include "strategy/neutral_value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* Of a row type's parts, so many are tried together; parts of parts only so deep. */
#define ROW_TRIALS 3
#define MAX_DEPTH 4

/*
 * By what they are for, in the order in which they are tried.  No text is of one
 * character: a column of one is a code, a digit or a letter of which means something.
 */
static const char *const empty_texts[] = {
	"", "erased", "ERASED", "--", "xx", "XX", "xxx", "XXX", "00", "000", "0000", "00000",
	"00000000", "+0000000000", "x@invalid", "erased@erased.invalid",
	"https://erased.invalid/", "1900-01-01", "00:00", "000-00-0000", "XX00ERASED", "{}",
	"0.0.0.0", "00000000-0000-0000-0000-000000000000", NULL
};
static const char *const empty_numbers[] = {"0", "1", NULL};
static const char *const empty_dates[] = {
	"1900-01-01", "1970-01-01", "2000-01-01", "2020-01-01", NULL
};
static const char *const empty_intervals[] = {"0", "1 day", NULL};
static const char *const empty_json[] = {"{}", "[]", "null", "\"\"", NULL};
static const char *const empty_bytes[] = {"", "\\x00", NULL};
static const char *const empty_xml[] = {"", "<erased/>", NULL};
static const char *const unknown[] = {"", "{}", "()", "[]", NULL};

/* Of types that have one value that says nothing, or are asked for by few. */
static const struct
{
	Oid			type;
	const char *values[4];
}			of_type[] = {
	{TIMEOID, {"00:00"}},
	{TIMETZOID, {"00:00"}},
	{INETOID, {"0.0.0.0", "::"}},
	{CIDROID, {"0.0.0.0/0", "::/0"}},
	{MACADDROID, {"00:00:00:00:00:00"}},
	{MACADDR8OID, {"00:00:00:00:00:00:00:00"}},
	{UUIDOID, {"00000000-0000-0000-0000-000000000000"}},
	{TSVECTOROID, {"", "erased"}},
	{TSQUERYOID, {"erased"}},	/* an empty one is told of by a notice, whenever it is read */
	{POINTOID, {"(0,0)"}},
	{BOXOID, {"(0,0),(0,0)"}},
	{LSEGOID, {"(0,0),(0,0)"}},
	{PATHOID, {"((0,0))", "[(0,0),(0,0)]"}},
	{POLYGONOID, {"((0,0))", "((0,0),(0,0),(0,0))"}},
	{LINEOID, {"{0,1,0}"}},
	{CIRCLEOID, {"<(0,0),0>"}},
	{VARBITOID, {"", "0"}},
	{JSONPATHOID, {"$"}},
	{XIDOID, {"0"}},
	{XID8OID, {"0"}},
	{CIDOID, {"0"}},
	{TIDOID, {"(0,0)"}},
	{PG_LSNOID, {"0/0"}},
	{PG_SNAPSHOTOID, {"1:1:"}},
};

/* The same of types of extensions, by name. */
static const struct
{
	const char *name;
	const char *values[8];
}			of_name[] = {
	{"hstore", {"", "erased=>NULL"}},
	{"ltree", {"", "erased"}},
	{"lquery", {"*"}},
	{"cube", {"()", "(0)"}},
	{"seg", {"0"}},
	{"geometry", {"POINT EMPTY", "LINESTRING EMPTY", "POLYGON EMPTY", "MULTIPOINT EMPTY",
			"MULTILINESTRING EMPTY", "MULTIPOLYGON EMPTY", "GEOMETRYCOLLECTION EMPTY"}},
	{"geography", {"POINT EMPTY", "LINESTRING EMPTY", "POLYGON EMPTY", "MULTIPOINT EMPTY",
			"MULTILINESTRING EMPTY", "MULTIPOLYGON EMPTY", "GEOMETRYCOLLECTION EMPTY"}},
};

static List *values_of(Oid type, int32 typmod, int depth);

/* A list of them, NULL at the end. */
static List *
list_of(const char *const *values)
{
	List	   *list = NIL;

	for (; *values; values++)
		list = lappend(list, pstrdup(*values));
	return list;
}

/* A character so many times. */
static char *
repeated(char c, int n)
{
	char	   *text = palloc0(n + 1);

	memset(text, c, n);
	return text;
}

/* Zeroes, as many bits as the type has; a single one is a yes or no. */
static List *
of_bits(int32 typmod)
{
	return typmod <= 1 ? NIL : list_make1(repeated('0', typmod));
}

/* Nothing, or zeroes as many as digests and keys have bytes. */
static List *
of_bytes(void)
{
	static const int lengths[] = {2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 48, 64};
	List	   *list = list_of(empty_bytes);

	for (int i = 0; i < lengthof(lengths); i++)
		list = lappend(list, psprintf("\\x%s", repeated('0', 2 * lengths[i])));
	return list;
}

/* A vector of an extension: zeroes, as many as it has dimensions. */
static List *
of_vector(int32 typmod)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < Max(typmod, 1); i++)
		appendStringInfo(&buf, "%c0", i == 0 ? '[' : ',');
	appendStringInfoChar(&buf, ']');
	return list_make1(buf.data);
}

/* A value as it stands within the literal of an array, a row or a range. */
static char *
quoted(const char *value)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '"');
	for (const char *p = value; *p; p++)
	{
		if (*p == '"' || *p == '\\')
			appendStringInfoChar(&buf, '\\');
		appendStringInfoChar(&buf, *p);
	}
	appendStringInfoChar(&buf, '"');
	return buf.data;
}

/* An array of nothing, of NULL, of what says nothing. */
static List *
of_array(Oid element, int32 typmod, int depth)
{
	List	   *list = list_make2(pstrdup("{}"), pstrdup("{NULL}"));
	ListCell   *lc;

	foreach(lc, values_of(element, typmod, depth + 1))
		list = lappend(list, psprintf("{%s}", quoted(lfirst(lc))));
	return list;
}

/* A range that is empty, is without bounds, or is a point; of several such, the same. */
static List *
of_range(Oid type, int depth)
{
	bool		multi = type_is_multirange(type);
	Oid			range = multi ? get_multirange_range(type) : type;
	const char *format = multi ? "{%s}" : "%s";
	List	   *list = list_make2(pstrdup(multi ? "{}" : "empty"), psprintf(format, "(,)"));
	ListCell   *lc;

	foreach(lc, values_of(get_range_subtype(range), -1, depth + 1))
	{
		char	   *bound = quoted(lfirst(lc));

		list = lappend(list, psprintf(format, psprintf("[%s,%s]", bound, bound)));
	}
	return list;
}

/* A row of NULLs; and rows of the first values of its parts, of the second, and so on. */
static List *
of_row(Oid type, int depth)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, -1);
	List	   *list = NIL;

	for (int n = 0; n <= ROW_TRIALS; n++)
	{
		StringInfoData buf;
		const char *separator = "(";

		initStringInfo(&buf);
		for (int i = 0; i < desc->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(desc, i);
			List	   *values = NIL;

			if (att->attisdropped)
				continue;
			if (n > 0)
				values = values_of(att->atttypid, att->atttypmod, depth + 1);
			appendStringInfo(&buf, "%s%s", separator, values == NIL ? "" :
							 quoted(list_nth(values, Min(n, list_length(values)) - 1)));
			separator = ",";
		}
		appendStringInfoString(&buf, separator[0] == '(' ? "()" : ")");
		list = lappend(list, buf.data);
	}
	return list;
}

/*
 * Empty shapes, of the system of coordinates that PostGIS's modifier of the type asks for: one
 * without it is made to fit when it is stored, and is then another value.
 */
static List *
of_shapes(const char *const *shapes, int32 typmod)
{
	int			srid = typmod < 0 ? 0 : ((typmod & 0x0FFFFF00) - (typmod & 0x10000000)) >> 8;
	List	   *list = NIL;

	for (; *shapes; shapes++)
		list = lappend(list, srid > 0 ? psprintf("SRID=%d;%s", srid, *shapes) : pstrdup(*shapes));
	return list;
}

/* Of a type of an extension, or any other that nothing is known of. */
static List *
of_stranger(Oid type, int32 typmod)
{
	char	   *name = pvext_plain_type_name(type);
	bool		shapes = strcmp(name, "geometry") == 0 || strcmp(name, "geography") == 0;

	for (int i = 0; i < lengthof(of_name); i++)
		if (strcmp(name, of_name[i].name) == 0)
			return shapes ? of_shapes(of_name[i].values, typmod) : list_of(of_name[i].values);
	if (strcmp(name, "vector") == 0 || strcmp(name, "halfvec") == 0)
		return of_vector(typmod);
	return list_of(unknown);
}

/* By what kind of type it is. */
static List *
of_category(Oid type, int32 typmod)
{
	switch (TypeCategory(type))
	{
		case TYPCATEGORY_NUMERIC:
			return list_of(empty_numbers);
		case TYPCATEGORY_DATETIME:
			return list_of(empty_dates);
		case TYPCATEGORY_TIMESPAN:
			return list_of(empty_intervals);
		case TYPCATEGORY_USER:
			return of_stranger(type, typmod);
		default:
			return NIL;
	}
}

/* The values of a type that say nothing, as texts. */
static List *
values_of(Oid type, int32 typmod, int depth)
{
	Oid			base = getBaseTypeAndTypmod(type, &typmod);

	if (depth > MAX_DEPTH)
		return NIL;
	for (int i = 0; i < lengthof(of_type); i++)
		if (of_type[i].type == base)
			return list_of(of_type[i].values);
	if (base == JSONOID || base == JSONBOID)
		return list_of(empty_json);
	if (base == BYTEAOID)
		return of_bytes();
	if (base == XMLOID)
		return list_of(empty_xml);
	if (base == BITOID)
		return of_bits(typmod);
	if (pvext_is_text(base))
		return list_of(empty_texts);
	if (OidIsValid(get_element_type(base)))
		return of_array(get_element_type(base), typmod, depth);
	if (type_is_range(base) || type_is_multirange(base))
		return of_range(base, depth);
	if (get_typtype(base) == TYPTYPE_COMPOSITE)
		return of_row(base, depth);
	return of_category(base, typmod);
}

/* The values of a column's type that say nothing, in the order in which they are tried. */
List *
pvext_neutral_values(const PvextFit *fit)
{
	if (fit->only_empty)
		return list_make1(pstrdup(pvext_nothing(fit->type)));
	return values_of(fit->type, fit->typmod, 0);
}

/* The range, or ranges, that overlap nothing. */
const char *
pvext_nothing(Oid range)
{
	return type_is_multirange(getBaseType(range)) ? "{}" : "empty";
}

/*
 * key_match.c
 *		How what a row holds of its parent's key is compared with the parent's.
 *
 * By the parent's equality, since that is what makes its key one: under citext or
 * a nondeterministic collation "Ada" is "ada", a char(n) ignores blanks at its end.
 * So a text column is cast to the parent's string type, and compared under
 * its collation.  Types that are no strings and have no equality in common are
 * compared as text, if one of them is text; never the other way round, since a text
 * that is no number is an error to who makes a number of it.
 *
 * Of an array each element is compared: "&&" finds rows by an index (gin), and is so written
 * where one key is looked for, too.  Where case is ignored both sides are made lower case, under
 * the parent's collation, by which its index says that the key is one.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "base/catalog.h"
#include "base/key_match.h"
#include "base/type.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Is it one of the server's own string types, or a domain over one? */
static bool
is_text(Oid type)
{
	type = getBaseType(type);
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

/* The collation's name, qualified and quoted. */
static char *
collation_name(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}

/* SQL: the collation, behind what is to be compared under it. */
static char *
collate_sql(Oid collation)
{
	return psprintf(" COLLATE %s", collation_name(collation));
}

/*
 * Under which collation the parent's equality is; it matters where one of the two is loose.
 * Where none is, the columns' own indexes are to be used, and only the server wants to be
 * told by which of them it is to compare one column with the other.
 */
static void
match_collations(PvextMatch *match, Oid collation, Oid parent_collation)
{
	if (!OidIsValid(collation) || !OidIsValid(parent_collation) || collation == parent_collation)
		return;
	if (match->folded || !get_collation_isdeterministic(collation) ||
		!get_collation_isdeterministic(parent_collation))
	{
		match->collation = parent_collation;
		match->collate = collate_sql(parent_collation);
	}
	else if (collation != DEFAULT_COLLATION_OID && parent_collation != DEFAULT_COLLATION_OID)
		match->key_collate = collate_sql(collation);
}

/* Both are compared as texts. */
static void
match_texts(PvextMatch *match)
{
	match->as_text = true;
	match->element = TEXTOID;
	match->cast = TEXTOID;
	match->equals = "OPERATOR(pg_catalog.=)";
}

/* How a value of match->type, no array, is compared with one of the parent's type. */
static void
match_types(PvextMatch *match, Oid parent_type)
{
	Oid			type = match->type;

	match->element = parent_type;
	match->equals = pvext_equality(type, parent_type);
	if (match->equals == NULL && pvext_is_text(type) && pvext_is_text(parent_type) &&
		(parent_type == BPCHAROID || parent_type >= FirstNormalObjectId) &&
		can_coerce_type(1, &type, &parent_type, COERCION_EXPLICIT))
	{
		match->cast = parent_type;
		match->equals = pvext_equality(parent_type, parent_type);
	}
	if (match->equals == NULL && (is_text(type) || is_text(parent_type)))
		match_texts(match);
}

/* "&&" wants the same type on both sides: the one that has room for all values of the other. */
static void
match_elements(PvextMatch *match, Oid parent_type)
{
	Oid			type = match->type;

	if (can_coerce_type(1, &parent_type, &type, COERCION_IMPLICIT))
		match->element = type;
	else
		match->cast = parent_type;
}

/*
 * How a value of a type and collation, or each element of it, is compared with a column of the
 * parent.  With ignore_case, which both must be strings for, "Ada" is "ada".
 */
void
pvext_match_value(Oid type, Oid collation, Oid parent, const char *parent_column,
				  bool ignore_case, PvextMatch *match)
{
	Oid			parent_type;

	memset(match, 0, sizeof(*match));
	match->collate = match->key_collate = "";
	(void) pvext_column(parent, parent_column, &parent_type, NULL);
	parent_type = getBaseType(parent_type);
	match->type = getBaseType(type);
	if (OidIsValid(get_element_type(match->type)) && pvext_equality(match->type, parent_type) == NULL)
	{
		match->array = true;
		match->type = getBaseType(get_element_type(match->type));
	}
	match->folded = ignore_case && !match->array && pvext_is_text(match->type) && pvext_is_text(parent_type);
	if (match->folded)
		match_texts(match);
	else if (!ignore_case)
		match_types(match, parent_type);
	if (match->array && !OidIsValid(match->cast) && match->type != parent_type)
		match_elements(match, parent_type);
	match_collations(match, collation, pvext_column_collation(parent, parent_column));
}

/* How a column of a table is compared with one of its parent. */
void
pvext_match(Oid relid, const char *column, Oid parent, const char *parent_column,
			PvextMatch *match)
{
	Oid			type;

	(void) pvext_column(relid, column, &type, NULL);
	pvext_match_value(type, pvext_column_collation(relid, column), parent, parent_column, false, match);
}

/* SQL: what the child holds, SQL of its own type, as it is compared. */
char *
pvext_match_held(const PvextMatch *match, const char *held)
{
	const char *dims = match->array ? "[]" : "";

	if (match->folded)
		return psprintf("lower(CAST(%s AS text)%s)", held, match->collate);
	if (OidIsValid(match->cast))
		return psprintf("CAST(%s AS %s%s)%s", held, pvext_type_name(match->cast, -1), dims, match->collate);
	return psprintf("%s%s", held, match->collate);
}

/* SQL: the child's column, of a row that is called so, as it is compared. */
char *
pvext_match_column(const PvextMatch *match, const char *row, const char *column)
{
	return pvext_match_held(match, psprintf("%s.%s", row, quote_identifier(column)));
}

/* SQL: the parent's value, or a text of it that is cast to its type, as it is compared. */
char *
pvext_match_key(const PvextMatch *match, const char *key)
{
	if (match->folded)
		return psprintf("lower(CAST(%s AS text)%s)", key, match->collate);
	if (match->as_text)
		return psprintf("CAST(%s AS text)", key);
	return pstrdup(key);
}

/* SQL: the text of what a child held, as pvext_match_key() makes the parent's. */
char *
pvext_match_text(const PvextMatch *match, const char *text)
{
	if (match->folded)
		return psprintf("lower(%s%s)", text, match->collate);
	if (match->as_text)
		return pstrdup(text);
	return psprintf("CAST(%s AS %s)", text,
					pvext_type_name(OidIsValid(match->cast) ? match->cast : match->type, -1));
}

/* SQL: what the child holds, by pvext_match_held(), is the key, by pvext_match_key(). */
char *
pvext_match_one(const PvextMatch *match, const char *held, const char *key)
{
	if (match->array)
		return psprintf("%s OPERATOR(pg_catalog.&&) ARRAY[CAST(%s AS %s)]", held, key,
						pvext_type_name(match->element, -1));
	return psprintf("%s %s %s", held, match->equals, key);
}

/* SQL: it is one of the keys, an array of match->element. */
char *
pvext_match_any(const PvextMatch *match, const char *held, const char *keys)
{
	if (match->array)
		return psprintf("%s OPERATOR(pg_catalog.&&) CAST(%s AS %s[])", held, keys,
						pvext_type_name(match->element, -1));
	return psprintf("%s %s ANY (%s)", held, match->equals, keys);
}

/*
 * key_match.c
 *		How the column of a link is compared with the parent's.
 *
 * By the parent's equality, since that is what makes its key one: under citext or
 * a nondeterministic collation "Ada" is "ada", a char(n) ignores blanks at its end.
 * So a text column is cast to the parent's string type, and compared under
 * its collation.  Types that are no strings and have no equality in common are
 * compared as text, if one of them is text.
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

/* Under which collation the parent's equality is; it matters where one of the two is loose. */
static void
match_collations(PvextMatch *match, Oid collation, Oid parent_collation)
{
	if (!OidIsValid(collation) || !OidIsValid(parent_collation) || collation == parent_collation ||
		(get_collation_isdeterministic(collation) && get_collation_isdeterministic(parent_collation)))
		return;
	match->collation = parent_collation;
	match->collate = psprintf(" COLLATE %s", collation_name(parent_collation));
}

/* How a column of a table is compared with one of its parent. */
void
pvext_match(Oid relid, const char *column, Oid parent, const char *parent_column,
			PvextMatch *match)
{
	Oid			type;
	Oid			parent_type;

	memset(match, 0, sizeof(*match));
	match->collate = "";
	(void) pvext_column(relid, column, &type, NULL);
	(void) pvext_column(parent, parent_column, &parent_type, NULL);
	type = getBaseType(type);
	match->element = parent_type = getBaseType(parent_type);
	match->equals = pvext_equality(type, parent_type);
	if (match->equals == NULL && pvext_is_text(type) && pvext_is_text(parent_type) &&
		(parent_type == BPCHAROID || parent_type >= FirstNormalObjectId) &&
		can_coerce_type(1, &type, &parent_type, COERCION_EXPLICIT))
	{
		match->cast = parent_type;
		match->equals = pvext_equality(parent_type, parent_type);
	}
	if (match->equals == NULL && (is_text(type) || is_text(parent_type)))
	{
		match->as_text = true;
		match->element = TEXTOID;
		match->cast = TEXTOID;
		match->equals = "OPERATOR(pg_catalog.=)";
	}
	match_collations(match, pvext_column_collation(relid, column),
					 pvext_column_collation(parent, parent_column));
}

/* SQL: the child's column, of a row that is called so, as it is compared. */
char *
pvext_match_column(const PvextMatch *match, const char *row, const char *column)
{
	char	   *sql = psprintf("%s.%s", row, quote_identifier(column));

	if (OidIsValid(match->cast))
		sql = psprintf("CAST(%s AS %s)", sql, pvext_type_name(match->cast, -1));
	return psprintf("%s%s", sql, match->collate);
}

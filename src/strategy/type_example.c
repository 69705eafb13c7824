/*
 * type_example.c
 *		What to write for a column of a type, for hints.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "parser/parse_coerce.h"
#include "strategy/neutral_value.h"
#include "strategy/trial_query.h"
#include "strategy/type_example.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/*
 * A literal that the column's type takes, if perhaps not its checks; NULL where none is
 * known, or everybody knows.
 */
char *
pvext_example(const PvextFit *fit)
{
	TYPCATEGORY category = TypeCategory(getBaseType(fit->type));
	List	   *values = pvext_neutral_values(fit);
	int			skipped = get_typtype(getBaseType(fit->type)) == TYPTYPE_COMPOSITE ? 1 : 0;
	ListCell   *lc;

	if (category == TYPCATEGORY_STRING || category == TYPCATEGORY_NUMERIC || category == TYPCATEGORY_DATETIME)
		return NULL;
	for_each_from(lc, values, skipped)
	{
		char	   *literal = quote_literal_cstr(lfirst(lc));
		PvextFailure failure = {0};

		if (pvext_try_query(fit, psprintf("SELECT CAST(%s AS %s)", literal,
										  pvext_type_name(getBaseType(fit->type), -1)), &failure))
			return literal;
	}
	return NULL;
}

/* The table's primary key as an integer and as a text. */
static void
key_sql(const PvextFit *fit, char **number, char **text)
{
	List	   *key = pvext_primary_key(fit->relid);
	const char *name = quote_identifier(key == NIL ? "id" : linitial(key));
	Oid			type = InvalidOid;

	if (key != NIL)
		(void) pvext_column(fit->relid, linitial(key), &type, NULL);
	*text = psprintf("%s::text", name);
	*number = pstrdup(type == INT4OID || key == NIL ? name :
					  type == INT2OID || type == INT8OID ? psprintf("%s::integer", name) :
					  psprintf("hashtext(%s::text)", name));
}

/* A row of the type, of NULLs but for one part, which holds the key; NULL where none can. */
static char *
row_sql(Oid type, const char *text)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, -1);
	StringInfoData buf;
	const char *separator = "ROW(";
	bool		done = false;

	initStringInfo(&buf);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		here = !done && pvext_is_text(att->atttypid);

		if (att->attisdropped)
			continue;
		appendStringInfo(&buf, "%s%s", separator, here ? psprintf("'erased-' || %s", text) : "NULL");
		separator = ", ";
		done = done || here;
	}
	return done ? psprintf("%s)::%s", buf.data, format_type_be(type)) : NULL;
}

/* An expression over the row that gives each its own value; NULL where none is known. */
char *
pvext_distinct_example(const PvextFit *fit)
{
	Oid			base = getBaseType(fit->type);
	const char *type = format_type_be(base);
	char	   *number;
	char	   *text;

	key_sql(fit, &number, &text);
	if (type_is_range(base) && get_range_subtype(base) == INT4OID)
		return psprintf("%s(%s, %s, '[]')", type, number, number);
	if (base == TSTZRANGEOID)
		return psprintf("tstzrange(to_timestamp(-%s), to_timestamp(-%s), '[]')", number, number);
	if (base == TIMESTAMPTZOID)
		return psprintf("to_timestamp(-%s)", number);
	if (base == DATEOID)
		return psprintf("date '0001-01-01' + %s", number);
	if (base == TIMESTAMPOID)
		return psprintf("timestamp '0001-01-01' + make_interval(secs => %s)", number);
	if (TypeCategory(base) == TYPCATEGORY_NUMERIC)
		return psprintf("(-%s)::%s", number, type);
	if (base == INTERVALOID)
		return psprintf("make_interval(secs => -%s)", number);
	if (base == POINTOID)
		return psprintf("point(-1000, -%s)", number);
	if (base == TSVECTOROID)
		return psprintf("array_to_tsvector(ARRAY['erased', %s])", text);
	if (get_typtype(base) == TYPTYPE_COMPOSITE)
		return row_sql(base, text);
	if (type_is_array(base) && get_element_type(base) == INT4OID)
		return psprintf("ARRAY[-%s]", number);
	return NULL;
}

/* ", such as ..." in a hint; nothing without an example. */
const char *
pvext_such_as(const char *example)
{
	return example ? psprintf(", such as %s", example) : "";
}

/* The same of a literal, which the column's checks need not accept. */
const char *
pvext_written(const char *example)
{
	return example ? psprintf(" (one is written as %s)", example) : "";
}

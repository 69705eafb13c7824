/*
 * derived_column.c
 *		Columns that a trigger of the application derives from personal ones.
 *
 * Such as a tsvector of names and texts: nothing is to be written to it, but each erasure
 * sees to it that the trigger has (derived_value.c).  Here it is seen to that there is a
 * trigger, and something that it is made of.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "declare/derived_column.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

/* SQL: t is a trigger that may compute columns of the row that an UPDATE writes. */
#define COMPUTES \
	"NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 19 = 19"

/* Raise: the column cannot be declared derived. */
static void
refuse(const PvextFit *fit, const char *why, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column \"%s\" of table %s cannot be declared derived", fit->column, fit->table),
			 errdetail("%s", why),
			 errhint("%s", hint)));
}

/* The personal columns of the table that it may be made of. */
static List *
personal_columns(const PvextFit *fit)
{
	PvextArgs	args = {0};
	List	   *names = NIL;

	pvext_arg_int4(&args, pvext_relation_id(fit->relid));
	pvext_arg_name(&args, fit->column);
	(void) pvext_own("SELECT column_name FROM pv.declared_personal WHERE relation_id = $1"
					 " AND column_name <> $2 AND strategy <> 'derived' ORDER BY 1", &args);
	for (uint64 i = 0; i < SPI_tuptable->numvals; i++)
		names = lappend(names, pvext_value(i, 1));
	return names;
}

/* The arguments of a trigger, C strings: each ends with a zero. */
static List *
read_arguments(Datum value)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	const char *end = VARDATA_ANY(bytes) + VARSIZE_ANY_EXHDR(bytes);
	List	   *arguments = NIL;

	for (const char *at = VARDATA_ANY(bytes); at < end; at += strlen(at) + 1)
		arguments = lappend(arguments, pstrdup(at));
	return arguments;
}

/*
 * The columns that triggers of the server's make a tsvector of, as they are told: its name, a
 * configuration, and these; NIL: there is none.
 */
static List *
columns_of_tsvector(const PvextFit *fit)
{
	PvextArgs	args = {0};
	List	   *names = NIL;
	uint64		n;

	pvext_arg_oid(&args, OIDOID, fit->relid);
	n = pvext_own("SELECT t.tgargs FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
				  " WHERE t.tgrelid = $1 AND " COMPUTES " AND p.pronamespace = 'pg_catalog'::regnamespace"
				  " AND p.proname IN ('tsvector_update_trigger', 'tsvector_update_trigger_column')", &args);
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		List	   *arguments = read_arguments(pvext_datum(i, 1, &isnull));

		if (arguments != NIL && strcmp(linitial(arguments), fit->column) == 0)
			names = list_concat(names, list_copy_tail(arguments, 2));
	}
	return names;
}

/* Which of the personal columns it is made of: as named, as a trigger is told, or NIL for any. */
static List *
find_sources(const PvextFit *fit, const char *parameter, List *personal)
{
	List	   *names = NIL;
	List	   *sources = NIL;
	ListCell   *lc;

	if (parameter && !SplitIdentifierString(pstrdup(parameter), ',', &names))
		refuse(fit, "The parameter is no list of columns.", "Name what it is made of, such as 'name, email'.");
	if (parameter == NULL)
		names = columns_of_tsvector(fit);
	foreach(lc, names)
		if (pvext_has_name(personal, lfirst(lc)))
			sources = lappend(sources, pstrdup(lfirst(lc)));
		else if (parameter)
			refuse(fit, psprintf("Column \"%s\" is not declared personal.", (char *) lfirst(lc)),
				   "Declare what it is made of first, and name only personal columns.");
	if (personal == NIL || (names != NIL && sources == NIL))
		refuse(fit, "None of the columns that it is made of is declared personal.",
			   "Declare these first.");
	return sources;
}

/*
 * Raise where in the table, or a part of it, no trigger computes it when one of the columns
 * changes.  A parent that holds no rows of its own, by a check, needs none.
 */
static void
check_triggers(const PvextFit *fit, List *sources)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, fit->relid);
	pvext_arg(&args, TEXTARRAYOID, pvext_text_array(sources), false);
	if (pvext_own("WITH RECURSIVE part (id) AS (SELECT $1 UNION SELECT i.inhrelid FROM pg_inherits i"
				  "  JOIN part ON i.inhparent = part.id)"
				  " SELECT c.oid FROM part JOIN pg_class c ON c.oid = part.id WHERE c.relkind = 'r'"
				  " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'"
				  "  AND k.connoinherit AND k.convalidated AND pg_get_expr(k.conbin, k.conrelid) = 'false')"
				  " AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND " COMPUTES
				  "  AND (cardinality(t.tgattr::int2[]) = 0 OR EXISTS (SELECT FROM pg_attribute a"
				  "   WHERE a.attrelid = c.oid AND a.attnum = ANY (t.tgattr) AND a.attname::text = ANY ($2))))"
				  " ORDER BY 1 LIMIT 1", &args) > 0)
		refuse(fit, psprintf("Table %s has no trigger BEFORE UPDATE ... FOR EACH ROW that an erasure fires.",
							 pvext_relation_name((Oid) pvext_int(0, 1))),
			   "Declare it like any personal column, or let such a trigger compute it from the row.");
}

/*
 * Check that the column can be one that is derived; the parameter names what it is made
 * of, or is NULL.  Returns the argument of the strategy.  Between pvext_enter() and
 * pvext_leave().
 */
char *
pvext_resolve_derived(const PvextFit *fit, const char *parameter)
{
	List	   *personal = personal_columns(fit);
	List	   *sources;

	if (fit->leads)
		refuse(fit, "Other tables or pvext itself find rows by this column.",
			   "Use erase_with => 'token', which gives each row its own value.");
	sources = find_sources(fit, parameter, personal);
	check_triggers(fit, sources == NIL ? personal : sources);
	return sources == NIL ? NULL : pvext_join_names(sources, ", ", true);
}

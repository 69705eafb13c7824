/*
 * key.c
 *		Keys of subjects: from what a caller passes to the row's own value.
 *
 * A key is passed around as text: the value itself for a key of one column,
 * the row literal, such as (7,42), for one of several.  It is compared by the
 * key columns' own equality, as the table's owner, and from then on stands in
 * the row's own spelling.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/catalog.h"
#include "base/result.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "map/key.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/*
 * The text of a key argument of type text or of any other type.  Between
 * pvext_enter() and pvext_leave(), so that the text doesn't depend on settings.
 */
char *
pvext_key_arg(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);
	Oid			output;
	bool		varlena;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the subject's key is null"),
				 errhint("Pass the key of one row.")));
	if (!OidIsValid(type))
		type = TEXTOID;
	getTypeOutputInfo(type, &output, &varlena);
	return OidOutputFunctionCall(output, PG_GETARG_DATUM(arg));
}

/* Raise that a text is no key of the subject table, without the text. */
void
pvext_malformed_key(PvextTable *subject)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("malformed key for subject table %s", subject->sql_name),
			 list_length(subject->key) == 1 ?
			 errhint("The key is a value of the type of column %s.",
					 pvext_join_names(subject->key, ", ", true)) :
			 errhint("The key has the columns %s: write it as a row literal such as (7,42), or pass ROW(7, 42).",
					 pvext_join_names(subject->key, ", ", true))));
}

/* What types' input functions say of a text that is none of their values. */
static bool
is_malformed(int sqlerrcode)
{
	return (ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_DATA_EXCEPTION &&
			sqlerrcode != ERRCODE_DIVISION_BY_ZERO) ||
		sqlerrcode == ERRCODE_SYNTAX_ERROR || sqlerrcode == ERRCODE_UNDEFINED_TABLE ||
		sqlerrcode == ERRCODE_UNDEFINED_OBJECT || sqlerrcode == ERRCODE_UNDEFINED_FUNCTION;
}

/*
 * Run a statement that looks for keys, as the subject table's owner.  What the
 * server says of a key that it cannot read holds the key: say it without.
 */
uint64
pvext_run_keys(PvextTable *subject, PvextStatement *statement, PvextArgs *args,
			   int cursor_options)
{
	uint64		volatile n = 0;

	PG_TRY();
	{
		n = pvext_run_kept(subject->owner, statement, args, cursor_options);
	}
	PG_CATCH();
	{
		/*
		 * Forgotten only to raise another in its place: what it left behind goes with
		 * that one's abort.
		 */
		if (is_malformed(geterrcode()))
		{
			FlushErrorState();
			pvext_malformed_key(subject);
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
	return n;
}

/*
 * The text of each key column.  NIL where the literal has another number of
 * columns, or a NULL, which no key has.
 */
List *
pvext_try_split_key(PvextTable *subject, const char *key)
{
	List	   *parts = NIL;
	const char *p = key;

	if (list_length(subject->key) == 1)
		return list_make1(pstrdup(key));

	while (isspace((unsigned char) *p))
		p++;

	/* As record_in() takes a row literal apart. */
	if (*p++ != '(')
		return NIL;
	for (;;)
	{
		StringInfoData part;
		bool		quoted = false;
		bool		was_quoted = false;

		initStringInfo(&part);
		for (; *p && (quoted || (*p != ',' && *p != ')')); p++)
		{
			if (*p == '\\' && p[1])
				appendStringInfoChar(&part, *++p);
			else if (*p == '"' && quoted && p[1] == '"')
				appendStringInfoChar(&part, *++p);
			else if (*p == '"')
			{
				quoted = !quoted;
				was_quoted = true;
			}
			else
				appendStringInfoChar(&part, *p);
		}
		if (*p == '\0' || (part.len == 0 && !was_quoted))
			return NIL;
		parts = lappend(parts, part.data);
		if (*p++ == ')')
			break;
	}
	while (isspace((unsigned char) *p))
		p++;
	if (*p != '\0' || list_length(parts) != list_length(subject->key))
		return NIL;
	return parts;
}

/* The same, raising where it is malformed. */
List *
pvext_split_key(PvextTable *subject, const char *key)
{
	List	   *parts = pvext_try_split_key(subject, key);

	if (parts == NIL)
		pvext_malformed_key(subject);
	return parts;
}

/* SQL: the key of row r as text. */
char *
pvext_key_sql(PvextTable *subject)
{
	StringInfoData buf;
	ListCell   *lc;

	if (list_length(subject->key) == 1)
		return psprintf("CAST(r.%s AS text)",
						quote_identifier(linitial(subject->key)));
	initStringInfo(&buf);
	appendStringInfoString(&buf, "CAST(ROW(");
	foreach(lc, subject->key)
		appendStringInfo(&buf, "%sr.%s", lc == list_head(subject->key) ? "" : ", ",
						 quote_identifier(lfirst(lc)));
	appendStringInfoString(&buf, ") AS text)");
	return buf.data;
}

/* Are the subjects' keys integers? */
bool
pvext_has_integer_key(PvextTable *subject)
{
	Oid			type;

	if (list_length(subject->key) != 1)
		return false;
	(void) pvext_column(subject->relid, linitial(subject->key), &type, NULL);
	type = getBaseType(type);
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/*
 * SQL: the text expression as a value of the key column's type.  Integers go
 * through numeric, so that 1.0 is 1 (and 1.5 is an error, not 2).
 */
char *
pvext_cast_key(Oid type, const char *text)
{
	Oid			base = getBaseType(type);

	if (base == INT2OID || base == INT4OID || base == INT8OID)
		return psprintf("CAST(CAST(trim_scale(CAST(%s AS numeric)) AS text) AS %s)",
						text, pvext_type_name(base, -1));
	return psprintf("CAST(%s AS %s)", text, pvext_type_name(base, -1));
}

/*
 * SQL: row r has the key whose columns' texts are what "format" makes of the
 * numbers first, first + 1, ... ("$%d" or "k.k%d").
 */
char *
pvext_key_match_sql(PvextTable *subject, const char *format, int first)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, subject->key)
	{
		Oid			type;
		char		ref[32];

		(void) pvext_column(subject->relid, lfirst(lc), &type, NULL);
		snprintf(ref, sizeof(ref), format, first++);
		appendStringInfo(&buf, "%sr.%s %s %s", buf.len > 0 ? " AND " : "",
						 quote_identifier(lfirst(lc)), pvext_equality(type, type),
						 pvext_cast_key(type, ref));
	}
	return buf.data;
}

/* SQL: keys as rows k, whose columns' texts are the arrays $1, $2, ... */
char *
pvext_key_rows_sql(PvextTable *subject)
{
	return pvext_array_rows_sql(list_length(subject->key), false);
}

/* Keys as the arrays of pvext_key_rows_sql(). */
void
pvext_arg_key_columns(PvextArgs *args, PvextTable *subject, List *keys)
{
	int			ncolumns = list_length(subject->key);
	Datum	   *elements = palloc(sizeof(Datum) * ncolumns * Max(list_length(keys), 1));
	int			nkeys = list_length(keys);
	ListCell   *lc;
	int			n = 0;

	foreach(lc, keys)
	{
		List	   *parts = pvext_split_key(subject, lfirst(lc));

		for (int i = 0; i < ncolumns; i++)
			elements[i * nkeys + n] = CStringGetTextDatum(list_nth(parts, i));
		n++;
	}
	for (int i = 0; i < ncolumns; i++)
		pvext_arg(args, TEXTARRAYOID,
				  PointerGetDatum(construct_array(elements + i * nkeys, nkeys, TEXTOID, -1,
												  false, TYPALIGN_INT)),
				  false);
}

/* Raise that no subject has the key, without the key. */
void
pvext_unknown_key(PvextTable *subject)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("there is no such subject in %s", subject->sql_name),
			 subject->condition ?
			 errhint("Pass the key of one row that the subject's condition holds for.") :
			 errhint("Pass the key of one row.")));
}

/* SQL: the row of a key, whose columns' texts are $1, $2, ... */
static char *
subject_sql(PvextTable *subject, PvextFind how)
{
	static const char *const locks[] = {"", " FOR NO KEY UPDATE", " FOR UPDATE"};

	return psprintf("SELECT %s FROM %s AS r WHERE %s%s%s",
					pvext_key_sql(subject), subject->sql_name,
					pvext_key_match_sql(subject, "$%d", 1),
					subject->condition ? psprintf(" AND (%s)", subject->condition) : "",
					locks[how]);
}

/*
 * Resolve a key: the row's own spelling of it, in the current context; NULL where no such
 * person is there.  The row is looked for, and locked, as its table's owner.  The plan is
 * kept in *subject.  Between pvext_enter() and pvext_leave().
 */
char *
pvext_find_subject(PvextTable *subject, const char *key, PvextFind how)
{
	PvextArgs	args = {0};
	PvextStatement *statement = &subject->find_subject[how];
	ListCell   *lc;
	char	   *found;

	StaticAssertStmt(lengthof(subject->find_subject) == PVEXT_WAYS_TO_FIND,
					 "a subject table has a statement for each way");

	/*
	 * Before the row: whoever alters the table, or gives it to another, waits for us or
	 * we for him, and what follows is true until the transaction ends.
	 */
	pvext_lock_table(subject, how == PVEXT_TO_LOOK ? AccessShareLock : RowShareLock);
	pvext_check_children(subject->relid);
	if (subject->condition)
		pvext_check_bound_owner(subject, subject->condition_owner, "the condition");
	foreach(lc, pvext_split_key(subject, key))
		pvext_arg_text(&args, lfirst(lc));
	if (statement->sql == NULL)
		*statement = pvext_statement(MemoryContextStrdup(GetMemoryChunkContext(subject),
														 subject_sql(subject, how)));

	/* To lock a row is no reading, and takes a snapshot of its own, of after the wait. */
	statement->read_only = how == PVEXT_TO_LOOK;
	if (pvext_run_keys(subject, statement, &args, CURSOR_OPT_GENERIC_PLAN) == 0)
		return NULL;
	found = pvext_value(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/*
 * The same, raising where no such person is there.  Between pvext_enter() and
 * pvext_leave().
 */
char *
pvext_lock_subject(PvextTable *subject, const char *key, PvextFind how)
{
	char	   *found = pvext_find_subject(subject, key, how);

	if (found == NULL)
		pvext_unknown_key(subject);
	return found;
}

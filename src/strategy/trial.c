/*
 * trial.c
 *		Trying a strategy on a table's own rows, without changing any.
 *
 * A trial is a handful of queries, each run as the table's owner inside a
 * subtransaction: they build rows as an erasure would make them, generated
 * columns included, and evaluate over these rows the table's CHECK
 * constraints (domains check themselves in the cast).  An error in a query is
 * the trial's result and never shown, since its message may hold a person's
 * data.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/expression.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "strategy/free_text.h"
#include "strategy/replacement.h"
#include "strategy/token_trial.h"
#include "strategy/trial.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* A CHECK constraint of the table. */
typedef struct Check
{
	char	   *sql;			/* over r */
	char	   *problem;		/* what it means that it is false */
	bool		here_only;		/* NO INHERIT: of no child's rows */
	bool		alone;			/* reads only the column on trial */
} Check;

/* For a message: which of the tables it is, where it is not the one that is declared. */
static const char *
of_part(const PvextFit *fit)
{
	return fit->is_part ? psprintf(" of table %s", fit->table) : "";
}

/* The CHECK constraints of the table, those that need a system column left out. */
static List *
checks_of(const PvextFit *fit)
{
	Relation	rel = table_open(fit->relid, AccessShareLock);
	TupleConstr *constr = RelationGetDescr(rel)->constr;
	List	   *checks = NIL;

	for (int i = 0; constr && i < constr->num_check; i++)
	{
		Node	   *expr = stringToNode(constr->check[i].ccbin);
		Bitmapset  *columns = NULL;
		Check	   *check = palloc0(sizeof(Check));
		int			column = fit->attnum - FirstLowInvalidHeapAttributeNumber;

		pull_varattnos(expr, 1, &columns);
		if (bms_next_member(columns, -1) >= 0 &&
			bms_next_member(columns, -1) < -FirstLowInvalidHeapAttributeNumber)
			continue;
		check->problem = psprintf("The new value violates check constraint \"%s\"%s.",
								  constr->check[i].ccname, of_part(fit));
		check->here_only = constr->check[i].ccnoinherit;
		check->sql = pvext_deparse(fit->relid, expr, true);
		check->alone = bms_membership(columns) == BMS_SINGLETON &&
			bms_is_member(column, columns);
		checks = lappend(checks, check);
	}
	table_close(rel, AccessShareLock);
	return checks;
}

/* The value on trial: where it is made in C or redacted, a sample. */
static char *
trial_value(const PvextStrategy *s)
{
	char	   *sample = pvext_strategy_sample(s);
	char	   *column = psprintf("%s.%s", PVEXT_ROW, quote_identifier(s->column));

	if (s->kind == PVEXT_REDACT)
		return pvext_redact_whole(s);
	if (sample == NULL)
		return pvext_strategy_value(s, 1);
	if (s->kind == PVEXT_TOKEN || s->kind == PVEXT_PSEUDONYM)
		return psprintf("CASE WHEN %s IS NULL THEN %s ELSE %s END", column, column, sample);
	return sample;
}

/*
 * Does the value fit into a type's length and precision?  A cast would cut it
 * off or round it without a word.
 */
static bool
try_length(const PvextFit *fit, Oid type, int32 typmod,
		   const char *from, const char *value, PvextFailure *failure)
{
	Oid			base = getBaseTypeAndTypmod(type, &typmod);
	char	   *whole;
	char	   *cut;

	if (typmod < 0)
		return true;
	whole = psprintf("CAST(%s AS %s)", value, pvext_type_name(base, -1));
	cut = psprintf("CAST(%s AS %s)", whole, pvext_type_name(base, typmod));
	if (!pvext_try_query(fit, psprintf("SELECT bool_and(%s)%s", pvext_same_sql(base, cut, whole), from),
				   failure))
		return false;
	if (SPI_tuptable->numvals == 1 && pvext_value(0, 1) && !pvext_bool(0, 1))
	{
		bool		is_string = pvext_is_text(base) || base == BITOID || base == VARBITOID;

		return pvext_fail(failure, is_string ? ERRCODE_STRING_DATA_RIGHT_TRUNCATION :
					ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
					psprintf("The value does not fit into %s.", format_type_with_typemod(base, typmod)));
	}
	return true;
}

/* Evaluate the checks, one query for all of them, over the rows of "from". */
static bool
try_checks(const PvextFit *fit, const char *from,
		   List *checks, bool not_null, PvextFailure *failure)
{
	StringInfoData sql;
	ListCell   *lc;
	int			column = 1;

	initStringInfo(&sql);
	/* a row of NULLs is not NULL, though IS NULL says so */
	appendStringInfo(&sql, "SELECT bool_or(%s.%s IS NOT DISTINCT FROM NULL)", PVEXT_ROW,
					 quote_identifier(fit->column));
	foreach(lc, checks)
		appendStringInfo(&sql, ", bool_or((%s) IS FALSE)", ((Check *) lfirst(lc))->sql);
	appendStringInfo(&sql, " FROM %s", from);
	if (!pvext_try_query(fit, sql.data, failure))
		return false;
	if (not_null && pvext_bool(0, 1))
		return pvext_fail(failure, ERRCODE_NOT_NULL_VIOLATION,
					"The new value is NULL, and the column is NOT NULL.");
	foreach(lc, checks)
		if (pvext_bool(0, ++column))
			return pvext_fail(failure, ERRCODE_CHECK_VIOLATION,
						((Check *) lfirst(lc))->problem);
	return true;
}

/* Generated columns that refuse NULL are checked like the column itself. */
static List *
generated_checks(const PvextFit *fit)
{
	Relation	rel = table_open(fit->relid, AccessShareLock);
	List	   *checks = NIL;
	ListCell   *lc;

	foreach(lc, fit->generated)
	{
		AttrNumber	attnum = pvext_column(fit->relid, lfirst(lc), NULL, NULL);
		Check	   *check;

		if (!TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attnotnull)
			continue;
		check = palloc0(sizeof(Check));
		check->problem = psprintf("It would make generated column \"%s\" NULL, which it refuses to be.",
								  (char *) lfirst(lc));
		check->sql = psprintf("%s.%s IS NOT NULL", PVEXT_ROW, quote_identifier(lfirst(lc)));
		checks = lappend(checks, check);
	}
	table_close(rel, AccessShareLock);
	return checks;
}

/*
 * The value alone, as it is whatever the row: finds what is wrong with it in
 * an empty table as well.
 */
static bool
try_sample(const PvextFit *fit, const PvextStrategy *s, List *checks,
		   PvextFailure *failure)
{
	char	   *sample = pvext_strategy_sample(s);
	List	   *alone = NIL;
	ListCell   *lc;

	if (sample == NULL)
		return true;
	if (s->kind == PVEXT_CONSTANT)
	{
		char	   *literal = quote_literal_cstr(s->argument);

		failure->literal = true;
		if (!pvext_try_query(fit, psprintf("SELECT CAST(%s AS %s)", literal,
										pvext_type_name(getBaseType(fit->type), -1)), failure) ||
			!try_length(fit, fit->type, fit->typmod, "", literal, failure))
			return false;
		failure->literal = false;
	}
	if (s->kind == PVEXT_DEFAULT && s->argument &&
		!try_length(fit, fit->type, fit->typmod, "", psprintf("(%s)", s->argument), failure))
		return false;
	foreach(lc, checks)
		if (((Check *) lfirst(lc))->alone)
			alone = lappend(alone, lfirst(lc));
	return try_checks(fit, psprintf("(SELECT %s AS %s) AS %s", sample,
									   quote_identifier(fit->column), PVEXT_ROW),
					  alone, fit->not_null, failure);
}

/* What is computed from the new value must fit as well. */
static bool
try_generated_length(const PvextFit *fit, const char *from,
					 PvextFailure *failure)
{
	ListCell   *lc;

	foreach(lc, fit->generated)
	{
		Oid			type;
		int32		typmod;

		(void) pvext_column(fit->relid, lfirst(lc), &type, &typmod);
		if (!try_length(fit, type, typmod, psprintf(" FROM %s", from),
						psprintf("(%s)", pvext_generated_sql(fit->relid, lfirst(lc))), failure))
			return false;
	}
	return true;
}

/* NULL must not collide where a unique index makes something else of it. */
static bool
try_null_in_indexes(const PvextFit *fit, const char *from,
					PvextFailure *failure)
{
	ListCell   *lc;

	foreach(lc, fit->null_unique)
	{
		if (!pvext_try_query(fit, psprintf("SELECT bool_or(%s) FROM %s", (char *) lfirst(lc), from),
					   failure))
			return false;
		if (pvext_bool(0, 1))
			return pvext_fail(failure, ERRCODE_UNIQUE_VIOLATION,
						psprintf("NULL would not be null in unique index \"%s\".", fit->unique));
	}
	return true;
}

/* The type of the expression must be assignable to the column's. */
static bool
try_assignment(const PvextFit *fit, const PvextStrategy *s, PvextFailure *failure)
{
	Oid			type;

	if (!pvext_try_query(fit, psprintf("SELECT (%s) FROM %s AS %s LIMIT 0", s->argument,
									fit->table, PVEXT_ROW), failure))
		return false;
	type = SPI_gettypeid(SPI_tuptable->tupdesc, 1);
	if (!can_coerce_type(1, &type, &(Oid) {fit->type}, COERCION_ASSIGNMENT))
		return pvext_fail(failure, ERRCODE_DATATYPE_MISMATCH,
					psprintf("The expression is of type %s, the column of type %s.",
							 format_type_be(type), format_type_be(fit->type)));
	return true;
}

/*
 * An expression must leave its own result as it is: an erasure that is asked
 * for twice, or verified, evaluates it twice.  Its results must also fit, and
 * differ where the column is unique.
 */
static bool
try_twice(const PvextFit *fit, const PvextStrategy *s, const char *from,
		  PvextFailure *failure)
{
	char	   *rows = psprintf("%s AS %s", fit->table, PVEXT_ROW);
	char	   *column = psprintf("%s.%s", PVEXT_ROW, quote_identifier(fit->column));

	if (!pvext_try_query(fit, psprintf("SELECT bool_and(%s) FROM %s", pvext_strategy_test(s, 1), from),
				   failure))
		return false;
	if (pvext_value(0, 1) && !pvext_bool(0, 1))
		return pvext_fail(failure, ERRCODE_INVALID_PARAMETER_VALUE,
					"The expression gives another value when it is evaluated over its own result.");
	if (!try_length(fit, fit->type, fit->typmod, psprintf(" FROM %s", pvext_replaced_rows(fit, rows, NIL, NULL)),
					psprintf("(%s)", s->argument), failure))
		return false;
	if (!fit->unique_alone)
		return true;
	if (!pvext_try_query(fit, psprintf("SELECT count(%s) > count(DISTINCT CAST(%s AS text)) FROM %s",
									column, column, from), failure))
		return false;
	return !pvext_bool(0, 1) ||
		pvext_fail(failure, ERRCODE_UNIQUE_VIOLATION,
			 psprintf("The expression gives equal values, which would collide in unique index \"%s\".",
					  fit->unique));
}

/* A constant in a foreign key's column must be there in the other table. */
static bool
try_reference(const PvextFit *fit, const PvextStrategy *s, PvextFailure *failure)
{
	char	   *value;
	PvextArgs	args = {0};

	if (!pvext_try_query(fit, psprintf("SELECT CAST(%s AS text)", pvext_strategy_sample(s)), failure))
		return false;
	value = pvext_value(0, 1);
	if (value == NULL)
		return !fit->match_full ||
			pvext_fail(failure, ERRCODE_FOREIGN_KEY_VIOLATION, "A foreign key with MATCH FULL refuses NULL.");
	pvext_arg_oid(&args, OIDOID, fit->relid);
	pvext_arg(&args, INT2OID, Int16GetDatum(fit->attnum), false);
	if (pvext_own("SELECT c.confrelid, a.attname FROM pg_catalog.pg_constraint c"
				  " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.confrelid"
				  " AND a.attnum = c.confkey[pg_catalog.array_position(c.conkey, $2)]"
				  " WHERE c.contype = 'f' AND c.conrelid = $1 AND $2 = ANY (c.conkey)"
				  " AND c.conparentid = 0", &args) > 0)
	{
		SPITupleTable *keys = SPI_tuptable;

		for (uint64 i = 0; i < keys->numvals; i++)
		{
			bool		isnull;
			Oid			parent = DatumGetObjectId(SPI_getbinval(keys->vals[i], keys->tupdesc, 1, &isnull));
			char	   *column = SPI_getvalue(keys->vals[i], keys->tupdesc, 2);
			PvextArgs	text = {0};

			pvext_arg_text(&text, value);

			/* As the other table's owner: this one's need not be allowed to read it. */
			if (pvext_run(pvext_owner(parent),
						  psprintf("SELECT FROM %s AS r WHERE CAST(r.%s AS text) COLLATE \"C\" = $1 LIMIT 1",
								   pvext_relation_name(parent), quote_identifier(column)), &text) == 0)
				return pvext_fail(failure, ERRCODE_FOREIGN_KEY_VIOLATION,
							psprintf("The value is not in table %s, which a foreign key refers to.",
									 pvext_relation_name(parent)));
		}
	}
	return true;
}

/* Those of the checks that are, or are not, of the table's own rows alone. */
static List *
checks_of_rows(List *checks, bool here_only)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, checks)
		if (((Check *) lfirst(lc))->here_only == here_only)
			result = lappend(result, lfirst(lc));
	return result;
}

/*
 * Try a strategy on the rows of "from", which are the table's, as they will be; generated
 * columns first as they are, then made anew of these.
 */
static bool
try_rows(const PvextFit *fit, const PvextStrategy *s, const char *from,
		 List *checks, bool not_null, PvextFailure *failure)
{
	from = pvext_replaced_rows(fit, from, list_make1(fit->column), trial_value(s));
	if (s->kind == PVEXT_EXPRESSION && !try_twice(fit, s, from, failure))
		return false;
	if (!try_generated_length(fit, from, failure))
		return false;
	if (fit->generated != NIL)
		from = pvext_replaced_rows(fit, psprintf("(SELECT %s.* FROM %s) AS %s", PVEXT_ROW, from, PVEXT_ROW),
							 fit->generated, NULL);
	if (!try_checks(fit, from, list_concat_copy(checks, generated_checks(fit)), not_null, failure))
		return false;
	return s->kind != PVEXT_NULL || try_null_in_indexes(fit, from, failure);
}

/* Try a strategy on one of the tables: its parts' rows are among its own, where it has any. */
static bool
try_table(const PvextFit *fit, const PvextStrategy *s, PvextFailure *failure)
{
	List	   *checks = checks_of(fit);
	List	   *of_all = has_subclass(fit->relid) ? checks_of_rows(checks, false) : checks;
	char	   *only = psprintf("ONLY %s AS %s", fit->table, PVEXT_ROW);

	if (s->kind == PVEXT_EXPRESSION && !try_assignment(fit, s, failure))
		return false;
	if (!try_sample(fit, s, of_all, failure))
		return false;
	if ((s->kind == PVEXT_TOKEN || s->kind == PVEXT_PSEUDONYM) && !pvext_try_tokens(fit, s, failure))
		return false;
	if (fit->refers && (s->kind == PVEXT_CONSTANT || s->kind == PVEXT_DEFAULT) &&
		!try_reference(fit, s, failure))
		return false;
	if (fit->is_part)
		return try_rows(fit, s, only, checks, fit->not_null, failure);
	if ((list_length(of_all) < list_length(checks) || fit->only_not_null) &&
		!try_rows(fit, s, only, checks, fit->not_null || fit->only_not_null, failure))
		return false;
	return try_rows(fit, s, psprintf("%s AS %s", fit->table, PVEXT_ROW), of_all, fit->not_null, failure);
}

/*
 * Try a strategy on the column, in the table and its parts; false with the reason where
 * it fails.  Between pvext_enter() and pvext_leave().
 */
bool
pvext_trial(const PvextFit *fit, const PvextStrategy *s, PvextFailure *failure)
{
	ListCell   *lc;

	if (!try_table(fit, s, failure))
		return false;
	foreach(lc, fit->parts)
	{
		PvextFit   *part = lfirst(lc);

		part->all_rows = fit->all_rows;
		if (!try_table(part, s, failure))
			return false;
	}
	return true;
}

/*
 * How many rows, up to a limit where that is above 0, already look replaced though
 * nothing has replaced them.  Between pvext_enter() and pvext_leave().
 */
int64
pvext_count_replaced(const PvextFit *fit, const PvextStrategy *s, int limit)
{
	char	   *test = pvext_strategy_test(s, 1);

	(void) pvext_run(fit->owner,
					 psprintf("SELECT count(*) FROM (SELECT FROM %s AS %s WHERE %s.%s IS NOT NULL"
							  " AND %s%s) AS x", fit->table, PVEXT_ROW, PVEXT_ROW,
							  quote_identifier(fit->column), test,
							  limit > 0 ? psprintf(" LIMIT %d", limit) : ""), NULL);
	return pvext_int(0, 1);
}

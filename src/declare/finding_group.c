/*
 * finding_group.c
 *		What checks of the map have found, as somebody goes through it.
 *
 * A table that is new to the map has dozens of columns of which nothing is said: that is
 * one row.  Tables come worst first: those of which an erasure would fail or miss data,
 * then by how many rows they have.  Each row has the statement that settles it, where
 * there is one that can be said.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/finding.h"
#include "base/print.h"
#include "base/result.h"
#include "base/spi.h"
#include "declare/finding_group.h"
#include "detect/column_guess.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

/* Of which columns there are several to a row; by what it says of one. */
static const struct
{
	const char *one;
	const char *several;		/* with %s for their names */
}			plurals[] =
{
	{"the column is not classified", "the columns are not classified: %s"},
	{"the column does not exist, but is declared (not_personal)", "the columns do not exist, but are declared (not_personal): %s"},
};

/* The table that a finding is about, InvalidOid where it is gone; *rows: the power of ten that it has. */
static Oid
relation_of(PvextFinding *finding, int *rows)
{
	static PvextStatement find = {
		"SELECT c.oid, CAST(c.reltuples AS bigint) FROM pg_class AS c WHERE c.oid = to_regclass($1)", NULL
	};
	PvextArgs	args = {0};

	*rows = 0;
	pvext_arg_text(&args, finding->relation);
	if (pvext_own_kept(&find, &args) == 0)
		return InvalidOid;
	for (int64 n = pvext_int(0, 2); n >= 10; n /= 10)
		(*rows)++;
	return (Oid) pvext_int(0, 1);
}

/* Is the text SQL that can be run as it stands? */
static bool
is_statement(const char *text)
{
	return text != NULL && text[0] != '\0' && text[strlen(text) - 1] == ';' && strstr(text, "...") == NULL &&
		(strncmp(text, "CREATE ", 7) == 0 || strncmp(text, "ALTER ", 6) == 0 || strncmp(text, "SELECT ", 7) == 0);
}

/* Is the column in the map as what a name, a type and some values say?  Those of the list that are alike. */
static List *
take_alike(List **guesses, PvextColumnGuess *guess)
{
	List	   *columns = NIL;
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, *guesses)
	{
		PvextColumnGuess *other = lfirst(lc);

		if ((guess->category == NULL && other->category == NULL) ||
			(guess->category && other->category && strcmp(guess->category, other->category) == 0 &&
			 (guess->erase_with == NULL) == (other->erase_with == NULL) && guess->parameter == NULL && other->parameter == NULL) ||
			guess == other)
			columns = lappend(columns, other->column);
		else
			rest = lappend(rest, other);
	}
	*guesses = rest;
	return columns;
}

/* Guesses, and last of them those of columns into which others are derived, which are declared before. */
static List *
derived_last(List *guesses)
{
	List	   *derived = NIL;
	ListCell   *lc;

	foreach(lc, guesses)
	{
		PvextColumnGuess *guess = lfirst(lc);

		if (guess->erase_with == NULL || strcmp(guess->erase_with, "derived") != 0)
			continue;
		derived = lappend(derived, guess);
		guesses = foreach_delete_current(guesses, lc);
	}
	return list_concat(guesses, derived);
}

/* The declarations of columns by what is guessed of them, of a table that no subject's links lead to. */
static char *
classify_sql(Oid relid, List *columns)
{
	List	   *guesses = derived_last(pvext_guess_columns(relid, columns, false));
	StringInfoData sql;

	initStringInfo(&sql);
	while (guesses != NIL)
	{
		PvextColumnGuess *guess = linitial(guesses);
		char	   *names = pvext_print_names(take_alike(&guesses, guess));

		appendStringInfo(&sql, "%sSELECT pv.declare_%s(%s, %s", sql.len > 0 ? " " : "",
						 guess->category ? "personal" : "not_personal", pvext_print_relation(relid), names);
		if (guess->category)
			appendStringInfo(&sql, ", %s", pvext_print_literal(guess->category));
		if (guess->category && guess->erase_with)
			appendStringInfo(&sql, ", erase_with => %s", pvext_print_literal(guess->erase_with));
		if (guess->category && guess->parameter)
			appendStringInfo(&sql, ", parameter => %s", pvext_print_literal(guess->parameter));
		appendStringInfoString(&sql, ");");
	}
	return sql.data;
}

/* The number of the plural that a finding can be put into, or -1. */
static int
plural_of(PvextFinding *finding)
{
	for (int i = 0; finding->column && i < lengthof(plurals); i++)
		if (strcmp(finding->problem, plurals[i].one) == 0)
			return i;
	return -1;
}

/* A row for all findings that say the same of columns of one table. */
static PvextFinding *
join_findings(List *findings, PvextFinding *first, Oid relid, PvextAdvice *advice)
{
	PvextFinding *joined = palloc(sizeof(PvextFinding));
	int			plural = plural_of(first);
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, findings)
	{
		PvextFinding *finding = lfirst(lc);

		if (strcmp(finding->relation, first->relation) == 0 && plural_of(finding) == plural)
			columns = lappend(columns, finding->column);
	}
	*joined = *first;
	if (plural == 0 && OidIsValid(relid))
		joined->statement = pvext_advised_columns(advice, relid, columns);
	if (plural == 0 && OidIsValid(relid) && joined->statement == NULL)
		joined->statement = classify_sql(relid, columns);
	if (list_length(columns) == 1)
		return joined;
	joined->column = NULL;
	joined->problem = psprintf(plurals[plural].several, pvext_join_names(columns, ", ", true));
	if (plural == 0)
		joined->hint = psprintf("SELECT pv.declare_personal(%s, %s, ...); or pv.declare_not_personal().",
								pvext_print_literal(first->relation), pvext_print_names(columns));
	return joined;
}

/* What is found of one table. */
typedef struct TableFindings
{
	const char *relation;
	Oid			relid;
	int			rows;			/* the power of ten */
	int			errors;
	List	   *findings;
} TableFindings;

/* For list_sort(): the worst first. */
static int
compare_tables(const ListCell *a, const ListCell *b)
{
	const TableFindings *left = lfirst(a);
	const TableFindings *right = lfirst(b);

	if ((left->errors > 0) != (right->errors > 0))
		return left->errors > 0 ? -1 : 1;
	if (left->rows != right->rows)
		return right->rows - left->rows;
	return strcmp(left->relation, right->relation);
}

/* Put findings together by table. */
static List *
by_table(List *findings)
{
	List	   *tables = NIL;
	TableFindings *table = NULL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, findings)
	{
		PvextFinding *finding = lfirst(lc);

		table = NULL;
		foreach(cell, tables)
			if (strcmp(((TableFindings *) lfirst(cell))->relation, finding->relation) == 0)
				table = lfirst(cell);
		if (table == NULL)
		{
			table = palloc0(sizeof(TableFindings));
			table->relation = finding->relation;
			table->relid = relation_of(finding, &table->rows);
			tables = lappend(tables, table);
		}
		table->errors += finding->error;
		table->findings = lappend(table->findings, finding);
	}
	return tables;
}

/* Append those findings of a table that are errors, or that are not. */
static List *
append_findings(List *grouped, TableFindings *table, bool errors, PvextAdvice *advice)
{
	bool		done[lengthof(plurals)] = {false};
	ListCell   *lc;

	foreach(lc, table->findings)
	{
		PvextFinding *finding = lfirst(lc);
		int			plural = plural_of(finding);

		if (finding->error != errors || (plural >= 0 && done[plural]))
			continue;
		if (plural >= 0)
		{
			finding = join_findings(table->findings, finding, table->relid, advice);
			done[plural] = true;
		}
		if (finding->statement == NULL && is_statement(finding->hint))
			finding->statement = finding->hint;
		grouped = lappend(grouped, finding);
	}
	return grouped;
}

/*
 * Findings by table, the worst first, one for all columns of which the same is said; each
 * with its statement.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_group_findings(List *findings, PvextAdvice *advice)
{
	List	   *tables = by_table(findings);
	List	   *grouped = NIL;
	ListCell   *lc;

	list_sort(tables, compare_tables);
	foreach(lc, tables)
	{
		grouped = append_findings(grouped, lfirst(lc), true, advice);
		grouped = append_findings(grouped, lfirst(lc), false, advice);
	}
	return grouped;
}

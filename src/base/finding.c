/*
 * finding.c
 *		What a check of the data map has found.
 *
 * Each check is a function that reads what is declared by pvext_check_rows(), and adds
 * its findings; it stands with the concept that it is about.  Which checks there are,
 * and when they are made, is in check.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/compat.h"
#include "base/finding.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/fmgroids.h"

/* Add what has been found; the texts are kept. */
void
pvext_add_finding(PvextCheck *check, const char *relation, const char *column, bool error,
				  char *problem, char *hint)
{
	PvextFinding *finding = palloc(sizeof(PvextFinding));

	finding->relation = pstrdup(relation);
	finding->column = column ? pstrdup(column) : NULL;
	finding->error = error;
	finding->problem = problem;
	finding->hint = hint;
	finding->statement = NULL;
	check->findings = lappend(check->findings, finding);
}

/* Say by which statement the finding that was added last is settled. */
void
pvext_settle_by(PvextCheck *check, char *statement)
{
	((PvextFinding *) llast(check->findings))->statement = statement;
}

/*
 * Run a query on pvext's own tables, $1 being the relation the checks are
 * limited to.  Returns its rows as arrays of C strings, which, other than
 * SPI's result, survive the next query.
 */
List *
pvext_check_rows(PvextCheck *check, const char *sql)
{
	PvextArgs	args = {0};
	List	   *rows = NIL;

	pvext_arg_int4(&args, check->only);
	(void) pvext_own(sql, &args);

	/* Nothing in here runs a statement, so that SPI's result stays what it is. */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		int			n = SPI_tuptable->tupdesc->natts;
		char	  **row = palloc(sizeof(char *) * n);

		for (int column = 0; column < n; column++)
			row[column] = pvext_value(i, column + 1);
		rows = lappend(rows, row);
	}
	return rows;
}

/* The text of a name[] as a list of C strings. */
List *
pvext_parse_names(char *text)
{
	return pvext_array_names(OidInputFunctionCall(F_ARRAY_IN, text, NAMEOID, -1));
}

/* A boolean as pvext_check_rows() gives it. */
bool
pvext_says_true(const char *value)
{
	return value != NULL && value[0] == 't';
}

/*
 * Subject tables and linked ones: OID and name.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_mapped_relations(PvextCheck *check)
{
	return pvext_check_rows(check,
				 "SELECT r.relation::oid, r.relation FROM " PVEXT_LIVE_RELATION " WHERE " PVEXT_ONLY
				 " AND (r.id IN (SELECT relation_id FROM pv.declared_subject)"
				 "  OR r.id IN (SELECT relation_id FROM pv.declared_link))"
				 " ORDER BY r.relation::text");
}

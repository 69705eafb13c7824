/*
 * unsettled_link.c
 *		References that may be links, and links that do not say whose columns are.
 *
 * What generate_map() asks of the tables of the map, check_map() names, each with the
 * statement that generate_map() has for it.  A link by which no column is anybody's may be
 * the one that was declared too late: then it is the columns that have to be declared again,
 * and the link is right.  Only where others say better whose the row is, it is taken back.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "declare/unsettled_link.h"
#include "detect/guesswork.h"

/* Is anything linked from the table, or is it a subject? */
static bool
is_mapped(Oid relid)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_relation_id(relid));
	return pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1"
					 " UNION ALL SELECT FROM pv.declared_link WHERE relation_id = $1", &args) > 0;
}

/* Drop what has been found of a column in itself: it is asked of as a link. */
static void
drop_finding(PvextCheck *check, const char *relation, const char *column)
{
	ListCell   *lc;

	foreach(lc, check->findings)
	{
		PvextFinding *finding = lfirst(lc);

		if (finding->column && strcmp(finding->relation, relation) == 0 && strcmp(finding->column, column) == 0 &&
			strcmp(finding->problem, "the column is not classified") == 0)
			check->findings = foreach_delete_current(check->findings, lc);
	}
}

/* What refers from tables of the map to others of it, and nobody has said whether the rows are theirs. */
void
pvext_check_asked(PvextCheck *check, PvextAdvice *advice)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_advised_candidates(advice))
	{
		PvextCandidate *candidate = lfirst(lc);
		char	   *relation = pvext_relation_name(candidate->relid);
		bool		is_key = strcmp(candidate->found_by, PVEXT_BY_KEY) == 0;

		if (candidate->confidence < PVEXT_FOLLOWED || !is_mapped(candidate->relid) || candidate->statement == NULL)
			continue;
		foreach(cell, candidate->shared ? NIL : candidate->columns)
			drop_finding(check, relation, lfirst(cell));
		pvext_add_finding(check, relation, candidate->shared ? NULL : linitial(candidate->columns), false,
						  is_key ? psprintf("a foreign key refers to %s, but no link is declared", pvext_relation_name(candidate->parent)) :
						  psprintf("rows may be somebody's: %s", candidate->reason),
						  "Declare the link with pv.declare_link(), or that it is none with pv.declare_not_link().");
		pvext_settle_by(check, candidate->statement);
	}
}

/* What settles a foreign key to a mapped table, whether a subject's links lead there or not. */
char *
pvext_settle_undeclared(PvextAdvice *advice, Oid relid, List *columns, Oid parent, List *parent_columns)
{
	char	   *advised = pvext_advised_link(advice, relid, columns, parent);

	if (advised)
		return advised;
	return psprintf("SELECT pv.declare_link(%s, %s, %s, %s);", pvext_print_relation(relid),
					pvext_print_names(columns), pvext_print_relation(parent), pvext_print_names(parent_columns));
}

/*
 * The declarations of columns, C strings, of a table, as they have been made but for whom they are
 * about: that is said anew.
 */
char *
pvext_declare_again_sql(PvextAdvice *advice, PvextTable *table, List *columns)
{
	StringInfoData sql;
	PvextArgs	args = {0};
	uint64		n;
	SPITupleTable *rows;

	pvext_arg_int4(&args, table->id);
	pvext_arg_names(&args, columns, false);
	n = pvext_own("SELECT CAST(array_agg(column_name ORDER BY column_name) AS name[]), category, CAST(purposes AS text),"
				  " erase_with, parameter, strategy FROM pv.declared_personal"
				  " WHERE relation_id = $1 AND column_name = ANY ($2)"
				  " GROUP BY category, purposes, erase_with, parameter, strategy ORDER BY min(column_name)", &args);
	rows = SPI_tuptable;
	initStringInfo(&sql);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *purposes;
		char	   *erase_with;
		char	   *parameter;
		char	   *head;
		char	   *strategy;

		SPI_tuptable = rows;
		purposes = pvext_value(i, 3);
		erase_with = pvext_value(i, 4);
		parameter = pvext_value(i, 5);
		strategy = pvext_value(i, 6);
		head = psprintf("SELECT pv.declare_personal(%s, %s, %s", pvext_print_relation(table->relid),
						pvext_print_names(pvext_names(i, 1)), pvext_print_literal(pvext_value(i, 2)));
		appendStringInfo(&sql, "%s%s", sql.len > 0 ? " " : "", head);
		if (purposes)
			appendStringInfo(&sql, ", %s", pvext_print_literal(purposes));
		if (strcmp(erase_with, "auto") != 0)
			appendStringInfo(&sql, ", erase_with => %s", pvext_print_literal(erase_with));
		if (parameter)
			appendStringInfo(&sql, ", parameter => %s", pvext_print_literal(parameter));
		appendStringInfo(&sql, "%s);", pvext_advised_argument(advice, table->relid, strategy));
	}
	return sql.len > 0 ? sql.data : NULL;
}

/* The columns that the table's link would be used by, if they were declared again: C strings. */
static List *
columns_for(PvextAdvice *advice, PvextLink *link)
{
	bool		author = pvext_advised_author(advice, link->table->relid, link->name, link->condition != NULL);
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, link->table->columns)
	{
		PvextColumn *column = lfirst(lc);
		char	   *argument = pvext_advised_argument(advice, link->table->relid, column->strategy.kind == PVEXT_REDACT ? "redact" : "null");

		if (strstr(argument, "'*'") || author)
			columns = lappend(columns, column->name);
	}
	return columns;
}

/* Are the link's columns those of another link of the table, too, so that they are none cannot be said? */
static bool
is_one_of_several(PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, link->table->links)
		if (lfirst(lc) != link && pvext_same_names(((PvextLink *) lfirst(lc))->columns, link->columns))
			return true;
	return false;
}

/* What settles that no column is anybody's by a link. */
char *
pvext_settle_idle(PvextAdvice *advice, PvextLink *link)
{
	List	   *columns = columns_for(advice, link);

	if (columns != NIL)
		return pvext_declare_again_sql(advice, link->table, columns);
	if (link->value || link->shared || is_one_of_several(link))
		return psprintf("SELECT pv.undeclare_link(%s, %s);", pvext_print_relation(link->table->relid), pvext_print_literal(link->name));
	return psprintf("SELECT pv.undeclare_link(%s, %s); SELECT pv.declare_not_link(%s, %s, 'no column is about him');",
					pvext_print_relation(link->table->relid), pvext_print_literal(link->name),
					pvext_print_relation(link->table->relid), pvext_print_names(link->columns));
}

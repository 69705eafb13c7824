/*
 * unmapped_table.c
 *		Tables of which nothing is declared, and whose rows may be persons'.
 *
 * A foreign key to a mapped table is asked about by coverage.c.  In a database without
 * foreign keys nothing would be, and a map of one table of eighty look whole: so each
 * table is named to which a guess leads, with the statements that settle it.  What is said
 * of a table or of its columns, whatever it is, ends the question.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/result.h"
#include "base/spi.h"
#include "detect/candidate_sql.h"
#include "detect/guesswork.h"
#include "detect/unmapped_table.h"
#include "lib/stringinfo.h"

/* So many statements stand in a hint. */
#define MAX_STATEMENTS 6

/* A table, and what leads to it. */
typedef struct Unmapped
{
	Oid			relid;
	List	   *candidates;		/* PvextCandidate */
	PvextCandidate *best;
} Unmapped;

/* OIDs of a query's first column. */
static List *
find_oids(const char *sql)
{
	List	   *oids = NIL;

	(void) pvext_own(sql, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		oids = lappend_oid(oids, (Oid) pvext_int(i, 1));
	return oids;
}

/* The tables that are there and of which anything is declared. */
static List *
declared_tables(void)
{
	return find_oids("SELECT CAST(r.relation AS oid) FROM pv.relation AS r JOIN pg_class AS c ON c.oid = r.relation WHERE r.id IN"
					 " (SELECT relation_id FROM pv.declared_subject UNION ALL SELECT relation_id FROM pv.declared_link"
					 "  UNION ALL SELECT relation_id FROM pv.declared_personal UNION ALL SELECT relation_id FROM pv.not_personal)");
}

/* Is the table, or one that it is a child of, among them? */
static bool
is_declared(List *declared, Oid relid)
{
	ListCell   *lc;

	foreach(lc, pvext_with_parents(relid))
		if (list_member_oid(declared, lfirst_oid(lc)))
			return true;
	return false;
}

/* Note that a candidate leads to its table. */
static List *
add_candidate(List *tables, PvextCandidate *candidate)
{
	Unmapped   *table = NULL;
	ListCell   *lc;

	foreach(lc, tables)
		if (((Unmapped *) lfirst(lc))->relid == candidate->relid)
			table = lfirst(lc);
	if (table == NULL)
	{
		table = palloc0(sizeof(Unmapped));
		table->relid = candidate->relid;
		tables = lappend(tables, table);
	}
	table->candidates = lappend(table->candidates, candidate);
	if (table->best == NULL || table->best->confidence < candidate->confidence)
		table->best = candidate;
	return tables;
}

/*
 * The statements that settle the question, one for each candidate: the likelier, or the
 * others.  Of a pair or name that says little there are none.
 */
static char *
settling_sql(Unmapped *table, bool likely)
{
	StringInfoData sql;
	int			n = 0;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, table->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->confidence < PVEXT_FOLLOWED || candidate->statement == NULL || n++ >= MAX_STATEMENTS)
			continue;
		appendStringInfo(&sql, "%s%s", sql.len > 0 ? " " : "", likely ? candidate->statement :
						 candidate->likely ? pvext_no_candidate_sql(candidate, "...") : pvext_candidate_sql(candidate, ""));
	}
	return sql.data;
}

/* Tables to which guesses lead from any subject, and of which nothing is declared. */
static List *
find_unmapped(PvextAdvice *advice)
{
	List	   *declared = declared_tables();
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, pvext_advised_candidates(advice))
	{
		PvextCandidate *candidate = lfirst(lc);

		if (strcmp(candidate->found_by, PVEXT_BY_KEY) != 0 && !is_declared(declared, candidate->relid))
			tables = add_candidate(tables, candidate);
	}
	return tables;
}

/* For list_sort(). */
static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(pvext_relation_name(((Unmapped *) lfirst(a))->relid),
				  pvext_relation_name(((Unmapped *) lfirst(b))->relid));
}

/* Name them.  Between pvext_enter() and pvext_leave(). */
void
pvext_check_unmapped(PvextCheck *check, PvextAdvice *advice)
{
	List	   *tables = find_unmapped(advice);
	ListCell   *lc;

	list_sort(tables, by_name);
	foreach(lc, tables)
	{
		Unmapped   *table = lfirst(lc);
		PvextCandidate *best = table->best;

		if (best->confidence < PVEXT_FOLLOWED)
			continue;
		pvext_add_finding(check, pvext_relation_name(table->relid),
						  pvext_is_referred(best) ? NULL : linitial(best->columns), false,
						  psprintf("nothing is declared of the table, and its rows may be somebody's: %s", best->reason),
						  psprintf("If it is otherwise: %s Where nobody is in the table: SELECT pv.declare_not_personal(%s);",
								   settling_sql(table, false), pvext_print_relation(table->relid)));
		pvext_settle_by(check, settling_sql(table, true));
	}
}

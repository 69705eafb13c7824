/*
 * map_advice.c
 *		What generate_map() would say of tables, for who checks the map.
 *
 * The statements by which check_map() has its findings settled are the lines of
 * generate_map(), tried in the same way: what is likely to be said of each link, then what
 * the columns are.  Of a table that several subjects' links lead to, it is what the first of
 * them says.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "detect/candidate_link.h"
#include "detect/link_guess.h"
#include "detect/map_advice.h"
#include "detect/proposal.h"
#include "detect/propose_column.h"
#include "detect/propose_link.h"
#include "miscadmin.h"

struct PvextAdvice
{
	List	   *maps;			/* PvextMapProposal: of each subject */
	List	   *candidates;		/* PvextCandidate: those to be answered, of all subjects */
	List	   *tables;			/* TableAdvice */
};

/* What is said of a table's columns. */
typedef struct TableAdvice
{
	Oid			relid;
	char	   *statements;
} TableAdvice;

/* What is to be found out of one subject's map. */
typedef struct Rehearsed
{
	PvextAdvice *advice;
	PvextMapProposal *map;
	List	   *relids;			/* OIDs */
} Rehearsed;

/* The tables declared as subjects (OIDs). */
static List *
find_subjects(void)
{
	List	   *oids = NIL;

	(void) pvext_own("SELECT CAST(r.relation AS oid) FROM pv.declared_subject AS s JOIN pv.relation AS r ON r.id = s.relation_id"
					 " JOIN pg_class AS c ON c.oid = r.relation AND c.relkind <> 'f' ORDER BY r.id", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		oids = lappend_oid(oids, (Oid) pvext_int(i, 1));
	return oids;
}

/* The table's advice, or NULL. */
static TableAdvice *
find_table(PvextAdvice *advice, Oid relid)
{
	ListCell   *lc;

	foreach(lc, advice->tables)
		if (((TableAdvice *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	return NULL;
}

/* Statements in one line. */
static char *
join_statements(List *statements)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, statements)
		appendStringInfo(&sql, "%s%s", sql.len > 0 ? " " : "", (char *) lfirst(lc));
	return sql.data;
}

/* For pvext_rehearse(): what is said of links, and then of the tables' columns. */
static void
rehearse_map(void *arg)
{
	Rehearsed  *r = arg;
	ListCell   *lc;

	pvext_propose_links(r->map);
	foreach(lc, r->relids)
	{
		TableAdvice *table;

		if (find_table(r->advice, lfirst_oid(lc)) || !pvext_is_linked_to(&r->map->outlook, lfirst_oid(lc)))
			continue;
		CHECK_FOR_INTERRUPTS();
		r->map->text.settling = NIL;
		pvext_propose_table(r->map, lfirst_oid(lc));
		table = palloc(sizeof(TableAdvice));
		table->relid = lfirst_oid(lc);
		table->statements = join_statements(r->map->text.settling);
		r->advice->tables = lappend(r->advice->tables, table);
	}
}

/* Is it a candidate by another subject, too? */
static bool
is_listed(List *candidates, PvextCandidate *candidate)
{
	ListCell   *lc;

	foreach(lc, candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other->relid == candidate->relid && other->parent == candidate->parent &&
			pvext_equal_names(other->columns, candidate->columns) &&
			pvext_equal_names(other->parent_columns, candidate->parent_columns) &&
			(other->condition == NULL) == (candidate->condition == NULL) &&
			(other->condition == NULL || strcmp(other->condition, candidate->condition) == 0))
			return true;
	}
	return false;
}

/* Take in what is said of one subject's map. */
static void
add_map(PvextAdvice *advice, PvextGuesswork *work, Oid subject, List *relids)
{
	PvextMapProposal *map = palloc0(sizeof(PvextMapProposal));
	Rehearsed	rehearsed = {advice, map, relids};
	List	   *reached;
	ListCell   *lc;

	pvext_look_out(&map->outlook, subject, pvext_candidates(subject, 0, NIL, work, &reached));
	map->tables = list_make1_oid(subject);
	foreach(lc, map->outlook.candidates)
		map->tables = list_append_unique_oid(map->tables, ((PvextCandidate *) lfirst(lc))->relid);
	map->tables = list_concat_unique_oid(map->tables, reached);
	pvext_begin_proposal(&map->text);
	pvext_rehearse(rehearse_map, &rehearsed);
	advice->maps = lappend(advice->maps, map);
	foreach(lc, map->outlook.candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (!candidate->declared && !candidate->moot && !is_listed(advice->candidates, candidate))
			advice->candidates = lappend(advice->candidates, candidate);
	}
}

/*
 * What is proposed for the map as it is, of the columns of tables (OIDs).  Reads some rows of
 * every table.  In the current context; between pvext_enter() and pvext_leave().
 */
PvextAdvice *
pvext_advise(List *relids)
{
	PvextAdvice *advice = palloc0(sizeof(PvextAdvice));
	List	   *subjects = find_subjects();
	PvextGuesswork *work = subjects == NIL ? NULL : pvext_guess_links(subjects);
	ListCell   *lc;

	foreach(lc, subjects)
		add_map(advice, work, lfirst_oid(lc), relids);
	return advice;
}

/* Those that are to be answered, PvextCandidates. */
List *
pvext_advised_candidates(PvextAdvice *advice)
{
	return advice->candidates;
}

/* What is said of the reference that columns are to a parent, or NULL. */
char *
pvext_advised_link(PvextAdvice *advice, Oid relid, List *columns, Oid parent)
{
	ListCell   *lc;

	foreach(lc, advice->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid && candidate->parent == parent && pvext_same_names(candidate->columns, columns))
			return candidate->statement;
	}
	return NULL;
}

/* The statements that say what is in a table's columns: whether they are links, and the rest; NULL where nothing is said. */
char *
pvext_advised_columns(PvextAdvice *advice, Oid relid, List *columns)
{
	TableAdvice *table = find_table(advice, relid);
	List	   *statements = NIL;
	ListCell   *lc;

	foreach(lc, advice->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid && candidate->statement && pvext_has_name(columns, linitial(candidate->columns)))
			statements = lappend(statements, candidate->statement);
	}
	if (table && table->statements[0] != '\0')
		statements = lappend(statements, table->statements);
	return statements == NIL ? NULL : join_statements(statements);
}

/* The map that leads to a table, or NULL. */
static PvextMapProposal *
map_of(PvextAdvice *advice, Oid relid)
{
	ListCell   *lc;

	foreach(lc, advice->maps)
		if (pvext_is_linked_to(&((PvextMapProposal *) lfirst(lc))->outlook, relid))
			return lfirst(lc);
	return NULL;
}

/* The argument that says whom columns of the table are about that are erased so, or "". */
char *
pvext_advised_argument(PvextAdvice *advice, Oid relid, const char *strategy)
{
	PvextMapProposal *map = map_of(advice, relid);

	return map ? pvext_link_argument(map, relid, strategy) : "";
}

/*
 * Would columns of the table, declared again, go by the link: is that, declared or not, the one that says best
 * whose its rows are, or of one with a condition does it begin the ways by which they go?
 */
bool
pvext_advised_author(PvextAdvice *advice, Oid relid, const char *link, bool conditional)
{
	PvextMapProposal *map = map_of(advice, relid);
	PvextDoubt	doubt;
	size_t		length = strlen(link);
	ListCell   *lc;

	if (map == NULL)
		return false;
	pvext_doubt(&map->outlook, relid, &doubt);
	foreach(lc, conditional ? doubt.likeliest : NIL)
		if (strncmp(lfirst(lc), link, length) == 0 && strchr(".", ((char *) lfirst(lc))[length]))
			return true;
	return doubt.paths != NIL && strcmp(linitial(doubt.paths), link) == 0;
}

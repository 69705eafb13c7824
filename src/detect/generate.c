/*
 * generate.c
 *		A data map proposed from the catalog and from what is in it, as SQL to edit.
 *
 * The text says whose rows are (propose_link.c), what is in their columns
 * (propose_column.c), how long they may be kept (propose_retention.c), and which tables
 * nothing links (propose_elsewhere.c).  It runs as it stands: each statement has been
 * tried after those before it (proposal.c).  And then it takes nobody's values with
 * another: what might do so is a comment, with what may be said instead.  A person has to
 * read it: names, types and a few values are hints, not knowledge.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/compat.h"
#include "base/spi.h"
#include "detect/candidate_link.h"
#include "detect/link_guess.h"
#include "detect/propose_column.h"
#include "detect/propose_elsewhere.h"
#include "detect/propose_link.h"
#include "detect/propose_retention.h"
#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pvext_generate_map);

/* A part of the text, under its heading. */
static void
propose_part(PvextMapProposal *map, const char *heading, void (*propose) (PvextMapProposal *map))
{
	int			begins = map->text.sql.len;
	char	   *title = psprintf("\n-- %s\n", heading);

	appendStringInfoString(&map->text.sql, title);
	propose(map);
	if (map->text.sql.len == begins + strlen(title))
	{
		map->text.sql.len = begins;	/* there is nothing to say */
		map->text.sql.data[begins] = '\0';
	}
}

/* For pvext_rehearse(): write all of it. */
static void
propose_map(void *arg)
{
	PvextMapProposal *map = arg;
	int			questions;

	propose_part(map, "== Whose", pvext_propose_links);
	propose_part(map, "== What: a purpose can be given as the next argument of each declare_personal()", pvext_propose_columns);
	questions = map->text.questions;
	propose_part(map, "== Kept how long, for what, on which basis: guesses by name, for you to say.\n"
				 "-- A rule takes nothing before it is activated; with mandatory => true it holds back requests, too.", pvext_propose_retention);
	map->rules = map->text.questions - questions;
	propose_part(map, "== Not linked: is anybody in these?", pvext_propose_elsewhere);
}

/* What is said before it. */
static char *
preamble(PvextMapProposal *map)
{
	PvextProposal head;

	pvext_begin_proposal(&head);
	pvext_propose_comment(&head, psprintf("A proposal for the data map of %s, made from names, types and a few hundred rows of each table.",
										  pvext_relation_name(map->outlook.subject)));
	pvext_propose_comment(&head, psprintf("Tables: %d. Statements that run as they stand: %d. Questions, as comments: %d. For how long: %d.",
										  list_length(map->tables), map->text.statements, map->text.questions - map->rules, map->rules));
	pvext_propose_comment(&head, "Read every line: what is personal, what for (purposes), and how it is erased (erase_with) are");
	pvext_propose_comment(&head, "yours to say. What might take another person's values is a comment, and a question: take it, or");
	pvext_propose_comment(&head, "the line after 'or:'. What stands first is what seems right; all lines that do fit each other.");
	pvext_propose_comment(&head, "Answer otherwise, and call this again: what hangs on the answer is proposed anew.");
	if (map->uncounted > 0)
		pvext_propose_comment(&head, "Where no rows are told of, ANALYZE has not counted them yet.");
	if (map->text.untried)
		pvext_propose_comment(&head, "The statements have not been tried: only the tables' owner may, in a transaction that may write.");
	return head.sql.data;
}

/* pv.generate_map(subject): a proposal of declarations, as SQL to be edited. */
Datum
pvext_generate_map(PG_FUNCTION_ARGS)
{
	Oid			subject = PG_GETARG_OID(0);
	PvextScope	scope;
	PvextMapProposal map;
	List	   *candidates;
	List	   *reached;
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	pvext_enter(&scope);
	pvext_check_table(subject);
	candidates = pvext_candidates(subject, 0, NIL, pvext_guess_links(list_make1_oid(subject)), &reached);
	pvext_look_out(&map.outlook, subject, candidates);
	map.tables = list_make1_oid(subject);
	map.uncounted = 0;
	map.rules = 0;
	foreach(lc, candidates)
		map.tables = list_append_unique_oid(map.tables, ((PvextCandidate *) lfirst(lc))->relid);
	map.tables = list_concat_unique_oid(map.tables, reached);
	pvext_begin_proposal(&map.text);
	pvext_rehearse(propose_map, &map);
	appendStringInfo(&sql, "%s%s", preamble(&map), map.text.sql.data);
	pvext_leave(&scope);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(sql.data, sql.len));
}

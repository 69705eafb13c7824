/*
 * propose_elsewhere.c
 *		Tables that hold something personal, it seems, and that nothing links.
 *
 * A proposal that is silent of a table would be taken for the answer that nobody is in it:
 * so each table of users is in it, if only in the list of those in which nothing looks
 * personal.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/column_guess.h"
#include "detect/name_guess.h"
#include "detect/propose_elsewhere.h"
#include "detect/table_guess.h"
#include "miscadmin.h"
#include "utils/array.h"

/* Tables of users of which nothing is declared, and nothing is proposed. */
static List *
find_elsewhere(PvextMapProposal *map)
{
	PvextArgs	args = {0};
	List	   *found = NIL;

	pvext_arg_oids(&args, map->tables);
	(void) pvext_own("SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
					 " WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition"
					 " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pv') AND n.nspname !~ '^pg_'"
					 " AND NOT c.oid = ANY ($1)"
					 " AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = CAST('pg_class' AS regclass)"
					 "  AND d.objid = c.oid AND d.deptype = 'e')"
					 " AND NOT EXISTS (SELECT FROM pv.relation AS r WHERE r.relation = c.oid AND r.id IN"
					 "  (SELECT relation_id FROM pv.declared_subject UNION ALL SELECT relation_id FROM pv.declared_link"
					 "   UNION ALL SELECT relation_id FROM pv.not_personal))"
					 " ORDER BY n.nspname, c.relname", &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		found = lappend_oid(found, (Oid) pvext_int(i, 1));
	return found;
}

/* What some columns of a table hold, as text, or NULL; *texts: it has names or texts. */
static char *
telling_columns(Oid relid, bool *texts)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	*texts = false;
	foreach(lc, pvext_guess_columns(relid, pvext_columns(relid), false))
	{
		PvextColumnGuess *guess = lfirst(lc);

		if (guess->telling)
			appendStringInfo(&names, "%s%s (%s)", names.len > 0 ? ", " : "", guess->column, guess->category);
		*texts = *texts || guess->category;
	}
	return names.len > 0 ? names.data : NULL;
}

/* Words for e-mail addresses. */
#define MAIL "*mail epost e_post courriel correo"

/* Is the column one of e-mail addresses or names of users, by which rows may be a person's? */
static bool
is_address(const char *column)
{
	return pvext_name_says(column, MAIL " *username *user_name login brukernavn") &&
		!pvext_says_code(column);
}

/* The declaration that the table's rows are the person's whose address they hold; NULL where they hold none. */
static char *
link_by_address(PvextMapProposal *map, Oid relid)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_columns(relid))
		foreach(cell, is_address(lfirst(lc)) ? pvext_columns(map->outlook.subject) : NIL)
			if (is_address(lfirst(cell)) && pvext_name_says(lfirst(lc), MAIL) == pvext_name_says(lfirst(cell), MAIL) &&
				pvext_is_unique(map->outlook.subject, list_make1(lfirst(cell))))
				return psprintf("SELECT pv.declare_link(%s, %s, %s, %s);", pvext_print_relation(relid),
								pvext_print_names(list_make1(lfirst(lc))), pvext_print_relation(map->outlook.subject),
								pvext_print_names(list_make1(lfirst(cell))));
	return NULL;
}

/* A table in which there may be persons. */
static void
propose_table(PvextMapProposal *map, Oid relid, const char *columns)
{
	PvextProposal *text = &map->text;
	char	   *link = link_by_address(map, relid);

	pvext_propose_blank(text);
	pvext_propose_comment(text, psprintf("%s, %s: %s", pvext_relation_name(relid), pvext_row_estimate(relid), columns));
	if (link)
		pvext_propose_question(text, link, NULL);
	if (link)
		pvext_propose_alternative(text, psprintf("SELECT pv.declare_not_personal(%s);", pvext_print_relation(relid)));
	else
		pvext_propose_question(text, psprintf("SELECT pv.declare_not_personal(%s);", pvext_print_relation(relid)),
							   "or the link by which rows are somebody's: pv.declare_link()");
}

/* A list of tables, under a heading. */
static void
propose_list(PvextMapProposal *map, const char *heading, List *relids)
{
	if (relids == NIL)
		return;
	pvext_propose_blank(&map->text);
	pvext_propose_comment(&map->text, heading);
	pvext_propose_names(&map->text, relids);
}

/* Tables that nothing links: those with what only persons have, those with texts, and the others. */
void
pvext_propose_elsewhere(PvextMapProposal *map)
{
	List	   *with_texts = NIL;
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, find_elsewhere(map))
	{
		bool		texts;
		char	   *columns = telling_columns(lfirst_oid(lc), &texts);

		CHECK_FOR_INTERRUPTS();
		if (columns)
			propose_table(map, lfirst_oid(lc), columns);
		else if (texts)
			with_texts = lappend_oid(with_texts, lfirst_oid(lc));
		else
			others = lappend_oid(others, lfirst_oid(lc));
	}
	propose_list(map, "Names and texts, perhaps of things, are in:", with_texts);
	propose_list(map, "Nothing looks personal in:", others);
}

/*
 * propose_column.c
 *		What is in the columns: those that are personal and those that are not, by table.
 *
 * What is alike (category and strategy) is one statement.  Where it is in doubt whose the
 * rows are, a table's are comments, but for texts of which only what names a person is taken,
 * whoever that is; so is a column that cannot be erased so, and one of which a person has to
 * say what is in it.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/table_part.h"
#include "detect/column_guess.h"
#include "detect/guessed_column.h"
#include "detect/propose_column.h"
#include "detect/table_guess.h"
#include "map/not_link.h"
#include "map/unclassified.h"
#include "miscadmin.h"

/* So many ways are named, but the nearest. */
#define MAX_WAYS 6

/* A table whose columns are being proposed. */
typedef struct Table
{
	PvextMapProposal *map;
	Oid			relid;
	char	   *sql_name;		/* a literal */
	PvextDoubt	doubt;
} Table;

/* Columns that are declared alike. */
typedef struct Group
{
	PvextColumnGuess *guess;	/* the first */
	List	   *columns;		/* C strings */
} Group;

/* Are two strings, either of which may be NULL, the same? */
static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * Put those of the guesses that are personal together where they are alike, or of one doubt; the
 * identifying ones first, and last what others are derived into.
 */
static List *
make_groups(List *guesses)
{
	List	   *groups = NIL;
	List	   *derived = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, guesses)
	{
		PvextColumnGuess *guess = lfirst(lc);
		Group	   *group = NULL;

		if (guess->category == NULL)
			continue;
		foreach(cell, groups)
		{
			PvextColumnGuess *other = ((Group *) lfirst(cell))->guess;

			if (same(other->category, guess->category) && same(other->erase_with, guess->erase_with) &&
				same(other->parameter, guess->parameter) && same(other->doubt, guess->doubt))
				group = lfirst(cell);
		}
		if (group == NULL)
		{
			group = palloc0(sizeof(Group));
			group->guess = guess;
			if (same(guess->erase_with, "derived"))
				derived = lappend(derived, group);
			else
				groups = same(guess->category, "identifying") ? lcons(group, groups) : lappend(groups, group);
		}
		group->columns = lappend(group->columns, guess->column);
	}
	return list_concat(groups, derived);
}

/* As much of a way as the name of a link has room for. */
static char *
cut_path(const char *path)
{
	char	   *cut = pstrdup(path);

	while (strlen(cut) >= NAMEDATALEN && strrchr(cut, '.'))
		*strrchr(cut, '.') = '\0';
	return cut;
}

/* The likeliest way by each of the links, where there are several: rows that are shared are all theirs. */
static char *
shared_argument(Table *table)
{
	List	   *firsts = NIL;
	List	   *paths = NIL;
	ListCell   *lc;

	foreach(lc, table->doubt.paths)
	{
		char	   *path = lfirst(lc);
		char	   *first = pnstrdup(path, strcspn(path, "."));

		if (pvext_has_name(firsts, first))
			continue;
		firsts = lappend(firsts, first);
		paths = lappend(paths, cut_path(path));
	}
	return list_length(paths) == list_length(table->doubt.paths) ? "" :
		psprintf(", links => %s", pvext_print_names(paths));
}

/*
 * The link to name: none where there can be one only.  A text may be about any to whom the
 * row belongs, and only what names a person is taken; what else there is goes by the
 * likeliest way alone, whatever kind of thing that is by.
 */
static char *
link_argument(Table *table, const char *erase_with)
{
	List	   *paths = table->doubt.paths;
	List	   *named = NIL;
	ListCell   *lc;

	if (paths == NIL || (list_length(paths) == 1 && !table->doubt.named))
		return "";
	if (same(erase_with, "redact"))
		return ", link => '*'";
	if (table->doubt.shared)
		return shared_argument(table);
	foreach(lc, table->doubt.likeliest)
		if (!pvext_has_name(named, cut_path(lfirst(lc))))
			named = lappend(named, cut_path(lfirst(lc)));
	return list_length(named) > 1 ? psprintf(", links => %s", pvext_print_names(named)) :
		psprintf(", link => %s", pvext_print_literal(linitial(named)));
}

/* The declaration of columns. */
static char *
personal_sql(Table *table, PvextColumnGuess *guess, const char *erase_with, List *columns)
{
	return psprintf("SELECT pv.declare_personal(%s, %s, %s%s%s%s%s%s);", table->sql_name, pvext_print_names(columns),
					pvext_print_literal(guess->category),
					erase_with ? ", erase_with => " : "", erase_with ? pvext_print_literal(erase_with) : "",
					guess->parameter ? ", parameter => " : "",
					guess->parameter ? pvext_print_literal(guess->parameter) : "",
					link_argument(table, erase_with));
}

/* That columns hold nothing personal. */
static char *
not_personal_sql(Table *table, List *columns)
{
	return psprintf("SELECT pv.declare_not_personal(%s, %s);", table->sql_name, pvext_print_names(columns));
}

/* Why a statement cannot be run; NULL, too, where nobody can say that before the subject is declared. */
static char *
failure_of(Table *table, const char *sql)
{
	return table->map->outlook.undeclared ? NULL : pvext_try_statement(&table->map->text, sql);
}

/*
 * A statement, or where that is asked a question, which has been tried with what is likely
 * to be answered.  Returns why it cannot be run, and has then not written it.
 */
static char *
propose(Table *table, const char *sql, bool asked)
{
	char	   *why;

	if (!asked)
		return pvext_propose_statement(&table->map->text, sql, NULL);
	why = failure_of(table, sql);
	if (why == NULL)
		pvext_propose_question(&table->map->text, sql, NULL);
	return why;
}

/* Why a column of a group cannot be erased so; NULL where it can. */
static char *
refusal(Table *table, Group *group, const char *erase_with, char *column)
{
	return failure_of(table, personal_sql(table, group->guess, erase_with, list_make1(column)));
}

/* Columns that somebody has to decide, or of which, as why says, nothing can be erased. */
static void
ask_columns(Table *table, PvextColumnGuess *guess, List *columns, const char *why, bool fits)
{
	PvextProposal *text = &table->map->text;

	pvext_propose_comment(text, psprintf("%s: %s%s", pvext_join_names(columns, ", ", false), why,
											why[strlen(why) - 1] == '?' ? "" : "."));
	if (!fits)
	{
		pvext_propose_question(text, not_personal_sql(table, columns), NULL);
		return;
	}
	pvext_propose_question(text, personal_sql(table, guess, guess->erase_with, columns), NULL);
	pvext_propose_alternative(text, not_personal_sql(table, columns));
}

/* A group of which there is doubt; what could not be erased so is asked apart. */
static void
ask_group(Table *table, Group *group)
{
	List	   *fitting = NIL;
	ListCell   *lc;

	foreach(lc, group->columns)
	{
		char	   *why = group->guess->of_others ? NULL : refusal(table, group, group->guess->erase_with, lfirst(lc));

		if (why)
			ask_columns(table, group->guess, list_make1(lfirst(lc)), psprintf("%s; %s", group->guess->doubt, why), false);
		else
			fitting = lappend(fitting, lfirst(lc));
	}
	if (fitting != NIL)
		ask_columns(table, group->guess, fitting, group->guess->doubt, !group->guess->of_others);
}

/*
 * Those of a group's columns that the strategy does not fit, one by one: the server's choice may,
 * as where equal texts would collide.
 */
static void
propose_misfits(Table *table, Group *group, List *columns, bool asked)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		PvextColumnGuess guess = *group->guess;
		char	   *why;

		guess.column = lfirst(lc);
		why = refusal(table, group, guess.erase_with, lfirst(lc));
		if (guess.erase_with == NULL ||
			propose(table, personal_sql(table, &guess, NULL, list_make1(guess.column)),
					asked || table->doubt.reasons != NIL) != NULL)
			ask_columns(table, &guess, list_make1(guess.column), why, false);
	}
}

/* A group of columns, as a statement or a question; without those that it would fail for. */
static void
propose_group(Table *table, Group *group)
{
	const char *erase_with = group->guess->erase_with;
	bool		asked = table->doubt.reasons != NIL && !(table->doubt.redacts && same(erase_with, "redact"));
	List	   *fitting = NIL;
	List	   *misfits = NIL;
	ListCell   *lc;

	if (propose(table, personal_sql(table, group->guess, erase_with, group->columns), asked) == NULL)
		return;
	foreach(lc, group->columns)
	{
		if (refusal(table, group, erase_with, lfirst(lc)))
			misfits = lappend(misfits, lfirst(lc));
		else
			fitting = lappend(fitting, lfirst(lc));
	}
	if (fitting != NIL)
		(void) propose(table, personal_sql(table, group->guess, erase_with, fitting), asked);
	propose_misfits(table, group, misfits, asked);
}

/* All columns of a table, by what is guessed of them. */
static void
propose_guesses(Table *table, List *guesses)
{
	List	   *groups = make_groups(guesses);
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, groups)
		if (!((Group *) lfirst(lc))->guess->doubt)
			propose_group(table, lfirst(lc));
	foreach(lc, groups)
		if (((Group *) lfirst(lc))->guess->doubt)
			ask_group(table, lfirst(lc));
	foreach(lc, guesses)
		if (((PvextColumnGuess *) lfirst(lc))->category == NULL)
			rest = lappend(rest, ((PvextColumnGuess *) lfirst(lc))->column);
	if (rest != NIL)
		(void) propose(table, not_personal_sql(table, rest), !pvext_is_sure(&table->map->outlook, table->relid));
}

/* Names of ways, for who has to choose one: at least the nearest by each link. */
static char *
name_ways(PvextDoubt *doubt)
{
	List	   *named = NIL;
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, doubt->paths)
	{
		bool		nearest = foreach_current_index(lc) < doubt->nearest;
		char	   *way = nearest ? cut_path(lfirst(lc)) : lfirst(lc);

		if ((nearest || list_length(named) < MAX_WAYS) && strlen(way) < NAMEDATALEN && !pvext_has_name(named, way))
			named = lappend(named, way);
	}
	foreach(lc, named)
		appendStringInfo(&names, "%s, ", pvext_print_literal(lfirst(lc)));
	if (list_length(named) < list_length(doubt->paths))
		appendStringInfoString(&names, "..., ");
	return names.data;
}

/* What the table is, and why its lines are comments. */
static void
propose_heading(Table *table)
{
	PvextProposal *text = &table->map->text;
	char	   *rows = pvext_row_estimate(table->relid);
	bool		counted = strncmp(rows, "about", 5) == 0;
	ListCell   *lc;

	table->map->uncounted += !counted;
	pvext_propose_blank(text);
	pvext_propose_comment(text, psprintf("%s%s%s", pvext_relation_name(table->relid), counted ? ", " : "", counted ? rows : ""));
	foreach(lc, table->doubt.reasons)
		pvext_propose_comment(text, lfirst(lc));
	if (table->doubt.reasons != NIL && list_length(table->doubt.paths) > 1)
		pvext_propose_comment(text, psprintf("Say whom each column is about: %sor '*' for any.", name_ways(&table->doubt)));
}

/* Is the column inherited from a table that will be in the map, and has lines of its own? */
static bool
is_asked_above(Oid relid, const char *column, List *mapped)
{
	ListCell   *lc;

	foreach(lc, pvext_with_parents(relid))
		if (lfirst_oid(lc) != relid && list_member_oid(mapped, lfirst_oid(lc)) &&
			pvext_has_column(lfirst_oid(lc), column))
			return true;
	return false;
}

/*
 * The columns that a table's lines are for: those that nobody has classified, without
 * those of links, declared or proposed, which follow what they lead to.
 */
static List *
columns_of(PvextMapProposal *map, Oid relid)
{
	List	   *structural = NIL;
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, map->outlook.candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid)
			structural = list_concat(structural, candidate->columns);
	}
	foreach(lc, pvext_unclassified_columns(relid))
		if (!pvext_has_name(structural, lfirst(lc)) && !is_asked_above(relid, lfirst(lc), map->tables))
			columns = lappend(columns, lfirst(lc));
	return columns;
}

/* Do the rows name their person themselves, rather than hang on others that do? */
static bool
is_direct(Table *table)
{
	ListCell   *lc;

	foreach(lc, table->doubt.paths)
		if (strchr(lfirst(lc), '.') == NULL)
			return true;
	return table->doubt.paths == NIL;
}

/* Where a thing is, and what is said of it, is not its maker's: what hangs on rows of persons may be a thing. */
static void
doubt_things(Table *table, List *guesses)
{
	ListCell   *lc;

	if (is_direct(table) || pvext_is_of_persons(table->relid))
		return;
	foreach(lc, guesses)
	{
		PvextColumnGuess *guess = lfirst(lc);

		if (guess->category == NULL || guess->doubt)
			continue;
		if (strcmp(guess->category, "location") == 0)
			guess->doubt = "where somebody was, or where a thing is?";
		else if (guess->of_key)
			guess->doubt = "said of somebody, or of a thing?";
	}
}

/* What a column holds that was said to be no link, though it refers to somebody, is not about whose the row is. */
static void
doubt_references(Table *table, List *guesses)
{
	List	   *not_links = pvext_not_links();
	ListCell   *lc;

	foreach(lc, guesses)
	{
		PvextColumnGuess *guess = lfirst(lc);

		if (guess->category == NULL || same(guess->erase_with, "redact") ||
			!pvext_is_not_link(not_links, table->relid, list_make1(guess->column)))
			continue;
		guess->doubt = "declared to be no link: who or what it refers to is another's";
		guess->of_others = true;
	}
}

/* The argument that says whom columns of a table are about that are erased so, or "". */
char *
pvext_link_argument(PvextMapProposal *map, Oid relid, const char *erase_with)
{
	Table		table = {map, relid};

	pvext_doubt(&map->outlook, relid, &table.doubt);
	return link_argument(&table, erase_with);
}

/* The lines of one table, unless nobody would be in it. */
void
pvext_propose_table(PvextMapProposal *map, Oid relid)
{
	Table		table = {map, relid};
	List	   *columns = columns_of(map, relid);
	List	   *guesses;

	if (columns == NIL || !pvext_is_linked_to(&map->outlook, relid))
		return;
	table.sql_name = pvext_print_relation(relid);
	pvext_doubt(&map->outlook, relid, &table.doubt);
	propose_heading(&table);
	guesses = pvext_guessed_columns(&map->outlook, relid, columns);
	doubt_things(&table, guesses);
	doubt_references(&table, guesses);
	propose_guesses(&table, guesses);
}

/* What: each table's columns, the subject's first. */
void
pvext_propose_columns(PvextMapProposal *map)
{
	ListCell   *lc;

	foreach(lc, map->tables)
	{
		CHECK_FOR_INTERRUPTS();
		pvext_propose_table(map, lfirst_oid(lc));
	}
}

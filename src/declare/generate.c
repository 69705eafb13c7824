/*
 * generate.c
 *		A data map proposed from the catalog, as SQL to edit.
 *
 * The text declares the subject, the links that foreign keys suggest, and
 * every column that is not classified: as personal where its name and type
 * look like it, else as not personal.  It runs as it stands, and then takes nobody's
 * values with another: what might do so is a comment.  But a person has
 * to read it: names of columns are hints (name_guess.c), not knowledge.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/print.h"
#include "base/relation.h"
#include "base/spi.h"
#include "declare/candidate_link.h"
#include "declare/doubtful_link.h"
#include "declare/name_guess.h"
#include "declare/resolve_strategy.h"
#include "fmgr.h"
#include "map/unclassified.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pvext_generate_map);

/* A line, with "-- " before it where it is a comment. */
static void
append_line(StringInfo sql, bool comment, const char *text)
{
	appendStringInfo(sql, "%s%s\n", comment ? "-- " : "", comment ? pvext_print_comment(text) : text);
}

/* The declaration of the subject, unless it is declared. */
static void
append_subject(StringInfo sql, Oid subject)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_relation_id(subject));
	if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1", &args) > 0)
		return;
	appendStringInfoChar(sql, '\n');
	append_line(sql, true, "The subject: are all rows persons? If not, pass a condition.");
	if (pvext_primary_key(subject) == NIL)
	{
		append_line(sql, true, "It has no primary key: name the columns of a unique key.");
		append_line(sql, true, psprintf("SELECT pv.declare_subject(%s, '{...}');",
										pvext_print_relation(subject)));
	}
	else
		append_line(sql, false, psprintf("SELECT pv.declare_subject(%s);",
										 pvext_print_relation(subject)));
}

/* The declarations of links that are missing. */
static void
append_links(StringInfo sql, List *candidates)
{
	bool		first = true;
	ListCell   *lc;

	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);
		bool		acted = pvext_says_acted(candidate->columns, candidate->parent);

		if (candidate->declared)
			continue;
		if (first)
		{
			appendStringInfoChar(sql, '\n');
			append_line(sql, true, "Links: take out those whose rows do not belong to the parent's person.");
		}
		first = false;
		append_line(sql, acted,
					psprintf("SELECT pv.declare_link(%s, %s, %s, %s%s%s);%s%s",
							 pvext_print_relation(candidate->relid),
							 pvext_print_names(candidate->columns),
							 pvext_print_relation(candidate->parent),
							 pvext_print_names(candidate->parent_columns),
							 candidate->default_name ? "" : ", name => ",
							 candidate->default_name ? "" : pvext_print_literal(candidate->name),
							 candidate->indexed ? "" : "  -- no index",
							 acted ? "  -- who acted, or whose it is?" : ""));
	}
}

/* A column and the strategy proposed for it; for pvext_try(). */
typedef struct Proposal
{
	Oid			relid;
	const char *column;
	const char *erase_with;
} Proposal;

/* For pvext_try(): would the column be declared so? */
static void
try_proposal(void *arg)
{
	Proposal   *proposal = arg;
	char	   *argument;

	pvext_check_children(proposal->relid);
	(void) pvext_resolve_strategy(proposal->relid, proposal->column, proposal->erase_with,
								  NULL, NULL, false, &argument);
}

/* Why declare_personal() would refuse a proposal, or NULL. */
static char *
refusal(Oid relid, const char *column, const char *erase_with)
{
	Proposal	proposal = {relid, column, erase_with ? erase_with : "auto"};
	ErrorData  *error = pvext_try(try_proposal, &proposal);

	return error ? error->message : NULL;
}

/*
 * The line for one column.  Where it is in doubt whose it is, and where a name
 * tells nothing of what the column holds, it is a comment: check_map() goes on
 * to ask.
 */
static void
append_column(StringInfo sql, Oid relid, const char *name, PvextDoubt *doubt)
{
	char	   *where = psprintf("%s, %s", pvext_print_relation(relid),
								 pvext_print_names(list_make1((char *) name)));
	PvextGuess	guess;

	if (pvext_guess_column(relid, name, &guess))
	{
		char	   *why = refusal(relid, name, guess.erase_with);

		if (why)
			append_line(sql, true, psprintf("%s:", why));
		append_line(sql, why || doubt->reasons != NIL,
					psprintf("SELECT pv.declare_personal(%s, %s%s%s%s);", where,
							 pvext_print_literal(guess.category),
							 guess.erase_with ? ", erase_with => " : "",
							 guess.erase_with ? pvext_print_literal(guess.erase_with) : "",
							 list_length(doubt->paths) > 1 ? ", link => '...'" : ""));
	}
	else
	{
		bool		unknown = pvext_may_hold_anything(relid, name);

		append_line(sql, unknown, psprintf("SELECT pv.declare_not_personal(%s);%s", where,
										   unknown ? "  -- look at what is in it" : ""));
	}
}

/* Why the lines of a table are comments, and what is to be said in them. */
static void
append_doubt(StringInfo sql, PvextDoubt *doubt)
{
	StringInfoData names;
	ListCell   *lc;

	foreach(lc, doubt->reasons)
		append_line(sql, true, lfirst(lc));
	if (list_length(doubt->paths) < 2)
		return;
	initStringInfo(&names);
	foreach(lc, doubt->paths)
		appendStringInfo(&names, "%s, ", pvext_print_literal(lfirst(lc)));
	append_line(sql, true, psprintf("Say whom each column is about: %sor '*' for any.", names.data));
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
 * The lines for a table's unclassified columns, those of tables of mapped having lines, too.
 * Columns of proposed links are left out, as those of declared ones are; so is what the links
 * lead to.
 */
static void
append_table(StringInfo sql, PvextOutlook *outlook, Oid relid, List *candidates, List *mapped)
{
	List	   *structural = NIL;
	bool		first = true;
	PvextDoubt	doubt;
	ListCell   *lc;

	pvext_doubt(outlook, relid, &doubt);
	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid)
			structural = list_concat(structural, candidate->columns);
	}
	foreach(lc, pvext_unclassified_columns(relid))
	{
		if (pvext_has_name(structural, lfirst(lc)) || is_asked_above(relid, lfirst(lc), mapped))
			continue;
		if (first)
		{
			appendStringInfoChar(sql, '\n');
			append_line(sql, true, pvext_relation_name(relid));
			append_doubt(sql, &doubt);
		}
		first = false;
		append_column(sql, relid, lfirst(lc), &doubt);
	}
}

/* pv.generate_map(subject): a proposal of declarations, as SQL to be edited. */
Datum
pvext_generate_map(PG_FUNCTION_ARGS)
{
	Oid			subject = PG_GETARG_OID(0);
	PvextScope	scope;
	StringInfoData sql;
	PvextOutlook outlook;
	List	   *candidates;
	List	   *reached;
	List	   *mapped = list_make1_oid(subject);
	ListCell   *lc;
	text	   *result;

	initStringInfo(&sql);
	pvext_enter(&scope);
	pvext_check_table(subject);
	candidates = pvext_candidates(subject, 0, NIL, &reached);
	pvext_look_out(&outlook, subject, candidates);
	append_line(&sql, true, psprintf("A proposal for the data map of %s, made from the names of its columns.",
									 pvext_relation_name(subject)));
	append_line(&sql, true, "Read every line: what is personal, what for (purposes), and how it is erased");
	append_line(&sql, true, "(erase_with) are yours to say. What might take another person's values is a comment.");
	append_subject(&sql, subject);
	append_links(&sql, candidates);
	foreach(lc, candidates)
		mapped = list_append_unique_oid(mapped, ((PvextCandidate *) lfirst(lc))->relid);
	mapped = list_concat_unique_oid(mapped, reached);
	foreach(lc, mapped)
		append_table(&sql, &outlook, lfirst_oid(lc), candidates, mapped);
	pvext_leave(&scope);
	result = cstring_to_text(sql.data);
	PG_RETURN_TEXT_P(result);
}

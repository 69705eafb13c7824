/*
 * propose_link.c
 *		Whose rows are: the subject and the links that are proposed.
 *
 * A link that is certain, such as a foreign key that does not say who acted, is a
 * statement.  Any other is a comment with what may be said instead of it.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/relation.h"
#include "base/spi.h"
#include "detect/candidate_sql.h"
#include "detect/propose_link.h"
#include "detect/table_guess.h"
#include "miscadmin.h"

/* The first column that is unique, for a subject without a primary key. */
static List *
find_unique(Oid subject)
{
	ListCell   *lc;

	foreach(lc, pvext_columns(subject))
		if (pvext_is_unique(subject, list_make1(lfirst(lc))))
			return list_make1(lfirst(lc));
	return NIL;
}

/* The columns of the subject that most foreign keys lead to, or its primary key. */
static List *
find_key(Oid subject)
{
	List	   *primary = pvext_primary_key(subject);
	List	   *key = primary ? primary : find_unique(subject);
	int			most = 0;
	List	   *foreign = pvext_foreign_keys_to(subject);
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, foreign)
	{
		List	   *columns = ((PvextForeignKey *) lfirst(lc))->parent_columns;
		int			n = 0;

		foreach(cell, foreign)
			n += pvext_same_names(columns, ((PvextForeignKey *) lfirst(cell))->parent_columns);
		if (n > most)
		{
			most = n;
			key = columns;
		}
	}
	return key;
}

/* The declaration of the subject, unless it is declared. */
static void
propose_subject(PvextMapProposal *map)
{
	Oid			subject = map->outlook.subject;
	List	   *key = find_key(subject);
	PvextArgs	args = {0};
	char	   *sql;
	char	   *why;

	pvext_arg_int4(&args, pvext_relation_id(subject));
	if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1", &args) > 0)
		return;
	pvext_propose_comment(&map->text, "The subject: are all rows persons? If not, pass a condition.");
	map->outlook.undeclared = key == NIL;
	if (key == NIL)
	{
		pvext_propose_comment(&map->text, "It has no unique key: create one, and call generate_map() again.");
		return;
	}
	sql = psprintf("SELECT pv.declare_subject(%s%s%s);", pvext_print_relation(subject),
				   pvext_same_names(key, pvext_primary_key(subject)) ? "" : ", ",
				   pvext_same_names(key, pvext_primary_key(subject)) ? "" : pvext_print_names(key));
	why = pvext_propose_statement(&map->text, sql, NULL);
	map->outlook.undeclared = why != NULL;
	if (why)
		pvext_propose_question(&map->text, sql, why);
}

/* Do rows of others hang on these, or might? */
static bool
has_dependents(PvextMapProposal *map, Oid relid)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(relid))
		if (((PvextForeignKey *) lfirst(lc))->relid != relid)
			return true;
	foreach(lc, map->outlook.candidates)
		if (((PvextCandidate *) lfirst(lc))->parent == relid)
			return true;
	return false;
}

/*
 * Could the rows go with the person: nothing hangs on them, and they are nobody else's, or
 * they are nothing without the one whom they name?
 */
static bool
may_be_deleted(PvextMapProposal *map, PvextCandidate *candidate)
{
	bool		passing = pvext_is_passing(candidate->relid);
	PvextDoubt	doubt;

	if ((!passing && !pvext_is_junction(candidate->relid)) || has_dependents(map, candidate->relid))
		return false;
	if (passing && list_member_oid(map->outlook.subjects, candidate->parent))
		return true;
	pvext_doubt(&map->outlook, candidate->relid, &doubt);
	return doubt.reasons == NIL && !doubt.named;
}

/* A link that is certain. */
static void
propose_certain(PvextMapProposal *map, PvextCandidate *candidate)
{
	const char *remark = candidate->indexed ? NULL : "no index";
	char	   *why;

	if (may_be_deleted(map, candidate) &&
		pvext_propose_statement(&map->text, pvext_candidate_sql(candidate, ", on_erase => 'delete'"),
								remark ? "the rows go; no index" : "the rows go") == NULL)
		return;
	why = pvext_propose_statement(&map->text, pvext_candidate_sql(candidate, ""), remark);
	if (why)
		pvext_propose_question(&map->text, pvext_candidate_sql(candidate, ""), why);
}

/* The candidates by the same columns as one, which is among them: what the columns refer to is one question. */
static List *
same_columns(PvextMapProposal *map, PvextCandidate *candidate)
{
	List	   *same = NIL;
	ListCell   *lc;

	if (pvext_is_referred(candidate))
		return list_make1(candidate);
	foreach(lc, map->outlook.candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other->relid == candidate->relid && !other->declared && !other->moot && other->question &&
			!pvext_is_referred(other) && pvext_same_names(other->columns, candidate->columns))
			same = lappend(same, other);
	}
	return same;
}

/* The likely ones of the same columns, each a question; whether there are any. */
static bool
propose_likely(PvextMapProposal *map, List *same)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, same)
	{
		PvextCandidate *candidate = lfirst(lc);
		char	   *link = pvext_candidate_sql(candidate, "");
		char	   *why = candidate->likely ? pvext_try_statement(&map->text, link) : NULL;

		if (why)
		{
			pvext_drop_link(&map->outlook, candidate);
			candidate->question = psprintf("%s  (The link: %s)", candidate->question, why);
		}
		if (!candidate->likely)
			continue;
		pvext_propose_question(&map->text, link, candidate->question);
		candidate->statement = link;
		any = true;
	}
	return any;
}

/*
 * What somebody has to decide: what is likely to be said of columns, then the other.  What
 * is likely is run, so that what follows is tried as it will be.
 */
static void
propose_uncertain(PvextMapProposal *map, PvextCandidate *first)
{
	List	   *same = same_columns(map, first);
	char	   *no_link = pvext_no_candidate_sql(first, first->because);
	bool		any;
	ListCell   *lc;

	if (linitial(same) != first)
		return;					/* it has been asked */
	any = propose_likely(map, same);
	if (!any && first->linked)
		return;					/* there is nothing that could be said */
	if (!any)
	{
		(void) pvext_try_statement(&map->text, no_link);
		pvext_propose_question(&map->text, no_link, first->question);
		first->statement = no_link;
	}
	foreach(lc, same)
		if (!((PvextCandidate *) lfirst(lc))->likely)
			pvext_propose_alternative(&map->text, pvext_candidate_sql(lfirst(lc), ""));
	if (any && !first->linked)
		pvext_propose_alternative(&map->text, no_link);
}

/* What a candidate is, in one line or two. */
static void
propose_candidate(PvextMapProposal *map, PvextCandidate *candidate)
{
	char	   *no_link = pvext_no_candidate_sql(candidate, candidate->because);

	if (candidate->question)
	{
		propose_uncertain(map, candidate);
		return;
	}
	if (candidate->likely)
		propose_certain(map, candidate);
	else if (pvext_propose_statement(&map->text, no_link, NULL) != NULL)
		pvext_propose_question(&map->text, no_link, NULL);
	candidate->statement = llast(map->text.settling);
}

/* Whose: the subject, then the links that are missing, from it down. */
void
pvext_propose_links(PvextMapProposal *map)
{
	bool		first = true;
	ListCell   *lc;

	propose_subject(map);
	foreach(lc, map->outlook.candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (candidate->declared || candidate->moot)
			continue;
		if (first)
			pvext_propose_comment(&map->text, "Links: take out those whose rows do not belong to the parent's person.");
		first = false;
		propose_candidate(map, candidate);
	}
}

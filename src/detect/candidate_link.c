/*
 * candidate_link.c
 *		Links that the foreign keys suggest, and those that are guessed.
 *
 * From a subject's table the foreign keys are followed downstream, level by
 * level: first the tables that refer to the subject, then those that refer to
 * these.  Every table is entered once, so that cycles end.  What is below
 * another subject belongs to that subject's rows and is left to it.  Guesses
 * (link_guess.c) are followed in the same way, where they are sure enough and do not
 * say who acted.
 *
 * What these tables' rows refer to may be the person's, too, an address say
 * (referenced_row.c): it is told of, but nothing is followed from there.
 *
 * Called by pv.candidate_links(), pv.link_foreign_keys(), generate.c and unmapped_table.c.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/compat.h"
#include "base/index.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/candidate_link.h"
#include "detect/link_guess.h"
#include "detect/name_guess.h"
#include "detect/referenced_row.h"
#include "fmgr.h"
#include "funcapi.h"
#include "map/not_link.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(pvext_candidate_links);

/* A link as it is declared. */
typedef struct DeclaredLink
{
	Oid			relid;
	char	   *name;
	List	   *columns;
	Oid			parent;
	List	   *parent_columns;
	bool		conditional;
} DeclaredLink;

/* A walk downstream from a subject. */
typedef struct Walk
{
	Oid			subject;
	List	   *subjects;		/* OIDs of all tables that are declared as such */
	List	   *links;			/* DeclaredLink */
	List	   *not_links;		/* see not_link.h */
	List	   *excluding;		/* OIDs that are not entered */
	List	   *visited;		/* OIDs of tables that have been reached */
	List	   *depths;			/* their depths, in the same order */
	int			depth;			/* that of the level at hand */
	List	   *next;			/* OIDs of those to go on from */
	List	   *candidates;		/* PvextCandidate */
	PvextGuesswork *work;		/* or NULL: foreign keys alone */
	List	   *impersonal;		/* C strings: columns that are declared so; see impersonal_name() */
} Walk;

/* The links that are declared, orphans left out. */
static List *
load_links(void)
{
	List	   *links = NIL;

	(void) pvext_own("SELECT r.relation, l.name, l.columns, p.relation, l.parent_columns,"
					 " l.condition IS NOT NULL"
					 " FROM pv.declared_link l"
					 " JOIN pv.relation r ON r.id = l.relation_id"
					 " JOIN pv.relation p ON p.id = l.parent_id"
					 " WHERE r.relation IS NOT NULL AND p.relation IS NOT NULL AND l.expression IS NULL"
					 " ORDER BY r.relation::text, l.name", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		DeclaredLink *link = palloc(sizeof(DeclaredLink));

		link->relid = (Oid) pvext_int(i, 1);
		link->name = pvext_value(i, 2);
		link->columns = pvext_names(i, 3);
		link->parent = (Oid) pvext_int(i, 4);
		link->parent_columns = pvext_names(i, 5);
		link->conditional = pvext_bool(i, 6);
		links = lappend(links, link);
	}
	return links;
}

/* The tables that are declared as subjects. */
static List *
load_subjects(void)
{
	List	   *subjects = NIL;

	(void) pvext_own("SELECT r.relation FROM pv.declared_subject s"
					 " JOIN pv.relation r ON r.id = s.relation_id"
					 " WHERE r.relation IS NOT NULL", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		subjects = lappend_oid(subjects, (Oid) pvext_int(i, 1));
	return subjects;
}

/* Can the referring side be declared?  Partitions are, through their root. */
static bool
is_linkable(Oid relid)
{
	char		relkind = get_rel_relkind(relid);

	return (relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE) &&
		get_rel_persistence(relid) != RELPERSISTENCE_TEMP &&
		!pvext_is_partition(relid);
}

/* Is the link by the same foreign key as the candidate, or one of a parent table by its columns? */
static bool
is_link_of(DeclaredLink *link, PvextCandidate *candidate)
{
	PvextForeignKey fk = {.relid = link->relid, .columns = candidate->columns,
	.parent_columns = candidate->parent_columns};

	return link->parent == candidate->parent &&
		pvext_is_key_of(&fk, link->relid, link->columns, link->parent_columns) &&
		(link->relid == candidate->relid ||
		 (!link->conditional && list_member_oid(pvext_with_parents(candidate->relid), link->relid)));
}

/* Is the same foreign key, declared a second time, on the list already? */
static bool
is_listed(List *candidates, PvextForeignKey *fk, Oid parent)
{
	ListCell   *lc;

	foreach(lc, candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other->parent == parent &&
			pvext_is_key_of(fk, other->relid, other->columns, other->parent_columns))
			return true;
	}
	return false;
}

/* By depth, relation, columns, parent, the surer first, then condition: an order that a dump does not change. */
static int
compare_candidates(const ListCell *a, const ListCell *b)
{
	const PvextCandidate *left = lfirst(a);
	const PvextCandidate *right = lfirst(b);
	int			result = left->depth - right->depth;

	if (result == 0 && left->relid != right->relid)
		result = strcmp(pvext_relation_name(left->relid),
						pvext_relation_name(right->relid));
	if (result == 0)
		result = strcmp(pvext_join_names(left->columns, ",", true),
						pvext_join_names(right->columns, ",", true));
	if (result == 0)
		result = strcmp(pvext_relation_name(left->parent),
						pvext_relation_name(right->parent));
	if (result == 0 && left->confidence != right->confidence)
		result = left->confidence > right->confidence ? -1 : 1;
	if (result == 0)
		result = strcmp(left->condition ? left->condition : "", right->condition ? right->condition : "");
	return result;
}

/* A name, cut to what the type name holds without splitting a character. */
static char *
cut_name(const char *text)
{
	return pnstrdup(text, pg_mbcliplen(text, strlen(text), NAMEDATALEN - 1));
}

/* Has a link of the relation, declared or a candidate, this name already? */
static bool
is_taken(Oid relid, const char *name, List *links, List *candidates)
{
	ListCell   *lc;

	foreach(lc, links)
	{
		DeclaredLink *link = lfirst(lc);

		if (link->relid == relid && strcmp(link->name, name) == 0)
			return true;
	}
	foreach(lc, candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other->relid == relid && other->name && strcmp(other->name, name) == 0)
			return true;
	}
	return false;
}

/*
 * Give a candidate its name: the declared one, or its columns joined by "_",
 * then the parent's name appended, then a number, until it is the only one.
 */
static void
name_candidate(PvextCandidate *candidate, List *links, List *candidates)
{
	char	   *joined = pvext_join_names(candidate->columns, "_", false);
	char	   *name = cut_name(joined);
	ListCell   *lc;

	foreach(lc, links)
	{
		DeclaredLink *link = lfirst(lc);

		if (is_link_of(link, candidate))
		{
			candidate->declared = true;
			candidate->name = link->name;
			return;
		}
	}
	candidate->default_name = !is_taken(candidate->relid, name, links, candidates);
	if (!candidate->default_name)
		name = cut_name(psprintf("%s_%s", joined, get_rel_name(candidate->parent)));
	for (int n = 2; is_taken(candidate->relid, name, links, candidates); n++)
	{
		char	   *number = psprintf("_%d", n);
		int			room = NAMEDATALEN - 1 - strlen(number);

		name = psprintf("%s%s", pnstrdup(joined, pg_mbcliplen(joined, strlen(joined), room)),
						number);
	}
	candidate->name = name;
}

/* Does a declared link say the reverse of the foreign key, that the parent's rows belong to those that refer to them? */
static bool
is_reversed(List *links, PvextForeignKey *fk, Oid parent)
{
	PvextForeignKey reverse = {.relid = parent, .columns = fk->parent_columns,
	.parent_columns = fk->columns};
	ListCell   *lc;

	foreach(lc, links)
	{
		DeclaredLink *link = lfirst(lc);

		if (link->parent == fk->relid &&
			pvext_is_key_of(&reverse, link->relid, link->columns, link->parent_columns))
			return true;
	}
	return false;
}

/* Go on from the table, too, unless that has been done, or it is another subject. */
static void
reach(Walk *walk, Oid relid)
{
	if (list_member_oid(walk->visited, relid))
		return;
	walk->visited = lappend_oid(walk->visited, relid);
	walk->depths = lappend_int(walk->depths, walk->depth);
	if (!list_member_oid(walk->subjects, relid))
		walk->next = lappend_oid(walk->next, relid);
}

/* Is the parent one whose rows are whole, of which those of the table are parts? */
static bool
is_whole_of(Walk *walk, PvextForeignKey *fk, Oid parent)
{
	ListCell   *lc;

	foreach(lc, walk->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->whole && candidate->relid == parent && candidate->parent == fk->relid &&
			pvext_equal_names(candidate->parent_columns, fk->columns))
			return true;
	}
	return false;
}

/* May the foreign key be proposed?  Back to itself, directly or in a circle, is not ownership. */
static bool
is_proposed(Walk *walk, PvextForeignKey *fk, Oid parent)
{
	return fk->relid != parent && fk->relid != walk->subject &&
		!list_member_oid(walk->excluding, fk->relid) && is_linkable(fk->relid) &&
		!is_listed(walk->candidates, fk, parent) && !is_reversed(walk->links, fk, parent) && !is_whole_of(walk, fk, parent) &&
		!pvext_is_not_link(walk->not_links, fk->relid, fk->columns);
}

/* Does an index lead to the rows by the columns of the candidate? */
static bool
is_indexed(const PvextCandidate *candidate)
{
	PvextSearch search = {.relid = candidate->relid, .columns = candidate->columns, .parent = candidate->parent,
	.parent_columns = candidate->parent_columns};

	return pvext_is_indexed(&search);
}

/* How a column is called among those that are declared not personal. */
static char *
impersonal_name(Oid relid, const char *column)
{
	return psprintf("%u.%s", relid, column);
}

/* The columns that are declared not personal. */
static List *
load_impersonal(void)
{
	List	   *names = NIL;

	(void) pvext_own("SELECT r.relation, n.column_name FROM pv.not_personal AS n"
					 " JOIN pv.relation AS r ON r.id = n.relation_id WHERE r.relation IS NOT NULL", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		names = lappend(names, impersonal_name((Oid) pvext_int(i, 1), pvext_value(i, 2)));
	return names;
}

/* Is one of the columns declared not personal? */
static bool
is_impersonal(Walk *walk, Oid relid, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
		if (pvext_has_name(walk->impersonal, impersonal_name(relid, lfirst(lc))))
			return true;
	return false;
}

/* Append the foreign keys that refer to parent, and go on from where they come from. */
static void
follow_keys(Walk *walk, Oid parent, int depth)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(parent))
	{
		PvextForeignKey *fk = lfirst(lc);
		PvextCandidate *candidate;

		if (!is_proposed(walk, fk, parent) || is_impersonal(walk, fk->relid, fk->columns))
			continue;
		candidate = palloc0(sizeof(PvextCandidate));
		candidate->relid = fk->relid;
		candidate->columns = fk->columns;
		candidate->parent = parent;
		candidate->parent_columns = fk->parent_columns;
		candidate->depth = depth;
		candidate->indexed = is_indexed(candidate);
		candidate->found_by = PVEXT_BY_KEY;
		candidate->confidence = 1;
		candidate->reason = psprintf("foreign key \"%s\"", fk->name);
		walk->candidates = lappend(walk->candidates, candidate);
		reach(walk, fk->relid);
	}
}

/* Go on, too, from tables that links without a foreign key lead from. */
static void
follow_links(Walk *walk, Oid parent)
{
	ListCell   *lc;

	foreach(lc, walk->links)
	{
		DeclaredLink *link = lfirst(lc);

		if (link->parent == parent && !list_member_oid(walk->excluding, link->relid))
			reach(walk, link->relid);
	}
}

/* Has it been said what the guess's columns are: a link, also by a condition, none, or nothing personal? */
static bool
is_settled(Walk *walk, PvextCandidate *guess)
{
	ListCell   *lc;

	foreach(lc, walk->links)
	{
		DeclaredLink *link = lfirst(lc);

		if (link->relid == guess->relid && pvext_same_names(link->columns, guess->columns) &&
			(link->parent == guess->parent || guess->condition == NULL))
			return true;
	}
	return is_impersonal(walk, guess->relid, guess->columns) || pvext_is_not_link(walk->not_links, guess->relid, guess->columns);
}

/*
 * Append the guesses that lead to parent, and go on from where the sure ones come from: who
 * made a row is whose it is more often than who changed it.
 */
static void
follow_guesses(Walk *walk, Oid parent, int depth)
{
	ListCell   *lc;

	foreach(lc, walk->work ? walk->work->guesses : NIL)
	{
		PvextCandidate *guess = lfirst(lc);
		PvextCandidate *candidate;

		if (guess->parent != parent || guess->relid == walk->subject ||
			list_member_oid(walk->excluding, guess->relid) || is_settled(walk, guess))
			continue;
		candidate = palloc(sizeof(PvextCandidate));
		*candidate = *guess;
		candidate->depth = depth;
		candidate->indexed = is_indexed(candidate);
		walk->candidates = lappend(walk->candidates, candidate);
		if (guess->confidence >= PVEXT_FOLLOWED &&
			(!guess->doubtful || pvext_name_says(linitial(guess->columns), "*creator")))
			reach(walk, guess->relid);
	}
}

/* Do the candidates so far say whose a table's rows are, and not only who acted? */
static bool
is_owned(Walk *walk, Oid relid)
{
	ListCell   *lc;

	foreach(lc, walk->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid && candidate->confidence >= PVEXT_FOLLOWED &&
			!pvext_says_acted(candidate->columns, candidate->parent))
			return true;
	}
	return false;
}

/* Have other parts of the table's rows been found, by which they are owned? */
static bool
is_part_of(Walk *walk, Oid relid)
{
	ListCell   *lc;

	foreach(lc, walk->candidates)
		if (((PvextCandidate *) lfirst(lc))->relid == relid && ((PvextCandidate *) lfirst(lc))->whole)
			return true;
	return false;
}

/* Leave out the candidate that says the reverse of another: each row is the other's, which has its key. */
static void
drop_reverse(Walk *walk, PvextCandidate *candidate)
{
	ListCell   *lc;

	foreach(lc, walk->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other->relid == candidate->parent && other->parent == candidate->relid &&
			pvext_equal_names(other->columns, candidate->parent_columns))
			walk->candidates = foreach_delete_current(walk->candidates, lc);
	}
}

/*
 * A table's rows may be parts of others, which have their key and are nobody's otherwise: an
 * invoice is one of all transactions.  They are whose the part is, and so is what hangs on them.
 */
static void
follow_parts(Walk *walk, Oid relid, int depth)
{
	ListCell   *lc;

	if (walk->work == NULL || (relid != walk->subject && !is_owned(walk, relid)))
		return;
	foreach(lc, pvext_references(walk->work, relid))
	{
		PvextCandidate *candidate = lfirst(lc);

		if (!candidate->whole || list_member_oid(walk->subjects, candidate->relid) || candidate->relid == walk->subject ||
			list_member_oid(walk->excluding, candidate->relid) || !is_linkable(candidate->relid) ||
			pvext_is_not_link(walk->not_links, candidate->parent, candidate->parent_columns) || is_settled(walk, candidate) ||
			(is_owned(walk, candidate->relid) && !is_part_of(walk, candidate->relid)))
			continue;
		candidate->depth = depth;
		candidate->indexed = is_indexed(candidate);
		drop_reverse(walk, candidate);
		walk->candidates = lappend(walk->candidates, candidate);
		reach(walk, candidate->relid);
	}
}

/* Append what the rows of the tables that have been reached refer to and may be the person's. */
static void
add_references(Walk *walk)
{
	ListCell   *lc;
	ListCell   *depth;

	forboth(lc, walk->visited, depth, walk->depths)
	{
		ListCell   *cell;

		foreach(cell, pvext_references(walk->work, lfirst_oid(lc)))
		{
			PvextCandidate *candidate = lfirst(cell);

			if (list_member_oid(walk->visited, candidate->relid) || list_member_oid(walk->subjects, candidate->relid) ||
				pvext_is_not_link(walk->not_links, candidate->parent, candidate->parent_columns) ||
				is_settled(walk, candidate))
				continue;
			candidate->depth = lfirst_int(depth) + 1;
			candidate->indexed = is_indexed(candidate);
			walk->candidates = lappend(walk->candidates, candidate);
		}
	}
}

/* Go down from the subject, level by level. */
static void
walk_down(Walk *walk, int max_depth)
{
	List	   *level = list_make1_oid(walk->subject);
	ListCell   *lc;

	walk->visited = list_make1_oid(walk->subject);
	walk->depths = list_make1_int(0);
	for (int depth = 1; level != NIL && (max_depth == 0 || depth <= max_depth); depth++)
	{
		walk->next = NIL;
		walk->depth = depth;
		CHECK_FOR_INTERRUPTS();
		foreach(lc, level)
			follow_parts(walk, lfirst_oid(lc), depth);
		foreach(lc, level)
		{
			follow_keys(walk, lfirst_oid(lc), depth);
			follow_links(walk, lfirst_oid(lc));
			follow_guesses(walk, lfirst_oid(lc), depth);
		}
		level = walk->next;
	}
}

/*
 * The links that foreign keys suggest downstream from a subject's table, as
 * PvextCandidates in the order of their depth; max_depth 0 is any.  What is
 * reached only through the tables of excluding (OIDs) is left out with them.  *reached,
 * where asked for, is set to the tables (OIDs) that these and declared links lead from.
 * With work there are guesses among them, too.  Between pvext_enter() and pvext_leave().
 */
List *
pvext_candidates(Oid subject, int max_depth, List *excluding, PvextGuesswork *work, List **reached)
{
	Walk		walk = {subject, load_subjects(), load_links(), pvext_not_links(), excluding};
	ListCell   *lc;

	walk.work = work;
	walk.impersonal = work ? load_impersonal() : NIL;
	walk_down(&walk, max_depth);
	if (work)
		add_references(&walk);
	if (reached)
		*reached = walk.visited;
	list_sort(walk.candidates, compare_candidates);
	foreach(lc, walk.candidates)
		name_candidate(lfirst(lc), walk.links, walk.candidates);
	return walk.candidates;
}

/* A list of C strings as a name[]. */
static Datum
names_datum(List *names)
{
	PvextArgs	args = {0};

	pvext_arg_names(&args, names, false);
	return args.values[0];
}

/* pv.candidate_links(subject): what the foreign keys say of whose rows are, and what may be guessed. */
Datum
pvext_candidate_links(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			subject = PG_GETARG_OID(0);
	PvextScope	scope;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	pvext_enter(&scope);
	pvext_check_table(subject);
	foreach(lc, pvext_candidates(subject, 0, NIL, pvext_guess_links(list_make1_oid(subject)), NULL))
	{
		PvextCandidate *candidate = lfirst(lc);
		bool		nulls[13] = {[11] = candidate->condition == NULL,[12] = candidate->shared == NULL};
		Datum		values[13] = {
			ObjectIdGetDatum(candidate->relid),
			DirectFunctionCall1(namein, CStringGetDatum(candidate->name)),
			names_datum(candidate->columns),
			ObjectIdGetDatum(candidate->parent),
			names_datum(candidate->parent_columns),
			Int32GetDatum(candidate->depth),
			BoolGetDatum(candidate->indexed),
			BoolGetDatum(candidate->declared),
			CStringGetTextDatum(candidate->found_by),
			Float4GetDatum(candidate->confidence),
			CStringGetTextDatum(candidate->reason)
		};

		if (candidate->condition)
			values[11] = CStringGetTextDatum(candidate->condition);
		if (candidate->shared)
			values[12] = CStringGetTextDatum(candidate->shared);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	pvext_leave(&scope);
	return (Datum) 0;
}

/*
 * doubtful_link.c
 *		Whose rows may be somebody else's than a proposed link says.
 *
 * What generate_map() proposes may be run as it stands; so it proposes nothing for
 * columns that an erasure would take with the wrong person: where rows belong to
 * several, themselves or through a parent; where a link says who did something rather
 * than whose the row is; where rows refer to others that may be persons, who are not in
 * the map; and where they look like persons themselves.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/candidate_link.h"
#include "detect/candidate_sql.h"
#include "detect/doubtful_link.h"
#include "detect/link_answer.h"
#include "detect/name_guess.h"
#include "detect/person_above.h"
#include "detect/way_up.h"
#include "miscadmin.h"
#include "utils/array.h"

/* Take in the links that are declared. */
static void
add_declared(PvextOutlook *outlook)
{
	(void) pvext_own("SELECT r.relation, l.name, l.columns, p.relation, l.inherited, l.shared IS NOT NULL, l.condition IS NOT NULL"
					 " FROM pv.declared_link l"
					 " JOIN pv.relation r ON r.id = l.relation_id"
					 " JOIN pv.relation p ON p.id = l.parent_id"
					 " WHERE r.relation IS NOT NULL AND p.relation IS NOT NULL"
					 " ORDER BY l.relation_id, l.name", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextOutlookLink *link = palloc0(sizeof(PvextOutlookLink));

		link->relid = (Oid) pvext_int(i, 1);
		link->name = pvext_value(i, 2);
		link->columns = pvext_names(i, 3);
		link->parent = (Oid) pvext_int(i, 4);
		link->inherited = pvext_bool(i, 5);
		link->shared = pvext_bool(i, 6);
		link->conditional = pvext_bool(i, 7);
		outlook->links = lappend(outlook->links, link);
	}
}

/*
 * What the map of a subject would be with the candidates, PvextCandidates.  In the
 * current context; between pvext_enter() and pvext_leave().
 */
void
pvext_look_out(PvextOutlook *outlook, Oid subject, List *candidates)
{
	ListCell   *lc;

	memset(outlook, 0, sizeof(*outlook));
	outlook->subject = subject;
	outlook->candidates = candidates;
	outlook->subjects = list_make1_oid(subject);
	(void) pvext_own("SELECT r.relation FROM pv.declared_subject s"
					 " JOIN pv.relation r ON r.id = s.relation_id WHERE r.relation IS NOT NULL", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		outlook->subjects = lappend_oid(outlook->subjects, (Oid) pvext_int(i, 1));
	add_declared(outlook);
	pvext_answer_candidates(outlook);
	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);
		PvextOutlookLink *link = palloc0(sizeof(PvextOutlookLink));

		if (candidate->declared || candidate->moot || !candidate->likely)
			continue;
		link->relid = candidate->relid;
		link->name = candidate->name;
		link->columns = candidate->columns;
		link->parent = candidate->parent;
		link->inherited = true;
		link->shared = candidate->shared != NULL;
		link->conditional = candidate->condition != NULL;
		link->asked = candidate->question != NULL;
		link->candidate = candidate;
		outlook->links = lappend(outlook->links, link);
	}
}

/* It has turned out that the candidate cannot be declared: it is no likely link. */
void
pvext_drop_link(PvextOutlook *outlook, PvextCandidate *candidate)
{
	ListCell   *lc;

	candidate->likely = false;
	foreach(lc, outlook->links)
		if (((PvextOutlookLink *) lfirst(lc))->candidate == candidate)
			outlook->links = foreach_delete_current(outlook->links, lc);
	outlook->known = NIL;
	outlook->levels = NIL;
}

/* Is the table a subject, or would it be linked to one? */
bool
pvext_is_linked_to(PvextOutlook *outlook, Oid relid)
{
	ListCell   *lc;

	if (list_member_oid(outlook->subjects, relid))
		return true;
	foreach(lc, outlook->links)
		if (((PvextOutlookLink *) lfirst(lc))->relid == relid)
			return true;
	return false;
}

/* Is the table a subject, or linked to one by links that are declared or proposed without a question? */
bool
pvext_is_sure(PvextOutlook *outlook, Oid relid)
{
	ListCell   *lc;

	if (list_member_oid(outlook->subjects, relid))
		return relid != outlook->subject || !outlook->undeclared;
	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->relid == relid && !link->asked && link->parent != relid)
			return true;
	}
	return false;
}

/* Is it asked of another reference of the table's rows whether they are somebody's by it? */
static bool
is_open(PvextOutlook *outlook, Oid relid)
{
	ListCell   *lc;

	foreach(lc, outlook->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid && !candidate->declared && !candidate->moot && candidate->question &&
			candidate->confidence >= PVEXT_FOLLOWED)
			return true;
	}
	return false;
}

/* Are all links of rows that others' refer to? */
static bool
all_shared(List *links)
{
	ListCell   *lc;

	foreach(lc, links)
		if (!((PvextOutlookLink *) lfirst(lc))->shared)
			return false;
	return links != NIL;
}

/* Does one link alone lead to whom the rows are of, and the others to what they hang on, which is no person? */
static bool
has_one_author(PvextOutlook *outlook, List *links)
{
	int			authors = 0;
	ListCell   *lc;

	foreach(lc, links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (pvext_is_author(outlook, link))
			authors++;
		else if (link->asked || list_member_oid(outlook->subjects, link->parent) || pvext_is_below_persons(outlook, link->parent))
			return false;
	}
	return authors == 1;
}

/* A table of persons that rows of the table refer to, of which it is asked whether it is theirs; or InvalidOid. */
static Oid
asked_persons(PvextOutlook *outlook, Oid relid)
{
	ListCell   *lc;

	foreach(lc, outlook->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (pvext_is_referred(candidate) && candidate->parent == relid && !candidate->declared && !candidate->moot &&
			candidate->question && pvext_looks_like_persons(candidate->relid))
			return candidate->relid;
	}
	return InvalidOid;
}

/*
 * A table of persons that the map has not, which one of the table's foreign keys leads to, or
 * one of what these lead to; its name, or NULL.  That it is answered to be none of theirs does
 * not count before somebody has said so.
 */
static char *
find_other_persons(PvextOutlook *outlook, Oid relid)
{
	PvextArgs	args = {0};
	List	   *found = NIL;
	ListCell   *lc;
	Datum	   *known = palloc(sizeof(Datum) * (list_length(outlook->links) + 1));
	int			n = 0;
	Oid			asked = asked_persons(outlook, relid);

	if (OidIsValid(asked))
		return pvext_relation_name(asked);
	known[n++] = ObjectIdGetDatum(outlook->subject);
	foreach(lc, outlook->links)
		if (!((PvextOutlookLink *) lfirst(lc))->asked)
			known[n++] = ObjectIdGetDatum(((PvextOutlookLink *) lfirst(lc))->relid);
	pvext_arg_oid(&args, OIDOID, relid);
	pvext_arg(&args, OIDARRAYOID,
			  PointerGetDatum(construct_array(known, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT)), false);
	(void) pvext_own("WITH RECURSIVE key (conrelid, confrelid) AS ("
					 " SELECT conrelid, confrelid FROM pg_constraint AS k WHERE contype = 'f' AND NOT EXISTS ("
					 "  SELECT FROM pv.declared_not_link AS n JOIN pv.relation AS r ON r.id = n.relation_id"
					 "  WHERE r.relation = k.conrelid AND cardinality(n.columns) = cardinality(k.conkey)"
					 "  AND n.columns <@ ARRAY(SELECT a.attname FROM pg_attribute AS a"
					 "   WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)))),"
					 " up (relid) AS (SELECT confrelid FROM key WHERE conrelid = $1"
					 " UNION SELECT k.confrelid FROM up JOIN key AS k ON k.conrelid = up.relid"
					 "  WHERE NOT up.relid = ANY ($2))"
					 " SELECT relid FROM up WHERE NOT relid = ANY ($2) ORDER BY relid::regclass::text", &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		found = lappend_oid(found, (Oid) pvext_int(i, 1));
	foreach(lc, found)
		if (list_member_oid(outlook->subjects, lfirst_oid(lc)) ||
			pvext_looks_like_persons(lfirst_oid(lc)))
			return pvext_relation_name(lfirst_oid(lc));
	return NULL;
}

/* What was found of a table; see reasons_of(). */
typedef struct Known
{
	Oid			relid;
	bool		below;
	List	   *reasons;
} Known;

/*
 * Why it may be doubted that rows of the table itself are their link's person's, as C
 * strings.
 */
static List *
find_reasons(PvextOutlook *outlook, Oid relid, bool below)
{
	List	   *links = pvext_links_up(outlook, relid, below);
	List	   *reasons = NIL;
	char	   *other = find_other_persons(outlook, relid);

	if (links != NIL && !pvext_is_sure(outlook, relid))
		reasons = lappend(reasons, "A row is somebody's only by what is asked above.");
	else if (!below && is_open(outlook, relid))
		reasons = lappend(reasons, "Whose else a row may be is asked above.");
	if (list_length(links) > 1 && !has_one_author(outlook, links) && !all_shared(links))
		reasons = lappend(reasons, "A row belongs to several.");
	if (other)
		reasons = lappend(reasons, psprintf("A row refers to %s, too, which may be persons: it may be about them.", other));
	if (pvext_looks_like_persons(relid) &&
		!(list_length(links) == 1 && pvext_is_unique(relid, ((PvextOutlookLink *) linitial(links))->columns)))
		reasons = lappend(reasons, "A row may be a person of its own, or about another than it belongs to.");
	return reasons;
}

/* The same, looked for once. */
static List *
reasons_of(PvextOutlook *outlook, Oid relid, bool below)
{
	Known	   *known;
	ListCell   *lc;

	foreach(lc, outlook->known)
	{
		known = lfirst(lc);
		if (known->relid == relid && known->below == below)
			return known->reasons;
	}
	known = palloc(sizeof(Known));
	known->relid = relid;
	known->below = below;
	known->reasons = find_reasons(outlook, relid, below);
	outlook->known = lappend(outlook->known, known);
	return known->reasons;
}

/* Add to *doubtful (OIDs) the tables that rows hang on of which there is doubt, each once; seen has those that it came by. */
static void
add_doubtful(PvextOutlook *outlook, Oid relid, bool below, List **seen, List **doubtful)
{
	ListCell   *lc;

	if (list_member_oid(outlook->subjects, relid) || list_member_oid(*seen, relid))
		return;
	CHECK_FOR_INTERRUPTS();
	*seen = lappend_oid(*seen, relid);
	if (below && reasons_of(outlook, relid, true) != NIL)
		*doubtful = lappend_oid(*doubtful, relid);
	foreach(lc, pvext_links_up(outlook, relid, below))
		add_doubtful(outlook, ((PvextOutlookLink *) lfirst(lc))->parent, true, seen, doubtful);
}

/* The same, said of the tables that the rows hang on, or NULL. */
static char *
reason_above(PvextOutlook *outlook, Oid relid)
{
	List	   *seen = NIL;
	List	   *doubtful = NIL;
	StringInfoData names;
	ListCell   *lc;

	add_doubtful(outlook, relid, false, &seen, &doubtful);
	if (doubtful == NIL)
		return NULL;
	initStringInfo(&names);
	foreach(lc, doubtful)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", pvext_relation_name(lfirst_oid(lc)));
	return psprintf("A row hangs on rows of which there is doubt: %s.", names.data);
}

/* How many links the table has, or would have if somebody said so. */
static int
count_links(PvextOutlook *outlook, Oid relid)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, outlook->links)
		n += ((PvextOutlookLink *) lfirst(lc))->relid == relid;
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		n += candidate->relid == relid && !candidate->declared && !candidate->moot && !candidate->likely && candidate->question;
	}
	return n;
}

/* Is there more than one link that the table, or one that its rows hang on, has or could have? */
static bool
may_have_others(PvextOutlook *outlook, Oid relid, List *below)
{
	ListCell   *lc;

	if (list_member_oid(outlook->subjects, relid) || list_member_oid(below, relid))
		return false;
	if (count_links(outlook, relid) > 1)
		return true;
	below = lappend_oid(list_copy(below), relid);
	foreach(lc, pvext_links_up(outlook, relid, list_length(below) > 1))
		if (may_have_others(outlook, ((PvextOutlookLink *) lfirst(lc))->parent, below))
			return true;
	return false;
}

/*
 * Why it is to be left to the reader what a table's columns are about.  In the current
 * context; between pvext_enter() and pvext_leave().
 */
void
pvext_doubt(PvextOutlook *outlook, Oid relid, PvextDoubt *doubt)
{
	char	   *above;

	memset(doubt, 0, sizeof(*doubt));
	if (outlook->undeclared)
		doubt->reasons = list_make1("First the subject has to be declared.");
	if (outlook->undeclared || list_member_oid(outlook->subjects, relid))
		return;
	doubt->reasons = list_copy(reasons_of(outlook, relid, false));
	above = reason_above(outlook, relid);
	if (above)
		doubt->reasons = lappend(doubt->reasons, above);
	doubt->paths = pvext_ways_up(outlook, relid, &doubt->nearest);
	doubt->likeliest = doubt->paths ? pvext_likeliest_ways(outlook, relid, linitial(doubt->paths)) : NIL;
	doubt->named = may_have_others(outlook, relid, NIL);
	doubt->shared = all_shared(pvext_links_up(outlook, relid, false));
	doubt->redacts = pvext_is_sure(outlook, relid) && !pvext_looks_like_persons(relid);
}

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
#include "declare/candidate_link.h"
#include "declare/doubtful_link.h"
#include "declare/name_guess.h"
#include "utils/array.h"

/* More ways than this are not listed. */
#define MAX_PATHS 20

/* A link that is declared, or proposed. */
typedef struct Link
{
	Oid			relid;
	char	   *name;
	List	   *columns;
	Oid			parent;
	bool		inherited;
	bool		acted;			/* it is proposed, and says who acted */
} Link;

/* Take in the links that are declared. */
static void
add_declared(PvextOutlook *outlook)
{
	(void) pvext_own("SELECT r.relation, l.name, l.columns, p.relation, l.inherited"
					 " FROM pv.declared_link l"
					 " JOIN pv.relation r ON r.id = l.relation_id"
					 " JOIN pv.relation p ON p.id = l.parent_id"
					 " WHERE r.relation IS NOT NULL AND p.relation IS NOT NULL"
					 " ORDER BY l.relation_id, l.name", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Link	   *link = palloc0(sizeof(Link));

		link->relid = (Oid) pvext_int(i, 1);
		link->name = pvext_value(i, 2);
		link->columns = pvext_names(i, 3);
		link->parent = (Oid) pvext_int(i, 4);
		link->inherited = pvext_bool(i, 5);
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
	outlook->subjects = list_make1_oid(subject);
	(void) pvext_own("SELECT r.relation FROM pv.declared_subject s"
					 " JOIN pv.relation r ON r.id = s.relation_id WHERE r.relation IS NOT NULL", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		outlook->subjects = lappend_oid(outlook->subjects, (Oid) pvext_int(i, 1));
	add_declared(outlook);
	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);
		Link	   *link = palloc0(sizeof(Link));

		if (candidate->declared)
			continue;
		link->relid = candidate->relid;
		link->name = candidate->name;
		link->columns = candidate->columns;
		link->parent = candidate->parent;
		link->inherited = true;
		link->acted = pvext_says_acted(candidate->columns, candidate->parent);
		outlook->links = lappend(outlook->links, link);
	}
}

/*
 * The links of a table; with inherited, those that what belongs to its rows goes on by.
 * Those to rows of the table itself count only where there are no others.
 */
static List *
links_of(PvextOutlook *outlook, Oid relid, bool inherited)
{
	List	   *links = NIL;
	List	   *own = NIL;
	ListCell   *lc;

	foreach(lc, outlook->links)
	{
		Link	   *link = lfirst(lc);

		if (link->relid != relid || (inherited && !link->inherited))
			continue;
		if (link->parent == relid)
			own = lappend(own, link);
		else
			links = lappend(links, link);
	}
	return links != NIL ? links : own;
}

/* The ways from a table's rows up to persons, or as far as there are links. */
static List *
paths_of(PvextOutlook *outlook, Oid relid, List *below)
{
	List	   *paths = NIL;
	ListCell   *lc;
	ListCell   *cell;

	below = lappend_oid(list_copy(below), relid);
	foreach(lc, links_of(outlook, relid, list_length(below) > 1))
	{
		Link	   *link = lfirst(lc);
		List	   *on = NIL;

		if (!list_member_oid(outlook->subjects, link->parent) &&
			!list_member_oid(below, link->parent))
			on = paths_of(outlook, link->parent, below);
		if (on == NIL)
			paths = lappend(paths, link->name);
		foreach(cell, on)
			paths = lappend(paths, psprintf("%s.%s", link->name, (char *) lfirst(cell)));
		if (list_length(paths) > MAX_PATHS)
			return list_truncate(paths, MAX_PATHS);
	}
	return paths;
}

/* Those of the table's foreign keys, and of what they lead to, that the map has not. */
static char *
find_other_persons(PvextOutlook *outlook, Oid relid)
{
	PvextArgs	args = {0};
	List	   *found = NIL;
	ListCell   *lc;
	Datum	   *known = palloc(sizeof(Datum) * (list_length(outlook->links) + 1));
	int			n = 0;

	known[n++] = ObjectIdGetDatum(outlook->subject);
	foreach(lc, outlook->links)
		known[n++] = ObjectIdGetDatum(((Link *) lfirst(lc))->relid);
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

/*
 * Add why it may be doubted that rows of the table, or of one that it hangs on, are their
 * link's person's: on the way up, each table once (below has those that it came by).
 */
static void
add_reasons(PvextOutlook *outlook, Oid relid, List *below, PvextDoubt *doubt)
{
	List	   *links = links_of(outlook, relid, below != NIL);
	const char *rows = below == NIL ? "A row" : psprintf("A row of %s", pvext_relation_name(relid));
	char	   *other;
	ListCell   *lc;

	if (list_member_oid(outlook->subjects, relid) || list_member_oid(below, relid))
		return;
	if (list_length(links) > 1)
		doubt->reasons = lappend(doubt->reasons, psprintf("%s belongs to several.", rows));
	foreach(lc, links)
	{
		Link	   *link = lfirst(lc);

		if (link->acted)
			doubt->reasons = lappend(doubt->reasons,
									 psprintf("%s says by \"%s\" who acted, which may not be whose it is.",
											  rows, link->name));
	}
	other = find_other_persons(outlook, relid);
	if (other)
		doubt->reasons = lappend(doubt->reasons,
								 psprintf("%s refers to %s, too, which may be persons: it may be about them.",
										  rows, other));
	if (pvext_looks_like_persons(relid) &&
		!(list_length(links) == 1 && pvext_is_unique(relid, ((Link *) linitial(links))->columns)))
		doubt->reasons = lappend(doubt->reasons,
								 psprintf("%s may be a person of its own, or about another than it belongs to.", rows));
	below = lappend_oid(list_copy(below), relid);
	foreach(lc, links)
		add_reasons(outlook, ((Link *) lfirst(lc))->parent, below, doubt);
}

/*
 * Why it is to be left to the reader what a table's columns are about.  In the current
 * context; between pvext_enter() and pvext_leave().
 */
void
pvext_doubt(PvextOutlook *outlook, Oid relid, PvextDoubt *doubt)
{
	memset(doubt, 0, sizeof(*doubt));
	if (list_member_oid(outlook->subjects, relid))
		return;
	add_reasons(outlook, relid, NIL, doubt);
	doubt->paths = paths_of(outlook, relid, NIL);
}

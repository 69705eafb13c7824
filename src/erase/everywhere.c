/*
 * everywhere.c
 *		Whether an erasure has left a person's values where the map does not know them.
 *
 * Once an erasure has been committed nobody knows any more what identified the person.
 * Until then the rows of before are still there for a snapshot of before: each erasure
 * keeps one, and its keys, until the transaction ends.  So within that transaction the
 * values can be looked for in the whole database: by pv.verify_erasure(..., everywhere =>
 * true), and, with pvext.verify_everywhere, by each erasure itself.
 *
 * What the map leads to has been verified by the erasure; what it has as somebody else's is
 * that person's; what is declared not to be personal has been looked at.  What is left
 * to find is not mapped.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/digest.h"
#include "base/guc.h"
#include "base/secret.h"
#include "copies/known_value.h"
#include "copies/person_search.h"
#include "copies/readable.h"
#include "erase/everywhere.h"
#include "erase/ledger.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

/* So many places are named in a message. */
#define NAMED 10

struct PvextErased
{
	Oid			relid;
	Snapshot	before;
	List	   *former;			/* keys, C strings, as they were before */
	List	   *now;			/* and as they are, in the same order */
};

/* PvextErased, in TopTransactionContext. */
static List *erased_here = NIL;

/*
 * The erasures of this transaction
 */

/* The transaction ends: let go of snapshots, which an abort does by itself. */
static void
forget_erased(XactEvent event, void *arg)
{
	ListCell   *lc;

	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		foreach(lc, erased_here)
			UnregisterSnapshotFromOwner(((PvextErased *) lfirst(lc))->before, TopTransactionResourceOwner);
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE || event == XACT_EVENT_ABORT)
		erased_here = NIL;
}

/* From _PG_init(). */
void
pvext_init_everywhere(void)
{
	RegisterXactCallback(forget_erased, NULL);
}

/*
 * An erasure is about to begin, its subjects being locked.  What is returned lives as long
 * as the transaction, also where the erasure is undone by itself: then what was before is
 * what is now.
 */
PvextErased *
pvext_begin_erased(PvextTable *subject)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	PvextErased *erased = palloc0(sizeof(PvextErased));

	erased->relid = subject->relid;
	erased->before = RegisterSnapshotOnOwner(GetTransactionSnapshot(), TopTransactionResourceOwner);
	erased_here = lcons(erased, erased_here);
	MemoryContextSwitchTo(old);
	return erased;
}

/* It has taken what may go of a person: the key before and now. */
void
pvext_add_erased(PvextErased *erased, const char *former, const char *now)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

	erased->former = lappend(erased->former, pstrdup(former));
	erased->now = lappend(erased->now, strcmp(former, now) == 0 ? llast(erased->former) : pstrdup(now));
	MemoryContextSwitchTo(old);
}

/* Is it the person of one of these keys, or of the digest? */
static bool
is_person(PvextTable *subject, const char *former, const char *now, const char *key,
		  const char *key_now, const bytea *digest)
{
	if (key && (strcmp(key, former) == 0 || strcmp(key, now) == 0))
		return true;
	if (key_now && (strcmp(key_now, former) == 0 || strcmp(key_now, now) == 0))
		return true;
	return digest && pvext_same_digest(digest, pvext_subject_digest(subject->id, now));
}

/* Look for what identified a person before each erasure of this transaction. */
static bool
seek_erased(PvextCopySearch *search, PvextTable *subject, const char *key, const char *now,
			const bytea *digest)
{
	bool		any = false;
	ListCell   *lc;
	ListCell   *before;
	ListCell   *after;

	foreach(lc, erased_here)
	{
		PvextErased *erased = lfirst(lc);

		if (erased->relid == subject->relid)
			forboth(before, erased->former, after, erased->now)
				if (is_person(subject, lfirst(before), lfirst(after), key, now, digest))
				{
					any = true;
					(void) pvext_seek_persons(search, list_make1(lfirst(before)), erased->before);
				}
	}
	return any;
}

/*
 * Searching
 */

/* Add what is found in a column, however much of its values it is. */
static List *
add_place(List *places, PvextCopy *copy)
{
	ListCell   *lc;

	foreach(lc, copy->column ? places : NIL)
	{
		PvextCopy  *place = lfirst(lc);

		if (place->relid == copy->relid && place->column && strcmp(place->column, copy->column) == 0)
		{
			place->rows += copy->rows;
			return places;
		}
	}
	return lappend(places, copy);
}

/* Those of the copies that are not mapped, and tables that could not be searched. */
static List *
unmapped(List *copies)
{
	List	   *places = NIL;
	ListCell   *lc;

	foreach(lc, copies)
	{
		PvextCopy  *copy = lfirst(lc);

		if (copy->column ? copy->whose == PVEXT_UNMAPPED : !copy->elsewhere)
			places = add_place(places, copy);
	}
	return places;
}

/* The places in a message. */
static char *
name_places(List *copies)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, copies)
	{
		PvextCopy  *copy = lfirst(lc);
		char	   *name = copy->column ?
			psprintf("column %s of %s", quote_identifier(copy->column), pvext_relation_name(copy->relid)) :
			copy->why;

		if (list_length(names) == NAMED)
			return psprintf("%s, and others", pvext_join_names(names, ", ", false));
		names = lappend(names, name);
	}
	return pvext_join_names(names, ", ", false);
}

/*
 * With pvext.verify_everywhere: look for what identified the persons of an erasure that has
 * been carried out.  Between pvext_enter() and pvext_leave(), under pvext_with_map().
 */
void
pvext_check_everywhere(PvextMap *map, PvextTable *subject, PvextErased *erased)
{
	PvextCopySearch search = {NULL};
	List	   *left;

	if (pvext_verify_everywhere == PVEXT_VERIFY_OFF || erased->former == NIL)
		return;
	search.strict = pvext_verify_everywhere == PVEXT_VERIFY_ERROR;
	pvext_begin_copy_search(&search, map, subject, true);
	if (!pvext_any_identifying(search.plan))
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing tells who a subject of %s is: an erasure cannot be verified everywhere",
						subject->sql_name),
				 errhint("Declare the columns that name the person with category 'identifying'.")));
	if (!pvext_seek_persons(&search, erased->former, erased->before) ||
		!pvext_prepare_copy_search(&search))
		return;
	CommandCounterIncrement();
	pvext_search_copies(&search);
	left = unmapped(search.copies);
	if (left != NIL)
		ereport(search.strict ? ERROR : WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("values of an erased subject of %s are where the data map does not know them",
						subject->sql_name),
				 errdetail("They are in: %s.", name_places(left)),
				 errhint("Declare these columns, with a link to the subject, by pv.declare_personal(), or by pv.declare_not_personal(); pv.find_copies() shows all of them before the erasure.")));
}

/* Has anything been erased of the subject of a key before this transaction? */
static bool
was_erased_before(PvextTable *subject, const char *key)
{
	PvextRequest request;

	pvext_find_request(subject, pvext_subject_digest(subject->id, key), &request);
	return request.exists && request.executed;
}

/* Raise where it is not known any more what to look for. */
static void
refuse_unknown(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("what identified the subject is not known any more"),
			 errdetail("It has been erased by an earlier transaction, or no column of category identifying that is the subject's holds a value."),
			 errhint("Verify everywhere in the transaction of the erasure, or let each erasure do so: set pvext.verify_everywhere. Before it, pv.find_copies() says what there is.")));
}

/*
 * Where values of a person stand that the map does not know: PvextCopy, tables that could
 * not be searched among them.  The person is known by key, or by the one that the row has
 * now, or by the digest of that; each may be NULL.  Raises where the values are not known, and
 * where the caller may not read what is to be searched.
 */
List *
pvext_copies_left(PvextMap *map, PvextTable *subject, const char *key, const char *now,
				  const bytea *digest)
{
	PvextCopySearch search = {NULL};

	pvext_begin_copy_search(&search, map, subject, pvext_reads_everything());
	if (!seek_erased(&search, subject, key, now, digest) && now && !was_erased_before(subject, now))
		(void) pvext_seek_persons(&search, list_make1(pstrdup(now)), GetTransactionSnapshot());
	if (!pvext_prepare_copy_search(&search))
		refuse_unknown();
	pvext_search_copies(&search);
	if (search.unreadable > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%lld columns cannot be searched: you may not read them, or not all of their rows",
						(long long) search.unreadable),
				 errhint("Let an officer verify it: see pv.grant_role().")));
	pvext_tell_unsearched(&search);
	return unmapped(search.copies);
}

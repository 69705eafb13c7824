/*
 * unreadable.c
 *		What of the audit log cannot be read.
 *
 * A disk loses bytes, and a superuser can write what he likes.  A record that cannot
 * be read is passed over, and everybody else's erasure, trail, purge and expiry goes
 * on.  But it may be about whoever is being erased, and nobody knows.  So whoever has
 * met it says so: it is in pv.audit_unread until its partition has expired or
 * pv.verify_audit() has read it, and pv.status, pv.check_map() and pv.verify_erasure()
 * count it.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/shape.h"
#include "audit/unreadable.h"
#include "audit/value_bytes.h"
#include "base/catalog.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

/* Of more than these pv.unread tells. */
#define MOST_WARNINGS 10

/* Has a chunk been noted? */
bool
pvext_is_noted(const PvextUnreadable *unread, Oid partition, int64 id)
{
	ListCell   *lc;

	foreach(lc, unread->chunks)
	{
		PvextUnreadableChunk *chunk = lfirst(lc);

		if (chunk->partition == partition && chunk->id == id)
			return true;
	}
	return false;
}

/* Note a chunk, unless that has been done. */
void
pvext_note_unread(PvextUnreadable *unread, Oid partition, int64 id, const char *why)
{
	MemoryContext old;
	PvextUnreadableChunk *chunk;
	ListCell   *lc;

	foreach(lc, unread->chunks)
	{
		chunk = lfirst(lc);
		if (chunk->partition == partition && chunk->id == id &&
			(id >= 0 || strcmp(chunk->why, why) == 0))
			return;
	}
	old = MemoryContextSwitchTo(unread->context);
	chunk = palloc(sizeof(PvextUnreadableChunk));
	chunk->partition = partition;
	chunk->id = id;
	chunk->why = pstrdup(why);
	unread->chunks = lappend(unread->chunks, chunk);
	MemoryContextSwitchTo(old);
}

/* Tell whoever looks at the log. */
void
pvext_warn_unread(Oid partition, int64 id, const char *why)
{
	ereport(WARNING,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 id >= 0 ?
			 errmsg("chunk %lld of the audit log cannot be read", (long long) id) :
			 errmsg("a part of the audit log cannot be read"),
			 errdetail("In table %s: %s.", pvext_relation_name(partition), why),
			 errhint("pv.verify_audit() tells what is wrong with the log.")));
}

/* Record one; whether that is new.  Nobody waits for another who finds the same. */
static bool
record(const PvextUnreadableChunk *chunk)
{
	static PvextStatement insert = {
		"INSERT INTO pv.audit_unread (partition, chunk, problem)"
		" SELECT CAST(substr($1, 11) AS bigint), $2, $3 WHERE NOT EXISTS (SELECT FROM pv.audit_unread"
		"  WHERE partition = CAST(substr($1, 11) AS bigint) AND chunk IS NOT DISTINCT FROM $2"
		"  AND (chunk IS NOT NULL OR problem = $3)) RETURNING 1", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_text(&args, get_rel_name(chunk->partition));
	pvext_arg(&args, INT8OID, Int64GetDatum(chunk->id), chunk->id < 0);
	pvext_arg_text(&args, chunk->why);
	return pvext_own_kept(&insert, &args) > 0;
}

/*
 * Put what was met on record and, if asked to, warn of it, of the first few: whoever
 * called or, of what is new, the server's log, where that is a worker.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_record_unread(PvextUnreadable *unread, bool warn)
{
	int			warned = 0;
	ListCell   *lc;

	foreach(lc, unread->chunks)
	{
		PvextUnreadableChunk *chunk = lfirst(lc);

		if ((record(chunk) || MyBackendType != B_BG_WORKER) && warn && warned++ < MOST_WARNINGS)
			pvext_warn_unread(chunk->partition, chunk->id, chunk->why);
	}
}

/* A shape that has been looked for. */
static PvextOldShape *
find_shape(List **shapes, uint32 number)
{
	ListCell   *lc;

	foreach(lc, *shapes)
		if (((PvextOldShape *) lfirst(lc))->number == number)
			return lfirst(lc);
	*shapes = lappend(*shapes, pvext_old_shape(number));
	return llast(*shapes);
}

/* Why a record cannot be read; NULL where it can. */
static const char *
why_record(PvextReadItem item, List **shapes)
{
	PvextOldShape *shape = item.shape ? find_shape(shapes, item.shape) : NULL;
	PvextReadValue value;

	if (shape && shape->missing)
		return PVEXT_NO_SHAPE;
	while (item.kind != PVEXT_ITEM_TIME && pvext_next_value(&item, &value))
		if (shape ? !pvext_can_read_value(shape, &value) :
			value.form == PVEXT_IS_VALUE && !pvext_is_sound(InvalidOid, value.data, value.size))
			return "a value in it is none of its type";
	return item.broken ? PVEXT_MALFORMED : NULL;
}

/*
 * Why a chunk, or some of its records, cannot be read; NULL where all can.  In the
 * current context, between pvext_enter() and pvext_leave().
 */
const char *
pvext_why_unread(const PvextChunk *chunk)
{
	PvextItems	items = pvext_items_of(chunk);
	PvextReadItem item;
	List	   *shapes = NIL;
	const char *why = NULL;

	while (why == NULL && pvext_next_item(&items, &item))
		why = why_record(item, &shapes);
	return items.broken ? PVEXT_MALFORMED : why;
}

/*
 * A chunk, or for -1 all of a partition, by its number, can be read, or is no more.
 * Between pvext_enter() and pvext_leave().
 */
void
pvext_forget_unread(int64 partition, int64 id)
{
	PvextArgs	args = {0};

	if (pvext_never_used("audit_unread"))
		return;
	pvext_arg(&args, INT8OID, Int64GetDatum(partition), false);
	pvext_arg(&args, INT8OID, Int64GetDatum(id), id < 0);
	(void) pvext_own("DELETE FROM pv.audit_unread WHERE partition = $1 AND ($2 IS NULL OR chunk = $2)",
					 &args);
}

/*
 * How many there are on record whose partition is still there.  Between pvext_enter() and
 * pvext_leave().
 */
int64
pvext_count_unread(void)
{
	if (pvext_never_used("audit_unread"))
		return 0;
	(void) pvext_own("SELECT count(*) FROM pv.unread", NULL);
	return pvext_int(0, 1);
}

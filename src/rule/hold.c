/*
 * hold.c
 *		Holds: who is not to be erased or purged, whatever is asked or due.
 *
 * A hold is placed on one subject, by hand (place_hold.c).  It names the subject by
 * digest, and by key until the subject is erased.
 *
 * A hold is placed on a row that no erasure of somebody else locks.  So who places one
 * and who takes what may be somebody else's, too, wait for each other by a lock of their
 * own, which each has before any row.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "rule/hold.h"
#include "storage/lock.h"

/* A part of the extension, which no command of SQL locks; those of duties are lower. */
#define HOLD_LOCK 100

/*
 * Is there a hold, in force or not, on any of the subjects?  Nobody can place one while
 * their rows are locked.  Between pvext_enter() and pvext_leave().
 */
bool
pvext_any_held(List *subject_digests)
{
	static PvextStatement select = {
		"SELECT EXISTS (SELECT FROM pv.hold WHERE subject_digest = ANY ($1))", NULL
	};
	PvextArgs	args = {0};

	if (pvext_never_used("hold"))
		return false;
	pvext_arg_digests(&args, subject_digests);
	(void) pvext_own_kept(&select, &args);
	return pvext_bool(0, 1);
}

/*
 * Is a hold in force on any subject of a table (its id in pv.relation)?  Between
 * pvext_enter() and pvext_leave().
 */
bool
pvext_any_hold(int32 relation_id)
{
	static PvextStatement select = {
		"SELECT EXISTS (SELECT FROM pv.hold WHERE relation_id = $1 AND released_at IS NULL"
		" AND (expires IS NULL OR expires > now()))", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, relation_id);
	(void) pvext_own_kept(&select, &args);
	return pvext_bool(0, 1);
}

/*
 * On which of the subjects is a hold in force?  Between pvext_enter() and pvext_leave().
 */
bool *
pvext_which_held(List *subject_digests)
{
	static PvextStatement select = {
		"SELECT d.n FROM unnest($1) WITH ORDINALITY AS d(digest, n)"
		" WHERE EXISTS (SELECT FROM pv.hold AS h WHERE h.subject_digest = d.digest"
		"  AND h.released_at IS NULL AND (h.expires IS NULL OR h.expires > now()))", NULL
	};
	PvextArgs	args = {0};
	bool	   *held = palloc0(sizeof(bool) * Max(list_length(subject_digests), 1));
	uint64		n;

	pvext_arg_digests(&args, subject_digests);
	n = pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < n; i++)
		held[pvext_int(i, 1) - 1] = true;
	return held;
}

/*
 * The keys, C strings, of the subjects of a table on whom a hold is in force; *all is false where
 * some are known by their digest alone, since they have been erased.  In the current context;
 * between pvext_enter() and pvext_leave().
 */
List *
pvext_held_keys(int32 relation_id, bool *all)
{
	static PvextStatement select = {
		"SELECT DISTINCT key FROM pv.hold WHERE relation_id = $1 AND released_at IS NULL"
		" AND (expires IS NULL OR expires > now())", NULL
	};
	PvextArgs	args = {0};
	List	   *keys = NIL;
	uint64		n;

	*all = true;
	pvext_arg_int4(&args, relation_id);
	n = pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *key = pvext_value(i, 1);

		if (key)
			keys = lappend(keys, key);
		else
			*all = false;
	}
	SPI_freetuptable(SPI_tuptable);
	return keys;
}

/*
 * The holds in force on a subject, as texts such as "hold 12: court case".  *any says
 * whether there are holds at all, expired and released ones too.  Between pvext_enter()
 * and pvext_leave().
 */
List *
pvext_held_by(const bytea *subject_digest, bool *any)
{
	static PvextStatement select = {
		"SELECT 'hold ' || id || ': ' || reason,"
		" released_at IS NULL AND (expires IS NULL OR expires > now())"
		" FROM pv.hold WHERE subject_digest = $1 ORDER BY id", NULL
	};
	PvextArgs	args = {0};
	List	   *holds = NIL;
	uint64		n;

	*any = false;
	if (pvext_never_used("hold"))
		return NIL;
	pvext_arg(&args, BYTEAOID, PointerGetDatum(subject_digest), false);
	n = pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < n; i++)
		if (pvext_bool(i, 2))
			holds = lappend(holds, pvext_value(i, 1));
	*any = n > 0;
	SPI_freetuptable(SPI_tuptable);
	return holds;
}

/*
 * After a subject's erasure: its holds, released or expired ones too, no longer name its
 * key, and know it by its digest from now on.  Between pvext_enter() and pvext_leave().
 */
void
pvext_forget_held_key(const bytea *former, const bytea *digest)
{
	static PvextStatement update = {
		"UPDATE pv.hold SET key = NULL, subject_digest = $2"
		" WHERE subject_digest = $1", NULL
	};
	PvextArgs	args = {0};

	pvext_arg(&args, BYTEAOID, PointerGetDatum(former), false);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	(void) pvext_own_kept(&update, &args);
}

/* Until the transaction ends; it waits for those who have it otherwise. */
static void
lock_holds(LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId, get_extension_oid("pvext", false),
					   HOLD_LOCK);
	(void) LockAcquire(&tag, mode, false, false);
}

/*
 * Somebody is about to be held: wait for erasures that may take what is about him or her,
 * and let others wait until the transaction has ended.  Those who place holds do not wait
 * for each other.  Before any row is locked, as in pvext_keep_holds(): so that two never
 * wait for each other.
 */
void
pvext_begin_hold(void)
{
	lock_holds(RowExclusiveLock);
}

/*
 * Nobody more is held until the transaction has ended.  Erasures and purges have it side
 * by side.  Before any row is locked; what is then read of holds has to be read by a
 * snapshot that was taken after it.
 */
void
pvext_keep_holds(void)
{
	lock_holds(ShareLock);
}

/*
 * obstacle.c
 *		What keeps old values from being scrubbed: snapshots, prepared transactions,
 *		slots, standbys, pins.
 *
 * VACUUM succeeds in spite of them and leaves what they hold on to.  Each is named,
 * for somebody to end it; nothing is ended here.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/transam.h"
#include "access/xlog.h"
#include "base/catalog.h"
#include "base/pause.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/catalog.h"
#include "catalog/pg_type.h"
#include "pgstat.h"
#include "scrub/obstacle.h"
#include "storage/bufmgr.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"

/*
 * How often, and how many milliseconds apart, is looked whether it is still there:
 * before the scrub, and in the middle of it.
 */
#define TRIES 20
#define PATIENCE 300
#define PAUSE 100L

/*
 * Who keeps row versions that were dead before transaction $1: column 1 is a
 * number that ranks them, 2 says who, 3 what to do.  An autovacuum does not, and
 * neither do sessions of other databases.
 */
#define SESSIONS \
	"SELECT 1, format('session %s (%s)', a.pid, coalesce(a.state, a.backend_type))," \
	"       format('Wait until its transaction has ended, or end it with pg_terminate_backend(%s).', a.pid)" \
	" FROM pg_stat_activity AS a" \
	" WHERE a.pid <> pg_backend_pid() AND a.backend_type <> 'walsender'" \
	" AND (a.datid IS NULL OR a.datid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))" \
	" AND (age(a.backend_xid) > age($1) OR age(a.backend_xmin) > age($1))" \
	" AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum AS v WHERE v.pid = a.pid)"
/*
 * Who is not working, and has a snapshot: it may be of after that transaction, but
 * REINDEX CONCURRENTLY would wait for it.
 */
#define IDLERS \
	"SELECT 1, format('session %s (%s)', a.pid, a.state)," \
	"       format('Let it close its cursors or end its transaction, or end it with pg_terminate_backend(%s).', a.pid)" \
	" FROM pg_stat_activity AS a WHERE a.pid <> pg_backend_pid() AND a.datname = current_database()" \
	" AND a.state LIKE 'idle in transaction%' AND a.backend_xmin IS NOT NULL"
/* First: sessions' snapshots may go back as far only because it is there. */
#define PREPARED \
	"SELECT 0, format('prepared transaction \"%s\"', p.gid)," \
	"       format('End it with COMMIT PREPARED or ROLLBACK PREPARED %L.', p.gid)" \
	" FROM pg_prepared_xacts AS p WHERE p.database = current_database() AND age(p.transaction) > age($1)"
#define SLOTS \
	"SELECT 3, format('replication slot \"%s\"%s', s.slot_name, CASE WHEN NOT s.active THEN ', which is idle,' ELSE '' END)," \
	"       format('Let its subscriber or standby catch up, or drop it with pg_drop_replication_slot(%L).', s.slot_name)" \
	" FROM pg_replication_slots AS s"
#define OLD_SLOTS \
	SLOTS " WHERE age(s.xmin) > age($1) OR $2 AND age(s.catalog_xmin) > age($1)"
/* What these keep of the catalogs and of WAL grows with the scrub itself. */
#define IDLE_SLOTS \
	SLOTS " WHERE NOT s.active AND" \
	" (s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL OR $2 AND s.restart_lsn IS NOT NULL)"
#define STANDBYS \
	"SELECT 4, format('standby \"%s\" (process %s)', r.application_name, r.pid)," \
	"       'Wait until its queries have ended, or turn off hot_standby_feedback there.'" \
	" FROM pg_stat_replication AS r WHERE age(r.backend_xmin) > age($1)"

#define KEPT_BY \
	SESSIONS " UNION ALL " PREPARED " UNION ALL " OLD_SLOTS " UNION ALL " STANDBYS

/* Who has relation $1 open. */
#define OPEN_BY \
	"SELECT 1, format('session %s (%s)', a.pid, coalesce(a.state, a.backend_type))," \
	"       format('Let it close its cursors or end its transaction, then run VACUUM and this once more; or end it with pg_terminate_backend(%s).', a.pid)" \
	" FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid" \
	" WHERE l.locktype = 'relation' AND l.relation = $1 AND l.granted AND l.pid <> pg_backend_pid()" \
	" AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())"

/* What keeps WAL from before position $1. */
#define WAL_KEPT_BY \
	SLOTS " WHERE s.restart_lsn < $1" \
	" UNION ALL SELECT 5, 'wal_keep_size', 'Set it to 0 until the scrub is done.'" \
	" WHERE current_setting('wal_keep_size') <> '0'" \
	" UNION ALL SELECT 6, 'WAL archiving', 'Wait until archive_command has taken the segments that are ready.'" \
	" WHERE current_setting('archive_mode') <> 'off'"

/* What was found: who is first, who else, and what to do. */
typedef struct Obstacle
{
	char	   *first;			/* NULL: nothing is in the way */
	char	   *others;			/* NULL: none */
	char	   *hint;
} Obstacle;

/* Run one of the queries above. */
static void
find_obstacle(const char *queries, PvextArgs *args, Obstacle *obstacle)
{
	memset(obstacle, 0, sizeof(*obstacle));
	/* Activity and locks are those of now. */
	pgstat_clear_snapshot();
	if (pvext_own(psprintf("SELECT (array_agg(who ORDER BY rank, who))[1],"
						   " array_to_string((array_agg(who ORDER BY rank, who))[2:10], '; '),"
						   " (array_agg(hint ORDER BY rank, who))[1]"
						   " FROM (%s) AS o(rank, who, hint) HAVING count(*) > 0", queries), args) == 0)
		return;
	obstacle->first = pvext_value(0, 1);
	obstacle->others = pvext_value(0, 2);
	obstacle->hint = pvext_value(0, 3);
	if (obstacle->others && obstacle->others[0] == '\0')
		obstacle->others = NULL;
}

/* Raise, naming who is first and what to do, with the others in the detail. */
static void
raise_kept(const Obstacle *obstacle)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("row versions that were erased are kept by %s", obstacle->first),
			 obstacle->others ? errdetail("In the way are also: %s.", obstacle->others) : 0,
			 errhint("%s", obstacle->hint)));
}

/*
 * Raise where somebody keeps row versions that were dead before a transaction, or would
 * keep those of the scrub itself, or would make it wait, and does not look as if that
 * were soon to end.  Between pvext_enter() and pvext_leave().
 */
void
pvext_check_obstacles(TransactionId before, bool wal)
{
	Obstacle	obstacle;
	bool		kept = false;

	for (int i = 0; i < TRIES; i++)
	{
		PvextArgs	args = {0};

		pvext_arg(&args, XIDOID, TransactionIdGetDatum(before), false);
		pvext_arg_bool(&args, wal);
		find_obstacle(SESSIONS " UNION ALL " PREPARED " UNION ALL " IDLE_SLOTS, &args, &obstacle);
		kept = obstacle.first != NULL;
		if (!kept)
			find_obstacle(IDLERS, NULL, &obstacle);
		if (obstacle.first == NULL)
			return;
		pvext_pause(PAUSE);
	}
	if (kept)
		raise_kept(&obstacle);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("the scrub would have to wait for %s", obstacle.first),
			 errhint("%s", obstacle.hint)));
}

/*
 * Wait, if not for ever, until nobody keeps row versions that were dead before a
 * transaction, of catalogs or of others.  Between pvext_enter() and pvext_leave().
 */
void
pvext_await_others(TransactionId before, bool catalogs)
{
	Obstacle	obstacle;

	for (int i = 0; i < PATIENCE; i++)
	{
		PvextArgs	args = {0};

		pvext_arg(&args, XIDOID, TransactionIdGetDatum(before), false);
		pvext_arg_bool(&args, catalogs);
		find_obstacle(KEPT_BY, &args, &obstacle);
		if (obstacle.first == NULL)
			return;

		/*
		 * With the snapshot of the calling statement, in an open transaction: this
		 * session's own is left out by the query, so that it does not wait for itself.
		 */
		pvext_pause(PAUSE);
	}
	raise_kept(&obstacle);
}

/*
 * Raise where there is WAL from before a position.  Between pvext_enter() and
 * pvext_leave().
 */
void
pvext_check_wal_kept(XLogRecPtr before)
{
	PvextArgs	args = {0};
	Obstacle	obstacle;
	char	   *segment;

	pvext_arg(&args, LSNOID, LSNGetDatum(before), false);
	if (pvext_own("SELECT min(name) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"
				  " HAVING min(substr(name, 9)) <= substr(pg_walfile_name($1), 9)", &args) == 0)
		return;
	segment = pvext_value(0, 1);
	find_obstacle(WAL_KEPT_BY, &args, &obstacle);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 obstacle.first ? errmsg("WAL from before the scrub is kept by %s", obstacle.first)
			 : errmsg("WAL from before the scrub is still there"),
			 errdetail("The oldest segment is %s.", segment),
			 obstacle.first ? errhint("%s", obstacle.hint)
			 : errhint("Run CHECKPOINT, and try again.")));
}

/*
 * Is the page pinned by another session, now?  A cleanup lock is to be had where nobody
 * else has it pinned; nothing is cleaned by it.
 */
static bool
is_pinned(Relation rel, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(rel, block);
	bool		pinned = !ConditionalLockBufferForCleanup(buffer);

	if (!pinned)
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	ReleaseBuffer(buffer);
	return pinned;
}

/* VACUUM may remove them: it has not been run, or could not get at the page. */
static void
raise_dead(PvextRemnants *remnants)
{
	char	   *name = pvext_relation_name(RelationGetRelid(remnants->rel));
	PvextArgs	args = {0};
	Obstacle	obstacle = {NULL};

	pvext_arg_oid(&args, OIDOID, RelationGetRelid(remnants->rel));
	if (is_pinned(remnants->rel, remnants->dead_block))
		find_obstacle(OPEN_BY, &args, &obstacle);
	if (obstacle.first)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("page %u of %s is pinned by %s", remnants->dead_block, name, obstacle.first),
				 errdetail("VACUUM could not remove %lld dead rows.", (long long) remnants->dead),
				 errhint("%s", obstacle.hint)));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s still holds %lld dead rows", name, (long long) remnants->dead),
			 errhint("Run VACUUM (INDEX_CLEANUP ON) %s first.", name)));
}

/* Somebody may still see them, or could when VACUUM was run. */
static void
raise_recent(PvextRemnants *remnants)
{
	char	   *name = pvext_relation_name(RelationGetRelid(remnants->rel));
	PvextArgs	args = {0};
	Obstacle	obstacle;

	/* In a catalog they are of the scrub itself. */
	pvext_arg(&args, XIDOID, TransactionIdGetDatum(IsCatalogRelation(remnants->rel) ?
												   XidFromFullTransactionId(ReadNextFullTransactionId()) :
												   remnants->before), false);
	pvext_arg_bool(&args, IsCatalogRelation(remnants->rel));
	find_obstacle(KEPT_BY, &args, &obstacle);
	if (obstacle.first)
		raise_kept(&obstacle);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s still holds %lld rows that were erased", name, (long long) remnants->kept),
			 errhint("Run VACUUM (INDEX_CLEANUP ON) %s first.", name)));
}

/*
 * Raise where old values were found, after all pages of the relation.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_raise_remnants(PvextRemnants *remnants)
{
	char	   *name = pvext_relation_name(RelationGetRelid(remnants->rel));

	if (remnants->kept > 0)
		raise_recent(remnants);
	if (remnants->dead > 0)
		raise_dead(remnants);
	if (remnants->stale > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s still holds values of a dropped column in %lld rows", name,
						(long long) remnants->stale),
				 errhint("Rewrite it with VACUUM FULL %s, which locks it against all use.", name)));
}

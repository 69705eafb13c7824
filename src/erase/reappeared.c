/*
 * reappeared.c
 *		Erased subjects that are there again.
 *
 * A subscription applies what its publisher still has, and a script may bring old rows
 * back: the person is there again, and the ledger says "completed".  So in each round some
 * pages of each subject table are looked at, in turn.  The keys on them are digested and
 * looked up in the ledger, and who of those erased has something personal again is noted
 * in pv.reappeared, for pv.status and pv.check_map() to say.  Nobody is erased again: what
 * brought the rows may do so again.
 *
 * How far it has come is a page, not a key: a key would be a person's.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/heapam.h"
#include "access/table.h"
#include "base/catalog.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "duty/failure.h"
#include "erase/preview.h"
#include "erase/reappeared.h"
#include "map/key.h"
#include "miscadmin.h"
#include "plan/planner.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* How much is done in a table and round: pages, but no more once so many were verified. */
#define PAGES 64
#define VERIFIED 100

/* A subject table while it is looked at. */
typedef struct Look
{
	PvextDutyRun   *run;
	int32		relation_id;
	Oid			relid;
	List	   *partitions;		/* OIDs, of those that have pages */
	int			at;				/* which of them */
	int64		block;
	int			pages;
	int			verified;
	bool		paused;			/* it has failed lately */
} Look;

/* The tables that are looked at in a round. */
typedef struct Round
{
	PvextDutyRun   *run;
	List	   *tables;			/* Look */
} Round;

/* Subject tables of whose subjects some have been erased; what is known of others goes. */
static void
list_tables(void *arg)
{
	Round	   *round = arg;

	pvext_forget_failures(round->run,
						  "f.name <> 'again' OR EXISTS (SELECT FROM pv.declared_subject AS s"
						  " JOIN pv.relation AS r ON r.id = s.relation_id JOIN pg_class AS c ON c.oid = r.relation"
						  " WHERE s.relation_id = f.relation_id)");
	if (!pvext_never_used("reappeared"))
		(void) pvext_own("DELETE FROM pv.reappeared AS a WHERE NOT EXISTS"
						 " (SELECT FROM pv.erasure_undone AS u WHERE u.erasure = a.erasure)", NULL);
	(void) pvext_own("SELECT r.id, r.relation FROM pv.declared_subject AS s"
					 " JOIN pv.relation AS r ON r.id = s.relation_id JOIN pg_class AS c ON c.oid = r.relation"
					 " WHERE EXISTS (SELECT FROM pv.erasure_ledger AS e"
					 "  WHERE e.relation_id = r.id AND e.state = 'completed') ORDER BY r.id", NULL);
	MemoryContextSwitchTo(round->run->context);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Look	   *look = palloc0(sizeof(Look));

		look->run = round->run;
		look->relation_id = (int32) pvext_int(i, 1);
		look->relid = (Oid) pvext_int(i, 2);
		round->tables = lappend(round->tables, look);
	}
}

/*
 * Where it is
 */

/* Only the server's own tables have pages with rows on them.  It is locked. */
static bool
has_pages(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	bool		result = rel->rd_rel->relkind == RELKIND_RELATION &&
		rel->rd_tableam == GetHeapamTableAmRoutine();

	table_close(rel, NoLock);
	return result;
}

/* Find where the last round has come to. */
static void
find_place(Look *look)
{
	PvextArgs	args = {0};
	ListCell   *lc;

	foreach(lc, find_all_inheritors(look->relid, AccessShareLock, NULL))
		if (has_pages(lfirst_oid(lc)))
			look->partitions = lappend_oid(look->partitions, lfirst_oid(lc));
	pvext_arg_int4(&args, look->relation_id);
	if (pvext_own("SELECT partition, block FROM pv.review WHERE relation_id = $1", &args) == 0)
		return;
	foreach(lc, look->partitions)
		if (lfirst_oid(lc) == (Oid) pvext_int(0, 1))
		{
			look->at = foreach_current_index(lc);
			look->block = pvext_int(0, 2);
		}
}

/* Write down how far it has come, unless it has not moved. */
static void
note_place(Look *look)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, look->relation_id);
	pvext_arg_oid(&args, OIDOID, list_nth_oid(look->partitions, look->at));
	pvext_arg(&args, INT8OID, Int64GetDatum(look->block), false);
	(void) pvext_own("INSERT INTO pv.review (relation_id, partition, block) VALUES ($1, $2, $3)"
					 " ON CONFLICT (relation_id) DO UPDATE SET partition = excluded.partition, block = excluded.block"
					 " WHERE (review.partition, review.block) <> (excluded.partition, excluded.block)", &args);
}

/* All pages have been looked at: who was not seen meanwhile has gone. */
static void
end_turn(Look *look)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, look->relation_id);
	(void) pvext_own("DELETE FROM pv.reappeared AS a USING pv.review AS v WHERE v.relation_id = $1"
					 " AND a.relation_id = $1 AND a.seen_at < v.begun_at", &args);
	(void) pvext_own("UPDATE pv.review SET begun_at = now() WHERE relation_id = $1", &args);
}

/* How many pages the table, which is locked, has by now. */
static int64
count_pages(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	int64		n = RelationGetNumberOfBlocks(rel);

	table_close(rel, NoLock);
	return n;
}

/*
 * Looking
 */

/* Note that an erased subject is there again, or is not. */
static void
note_subject(const char *erasure, int32 relation_id, bool again)
{
	PvextArgs	args = {0};

	pvext_arg_text(&args, erasure);
	if (!again)
	{
		(void) pvext_own("DELETE FROM pv.reappeared WHERE erasure = CAST($1 AS uuid)", &args);
		return;
	}
	pvext_arg_int4(&args, relation_id);
	(void) pvext_own("INSERT INTO pv.reappeared AS a (erasure, relation_id) VALUES (CAST($1 AS uuid), $2)"
					 " ON CONFLICT (erasure) DO UPDATE SET seen_at = now()", &args);
}

/*
 * Of the keys, whose digests are in the same order, those of erased subjects who have
 * not asked since: verify each.
 */
static void
verify_erased(Look *look, PvextPlan *plan, List *keys, List *digests)
{
	PvextArgs	args = {0};
	uint64		n;
	SPITupleTable *found;

	pvext_arg_int4(&args, look->relation_id);
	pvext_arg_digests(&args, digests);
	n = pvext_own("SELECT DISTINCT ON (f.n) CAST(f.n AS int4), CAST(f.id AS text) FROM ("
				  "SELECT d.n, e.id, e.requested_at, e.subject_digest"
				  " FROM unnest($2) WITH ORDINALITY AS d(digest, n) JOIN pv.erasure_ledger AS e"
				  " ON e.subject_digest = d.digest AND e.relation_id = $1 AND e.state = 'completed'"
				  " UNION ALL SELECT d.n, e.id, e.requested_at, e.subject_digest"
				  " FROM unnest($2) WITH ORDINALITY AS d(digest, n) JOIN pv.erasure_ledger AS e"
				  " ON e.former_digest = d.digest AND e.former_digest <> e.subject_digest"
				  "  AND e.relation_id = $1 AND e.state = 'completed') AS f"
				  " WHERE NOT EXISTS (SELECT FROM pv.erasure_ledger AS o WHERE o.relation_id = $1"
				  "  AND o.subject_digest IN (f.subject_digest, ($2)[f.n]) AND o.state NOT IN ('completed', 'cancelled'))"
				  " ORDER BY f.n, f.requested_at DESC", &args);
	found = SPI_tuptable;
	for (uint64 i = 0; i < n; i++)
	{
		char	   *key;
		char	   *erasure;
		List	   *rows;

		CHECK_FOR_INTERRUPTS();
		SPI_tuptable = found;
		key = list_nth(keys, (int) pvext_int(i, 1) - 1);
		erasure = pvext_value(i, 2);
		rows = pvext_lock_rows(plan, list_make1(pvext_split_key(plan->subject, key)), false);
		look->verified++;
		if (rows != NIL)		/* it is a person's */
			note_subject(erasure, look->relation_id, pvext_has_remainder(plan, linitial(rows)));
	}
}

/* Look at the keys on one page. */
static void
look_at_page(Look *look, PvextPlan *plan)
{
	PvextTable *subject = plan->subject;
	char	   *sql = psprintf("SELECT %s FROM ONLY %s AS r WHERE r.ctid >= '(" INT64_FORMAT ",0)'"
							   " AND r.ctid < '(" INT64_FORMAT ",0)'",
							   pvext_key_sql(subject),
							   pvext_relation_name(list_nth_oid(look->partitions, look->at)),
							   look->block, look->block + 1);
	uint64		n = pvext_run(subject->owner, sql, NULL);
	List	   *keys = NIL;
	List	   *digests = NIL;
	ListCell   *lc;

	for (uint64 i = 0; i < n; i++)
	{
		char	   *key = pvext_value(i, 1);

		if (key)
			keys = lappend(keys, key);
	}
	foreach(lc, keys)
		digests = lappend(digests, pvext_subject_digest(subject->id, lfirst(lc)));
	if (keys != NIL)
		verify_erased(look, plan, keys, digests);
}

/* Look at the next pages, each once at most; those of one partition follow those of another. */
static void
look_at_pages(PvextMap *map, void *arg)
{
	Look	   *look = arg;
	PvextPlan  *plan = pvext_plan(map, pvext_map_subject(map, look->relid), NULL);
	int			turns = 0;

	pvext_lock_plan(plan, AccessShareLock);
	find_place(look);
	if (look->partitions == NIL)
		return;
	while (look->pages < PAGES && look->verified < VERIFIED && turns < list_length(look->partitions))
	{
		if (look->block >= count_pages(list_nth_oid(look->partitions, look->at)))
		{
			look->at = (look->at + 1) % list_length(look->partitions);
			look->block = 0;
			turns++;
			if (look->at == 0)
				end_turn(look);
			continue;
		}
		look_at_page(look, plan);
		look->block++;
		look->pages++;
	}
	note_place(look);
}

/* For pvext_step(): look at a table, unless it has failed lately. */
static void
look_at_table(void *arg)
{
	Look	   *look = arg;

	look->paused = pvext_is_paused(look->run, look->relation_id, "again");
	if (!look->paused)
		pvext_with_map(look_at_pages, look);
}

/* A part of the duty "expire": look at the next pages of each subject table. */
void
pvext_look_again(PvextDutyRun *run)
{
	Round		round = {run, NIL};
	ErrorData  *error = pvext_step(run, list_tables, &round);
	ListCell   *lc;

	if (error)
		pvext_failed(run, 0, "again", error);
	foreach(lc, round.tables)
	{
		Look	   *look = lfirst(lc);

		if (run->stop)
			break;
		error = pvext_step(run, look_at_table, look);
		if (error)
			pvext_failed(run, look->relation_id, "again", error);
		else if (!look->paused)
			pvext_succeeded(run, look->relation_id, "again");
		pvext_rest(run, 0);
	}
}

/* Report those that were found, unless they have been asked for again since. */
void
pvext_check_again(PvextCheck *check)
{
	ListCell   *lc;

	foreach(lc, pvext_check_rows(check,
								 "SELECT CAST(CAST(c.oid AS regclass) AS text), count(*)"
								 " FROM pv.erasure_undone AS u JOIN pv.relation AS r ON r.id = u.relation_id"
								 " JOIN pg_class AS c ON c.oid = r.relation WHERE " PVEXT_ONLY
								 " GROUP BY c.oid ORDER BY 1"))
	{
		char	  **row = lfirst(lc);

		pvext_add_finding(check, row[0], NULL, false,
						  psprintf("%s of its subjects were erased, and are there again", row[1]),
						  "See pv.erasure_undone; find out what brought them back, and erase them again, first at the publisher of a subscription.");
	}
}

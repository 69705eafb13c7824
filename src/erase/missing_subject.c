/*
 * missing_subject.c
 *		Persons whose own row is gone, while links still hold their key.
 *
 * Where no foreign key keeps an application from it, it deletes a customer and leaves
 * what was linked to him.  Who knows the key may have that erased, as if the row
 * were there: the plan's statements look for rows of a key, and get it from here.  What
 * the row held, the person's name for one, is not known: texts that are to lose it go
 * as a whole.
 *
 * A key by which nothing personal is found is as unknown as any.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "erase/missing_subject.h"
#include "execution/held_others.h"
#include "execution/new_key.h"
#include "execution/redacted_text.h"
#include "execution/step.h"
#include "map/key.h"
#include "map/link_key.h"
#include "plan/planner.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

/* Is there a row of the key, be it a person's or, by the subject's condition, not? */
static bool
is_there(PvextTable *subject, const char *key)
{
	PvextStatement find = pvext_statement(psprintf("SELECT FROM %s AS r WHERE %s", subject->sql_name,
												   pvext_key_match_sql(subject, "$%d", 1)));
	PvextArgs	args = {0};
	ListCell   *lc;

	foreach(lc, pvext_split_key(subject, key))
		pvext_arg_text(&args, lfirst(lc));
	return pvext_run_keys(subject, &find, &args, 0) > 0;
}

/* Has the person been erased there? */
static bool
is_erased(PvextTable *subject, const char *key)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(pvext_subject_digest(subject->id, key)), false);
	return pvext_own("SELECT FROM pv.erasure_ledger WHERE relation_id = $1 AND state = 'completed'"
					 " AND $2 IN (subject_digest, former_digest)", &args) > 0;
}

/*
 * Raise where the person's row has left the subject table, with a partition, and is not
 * erased there: what is left here is not all.
 */
static void
refuse_left(PvextMap *map, PvextTable *subject, const char *key)
{
	static PvextStatement find = {
		"SELECT CAST(relation AS oid) FROM pv.part WHERE relation_id = $1 AND left_at IS NOT NULL"
		" ORDER BY 1", NULL
	};
	PvextArgs	args = {0};
	List	   *parts = NIL;
	ListCell   *lc;

	pvext_arg_int4(&args, subject->id);
	(void) pvext_own_kept(&find, &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		parts = lappend_oid(parts, (Oid) pvext_int(i, 1));
	foreach(lc, parts)
	{
		PvextTable *part = pvext_map_table(map, lfirst_oid(lc));

		if (part && part->is_subject && is_there(part, key) && !is_erased(part, key))
			ereport(ERROR,
					(errcode(ERRCODE_NO_DATA_FOUND),
					 errmsg("the subject's row is no longer in %s: it has left with %s",
							subject->sql_name, part->sql_name),
					 errhint("Name %s as the subject's table.", part->sql_name)));
	}
}

/*
 * There is no row to lock: two erasures of a key wait for one another by an object
 * that no statement of anybody's locks.
 */
static void
lock_key(PvextTable *subject, const char *key)
{
	uint32		hash = hash_bytes((const unsigned char *) key, (int) strlen(key));

	LockDatabaseObject(RelationRelationId, subject->relid, 1 + hash % PG_UINT16_MAX,
					   ExclusiveLock);
}

/* Has the plan, whose slots are filled, something personal to find? */
static bool
finds_personal(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		(void) pvext_run_step(((PvextTarget *) lfirst(lc))->preview, false);
		if (pvext_int(0, 1) + pvext_int(0, 2) > 0)
			return true;
	}
	foreach(lc, plan->removals)
	{
		(void) pvext_run_step(((PvextRemoval *) lfirst(lc))->preview, false);
		if (pvext_int(0, 1) + pvext_int(0, 2) > 0)
			return true;
	}
	return false;
}

/* Does a link that leads to the subject's key hold one, which is text by text as given? */
static bool
is_held(PvextLink *link, PvextTable *subject, List *parts)
{
	StringInfoData sql;
	PvextArgs	args = {0};

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT FROM %s AS r WHERE ", link->table->sql_name);
	for (int i = 0; i < list_length(link->parent_columns); i++)
	{
		PvextMatch	match;
		char	   *key;
		int			n = 0;

		pvext_link_match(link, i, &match);
		while (strcmp(list_nth(subject->key, n), list_nth(link->parent_columns, i)) != 0)
			n++;
		pvext_arg_text(&args, list_nth(parts, n));
		key = psprintf("CAST($%d AS %s)", args.n, pvext_type_name(match.element, -1));
		appendStringInfo(&sql, "%s%s", i > 0 ? " AND " : "",
						 pvext_match_one(&match, pvext_link_held(link, i, "r"), pvext_match_key(&match, key)));
	}
	if (link->condition)
	{
		pvext_check_bound_owner(link->table, link->owner, "the condition of a link");
		appendStringInfo(&sql, " AND (%s)", link->condition);
	}
	appendStringInfoString(&sql, " LIMIT 1");
	return pvext_run(link->table->owner, sql.data, &args) > 0;
}

/* Is the key personal, so that it is to go from where links hold it, and do they? */
static bool
leaves_key(PvextMap *map, PvextPlan *plan, const char *key)
{
	PvextTable *subject = plan->subject;
	bool		personal = false;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		personal = personal || (target->table == subject &&
								pvext_has_name(subject->key, target->column->name) &&
								!pvext_is_key_replaced(plan, target, key));
	}
	foreach(lc, personal ? map->tables : NIL)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);

			if (link->parent == subject && link->value == NULL &&
				pvext_same_names(link->parent_columns, subject->key) &&
				is_held(link, subject, pvext_split_key(subject, key)))
				return true;
		}
	return false;
}

/*
 * The row of a subject that is not there any more, and of whom there is something to
 * erase; NULL where the subject is there, or there is nothing.  The plan, of which nothing
 * is blocked, is turned to it.  Its values live as long as the SPI connection.
 */
PvextRow *
pvext_find_gone(PvextMap *map, PvextPlan *plan, const char *key)
{
	List	   *parts = pvext_split_key(plan->subject, key);
	PvextRow   *row;

	if (is_there(plan->subject, key))
		return NULL;
	refuse_left(map, plan->subject, key);
	row = pvext_row_of_key(plan, parts);
	pvext_set_rows(plan, list_make1(row));
	pvext_forget_slots(plan);
	pvext_collect(plan, false, false, false);
	pvext_read_others(plan);
	pvext_prepare_redaction(plan, pvext_subject_digest(plan->subject->id, row->key), true);
	return finds_personal(plan) || leaves_key(map, plan, row->key) ? row : NULL;
}

/* For list_sort(). */
static int
by_key(const ListCell *a, const ListCell *b)
{
	return strcmp(((PvextRow *) lfirst(a))->key, ((PvextRow *) lfirst(b))->key);
}

/*
 * Add to the rows that were found of some keys those of subjects that are gone, in the
 * order of their keys, and locked against another erasure.
 */
List *
pvext_add_gone(PvextMap *map, PvextPlan *plan, List *keys, List *rows)
{
	bool	   *found = palloc0(sizeof(bool) * list_length(keys));
	List	   *gone = NIL;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, rows)
		found[((PvextRow *) lfirst(lc))->n] = true;
	foreach(lc, keys)
	{
		PvextRow   *row = found[n] ? NULL : pvext_find_gone(map, plan, lfirst(lc));

		if (row)
		{
			row->n = n;
			gone = lappend(gone, row);
		}
		n++;
	}
	list_sort(gone, by_key);
	foreach(lc, gone)
	{
		PvextRow   *row = lfirst(lc);

		lock_key(plan->subject, row->key);
		if (pvext_find_gone(map, plan, row->key) == NULL)	/* somebody has erased it meanwhile */
			gone = foreach_delete_current(gone, lc);
	}
	return list_concat(rows, gone);
}

/* A key to be looked for, and how it is spelled. */
typedef struct Asked
{
	Oid			relid;
	const char *key;
	char	   *found;
} Asked;

/* For pvext_with_map(): lock the key, where it is that of somebody who is gone. */
static void
lock_by_map(PvextMap *map, void *arg)
{
	Asked	   *asked = arg;
	PvextTable *subject = pvext_map_subject(map, asked->relid);
	PvextPlan  *plan = pvext_plan(map, subject, NULL);
	List	   *rows;

	pvext_lock_plan(plan, AccessShareLock);
	rows = pvext_add_gone(map, plan, list_make1(unconstify(char *, asked->key)), NIL);
	if (rows != NIL)
		asked->found = ((PvextRow *) linitial(rows))->key;
}

/*
 * Keep erasures of a subject that is gone out until the transaction ends.  Returns its key,
 * or NULL where it is not gone, or nothing is left of it.  Between pvext_enter() and
 * pvext_leave().
 */
char *
pvext_lock_gone(PvextTable *subject, const char *key)
{
	Asked		asked = {subject->relid, key, NULL};

	pvext_with_map(lock_by_map, &asked);
	return asked.found;
}

/* The key that a link holds, as text, whose digest is the one that is looked for. */
static char *
key_of_digest(PvextLink *link, PvextTable *subject, const bytea *digest)
{
	StringInfoData columns;
	ListCell   *lc;
	uint64		n;

	initStringInfo(&columns);
	foreach(lc, subject->key)
		for (int i = 0; i < list_length(link->parent_columns); i++)
			if (strcmp(list_nth(link->parent_columns, i), lfirst(lc)) == 0)
				appendStringInfo(&columns, link->elements ? "%sunnest(%s)" : "%s%s",
								 columns.len > 0 ? ", " : "", pvext_link_value(link, i, "r"));
	n = pvext_run(link->table->owner,
				  psprintf(list_length(subject->key) == 1 ?
						   "SELECT DISTINCT CAST(%s AS text) FROM %s AS r" :
						   "SELECT DISTINCT CAST(ROW(%s) AS text) FROM %s AS r",
						   columns.data, link->table->sql_name), NULL);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *key = pvext_value(i, 1);

		if (key && pvext_same_digest(pvext_subject_digest(subject->id, key), digest))
			return key;
	}
	return NULL;
}

/*
 * The same, of a subject of whom no more than the digest is known: found by reading what
 * links hold.
 */
PvextRow *
pvext_find_gone_by_digest(PvextMap *map, PvextPlan *plan, const bytea *digest)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			char	   *key = NULL;

			if (link->parent == plan->subject &&
				pvext_same_names(link->parent_columns, plan->subject->key))
				key = key_of_digest(link, plan->subject, digest);
			if (key && pvext_try_split_key(plan->subject, key) != NIL)
				return pvext_find_gone(map, plan, key);
		}
	return NULL;
}

/* Raise where somebody has come to have the key meanwhile: what was linked to it is theirs. */
void
pvext_check_still_gone(PvextTable *subject, const char *key)
{
	if (is_there(subject, key))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("a subject of %s has got the key meanwhile", subject->sql_name),
				 errhint("Try again.")));
}

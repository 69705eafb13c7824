/*
 * others.c
 *		Whose hold keeps what another subject is to lose.
 *
 * Rows and columns may be about two persons, and go with either.  Not while one of them
 * is held, though: an erasure of the other leaves them, as it leaves what a retention
 * rule keeps, row by row, and its request stays open until the hold has ended.
 *
 * For each subject table whose subjects may share rows with those of a plan, the plan
 * has one of its own in which all who are held are the subjects (plan->others).  It finds
 * the rows that are about them, from them down, and their keys are values of the plan's
 * statements: a row that matches is kept, also as it is once it is locked.  Where rows are
 * deleted, others go with them (on_erase => 'delete'): those that have a child that must stay
 * are found from there up.  A table whose rows are one person's costs nothing.
 *
 * A hold is placed on a row that no erasure of somebody else locks.  So who places one
 * and who erases by such a plan wait for each other by a lock of their own, which each has
 * before any row.
 */
#include "postgres.h"
#include "message.h"

#include "cascade.h"
#include "catalog.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "due.h"
#include "hold.h"
#include "key.h"
#include "miscadmin.h"
#include "others.h"
#include "relation.h"
#include "result.h"
#include "run.h"
#include "secret.h"
#include "statement.h"
#include "storage/lock.h"
#include "whose.h"

/* A part of the extension, which no command of SQL locks; those of duties are lower. */
#define HOLD_LOCK 100

/* Links that go around are not followed further than this. */
#define MAX_DEPTH 100

/*
 * Building
 */

/* In how many ways rows of a set may be the subjects', two for more. */
static int
ways(PvextPlan *held, PvextSet *set, int depth)
{
	int			n = set->with_self;
	ListCell   *lc;

	if (set == held->self)
		return 1;
	if (depth > MAX_DEPTH)
		return 2;
	foreach(lc, set->arms)
	{
		PvextArm   *arm = lfirst(lc);

		if (n < 2)
			n += arm->up ? 2 : ways(held, arm->parent, depth + 1);
	}
	return Min(n, 2);
}

/* May a row be of one of the plan's subjects, and of one of those who are held, too? */
static bool
is_shared(PvextPlan *plan, PvextPlan *held, PvextSet *set)
{
	return set && set->productive &&
		(held->subject != plan->subject || ways(held, set, 0) > 1);
}

/* Is it one of the columns that are asked about? */
static bool
is_asked(PvextTarget *target, bool texts)
{
	return !target->blocked && !target->column->missing &&
		(!texts || target->column->strategy.kind == PVEXT_REDACT);
}

/*
 * Find the sets of those who are held, in the order of the plan's targets and removals; with
 * only, as before, those alone that were shared.  NULL where there is none.
 */
static List *
find_sets(PvextMap *map, PvextPlan *plan, PvextPlan *held, bool texts, List *only)
{
	List	   *sets = NIL;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		bool		asked = is_asked(target, texts) && (only == NIL || list_nth(only, i));

		sets = lappend(sets, asked ? pvext_set_of_column(held, target->table, target->column) : NULL);
		i++;
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);
		bool		asked = !removal->blocked && (only == NIL || list_nth(only, i));

		sets = lappend(sets, asked ? pvext_set_of_kept(held, map, removal->table) : NULL);
		i++;
	}
	pvext_prune_sets(held);
	foreach(lc, sets)
		if (!is_shared(plan, held, lfirst(lc)))
			lfirst(lc) = NULL;
	return sets;
}

static bool
any_set(List *sets)
{
	ListCell   *lc;

	foreach(lc, sets)
		if (lfirst(lc))
			return true;
	return false;
}

static List *
add_other(List *others, PvextPlan *held, PvextSet *set)
{
	PvextOther *other = palloc(sizeof(PvextOther));

	if (set == NULL)
		return others;
	other->held = held;
	other->set = set;
	return lappend(others, other);
}

/* Complete the plan of those who are held, whose sets these are. */
static void
complete(PvextPlan *plan, PvextPlan *held, List *sets)
{
	ListCell   *lc;
	int			i = 0;

	foreach(lc, plan->targets)
		((PvextTarget *) lfirst(lc))->others =
			add_other(((PvextTarget *) lfirst(lc))->others, held, list_nth(sets, i++));
	foreach(lc, plan->removals)
		((PvextRemoval *) lfirst(lc))->others =
			add_other(((PvextRemoval *) lfirst(lc))->others, held, list_nth(sets, i++));
	pvext_build_locks(held);
	pvext_build_collects(held);
	held->tables = list_make1(held->subject);
	foreach(lc, held->sets)
		held->tables = list_append_unique_ptr(held->tables, ((PvextSet *) lfirst(lc))->table);
	plan->others = lappend(plan->others, held);
}

/* Whom the rows are about from which a target takes, as whose.c has it. */
static PvextDue *
due_of_target(PvextTarget *target)
{
	PvextDue   *due = palloc0(sizeof(PvextDue));

	due->table = target->table;
	due->columns = list_make1(target->column);
	due->any_path = target->column->any_path;
	due->paths = target->column->paths;
	return due;
}

/* The same of rows that are deleted, with those that go with them. */
static PvextDue *
due_of_removal(PvextMap *map, PvextRemoval *removal)
{
	PvextDue   *due = palloc0(sizeof(PvextDue));

	due->table = removal->table;
	due->any_path = true;
	due->children = pvext_links_below(map, removal->table);
	return due;
}

/*
 * Find out which targets and removals of a plan take from rows that may be about somebody
 * else, before their statements are built; with texts, of columns of strategy redact alone.
 * In the plan's context.
 */
void
pvext_add_others(PvextMap *map, PvextPlan *plan, bool texts)
{
	ListCell   *lc;

	foreach(lc, map->tables)
	{
		PvextTable *table = lfirst(lc);
		PvextPlan  *held;
		List	   *sets;

		if (!table->is_subject)
			continue;
		sets = find_sets(map, plan, pvext_begin_plan(table, NULL), texts, NIL);
		if (!any_set(sets))
			continue;
		held = pvext_begin_plan(table, NULL);
		complete(plan, held, find_sets(map, plan, held, texts, sets));
	}
	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->others)
			((PvextTarget *) lfirst(lc))->shared = due_of_target(lfirst(lc));
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->others)
			((PvextRemoval *) lfirst(lc))->shared = due_of_removal(map, lfirst(lc));
}

/* The query of whom those rows are about that are kept for others. */
static PvextStep *
build_sharers(PvextPlan *plan, PvextDue *due, PvextSet *set, List *others, PvextTarget *target)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfoString(&sql.text, "SELECT DISTINCT 1");
	pvext_append_whose(&sql.text, due);
	appendStringInfo(&sql.text, " FROM %s AS r WHERE ", due->table->sql_name);
	pvext_append_match(plan, &sql, set);
	appendStringInfoString(&sql.text, " AND ");
	pvext_append_others(&sql, others);
	if (target)
	{
		appendStringInfoString(&sql.text, " AND ");
		pvext_append_test(&sql, target);
	}
	return pvext_sql_step(&sql, due->table);
}

/* Build the queries by which pvext_find_others() says who they are. */
void
pvext_build_sharers(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->shared)
			target->sharers = build_sharers(plan, target->shared, target->set, target->others, target);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		if (removal->shared)
			removal->sharers = build_sharers(plan, removal->shared, removal->set, removal->others, NULL);
	}
}

/* SQL: row r is about somebody who is held; never NULL. */
void
pvext_append_others(PvextSql *sql, List *others)
{
	ListCell   *lc;

	appendStringInfoString(&sql->text, "((");
	foreach(lc, others)
	{
		PvextOther *other = lfirst(lc);

		appendStringInfoString(&sql->text, lc == list_head(others) ? "" : " OR ");
		pvext_append_match(other->held, sql, other->set);
	}
	appendStringInfoString(&sql->text, ") IS TRUE)");
}

/*
 * Reading
 */

/* The rows of subjects who are held; who has none still has a key. */
static List *
rows_of_held(PvextPlan *held, List *keys)
{
	List	   *parts = NIL;
	List	   *rows;
	bool	   *found;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, keys)
		parts = lappend(parts, pvext_split_key(held->subject, lfirst(lc)));
	rows = pvext_lock_rows(held, parts, false);
	found = palloc0(sizeof(bool) * list_length(keys));
	foreach(lc, rows)
		found[((PvextRow *) lfirst(lc))->n] = true;
	foreach(lc, parts)
		if (!found[i++])
			rows = lappend(rows, pvext_row_of_key(held, lfirst(lc)));
	return rows;
}

/*
 * Read who is held and what rows are about them, as it is now, for the statements of the
 * plan.  To be called before any of them is run in a call, and by whoever writes once the rows
 * are locked that are parents: none can come to them after that.
 */
void
pvext_read_others(PvextPlan *plan)
{
	static PvextStatement find = {
		"SELECT DISTINCT relation_id, key FROM pv.hold WHERE released_at IS NULL"
		" AND (expires IS NULL OR expires > now()) AND key IS NOT NULL", NULL
	};
	SPITupleTable *found;
	uint64		n;
	ListCell   *lc;

	plan->any_held = false;
	if (plan->others == NIL)
		return;
	n = pvext_never_used("hold") ? 0 : pvext_own_kept(&find, NULL);
	found = SPI_tuptable;
	foreach(lc, plan->others)
	{
		PvextPlan  *held = lfirst(lc);
		List	   *keys = NIL;

		SPI_tuptable = found;
		for (uint64 i = 0; i < n; i++)
			if (pvext_int(i, 1) == held->subject->id)
				keys = lappend(keys, pvext_value(i, 2));
		pvext_forget_slots(held);
		pvext_set_rows(held, keys == NIL ? NIL : rows_of_held(held, keys));
		if (keys == NIL)
			continue;
		plan->any_held = true;
		pvext_collect(held, false, false, list_length(keys) > PVEXT_FEW_SUBJECTS);
	}
}

/* Add the holds on those whom the rows of a step are about, each once. */
static List *
add_holds(List *holds, PvextDue *due, PvextStep *step)
{
	uint64		n = pvext_run_step(step, false);
	List	   *owners = pvext_find_owners(due, SPI_tuptable, n, 2);
	List	   *seen = NIL;
	bool		found = false;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, owners)
	{
		PvextOwner *owner = lfirst(lc);
		char	   *who = psprintf("%d %s", owner->subject->id, owner->key);
		bool		any;

		if (pvext_has_name(seen, who))
			continue;
		seen = lappend(seen, who);
		foreach(cell, pvext_held_by(pvext_subject_digest(owner->subject->id, owner->key), &any))
		{
			found = true;
			if (!pvext_has_name(holds, lfirst(cell)))
				holds = lappend(holds, lfirst(cell));
		}
	}
	if (n > 0 && !found && !pvext_has_name(holds, PVEXT_SOME_HOLD))
		holds = lappend(holds, PVEXT_SOME_HOLD);
	return holds;
}

/*
 * The holds on others that keep something of the one subject whose row fills plan->self,
 * as texts such as "hold 12: court case", after pvext_read_others().  A text that may name
 * the subject counts as if it did.  Where links go around, on whom is not found out.
 */
List *
pvext_find_others(PvextPlan *plan, const bytea *digest)
{
	List	   *holds = NIL;
	ListCell   *lc;

	pvext_forget_slots(plan);
	pvext_collect(plan, false, false, false);
	pvext_prepare_redaction(plan, digest, true);
	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->sharers)
			holds = add_holds(holds, ((PvextTarget *) lfirst(lc))->shared,
							  ((PvextTarget *) lfirst(lc))->sharers);
	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->sharers)
			holds = add_holds(holds, ((PvextRemoval *) lfirst(lc))->shared,
							  ((PvextRemoval *) lfirst(lc))->sharers);
	return holds;
}

/*
 * Holds against erasures
 */

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
 * and let others wait until the transaction has ended.
 */
void
pvext_begin_hold(void)
{
	lock_holds(RowExclusiveLock);
}

/* Nobody more is held until the transaction has ended. */
void
pvext_keep_holds(void)
{
	lock_holds(ShareLock);
}

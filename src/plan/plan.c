/*
 * plan.c
 *		What a plan is made of.
 *
 * A plan is data: whose rows of which tables (row_set.c), which of their columns lose
 * their values (targets) and which rows go (removals), and the statements that do it (steps), each
 * of one owner's table.  planner.c and find_plan.c make plans; whoever carries them out fills in
 * the values that the steps take (PvextParam), and asks nothing of who made them.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/table_part.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "plan/plan.h"
#include "rule/clock_row.h"
#include "rule/hold.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/*
 * Let the values of a column go from a set's rows, in every run of the plan.  In the
 * plan's context; the caller makes its statements.
 */
PvextTarget *
pvext_add_target(PvextPlan *plan, PvextTable *table, PvextColumn *column, PvextSet *set)
{
	PvextTarget *target = palloc0(sizeof(PvextTarget));

	target->plan = plan;
	target->table = table;
	target->column = column;
	target->set = set;
	target->made.type = JSONBOID;
	target->known.type = get_array_type(BYTEAOID);
	target->new_keys.type = TEXTARRAYOID;
	target->texts.type = INT8OID;
	target->no_values.type = TEXTARRAYOID;
	target->all_goes.type = BOOLOID;
	target->made.isnull = target->known.isnull = target->no_values.isnull = target->all_goes.isnull = true;
	target->new_keys.isnull = target->texts.isnull = true;
	plan->redacts = plan->redacts || column->strategy.kind == PVEXT_REDACT;
	plan->targets = lappend(plan->targets, target);
	return target;
}

/* A plan without anything in it, in the current context. */
PvextPlan *
pvext_begin_plan(PvextTable *subject, const char *blocked)
{
	PvextPlan  *plan = palloc0(sizeof(PvextPlan));

	plan->subject = subject;
	plan->context = CurrentMemoryContext;
	plan->blocked = blocked ? pstrdup(blocked) : NULL;
	plan->values.type = TEXTARRAYOID;
	plan->whole.type = BOOLOID;
	plan->own_xid.type = XIDOID;
	plan->values.isnull = true;
	plan->self = palloc0(sizeof(PvextSet));
	plan->self->table = subject;
	plan->self->with_self = true;
	return plan;
}

/* Raise where a partition of one of the tables, PvextTables, is being detached. */
void
pvext_refuse_detached_tables(List *tables)
{
	ListCell   *lc;

	foreach(lc, tables)
		pvext_refuse_detaching(((PvextTable *) lfirst(lc))->relid);
}

/*
 * Lock tables, and their inheritance children, which the lock on a table does not keep.
 * Whether a partition is being detached is seen once the locks are had.
 */
static void
lock_tables(List *tables, LOCKMODE mode)
{
	ListCell   *lc;

	foreach(lc, tables)
	{
		Oid			relid = ((PvextTable *) lfirst(lc))->relid;

		pvext_lock_table(lfirst(lc), mode);
		if (get_rel_relkind(relid) == RELKIND_RELATION && has_subclass(relid))
			(void) find_all_inheritors(relid, mode, NULL);
	}
	pvext_refuse_detached_tables(tables);
}

/*
 * Lock the tables that a plan touches, which keeps them their owners', and what they are
 * made of.  A lock on a partitioned table keeps its partitions; inheritance children leave
 * with a lock on themselves.  Raises where one has another owner than when the map was
 * read, or a partition is being detached.  Where rows may be others' and it is to write
 * (RowExclusiveLock), it keeps new holds out, too: that comes before any row is locked.
 */
void
pvext_lock_plan(PvextPlan *plan, LOCKMODE mode)
{
	ListCell   *lc;

	lock_tables(plan->tables, mode);
	foreach(lc, plan->others)
		lock_tables(((PvextPlan *) lfirst(lc))->tables, AccessShareLock);
	if (plan->others != NIL && mode == RowExclusiveLock)
		pvext_keep_holds();
}

/* Begin a statement, in the current context. */
void
pvext_sql_init(PvextSql *sql)
{
	initStringInfo(&sql->text);
	sql->params = NIL;
}

/*
 * The number of a value among the statement's, added where it's new.  It is the value's
 * place that is noted: what is there when the statement is run is what it gets.
 */
int
pvext_sql_param(PvextSql *sql, PvextParam *param)
{
	if (!list_member_ptr(sql->params, param))
		sql->params = lappend(sql->params, param);
	for (int i = 0; i < list_length(sql->params); i++)
		if (list_nth(sql->params, i) == param)
			return i + 1;
	return 0;					/* not reached */
}

/*
 * A step from a finished statement, in the current context, which is the one of the text:
 * plans that the server keeps for it are freed with that.
 */
PvextStep *
pvext_sql_step(PvextSql *sql, PvextTable *table)
{
	PvextStep  *step = palloc0(sizeof(PvextStep));

	step->table = table;
	step->params = sql->params;
	step->few = step->many = pvext_statement(pstrdup(sql->text.data));
	pfree(sql->text.data);		/* a kilobyte at least, and there are many of them */
	return step;
}

/*
 * The tables whose rows the plan's statements read or write: these are locked before any of
 * them is run, which keeps them their owners'.
 */
void
pvext_note_tables(PvextMap *map, PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *cell;

	plan->tables = list_make1(plan->subject);
	foreach(lc, plan->sets)
		if (((PvextSet *) lfirst(lc))->productive)
			plan->tables = list_append_unique_ptr(plan->tables,
												  ((PvextSet *) lfirst(lc))->table);
	foreach(lc, plan->blocker_steps)
		plan->tables = list_append_unique_ptr(plan->tables,
											  ((PvextStep *) lfirst(lc))->table);
	for (int i = 0; i < list_length(plan->tables); i++)
	{
		PvextTable *table = list_nth(plan->tables, i);

		foreach(cell, table->rules)
			plan->tables = list_concat_unique_ptr(plan->tables,
												  pvext_clock_tables(table, lfirst(cell)));

		/* Columns that follow a key are not always about the subject. */
		foreach(cell, map->tables)
		{
			PvextTable *child = lfirst(cell);
			ListCell   *link;

			foreach(link, child->links)
				if (((PvextLink *) lfirst(link))->parent == table)
					plan->tables = list_append_unique_ptr(plan->tables, child);
		}
	}
}

/*
 * A plan by its "blocked", made where there is none, that lives as long as the map.  Between
 * pvext_enter() and pvext_leave().
 */
PvextPlan *
pvext_kept_plan(PvextMap *map, PvextTable *subject, const char *blocked,
				PvextPlan *(*make) (PvextMap *, PvextTable *, const char *))
{
	MemoryContext context;
	MemoryContext old;
	PvextPlan  *plan;
	ListCell   *lc;

	foreach(lc, subject->plans)
	{
		plan = lfirst(lc);
		if (blocked == NULL ? plan->blocked == NULL :
			plan->blocked && strcmp(plan->blocked, blocked) == 0)
			return plan;
	}

	/* One that cannot be made goes with the caller's context; the map gets it finished. */
	context = AllocSetContextCreate(CurrentMemoryContext, "pvext plan",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	plan = make(map, subject, blocked);
	MemoryContextSwitchTo(map->context);
	MemoryContextSetParent(context, map->context);
	subject->plans = lappend(subject->plans, plan);
	MemoryContextSwitchTo(old);
	return plan;
}

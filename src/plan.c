/*
 * plan.c
 *		The statements that carry a verdict out.
 *
 * A plan is made once for a subject table and a set of blocked columns, and
 * kept until the map changes.  Its statements decide row by row: a column's
 * value goes where the row belongs to the subject, the value is not replaced
 * yet, and no mandatory retention rule keeps it.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "key.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "plan.h"
#include "rekey.h"
#include "sets.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "verdict.h"

/* A verifying query is not joined to one that takes this many values. */
#define MAX_CHECK_PARAMS (PVEXT_MAX_ARGS / 2)

/* Run a step; returns the number of rows, those of a query in SPI_tuptable. */
uint64
pvext_run_step(PvextStep *step, bool many)
{
	PvextArgs	args;
	ListCell   *lc;

	args.n = 0;
	foreach(lc, step->params)
	{
		PvextParam *param = lfirst(lc);

		pvext_arg(&args, param->type, param->value, param->isnull);
	}
	return pvext_run_kept(step->table->owner, many ? &step->many : &step->few, &args,
						  many ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN);
}

/*
 * SQL: the column's value is to go, given that the row belongs.  With held,
 * that it is still there but retained or blocked.
 */
static void
append_need(PvextSql *sql, PvextTarget *target, bool held)
{
	appendStringInfo(&sql->text, "NOT (%s)", pvext_target_test(target, sql));
	if (target->until && !target->blocked)
		appendStringInfo(&sql->text, " AND %s %s now()", target->until, held ? ">" : "<=");
}

/* SQL: the column's test, its parameters added to the statement's. */
char *
pvext_target_test(PvextTarget *target, PvextSql *sql)
{
	return pvext_strategy_test(&target->column->strategy,
							   pvext_target_params(target, sql, false));
}

/*
 * Add the parameters that the column's strategy takes, and return the number
 * of the first.  Those of redact stand one after the other.
 */
int
pvext_target_params(PvextTarget *target, PvextSql *sql, bool value)
{
	PvextPlan  *plan = target->plan;
	int			n = pvext_strategy_params(&target->column->strategy);

	if (n == 3)
	{
		for (int i = 0; i + 2 < list_length(sql->params); i++)
			if (list_nth(sql->params, i + 1) == &target->known)
				return i + 1;
		sql->params = lappend(sql->params, &plan->pattern);
		sql->params = lappend(sql->params, &target->known);
		sql->params = lappend(sql->params, &plan->whole);
		return list_length(sql->params) - 2;
	}
	if (n == 1 && value)
		return pvext_sql_param(sql, &target->made);
	return 0;
}

/* Do all the targets' values go from the same rows? */
static bool
same_set(List *targets)
{
	ListCell   *lc;

	foreach(lc, targets)
		if (((PvextTarget *) lfirst(lc))->set != ((PvextTarget *) linitial(targets))->set)
			return false;
	return true;
}

/* May the value be given to a row that already has it, without a change? */
static bool
is_idempotent(PvextTarget *target)
{
	switch (target->column->strategy.kind)
	{
		case PVEXT_TOKEN:
		case PVEXT_PSEUDONYM:
		case PVEXT_REDACT:
			return false;
		default:
			return target->until == NULL;
	}
}

/* SQL: one of the targets' rows, and (need) one of their values to go. */
static void
append_any(PvextPlan *plan, PvextSql *sql, List *targets, bool held)
{
	bool		same = same_set(targets);
	ListCell   *lc;

	if (same)
	{
		pvext_append_match(plan, sql, ((PvextTarget *) linitial(targets))->set);
		appendStringInfoString(&sql->text, " AND ");
	}
	appendStringInfoChar(&sql->text, '(');
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		appendStringInfoString(&sql->text, lc == list_head(targets) ? "" : " OR ");
		if (!same)
		{
			pvext_append_match(plan, sql, target->set);
			appendStringInfoString(&sql->text, " AND ");
		}
		append_need(sql, target, held);
	}
	appendStringInfoChar(&sql->text, ')');
}

/* One UPDATE that replaces all the targets' values in a table. */
static PvextStep *
build_update(PvextPlan *plan, PvextTable *table, List *targets)
{
	PvextSql	sql;
	bool		same = same_set(targets);
	bool		single = list_length(targets) == 1;
	ListCell   *lc;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "UPDATE %s AS r SET ", table->sql_name);
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);
		int			first = pvext_target_params(target, &sql, true);
		const char *column = quote_identifier(target->column->name);
		char	   *value = pvext_strategy_value(&target->column->strategy, first);

		appendStringInfo(&sql.text, "%s%s = ", lc == list_head(targets) ? "" : ", ", column);
		if (single || (same && is_idempotent(target)))
		{
			appendStringInfoString(&sql.text, value);
			continue;
		}
		appendStringInfoString(&sql.text, "CASE WHEN ");
		if (!same)
		{
			pvext_append_match(plan, &sql, target->set);
			appendStringInfoString(&sql.text, " AND ");
		}
		append_need(&sql, target, false);
		appendStringInfo(&sql.text, " THEN %s ELSE r.%s END", value, column);
	}
	appendStringInfoString(&sql.text, " WHERE ");
	append_any(plan, &sql, targets, false);
	return pvext_sql_step(&sql, table);
}

static PvextStep *
build_delete(PvextPlan *plan, PvextRemoval *removal)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "DELETE FROM %s AS r WHERE ", removal->table->sql_name);
	pvext_append_match(plan, &sql, removal->set);
	if (removal->until)
		appendStringInfo(&sql.text, " AND %s <= now()", removal->until);
	return pvext_sql_step(&sql, removal->table);
}

/* SQL: "until" of the values that are retained, else NULL. */
static void
append_until(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal)
{
	ListCell   *lc;

	appendStringInfoString(&sql->text, "CAST(max(GREATEST(NULL");
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->until == NULL || target->blocked)
			continue;
		appendStringInfoString(&sql->text, ", CASE WHEN ");
		pvext_append_match(plan, sql, target->set);
		appendStringInfoString(&sql->text, " AND ");
		append_need(sql, target, true);
		appendStringInfo(&sql->text, " THEN %s END", target->until);
	}
	if (removal && removal->until && !removal->blocked)
	{
		appendStringInfoString(&sql->text, ", CASE WHEN ");
		pvext_append_match(plan, sql, removal->set);
		appendStringInfo(&sql->text, " AND %s > now() THEN %s END", removal->until,
						 removal->until);
	}
	appendStringInfoString(&sql->text, ")) AS timestamptz)");
}

/*
 * SQL: the row is dirty (a value that should have gone is there), or held (a
 * value is there that is retained or blocked).
 */
static void
append_state(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal,
			 bool held)
{
	ListCell   *lc;
	List	   *some = NIL;
	bool		first = true;

	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		if (held ? (target->blocked || target->until) : !target->blocked)
			some = lappend(some, target);
	}
	appendStringInfoString(&sql->text, "coalesce(");
	if (some != NIL)
	{
		appendStringInfoChar(&sql->text, '(');
		append_any(plan, sql, some, held);
		appendStringInfoChar(&sql->text, ')');
		first = false;
	}
	if (removal && (held ? (removal->blocked || removal->until) : !removal->blocked))
	{
		appendStringInfoString(&sql->text, first ? "" : " OR ");
		pvext_append_match(plan, sql, removal->set);
		if (removal->until && !removal->blocked)
			appendStringInfo(&sql->text, " AND %s %s now()", removal->until,
							 held ? ">" : "<=");
		first = false;
	}
	appendStringInfoString(&sql->text, first ? "false, false)" : ", false)");
}

/* SQL: any of the rows that the targets and the removal are about. */
static void
append_rows(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal)
{
	List	   *seen = NIL;
	ListCell   *lc;

	appendStringInfoChar(&sql->text, '(');
	foreach(lc, targets)
	{
		PvextSet   *set = ((PvextTarget *) lfirst(lc))->set;

		if (list_member_ptr(seen, set))
			continue;
		appendStringInfoString(&sql->text, seen == NIL ? "" : " OR ");
		pvext_append_match(plan, sql, set);
		seen = lappend(seen, set);
	}
	if (removal)
	{
		appendStringInfoString(&sql->text, seen == NIL ? "" : " OR ");
		pvext_append_match(plan, sql, removal->set);
	}
	appendStringInfoChar(&sql->text, ')');
}

static PvextStep *
check_of_owner(PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, plan->checks)
	{
		PvextStep  *step = lfirst(lc);

		if (step->table->owner == table->owner && list_length(step->params) < MAX_CHECK_PARAMS)
			return step;
	}
	return NULL;
}

/*
 * Add to the queries that verify: one for each owner's tables, with a row for
 * each table: rows dirty, rows held, held until.
 *
 * Rows that this transaction didn't write are locked, for somebody may be
 * filling a row that was found clean: he is waited for, and his version is
 * the one that is tested.
 */
static void
add_check(PvextPlan *plan, PvextTable *table, List *targets, PvextRemoval *removal)
{
	PvextStep  *step = check_of_owner(plan, table);
	PvextSql	sql;

	pvext_sql_init(&sql);
	if (step)
	{
		sql.params = step->params;
		appendStringInfo(&sql.text, "%s UNION ALL ", step->few.sql);
	}
	appendStringInfoString(&sql.text, "SELECT count(*) FILTER (WHERE ");
	append_state(plan, &sql, targets, removal, false);
	appendStringInfoString(&sql.text, "), count(*) FILTER (WHERE ");
	append_state(plan, &sql, targets, removal, true);
	appendStringInfoString(&sql.text, "), ");
	append_until(plan, &sql, targets, removal);
	appendStringInfo(&sql.text, " FROM (SELECT * FROM %s AS r WHERE ", table->sql_name);
	append_rows(plan, &sql, targets, removal);
	appendStringInfoString(&sql.text, " AND (r.xmin <> CAST(pg_current_xact_id() AS xid) OR ");
	append_state(plan, &sql, targets, removal, false);
	appendStringInfoString(&sql.text, " OR ");
	append_state(plan, &sql, targets, removal, true);
	appendStringInfoString(&sql.text, ") FOR UPDATE) AS r");
	if (step == NULL)
		plan->checks = lappend(plan->checks, pvext_sql_step(&sql, table));
	else
	{
		step->params = sql.params;
		step->few.sql = step->many.sql = sql.text.data;
	}
}

/* The query of one column's values: what in the rows that belong, and need. */
PvextStep *
pvext_build_column(PvextTarget *target, const char *what, bool need, const char *also)
{
	PvextPlan  *plan = target->plan;
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT %s FROM %s AS r WHERE ",
					 what, target->table->sql_name);
	pvext_append_match(plan, &sql, target->set);
	if (need)
	{
		appendStringInfoString(&sql.text, " AND ");
		append_need(&sql, target, false);
	}
	appendStringInfoString(&sql.text, also);
	return pvext_sql_step(&sql, target->table);
}

/* The queries of single columns: previews, and what strategies work from. */
static void
build_columns(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		const char *column = quote_identifier(target->column->name);
		const char *text = psprintf("DISTINCT CAST(r.%s AS text)", column);
		PvextSql	sql;
		const char *until = target->until ? target->until : "CAST('-infinity' AS timestamptz)";

		if (target->column->strategy.made_in_c && !target->column->leads)
			target->gather = pvext_build_column(target, text, true, "");
		if (plan->redacts && strcmp(target->column->category, "identifying") == 0)
			target->identify = pvext_build_column(target, text, false,
											psprintf(" AND r.%s IS NOT NULL", column));
		if (target->column->strategy.kind == PVEXT_REDACT)
			target->digest = pvext_build_column(target,
										  psprintf("DISTINCT sha256(convert_to(CAST(r.%s AS text), 'UTF8'))", column),
										  false,
										  psprintf(" AND r.%s IS NOT NULL%s%s%s", column,
												   target->until ? " AND " : "",
												   target->until ? target->until : "",
												   target->until ? " <= now()" : ""));
		pvext_sql_init(&sql);
		appendStringInfo(&sql.text, "SELECT count(*) FILTER (WHERE %s <= now()),"
						 " count(*) FILTER (WHERE %s > now()), max(%s) FROM %s AS r WHERE ",
						 until, until, until, target->table->sql_name);
		pvext_append_match(plan, &sql, target->set);
		appendStringInfo(&sql.text, " AND NOT (%s)", pvext_target_test(target, &sql));
		target->preview = pvext_sql_step(&sql, target->table);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);
		PvextSql	sql;
		const char *until = removal->until ? removal->until : "CAST('-infinity' AS timestamptz)";

		pvext_sql_init(&sql);
		appendStringInfo(&sql.text, "SELECT count(*) FILTER (WHERE %s <= now()),"
						 " count(*) FILTER (WHERE %s > now()), max(%s) FROM %s AS r WHERE ",
						 until, until, until, removal->table->sql_name);
		pvext_append_match(plan, &sql, removal->set);
		removal->preview = pvext_sql_step(&sql, removal->table);
	}
}

/* How far a table is from its subjects, at most; cycles are cut. */
static int
table_depth(PvextTable *table, int limit)
{
	int			depth = 0;
	ListCell   *lc;

	if (limit == 0)
		return 0;
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (link->parent != table && !link->parent->is_subject)
			depth = Max(depth, 1 + table_depth(link->parent, limit - 1));
		else
			depth = Max(depth, 1);
	}
	return depth;
}

typedef struct TableWork
{
	PvextTable *table;
	int			depth;
	List	   *targets;
	PvextRemoval *removal;
} TableWork;

static int
deeper_first(const ListCell *a, const ListCell *b)
{
	TableWork  *x = lfirst(a);
	TableWork  *y = lfirst(b);

	if (x->depth != y->depth)
		return x->depth > y->depth ? -1 : 1;
	return x->table->id < y->table->id ? -1 : x->table->id > y->table->id;
}

/* The plan's targets and removals by table, leaves first. */
static List *
work_by_table(PvextMap *map, PvextPlan *plan)
{
	List	   *works = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
	{
		TableWork  *work = palloc0(sizeof(TableWork));

		work->table = lfirst(lc);
		work->depth = work->table == plan->subject ? 0 : table_depth(work->table, 20);
		foreach(cell, plan->targets)
			if (((PvextTarget *) lfirst(cell))->table == work->table)
				work->targets = lappend(work->targets, lfirst(cell));
		foreach(cell, plan->removals)
			if (((PvextRemoval *) lfirst(cell))->table == work->table)
				work->removal = lfirst(cell);
		if (work->targets || work->removal)
			works = lappend(works, work);
	}
	list_sort(works, deeper_first);
	return works;
}

/* The UPDATEs, DELETEs and verifying queries, leaves first. */
static void
build_writes(PvextMap *map, PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, work_by_table(map, plan))
	{
		TableWork  *work = lfirst(lc);
		List	   *now = NIL;

		foreach(cell, work->targets)
		{
			PvextTarget *target = lfirst(cell);

			if (target->blocked)
				continue;
			if (target->column->leads)
				pvext_build_rekey(map, target);
			else
				now = lappend(now, target);
		}
		if (work->removal && !work->removal->blocked)
			plan->writes = lappend(plan->writes, build_delete(plan, work->removal));
		if (now != NIL)
			plan->writes = lappend(plan->writes, build_update(plan, work->table, now));
		add_check(plan, work->table, work->targets, work->removal);
	}
}

static bool
is_removed(PvextPlan *plan, Oid relid)
{
	ListCell   *lc;

	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->table->relid == relid)
			return true;
	return false;
}

/*
 * The triggers of a table that a foreign key changes by the side are fired as
 * whoever changed the key: refuse where they aren't that owner's own.  Rows
 * that go with deleted ones must have been declared to go.
 */
static void
check_cascades(PvextPlan *plan, PvextTable *table, Oid relid, bool update, List *seen)
{
	ListCell   *lc;

	foreach(lc, pvext_foreign_keys_to(relid))
	{
		PvextForeignKey *fk = lfirst(lc);
		char		action = update ? fk->on_update : fk->on_delete;

		if (action == FKCONSTR_ACTION_NOACTION || action == FKCONSTR_ACTION_RESTRICT ||
			list_member_oid(seen, fk->relid))
			continue;
		if (pvext_owner(fk->relid) != table->owner && pvext_has_triggers(fk->relid))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("triggers of table %s would run as the owner of table %s",
							pvext_relation_name(fk->relid), table->sql_name),
					 errdetail("Foreign key \"%s\" carries the change over.", fk->name),
					 errhint("Give both tables to one role, drop the triggers, or make the foreign key NO ACTION and link the table.")));
		if (!update && !is_removed(plan, fk->relid))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("deleting rows of table %s would change rows of table %s",
							pvext_relation_name(relid), pvext_relation_name(fk->relid)),
					 errdetail("Foreign key \"%s\" is ON DELETE CASCADE, SET NULL or SET DEFAULT.",
							   fk->name),
					 errhint("Declare a link of %s to %s with on_erase => 'delete'.",
							 pvext_relation_name(fk->relid), pvext_relation_name(relid))));
		seen = lappend_oid(seen, fk->relid);
		check_cascades(plan, table, fk->relid, update || action != FKCONSTR_ACTION_CASCADE, seen);
	}
}

static void
check_column(PvextTable *table, PvextColumn *column)
{
	if (column->missing)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("personal column \"%s\" of table %s has been dropped",
						column->name, table->sql_name),
				 errhint("Take it out of the map with pv.undeclare_personal().")));
	if (column->strategy.kind == PVEXT_EXPRESSION)
		pvext_check_bound_owner(table, column->owner, "an expression");
}

static void
add_targets(PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PvextColumn *column = lfirst(lc);
		PvextTarget *target;
		PvextSet   *set = pvext_set_of_column(plan, table, column);

		/* A link's column follows its parent's when that is re-keyed. */
		if (set == NULL || column->follows)
			continue;
		target = palloc0(sizeof(PvextTarget));
		target->plan = plan;
		target->table = table;
		target->column = column;
		target->set = set;
		target->made.type = JSONBOID;
		target->known.type = get_array_type(BYTEAOID);
		target->new_keys.type = TEXTARRAYOID;
		target->made.isnull = target->known.isnull = true;
		target->new_keys.isnull = true;
		plan->redacts = plan->redacts || column->strategy.kind == PVEXT_REDACT;
		plan->targets = lappend(plan->targets, target);
	}
}

static void
add_removal(PvextPlan *plan, PvextTable *table)
{
	PvextSet   *set = pvext_set_of_removal(plan, table);
	PvextRemoval *removal;

	if (set == NULL)
		return;
	removal = palloc0(sizeof(PvextRemoval));
	removal->table = table;
	removal->set = set;
	plan->removals = lappend(plan->removals, removal);
}

/* Forget the targets and removals that don't lead to the subject. */
static void
prune(PvextPlan *plan)
{
	ListCell   *lc;

	pvext_prune_sets(plan);
	foreach(lc, plan->targets)
		if (!((PvextTarget *) lfirst(lc))->set->productive)
			plan->targets = foreach_delete_current(plan->targets, lc);
	foreach(lc, plan->removals)
		if (!((PvextRemoval *) lfirst(lc))->set->productive)
			plan->removals = foreach_delete_current(plan->removals, lc);
}

/* What verdict says of each column and table, and whether it can be done. */
static void
apply_verdict(PvextPlan *plan, const char *blocked)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		check_column(target->table, target->column);
		pvext_check_children(target->table->relid);
		if (target->column->leads)
			check_cascades(plan, target->table, target->table->relid, true, NIL);
		target->until = pvext_retained_until(target->table, target->column->name,
											 &target->basis);
		target->blocked = blocked && *blocked && *blocked++ == '1';
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		pvext_check_children(removal->table->relid);
		check_cascades(plan, removal->table, removal->table->relid, false, NIL);
		removal->until = pvext_retained_until(removal->table, NULL, &removal->basis);
		removal->blocked = blocked && *blocked && *blocked++ == '1';
	}
}

/* The statements that find the subjects' own rows, in key order. */
static void
build_locks(PvextPlan *plan)
{
	PvextTable *subject = plan->subject;
	StringInfoData columns;
	StringInfoData where;
	StringInfoData order;
	ListCell   *lc;
	int			n = list_length(subject->key);

	foreach(lc, subject->key)
		(void) pvext_set_slot(plan->self, lfirst(lc), false);
	initStringInfo(&columns);
	initStringInfo(&where);
	initStringInfo(&order);
	appendStringInfoString(&columns, pvext_key_sql(subject));
	foreach(lc, plan->self->slots)
	{
		PvextSlot  *slot = lfirst(lc);

		appendStringInfo(&columns, ", CAST(r.%s AS %s)", quote_identifier(slot->column),
						 pvext_type_name(slot->element, -1));
	}
	foreach(lc, subject->key)
		appendStringInfo(&order, "%sr.%s", order.len ? ", " : "", quote_identifier(lfirst(lc)));
	if (subject->condition)
	{
		pvext_check_bound_owner(subject, subject->condition_owner, "the condition");
		appendStringInfo(&where, " AND (%s)", subject->condition);
	}
	plan->look_one.sql = psprintf("SELECT CAST(1 AS bigint), %s FROM %s AS r WHERE %s%s",
							  columns.data, subject->sql_name,
							  pvext_key_match_sql(subject, "$%d", 1), where.data);
	plan->lock_one.sql = psprintf("%s FOR UPDATE", plan->look_one.sql);
	{
		StringInfoData keys;
		StringInfoData names;

		initStringInfo(&keys);
		initStringInfo(&names);
		for (int i = 1; i <= n; i++)
		{
			appendStringInfo(&keys, "%s$%d", i > 1 ? ", " : "", i);
			appendStringInfo(&names, "k%d, ", i);
		}
		plan->lock_many.sql =
			psprintf("SELECT k.n, %s FROM unnest(%s) WITH ORDINALITY AS k(%sn)"
					 " JOIN %s AS r ON %s WHERE true%s ORDER BY %s FOR UPDATE OF r",
					 columns.data, keys.data, names.data, subject->sql_name,
					 pvext_key_match_sql(subject, "k.k%d", 1), where.data, order.data);
	}
}

/* The statements that tell whether a blocker blocks one subject. */
static void
build_blockers(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->subject->blockers)
	{
		PvextBlocker *blocker = lfirst(lc);
		PvextSet   *set = blocker->over && blocker->over != plan->subject ?
			pvext_set_any(plan, blocker->over) : plan->self;

		plan->blocker_sets = lappend(plan->blocker_sets, set);
	}
}

/*
 * OFFSET 0 keeps the condition out of the subquery: it is to be decided on the
 * rows as they are once they are locked.
 */
static PvextStep *
build_blocker_step(PvextPlan *plan, PvextBlocker *blocker, PvextSet *set, bool lock)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT EXISTS (SELECT FROM (SELECT * FROM %s AS r WHERE ",
					 set->table->sql_name);
	if (set->productive)
		pvext_append_match(plan, &sql, set);
	else
		appendStringInfoString(&sql.text, "true");	/* not linked any more: blocks */
	appendStringInfo(&sql.text, "%s) AS r WHERE (%s) IS NOT FALSE)",
					 lock ? " OFFSET 0 FOR UPDATE" : "", blocker->condition);
	return pvext_sql_step(&sql, set->table);
}

static void
build_blocker_steps(PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *set_lc;

	forboth(lc, plan->subject->blockers, set_lc, plan->blocker_sets)
	{
		PvextSet   *set = lfirst(set_lc);

		plan->blocker_steps = lappend(plan->blocker_steps,
									  build_blocker_step(plan, lfirst(lc), set, false));
		plan->blocker_locks = lappend(plan->blocker_locks, set == plan->self ?
									  llast(plan->blocker_steps) :
									  build_blocker_step(plan, lfirst(lc), set, true));
	}
}

/*
 * The plan for a subject table, where "blocked" holds a character per target
 * and removal ('1': blocked), or is NULL where nothing is.  Between
 * pvext_enter() and pvext_leave(); lives as long as the map.  Raises where
 * the map doesn't fit the tables any more.
 */
PvextPlan *
pvext_plan(PvextMap *map, PvextTable *subject, const char *blocked)
{
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
	old = MemoryContextSwitchTo(map->context);
	plan = palloc0(sizeof(PvextPlan));
	plan->subject = subject;
	plan->blocked = blocked ? pstrdup(blocked) : NULL;
	plan->pattern.type = TEXTOID;
	plan->whole.type = BOOLOID;
	plan->pattern.isnull = true;
	plan->self = palloc0(sizeof(PvextSet));
	plan->self->table = subject;
	plan->self->with_self = true;
	foreach(lc, map->tables)
		add_targets(plan, lfirst(lc));
	foreach(lc, map->tables)
		add_removal(plan, lfirst(lc));
	build_blockers(plan);
	prune(plan);
	apply_verdict(plan, blocked);
	build_locks(plan);
	build_columns(plan);
	build_writes(map, plan);
	build_blocker_steps(plan);
	pvext_build_collects(plan);
	subject->plans = lappend(subject->plans, plan);
	MemoryContextSwitchTo(old);
	return plan;
}

static void
free_step(PvextStep *step)
{
	if (step == NULL)
		return;
	if (step->few.plan)
		SPI_freeplan(step->few.plan);
	if (step->many.plan)
		SPI_freeplan(step->many.plan);
}

static void
free_steps(List *steps)
{
	ListCell   *lc;

	foreach(lc, steps)
		free_step(lfirst(lc));
}

static void
free_plan(PvextPlan *plan)
{
	ListCell   *lc;

	free_steps(plan->writes);
	free_steps(plan->checks);
	free_steps(plan->blocker_steps);
	free_steps(list_difference_ptr(plan->blocker_locks, plan->blocker_steps));
	foreach(lc, plan->sets)
	{
		free_step(((PvextSet *) lfirst(lc))->collect);
		free_step(((PvextSet *) lfirst(lc))->look);
	}
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		free_step(target->gather);
		free_step(target->follow);
		free_step(target->identify);
		free_step(target->digest);
		free_step(target->preview);
	}
	foreach(lc, plan->removals)
		free_step(((PvextRemoval *) lfirst(lc))->preview);
	if (plan->lock_one.plan)
		SPI_freeplan(plan->lock_one.plan);
	if (plan->look_one.plan)
		SPI_freeplan(plan->look_one.plan);
	if (plan->lock_many.plan)
		SPI_freeplan(plan->lock_many.plan);
}

/* Free the plans that the server keeps for a subject table. */
void
pvext_free_plans(PvextTable *subject)
{
	ListCell   *lc;

	foreach(lc, subject->plans)
		free_plan(lfirst(lc));
}

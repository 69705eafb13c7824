/*
 * prepare.c
 *		The statements that take what is due from the rows of one table.
 *
 * One statement decides for itself which of the rows that were examined are still due.
 * Where more than one is run for them (rows that go with others, the log, consents), the
 * rows are locked and decided on first, once, and the statements are about those: none
 * of them finds a clock set back since, or what it reads deleted by another.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/catalog.h"
#include "catalog/pg_type.h"
#include "map/key.h"
#include "plan/column_step.h"
#include "plan/derived_step.h"
#include "plan/write_step.h"
#include "purge/prepare.h"
#include "purge/scan.h"
#include "rule/clock_row.h"
#include "rule/hold.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/*
 * The rows of a plan, as a set that others can hang on: those at some places that are
 * due, once they have been decided on all of them.
 */
static void
set_rows_by_place(PvextTaking *taking)
{
	PvextSet   *self = taking->plan->self;
	PvextSql	also;

	pvext_sql_init(&also);
	pvext_append_due(&also, taking->due, false);
	taking->places.type = TIDARRAYOID;
	taking->places.isnull = true;
	self->places = &taking->places;
	self->also = also.text.data;
	self->productive = true;
}

/*
 * The queries that lock what the clocks that go up read of the rows, before these are decided
 * on: who has changed it is waited for, and who is about to waits.
 */
static void
build_clock_locks(PvextTaking *taking)
{
	PvextTable *table = taking->due->rows.table;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, taking->due->rules)
	{
		PvextRule  *rule = lfirst(lc);

		if (rule->through == NULL)
			continue;
		foreach(cell, pvext_clock_joins(taking->leaf, table, rule))
		{
			PvextSql	sql;

			pvext_sql_init(&sql);
			appendStringInfo(&sql.text, "SELECT FROM %s AND r.ctid = ANY ($%d) FOR SHARE OF %s",
							 (char *) lfirst(cell), pvext_sql_param(&sql, &taking->places),
							 rule->over == rule->through ? "o" : "c");
			taking->clocks = lappend(taking->clocks, pvext_sql_step(&sql, taking->leaf));
		}
	}
}

/* The query for the places of the rows that are due; with lock, of those that are once they are locked. */
static PvextStep *
build_decision(PvextTaking *taking, bool lock)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT r.ctid FROM %s AS r WHERE ", taking->leaf->sql_name);
	pvext_append_match(taking->plan, &sql, taking->plan->self);
	appendStringInfoString(&sql.text, lock ? " FOR UPDATE" : "");
	return pvext_sql_step(&sql, taking->leaf);
}

/* The query for rows that have been decided on and are there still. */
static PvextStep *
build_left(PvextTaking *taking)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT FROM %s AS r WHERE ", taking->leaf->sql_name);
	pvext_append_match(taking->plan, &sql, taking->plan->self);
	if (taking->due->dirty)
		appendStringInfo(&sql.text, " AND %s", taking->due->dirty);
	return pvext_sql_step(&sql, taking->leaf);
}

/*
 * Let the statement say how many rows it took, how many of them are not clean after
 * it, as BEFORE triggers may have put the values back, and where AFTER triggers might
 * do so later, the rows' keys.
 */
static void
count_taken(PvextTaking *taking, PvextStep *step, const char *dirty)
{
	bool		verify = taking->verify.sql != NULL;

	step->few = step->many =
		pvext_statement(psprintf("WITH taken AS (%s RETURNING %s AS dirty%s%s)"
								 " SELECT count(*), count(*) FILTER (WHERE dirty)%s FROM taken",
								 step->few.sql, dirty, verify ? ", " : "",
								 verify ? psprintf("%s AS key", pvext_key_sql(taking->plan->subject)) : "",
								 verify ? ", array_agg(key)" : ""));
}

/* Does it depend on rows of the table whether others are due? */
static bool
decides(PvextDue *due, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, due->rules)
		if (((PvextRule *) lfirst(lc))->over == table || ((PvextRule *) lfirst(lc))->through == table)
			return true;
	return table->rules != NIL;
}

/* Does a clock read what goes with the rows? */
static bool
takes_clock(PvextTaking *taking)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, taking->due->rules)
		foreach(cell, taking->due->rows.children)
			if (((PvextRule *) lfirst(lc))->over == ((PvextLink *) lfirst(cell))->table)
				return true;
	return false;
}

/* The query for rows that triggers have made due again. */
static void
build_verify(PvextTaking *taking)
{
	PvextTable *rows = taking->plan->subject;
	PvextSql	sql;

	if (rows->key == NIL || !pvext_has_after_triggers(rows->relid))
		return;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT count(*) FROM %s JOIN %s AS r ON %s WHERE ",
					 pvext_key_rows_sql(rows), rows->sql_name,
					 pvext_key_match_sql(rows, "k.k%d", 1));
	if (takes_clock(taking))
		appendStringInfoString(&sql.text, "true");	/* without it none would be due */
	else
		pvext_append_due(&sql, taking->due, false);
	taking->verify = pvext_statement(sql.text.data);
}

/* SQL over r, for the UPDATE: the row is not clean after it, what is derived from it included. */
static char *
dirty_sql(PvextTaking *taking)
{
	PvextStep  *take = taking->take;
	char	   *sql = taking->due->dirty;
	ListCell   *lc;

	foreach(lc, taking->plan->derived)
	{
		PvextDerived *derived = lfirst(lc);

		take->params = lappend(take->params, &derived->old);
		sql = psprintf("%s OR coalesce(%s = ANY ($%d), false)", sql, derived->digest,
					   list_length(take->params));
	}
	return sql;
}

/* The UPDATE of the values. */
static void
build_update(PvextTaking *taking)
{
	PvextPlan  *plan = taking->plan;
	PvextDue   *due = taking->due;
	ListCell   *lc;

	foreach(lc, due->columns)
	{
		PvextTarget *target = pvext_add_target(plan, taking->leaf, lfirst(lc), plan->self);
		const char *text = psprintf("DISTINCT CAST(r.%s AS text) COLLATE \"C\"",
									quote_identifier(target->column->name));

		if (target->column->strategy.made_in_c)
			target->gather = pvext_build_column(target, text, true, "");
		target->unlink = pvext_build_unlink(target);
	}
	plan->whole.value = BoolGetDatum(true);
	plan->whole.isnull = false;
	pvext_add_derived(plan, taking->leaf, due->rows.table->columns);
	taking->take = pvext_build_update(plan, taking->leaf, plan->targets);
	count_taken(taking, taking->take, dirty_sql(taking));

	/* The statements name one relation; who asks what is declared asks of its table. */
	foreach(lc, plan->targets)
		((PvextTarget *) lfirst(lc))->table = due->rows.table;
}

/* Rows of the set go. */
static PvextRemoval *
add_removal(PvextPlan *plan, PvextTable *table, PvextSet *set)
{
	PvextRemoval *removal = palloc0(sizeof(PvextRemoval));

	removal->table = table;
	removal->set = set;
	plan->removals = lappend(plan->removals, removal);
	return removal;
}

/* The set of a table's rows that go: the one that its own children's hang on. */
static PvextSet *
set_of_parent(PvextTaking *taking, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, taking->plan->removals)
		if (((PvextRemoval *) lfirst(lc))->table == table)
			return ((PvextRemoval *) lfirst(lc))->set;
	return taking->plan->self;
}

/*
 * The DELETE of the rows, and those of what goes with them.  confirm is for where that
 * has a say in whether they are due.
 */
static void
build_delete(PvextTaking *taking, PvextStep *confirm)
{
	PvextPlan  *plan = taking->plan;
	PvextRemoval *own;
	ListCell   *lc;

	foreach(lc, taking->due->rows.children)
	{
		PvextLink  *link = lfirst(lc);
		PvextSet   *set = pvext_set_of_link(plan, link, set_of_parent(taking, link->parent));

		taking->children = lcons(pvext_build_delete(plan, add_removal(plan, link->table, set)),
								 taking->children);
	}
	pvext_add_traced_slots(taking->map, plan);
	foreach(lc, plan->sets)
	{
		PvextSet   *set = lfirst(lc);
		bool		asked = decides(taking->due, set->table);

		taking->followers = lappend(taking->followers, set->slots || asked ?
									pvext_build_collect(plan, set, true) : NULL);
		if (asked)
			taking->confirm = confirm;
	}
	/* What personal columns refer to goes with the row. */
	foreach(lc, taking->due->rows.table->columns)
	{
		PvextColumn *column = lfirst(lc);
		PvextTarget target = {.plan = plan, .table = taking->leaf, .column = column, .set = plan->self};
		PvextStep  *unlink = column->missing ? NULL : pvext_build_unlink(&target);

		if (unlink)
			taking->unlinks = lappend(taking->unlinks, unlink);
	}
	own = add_removal(plan, taking->leaf, plan->self);
	taking->take = pvext_build_delete(plan, own);
	count_taken(taking, taking->take, "false");
	own->table = taking->due->rows.table;
}

/* The tables that are locked, and whose records in the log are redacted. */
static void
note_tables(PvextTaking *taking)
{
	ListCell   *lc;

	taking->plan->tables = list_make1(taking->due->rows.table);
	foreach(lc, taking->due->rows.children)
		taking->plan->tables = list_append_unique_ptr(taking->plan->tables,
													  ((PvextLink *) lfirst(lc))->table);
	taking->logged = pvext_is_audited(taking->plan->tables);
}

/* May values of the columns refer to large objects? */
static bool
has_objects(List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
		if (getBaseType(((PvextColumn *) lfirst(lc))->strategy.type) == OIDOID)
			return true;
	return false;
}

/* Does more go, or end, with the rows than what one statement takes? */
static bool
takes_more(PvextTaking *taking)
{
	PvextDue   *due = taking->due;

	if (taking->logged || has_objects(due->columns ? due->columns : due->rows.table->columns))
		return true;
	return due->columns == NIL && (due->rows.children != NIL || due->rows.table->is_subject);
}

/*
 * Begin to take what is due of a table from the rows that relid, the table or one below
 * it, holds itself or, without lock, to look at it.  Between pvext_enter() and
 * pvext_leave(), in the current context; lives no longer than the map, and is done
 * with when that context is reset.
 */
PvextTaking *
pvext_begin_taking(PvextMap *map, PvextDue *due, Oid relid, bool lock)
{
	PvextTaking *taking = palloc0(sizeof(PvextTaking));
	PvextTable *rows = palloc(sizeof(PvextTable));
	PvextStep  *confirm;

	taking->map = map;
	taking->due = due;
	taking->lock = lock;
	taking->leaf = palloc(sizeof(PvextTable));
	*taking->leaf = *due->rows.table;
	taking->leaf->sql_name = psprintf("ONLY %s", pvext_relation_name(relid));
	*rows = *due->rows.table;

	/* The rows are the subjects: known by their primary key, whatever is declared of them. */
	rows->key = pvext_primary_key(due->rows.table->relid);
	rows->plans = NIL;
	taking->plan = pvext_begin_plan(rows, NULL);
	taking->plan->self->table = taking->leaf;
	taking->plan->self->with_self = true;
	note_tables(taking);
	set_rows_by_place(taking);
	pvext_build_scan(taking);
	pvext_build_examination(taking);
	build_verify(taking);
	if (lock)
		build_clock_locks(taking);
	confirm = build_decision(taking, false);
	if (takes_more(taking))
	{
		taking->decide = build_decision(taking, true);
		taking->plan->self->also = NULL;
		taking->left = build_left(taking);
	}
	if (due->columns == NIL)
		build_delete(taking, confirm);
	else
	{
		build_update(taking);
		pvext_add_traced_slots(map, taking->plan);
	}
	if (taking->plan->self->slots != NIL)
		taking->collect = pvext_build_collect(taking->plan, taking->plan->self, false);
	taking->plan->self->table = due->rows.table;
	return taking;
}

/*
 * Lock the tables whose rows are read and written and, where subjects' plans may be
 * needed, keep new holds out, which must come before any row is locked.  The relation
 * that holds the rows is the caller's to lock.
 */
void
pvext_lock_taking(PvextTaking *taking, LOCKMODE mode)
{
	ListCell   *lc;
	ListCell   *cell;

	pvext_lock_plan(taking->plan, mode);
	foreach(lc, taking->clocks != NIL ? taking->due->rules : NIL)
		foreach(cell, pvext_clock_tables(taking->due->rows.table, lfirst(lc)))
			pvext_lock_table(lfirst(cell), RowShareLock);
	if (taking->due->by_subject)
		pvext_keep_holds();
}

/* Does each batch cost a reading of the audit log? */
bool
pvext_reads_log(PvextTaking *taking)
{
	return taking->logged;
}

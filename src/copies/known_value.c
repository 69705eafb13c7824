/*
 * known_value.c
 *		What tells who a person is, as the map has it.
 *
 * It is what strategy redact takes out of texts: the columns of category identifying, of
 * the person's own row and of linked ones.  All is read by the active snapshot, which may
 * be one of before an erasure of this transaction: then the values are those of before.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "copies/known_value.h"
#include "copies/readable.h"
#include "execution/identifying_value.h"
#include "execution/slot.h"
#include "execution/step.h"
#include "map/key.h"
#include "plan/row_set.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"

/* Let a step see what the active snapshot does. */
static void
bind_step(PvextStep *step)
{
	step->few.read_only = step->many.read_only = true;
}

/*
 * Turn a plan of pvext_copies_plan() to persons of these keys, texts, as the active
 * snapshot sees their rows.  Returns whether there is any; locks none of them.
 */
bool
pvext_turn_to(PvextPlan *plan, List *keys)
{
	List	   *parts = NIL;
	List	   *rows;
	ListCell   *lc;

	plan->look_one.read_only = plan->look_many.read_only = true;
	foreach(lc, plan->sets)
		if (((PvextSet *) lfirst(lc))->look)
			bind_step(((PvextSet *) lfirst(lc))->look);
	foreach(lc, keys)
		parts = lappend(parts, pvext_split_key(plan->subject, lfirst(lc)));
	rows = pvext_lock_rows(plan, parts, false);
	pvext_forget_slots(plan);
	pvext_set_rows(plan, rows);
	if (rows != NIL)
		pvext_collect(plan, false, false, list_length(rows) > PVEXT_FEW_SUBJECTS);
	return rows != NIL;
}

/* The query of a column's values that have not been replaced; in the plan's context. */
static PvextStep *
build_step(PvextPlan *plan, PvextTarget *target)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	PvextTable *table = target->table;
	const char *name = target->column->name;
	PvextStep  *step;
	PvextSql	sql;
	Oid			type;

	if (target->column->strategy.kind == PVEXT_EXPRESSION)
		pvext_check_bound_owner(table, target->column->owner, "an expression");
	(void) pvext_column(table->relid, name, &type, NULL);
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT DISTINCT %s COLLATE \"C\" FROM %s AS r WHERE ",
					 pvext_texts_sql(name, type), table->sql_name);
	pvext_append_match(plan, &sql, target->set);
	appendStringInfo(&sql.text, " AND r.%s IS NOT NULL AND NOT (%s)", quote_identifier(name),
					 pvext_strategy_test(&target->column->strategy, 0));
	step = pvext_sql_step(&sql, table);
	bind_step(step);
	MemoryContextSwitchTo(old);
	return step;
}

/* An address of one host, which is written without the length of its network elsewhere. */
static char *
without_length(char *value)
{
	char	   *slash = strchr(value, '/');

	if (slash && strspn(value, "0123456789abcdefABCDEF:.") == slash - value &&
		(strcmp(slash, "/32") == 0 || strcmp(slash, "/128") == 0))
		*slash = '\0';
	return value;
}

/* Is it a column whose values tell who somebody is? */
static bool
is_identifying(PvextColumn *column)
{
	return !column->missing && column->strategy.kind != PVEXT_REDACT &&
		strcmp(column->category, "identifying") == 0;
}

/* Is there any such column, whatever is in it? */
bool
pvext_any_identifying(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
		if (is_identifying(((PvextTarget *) lfirst(lc))->column))
			return true;
	return false;
}

/*
 * The values that tell who the persons are whom the plan is turned to, C strings in the
 * current context.  Unless everything is read, those of columns that the caller may not
 * read are left out, and the columns' names added to *unread.
 */
List *
pvext_known_values(PvextPlan *plan, bool everything, List **unread)
{
	List	   *values = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		const char *name = target->column->name;

		if (!is_identifying(target->column))
			continue;
		if (!everything && !pvext_may_read(target->table->relid, name))
		{
			*unread = lappend(*unread, psprintf("%s of %s", quote_identifier(name),
												target->table->sql_name));
			continue;
		}
		if (target->identify == NULL)
			target->identify = build_step(plan, target);
		foreach(cell, pvext_column_texts(pvext_run_step(target->identify, false)))
			values = lappend(values, without_length(pvext_shorten_value(lfirst(cell))));
	}
	return values;
}

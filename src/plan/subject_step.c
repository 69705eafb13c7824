/*
 * subject_step.c
 *		A plan's statements on the subjects' own rows: finding and locking them, and their blockers.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/catalog.h"
#include "base/type.h"
#include "map/key.h"
#include "plan/row_set.h"
#include "plan/subject_step.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* SQL: a row r of the columns that the statements below read, of which the key's are given as $1, ... */
static char *
row_of_key_sql(PvextPlan *plan)
{
	PvextTable *subject = plan->subject;
	List	   *names = list_copy(subject->key);
	StringInfoData buf;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, plan->self->slots)
		if (!pvext_has_name(names, ((PvextSlot *) lfirst(lc))->column))
			names = lappend(names, ((PvextSlot *) lfirst(lc))->column);
	initStringInfo(&buf);
	foreach(lc, names)
	{
		Oid			type;

		(void) pvext_column(subject->relid, lfirst(lc), &type, NULL);
		appendStringInfo(&buf, "%s%s AS %s", n > 0 ? ", " : "",
						 n < list_length(subject->key) ? pvext_cast_key(type, psprintf("$%d", n + 1)) :
						 psprintf("CAST(NULL AS %s)", pvext_type_name(getBaseType(type), -1)),
						 quote_identifier(lfirst(lc)));
		n++;
	}
	return psprintf("(SELECT %s) AS r", buf.data);
}

/*
 * The statements that find the subjects' own rows, in key order, in which they are
 * locked, too: two that lock several subjects do not wait for one another in a circle.
 * After all of plan->self's slots have been asked for.
 */
void
pvext_build_locks(PvextPlan *plan)
{
	PvextTable *subject = plan->subject;
	StringInfoData columns;
	StringInfoData where;
	StringInfoData order;
	ListCell   *lc;

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
	plan->look_one = pvext_statement(psprintf("SELECT CAST(1 AS bigint), %s FROM %s AS r WHERE %s%s",
											  columns.data, subject->sql_name,
											  pvext_key_match_sql(subject, "$%d", 1), where.data));
	plan->lock_one = pvext_statement(psprintf("%s FOR UPDATE", plan->look_one.sql));
	plan->key_one = pvext_statement(psprintf("SELECT CAST(1 AS bigint), %s FROM %s", columns.data,
											 row_of_key_sql(plan)));
	plan->look_many =
		pvext_statement(psprintf("SELECT k.n, %s FROM %s JOIN %s AS r ON %s WHERE true%s ORDER BY %s",
								 columns.data, pvext_array_rows_sql(list_length(subject->key), true),
								 subject->sql_name, pvext_key_match_sql(subject, "k.k%d", 1),
								 where.data, order.data));
	plan->lock_many = pvext_statement(psprintf("%s FOR UPDATE OF r", plan->look_many.sql));
}

/*
 * The query that tells whether a blocker blocks one subject.
 *
 * OFFSET 0 keeps the condition out of the subquery: it is to be decided on the
 * rows as they are once they are locked.
 */
PvextStep *
pvext_build_blocker(PvextPlan *plan, PvextBlocker *blocker, PvextSet *set, bool lock)
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

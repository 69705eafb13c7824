/*
 * subject_step.c
 *		A plan's statements on the subjects' own rows: finding and locking them, and their blockers.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/array.h"
#include "base/expression.h"
#include "base/type.h"
#include "map/key.h"
#include "map/link_match.h"
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
		appendStringInfo(&columns, ", %s", pvext_slot_sql(lfirst(lc)));
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
 * rows as they are once they are locked, and of no other's, for which it may fail.
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
					 lock ? " OFFSET 0 FOR UPDATE" : " OFFSET 0", blocker->condition);
	return pvext_sql_step(&sql, set->table);
}

/* More ways than this from rows to the subject are not joined in one statement. */
#define MAX_JOINED 8

/* How many ways lead from a set's rows to the subject's own, where links do not go around; one more than MAX_JOINED for more. */
static int
count_ways(PvextPlan *plan, PvextSet *set)
{
	ListCell   *lc;
	int			n = 0;

	foreach(lc, set->arms)
	{
		PvextSet   *parent = ((PvextArm *) lfirst(lc))->parent;

		if (n <= MAX_JOINED)
			n += parent == plan->self ? 1 : count_ways(plan, parent);
	}
	return Min(n, MAX_JOINED + 1);
}

/* May one statement go from a set's rows to the subjects: is it one owner's, and does the row alone say whose it is? */
static bool
is_joined(PvextPlan *plan, PvextSet *set)
{
	ListCell   *lc;
	ListCell   *cell;

	if (!set->productive || plan->cyclic || count_ways(plan, set) > MAX_JOINED ||
		!pvext_same_owner(set->table, plan->subject))
		return false;
	foreach(lc, pvext_paths(set->table, plan->subject))
		foreach(cell, (List *) lfirst(lc))
			if (((PvextLink *) lfirst(cell))->shared)
				return false;	/* it is somebody's as long as it is nobody else's */
	return true;
}

/* Let the statement, which is empty, take the keys of many subjects: $1, $2, ... */
void
pvext_number_subjects(PvextPlan *plan, PvextSql *sql)
{
	ListCell   *lc;

	foreach(lc, plan->subject->key)
		(void) pvext_sql_param(sql, &pvext_set_slot(plan->self, lfirst(lc), false)->param);
}

/* SQL of a FROM clause: the subjects' own rows, with their numbers, k.n, as they are in plan->self's slots. */
void
pvext_append_numbered(PvextPlan *plan, PvextSql *sql, const char *row)
{
	PvextTable *subject = plan->subject;
	StringInfoData match;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&match);
	foreach(lc, subject->key)
	{
		PvextSlot  *slot = pvext_set_slot(plan->self, lfirst(lc), false);

		appendStringInfo(&match, "%s%s.%s %s k.k%d", n > 0 ? " AND " : "", row,
						 quote_identifier(slot->column), pvext_equality(slot->element, slot->element), n + 1);
		n++;
	}
	appendStringInfo(&sql->text, "%s JOIN %s AS %s ON %s", pvext_array_rows_sql(n, true), subject->sql_name,
					 row, match.data);
}

/*
 * SQL over row o, a subject's: the blocker, which looks at the set's rows, blocks it; NULL where
 * that takes more than one statement.
 */
char *
pvext_blocks_sql(PvextPlan *plan, PvextBlocker *blocker, PvextSet *set)
{
	if (set == plan->self)
		return psprintf("(%s) IS NOT FALSE", pvext_bound_as(plan->subject->relid, blocker->condition, "o"));
	if (!is_joined(plan, set))
		return NULL;
	return psprintf("EXISTS (SELECT FROM %s AS r WHERE (%s) AND (%s) IS NOT FALSE)", set->table->sql_name,
					pvext_belongs_sql(set->table, plan->subject), blocker->condition);
}

/*
 * The query that tells which of many subjects, numbered as they are in plan->self's slots, a
 * blocker blocks, as one array; NULL where that takes more than one statement.
 */
PvextStep *
pvext_build_blocker_ask(PvextPlan *plan, PvextBlocker *blocker, PvextSet *set)
{
	bool		own = set == plan->self;
	PvextSql	sql;

	if (!own && !is_joined(plan, set))
		return NULL;
	pvext_sql_init(&sql);
	pvext_number_subjects(plan, &sql);
	appendStringInfoString(&sql.text, "SELECT array_agg(k.n) FROM ");
	pvext_append_numbered(plan, &sql, own ? "r" : "o");
	appendStringInfoString(&sql.text, " WHERE ");
	if (own)
		appendStringInfo(&sql.text, "(%s) IS NOT FALSE", blocker->condition);
	else
		appendStringInfoString(&sql.text, pvext_blocks_sql(plan, blocker, set));
	return pvext_sql_step(&sql, plan->subject);
}

/* The statement that locks all rows of a set, whatever a blocker will say of them. */
PvextStep *
pvext_build_blocker_rows(PvextPlan *plan, PvextSet *set)
{
	PvextSql	sql;

	if (set == plan->self || !is_joined(plan, set))
		return NULL;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT count(*) FROM (SELECT FROM %s AS r WHERE ", set->table->sql_name);
	pvext_append_match(plan, &sql, set);
	appendStringInfoString(&sql.text, " FOR UPDATE) AS r");
	return pvext_sql_step(&sql, set->table);
}

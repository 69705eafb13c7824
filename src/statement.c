/*
 * statement.c
 *		The text of a plan's statements.
 *
 * They decide row by row: a column's value goes where the row belongs to the
 * subject, the value is not replaced yet, and no mandatory retention rule
 * keeps it.  In each of them the row is called r.
 */
#include "postgres.h"
#include "message.h"

#include "catalog.h"
#include "catalog/pg_type.h"
#include "free_text.h"
#include "key.h"
#include "known_text.h"
#include "others.h"
#include "statement.h"
#include "type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static char *target_test(PvextTarget *target, PvextSql *sql);
static int	target_params(PvextTarget *target, PvextSql *sql, bool value);

/* A verifying query is not joined to one that takes this many values. */
#define MAX_CHECK_PARAMS 64

/* SQL: the column's value has not been replaced. */
void
pvext_append_test(PvextSql *sql, PvextTarget *target)
{
	appendStringInfo(&sql->text, "NOT (%s)", target_test(target, sql));
}

/*
 * SQL, after what the row is: it may go, as its retention has ended and nobody else whom
 * it is about is held; with held, that one of them keeps it.  Nothing where that is said
 * for all rows.
 */
void
pvext_append_kept(PvextSql *sql, const char *until, List *others, bool held)
{
	if (until == NULL && others == NIL)
		return;
	appendStringInfoString(&sql->text, held ? " AND (" : " AND ");
	if (until)
		appendStringInfo(&sql->text, "%s %s now()", until, held ? ">" : "<=");
	if (until && others)
		appendStringInfoString(&sql->text, held ? " OR " : " AND ");
	if (others)
	{
		appendStringInfoString(&sql->text, held ? "" : "NOT ");
		pvext_append_others(sql, others);
	}
	appendStringInfoString(&sql->text, held ? ")" : "");
}

/* Does the row say whether the column's value is kept? */
static bool
is_kept_by_row(PvextTarget *target)
{
	return target->until != NULL || target->others != NIL;
}

/*
 * SQL: the column's value is to go, given that the row belongs.  With held,
 * that it is still there but kept or blocked.
 */
void
pvext_append_need(PvextSql *sql, PvextTarget *target, bool held)
{
	pvext_append_test(sql, target);
	if (!target->blocked)
		pvext_append_kept(sql, target->until, target->others, held);
}

/* SQL: the column's test, its parameters added to the statement's. */
static char *
target_test(PvextTarget *target, PvextSql *sql)
{
	return pvext_strategy_test(&target->column->strategy,
							   target_params(target, sql, false));
}

/*
 * Add the parameters that the column's strategy takes, and return the number
 * of the first.  Those of redact stand one after the other.
 */
static int
target_params(PvextTarget *target, PvextSql *sql, bool value)
{
	PvextPlan  *plan = target->plan;
	int			n = pvext_strategy_params(&target->column->strategy);

	if (n == 3)
	{
		for (int i = 0; i + 2 < list_length(sql->params); i++)
			if (list_nth(sql->params, i + 1) == &target->known)
				return i + 1;
		sql->params = lappend(sql->params, &plan->values);
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
			return !is_kept_by_row(target);
	}
}

/*
 * SQL: one of the targets' values is to go, in parentheses; unless all of them go from
 * the same rows, and the row is one of those, by whom it belongs to.
 */
static void
append_needs(PvextPlan *plan, PvextSql *sql, List *targets, bool same, bool held)
{
	ListCell   *lc;

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
		pvext_append_need(sql, target, held);
	}
	appendStringInfoChar(&sql->text, ')');
}

/* SQL: one of the targets' rows, and one of their values to go. */
static void
append_any(PvextPlan *plan, PvextSql *sql, List *targets)
{
	bool		same = same_set(targets);

	if (same)
	{
		pvext_append_match(plan, sql, ((PvextTarget *) linitial(targets))->set);
		appendStringInfoString(&sql->text, " AND ");
	}
	append_needs(plan, sql, targets, same, false);
}

/* One UPDATE that replaces all the targets' values in a table. */
PvextStep *
pvext_build_update(PvextPlan *plan, PvextTable *table, List *targets)
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
		const char *column = quote_identifier(target->column->name);
		char	   *value = pvext_target_value(target, &sql);

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
		pvext_append_need(&sql, target, false);
		appendStringInfo(&sql.text, " THEN %s ELSE r.%s END", value, column);
	}
	appendStringInfoString(&sql.text, " WHERE ");
	append_any(plan, &sql, targets);
	return pvext_sql_step(&sql, table);
}

/* The DELETE of the rows that go with the subject. */
PvextStep *
pvext_build_delete(PvextPlan *plan, PvextRemoval *removal)
{
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "DELETE FROM %s AS r WHERE ", removal->table->sql_name);
	pvext_append_match(plan, &sql, removal->set);
	pvext_append_kept(&sql, removal->until, removal->others, false);
	return pvext_sql_step(&sql, removal->table);
}

/* SQL: "until" of the values that rules retain, else NULL. */
static void
append_until(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal)
{
	ListCell   *lc;

	appendStringInfoString(&sql->text, "CAST(GREATEST(NULL");
	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->until == NULL || target->blocked)
			continue;
		appendStringInfoString(&sql->text, ", CASE WHEN ");
		pvext_append_match(plan, sql, target->set);
		appendStringInfoString(&sql->text, " AND ");
		pvext_append_test(sql, target);
		appendStringInfo(&sql->text, " AND %s > now() THEN %s END", target->until, target->until);
	}
	if (removal && removal->until && !removal->blocked)
	{
		appendStringInfoString(&sql->text, ", CASE WHEN ");
		pvext_append_match(plan, sql, removal->set);
		appendStringInfo(&sql->text, " AND %s > now() THEN %s END", removal->until,
						 removal->until);
	}
	appendStringInfoString(&sql->text, ") AS timestamptz)");
}

/* Do the targets and the removal go from the same rows? */
static bool
same_rows(List *targets, PvextRemoval *removal)
{
	return same_set(targets) &&
		(removal == NULL || targets == NIL ||
		 ((PvextTarget *) linitial(targets))->set == removal->set);
}

/*
 * SQL: the row, one of those that the targets and the removal are about, is dirty (a
 * value that should have gone is there), or held (a value is there that is kept or
 * blocked).
 */
static void
append_state(PvextPlan *plan, PvextSql *sql, List *targets, PvextRemoval *removal,
			 bool held)
{
	ListCell   *lc;
	List	   *some = NIL;
	bool		same = same_rows(targets, removal);
	bool		first = true;

	foreach(lc, targets)
	{
		PvextTarget *target = lfirst(lc);

		if (held ? (target->blocked || is_kept_by_row(target)) : !target->blocked)
			some = lappend(some, target);
	}
	appendStringInfoString(&sql->text, "coalesce(");
	if (some != NIL)
	{
		append_needs(plan, sql, some, same, held);
		first = false;
	}
	if (removal && (held ? (removal->blocked || removal->until || removal->others) : !removal->blocked))
	{
		appendStringInfoString(&sql->text, first ? "" : " OR ");
		pvext_append_match(plan, sql, removal->set);
		if (!removal->blocked)
			pvext_append_kept(sql, removal->until, removal->others, held);
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
 * Add to the queries that verify, one for each owner's tables: pvext_finish_checks()
 * makes statements of them.
 *
 * Rows that this run didn't write are locked, for somebody may be filling a row
 * that was found clean: he is waited for, and his version is the one that is
 * tested.  It runs in a subtransaction, by whose xid its rows are known.
 */
void
pvext_add_check(PvextPlan *plan, PvextTable *table, List *targets, PvextRemoval *removal)
{
	PvextStep  *step = check_of_owner(plan, table);
	PvextSql	sql;

	pvext_sql_init(&sql);
	if (step)
	{
		sql.params = step->params;
		appendStringInfo(&sql.text, "%s UNION ALL ", step->few.sql);
	}
	appendStringInfoString(&sql.text, "SELECT * FROM (SELECT ");
	append_state(plan, &sql, targets, removal, false);
	appendStringInfoString(&sql.text, " AS dirty, ");
	append_state(plan, &sql, targets, removal, true);
	appendStringInfoString(&sql.text, " AS held, ");
	append_until(plan, &sql, targets, removal);
	appendStringInfo(&sql.text, " AS until FROM %s AS r WHERE ", table->sql_name);
	append_rows(plan, &sql, targets, removal);
	appendStringInfo(&sql.text, " AND (r.xmin <> $%d OR ", pvext_sql_param(&sql, &plan->own_xid));
	append_state(plan, &sql, targets, removal, false);
	appendStringInfoString(&sql.text, " OR ");
	append_state(plan, &sql, targets, removal, true);
	appendStringInfoString(&sql.text, ") FOR UPDATE) AS r");
	if (step == NULL)
		plan->checks = lappend(plan->checks, pvext_sql_step(&sql, table));
	else
	{
		step->params = sql.params;
		step->few = pvext_statement(sql.text.data);
	}
}

/* Let each query that verifies give one row: rows dirty, rows held, held until. */
void
pvext_finish_checks(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->checks)
	{
		PvextStep  *step = lfirst(lc);

		step->few = step->many =
			pvext_statement(psprintf("SELECT count(*) FILTER (WHERE dirty), count(*) FILTER (WHERE held), max(until)"
									 " FROM (%s) AS r", step->few.sql));
	}
}

/* SQL: what the column's value becomes, its parameters added to the statement's. */
char *
pvext_target_value(PvextTarget *target, PvextSql *sql)
{
	return pvext_strategy_value(&target->column->strategy, target_params(target, sql, true));
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
		pvext_append_need(&sql, target, false);
	}
	appendStringInfoString(&sql.text, also);
	return pvext_sql_step(&sql, target->table);
}

/*
 * The query that unlinks the large objects that a column's values refer to, before the
 * values go; as the table's owner, who must own them.  NULL for other columns, and where
 * a trigger of contrib's lo does it.
 */
PvextStep *
pvext_build_unlink(PvextTarget *target)
{
	PvextPlan  *plan = target->plan;
	const char *column = quote_identifier(target->column->name);
	PvextSql	sql;

	if (getBaseType(target->column->strategy.type) != OIDOID ||
		pvext_has_trigger_of(target->table->relid, "lo_manage"))
		return NULL;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT count(lo_unlink(v.id)) FROM (SELECT DISTINCT CAST(r.%s AS oid) AS id"
					 " FROM %s AS r WHERE ", column, target->table->sql_name);
	pvext_append_match(plan, &sql, target->set);
	appendStringInfoString(&sql.text, " AND ");
	pvext_append_need(&sql, target, false);
	appendStringInfo(&sql.text, " AND r.%s IS NOT NULL) AS v"
					 " WHERE EXISTS (SELECT FROM pg_largeobject_metadata AS m WHERE m.oid = v.id)", column);
	return pvext_sql_step(&sql, target->table);
}

/*
 * The query of the rows in which a column, or of which the rows, are kept: their
 * primary keys as texts or, where the table has none, whether there are any.
 */
PvextStep *
pvext_build_held(PvextPlan *plan, PvextTarget *target, PvextRemoval *removal)
{
	PvextTable *table = target ? target->table : removal->table;
	List	   *key = pvext_primary_key(table->relid);
	PvextSql	sql;
	ListCell   *lc;

	pvext_sql_init(&sql);
	appendStringInfoString(&sql.text, "SELECT");
	foreach(lc, key)
		appendStringInfo(&sql.text, "%s CAST(r.%s AS text)", lc == list_head(key) ? "" : ",",
						 quote_identifier(lfirst(lc)));
	appendStringInfo(&sql.text, " FROM %s AS r WHERE ", table->sql_name);
	pvext_append_match(plan, &sql, target ? target->set : removal->set);
	if (target)
	{
		appendStringInfoString(&sql.text, " AND ");
		pvext_append_need(&sql, target, true);
	}
	else
		pvext_append_kept(&sql, removal->until, removal->others, true);
	appendStringInfoString(&sql.text, key == NIL ? " LIMIT 1" : "");
	return pvext_sql_step(&sql, table);
}

/*
 * The query of what is to be previewed: rows that are due, those that are kept and until
 * when rules keep them, and how many are kept for others.
 */
static PvextStep *
build_preview(PvextPlan *plan, PvextTable *table, PvextTarget *target, PvextRemoval *removal)
{
	char	   *until = target ? target->until : removal->until;
	List	   *others = target ? target->others : removal->others;
	PvextSql	sql;

	pvext_sql_init(&sql);
	appendStringInfoString(&sql.text, "SELECT count(*) FILTER (WHERE true");
	pvext_append_kept(&sql, until, others, false);
	appendStringInfoString(&sql.text, "), count(*) FILTER (WHERE ");
	appendStringInfoString(&sql.text, until || others ? "true" : "false");
	pvext_append_kept(&sql, until, others, true);
	appendStringInfo(&sql.text, "), max(%s), count(*) FILTER (WHERE ",
					 until ? until : "CAST(NULL AS timestamptz)");
	if (others)
		pvext_append_others(&sql, others);
	else
		appendStringInfoString(&sql.text, "false");
	appendStringInfo(&sql.text, ") FROM %s AS r WHERE ", table->sql_name);
	pvext_append_match(plan, &sql, target ? target->set : removal->set);
	if (target)
	{
		appendStringInfoString(&sql.text, " AND ");
		pvext_append_test(&sql, target);
	}
	return pvext_sql_step(&sql, table);
}

/* The query of the digests of texts that have lost what identifies the subject. */
static PvextStep *
build_digest(PvextTarget *target)
{
	PvextSql	sql;
	char	   *column = psprintf("r.%s", quote_identifier(target->column->name));

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT DISTINCT %s FROM %s AS r WHERE ",
					 pvext_redact_digest(column), target->table->sql_name);
	pvext_append_match(target->plan, &sql, target->set);
	appendStringInfo(&sql.text, " AND %s IS NOT NULL", column);
	pvext_append_kept(&sql, target->until, target->others, false);
	return pvext_sql_step(&sql, target->table);
}

/* The queries of single columns: previews, and what strategies work from. */
void
pvext_build_columns(PvextPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		const char *column = quote_identifier(target->column->name);
		const char *text = psprintf("DISTINCT CAST(r.%s AS text) COLLATE \"C\"", column);

		if (target->column->strategy.made_in_c && !target->column->leads)
			target->gather = pvext_build_column(target, text, true, "");
		target->unlink = pvext_build_unlink(target);
		if (plan->redacts && strcmp(target->column->category, "identifying") == 0)
			target->identify = pvext_build_column(target, text, false,
											psprintf(" AND r.%s IS NOT NULL", column));
		if (target->column->strategy.kind == PVEXT_REDACT)
		{
			target->rewritten = pvext_build_rewritten(target);
			target->digest = build_digest(target);
		}
		target->preview = build_preview(plan, target->table, target, NULL);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		removal->preview = build_preview(plan, removal->table, NULL, removal);
	}
}

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

/* The statements that find the subjects' own rows, in key order. */
void
pvext_build_locks(PvextPlan *plan)
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
	plan->look_one = pvext_statement(psprintf("SELECT CAST(1 AS bigint), %s FROM %s AS r WHERE %s%s",
											  columns.data, subject->sql_name,
											  pvext_key_match_sql(subject, "$%d", 1), where.data));
	plan->lock_one = pvext_statement(psprintf("%s FOR UPDATE", plan->look_one.sql));
	plan->key_one = pvext_statement(psprintf("SELECT CAST(1 AS bigint), %s FROM %s", columns.data,
											 row_of_key_sql(plan)));
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
		plan->look_many =
			pvext_statement(psprintf("SELECT k.n, %s FROM unnest(%s) WITH ORDINALITY AS k(%sn)"
									 " JOIN %s AS r ON %s WHERE true%s ORDER BY %s",
									 columns.data, keys.data, names.data, subject->sql_name,
									 pvext_key_match_sql(subject, "k.k%d", 1), where.data, order.data));
		plan->lock_many = pvext_statement(psprintf("%s FOR UPDATE OF r", plan->look_many.sql));
	}
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

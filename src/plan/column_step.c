/*
 * column_step.c
 *		A plan's queries of single columns: what is previewed, and what values are made from.
 */
#include "postgres.h"
#include "base/message.h"

#include "catalog/pg_type.h"
#include "map/link_match.h"
#include "plan/column_step.h"
#include "plan/condition.h"
#include "plan/many_texts.h"
#include "plan/row_set.h"
#include "strategy/free_text.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

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

/*
 * The query of the texts that are about to be rewritten: their digests before and after.
 * NULL where the rows are one person's.
 */
static PvextStep *
build_rewritten(PvextTarget *target)
{
	PvextSql	sql;
	char	   *column = psprintf("r.%s", quote_identifier(target->column->name));

	if (!pvext_may_be_several(target->table))
		return NULL;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT DISTINCT %s, ", pvext_redact_digest(column));
	appendStringInfo(&sql.text, "%s FROM %s AS r WHERE ",
					 pvext_redact_digest(pvext_target_value(target, &sql)),
					 target->table->sql_name);
	pvext_append_match(target->plan, &sql, target->set);
	appendStringInfoString(&sql.text, " AND ");
	pvext_append_need(&sql, target, false);
	return pvext_sql_step(&sql, target->table);
}

/* The query of the values by which texts name the subject, also where others have them, too. */
static PvextStep *
build_identify(PvextTarget *target, const char *text, const char *column)
{
	PvextTarget all = *target;

	if (target->mentioned && target->mentioned->productive)
		all.set = target->mentioned;
	return pvext_build_column(&all, text, false, psprintf(" AND r.%s IS DISTINCT FROM NULL", column));
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
			target->identify = plan->together ? pvext_build_values_of(target) : build_identify(target, text, column);
		if (target->column->strategy.kind == PVEXT_REDACT)
		{
			target->rewritten = build_rewritten(target);
			target->digest = plan->together ? pvext_build_digests_of(target) : build_digest(target);
		}
		target->preview = build_preview(plan, target->table, target, NULL);
	}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);

		removal->preview = build_preview(plan, removal->table, NULL, removal);
	}
}

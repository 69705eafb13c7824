/*
 * many_texts.c
 *		Taking texts from many subjects at once.
 *
 * What a text loses are the values of those whom it is about, and of nobody else.  So a plan
 * of many says of each text whose it is, in the statements that rewrite and verify it: by a
 * subquery that goes from the row up to the subjects' own, as the set's arms have it.  Which
 * values these have, and which of their texts have been looked at, is read by their numbers.
 *
 * Where a value is of several subjects, or whose a row is changes meanwhile, each is erased
 * by himself: what he is looked for by, and in what, depends on who went before him.
 *
 * What is left of a text that was about two of them may make a value of the one who was taken
 * out first.  Verification, which comes when all are out, finds it, and another pass takes it;
 * of subjects who go one by one nobody would look any more.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "map/key.h"
#include "map/link_match.h"
#include "plan/condition.h"
#include "plan/many_texts.h"
#include "plan/subject_step.h"
#include "plan/told_apart.h"
#include "strategy/free_text.h"
#include "utils/builtins.h"

/* Do values go of a column that says whose a row of the link's table is? */
static bool
is_emptied(PvextPlan *plan, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table == link->table && pvext_has_name(link->columns, target->column->name))
			return true;
	}
	return false;
}

/* Do the ways say at any time whose a row is; with alone, that it is one subject's? */
static bool
are_plain(PvextPlan *plan, List *ways, bool alone)
{
	ListCell   *lc;
	ListCell   *cell;

	if (ways == NIL || (alone && list_length(ways) > 1) || !pvext_are_joined(plan, ways))
		return false;
	foreach(lc, ways)
		foreach(cell, (List *) lfirst(lc))
		{
			PvextLink  *link = lfirst(cell);

			if (link->value || link->shared || (alone && link->elements) || is_emptied(plan, link))
				return false;
		}
	return true;
}

/* Is it a column of which texts lose what identifies the subject? */
static bool
is_text(PvextTarget *target)
{
	return target->column->strategy.kind == PVEXT_REDACT;
}

/*
 * Can texts be taken from many subjects of the plan at once, one of which nothing is
 * blocked?  Of one in which nobody is held.
 */
bool
pvext_can_redact_many(PvextPlan *plan)
{
	ListCell   *lc;

	/* Without a foreign key rows may come meanwhile, whose texts go as a whole then. */
	if (pvext_is_entangled(plan) || plan->unenforced)
		return false;
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		bool		identifies = strcmp(target->column->category, "identifying") == 0;

		if (!is_text(target) && !identifies)
			continue;
		if (target->mentioned || (is_text(target) && (target->until || !target->all_goes.isnull)) ||
			!are_plain(plan, pvext_ways_of(plan, target->set), identifies))
			return false;
	}
	return true;
}

/* SQL over r, a query: the key of the subject to whom it belongs by a way. */
static char *
owner_sql(PvextPlan *plan, List *way)
{
	PvextTable *subject = plan->subject;
	StringInfoData from;
	StringInfoData where;

	if (way == NIL)
		return psprintf("SELECT %s", pvext_key_sql(subject));
	initStringInfo(&from);
	initStringInfo(&where);
	appendStringInfo(&from, "(SELECT r.*, %s AS pvext_key FROM %s AS r) AS o", pvext_key_sql(subject),
					 subject->sql_name);
	appendStringInfoString(&where, "true");
	pvext_append_path(&from, &where, way, "r", "o", "l");
	return psprintf("SELECT o.pvext_key FROM %s WHERE %s", from.data, where.data);
}

/* Let the statements that are built of a plan of many say whose a text is. */
void
pvext_add_whose(PvextPlan *plan)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		StringInfoData sql;

		if (!is_text(target))
			continue;
		initStringInfo(&sql);
		foreach(cell, pvext_ways_of(plan, target->set))
			appendStringInfo(&sql, "%s%s", sql.len > 0 ? " UNION ALL " : "", owner_sql(plan, lfirst(cell)));
		target->whose = psprintf("ARRAY(%s)", sql.data);
	}
}

/* The query of what is in the rows of a set, each with the number of a subject that it belongs to. */
static PvextStep *
build_numbered(PvextTarget *target, const char *what, bool kept)
{
	PvextPlan  *plan = target->plan;
	const char *column = quote_identifier(target->column->name);
	PvextSql	sql;
	ListCell   *lc;
	bool		any = false;

	pvext_sql_init(&sql);
	pvext_number_subjects(plan, &sql);
	foreach(lc, pvext_ways_of(plan, target->set))
	{
		List	   *way = lfirst(lc);
		StringInfoData from;
		StringInfoData where;

		initStringInfo(&from);
		initStringInfo(&where);
		appendStringInfo(&where, "r.%s IS DISTINCT FROM NULL", column);
		if (way != NIL)
		{
			appendStringInfo(&from, ", %s AS r", target->table->sql_name);
			pvext_append_path(&from, &where, way, "r", "o", "l");
		}
		appendStringInfo(&sql.text, "%sSELECT DISTINCT k.n, %s FROM ", any ? " UNION " : "", what);
		pvext_append_numbered(plan, &sql, way == NIL ? "r" : "o");
		appendStringInfo(&sql.text, "%s WHERE %s", from.data, where.data);
		if (kept)
			pvext_append_kept(&sql, target->until, target->others, false);
		any = true;
	}
	return pvext_sql_step(&sql, plan->subject);
}

/* The query of the values by which texts name the subjects, with their numbers. */
PvextStep *
pvext_build_values_of(PvextTarget *target)
{
	return build_numbered(target, psprintf("CAST(r.%s AS text) COLLATE \"C\"",
										   quote_identifier(target->column->name)), false);
}

/* The query of the digests of texts that have lost what identifies the subjects, with their numbers. */
PvextStep *
pvext_build_digests_of(PvextTarget *target)
{
	return build_numbered(target, pvext_redact_digest(psprintf("r.%s", quote_identifier(target->column->name))), true);
}

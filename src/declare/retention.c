/*
 * retention.c
 *		How long columns are kept.
 *
 * A rule keeps the columns of a row for some time after a moment, its clock,
 * that an expression finds from the row, or from the rows of another table to
 * which links lead from it (clock_way.c).  Who takes or keeps rows asks until when (rule.c), and nothing else.
 *
 * The law counts in local days: the clock is kept as a timestamp local to the
 * rule's time zone (clock.c), and only the end is a timestamptz.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/expression.h"
#include "base/index.h"
#include "base/relation.h"
#include "catalog/pg_type.h"
#include "declare/clock_way.h"
#include "declare/replica_identity.h"
#include "declare/undeclare.h"
#include "fmgr.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "miscadmin.h"
#include "optimizer/clauses.h"
#include "rule/cascade.h"
#include "rule/clock.h"
#include "rule/clock_row.h"
#include "rule/rule.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* Rows to try a rule on where each of them may cost the reading of a table. */
#define SLOW_TRIAL_ROWS 10

/* What pv.declare_retention() was given and made of it. */
typedef struct Declaration
{
	Oid			relid;
	Oid			over;			/* or InvalidOid */
	Oid			through;		/* or InvalidOid */
	char	   *action;
	char	   *after;			/* as given */
	char	   *otherwise;		/* as given, or NULL */
	char	   *condition;		/* as given, or NULL */
	Oid			after_type;
	Oid			otherwise_type;
	PvextRule	rule;
} Declaration;

PG_FUNCTION_INFO_V1(pvext_declare_retention);
PG_FUNCTION_INFO_V1(pvext_undeclare_retention);

/* Rules are about columns of the relation. */
static void
check_columns(Oid relid, List *columns)
{
	ListCell   *lc;

	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the list of columns is empty"),
				 errhint("Leave it out for all personal columns.")));
	foreach(lc, columns)
		(void) pvext_column(relid, lfirst(lc), NULL, NULL);
}

/* The tables that the clock reads, and goes up to. */
static void
read_tables(FunctionCallInfo fcinfo, Declaration *d)
{
	d->over = pvext_relation_arg(fcinfo, 8, "over");
	d->through = pvext_relation_arg(fcinfo, 12, "through");
	if (OidIsValid(d->through) && !OidIsValid(d->over))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("through says how the clock gets to another table's rows, and over does not name any"),
				 errhint("Pass over, too, or leave through out.")));
	if (OidIsValid(d->over))
	{
		pvext_check_table(d->over);
		pvext_check_expression_owner(d->over);
	}
	if (OidIsValid(d->through))
	{
		pvext_check_table(d->through);
		pvext_check_expression_owner(d->through);
	}
}

/* Read and check what can be checked without a statement. */
static void
read_declaration(FunctionCallInfo fcinfo, Declaration *d)
{
	static const char *const names[] = {"relation", "name", "keep", "after", "basis",
	NULL, "mandatory", "action"};
	Interval	zero = {0};

	for (int i = 0; i < lengthof(names); i++)
		if (names[i])
			pvext_require_arg(fcinfo, i, names[i]);
	d->relid = PG_GETARG_OID(0);
	d->rule.name = pvext_required_text(fcinfo, 1, "name");
	d->after = pvext_required_text(fcinfo, 3, "after");
	d->rule.basis = pvext_required_text(fcinfo, 4, "basis");
	d->rule.mandatory = PG_GETARG_BOOL(6);
	d->action = text_to_cstring(PG_GETARG_TEXT_PP(7));
	if (!PG_ARGISNULL(9))
		d->otherwise = pvext_required_text(fcinfo, 9, "otherwise");
	if (!PG_ARGISNULL(11))
		d->condition = pvext_required_text(fcinfo, 11, "condition");
	if (!PG_ARGISNULL(10))
		d->rule.time_zone = pvext_check_time_zone(text_to_cstring(PG_GETARG_TEXT_PP(10)));

	pvext_check_table(d->relid);
	pvext_check_expression_owner(d->relid);
	read_tables(fcinfo, d);
	if (!PG_ARGISNULL(5))
	{
		d->rule.columns = pvext_names_arg(fcinfo, 5);
		check_columns(d->relid, d->rule.columns);
	}
	if (DatumGetBool(DirectFunctionCall2(interval_lt, PG_GETARG_DATUM(2),
										 IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the time to keep is negative"),
				 errhint("Pass the time that passes after the moment, such as interval '5 years'.")));
	if (strcmp(d->action, "anonymise") != 0 && strcmp(d->action, "delete") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("action \"%s\" is not known", d->action),
				 errhint("The actions are anonymise and delete.")));
}

/* Bind the clocks and the condition, under the caller's search_path. */
static void
bind_expressions(Declaration *d)
{
	Oid			clock = OidIsValid(d->over) ? d->over : d->relid;

	if (d->condition)
		d->rule.condition = pvext_bind(d->relid, get_rel_name(d->relid), d->condition, BOOLOID,
									   PVEXT_EXPR_STABLE, "the condition of the rule", NULL);
	d->rule.after = pvext_bind(clock, get_rel_name(clock), d->after, InvalidOid,
							   PVEXT_EXPR_STABLE |
							   (OidIsValid(d->over) ? PVEXT_EXPR_AGGREGATE | PVEXT_EXPR_ROW : 0),
							   "the clock", &d->after_type);
	pvext_check_clock_type(d->after_type, "the clock");
	if (d->otherwise)
	{
		d->rule.otherwise = pvext_bind(d->relid, get_rel_name(d->relid), d->otherwise,
									   InvalidOid, PVEXT_EXPR_STABLE,
									   "the other clock", &d->otherwise_type);
		pvext_check_clock_type(d->otherwise_type, "the other clock");
	}
}

/* Must a large table be read for each row, to get from rows of one to those of the other? */
static bool
is_slow(PvextTable *from, PvextTable *to)
{
	List	   *paths = pvext_paths(from, to);
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, paths)
	{
		List	   *path = lfirst(lc);

		if (list_length(paths) > 1 && list_length(path) > 1)
			return true;
		foreach(cell, path)
		{
			PvextLink  *link = lfirst(cell);

			if (!pvext_is_indexed(pvext_link_search(link)))
				return true;
		}
	}
	return false;
}

/*
 * The rows a rule may be tried on without reading a large table many times: going down, an
 * index is missing, or can't be used for several ways of more than one link.
 */
static int
trial_rows(PvextTable *table, PvextRule *rule)
{
	PvextTable *top = pvext_clock_top(table, rule);

	return rule->over && rule->over != top && is_slow(rule->over, top) ?
		SLOW_TRIAL_ROWS : PVEXT_TRIAL_ROWS;
}

/*
 * Make the clock, bound, one over a row, what it says of several: the last of their moments,
 * or none where one of them has none.  Raises where it is to be an aggregate.
 */
static void
complete_clock(Declaration *d)
{
	if (contain_agg_clause(pvext_parse_bound(d->over, d->rule.after)))
		d->rule.after = pvext_localise(d->over, d->rule.after, d->after_type, d->rule.time_zone);
	else if (d->rule.over == d->rule.through)
	{
		char	   *moment = pvext_localise(d->over, d->rule.after, d->after_type, d->rule.time_zone);

		d->rule.after = psprintf("CASE WHEN bool_and((%s) IS NOT NULL) THEN max(%s) ELSE NULL END",
								 moment, moment);
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_GROUPING_ERROR),
				 errmsg("the clock is not an aggregate"),
				 errhint("Write it over the rows of the other table, such as max(issued_on).")));
}

/* Find the rule's tables in the map, make its clocks local, and try it. */
static PvextTable *
complete_rule(Declaration *d)
{
	PvextMap   *map;
	PvextTable *table;

	(void) pvext_register_relation(d->relid);
	map = pvext_map();
	table = pvext_map_table(map, d->relid);
	if (table == NULL)
		elog(ERROR, "relation %u is missing in the data map", d->relid);
	if (OidIsValid(d->over))
		pvext_find_way(map, table, d->over, d->through, &d->rule);
	if (strcmp(d->action, "delete") == 0)
		(void) pvext_children_of_rows(map, table);
	if (d->rule.time_zone == NULL)
		d->rule.time_zone = pvext_database_time_zone();
	d->rule.owner = GetUserNameFromId(table->owner, false);
	if (d->rule.over)
		complete_clock(d);
	else
		d->rule.after = pvext_localise(d->relid, d->rule.after, d->after_type, d->rule.time_zone);
	if (d->rule.otherwise)
		d->rule.otherwise = pvext_localise(d->relid, d->rule.otherwise, d->otherwise_type,
									 d->rule.time_zone);
	pvext_try_expression(table->owner, table->sql_name, pvext_rule_until(table, &d->rule),
						 trial_rows(table, &d->rule), "the retention rule");
	return table;
}

/* Keep it; what it replaces is proposed again. */
static void
store(PvextArgs *args)
{
	(void) pvext_own("WITH old AS (SELECT * FROM pv.declared_retention WHERE relation_id = $1 AND name = $2)"
					 " INSERT INTO pv.declared_retention AS n"
					 " (relation_id, name, keep, after, after_bound, basis, columns, mandatory,"
					 " action, over_id, otherwise, otherwise_bound, time_zone, owner, condition,"
					 " condition_bound, through_id)"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
					 " ON CONFLICT (relation_id, name) DO UPDATE SET"
					 " (keep, after, after_bound, basis, columns, mandatory, action, over_id,"
					 " otherwise, otherwise_bound, time_zone, owner, condition, condition_bound, through_id, state)"
					 " = (excluded.keep, excluded.after, excluded.after_bound, excluded.basis,"
					 " excluded.columns, excluded.mandatory, excluded.action, excluded.over_id,"
					 " excluded.otherwise, excluded.otherwise_bound, excluded.time_zone,"
					 " excluded.owner, excluded.condition, excluded.condition_bound, excluded.through_id, 'proposed')"
					 " RETURNING (SELECT (o.keep, o.after, o.basis, o.columns, o.mandatory, o.action,"
					 "   o.over_id, o.otherwise, o.time_zone, o.condition, o.through_id)"
					 "  IS DISTINCT FROM (n.keep, n.after, n.basis, n.columns, n.mandatory, n.action,"
					 "   n.over_id, n.otherwise, n.time_zone, n.condition, n.through_id) FROM old AS o)", args);
}

/*
 * pv.declare_retention(relation, name, keep, after, basis, columns, mandatory, action,
 * over, otherwise, time_zone, condition, through): declare until when rows or columns are kept, or change it.
 */
Datum
pvext_declare_retention(PG_FUNCTION_ARGS)
{
	Declaration d = {0};
	PvextScope	scope;
	PvextArgs	args = {0};
	PvextTable *table;

	read_declaration(fcinfo, &d);
	bind_expressions(&d);

	pvext_enter(&scope);
	d.rule.keep = DatumGetCString(DirectFunctionCall1(interval_out, PG_GETARG_DATUM(2)));
	table = complete_rule(&d);

	pvext_arg_int4(&args, table->id);
	pvext_arg_text(&args, d.rule.name);
	pvext_arg(&args, INTERVALOID, PG_GETARG_DATUM(2), false);
	pvext_arg_text(&args, d.after);
	pvext_arg_text(&args, d.rule.after);
	pvext_arg_text(&args, d.rule.basis);
	pvext_arg_names(&args, d.rule.columns, d.rule.columns == NIL);
	pvext_arg_bool(&args, d.rule.mandatory);
	pvext_arg_text(&args, d.action);
	pvext_arg(&args, INT4OID, Int32GetDatum(d.rule.over ? d.rule.over->id : 0),
			  d.rule.over == NULL);
	pvext_arg_text(&args, d.otherwise);
	pvext_arg_text(&args, d.rule.otherwise);
	pvext_arg_text(&args, d.rule.time_zone);
	pvext_arg_name(&args, d.rule.owner);
	pvext_arg_text(&args, d.condition);
	pvext_arg_text(&args, d.rule.condition);
	pvext_arg(&args, INT4OID, Int32GetDatum(d.rule.through ? d.rule.through->id : 0),
			  d.rule.through == NULL);
	store(&args);
	pvext_note_replaced(psprintf("retention rule \"%s\" of %s", d.rule.name, table->sql_name));
	pvext_warn_of_replica(table->id);
	pvext_record_event(psprintf("declare_retention(%s, %s)", table->sql_name, d.rule.name),
					   NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}
/* pv.undeclare_retention(relation, name): take a rule away. */
Datum
pvext_undeclare_retention(PG_FUNCTION_ARGS)
{
	if (!pvext_undeclare_by_name(fcinfo, "DELETE FROM pv.declared_retention WHERE relation_id = $1 AND name = $2",
								 "undeclare_retention"))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("retention rule \"%s\" of %s is not declared", text_to_cstring(PG_GETARG_TEXT_PP(1)),
						pvext_relation_name(PG_GETARG_OID(0))),
				 errhint("The view pv.retention shows what is.")));
	PG_RETURN_VOID();
}

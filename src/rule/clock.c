/*
 * clock.c
 *		The moments from which retention rules count.
 *
 * A clock is kept as an expression of type timestamp, local to the rule's time
 * zone.  Functions, casts and operators to which the session's time zone would
 * matter are rewritten, when the rule is declared, to use the rule's.  What is
 * not rewritten (a comparison of a date with a timestamptz, a function of the
 * user's) sees UTC, as pvext's statements run under it.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/compat.h"
#include "base/expression.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_func.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "pgtime.h"
#include "rule/clock.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Where a clock's timestamptz values are read. */
typedef struct LocalTime
{
	const char *zone;
	Oid			year_end;		/* pv.accounting_year_end(timestamptz, int) */
	Oid			local_year_end; /* pv.accounting_year_end(timestamp, int) */
} LocalTime;

PG_FUNCTION_INFO_V1(pvext_accounting_year_end);

/* A call, or what is written like one (AT TIME ZONE), of a pg_catalog function. */
static Node *
call(Oid function, Oid type, List *args, CoercionForm form)
{
	return (Node *) makeFuncExpr(function, type, args, InvalidOid,
								 DEFAULT_COLLATION_OID, form);
}

/* The name of the zone as a constant. */
static Node *
zone_constant(LocalTime *local)
{
	return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
							  CStringGetTextDatum(local->zone), false, false);
}

/* A timestamptz as a local timestamp. */
static Node *
to_local(LocalTime *local, Node *arg)
{
	return call(F_TIMEZONE_TEXT_TIMESTAMPTZ, TIMESTAMPOID,
				list_make2(zone_constant(local), arg), COERCE_SQL_SYNTAX);
}

/* A local timestamp as a timestamptz. */
static Node *
from_local(LocalTime *local, Node *arg)
{
	return call(F_TIMEZONE_TEXT_TIMESTAMP, TIMESTAMPTZOID,
				list_make2(zone_constant(local), arg), COERCE_SQL_SYNTAX);
}

/*
 * The function that does to a timestamp what another, to which the session's
 * time zone matters, does to a timestamptz.
 */
static Oid
local_function(LocalTime *local, Oid function)
{
	static const struct
	{
		Oid			function;
		Oid			local;
	}			pairs[] =
	{
		{F_DATE_TIMESTAMPTZ, F_DATE_TIMESTAMP},
		{F_TIME_TIMESTAMPTZ, F_TIME_TIMESTAMP},
		{F_EXTRACT_TEXT_TIMESTAMPTZ, F_EXTRACT_TEXT_TIMESTAMP},
		{F_DATE_PART_TEXT_TIMESTAMPTZ, F_DATE_PART_TEXT_TIMESTAMP},
		{F_TO_CHAR_TIMESTAMPTZ_TEXT, F_TO_CHAR_TIMESTAMP_TEXT},
	};

	for (int i = 0; i < lengthof(pairs); i++)
		if (pairs[i].function == function)
			return pairs[i].local;
	return function == local->year_end ? local->local_year_end : InvalidOid;
}

/* The same function call, over local times. */
static Node *
localise_call(LocalTime *local, FuncExpr *expr)
{
	Oid			function = local_function(local, expr->funcid);
	ListCell   *lc;

	switch (expr->funcid)
	{
		case F_TIMESTAMP_TIMESTAMPTZ:
			return to_local(local, linitial(expr->args));
		case F_TIMESTAMPTZ_TIMESTAMP:
			return from_local(local, linitial(expr->args));
		case F_TIMESTAMPTZ_DATE:
			return from_local(local, call(F_TIMESTAMP_DATE, TIMESTAMPOID,
										  expr->args, COERCE_EXPLICIT_CAST));
		case F_DATE_TRUNC_TEXT_TIMESTAMPTZ:
			return call(F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT, TIMESTAMPTZOID,
						lappend(expr->args, zone_constant(local)),
						COERCE_EXPLICIT_CALL);
	}
	if (!OidIsValid(function))
		return (Node *) expr;
	expr->funcid = function;
	foreach(lc, expr->args)
	{
		Node	   *arg = lfirst(lc);

		if (exprType(arg) != TIMESTAMPTZOID)
			continue;
		if (IsA(arg, NamedArgExpr))
			((NamedArgExpr *) arg)->arg = (Expr *)
				to_local(local, (Node *) ((NamedArgExpr *) arg)->arg);
		else
			lfirst(lc) = to_local(local, arg);
	}
	return (Node *) expr;
}

/* timestamptz + interval and - interval, whose days and months are local. */
static Node *
localise_operator(LocalTime *local, OpExpr *expr)
{
	Oid			function;

	set_opfuncid(expr);
	if (expr->opfuncid == F_TIMESTAMPTZ_PL_INTERVAL)
		function = F_TIMESTAMP_PL_INTERVAL;
	else if (expr->opfuncid == F_TIMESTAMPTZ_MI_INTERVAL)
		function = F_TIMESTAMP_MI_INTERVAL;
	else
		return (Node *) expr;
	return from_local(local, call(function, TIMESTAMPOID,
								  list_make2(to_local(local, linitial(expr->args)),
											 lsecond(expr->args)),
								  COERCE_EXPLICIT_CALL));
}

/* From the innermost on, so that what is around a call goes by what has become of it. */
static Node *
localise_mutator(Node *node, void *local)
{
	Node	   *copy;

	if (node == NULL)
		return NULL;
	copy = expression_tree_mutator(node, localise_mutator, local);
	if (IsA(copy, FuncExpr))
		return localise_call(local, (FuncExpr *) copy);
	if (IsA(copy, OpExpr))
		return localise_operator(local, (OpExpr *) copy);
	return copy;
}

/* pv.accounting_year_end() over a date, timestamp or timestamptz. */
Oid
pvext_year_end_function(Oid type)
{
	Oid			types[2] = {type, INT4OID};

	return LookupFuncName(list_make2(makeString("pv"), makeString("accounting_year_end")),
						  2, types, false);
}

/*
 * A bound expression over row r, analyzed.  Between pvext_enter() and pvext_leave(), as the text
 * is bound for the search_path pinned there.
 */
Node *
pvext_parse_bound(Oid relid, const char *bound)
{
	ParseState *pstate = make_parsestate(NULL);
	Relation	rel = table_open(relid, AccessShareLock);
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(bound, RAW_PARSE_PLPGSQL_EXPR));
	ResTarget  *target = linitial(castNode(SelectStmt, raw->stmt)->targetList);
	PvextUser	back;
	Node	   *expr;

	addNSItemToQuery(pstate,
					 addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
												   makeAlias(PVEXT_ROW, NIL), false, true),
					 false, true, true);

	/* To analyze it may run code of the owner's: see spi.c. */
	pvext_switch_user(RelationGetForm(rel)->relowner, &back);
	expr = transformExpr(pstate, target->val, EXPR_KIND_SELECT_TARGET);
	assign_expr_collations(pstate, expr);
	pvext_restore_user(&back);
	table_close(rel, NoLock);
	return expr;
}

/* A bound clock as a local timestamp of the zone; as pvext_parse_bound(). */
char *
pvext_localise(Oid relid, const char *bound, Oid type, const char *zone)
{
	LocalTime	local = {zone, pvext_year_end_function(TIMESTAMPTZOID),
	pvext_year_end_function(TIMESTAMPOID)};
	char	   *text = pvext_deparse(relid, localise_mutator(pvext_parse_bound(relid, bound), &local),
									 true);

	if (getBaseType(type) == TIMESTAMPTZOID)
		return psprintf("timezone(%s, %s)", quote_literal_cstr(zone), text);
	return psprintf("CAST(%s AS timestamp)", text);
}

/* The proper name of a time zone. */
char *
pvext_check_time_zone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is not known", name),
				 errhint("Use a name that the view pg_timezone_names shows, such as Europe/Oslo.")));
	return pstrdup(pg_get_timezone_name(zone));
}

/*
 * The time zone that the server's files set.  They are read when this backend asks first
 * after they were loaded, not by each call.
 */
static const char *
server_time_zone(void)
{
	static char *zone = NULL;
	static TimestampTz loaded = 0;
	char	   *found = NULL;

	if (zone && loaded == PgReloadTime)
		return zone;
	if (pvext_own("SELECT setting FROM pg_file_settings"
				  " WHERE lower(name) = 'timezone' AND applied ORDER BY seqno DESC LIMIT 1",
				  NULL) > 0)
		found = pvext_value(0, 1);
	found = MemoryContextStrdup(TopMemoryContext, found ? found : "GMT");
	if (zone)
		pfree(zone);
	zone = found;
	loaded = PgReloadTime;
	return zone;
}

/*
 * The time zone that the database gives to sessions, not what this one has set.  Between
 * pvext_enter() and pvext_leave().
 */
char *
pvext_database_time_zone(void)
{
	static PvextStatement find = {
		"SELECT substr(c, strpos(c, '=') + 1)"
		" FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c"
		" WHERE s.setrole = 0 AND lower(split_part(c, '=', 1)) = 'timezone'"
		" AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d"
		" WHERE d.datname = current_database()))"
		" ORDER BY s.setdatabase DESC LIMIT 1", NULL
	};

	if (pvext_own_kept(&find, NULL) > 0)
		return pvext_check_time_zone(pvext_value(0, 1));
	return pvext_check_time_zone(server_time_zone());
}

/* A clock is a date or a time; what names it in messages. */
void
pvext_check_clock_type(Oid type, const char *what)
{
	type = getBaseType(type);
	if (type != DATEOID && type != TIMESTAMPOID && type != TIMESTAMPTZOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s is of type %s, not a date or time", what,
						format_type_be(type)),
				 errhint("Write an expression of type date, timestamp or timestamptz, with a cast if need be.")));
}

/*
 * pv.accounting_year_end(at date, first_month)
 */
Datum
pvext_accounting_year_end(PG_FUNCTION_ARGS)
{
	DateADT		at = PG_GETARG_DATEADT(0);
	int32		first_month = PG_GETARG_INT32(1);
	int			year,
				month,
				day;
	int			end;

	if (first_month < 1 || first_month > MONTHS_PER_YEAR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("month %d does not exist", first_month),
				 errhint("Months are numbered 1 to 12.")));
	if (DATE_NOT_FINITE(at))
		PG_RETURN_DATEADT(at);
	j2date(at + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (month >= first_month)
		year++;
	if (!IS_VALID_JULIAN(year, first_month, 1))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range")));
	end = date2j(year, first_month, 1) - POSTGRES_EPOCH_JDATE - 1;
	if (!IS_VALID_DATE(end))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range")));
	PG_RETURN_DATEADT(end);
}

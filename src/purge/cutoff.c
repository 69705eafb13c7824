/*
 * cutoff.c
 *		Finding expired rows by an index.
 *
 * That a rule has ended is a condition over what its clock makes of a column (its
 * accounting year's end, some days later, five years on), which no index
 * serves.  Here it is turned round: what may the column be at most?  The steps
 * that the clock goes from the column are taken back from now, each to the
 * latest value that could have led there.  The bound may be a day or so too late,
 * as months differ and clocks are put back, but never too early: every
 * statement that goes by it tests the rule's own condition as well.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/expression.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "purge/cutoff.h"
#include "rule/clock.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* A period of months ends up to so many days earlier or later than counted back. */
#define DAYS_AROUND 5

/* Moments nearer than this to where timestamps end are not computed with. */
#define MARGIN (3660 * USECS_PER_DAY)

typedef enum StepKind
{
	TO_DAY,						/* a timestamp's day */
	TO_LOCAL,					/* a timestamptz as local time */
	FROM_LOCAL,					/* local time as a timestamptz */
	TO_YEAR_END,				/* the end of the accounting year */
	LATER						/* some time later */
} StepKind;

/* What the clock does on the way from the column. */
typedef struct Step
{
	StepKind	kind;
	Datum		zone;			/* text */
	int32		first_month;
	Interval   *span;
} Step;

struct PvextCutoff
{
	char	   *sql;			/* over row r */
	char	   *column;			/* its name, where that is all it is */
	List	   *steps;			/* Step, the last one first */
	PvextParam	bound;
};

/* What is taken apart. */
typedef struct Analysis
{
	Oid			year_end;		/* pv.accounting_year_end(date, int) */
	List	   *steps;
} Analysis;

/* A step of the clock, the next one nearer to the column. */
static Step *
add_step(Analysis *analysis, StepKind kind)
{
	Step	   *step = palloc0(sizeof(Step));

	step->kind = kind;
	analysis->steps = lappend(analysis->steps, step);
	return step;
}

/* A constant that is not NULL. */
static bool
is_constant(Node *node)
{
	return node && IsA(node, Const) && !((Const *) node)->constisnull;
}

/* The step of a function call, and what it is a step from. */
static Node *
take_call(Analysis *analysis, FuncExpr *call)
{
	Node	   *first = linitial(call->args);
	Node	   *second = list_length(call->args) > 1 ? lsecond(call->args) : NULL;

	switch (call->funcid)
	{
		case F_TIMESTAMP_DATE:	/* the day's first moment */
			return first;
		case F_DATE_TIMESTAMP:
			(void) add_step(analysis, TO_DAY);
			return first;
		case F_TIMEZONE_TEXT_TIMESTAMPTZ:
		case F_TIMEZONE_TEXT_TIMESTAMP:
			if (!is_constant(first))
				return NULL;
			add_step(analysis, call->funcid == F_TIMEZONE_TEXT_TIMESTAMPTZ ?
					 TO_LOCAL : FROM_LOCAL)->zone = ((Const *) first)->constvalue;
			return second;
		case F_TIMESTAMP_PL_INTERVAL:
			if (!is_constant(second))
				return NULL;
			add_step(analysis, LATER)->span = DatumGetIntervalP(((Const *) second)->constvalue);
			return first;
	}
	if (call->funcid != analysis->year_end || (second && !is_constant(second)))
		return NULL;
	add_step(analysis, TO_YEAR_END)->first_month =
		second ? DatumGetInt32(((Const *) second)->constvalue) : 1;
	return first;
}

/* So many days as an interval. */
static Interval *
days(int32 n)
{
	Interval   *span = palloc0(sizeof(Interval));

	span->day = n;
	return span;
}

/* The step of an operator: so many days, or a period, later or earlier. */
static Node *
take_operator(Analysis *analysis, OpExpr *expr)
{
	Node	   *second = list_length(expr->args) > 1 ? lsecond(expr->args) : NULL;
	Datum		value;
	Interval   *span;

	set_opfuncid(expr);
	if (!is_constant(second))
		return NULL;
	value = ((Const *) second)->constvalue;
	switch (expr->opfuncid)
	{
		case F_DATE_PLI:
			span = days(DatumGetInt32(value));
			break;
		case F_DATE_MII:
			span = days(-DatumGetInt32(value));
			break;
		case F_DATE_PL_INTERVAL:
		case F_TIMESTAMP_PL_INTERVAL:
			span = DatumGetIntervalP(value);
			break;
		case F_DATE_MI_INTERVAL:
		case F_TIMESTAMP_MI_INTERVAL:
			span = DatumGetIntervalP(DirectFunctionCall1(interval_um, value));
			break;
		default:
			return NULL;
	}
	add_step(analysis, LATER)->span = span;
	return linitial(expr->args);
}

/* Take the clock apart as far as its steps are known. */
static Node *
take_apart(Analysis *analysis, Node *node)
{
	for (;;)
	{
		Node	   *inner = NULL;

		if (IsA(node, RelabelType))
			inner = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, FuncExpr) && ((FuncExpr *) node)->args != NIL)
			inner = take_call(analysis, (FuncExpr *) node);
		else if (IsA(node, OpExpr))
			inner = take_operator(analysis, (OpExpr *) node);
		if (inner == NULL)
			return node;
		node = inner;
	}
}

/*
 * What tells by an index which rows of the table a rule may have ended for; NULL
 * where nothing does.  Between pvext_enter() and pvext_leave().
 */
PvextCutoff *
pvext_cutoff(PvextTable *table, PvextRule *rule)
{
	Analysis	analysis = {pvext_year_end_function(DATEOID), NIL};
	PvextCutoff *cutoff;
	Oid			type;
	Node	   *node;
	PvextUser	back;

	if (rule->over || rule->otherwise)
		return NULL;
	add_step(&analysis, LATER)->span =
		DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(rule->keep),
											  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	node = pvext_parse_bound(table->relid, rule->after);
	pvext_switch_user(table->owner, &back);
	node = take_apart(&analysis, eval_const_expressions(NULL, node));
	pvext_restore_user(&back);
	type = getBaseType(exprType(node));
	if ((type != DATEOID && type != TIMESTAMPOID && type != TIMESTAMPTZOID) ||
		!contain_var_clause(node) || contain_mutable_functions(node))
		return NULL;
	cutoff = palloc0(sizeof(PvextCutoff));
	cutoff->sql = pvext_deparse(table->relid, node, true);
	if (IsA(node, Var))
		cutoff->column = get_attname(table->relid, ((Var *) node)->varattno, false);
	cutoff->steps = analysis.steps;
	cutoff->bound.type = type == TIMESTAMPTZOID ? TIMESTAMPTZOID : TIMESTAMPOID;
	return cutoff;
}

/* SQL over row r: what is compared with the bound. */
const char *
pvext_cutoff_sql(PvextCutoff *cutoff)
{
	return cutoff->sql;
}

/* The column whose index would do, where that is all. */
const char *
pvext_cutoff_column(PvextCutoff *cutoff)
{
	return cutoff->column;
}

/* The latest value that it may have, to be set before each statement that takes it. */
PvextParam *
pvext_cutoff_bound(PvextCutoff *cutoff)
{
	return &cutoff->bound;
}

/* The span in microseconds, months having the length that they have on average. */
static double
length_of(Interval *span)
{
	return (span->month * (DAYS_PER_YEAR / MONTHS_PER_YEAR) + span->day) * (double) USECS_PER_DAY +
		span->time;
}

/*
 * A moment not before the last that is not after the limit some time later.  A month's
 * last days have the same day a month later: it is looked for among the days around,
 * at the same time of day.  It may be later on that day, where none leads to the next.
 */
static Timestamp
back(Timestamp limit, Interval *span)
{
	double		about = limit - length_of(span);
	Datum		guess;

	if (about < MIN_TIMESTAMP + MARGIN)
		return MIN_TIMESTAMP + 2 * MARGIN;
	if (about > END_TIMESTAMP - MARGIN)
		return DT_NOEND;
	guess = DirectFunctionCall2(timestamp_mi_interval, TimestampGetDatum(limit),
								IntervalPGetDatum(span));
	if (span->month == 0)
		return DatumGetTimestamp(guess);
	for (int n = DAYS_AROUND; n >= -DAYS_AROUND; n--)
	{
		Datum		candidate = DirectFunctionCall2(timestamp_pl_interval, guess,
													IntervalPGetDatum(days(n)));

		if (DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval, candidate,
												  IntervalPGetDatum(span))) <= limit)
			return DatumGetTimestamp(candidate) + USECS_PER_DAY;
	}
	return DatumGetTimestamp(guess) + DAYS_AROUND * USECS_PER_DAY;
}

/* What pv.accounting_year_end() gives. */
static DateADT
year_end(DateADT date, int32 first_month)
{
	return DatumGetDateADT(DirectFunctionCall2(pvext_accounting_year_end, DateADTGetDatum(date),
											   Int32GetDatum(first_month)));
}

/* The last accounting year's end that is not after the limit. */
static Timestamp
back_from_year_end(Timestamp limit, int32 first_month)
{
	DateADT		day = DatumGetDateADT(DirectFunctionCall1(timestamp_date, TimestampGetDatum(limit)));
	DateADT		end = year_end(day, first_month);

	if (end > day)
		end = year_end(end - 366, first_month);
	return DatumGetTimestamp(DirectFunctionCall1(date_timestamp, DateADTGetDatum(end)));
}

/* The latest moment from which a step leads no further than to the limit. */
static int64
take_back(Step *step, int64 limit)
{
	DateADT		day;

	switch (step->kind)
	{
		case TO_DAY:
			day = DatumGetDateADT(DirectFunctionCall1(timestamp_date, TimestampGetDatum(limit)));
			return DatumGetTimestamp(DirectFunctionCall1(date_timestamp, DateADTGetDatum(day + 1)));
		case TO_LOCAL:
			return DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone, step->zone,
														   TimestampGetDatum(limit))) + USECS_PER_HOUR;
		case FROM_LOCAL:
			return DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone, step->zone,
														 TimestampTzGetDatum(limit))) + USECS_PER_HOUR;
		case TO_YEAR_END:
			return back_from_year_end(limit, step->first_month);
		case LATER:
			return back(limit, step->span);
	}
	return limit;				/* not reached */
}

/* Set the bound to what it is at a time, in the rule's time zone. */
void
pvext_set_cutoff(PvextCutoff *cutoff, PvextRule *rule, TimestampTz now)
{
	Timestamp	limit = DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone,
															  CStringGetTextDatum(rule->time_zone),
															  TimestampTzGetDatum(now))) + USECS_PER_HOUR;
	ListCell   *lc;

	foreach(lc, cutoff->steps)
		if (!TIMESTAMP_NOT_FINITE(limit))
			limit = take_back(lfirst(lc), limit);
	cutoff->bound.value = TimestampGetDatum(limit);
	cutoff->bound.isnull = false;
}

/*
 * identifying_value.c
 *		Values that tell who a person is, as they were before a plan was carried out.
 *
 * They are those of identifying columns, and of other personal ones what nobody else is
 * likely to have: addresses, long numbers, long texts.  Of rows that are deleted all
 * columns count that are not classified otherwise.  What had been replaced before is
 * nobody's.  Called by stray_value.c, by a snapshot of the time before.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "execution/identifying_value.h"
#include "execution/step.h"
#include "map/unclassified.h"
#include "mb/pg_wchar.h"
#include "plan/row_set.h"
#include "strategy/free_text.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

/* What tells by itself has so many digits, or characters. */
#define TELLING_DIGITS 7
#define TELLING_LENGTH 20

/* More bytes of a value are not looked for. */
#define MAX_TELLING 900

/* One column's. */
typedef struct Telling
{
	PvextStep  *step;
	bool		identifying;	/* all of its values tell, else some by themselves */
} Telling;

/*
 * Statements
 */

/* SQL: the texts that a column holds, of type text. */
char *
pvext_texts_sql(const char *column, Oid type)
{
	column = psprintf("r.%s", quote_identifier(column));
	if (pvext_is_json(type))
		return psprintf("CAST(jsonb_path_query(CAST(%s AS jsonb), '$.** ? (@.type() == \"string\")') #>> '{}' AS text)",
						column);
	if (OidIsValid(get_element_type(getBaseType(type))))
		return psprintf("CAST(unnest(%s) AS text)", column);
	return psprintf("CAST(%s AS text)", column);
}

/* May values of the type tell by themselves: texts, and numbers of many digits? */
static bool
may_tell(Oid type)
{
	Oid			element = get_element_type(getBaseType(type));
	char		category;
	bool		preferred;

	if (pvext_is_json(type))
		return true;
	get_type_category_preferred(OidIsValid(element) ? element : getBaseType(type), &category,
								&preferred);
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_NUMERIC;
}

/*
 * The query of a column's values, in the rows of a set.  It is read only: it sees what
 * the active snapshot does, which its caller has pushed, and nothing that this
 * transaction did later.
 */
static void
add_telling(PvextPlan *plan, PvextTable *table, PvextSet *set, const char *name,
			PvextColumn *column)
{
	Telling    *telling;
	PvextSql	sql;
	Oid			type;
	bool		identifying = column && strcmp(column->category, "identifying") == 0;

	(void) pvext_column(table->relid, name, &type, NULL);
	if (!identifying && !may_tell(type))
		return;
	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT DISTINCT %s COLLATE \"C\" FROM %s AS r WHERE ",
					 pvext_texts_sql(name, type), table->sql_name);
	pvext_append_match(plan, &sql, set);
	appendStringInfo(&sql.text, " AND r.%s IS DISTINCT FROM NULL", quote_identifier(name));
	if (column)
		appendStringInfo(&sql.text, " AND NOT (%s)", pvext_strategy_test(&column->strategy, 0));
	telling = palloc(sizeof(Telling));
	telling->step = pvext_sql_step(&sql, table);
	telling->step->few.read_only = telling->step->many.read_only = true;
	telling->identifying = identifying && !pvext_is_json(type);
	plan->telling_columns = lappend(plan->telling_columns, telling);
}

/* A personal column's; what is in free text is some other column's. */
static void
add_column(PvextPlan *plan, PvextTable *table, PvextSet *set, PvextColumn *column)
{
	if (!column->missing && column->strategy.kind != PVEXT_REDACT)
		add_telling(plan, table, set, column->name, column);
}

/* Those of rows that are deleted. */
static void
add_rows(PvextPlan *plan, PvextTable *table, PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, pvext_unclassified_columns(table->relid))
		add_telling(plan, table, set, lfirst(lc), NULL);
}

/*
 * The queries, once for a plan and in its context.  Of a purge's plan, whose subjects are
 * rows of a leaf, those of all columns that are declared of it, whichever are due.
 */
static void
build(PvextPlan *plan, PvextTable *leaf)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	ListCell   *lc;
	ListCell   *cell;

	if (leaf)
		foreach(lc, leaf->columns)
			add_column(plan, leaf, plan->self, lfirst(lc));
	else
		foreach(lc, plan->targets)
		{
			PvextTarget *target = lfirst(lc);

			add_column(plan, target->table, target->set, target->column);
		}
	foreach(lc, plan->removals)
	{
		PvextRemoval *removal = lfirst(lc);
		PvextTable *table = leaf && removal->set == plan->self ? leaf : removal->table;

		if (leaf && table != leaf)
			foreach(cell, table->columns)
				add_column(plan, table, removal->set, lfirst(cell));
		add_rows(plan, table, removal->set);
	}
	MemoryContextSwitchTo(old);
}

/*
 * Values
 */

/* Is nobody else likely to have the value: an address, a long number, a long text? */
bool
pvext_tells_by_itself(const char *value)
{
	int			digits = 0;

	for (const char *p = value; *p; p++)
		digits += *p >= '0' && *p <= '9';
	return digits >= TELLING_DIGITS || strchr(value, '@') != NULL ||
		pg_mbstrlen(value) >= TELLING_LENGTH;
}

/* The beginning of a value that is very long, up to the end of a word. */
char *
pvext_shorten_value(char *value)
{
	int			len = strlen(value);

	if (len <= MAX_TELLING)
		return value;
	len = pg_mbcliplen(value, len, MAX_TELLING);
	for (int i = len; i > len / 2; i--)
		if (value[i] == ' ' || value[i] == '\n')
		{
			len = i;
			break;
		}
	return pnstrdup(value, len);
}

/*
 * The values of a plan that has just been carried out, each a C string of limited length;
 * leaf is the table that a purge takes rows of, else NULL.  In the current context.
 */
List *
pvext_telling_values(PvextPlan *plan, PvextTable *leaf, Snapshot before, bool many)
{
	List	   *values = NIL;
	ListCell   *lc;

	if (plan->telling_columns == NIL)
		build(plan, leaf);
	PushActiveSnapshot(before);
	foreach(lc, plan->telling_columns)
	{
		Telling    *telling = lfirst(lc);
		uint64		n = pvext_run_step(telling->step, many);

		for (uint64 i = 0; i < n; i++)
		{
			char	   *value = pvext_value(i, 1);

			if (value && (telling->identifying || pvext_tells_by_itself(value)))
				values = lappend(values, pvext_shorten_value(value));
		}
	}
	PopActiveSnapshot();
	return values;
}

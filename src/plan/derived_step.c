/*
 * derived_step.c
 *		A plan's queries of columns that triggers compute from what goes.
 *
 * Such a column is not written, and so is no target.  Before anything goes the digests of
 * its values are read, where something goes that it is made of; afterwards no row may have
 * the same.  A digest is also one of the row's key, so that one row's value is not taken for
 * another's; but for keys that are replaced themselves.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "catalog/pg_type.h"
#include "plan/condition.h"
#include "plan/derived_step.h"
#include "plan/write_step.h"
#include "utils/builtins.h"

/* Values that hold nothing, in any type that is derived. */
#define EMPTY "('', '{}', '[]', '()', 'empty', 'null', '\"\"')"

/* Does the column's value stay whatever goes: is it neither personal, nor a link's? */
static bool
is_steady(PvextTable *table, const char *column)
{
	ListCell   *lc;

	foreach(lc, table->columns)
		if (strcmp(((PvextColumn *) lfirst(lc))->name, column) == 0)
			return false;
	foreach(lc, table->links)
		if (pvext_has_name(((PvextLink *) lfirst(lc))->columns, column))
			return false;
	return true;
}

/* SQL over r: the digest of the row's key and the column's value. */
static char *
digest_sql(PvextTable *table, PvextColumn *column)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "sha256(convert_to(CAST(ROW(");
	foreach(lc, pvext_primary_key(table->relid))
		if (is_steady(table, lfirst(lc)))
			appendStringInfo(&buf, "r.%s, ", quote_identifier(lfirst(lc)));
	appendStringInfo(&buf, "CAST(r.%s AS text)) AS text), getdatabaseencoding()))",
					 quote_identifier(column->name));
	return buf.data;
}

/* The targets that a derived column of a table is made of. */
static List *
sources_of(PvextPlan *plan, PvextTable *table, PvextColumn *column)
{
	List	   *names = pvext_derived_from(&column->strategy);
	List	   *sources = NIL;
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->table == table && !target->blocked &&
			(names == NIL || pvext_has_name(names, target->column->name)))
			sources = lappend(sources, target);
	}
	return sources;
}

/* The two queries of a derived column. */
static PvextDerived *
make_derived(PvextPlan *plan, PvextTable *table, PvextColumn *column, List *sources)
{
	PvextDerived *derived = palloc0(sizeof(PvextDerived));
	PvextSql	sql;

	derived->table = table;
	derived->column = column;
	derived->digest = digest_sql(table, column);
	derived->old.type = BYTEAARRAYOID;
	derived->old.isnull = true;

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT DISTINCT %s FROM %s AS r WHERE ", derived->digest,
					 table->sql_name);
	pvext_append_needs(plan, &sql, sources, false, false);
	appendStringInfo(&sql.text, " AND CAST(r.%s AS text) COLLATE \"C\" NOT IN " EMPTY,
					 quote_identifier(column->name));
	derived->before = pvext_sql_step(&sql, table);

	pvext_sql_init(&sql);
	appendStringInfo(&sql.text, "SELECT count(*) FROM %s AS r WHERE ", table->sql_name);
	pvext_append_rows(plan, &sql, sources, NULL);
	appendStringInfo(&sql.text, " AND %s = ANY ($%d)", derived->digest,
					 pvext_sql_param(&sql, &derived->old));
	derived->after = pvext_sql_step(&sql, table);
	return derived;
}

/*
 * Add those of the columns that are derived from what goes of the table, whose targets
 * are there.
 */
void
pvext_add_derived(PvextPlan *plan, PvextTable *table, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		PvextColumn *column = lfirst(lc);
		List	   *sources;

		if (column->strategy.kind != PVEXT_DERIVED || column->missing)
			continue;
		sources = sources_of(plan, table, column);
		if (sources != NIL)
			plan->derived = lappend(plan->derived, make_derived(plan, table, column, sources));
	}
}

/* The same of all tables of the plan. */
void
pvext_build_derived(PvextPlan *plan)
{
	List	   *seen = NIL;
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTable *table = ((PvextTarget *) lfirst(lc))->table;

		if (list_member_ptr(seen, table))
			continue;
		seen = lappend(seen, table);
		pvext_add_derived(plan, table, table->columns);
	}
}

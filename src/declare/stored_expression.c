/*
 * stored_expression.c
 *		The expressions that declarations carry, as they are kept.
 *
 * Conditions of subjects, links and blockers, what links compare, values of the strategy
 * "expression" and the clocks of retention rules are kept in the tables of
 * what declares them, each twice: as its author wrote it, to be read, and
 * bound, to be run.  Here they are all alike, for who checks them (check.c)
 * and who lets them follow a column's new name (ddl.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "declare/stored_expression.h"
#include "miscadmin.h"

/* What is particular to each kind, in the order of PvextStoredKind. */
static const struct
{
	const char *what;			/* for messages, with the name */
	bool		is_condition;
	int			flags;
	const char *update;			/* $1 relation_id, $2 name, $3 bound, $4 text */
}			kinds[] =
{
	{"condition of the subject", true, PVEXT_EXPR_STABLE,
	"UPDATE pv.declared_subject SET bound = $3, condition = $4 WHERE relation_id = $1"},
	{"condition of link \"%s\"", true, PVEXT_EXPR_STABLE,
	"UPDATE pv.declared_link SET bound = $3, condition = $4 WHERE relation_id = $1 AND name = $2"},
	{"condition of blocker \"%s\"", true, PVEXT_EXPR_STABLE | PVEXT_EXPR_SUBQUERY,
	"UPDATE pv.declared_blocker SET bound = $3, condition = $4 WHERE relation_id = $1 AND name = $2"},
	{"expression for column \"%s\"", false, 0,
	"UPDATE pv.declared_personal SET argument = $3, parameter = $4"
	" WHERE relation_id = $1 AND column_name = $2"},
	{"clock of retention rule \"%s\"", false, PVEXT_EXPR_STABLE,
	"UPDATE pv.declared_retention SET after_bound = $3, after = $4 WHERE relation_id = $1 AND name = $2"},
	{"other clock of retention rule \"%s\"", false, PVEXT_EXPR_STABLE,
	"UPDATE pv.declared_retention SET otherwise_bound = $3, otherwise = $4"
	" WHERE relation_id = $1 AND name = $2"},
	{"condition of retention rule \"%s\"", true, PVEXT_EXPR_STABLE,
	"UPDATE pv.declared_retention SET condition_bound = $3, condition = $4"
	" WHERE relation_id = $1 AND name = $2"},
	{"expression of link \"%s\"", false, 0,
	"UPDATE pv.declared_link SET expression_bound = $3, expression = $4 WHERE relation_id = $1 AND name = $2"}
};

/*
 * The stored expressions over rows of a relation or declared for it, all where
 * relation_id is 0.  Those of orphans are left out.
 */
List *
pvext_stored_expressions(int32 relation_id)
{
	PvextArgs	args = {0};
	List	   *result = NIL;

	pvext_arg_int4(&args, relation_id);
	(void) pvext_own("WITH stored (kind, relation_id, name, row_id, aggregate, bound, owner) AS ("
					 " SELECT 0, relation_id, '', relation_id, false, bound, owner"
					 "  FROM pv.declared_subject WHERE bound IS NOT NULL"
					 " UNION ALL SELECT 1, relation_id, name, relation_id, false, bound, owner"
					 "  FROM pv.declared_link WHERE bound IS NOT NULL"
					 " UNION ALL SELECT 2, relation_id, name, coalesce(over_id, relation_id),"
					 "  false, bound, owner FROM pv.declared_blocker"
					 " UNION ALL SELECT 3, relation_id, column_name, relation_id, false,"
					 "  argument, owner FROM pv.declared_personal WHERE strategy = 'expression'"
					 " UNION ALL SELECT 4, relation_id, name, coalesce(over_id, relation_id),"
					 "  over_id IS NOT NULL, after_bound, owner FROM pv.declared_retention"
					 " UNION ALL SELECT 5, relation_id, name, relation_id, false,"
					 "  otherwise_bound, owner FROM pv.declared_retention"
					 "  WHERE otherwise_bound IS NOT NULL"
					 " UNION ALL SELECT 6, relation_id, name, relation_id, false,"
					 "  condition_bound, owner FROM pv.declared_retention"
					 "  WHERE condition_bound IS NOT NULL"
					 " UNION ALL SELECT 7, relation_id, name, relation_id, false, expression_bound, owner"
					 "  FROM pv.declared_link WHERE expression_bound IS NOT NULL)"
					 " SELECT s.kind, s.relation_id, s.name, d.relation::text, r.relation::oid,"
					 "  s.aggregate, s.bound, s.owner"
					 " FROM stored s JOIN pv.relation d ON d.id = s.relation_id"
					 " JOIN pv.relation r ON r.id = s.row_id"
					 " WHERE ($1 = 0 OR $1 IN (d.id, r.id))"
					 " AND EXISTS (SELECT FROM pg_class c WHERE c.oid = d.relation)"
					 " AND EXISTS (SELECT FROM pg_class c WHERE c.oid = r.relation)"
					 " ORDER BY 4, 1, 3", &args);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextStored *stored = palloc(sizeof(PvextStored));

		stored->kind = (PvextStoredKind) pvext_int(i, 1);
		stored->relation_id = (int32) pvext_int(i, 2);
		stored->name = pvext_value(i, 3);
		stored->relation = pvext_value(i, 4);
		stored->relid = (Oid) pvext_int(i, 5);
		stored->aggregate = pvext_bool(i, 6);
		stored->bound = pvext_value(i, 7);
		stored->owner = pvext_value(i, 8);
		result = lappend(result, stored);
	}
	return result;
}

/* What the expression is, for a message: condition of link "customer_id" */
char *
pvext_describe_stored(PvextStored *stored)
{
	StringInfoData text;
	const char *what = kinds[stored->kind].what;
	const char *place = strstr(what, "%s");

	initStringInfo(&text);
	if (place == NULL)
		appendStringInfoString(&text, what);
	else
	{
		appendBinaryStringInfo(&text, what, place - what);
		appendStringInfo(&text, "%s%s", stored->name, place + 2);
	}
	return text.data;
}

/*
 * Bind a stored expression anew, see pvext_rebind(), as the owner of its
 * table, who may look up what it names.  Raises where that isn't the owner who
 * declared it: to parse is to run its code.
 */
char *
pvext_rebind_stored(PvextStored *stored, PvextRenaming *renaming, bool prefix)
{
	int			flags = kinds[stored->kind].flags;
	PvextUser	back;
	char	   *text;

	if (stored->aggregate)
		flags |= PVEXT_EXPR_AGGREGATE;
	if (strcmp(stored->owner, GetUserNameFromId(pvext_owner(stored->relid), false)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the expression was declared for another owner"),
				 errhint("Let the table's owner declare it again.")));
	pvext_switch_user(pvext_owner(stored->relid), &back);
	text = pvext_rebind(stored->relid, stored->bound,
						kinds[stored->kind].is_condition ? BOOLOID : InvalidOid,
						flags, renaming, prefix);
	pvext_restore_user(&back);
	return text;
}

/* Keep an expression in its new form, bound and as it is shown. */
void
pvext_update_stored(PvextStored *stored, const char *bound, const char *text)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, stored->relation_id);
	pvext_arg_text(&args, stored->name);
	pvext_arg_text(&args, bound);
	pvext_arg_text(&args, text);
	(void) pvext_own(kinds[stored->kind].update, &args);
}

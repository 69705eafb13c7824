/*
 * declare_not_link.c
 *		References that are no ownership.
 *
 * Who approved an invoice, or made it, is not whose it is; and what an account of the
 * chart holds is nobody's.  A foreign key says nothing of that, nor does a column's name:
 * its table's owner does, with the reason.  From then on nothing proposes a link by
 * these columns, nor asks for one.  An erasure does not depend on it.
 *
 * It is said of columns, in any order, whatever they refer to, and for the children of
 * the table, too.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "declare/declare_not_link.h"
#include "fmgr.h"
#include "storage/lmgr.h"

PG_FUNCTION_INFO_V1(pvext_declare_not_link);
PG_FUNCTION_INFO_V1(pvext_undeclare_not_link);

/* SQL: are the columns the same, in any order? */
#define SAME_COLUMNS "columns @> $2 AND columns <@ $2"

/*
 * They are declared a link now: what was said before no longer counts.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_forget_not_link(Oid relid, List *columns)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_relation_id(relid));
	pvext_arg_names(&args, columns, false);
	if (pvext_own("DELETE FROM pv.declared_not_link WHERE relation_id = $1 AND " SAME_COLUMNS, &args) > 0)
		ereport(NOTICE,
				(errmsg("columns %s of table %s were declared to be no link before: this replaces it",
						pvext_join_names(columns, ", ", true), pvext_relation_name(relid))));
}

/* Raise where the columns do not exist, or are declared a link. */
static void
check_columns(Oid relid, List *columns, PvextArgs *args)
{
	ListCell   *lc;

	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no column is named"),
				 errhint("Name the columns of the foreign key, or those that look like one.")));
	foreach(lc, columns)
		(void) pvext_column(relid, lfirst(lc), NULL, NULL);
	if (pvext_own("SELECT name FROM pv.declared_link WHERE relation_id = $1 AND " SAME_COLUMNS
				  " ORDER BY 1", args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("columns %s of table %s are those of link \"%s\"",
						pvext_join_names(columns, ", ", true), pvext_relation_name(relid), pvext_value(0, 1)),
				 errhint("Take that back with pv.undeclare_link() first.")));
}

/*
 * pv.declare_not_link(relation, columns, reason): declare that what columns refer to does
 * not own the row.  Said again, the reason is replaced.
 */
Datum
pvext_declare_not_link(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	Oid			relid;
	List	   *columns;
	char	   *reason;

	pvext_require_arg(fcinfo, 0, "relation");
	pvext_require_arg(fcinfo, 1, "columns");
	reason = pvext_required_text(fcinfo, 2, "reason");
	relid = PG_GETARG_OID(0);
	columns = pvext_names_arg(fcinfo, 1);
	LockRelationOid(relid, AccessShareLock);
	pvext_check_table(relid);
	pvext_check_owner(relid);
	pvext_enter(&scope);
	pvext_arg_int4(&args, pvext_register_relation(relid));
	pvext_arg_names(&args, columns, false);
	check_columns(relid, columns, &args);
	(void) pvext_own("DELETE FROM pv.declared_not_link WHERE relation_id = $1 AND " SAME_COLUMNS, &args);
	pvext_arg_text(&args, reason);
	(void) pvext_own("INSERT INTO pv.declared_not_link (relation_id, columns, reason) VALUES ($1, $2, $3)", &args);
	pvext_record_event(psprintf("declare_not_link(%s, %s)", pvext_relation_name(relid),
								pvext_join_names(columns, ", ", true)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* pv.undeclare_not_link(relation, columns): take that back. */
Datum
pvext_undeclare_not_link(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	List	   *columns = pvext_names_arg(fcinfo, 1);
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_check_owner(relid);
	pvext_enter(&scope);
	pvext_arg_int4(&args, pvext_relation_id(relid));
	pvext_arg_names(&args, columns, false);
	if (pvext_own("DELETE FROM pv.declared_not_link WHERE relation_id = $1 AND " SAME_COLUMNS, &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("columns %s of table %s are not declared to be no link",
						pvext_join_names(columns, ", ", true), pvext_relation_name(relid)),
				 errhint("pv.not_link lists those that are.")));
	pvext_record_event(psprintf("undeclare_not_link(%s, %s)", pvext_relation_name(relid),
								pvext_join_names(columns, ", ", true)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * orphan.c
 *		Declarations of tables that have been dropped.
 *
 * They stay, so that a table that is made anew under its name is mapped as the
 * one before was; who knows that none will come takes them away here.  What the
 * ledgers know of its subjects stays.
 */
#include "postgres.h"
#include "message.h"

#include "catalog/pg_type.h"
#include "event.h"
#include "fmgr.h"
#include "compat.h"
#include "spi.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pvext_undeclare_orphan);

/* What a table's declarations, and those that refer to it, are kept in. */
static const char *const deletions[] = {
	"DELETE FROM pv.declared_personal WHERE relation_id = $1",
	"DELETE FROM pv.not_personal WHERE relation_id = $1",
	"DELETE FROM pv.declared_retention WHERE relation_id = $1 OR over_id = $1",
	"DELETE FROM pv.declared_blocker WHERE relation_id = $1 OR over_id = $1",
	"DELETE FROM pv.declared_link WHERE relation_id = $1 OR parent_id = $1",
	"DELETE FROM pv.declared_subject WHERE relation_id = $1"
};

static void
no_orphan(const char *schema, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there are no declarations of a dropped table %s",
					quote_qualified_identifier(schema, name)),
			 errhint("pv.check_map() lists those that there are; what is declared of a table that is there is undeclared one by one.")));
}

/*
 * pv.undeclare_orphan(schema, name)
 */
Datum
pvext_undeclare_orphan(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	names = {0};
	PvextArgs	args = {0};
	const char *schema = NameStr(*PG_GETARG_NAME(0));
	const char *name = NameStr(*PG_GETARG_NAME(1));
	uint64		n = 0;

	pvext_enter(&scope);
	pvext_arg_name(&names, schema);
	pvext_arg_name(&names, name);
	if (pvext_own("SELECT id FROM pv.relation AS r WHERE schema = $1 AND name = $2"
				  " AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.relation)"
				  " FOR UPDATE", &names) == 0)
		no_orphan(schema, name);
	pvext_arg_int4(&args, (int32) pvext_int(0, 1));
	for (int i = 0; i < lengthof(deletions); i++)
		n += pvext_own(deletions[i], &args);
	if (n == 0)
		no_orphan(schema, name);
	pvext_record_event(psprintf("undeclare_orphan(%s)",
								quote_qualified_identifier(schema, name)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * readable.c
 *		What the caller may read of tables.
 *
 * A superuser and an officer have every table searched.  Anybody else what a SELECT of
 * his own would show him whole: where row security would hide rows of a table from him, it
 * is none that he may read, for its policies are others' code, which is not to run with
 * his rights because he asked about a person.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/compat.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "copies/readable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

/* Is the caller a superuser, or an officer?  Between pvext_enter() and pvext_leave(). */
bool
pvext_reads_everything(void)
{
	PvextArgs	args = {0};

	if (superuser())
		return true;
	pvext_arg_oid(&args, OIDOID, GetUserId());
	return pvext_own("SELECT FROM pv.role_profile WHERE profile = 'officer'"
					 " AND pg_has_role($1, CAST(role AS oid), 'USAGE') LIMIT 1", &args) > 0;
}

/* May the caller read the column by naming this very relation? */
static bool
may_read_by(Oid relid, const char *column)
{
	AttrNumber	attnum = get_attnum(relid, column);
	Oid			role = GetUserId();

	if (attnum <= 0 || !pvext_may_in_schema(get_rel_namespace(relid), role, ACL_USAGE) ||
		check_enable_rls(relid, role, true) == RLS_ENABLED)
		return false;
	return pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(relid, attnum, role, ACL_SELECT) == ACLCHECK_OK;
}

/* May the caller read a column of a table, by its own name or that of a parent? */
bool
pvext_may_read(Oid relid, const char *column)
{
	ListCell   *lc;

	foreach(lc, pvext_with_parents(relid))
		if (may_read_by(lfirst_oid(lc), column))
			return true;
	return false;
}

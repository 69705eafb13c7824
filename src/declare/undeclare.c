/*
 * undeclare.c
 *		Taking back what is declared of a table under a name.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/event.h"
#include "base/relation.h"
#include "base/spi.h"
#include "declare/undeclare.h"
#include "utils/builtins.h"

/*
 * A call of pv.undeclare_...(relation regclass, name text), by the table's owner: run the
 * DELETE, whose parameters are the id of the relation and the name, and record the call.
 * Returns false, having recorded nothing, where there was no such declaration.
 */
bool
pvext_undeclare_by_name(FunctionCallInfo fcinfo, const char *delete, const char *call)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	PvextScope	scope;
	PvextArgs	args = {0};
	bool		found;

	pvext_check_owner(relid);
	pvext_enter(&scope);
	pvext_arg_int4(&args, pvext_relation_id(relid));
	pvext_arg_text(&args, name);
	found = pvext_own(delete, &args) > 0;
	if (found)
		pvext_record_event(psprintf("%s(%s, %s)", call, pvext_relation_name(relid), name), NULL);
	pvext_leave(&scope);
	return found;
}

/*
 * own_change.c
 *		Ledgers whose rows go on: changed by pvext's own statements alone.
 *
 * A request is one row from the day it comes in to its answer, and after that the proof of
 * it.  Its trigger, as that of the ledgers that are only ever added to, asks nobody who they
 * are: it lets pass what pvext is running at the moment.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/compat.h"
#include "base/own_change.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(pvext_refuse_others_change);

/* A statement of pvext_own_change() is running. */
static bool changing = false;

/* Run a statement that changes rows of such a ledger: keeping its plan, or without "statement" that of sql once. */
static uint64
change(PvextStatement *statement, const char *sql, PvextArgs *args)
{
	bool		outer = changing;
	uint64		volatile n = 0;

	changing = true;
	PG_TRY();
	{
		n = statement ? pvext_own_kept(statement, args) : pvext_own(sql, args);
	}
	PG_FINALLY();
	{
		changing = outer;
	}
	PG_END_TRY();
	return n;
}

/* pvext_own_kept() for a statement that changes rows of such a ledger. */
uint64
pvext_own_change(PvextStatement *statement, PvextArgs *args)
{
	return change(statement, NULL, args);
}

/* pvext_own() for the same: where what is joined with the rows may be one or very many, and is not to be planned for any number. */
uint64
pvext_own_change_once(const char *sql, PvextArgs *args)
{
	return change(NULL, sql, args);
}

/* Trigger of these ledgers, BEFORE UPDATE FOR EACH STATEMENT. */
Datum
pvext_refuse_others_change(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						"refuse_others_change")));
	if (!changing)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s is changed by pvext's functions alone",
						pvext_relation_name(RelationGetRelid(((TriggerData *) fcinfo->context)->tg_relation))),
				 errhint("What it holds is proof of what was done. Record what is done now with a call of its own.")));
	return PointerGetDatum(NULL);
}

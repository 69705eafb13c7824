/*
 * identity.c
 *		Is this the database that the duties were done in?
 *
 * A database that is being restored has rules and requests before it has the tables
 * by which they are judged.  What tells it from the one that was dumped is neither the
 * system identifier nor the database's OID (pg_restore --clean changes neither, pg_upgrade
 * the first), but who wrote the one row of pv.identity: it names the transaction that
 * wrote it, and after COPY another one has.  Whatever copies files keeps that: base
 * backups, pg_rewind, promotion, pg_upgrade, CREATE DATABASE; so do freezing and the
 * rewrites of VACUUM FULL and CLUSTER.
 *
 * The row is written by the first declaring call, never by CREATE EXTENSION or by a
 * worker: COPY would find it there.  Nothing is purged, completed or expired before
 * pvext_may_act() has been asked.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "base/compat.h"
#include "base/identity.h"
#include "base/relation.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/xid8.h"

PG_FUNCTION_INFO_V1(pvext_identity_state);

/* What pv.identity_state() calls each PvextIdentity. */
static const char *const names[] = {"new", "own", "upgraded", "copied", "restored"};

/* The columns of pv.identity, by number. */
#define IDENTITY_XID		2
#define IDENTITY_SYSTEM		3
#define IDENTITY_DATABASE	4
#define IDENTITY_RELATION	5

/* What the one row says, and who wrote it. */
typedef struct Row
{
	FullTransactionId xid;
	int64		system;
	Oid			database;
	Oid			relation;
	TransactionId xmin;			/* also once it is frozen */
} Row;

/* Open a table of pv; NULL where somebody has just dropped the extension. */
static Relation
open_own(const char *name)
{
	Oid			relid = pvext_own_relation(name);

	return OidIsValid(relid) ? try_table_open(relid, AccessShareLock) : NULL;
}

/*
 * Read the row, as the server reads its catalogs: as it is now, by nobody's privileges.
 * False where there is none.  The table stays locked until the transaction ends, so
 * that it cannot be restored meanwhile.
 */
static bool
read_row(Row *row)
{
	Relation	rel = open_own("identity");
	TupleDesc	desc;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;
	bool		isnull;

	if (rel == NULL)
		return false;
	desc = RelationGetDescr(rel);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		row->xid = DatumGetFullTransactionId(heap_getattr(tuple, IDENTITY_XID, desc, &isnull));
		row->system = DatumGetInt64(heap_getattr(tuple, IDENTITY_SYSTEM, desc, &isnull));
		row->database = DatumGetObjectId(heap_getattr(tuple, IDENTITY_DATABASE, desc, &isnull));
		row->relation = DatumGetObjectId(heap_getattr(tuple, IDENTITY_RELATION, desc, &isnull));
		row->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	}
	systable_endscan(scan);
	table_close(rel, NoLock);
	return found;
}

/* Has a table of pv a row? */
static bool
has_row(const char *name)
{
	Relation	rel = open_own(name);
	SysScanDesc scan;
	bool		found;

	if (rel == NULL)
		return false;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Without the row: has anything been declared here, or come with a dump? */
static bool
is_used(void)
{
	return has_row("event_record") || has_row("relation") || has_row("purpose");
}

/*
 * Which database this is, now.  Anywhere in a transaction of a database that has pvext.
 *
 * Another cluster gives the same number to a transaction once in four thousand million
 * times, or soon where both are new: there, more has to be the same.
 */
PvextIdentity
pvext_identity(void)
{
	Row			row;
	bool		same_system;
	bool		same_database;

	if (!read_row(&row))
		return is_used() ? PVEXT_IS_RESTORED : PVEXT_IS_NEW;
	same_system = row.system == (int64) GetSystemIdentifier();
	same_database = row.database == MyDatabaseId;
	if (XidFromFullTransactionId(row.xid) != row.xmin || row.relation != pvext_own_relation("identity") ||
		(!same_system && !same_database))
		return PVEXT_IS_RESTORED;
	if (!same_system)
		return PVEXT_IS_UPGRADED;
	return same_database ? PVEXT_IS_OWN : PVEXT_IS_COPIED;
}

/*
 * May anything be purged, completed, expired or sealed here?  Not before something was
 * declared, and not in a restored database until pv.resume().  Anywhere in a transaction
 * of a database that has pvext.
 */
bool
pvext_may_act(void)
{
	PvextIdentity identity = pvext_identity();

	return identity != PVEXT_IS_NEW && identity != PVEXT_IS_RESTORED;
}

/*
 * Is this session putting a dump into the database?  What it writes is no change of
 * anybody's: the log of those comes with the dump.  Sessions that work in the restored
 * database meanwhile are not meant.  Anywhere in a transaction of a database that has
 * pvext; quick where it is none.
 */
bool
pvext_is_restoring(void)
{
	static TransactionId asked = InvalidTransactionId;	/* by which it was asked last */
	static bool restoring = false;
	TransactionId now;

	/*
	 * Each dump turns it off for the session that restores it, and hardly anybody else
	 * does.
	 */
	if (likely(check_function_bodies))
		return false;
	now = GetTopTransactionIdIfAny();
	if (!TransactionIdIsValid(now) || now != asked)
		restoring = superuser_arg(GetAuthenticatedUserId()) && !pvext_may_act();
	asked = now;
	return restoring;
}

/*
 * Write the row, or write it anew: by the transaction that it names.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_stamp_identity(bool anew)
{
	PvextArgs	args = {0};

	pvext_arg(&args, XID8OID, FullTransactionIdGetDatum(GetCurrentFullTransactionId()), false);
	pvext_arg(&args, INT8OID, Int64GetDatum((int64) GetSystemIdentifier()), false);
	pvext_arg_oid(&args, OIDOID, MyDatabaseId);
	pvext_arg_oid(&args, OIDOID, pvext_own_relation("identity"));
	(void) pvext_own(anew ?
					 "INSERT INTO pv.identity (xid, system, database, relation) VALUES ($1, $2, $3, $4)"
					 " ON CONFLICT (only_row) DO UPDATE SET xid = excluded.xid, system = excluded.system,"
					 " database = excluded.database, relation = excluded.relation, since = now()" :
					 "INSERT INTO pv.identity (xid, system, database, relation) VALUES ($1, $2, $3, $4)"
					 " ON CONFLICT DO NOTHING", &args);
}

/*
 * May the duties be done here?  A database that has moved to another cluster as it was
 * is stamped anew, which commits with the current transaction.  Between pvext_enter()
 * and pvext_leave(), in a transaction that writes.
 */
bool
pvext_settle_identity(void)
{
	if (pvext_identity() == PVEXT_IS_UPGRADED)
	{
		pvext_stamp_identity(true);
		ereport(LOG,
				(errmsg("pvext goes on in database %u: the cluster has got another system identifier",
						MyDatabaseId)));
	}
	return pvext_may_act();
}

/*
 * A declaring call: the first one writes the row, and has true, to make the secret.  Where
 * there are events of others already, a dump is being restored, which brings the row.
 * Between pvext_enter() and pvext_leave(), before the call is recorded.
 */
bool
pvext_make_identity(void)
{
	static Oid	made = InvalidOid;	/* the table that has its row for good */
	Oid			table = pvext_own_relation("identity");
	Row			row;

	if (table == made)
		return false;
	if (read_row(&row))
	{
		if (!TransactionIdIsCurrentTransactionId(row.xmin))
			made = table;
	}
	else if (!has_row("event_record"))
	{
		pvext_stamp_identity(false);
		return true;
	}
	return false;
}

/*
 * pv.identity_state()
 */
Datum
pvext_identity_state(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(names[pvext_identity()]));
}

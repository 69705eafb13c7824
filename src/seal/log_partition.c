/*
 * log_partition.c
 *		The partitions of the audit log.
 *
 * Partition n is pv.audit_log_n and has the ids from n * 2^32 on.  The newest has no
 * index, which would cost every writer.  pv.rotate_audit() goes on to the next
 * one, indexes those before, and notes in pv.audit_partition that they have
 * ended.  pv.expire_audit() drops the oldest of these: nothing else takes
 * anything out of the log.
 *
 * That a partition has been dropped by pvext, and not by hand, is said by the seal
 * that it appends, and by all that follow.  Seals that covered nothing else
 * go as well: this seal also says which one is now the first, and what it follows.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "audit/log_writer.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/guc.h"
#include "base/identity.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "seal/chunk_digest.h"
#include "seal/seal.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

PG_FUNCTION_INFO_V1(pvext_refuse_insert);
PG_FUNCTION_INFO_V1(pvext_rotate_audit);
PG_FUNCTION_INFO_V1(pvext_expire_audit);

/*
 * Trigger of the log, BEFORE INSERT: what pvext writes does not come this way.
 * A dump is restored by a superuser.
 */
Datum
pvext_refuse_insert(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						"refuse_insert")));
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("table %s is written by pvext alone",
						pvext_relation_name(RelationGetRelid(trigger->tg_relation))),
				 errhint("Only a superuser inserts into it, to restore a dump.")));
	return PointerGetDatum(NULL);
}

/*
 * Rotation
 */

/* Is there the partition of this number? */
static bool
has_partition(int64 n)
{
	return OidIsValid(pvext_own_relation(psprintf("audit_log_" INT64_FORMAT, n)));
}

/* Has it been made by this transaction, so that others have to do without? */
static bool
is_new_partition(int64 n)
{
	Relation	rel = table_open(pvext_own_relation(psprintf("audit_log_" INT64_FORMAT, n)),
								 AccessShareLock);
	bool		is_new = rel->rd_createSubid != InvalidSubTransactionId;

	table_close(rel, NoLock);
	return is_new;
}

/* Make a partition, refusing changes before it becomes a part of the log. */
static void
add_partition(int64 n)
{
	char	   *name = psprintf("audit_log_" INT64_FORMAT, n);

	(void) pvext_own(psprintf("CREATE TABLE pv.%s (LIKE pv.audit_log) USING heap"
							  " WITH (toast_tuple_target = 8160)",
							  name), NULL);
	(void) pvext_own(psprintf("COMMENT ON TABLE pv.%s IS 'a partition of the audit log'", name), NULL);
	(void) pvext_own(psprintf("REVOKE ALL ON pv.%s FROM PUBLIC", name), NULL);
	(void) pvext_own(psprintf("CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE"
							  " ON pv.%s FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change()",
							  name), NULL);
	(void) pvext_own(psprintf("CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.%s"
							  " FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert()", name), NULL);
	(void) pvext_own(psprintf("ALTER TABLE pv.%s ENABLE ALWAYS TRIGGER refuse_change,"
							  " ENABLE ALWAYS TRIGGER refuse_insert", name), NULL);
	(void) pvext_own(psprintf("ALTER TABLE pv.audit_log ATTACH PARTITION pv.%s"
							  " FOR VALUES FROM (" INT64_FORMAT ") TO (" INT64_FORMAT ")", name,
							  n << PVEXT_PARTITION_BITS, (n + 1) << PVEXT_PARTITION_BITS), NULL);
}

/*
 * Note that a partition has ended.  Whoever wrote to it has: its index could
 * not have been made before.
 */
static void
note_end(int64 n)
{
	PvextArgs	args = {0};

	pvext_arg(&args, INT8OID, Int64GetDatum(n), false);
	pvext_arg(&args, INT8OID, Int64GetDatum((int64) GetSystemIdentifier()), false);
	pvext_arg(&args, XID8OID, FullTransactionIdGetDatum(ReadNextFullTransactionId()), false);
	(void) pvext_own("INSERT INTO pv.audit_partition (number, ended_at, incarnation, until)"
					 " VALUES ($1, clock_timestamp(), $2, $3) ON CONFLICT (number) DO NOTHING",
					 &args);
}

/* Index the partitions before one, which are no longer written to. */
static void
end_partitions(int64 before)
{
	for (int64 n = before - 1; n >= 0; n--)
	{
		char	   *name = psprintf("audit_log_" INT64_FORMAT, n);

		if (!has_partition(n) || OidIsValid(pvext_own_relation(psprintf("%s_id", name))))
			continue;
		(void) pvext_own(psprintf("CREATE UNIQUE INDEX %s_id ON pv.%s (id)", name, name), NULL);
		note_end(n);
	}
}

/*
 * pv.rotate_audit(): the next partition is there already, so that whoever draws
 * an id of it finds it; what follows it is made here.  Where a rotation that was
 * rolled back has left none, this makes one, and it is for a later transaction
 * to use it.
 */
Datum
pvext_rotate_audit(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	int64		n;

	pvext_enter(&scope);

	/*
	 * What this transaction has gathered is for the partition that is about to be
	 * indexed.
	 */
	pvext_flush_audit();

	/* One rotation, or expiry, at a time; writers lock partitions alone. */
	LockRelationOid(pvext_own_relation("audit_log"), ShareUpdateExclusiveLock);
	(void) pvext_own("SELECT last_value FROM pv.audit_log_id_seq", NULL);
	n = pvext_int(0, 1) >> PVEXT_PARTITION_BITS;
	if (has_partition(n + 1) && !is_new_partition(n + 1))
	{
		n++;
		pvext_arg(&args, INT8OID, Int64GetDatum(n << PVEXT_PARTITION_BITS), false);
		(void) pvext_own("SELECT setval('pv.audit_log_id_seq', $1, false)", &args);
	}
	if (!has_partition(n + 1))
		add_partition(n + 1);
	end_partitions(n);
	pvext_record_event("rotate_audit()", NULL);
	pvext_leave(&scope);
	PG_RETURN_INT64(n);
}

/*
 * Expiry
 */

/* Is the partition old enough, and sealed as a whole? */
static bool
is_expired(int64 n, const PvextSeal *last)
{
	PvextArgs	args = {0};

	if ((n + 1) << PVEXT_PARTITION_BITS > last->settled)
		return false;
	pvext_arg(&args, INT8OID, Int64GetDatum(n), false);
	pvext_arg_int4(&args, pvext_audit_keep);
	return pvext_own("SELECT FROM pv.audit_partition WHERE number = $1"
					 " AND ended_at < now() - make_interval(secs => $2)", &args) > 0;
}

/* The first two partitions belong to the extension. */
static void
drop_partition(int64 n)
{
	char	   *name = psprintf("audit_log_" INT64_FORMAT, n);
	Oid			partition = pvext_own_relation(name);
	PvextArgs	args = {0};

	if (OidIsValid(getExtensionOfObject(RelationRelationId, partition)))
		(void) pvext_own(psprintf("ALTER EXTENSION pvext DROP TABLE pv.%s", name), NULL);

	/*
	 * It takes ACCESS EXCLUSIVE on the log, too, and waits for those who read it; writers
	 * go on, since they lock but the partition that they write to.
	 */
	(void) pvext_own(psprintf("DROP TABLE pv.%s", name), NULL);
	pvext_arg(&args, INT8OID, Int64GetDatum(n), false);
	(void) pvext_own("DELETE FROM pv.audit_partition WHERE number = $1", &args);
	pvext_forget_unread(n, -1);
}

/* The number of the oldest partition there is, -1 for none. */
static int64
oldest_partition(void)
{
	if (pvext_own("SELECT CAST(substr(c.relname, 11) AS bigint) FROM pg_inherits AS i"
				  " JOIN pg_class AS c ON c.oid = i.inhrelid"
				  " WHERE i.inhparent = 'pv.audit_log'::regclass"
				  " AND c.relname ~ '^audit_log_[0-9]{1,10}$' ORDER BY 1 LIMIT 1", NULL) == 0)
		return -1;
	return pvext_int(0, 1);
}

/* Does the seal cover a chunk that has not been dropped, or might it? */
static bool
covers_from(uint64 row, int column, int64 id)
{
	bool		isnull;
	bytea	   *leaves = DatumGetByteaPP(pvext_datum(row, column, &isnull));
	const char *next = VARDATA_ANY(leaves);
	const char *end = next + VARSIZE_ANY_EXHDR(leaves);
	PvextChunkDigest	leaf;

	while (pvext_next_chunk_digest(&next, end, &leaf))
		if (leaf.id >= id)
			return true;
	return next != end;
}

/*
 * Remove the first seals as long as they cover nothing that is left, and let *last
 * say which one is the first then.  One that is not what it should be stays, for
 * verification to find.
 */
static void
remove_seals(PvextSeal *last)
{
	static PvextStatement find = {
		"SELECT " PVEXT_SEAL_COLUMNS ", leaves FROM pv.audit_seal WHERE id = $1", NULL
	};

	while (last->first <= last->id)
	{
		PvextArgs	args = {0};
		PvextSeal	seal;
		bool		needed;

		pvext_arg(&args, INT8OID, Int64GetDatum(last->first), false);
		if (pvext_own_kept(&find, &args) == 0)
			break;
		pvext_read_seal(0, &seal);
		needed = covers_from(0, PVEXT_SEAL_LEAVES, last->dropped << PVEXT_PARTITION_BITS);
		SPI_freetuptable(SPI_tuptable);
		if (needed || memcmp(seal.prior, last->first_prior, PVEXT_DIGEST_SIZE) != 0)
			break;
		pvext_remove_seal(seal.id);
		last->first = seal.id + 1;
		memcpy(last->first_prior, seal.seal, PVEXT_DIGEST_SIZE);
	}
}

/* Nothing is dropped while pvext.audit_keep has no end, or in a restored database. */
static bool
may_expire(void)
{
	if (pvext_audit_keep == 0)
		return false;
	if (pvext_identity() == PVEXT_IS_RESTORED)
	{
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing is dropped: this database has been restored from a dump"),
				 errhint("When the restore is complete, call pv.resume().")));
		return false;
	}
	return true;
}

/*
 * pv.expire_audit(): the seals' lock comes first, as when sealing.
 */
Datum
pvext_expire_audit(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	PvextHashing *hashing;
	PvextSeal	last;
	PvextCovered nothing = {NULL};
	int64		n;
	int32		dropped = 0;
	bool		may;

	pvext_enter(&scope);
	may = may_expire();
	pvext_lock_seals("pv.expire_audit()");
	LockRelationOid(pvext_own_relation("audit_log"), ShareUpdateExclusiveLock);

	/* After both locks: it sees what seals and partitions there are by now. */
	PushActiveSnapshot(GetTransactionSnapshot());
	pvext_last_seal(&last);
	while (may && (n = oldest_partition()) >= 0 && is_expired(n, &last))
	{
		drop_partition(n);
		last.dropped = Max(last.dropped, n + 1);
		dropped++;
	}
	if (dropped > 0)
	{
		hashing = pvext_begin_hashing();
		remove_seals(&last);
		pvext_append_seal(hashing, &last, &nothing);
		pvext_end_hashing(hashing);
		pvext_record_event("expire_audit()", NULL);
	}
	PopActiveSnapshot();
	pvext_leave(&scope);
	PG_RETURN_INT32(dropped);
}

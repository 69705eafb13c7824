/*
 * state.c
 *		Rows of pv.consent_state and pv.consent_event.
 *
 * A consent is recorded in the middle of a web request, and asked for in the
 * middle of a scan: these two tables are read and written here as the server
 * does its catalogs, without a statement.  Nobody's code can run: they have
 * no trigger on INSERT, and no index with an expression or a predicate.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/event.h"
#include "base/relation.h"
#include "catalog/indexing.h"
#include "commands/sequence.h"
#include "consent/bitmap.h"
#include "consent/state.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* The columns of pv.consent_state. */
enum
{
	STATE_ID = 1,
	STATE_RELATION_ID,
	STATE_PURPOSE_ID,
	STATE_KEY,
	STATE_FORMER_KEY,
	STATE_SUBJECT_DIGEST,
	STATE_FORMER_DIGEST,
	STATE_STATE,
	STATE_SINCE,
	STATE_GIVEN,
	STATE_EXPIRES,
	STATE_KEPT_UNTIL
};

/* Those of pv.consent_event. */
enum
{
	EVENT_ID = 1,
	EVENT_AT,
	EVENT_CONSENT_ID,
	EVENT_RELATION_ID,
	EVENT_PURPOSE_ID,
	EVENT_ACTION,
	EVENT_VERSION,
	EVENT_LANGUAGE,
	EVENT_TEXT_DIGEST,
	EVENT_CHANNEL,
	EVENT_EXPIRES,
	EVENT_LOGIN,
	EVENT_ROLE,
	EVENT_EVIDENCE
};

#define MAX_COLUMNS EVENT_EVIDENCE

/* A row being made. */
typedef struct Row
{
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
	bool		replaced[MAX_COLUMNS];
} Row;

/* The next number of a sequence of pv's, whoever calls. */
static int64
next_number(const char *sequence)
{
	return nextval_internal(pvext_own_relation(sequence), false);
}

/*
 * Reading
 */

/*
 * pv.consent_state, opened with a lock of that mode.  The caller closes it, and keeps the
 * lock where it writes.
 */
Relation
pvext_open_states(LOCKMODE mode)
{
	return table_open(pvext_own_relation("consent_state"), mode);
}

/*
 * Look for the states of a purpose among the subjects of a table, or for that
 * of one key, as the snapshot sees them.  Ended by systable_endscan().
 */
SysScanDesc
pvext_scan_states(Relation states, int32 relation_id, int32 purpose_id,
				  const Datum *key, Snapshot snapshot)
{
	ScanKeyData keys[3];
	int			n = 1;

	ScanKeyInit(&keys[0], STATE_RELATION_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(relation_id));
	if (key)
		ScanKeyInit(&keys[n++], STATE_KEY, BTEqualStrategyNumber, F_TEXTEQ, *key);
	ScanKeyInit(&keys[n++], STATE_PURPOSE_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(purpose_id));
	return systable_beginscan(states, pvext_own_relation("consent_state_key"), true, snapshot,
							  n, keys);
}

/* The key of a state, a text, which points into its row; null once the subject is erased. */
Datum
pvext_state_key(Relation states, HeapTuple state, bool *isnull)
{
	return heap_getattr(state, STATE_KEY, RelationGetDescr(states), isnull);
}

/* A state's code, and until when its consent is in force. */
static int
code_of(Relation states, HeapTuple state, TimestampTz *expires)
{
	bool		isnull;
	Datum		value;

	if (!DatumGetBool(heap_getattr(state, STATE_GIVEN, RelationGetDescr(states), &isnull)))
		return 0;
	value = heap_getattr(state, STATE_EXPIRES, RelationGetDescr(states), &isnull);
	*expires = isnull ? DT_NOEND : DatumGetTimestampTz(value);
	return isnull ? PVEXT_GIVEN : PVEXT_GIVEN | PVEXT_EXPIRING;
}

/* Is a consent in force now? */
bool
pvext_is_in_force(Relation states, HeapTuple state)
{
	TimestampTz expires;
	int			code = code_of(states, state, &expires);

	return code != 0 && (!(code & PVEXT_EXPIRING) || expires > GetCurrentTimestamp());
}

/*
 * Writing
 */

/* A row of nulls, of which nothing is replaced. */
static void
begin_row(Row *row)
{
	memset(row->nulls, true, sizeof(row->nulls));
	memset(row->replaced, false, sizeof(row->replaced));
}

/* A column's value. */
static void
set(Row *row, int column, Datum value)
{
	row->values[column - 1] = value;
	row->nulls[column - 1] = false;
	row->replaced[column - 1] = true;
}

/* The same of a text; NULL leaves it null. */
static void
set_text(Row *row, int column, const char *value)
{
	if (value)
		set(row, column, CStringGetTextDatum(value));
}

/* The same of bytes. */
static void
set_bytea(Row *row, int column, const bytea *value)
{
	if (value)
		set(row, column, PointerGetDatum(value));
}

/* The state that an entry leads to. */
static void
fill_state(Row *row, const PvextEntry *entry)
{
	bool		given = strcmp(entry->action, "given") == 0;

	begin_row(row);
	set_bytea(row, STATE_SUBJECT_DIGEST, entry->subject_digest);
	set_text(row, STATE_STATE, entry->action);
	set(row, STATE_SINCE, TimestampTzGetDatum(entry->at));
	set(row, STATE_GIVEN, BoolGetDatum(given));
	if (given && entry->expires != DT_NOEND)
		set(row, STATE_EXPIRES, TimestampTzGetDatum(entry->expires));
	row->replaced[STATE_EXPIRES - 1] = true;
}

/*
 * A transaction that sees an older state than that of now would see two of
 * them, were it to change it.
 */
static void
check_sees(Relation states, const PvextEntry *entry, const Datum *key, HeapTuple now)
{
	SysScanDesc scan;
	HeapTuple	seen;
	bool		same;

	if (!IsolationUsesXactSnapshot())
		return;
	scan = pvext_scan_states(states, entry->relation_id, entry->purpose_id, key,
							 GetTransactionSnapshot());
	seen = systable_getnext(scan);
	same = now && seen ? ItemPointerEquals(&now->t_self, &seen->t_self) : now == seen;
	systable_endscan(scan);
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errhint("Run the transaction again.")));
}

/*
 * Bring the state up to date.  Returns its code until now; *id is the state's number.  A
 * request leaves a consent that is there as it is.  Since the subject is locked, nobody
 * else is changing it; but who did so before may have committed after this statement's
 * snapshot was taken, so it is read by the latest one.
 */
static int
write_state(const PvextEntry *entry, int64 *id)
{
	Relation	states = pvext_open_states(RowExclusiveLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Datum		key = CStringGetTextDatum(entry->key);
	SysScanDesc scan = pvext_scan_states(states, entry->relation_id, entry->purpose_id,
										 &key, snapshot);
	HeapTuple	old = systable_getnext(scan);
	TimestampTz expires;
	int			code = 0;
	bool		isnull;
	Row			row;

	check_sees(states, entry, &key, old);
	fill_state(&row, entry);
	if (old)
	{
		*id = DatumGetInt64(heap_getattr(old, STATE_ID, RelationGetDescr(states), &isnull));
		code = code_of(states, old, &expires);
		if (code == 0 || strcmp(entry->action, "requested") != 0)
			CatalogTupleUpdate(states, &old->t_self,
							   heap_modify_tuple(old, RelationGetDescr(states), row.values,
												 row.nulls, row.replaced));
	}
	else
	{
		*id = next_number("consent_state_id_seq");
		set(&row, STATE_ID, Int64GetDatum(*id));
		set(&row, STATE_RELATION_ID, Int32GetDatum(entry->relation_id));
		set(&row, STATE_PURPOSE_ID, Int32GetDatum(entry->purpose_id));
		set(&row, STATE_KEY, key);
		CatalogTupleInsert(states, heap_form_tuple(RelationGetDescr(states), row.values,
												   row.nulls));
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(states, NoLock);	/* the lock stays, as a statement's would */
	return code;
}

/*
 * Append to the ledger.  What made the change is told by the session, not by the caller:
 * the login, and the role that is the current user.
 */
static void
append_event(const PvextEntry *entry, int64 consent_id)
{
	Relation	events = table_open(pvext_own_relation("consent_event"), RowExclusiveLock);
	Row			row;

	begin_row(&row);
	set(&row, EVENT_ID, Int64GetDatum(next_number("event_id_seq")));
	set(&row, EVENT_AT, TimestampTzGetDatum(entry->at));
	set(&row, EVENT_CONSENT_ID, Int64GetDatum(consent_id));
	set(&row, EVENT_RELATION_ID, Int32GetDatum(entry->relation_id));
	set(&row, EVENT_PURPOSE_ID, Int32GetDatum(entry->purpose_id));
	set_text(&row, EVENT_ACTION, entry->action);
	set_text(&row, EVENT_VERSION, entry->version);
	set_text(&row, EVENT_LANGUAGE, entry->language);
	set_bytea(&row, EVENT_TEXT_DIGEST, entry->text_digest);
	set_text(&row, EVENT_CHANNEL, entry->channel);
	if (entry->expires != DT_NOEND)
		set(&row, EVENT_EXPIRES, TimestampTzGetDatum(entry->expires));
	set_text(&row, EVENT_LOGIN, pvext_login_name());
	set_text(&row, EVENT_ROLE, GetUserNameFromId(GetUserId(), false));
	set_bytea(&row, EVENT_EVIDENCE, entry->evidence);
	CatalogTupleInsert(events, heap_form_tuple(RelationGetDescr(events), row.values,
											   row.nulls));
	table_close(events, NoLock);
}

/*
 * Append to the ledger and bring the state up to date, for the current user.  The subject
 * is locked.  Returns the state's code as it was.  What is written is visible to the next
 * command; the bits are the caller's to note (pvext_note_code()).
 */
int
pvext_write_entry(const PvextEntry *entry)
{
	int64		consent_id;
	int			code = write_state(entry, &consent_id);

	append_event(entry, consent_id);
	CommandCounterIncrement();
	return code;
}
